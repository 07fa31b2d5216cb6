"""Weights in the HDF5 files that Keras writes, read without the HDF5 library.

The library follows whatever a file says: links into other files, chunks that unfold to
gigabytes, structures that are damaged. What Keras writes needs little of it: groups
that name their members in a B-tree, and arrays that lie in the file as they are. Only
that is read here, and everything else refused. Terms are those of the HDF5 file format
specification, version 1.1 to 3.0.
"""

import math
import struct
from typing import Any, NamedTuple

import numpy as np

from segmentlearn.exceptions import ArchiveError

# with the versions of everything, and eight bytes for each address and length
_SIGNATURE = b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0"
_UNDEFINED = 2**64 - 1
_DEEPEST = 64
_LONGEST_NAME = 1000
_READINGS = 4

# messages of an object header
_NIL, _DATASPACE, _DATATYPE, _LAYOUT = 0x00, 0x01, 0x03, 0x08
_CONTINUATION, _SYMBOL_TABLE = 0x10, 0x11
_HARMLESS = {_NIL, 0x04, 0x05, 0x0C, 0x0E, 0x12}  # fill values, attributes, dates
_REFUSED = {0x06: "a link", 0x07: "data in another file", 0x0B: "compressed data"}

_DTYPES = {
    struct.pack("<BBHIHH", 0x10, sign, 0, size, 0, 8 * size): np.dtype(f"{kind}{size}")
    for size in (1, 2, 4, 8)
    for sign, kind in ((0, "u"), (8, "i"))
}
# size, sign's place; places and sizes of exponent and mantissa; bias of the exponent
_FLOAT = "<BBBBIHHBBBBI"
_DTYPES |= {
    struct.pack(
        _FLOAT, 0x11, 0x20, 8 * size - 1, 0, size, 0, 8 * size, *rest
    ): np.dtype(f"f{size}")
    for size, rest in (
        (2, (10, 5, 0, 10, 15)),
        (4, (23, 8, 0, 23, 127)),
        (8, (52, 11, 0, 52, 1023)),
    )
}
_DTYPES[
    struct.pack("<BHBI", 0x18, 2, 0, 1)
    + struct.pack("<BBHIHH", 0x10, 8, 0, 1, 0, 8)
    + b"FALSE\0\0\0TRUE\0\0\0\0\0\1"
] = np.dtype(bool)
_TWO = struct.pack("<I", 2)


class StoredArray(NamedTuple):
    """An array that lies in a file."""

    shape: tuple[int, ...]
    dtype: str
    start: int
    n_bytes: int


def read_arrays(data: bytes) -> dict[str, StoredArray]:
    """Return every array of an HDF5 file by its path."""
    return _Reader(data).read()


def array_of(data: bytes, stored: StoredArray) -> np.ndarray:
    """Return an array as a view of the file it lies in."""
    # Keras reads two bytes without a meaning as what its note says
    dtype = np.dtype("V2" if stored.dtype == "bfloat16" else stored.dtype)
    count = math.prod(stored.shape)
    return np.frombuffer(data, dtype, count, stored.start).reshape(stored.shape)


class _Reader:
    """Walks through one file; no object is visited twice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _READINGS * len(data)
        self._seen: set[int] = set()
        self._arrays: dict[str, StoredArray] = {}

    def read(self) -> dict[str, StoredArray]:
        try:
            self._read_superblock()
        except (struct.error, IndexError, ValueError, OverflowError) as error:
            raise ArchiveError(
                f"the weights of a net are no HDF5 file, or are truncated or damaged "
                f"({error})."
            ) from error
        total = sum(array.n_bytes for array in self._arrays.values())
        if total > len(self._data):
            raise ArchiveError(
                "arrays of a net's weights lie over one another; the file was altered."
            )
        return self._arrays

    def _read_superblock(self) -> None:
        is_known = self._take(0, 16) == _SIGNATURE
        _require(is_known, "not the version of the format that Keras writes")
        base, _, *rest = self._unpack("<4Q", 24)
        has_size = base == 0 and rest == [len(self._data), _UNDEFINED]
        _require(has_size, "its size is not what it says")
        _, header, _, _ = self._unpack("<QQII", 56)
        self._read_object(header, "", 0)

    def _read_object(self, address: int, path: str, depth: int) -> None:
        _require(depth <= _DEEPEST, "its groups nest too deep")
        messages = self._messages(address)
        kinds = [kind for kind, _ in messages]
        for kind in kinds:
            if kind in _REFUSED:
                raise ArchiveError(
                    f"{path!r} of a net's weights is {_REFUSED[kind]}, which Keras "
                    "never writes; the file was altered."
                )
        found = dict(messages)
        needed = {_SYMBOL_TABLE}
        if _LAYOUT in found:
            needed = {_DATASPACE, _DATATYPE, _LAYOUT}
        is_known = needed <= found.keys() <= needed | _HARMLESS
        _require(is_known, f"{path!r} is neither a group nor an array")
        is_one = all(kinds.count(kind) == 1 for kind in needed)
        _require(is_one, f"{path!r} contradicts itself")
        if _LAYOUT in found:
            self._arrays[path] = self._read_array(found, path)
            return
        tree, heap = struct.unpack_from("<QQ", found[_SYMBOL_TABLE])
        for name, child in self._members(tree, self._names(heap), 0):
            inner = f"{path}/{name}" if path else name
            _require(inner not in self._arrays, f"{inner!r} is there twice")
            self._read_object(child, inner, depth + 1)

    def _messages(self, address: int) -> list[tuple[int, bytes]]:
        self._visit(address)
        version, _, count, _, size = self._unpack("<BBHII", address)
        _require(version == 1, "an object header of another version")
        pending = [(address + 16, size)]
        messages: list[tuple[int, bytes]] = []
        while pending:
            place, left = pending.pop()
            stop = place + left
            while place + 8 <= stop and len(messages) < count:
                kind, length, flags = self._unpack("<HHB", place)
                content = self._take(place + 8, length)
                place += 8 + length
                is_here = not flags & 0x02 and place <= stop
                _require(is_here, "a message that is kept elsewhere")
                messages.append((kind, content))
                if kind == _CONTINUATION:
                    start, length = struct.unpack_from("<QQ", content)
                    self._visit(start)
                    pending.append((start, length))
        return [message for message in messages if message[0] != _CONTINUATION]

    def _members(self, address: int, names: bytes, depth: int) -> list[tuple[str, int]]:
        """Return names and object headers that stand under a node of a B-tree."""
        self._visit(address)
        signature, kind, level, used = self._unpack("<4sBBH", address)
        is_tree = signature == b"TREE" and kind == 0 and depth <= 8
        _require(is_tree, "a group without a B-tree")
        members: list[tuple[str, int]] = []
        for position in range(used):
            (child,) = self._unpack("<Q", address + 32 + 16 * position)
            if level > 0:
                members += self._members(child, names, depth + 1)
            else:
                members += self._symbols(child, names)
        return members

    def _symbols(self, address: int, names: bytes) -> list[tuple[str, int]]:
        self._visit(address)
        signature, version, _, count = self._unpack("<4sBBH", address)
        _require((signature, version) == (b"SNOD", 1), "a group without symbols")
        symbols = []
        for position in range(count):
            entry = address + 8 + 40 * position
            name_at, header, cache, _ = self._unpack("<QQII", entry)
            if cache not in (0, 1):
                raise ArchiveError(
                    "the weights of a net hold a link, which Keras never writes; the "
                    "file was altered."
                )
            stop = names.index(b"\0", name_at, name_at + _LONGEST_NAME)
            name = names[name_at:stop].decode()
            is_name = name not in ("", ".", "..") and "/" not in name
            _require(is_name and name.isprintable(), f"the name {name!r}")
            symbols.append((name, header))
        return symbols

    def _names(self, address: int) -> bytes:
        self._visit(address)
        signature, version = self._unpack("<4sB", address)
        size, _, start = self._unpack("<3Q", address + 8)
        _require((signature, version) == (b"HEAP", 0), "a group without names")
        return self._take(start, size)

    def _read_array(self, found: dict[int, bytes], path: str) -> StoredArray:
        shape = _read_shape(found[_DATASPACE])
        dtype, itemsize = _read_dtype(found[_DATATYPE], path)
        version, kind = struct.unpack_from("<BB", found[_LAYOUT])
        if version != 3 or kind != 1:
            raise ArchiveError(
                f"{path!r} of a net's weights is kept in chunks or in another way that "
                "Keras never writes; the file was altered."
            )
        start, n_bytes = struct.unpack_from("<QQ", found[_LAYOUT], 2)
        expected = math.prod(shape) * itemsize
        if expected == 0:
            start = n_bytes = 0
        if n_bytes != expected or start + n_bytes > len(self._data):
            raise ArchiveError(
                f"{path!r} of a net's weights says that it has the shape {shape}, and "
                f"holds {n_bytes:,} bytes; the file was altered."
            )
        return StoredArray(shape, dtype, start, n_bytes)

    def _visit(self, address: int) -> None:
        _require(address not in self._seen, "a part of it stands in two places")
        self._seen.add(address)

    def _take(self, start: int, length: int) -> bytes:
        # parts that lie over one another would be read again and again
        self._left -= length
        is_there = start + length <= len(self._data) and self._left >= 0
        _require(is_there, "it ends too early")
        return self._data[start : start + length]

    def _unpack(self, layout: str, start: int) -> tuple[Any, ...]:
        return struct.unpack(layout, self._take(start, struct.calcsize(layout)))


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _read_shape(message: bytes) -> tuple[int, ...]:
    version, rank, flags = struct.unpack_from("<BBB", message)
    _require(version == 1 and rank <= 32 and flags <= 1, "an array without a shape")
    return struct.unpack_from(f"<{rank}Q", message, 8)


def _read_dtype(message: bytes, path: str) -> tuple[str, int]:
    for known, dtype in _DTYPES.items():
        if message.startswith(known):
            return dtype.name, dtype.itemsize
    # h5py knows no bfloat16: it writes two bytes without a meaning, and Keras a note
    if message[0] == 0x15 and message[4:8] == _TWO:
        return "bfloat16", 2
    raise ArchiveError(f"{path!r} of a net's weights is not an array of numbers.")
