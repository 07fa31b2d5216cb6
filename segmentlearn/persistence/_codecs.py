"""A fitted estimator as bytes and back: state through skops, nets through Keras."""

import json
import sys
import warnings
from functools import partial
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning

from segmentlearn.exceptions import (
    ArchiveError,
    ForkedProcessError,
    SegmentLearnWarning,
)
from segmentlearn.neural_network import externalize_networks, restore_networks
from segmentlearn.persistence._checks import _allowed, _schema
from segmentlearn.persistence._checks._budget import Budget
from segmentlearn.persistence._checks._keras_config import (
    check_config,
    check_optimizer,
    read_network_file,
)
from segmentlearn.persistence._class_paths import (
    current_path,
    to_current_paths,
    to_public_paths,
    with_schema,
)
from segmentlearn.persistence._container import Container
from segmentlearn.persistence._plain import KERAS, from_plain, portable, to_plain
from segmentlearn.persistence._plain_nodes import LOADERS, PROTOCOL, PlainNodes

_CURE = (
    "Set it to a name, a number, a list or None, which leaves what was learnt as it is "
    "(estimator.set_params), or save only the part you need, such as best_estimator_."
)
_CLASS_LOADERS = ("ObjectNode", "TreeNode", "ConstructorFromReduceNode")


def encode(estimator: Any, trusted: frozenset[str]) -> tuple[bytes, list[bytes]]:
    """Write an estimator, and prove that it can be read again as it was.

    Returns what skops wrote, and a ``.keras`` file for each net.
    """
    left_out: set[str] = set()
    with externalize_networks(partial(to_plain, left_out)) as networks:
        state = _dump(portable(estimator))
    for sentence in sorted(left_out):
        warnings.warn(sentence, SegmentLearnWarning, stacklevel=3)
    # what it may unfold to is checked once the archive is packed
    budget = Budget(sys.maxsize)
    schema, members = _schema.read_schema(state, budget)
    nodes = list(_schema.walk(schema))
    refused = _schema.audit(nodes, members, trusted, budget)
    if refused:
        raise ArchiveError(_explain_unwritable(nodes, refused))
    for position, network in enumerate(networks):
        what = f"net {position} of the estimator"
        check_config(read_network_file(network, budget, what).config)
    _prove_readable(state, _schema.facts(schema, members), networks)
    return state, networks


class CheckedEstimator:
    """An estimator as bytes that can be built: everything in it has been checked.

    Attributes
    ----------
    networks : list of StoredNetwork
        Its nets.
    """

    def __init__(
        self, state: bytes, networks: list[bytes], name: str, budget: Budget
    ) -> None:
        self._state, self._budget = state, budget
        self.networks = [
            read_network_file(network, budget, f"net {position} of the archive")
            for position, network in enumerate(networks)
        ]
        self._schema, self._members = _schema.read_schema(state, budget)
        if to_current_paths(self._schema):
            self._state = with_schema(self._schema, self._members)
            self._schema, self._members = _schema.read_schema(self._state, budget)
        self._nodes = list(_schema.walk(self._schema))
        if not self._nodes or self._nodes[0].name != current_path(name):
            raise ArchiveError(
                f"the archive holds something else than the {name} it names."
            )
        wanted = _networks_wanted(self._nodes)
        if wanted != set(range(len(self.networks))):
            raise ArchiveError(
                f"the archive has the nets {list(range(len(self.networks)))} and its "
                f"estimators want {sorted(wanted)}; it was altered."
            )

    def check_names(self, trusted: frozenset[str]) -> None:
        """Check every node of the state, and every name in it and in the nets."""
        refused = _schema.audit(self._nodes, self._members, trusted, self._budget)
        for node in self._nodes:
            if node.loader == "DictNode" and KERAS in node.content["content"]:
                config = _keras_config_in(node.content["content"][KERAS])
                check_optimizer(config, self._budget)
        if refused:
            raise _allowed.NotAllowedError(_explain_unreadable(refused))
        for network in self.networks:
            check_config(network.config)

    def build(self) -> Any:
        """Build the estimator; :meth:`check_names` must have passed."""
        with warnings.catch_warnings(), restore_networks(self.networks, from_plain):
            # scikit-learn warns once for each estimator; the archive's reader warns
            # once
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            try:
                return portable(
                    _loads(self._state, self._schema, self._members, self._nodes)
                )
            except ForkedProcessError:
                raise
            # whatever the classes of an unknown version raise on a state they don't
            # know
            except Exception as error:
                raise ArchiveError(
                    f"the estimator cannot be rebuilt: {type(error).__name__}: {error}"
                ) from error


def _networks_wanted(nodes: list[_schema.Node]) -> set[int]:
    """Return the numbers of the nets that a tree's estimators are given."""
    wanted = set()
    for node in nodes:
        content: Any = node.content.get("content")
        is_dict = node.loader == "DictNode" and isinstance(content, dict)
        model = content.get("model_") if is_dict else None
        if isinstance(model, dict) and model.get("__loader__") == "JsonNode":
            text = str(model.get("content"))
            if text.isdecimal() and len(text) < 7:
                wanted.add(int(text))
    return wanted


def _dump(estimator: Any) -> bytes:
    import skops.io

    try:
        state = skops.io.dumps(estimator)
    # skops meets any object's own __reduce__ and __getstate__
    except Exception as error:
        place, value, cause = _find_unwritable(
            estimator, type(estimator).__name__, error
        )
        refusal = getattr(type(value), "_archive_refusal", None)
        if refusal is not None:  # the estimator knows better what its user can do
            raise ArchiveError(f"{place} {refusal}") from error
        raise ArchiveError(
            f"{place} is of type {_allowed.full_name(type(value))}, which an archive "
            f"cannot hold ({cause}). {_CURE}"
        ) from error
    schema, members = _schema.read_schema(state, Budget(sys.maxsize))
    return with_schema(schema, members) if to_public_paths(schema) else state


def _loads(
    state: bytes, schema: dict[str, Any], members: Container, nodes: list[_schema.Node]
) -> Any:
    """Build a state whose nodes were audited, with skops only where it is needed."""
    is_plain = {node.loader for node in nodes} <= LOADERS
    if is_plain and schema["protocol"] == PROTOCOL:
        return PlainNodes(members).build(schema)
    import skops.io

    return skops.io.loads(state, trusted=_schema.names_in(nodes))


def _find_unwritable(
    value: Any, path: str, error: Exception
) -> tuple[str, Any, Exception]:
    """Return the innermost value that skops fails on, where it stands, and why."""
    import skops.io

    if hasattr(type(value), "_archive_refusal"):
        return path, value, error
    children: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        children = [(f"{path}[{key!r}]", item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        children = [(f"{path}[{number}]", item) for number, item in enumerate(value)]
    elif isinstance(value, BaseEstimator):
        children = [(f"{path}.{name}", item) for name, item in vars(value).items()]
    for place, item in children:
        try:
            skops.io.dumps(item)
        except Exception as inner:
            return _find_unwritable(item, place, inner)
    return path, value, error


def _prove_readable(
    state: bytes, written: dict[str, str], networks: list[bytes]
) -> None:
    """Build the estimator without its nets, write it again and compare."""
    schema, members = _schema.read_schema(state, Budget(sys.maxsize))
    nodes = list(_schema.walk(schema))
    try:
        with restore_networks([None] * len(networks), from_plain):
            rebuilt = _loads(state, schema, members, nodes)
        with externalize_networks(partial(to_plain, set())):
            rewritten = _schema.facts(
                *_schema.read_schema(_dump(rebuilt), Budget(sys.maxsize))
            )
    except Exception as error:
        raise ArchiveError(
            f"the estimator would not come back from an archive: {error}. {_CURE}"
        ) from error
    different = [
        place
        for place in {**written, **rewritten}
        if written.get(place) != rewritten.get(place)
    ]
    if different:
        raise ArchiveError(
            f"{different[0]} would come back from an archive changed. {_CURE}"
        )


def _explain_unwritable(
    nodes: list[_schema.Node], refused: dict[str, list[str]]
) -> str:
    loaders = {node.name: node.loader for node in nodes}
    classes = sorted(name for name in refused if loaders[name] in _CLASS_LOADERS)
    objects = [f"{refused[name][0]} is an object of class {name}" for name in classes]
    objects += [
        f"{places[0]} is the function or method {name}"
        for name, places in sorted(refused.items())
        if name not in classes
    ]
    cure = f"If you trust it, name it to save and to load: trusted={classes!r}."
    if len(classes) < len(refused):
        cure = f"Functions are code, which an archive never holds. {_CURE}"
    return f"an archive cannot hold this estimator: {'; '.join(objects)}. {cure}"


def _explain_unreadable(refused: dict[str, list[str]]) -> str:
    names = sorted(refused)
    return (
        f"the archive names {names}, which segmentlearn does not build unasked (at "
        f"{refused[names[0]][0]}). If you know the archive's writer and trust these "
        f"classes, use load(path, trusted={names!r}); functions are never built."
    )


def _keras_config_in(node: Any) -> Any:
    """Return the configuration that a tagged value's node holds as text in text."""
    try:
        return json.loads(json.loads(node["content"]))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ArchiveError(
            f"a Keras object of the archive is damaged ({error!r})."
        ) from None
