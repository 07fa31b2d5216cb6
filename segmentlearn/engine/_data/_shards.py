"""Prepared rows on the disk: written once, in random pieces, and read piece by piece.

A table that is visited in its own order teaches a net the order, and rows that are
fetched one by one from a disk take a page each. So a row goes to a shard drawn at
random when it is written; a shard is read as a whole, and shuffled in memory.
"""

import dataclasses
import functools
import io
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

SHARD = 32 * 2**20  # bytes of a shard, which is read as a whole
_BLOCK = 64 * 2**20  # bytes of rows that are sorted by shard before they are written


@dataclasses.dataclass(frozen=True)
class ShardFile:
    """The rows of a part of a table, sorted by shard block by block.

    Parameters
    ----------
    path : str
        The file.
    counts : ndarray of int of shape (n_blocks, n_shards)
        Rows of each block that are in each shard.
    """

    path: str
    counts: np.ndarray


class ShardWriter:
    """Writes the rows of a part of a table to a file.

    Parameters
    ----------
    path : str or path-like
        The file.
    n_shards : int
        Shards of the table.
    """

    def __init__(self, path: str | os.PathLike[str], n_shards: int) -> None:
        self._path, self._n_shards = str(path), n_shards
        self._file = open(path, "wb", buffering=0)  # noqa: SIM115
        self._waiting: list[tuple] = []
        self._n_bytes = 0
        self._counts: list[np.ndarray] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, leaves: Sequence[np.ndarray], shards: np.ndarray) -> None:
        """Write rows.

        Parameters
        ----------
        leaves : list of ndarray, each of shape (n_rows, ...)
            Features, labels and weights, each of four bytes.
        shards : ndarray of int of shape (n_rows,)
            Number of each row's shard.
        """
        self._waiting.append((*leaves, shards))
        self._n_bytes += sum(leaf.nbytes for leaf in leaves)
        if self._n_bytes >= _BLOCK:
            self._flush()

    def finish(self) -> ShardFile:
        """Write what waits; return the file."""
        if self._waiting:
            self._flush()
        counts = np.array(self._counts, np.int64).reshape(-1, self._n_shards)
        return ShardFile(self._path, counts)

    def _flush(self) -> None:
        *leaves, shards = map(np.concatenate, zip(*self._waiting, strict=True))
        self._waiting, self._n_bytes = [], 0
        order = np.argsort(shards, kind="stable")
        counts = np.bincount(shards, minlength=self._n_shards)
        ends = np.cumsum(counts)
        for start, end in zip(ends - counts, ends, strict=True):
            for leaf in leaves:
                _write(self._file, leaf[order[start:end]])
        self._counts.append(counts)


@dataclasses.dataclass(frozen=True)
class Shards:
    """A table of prepared rows on the disk, which `fit` reads shard by shard.

    Parameters
    ----------
    files : list of ShardFile
        The parts of the table, in their order.
    n_features : int
        Features of a row.
    has_labels : bool, default=True
        Whether a row has a class number; else it is its own target.
    has_weights : bool, default=False
        Whether it has a weight.
    """

    files: Sequence[ShardFile]
    n_features: int
    has_labels: bool = True
    has_weights: bool = False

    @functools.cached_property
    def sizes(self) -> np.ndarray:
        """Rows of each shard."""
        return np.sum([file.counts.sum(axis=0) for file in self.files], axis=0)

    @property
    def n_bytes_of_row(self) -> int:
        """Bytes of a row."""
        return 4 * (self.n_features + self.has_labels + self.has_weights)

    def empty(self, n_rows: int) -> list[np.ndarray]:
        """Return arrays for rows: features, labels and weights."""
        leaves: list[np.ndarray] = [np.empty((n_rows, self.n_features), np.float32)]
        if self.has_labels:
            leaves.append(np.empty(n_rows, np.int32))
        if self.has_weights:
            leaves.append(np.empty(n_rows, np.float32))
        return leaves

    def read(self, shard: int) -> list[np.ndarray]:
        """Return the rows of a shard, in the order of the table."""
        leaves, at = self.empty(int(self.sizes[shard])), 0
        for file in self.files:
            before = np.cumsum(file.counts) - file.counts.ravel()
            starts = before.reshape(file.counts.shape)[:, shard]
            with open(file.path, "rb", buffering=0) as opened:
                for start, n_rows in zip(starts, file.counts[:, shard], strict=True):
                    opened.seek(int(start) * self.n_bytes_of_row)
                    for leaf in leaves:
                        _read(opened, leaf[at : at + n_rows])
                    at += n_rows
        return leaves

    def visit(
        self, order: Sequence[int], rng: np.random.Generator | None
    ) -> Iterator[list[np.ndarray]]:
        """Read shards in an order, the rows of each shuffled."""
        for shard in order:
            leaves = self.read(shard)
            if rng is not None:
                rows = rng.permutation(len(leaves[0]))
                leaves = [leaf[rows] for leaf in leaves]
            yield leaves


def n_shards_for(n_bytes: int) -> int:
    """Return the number of shards of a table of so many bytes."""
    return max(1, -(-n_bytes // SHARD))


def _write(file: io.FileIO, array: np.ndarray) -> None:
    view: Any = memoryview(np.ascontiguousarray(array)).cast("B") if array.size else b""
    while len(view):
        view = view[file.write(view) :]


def _read(file: io.FileIO, array: np.ndarray) -> None:
    view: Any = memoryview(array).cast("B") if array.size else b""
    while len(view):
        n_read = file.readinto(view)
        if not n_read:
            raise OSError(f"{pathlib.Path(str(file.name))} is shorter than it was.")
        view = view[n_read:]
