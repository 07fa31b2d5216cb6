"""What each kind of node of a skops file may hold, so that none unfolds when built.

skops builds whatever a node says: an array from a range, a set from an array, a scalar
from a number of bytes. The rules here leave to each kind of node what skops itself
writes, whose size follows from the file.
"""

import io
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib import format as npy

from segmentlearn.exceptions import ArchiveError
from segmentlearn.persistence._checks._budget import Budget
from segmentlearn.persistence._container import Container

# NumPy's own limit for headers that are not trusted, and the bytes before them
_LONGEST_HEADER = 10_012
_SPARSE_MEMBERS = r"[a-z_]+\.npy"


Content = dict[str, Any]
_VALUES = {"JsonNode", "BytesNode", "ConstructorFromReduceNode"}
# NumPy's arrays of objects look into these for further dimensions
_SEQUENCES = {"ListNode", "TupleNode", "SetNode", "BytearrayNode", "MaskedArrayNode"}
# NumPy's default is 4; its sequence of seeds mixes every word with every other
_LARGEST_SEED_POOL = 64


def read_header(
    container: Container, name: str, what: str
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type of an array in an npy file, which must be complete."""
    start = io.BytesIO(container.head(name, _LONGEST_HEADER))
    try:
        version = npy.read_magic(start)
        is_first = version == (1, 0)
        read = npy.read_array_header_1_0 if is_first else npy.read_array_header_2_0
        shape, _, dtype = read(start)
    # whatever NumPy's parser stumbles over
    except Exception as error:
        raise ArchiveError(f"{what} is a damaged array ({error}).") from error
    if dtype.hasobject:
        raise ArchiveError(
            f"{what} is an array of Python objects, which NumPy would unpickle "
            "(allow_pickle); it was altered."
        )
    n_bytes = math.prod(shape) * dtype.itemsize
    if any(length < 0 for length in shape) or (
        start.tell() + n_bytes != container.sizes[name]
    ):
        raise ArchiveError(
            f"{what} says that it is an array of shape {shape} and type {dtype}, and "
            f"has {container.sizes[name] - start.tell():,} bytes; it was altered."
        )
    return shape, dtype


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
        is_plain = isinstance(text, str) and text.lstrip()[:1] not in ("[", "{")
        _require(is_plain, f"{path} is not a plain value")

    def _array(self, content: Content, path: str) -> None:
        if content["type"] == "json":
            self._object_array(content, path)
            return
        name, kind = content["file"], content["__class__"]
        shape, dtype = read_header(self._members, name, path)
        is_scalar = (
            shape == () and kind != "ndarray" and dtype.type is getattr(np, kind)
        )
        _require(kind == "ndarray" or is_scalar, f"{path} is not the scalar it says")
        # skops holds the file beside the array
        self._budget.spend(2 * self._members.sizes[name], path)

    def _object_array(self, content: Content, path: str) -> None:
        shape = [_value_of(node) for node in content["shape"]["content"]]
        is_shape = all(type(length) is int and length >= 0 for length in shape)
        _require(is_shape, f"{path} has the shape {shape!r}")
        items = content["content"]
        if len(shape) == 1 and isinstance(items, list) and len(items) == shape[0]:
            return  # each item stays what it is
        self._nested(items, shape, path)

    def _nested(self, items: Any, shape: list[int], path: str) -> None:
        """Check lists in lists, as NumPy takes them for an array."""
        has_shape = isinstance(items, list) and len(items) == shape[0]
        _require(has_shape, f"{path} has not the shape it says")
        for item in items:
            loader, kind = item["__loader__"], item["__class__"]
            if len(shape) > 1:
                _require(loader == "ListNode", f"{path} has not the shape it says")
                self._nested(item["content"], shape[1:], path)
                continue
            is_array = loader == "NdArrayNode" and kind == "ndarray"
            is_value = loader not in _SEQUENCES and not is_array and kind != "range"
            _require(is_value, f"{path} holds sequences in place of values")

    def _masked(self, content: Content, path: str) -> None:
        loaders = {content["content"][part]["__loader__"] for part in ("data", "mask")}
        _require(loaders == {"NdArrayNode"}, f"{path} is not a masked array")

    def _sparse(self, content: Content, path: str) -> None:
        data = self._members.read(content["file"])
        self._budget.spend(len(data), path)
        arrays = Container(data, _SPARSE_MEMBERS, path, self._budget)
        for name in arrays.sizes:
            read_header(arrays, name, f"{path}, {name}")

    def _bytes(self, content: Content, path: str) -> None:
        # a bytearray is made from a list with a pointer for each byte
        times = 10 if content["__loader__"] == "BytearrayNode" else 2
        self._budget.spend(times * self._members.sizes[content["file"]], path)

    def _call(self, content: Content, path: str) -> None:
        name = f"{content['__module__']}.{content['__class__']}"
        arguments = content["content"]
        loaders = [node["__loader__"] for node in arguments["content"]]
        is_plain = arguments["__loader__"] == "TupleNode"
        if name == "builtins.frozenset":
            is_plain &= len(loaders) <= 1 and set(loaders) <= {"ListNode"}
        elif name == "builtins.range":
            is_plain &= set(loaders) <= {"JsonNode"}
        elif name.startswith(("datetime.", "decimal.", "zoneinfo.")):
            kinds = {node["__class__"] for node in arguments["content"]}
            is_plain &= set(loaders) <= _VALUES and not kinds & {"range", "frozenset"}
        # any other class the reader has to trust by name
        _require(is_plain, f"{path} is not built from what a {name} is built from")

    def _slice(self, content: Content, path: str) -> None:
        kinds = set(map(type, content["content"].values()))
        _require(kinds <= {int, type(None)}, f"{path} is not a slice")

    def _generator(self, content: Content, path: str) -> None:
        entries = content["content"]["seed_seq"]["content"]
        size = _value_of(entries["pool_size"]) if "pool_size" in entries else 0
        is_small = type(size) is int and 0 <= size <= _LARGEST_SEED_POOL
        _require(is_small, f"{path} has a seed of size {size!r}")

    def _default_dict(self, content: Content, path: str) -> None:
        is_dict = content["content"]["main"]["__loader__"] == "DictNode"
        _require(is_dict, f"{path} is not a dict")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ArchiveError(f"{otherwise}; it was altered.")


def _value_of(node: Content) -> Any:
    """Return the plain value of a node; skops' JSON is text in JSON."""
    if node["__loader__"] != "JsonNode":
        raise ArchiveError("a number of the estimator's state is not plain.")
    return json.loads(node["content"])
