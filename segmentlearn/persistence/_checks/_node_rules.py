"""What each kind of node of a skops file may hold, so that none unfolds when built.

skops builds whatever a node says: an array from a range, a set from an array, a scalar
from a number of bytes. The rules here leave to each kind of node what skops itself
writes, whose size follows from the file.
"""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from segmentlearn.exceptions import ArchiveError
from segmentlearn.persistence._checks._arrays import check_sparse, read_header
from segmentlearn.persistence._checks._budget import Budget
from segmentlearn.persistence._container import Container

Content = dict[str, Any]

_VALUES = {"JsonNode", "BytesNode", "ConstructorFromReduceNode"}
# NumPy's arrays of objects look into these for further dimensions
_SEQUENCES = {"ListNode", "TupleNode", "SetNode", "BytearrayNode", "MaskedArrayNode"}
# NumPy's default is 4; its sequence of seeds mixes every word with every other
_LARGEST_SEED_POOL = 64


class NodeRules:
    """Checks nodes one by one, and counts what they unfold to."""

    def __init__(self, members: Container, budget: Budget) -> None:
        self._members = members
        self._budget = budget
        self._files: set[Any] = set()
        self._rules: dict[str, Callable[[Content, str], None]] = {
            "JsonNode": self._json,
            "NdArrayNode": self._array,
            "MaskedArrayNode": self._masked,
            "SparseMatrixNode": self._sparse,
            "BytesNode": self._bytes,
            "BytearrayNode": self._bytes,
            "ConstructorFromReduceNode": self._call,
            "SliceNode": self._slice,
            "RandomGeneratorNode": self._generator,
            "DefaultDictNode": self._default_dict,
        }

    def check(self, loader: str, content: Content, path: str) -> None:
        """Check one node, its children aside."""
        if isinstance(content.get("file"), str):
            self._files.add(content["file"])
        rule = self._rules.get(loader)
        if rule is None:
            return
        try:
            rule(content, path)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            if isinstance(error, ArchiveError):
                raise
            raise ArchiveError(f"{path} is damaged ({error!r}).") from error

    def check_files(self, others: set[str]) -> None:
        """Check that every member has been referred to."""
        unused = self._members.sizes.keys() - self._files - others
        if unused:
            raise ArchiveError(
                f"the estimator's state holds {len(unused):,} files that nothing "
                f"refers to, such as {min(unused)!r}; it was altered."
            )

    def _json(self, content: Content, path: str) -> None:
        text = content["content"]
        # lists and dicts have nodes of their own
        if not isinstance(text, str) or text.lstrip()[:1] in ("[", "{"):
            raise ArchiveError(f"{path} is not a plain value; it was altered.")

    def _array(self, content: Content, path: str) -> None:
        if content["type"] == "json":
            self._object_array(content, path)
            return
        name = content["file"]
        shape, dtype = read_header(self._members, name, path)
        kind = content["__class__"]
        if kind != "ndarray" and (shape != () or dtype.type is not getattr(np, kind)):
            raise ArchiveError(f"{path} is not the scalar it says; it was altered.")
        # skops holds the file beside the array
        self._budget.spend(2 * self._members.sizes[name], path)

    def _object_array(self, content: Content, path: str) -> None:
        shape = [_value_of(node) for node in content["shape"]["content"]]
        if any(type(length) is not int or length < 0 for length in shape):
            raise ArchiveError(f"{path} has the shape {shape!r}; it was altered.")
        items = content["content"]
        if len(shape) == 1 and isinstance(items, list) and len(items) == shape[0]:
            return  # each item stays what it is
        self._nested(items, shape, path)

    def _nested(self, items: Any, shape: list[int], path: str) -> None:
        """Check lists in lists, as NumPy takes them for an array."""
        if not isinstance(items, list) or len(items) != shape[0]:
            raise ArchiveError(f"{path} has not the shape it says; it was altered.")
        for item in items:
            loader = item["__loader__"]
            if len(shape) > 1:
                if loader != "ListNode":
                    raise ArchiveError(
                        f"{path} has not the shape it says; it was altered."
                    )
                self._nested(item["content"], shape[1:], path)
            elif (
                loader in _SEQUENCES
                or (loader == "NdArrayNode" and item["__class__"] == "ndarray")
                or item["__class__"] == "range"
            ):
                raise ArchiveError(
                    f"{path} holds sequences in place of values; it was altered."
                )

    def _masked(self, content: Content, path: str) -> None:
        for part in ("data", "mask"):
            if content["content"][part]["__loader__"] != "NdArrayNode":
                raise ArchiveError(f"{path} is not a masked array; it was altered.")

    def _sparse(self, content: Content, path: str) -> None:
        data = self._members.read(content["file"])
        self._budget.spend(len(data), path)
        check_sparse(data, path, self._budget)

    def _bytes(self, content: Content, path: str) -> None:
        # a bytearray is made from a list with a pointer for each byte
        times = 10 if content["__loader__"] == "BytearrayNode" else 2
        self._budget.spend(times * self._members.sizes[content["file"]], path)

    def _call(self, content: Content, path: str) -> None:
        name = f"{content['__module__']}.{content['__class__']}"
        arguments = content["content"]
        loaders = [node["__loader__"] for node in arguments["content"]]
        if name == "builtins.frozenset":
            is_plain = len(loaders) <= 1 and set(loaders) <= {"ListNode"}
        elif name == "builtins.range":
            is_plain = set(loaders) <= {"JsonNode"}
        elif name.startswith(("datetime.", "decimal.", "zoneinfo.")):
            is_plain = set(loaders) <= _VALUES and all(
                node["__class__"] not in ("range", "frozenset")
                for node in arguments["content"]
            )
        else:
            is_plain = True  # a class that the reader has to trust by name
        if arguments["__loader__"] != "TupleNode" or not is_plain:
            raise ArchiveError(
                f"{path} is not built from what a {name} is built from; it was altered."
            )

    def _slice(self, content: Content, path: str) -> None:
        for value in content["content"].values():
            if type(value) not in (int, type(None)):
                raise ArchiveError(f"{path} is not a slice; it was altered.")

    def _generator(self, content: Content, path: str) -> None:
        entries = content["content"]["seed_seq"]["content"]
        size = _value_of(entries["pool_size"]) if "pool_size" in entries else 0
        if type(size) is not int or not 0 <= size <= _LARGEST_SEED_POOL:
            raise ArchiveError(f"{path} has a seed of size {size!r}; it was altered.")

    def _default_dict(self, content: Content, path: str) -> None:
        if content["content"]["main"]["__loader__"] != "DictNode":
            raise ArchiveError(f"{path} is not a dict; it was altered.")


def _value_of(node: Content) -> Any:
    """Return the plain value of a node; skops' JSON is text in JSON."""
    if node["__loader__"] != "JsonNode":
        raise ArchiveError("a number of the estimator's state is not plain.")
    return json.loads(node["content"])
