"""Data adapters: how a table gets through an epoch, as a whole or chunk by chunk.

Rows that are visited in a random order come one by one from all over the memory. Where
a table is larger than the processor's cache, that takes half as long as a small net's
training, and a padded copy of the table takes as much again. Such a table stays where
it is: the rows of a chunk are copied side by side into a small buffer, in the order in
which the epoch visits them, and the program runs over the buffer.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

import numpy as np

from segmentlearn.engine._data._rows import (
    Rows,
    aligned_empty,
    as_tensor,
    index_table,
    lengths,
    longest,
    pad_rows,
)
from segmentlearn.engine._data._shards import Shards
from segmentlearn.engine._fit_spec import FitSpec
from segmentlearn.engine._keras_compat import tf
from segmentlearn.engine._program._architecture import RuntimeHyperparameters
from segmentlearn.engine._program._compile_spec import CompileSpec
from segmentlearn.engine._program._epoch_program import (
    VALIDATION_CHUNK,
    Program,
)

# of an order of rows and their learning rates: losses and metrics by name
TrainEpoch = Callable[[Any, np.ndarray], dict[str, Any]]

_CACHED_UNTIL = 16 * 2**20  # bytes of a table whose rows are quickly found
_CHUNK = 8 * 2**20  # bytes of a chunk
_SMALLER = 4  # so many times a buffer has to go into its table


# of a buffer, and the first row and number of rows of a chunk: what is in it then
Fill = Callable[["_Buffer", int, int], Rows]


@dataclasses.dataclass(frozen=True)
class RowsOnDisk:
    """A table on the disk, beside rows in memory to validate on.

    Parameters
    ----------
    shards : Shards
        The table.
    rows : Rows
        The other rows.
    """

    shards: Shards
    rows: Rows

    @classmethod
    def of(cls, shards: Shards, validation_data: tuple | None) -> Self:
        """Lay out rows to validate on as those of the table."""
        leaves = shards.empty(0) if validation_data is None else validation_data
        features = np.asarray(leaves[0], np.float32)
        targets = np.asarray(leaves[1], np.int32) if shards.has_labels else features
        weights = None
        if shards.has_weights:  # both go through one buffer
            weights = leaves[2] if len(leaves) > 2 else np.ones(len(features))
        elif len(leaves) > 2:
            raise ValueError("validation rows have weights, and the shards have none.")
        return cls(shards, Rows([features], [targets], weights))


def make_data_adapter(
    table: Rows | RowsOnDisk, spec: CompileSpec
) -> "WholeRows | ChunkedRows":
    """Choose how a table gets through an epoch.

    Members of one program visit rows of their own, each from the whole table.
    """
    if isinstance(table, RowsOnDisk):
        return StreamedRows(table, spec.batch_size)
    is_small = table.n_bytes <= _CACHED_UNTIL or spec.n_members is not None
    # two buffers would be half a copy
    if is_small or _SMALLER * _chunk_rows(table, spec.batch_size) > table.n_rows:
        return WholeRows(table)
    return ChunkedRows(table, spec.batch_size)


class WholeRows:
    """A table that is held as a whole: an epoch is one call of the program.

    Attributes
    ----------
    tensors : Rows
        What a program is made for.
    """

    def __init__(self, table: Rows) -> None:
        self.tensors = pad_rows(table)

    def count(self, rows: Any) -> int:
        """Return how many rows a training visits, at most by a member."""
        return longest(rows)

    def bind(
        self,
        program: Program,
        fit_spec: FitSpec,
        hyperparameters: RuntimeHyperparameters,
    ) -> TrainEpoch:
        """Return a function that trains an epoch."""
        spec, batch = program.spec, program.spec.batch_size
        # rows may be drawn several times
        n_steps = -(-max(self.tensors.n_rows, longest(fit_spec.train_rows)) // batch)
        n_slots = n_steps * batch
        rows = fit_spec.validation_rows
        validation = index_table(rows, VALIDATION_CHUNK, _validation_slots(rows))
        seed = fit_spec.seed & 0x7FFFFFFF
        epoch = program.bind(
            self.tensors, n_slots, n_steps, validation, hyperparameters, seed
        )
        counts = lengths(fit_spec.train_rows), lengths(rows)
        n_train, n_validation = map(tf.constant, counts)

        def train_epoch(order: Any, rates: np.ndarray) -> dict[str, Any]:
            table = index_table(order, batch, n_slots)
            rates = np.pad(rates, (0, n_steps - len(rates)))
            sums = epoch(self.tensors, table, rates, n_train, n_validation)
            return spec.name_means(sums, counts)

        return train_epoch


class ChunkedRows:
    """A large table, of which one chunk at a time is copied into a buffer.

    Attributes
    ----------
    tensors : Rows
        The present chunk; as many slots for every table with rows of this kind.
    """

    def __init__(
        self, table: Rows, batch_size: int, bytes_per_row: int | None = None
    ) -> None:
        self._sources = list(map(np.ascontiguousarray, table.leaves))
        if table.weights is not None:
            self._sources.append(np.ascontiguousarray(table.weights, np.float32))
        self._capacity = _chunk_rows(table, batch_size, bytes_per_row)
        self._buffers = [_Buffer(table, self._capacity) for _ in range(2)]
        self.tensors = self._buffers[0].tensors()

    def count(self, rows: Any) -> int:
        """Return how many rows a training visits."""
        return len(rows)

    def bind(
        self,
        program: Program,
        fit_spec: FitSpec,
        hyperparameters: RuntimeHyperparameters,
    ) -> TrainEpoch:
        """Return a function that trains an epoch, as `WholeRows.bind` does."""
        spec, batch = program.spec, program.spec.batch_size
        n_steps = self._capacity // batch
        in_place, nothing = np.zeros(0, np.int32), tf.constant(0)
        seed = fit_spec.seed & 0x7FFFFFFF
        epoch = program.bind(self.tensors, 0, n_steps, in_place, hyperparameters, seed)
        validation, epochs = fit_spec.validation_rows, itertools.count()

        def train_epoch(order: Any, rates: np.ndarray) -> dict[str, Any]:
            sums = np.zeros((2, spec.n_sums))
            rng = None
            if fit_spec.shuffle:
                rng = np.random.default_rng((fit_spec.seed, next(epochs)))
            n_train, size = self.count(order), n_steps * batch
            n_slots = -(-n_train // batch) * batch
            shuffled = self._visit(order, batch, rng)
            for start, rows in self._read(shuffled, n_slots, size):
                steps = rates[start // batch :][:n_steps]
                steps = np.pad(steps, (0, n_steps - len(steps)))
                n_rows = tf.constant(min(size, n_train - start))
                sums[0] += epoch(rows, in_place, steps, n_rows, nothing)[0]
            steps = np.zeros(n_steps, np.float32)
            in_order, n_held_out = self._take(validation), len(validation)
            for start, rows in self._read(in_order, n_held_out, self._capacity):
                n_rows = tf.constant(min(self._capacity, n_held_out - start))
                sums[1] += epoch(rows, in_place, steps, nothing, n_rows)[1]
            return spec.name_means(sums, (n_train, n_held_out))

        return train_epoch

    def _visit(self, order: Any, batch: int, rng: Any) -> Fill:
        """Return what reads chunks of an order of rows, its last batch filled up."""
        n_slots = -(-len(order) // batch) * batch
        return self._take(index_table(order, batch, n_slots))

    def _take(self, numbers: np.ndarray) -> Fill:
        """Return what reads chunks of rows by their numbers."""

        def fill(buffer: _Buffer, start: int, size: int) -> Rows:
            return buffer.fill(self._sources, numbers[start : start + size])

        return fill

    def _read(self, fill: Fill, n_slots: int, size: int) -> Iterator[tuple[int, Rows]]:
        """Give one chunk after the other; the next is read while one is used."""
        starts = range(0, n_slots, size)
        buffers = itertools.cycle(self._buffers)
        with ThreadPoolExecutor(max_workers=1) as reader:

            def read(start: int) -> Future:
                n_rows = min(size, n_slots - start)
                return reader.submit(fill, next(buffers), start, n_rows)

            coming = [read(start) for start in starts[:1]]
            for number, start in enumerate(starts):
                rows = coming.pop().result()
                coming.extend(map(read, starts[number + 1 : number + 2]))
                yield start, rows


class StreamedRows(ChunkedRows):
    """A table on the disk, whose shards follow each other through the buffers."""

    def __init__(self, table: RowsOnDisk, batch_size: int) -> None:
        self._shards = table.shards
        super().__init__(table.rows, batch_size, table.shards.n_bytes_of_row)

    def count(self, rows: Any) -> int:
        """Return the rows of shards."""
        return int(self._shards.sizes[rows].sum())

    def _visit(self, order: Any, batch: int, rng: Any) -> Fill:
        """Return what reads chunks of an order of shards, its last batch filled up."""
        coming = self._shards.visit(order, rng)
        left: list[np.ndarray] = self._shards.empty(0)

        def fill(buffer: _Buffer, start: int, size: int) -> Rows:
            nonlocal left
            at = 0
            while at < size:
                if not len(left[0]):
                    found = next(coming, None)
                    if found is None:
                        buffer.repeat(at, size)
                        break
                    left = found
                n_rows = min(size - at, len(left[0]))
                rows = [leaf[:n_rows] for leaf in left]
                left = [leaf[n_rows:] for leaf in left]
                buffer.write(at, rows, self._shards.has_labels)
                at += n_rows
            return buffer.tensors()

        return fill


class _Buffer:
    """Memory for one chunk, which tensors share."""

    def __init__(self, table: Rows, capacity: int) -> None:
        self._n_features, self._structure = len(table.features), table.structure
        self._arrays = [
            aligned_empty((capacity, *leaf.shape[1:]), leaf.dtype)
            for leaf in table.leaves
        ]
        for array in self._arrays:
            array[...] = 0
        self._arrays.append(aligned_empty((capacity,), np.float32))
        self._arrays[-1][...] = 1  # what a row weighs in a table without weights

    def fill(self, sources: list, numbers: np.ndarray) -> Rows:
        """Copy rows side by side into the memory."""
        for source, array in zip(sources, self._arrays, strict=False):
            # numbers were checked; "raise" would check, and copy, once more
            np.take(source, numbers, axis=0, out=array[: len(numbers)], mode="clip")
        return self.tensors()

    def write(self, at: int, leaves: list, has_labels: bool) -> None:
        """Copy rows of a shard into the memory, from a place on."""
        features, *others = leaves
        for source, array in zip(
            [features, *([] if has_labels else [features]), *others],
            self._arrays,
            strict=False,
        ):
            array[at : at + len(source)] = source

    def repeat(self, n_rows: int, n_slots: int) -> None:
        """Fill slots up with the rows from the start."""
        for array in self._arrays:
            array[n_rows:n_slots] = array[np.arange(n_rows, n_slots) % n_rows]

    def tensors(self) -> Rows:
        """Return tensors that show what is in the memory now."""
        *leaves, weights = map(as_tensor, self._arrays)
        at = self._n_features
        return Rows(leaves[:at], leaves[at:], weights, self._structure)


def _chunk_rows(table: Rows, batch_size: int, bytes_per_row: int | None = None) -> int:
    """Return the rows that a buffer holds: whole steps of training and validation."""
    bytes_per_row = bytes_per_row or max(1, table.n_bytes // table.n_rows)
    wanted = max(_CHUNK // bytes_per_row, batch_size)
    return -(-wanted // VALIDATION_CHUNK) * VALIDATION_CHUNK


def _validation_slots(rows: Any) -> int:
    """Return the length of the validation table: a few sizes only, as for rows."""
    slots = 4096
    while slots < longest(rows):
        slots *= 4
    return slots
