"""Builds an estimator from the common kinds of nodes of a skops file, without skops.

Importing skops imports every module of scikit-learn, to list the classes that it
trusts; an archive's names are checked by our own list, and that import takes longer
than everything else that a short-lived process does to score customers.
"""

import importlib
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from segmentlearn.persistence._container import Container

# the protocol whose nodes are known; others are left to skops
PROTOCOL = 2

_Content = dict[str, Any]


class PlainNodes:
    """Builds audited nodes as skops would, each object once.

    Parameters
    ----------
    members : Container
        The files of arrays that the nodes refer to.
    """

    def __init__(self, members: Container) -> None:
        self._members = members
        self._built: dict[int, Any] = {}

    def build(self, node: _Content) -> Any:
        """Return the object that a node stands for."""
        identity = node.get("__id__")
        if not identity:
            return _BUILDERS[node["__loader__"]](self, node)
        if identity not in self._built:
            self._built[identity] = _BUILDERS[node["__loader__"]](self, node)
        return self._built[identity]

    def _json(self, node: _Content) -> Any:
        return json.loads(node["content"])

    def _dict(self, node: _Content) -> Any:
        content = _class_of(node)()
        for kind, (key, value) in zip(
            self.build(node["key_types"]), node["content"].items(), strict=False
        ):
            content[kind(key)] = self.build(value)
        return content

    def _collection(self, node: _Content) -> Any:
        return _class_of(node)([self.build(item) for item in node["content"]])

    def _tuple(self, node: _Content) -> Any:
        kind, items = _class_of(node), [self.build(item) for item in node["content"]]
        return kind(*items) if hasattr(kind, "_fields") else tuple(items)

    def _array(self, node: _Content) -> Any:
        if node["type"] == "json":
            return self._object_array(node)
        content = io.BytesIO(self._members.read(node["file"]))
        array = np.load(content, allow_pickle=False)
        kind = _class_of(node)
        return array if kind is np.ndarray else kind(array)

    def _object_array(self, node: _Content) -> Any:
        items = [self.build(item) for item in node["content"]]
        if len(self.build(node["shape"])) != 1:
            return np.array(items, dtype=object)
        array = np.empty(len(items), dtype=object)
        for position, item in enumerate(items):  # items may be sequences themselves
            array[position] = item
        return array

    def _call(self, node: _Content) -> Any:
        return _class_of(node)(*self.build(node["content"]))

    def _object(self, node: _Content) -> Any:
        kind = _class_of(node)
        instance = kind.__new__(kind)
        state = self.build(node["content"]) if node.get("content") else None
        if state is None:
            return instance
        if hasattr(instance, "__setstate__"):
            instance.__setstate__(state)
        else:
            instance.__dict__.update(state)
        return instance


def _class_of(node: _Content) -> Any:
    return getattr(importlib.import_module(node["__module__"]), node["__class__"])


_BUILDERS: dict[str, Callable[[PlainNodes, _Content], Any]] = {
    "JsonNode": PlainNodes._json,
    "DictNode": PlainNodes._dict,
    "ListNode": PlainNodes._collection,
    "SetNode": PlainNodes._collection,
    "TupleNode": PlainNodes._tuple,
    "NdArrayNode": PlainNodes._array,
    "ConstructorFromReduceNode": PlainNodes._call,
    "ObjectNode": PlainNodes._object,
    "TypeNode": lambda _, node: _class_of(node),
}
LOADERS = frozenset(_BUILDERS)
