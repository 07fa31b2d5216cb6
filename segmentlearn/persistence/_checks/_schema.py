"""What a skops file holds, read from its JSON without building anything."""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from segmentlearn.exceptions import ArchiveError
from segmentlearn.persistence._checks._allowed import allows
from segmentlearn.persistence._checks._budget import Budget
from segmentlearn.persistence._checks._node_rules import NodeRules
from segmentlearn.persistence._container import Container

_SCHEMA = "schema.json"
_MEMBERS = r"schema\.json|[0-9A-Za-z-]+\.(npy|npz|bin)"
# files of older protocols name functions in another way; segmentlearn never wrote any
_LEAST_PROTOCOL = 2

_BYTES_PER_NODE = 1300

_NPY = b"\x93NUMPY"
_ZIP = b"PK"

_KEY_TYPES = ("builtins.str", "builtins.int", "builtins.float")


class Node(NamedTuple):
    """One object in a skops file."""

    path: str
    loader: str
    name: str
    content: dict[str, Any]


def read_schema(data: bytes, budget: Budget) -> tuple[dict[str, Any], Container]:
    """Return the JSON tree of a skops file, and its other members."""
    members = Container(data, _MEMBERS, "the estimator's state", budget)
    if _SCHEMA not in members.sizes:
        raise ArchiveError("the estimator's state is damaged: it has no schema.")
    text = members.read(_SCHEMA)
    budget.spend_json(text, "the estimator's state")
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"the estimator's state is damaged ({error!r}).") from error
    protocol = schema.get("protocol") if isinstance(schema, dict) else None
    if type(protocol) is not int or protocol < _LEAST_PROTOCOL:
        raise ArchiveError(
            f"the estimator's state has the unknown protocol {protocol!r}."
        )
    return schema, members


def walk(schema: dict[str, Any]) -> Iterator[Node]:
    """Yield every node of a tree, children after parents.

    Whatever looks like a node is yielded, wherever it stands: more than skops would
    build, never less.
    """
    name = _name_of(schema)
    yield from _walk(schema, name.rpartition(".")[2])


def audit(
    nodes: list[Node], members: Container, trusted: frozenset[str], budget: Budget
) -> dict[str, list[str]]:
    """Check every node of a tree, and the names against those that may stand in it."""
    refused: dict[str, list[str]] = {}
    verdicts: dict[tuple[str, str], bool] = {}
    known = _Identities(members)
    rules = NodeRules(members, budget)
    for node in nodes:
        kind = (node.loader, node.name)
        if kind not in verdicts:
            verdicts[kind] = allows(*kind, trusted)
        if not verdicts[kind]:
            refused.setdefault(node.name, []).append(node.path)
        if known.is_new(node):
            # skops keeps the list of trusted names with every node
            budget.spend(_BYTES_PER_NODE + 8 * len(verdicts), node.path)
            rules.check(node.loader, node.content, node.path)
        if node.loader == "DictNode":
            _check_keys(node)
    rules.check_files({_SCHEMA})
    return refused


class _Identities:
    """Finds nodes that stand for the same object.

    skops builds an object once, from the first node that it meets with a number; every
    other node of that number must say the same, or the tree says something else than
    what is built. It also keeps short texts from standing for large trees.
    """

    def __init__(self, members: Container) -> None:
        self._members = members
        self._known: dict[int, int] = {}
        self._digests: dict[int, int] = {}

    def is_new(self, node: Node) -> bool:
        """Whether a node is the first of its number."""
        identity = node.content.get("__id__")
        if identity is None:
            return True
        if type(identity) is not int:
            raise ArchiveError(f"{node.path} has no number; it was altered.")
        digest = self._digest(node.content)
        if identity not in self._known:
            self._known[identity] = digest
            return True
        if self._known[identity] != digest:
            raise ArchiveError(f"{node.path} is two things at once; it was altered.")
        return False

    def _digest(self, value: Any) -> int:
        """Return a hash of a part of the tree, free of addresses."""
        if isinstance(value, list):
            return hash(tuple(map(self._digest, value)))
        if not isinstance(value, dict):
            return hash((type(value), value))
        if id(value) not in self._digests:
            entries = []
            for key, item in value.items():
                if key == "file":
                    entries.append((key, self._digest_file(item)))
                elif key != "__id__":
                    entries.append((key, self._digest(item)))
            self._digests[id(value)] = hash(tuple(entries))
        return self._digests[id(value)]

    def _digest_file(self, name: Any) -> int:
        if isinstance(name, str) and name in self._members.sizes:
            return hash(self._members.fingerprint(name))
        return self._digest(name)


def names_in(nodes: Iterable[Node]) -> list[str]:
    """Return the names of all nodes that skops asks trust for."""
    silent = ("JsonNode", "LossNode")
    return sorted({node.name for node in nodes if node.loader not in silent})


def facts(schema: dict[str, Any], members: Container) -> dict[str, str]:
    """Return what a tree says, free of the addresses that differ from dump to dump.

    Two objects whose facts are equal are equal in all that skops writes.
    """
    found = {}
    unordered: dict[str, list[str]] = {}
    for node in walk(schema):
        fact = f"{node.loader} {node.name} {_leaf(node, members)}"
        home, is_in_set, _ = node.path.partition("{")
        if is_in_set:
            unordered.setdefault(home, []).append(fact)
        else:
            found[node.path] = fact
    for home, items in unordered.items():
        found[home + "{}"] = " ".join(sorted(items))
    return found


def _walk(value: Any, path: str) -> Iterator[Node]:
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield from _walk(item, f"{path}[{position}]")
    if not isinstance(value, dict):
        return
    loader = value.get("__loader__")
    if not isinstance(loader, str):
        for key, item in value.items():
            yield from _walk(item, f"{path}[{key!r}]")
        return
    yield Node(path, loader, _name_of(value), value)
    for key, item in value.items():
        if loader == "ObjectNode" and key == "content":
            yield from _walk_attributes(item, path)
        elif loader == "SetNode" and key == "content":
            yield from _walk(item, path + "{}")
        elif key == "content":
            yield from _walk(item, path)
        else:
            yield from _walk(item, f"{path}<{key}>")


def _walk_attributes(state: Any, path: str) -> Iterator[Node]:
    """Walk the state of an object, its attributes written as a user writes them."""
    attributes = state.get("content") if isinstance(state, dict) else None
    if not isinstance(attributes, dict) or state.get("__loader__") != "DictNode":
        yield from _walk(state, f"{path}<state>")
        return
    yield Node(f"{path}<state>", "DictNode", _name_of(state), state)
    yield from _walk(state.get("key_types"), f"{path}<state><key_types>")
    for name, item in attributes.items():
        yield from _walk(item, f"{path}.{name}")


def _name_of(value: dict[str, Any]) -> str:
    return f"{value.get('__module__')}.{value.get('__class__')}"


def _check_keys(node: Node) -> None:
    """Refuse keys that come back as something else, or as calls of something else."""
    content, types = node.content.get("content"), node.content.get("key_types")
    kinds = types.get("content") if isinstance(types, dict) else None
    if not isinstance(content, dict) or not isinstance(kinds, list):
        raise ArchiveError(f"{node.path} is not a dict; it was altered.")
    names = {_name_of(kind) for kind in kinds if isinstance(kind, dict)}
    odd = sorted(
        name
        for name in names
        if name not in _KEY_TYPES and not name.startswith(("numpy.int", "numpy.str"))
    )
    if odd:
        raise ArchiveError(
            f"{node.path} has keys of type {', '.join(odd)}, which an archive cannot "
            "hold; use text or whole numbers."
        )
    if len(kinds) != len(content):
        raise ArchiveError(
            f"{node.path} has keys that are the same as text, such as 1 and '1', which "
            "an archive cannot hold; use text for all of them."
        )


def _leaf(node: Node, members: Container) -> str:
    content = node.content
    file = content.get("file")
    if file is not None:
        return _digest(members.read(file))
    if node.loader == "DictNode":
        return repr(list(content["content"]))
    if node.loader in ("JsonNode", "SliceNode"):
        return repr(content["content"])
    if isinstance(content.get("content"), list):
        return str(len(content["content"]))
    return ""


def _digest(data: bytes) -> str:
    """Return a hash of what a member holds, free of dates and padding."""
    digest = hashlib.sha256()
    if not data.startswith((_NPY, _ZIP)):
        digest.update(data)
        return digest.hexdigest()
    found: Any = np.load(io.BytesIO(data), allow_pickle=False)
    arrays = {"data": found} if isinstance(found, np.ndarray) else dict(found)
    for name, array in arrays.items():
        if name != "data" and array.dtype.kind == "i":
            # SciPy reads indices in the least width that holds them
            array = array.astype(np.int64)
        digest.update(repr((name, array.dtype, array.shape)).encode())
        # between the fields of a record lie bytes that nobody has set
        for field in array.dtype.names or (...,):
            digest.update(array[field].tobytes())
    return digest.hexdigest()
