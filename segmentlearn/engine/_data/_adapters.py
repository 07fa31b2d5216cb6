"""How a table gets through an epoch: as a whole, or in segments where it is large.

Rows that are visited in a random order come one by one from all over the memory. Where
a table is larger than the processor's cache, that takes half as long as a small net's
training, and a padded copy of the table takes as much again. Such a table stays where
it is: the rows of a segment are copied side by side into a small buffer, in the order
in which the epoch visits them, and the program runs over the buffer.
"""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentlearn.engine._backend import tf
from segmentlearn.engine._data._padding import (
    Rows,
    Table,
    aligned_empty,
    as_tensor,
    index_table,
    lengths,
    longest,
    pad_rows,
)
from segmentlearn.engine._program._architecture import FreeNumbers
from segmentlearn.engine._program._epoch_program import (
    VALIDATION_CHUNK,
    Program,
    Recipe,
    Settings,
)

if TYPE_CHECKING:
    from segmentlearn.engine._trainer import Plan

Pass = Callable[[Any, np.ndarray], np.ndarray]

_CACHED_UNTIL = 16 * 2**20  # bytes of a table whose rows are quickly found
_SEGMENT = 8 * 2**20  # bytes of a segment
_SMALLER = 4  # so many times a buffer has to go into its table


def hold_rows(table: Table, recipe: Recipe) -> "WholeRows | SegmentedRows":
    """Choose how a table gets through an epoch.

    Members of one program visit rows of their own, each from the whole table.
    """
    if table.n_bytes <= _CACHED_UNTIL or recipe.n_members is not None:
        return WholeRows(table)
    capacity = _segment_rows(table, recipe.batch_size)
    if _SMALLER * capacity > table.n_rows:  # two buffers would be half a copy
        return WholeRows(table)
    return SegmentedRows(table, recipe.batch_size)


class WholeRows:
    """A table that is held as a whole: an epoch is one call of the program.

    Attributes
    ----------
    tensors : Rows
        What a program is made for.
    """

    def __init__(self, table: Table) -> None:
        self.tensors = pad_rows(table)

    def bind(
        self, program: Program, plan: "Plan", free: FreeNumbers, weight_decay: float
    ) -> Pass:
        """Return a function that trains an epoch."""
        batch = program.recipe.batch_size
        # rows may be drawn several times
        most = max(self.tensors.capacity, longest(plan.train_rows))
        n_slots = -(-most // batch) * batch
        settings = Settings(
            n_slots=n_slots,
            n_steps=n_slots // batch,
            validation_order=index_table(
                plan.validation_rows,
                VALIDATION_CHUNK,
                _validation_slots(longest(plan.validation_rows)),
            ),
            weight_decay=weight_decay,
            free=free,
            seed=plan.seed & 0x7FFFFFFF,
        )
        epoch = program.bind(self.tensors, settings)
        n_train = tf.constant(lengths(plan.train_rows))
        n_validation = tf.constant(lengths(plan.validation_rows))

        def run(order: Any, rates: np.ndarray) -> np.ndarray:
            table = index_table(order, batch, n_slots)
            padded_rates = np.zeros(settings.n_steps, np.float32)
            padded_rates[: len(rates)] = rates
            sums = epoch(self.tensors, table, padded_rates, n_train, n_validation)
            return np.stack(
                [
                    _means(sums[0], lengths(plan.train_rows), program.recipe),
                    _means(sums[1], lengths(plan.validation_rows), program.recipe),
                ]
            )

        return run


class SegmentedRows:
    """A large table, of which one segment at a time is copied into a buffer.

    Attributes
    ----------
    tensors : Rows
        The present segment; as many slots for every table with rows of this kind.
    """

    def __init__(self, table: Table, batch_size: int) -> None:
        leaves = [*table.features, *table.targets]
        self._sources = [np.ascontiguousarray(leaf) for leaf in leaves]
        if table.weights is not None:
            self._sources.append(np.ascontiguousarray(table.weights, np.float32))
        self._capacity = capacity = _segment_rows(table, batch_size)
        self._n_slots = capacity // batch_size * batch_size
        self._buffers = [_Buffer(table, capacity) for _ in range(2)]
        self.tensors = self._buffers[0].tensors()

    def bind(
        self, program: Program, plan: "Plan", free: FreeNumbers, weight_decay: float
    ) -> Pass:
        """Return a function that trains an epoch, as `WholeRows.bind` does."""
        batch, n_slots = program.recipe.batch_size, self._n_slots
        settings = Settings(
            n_slots=0,
            n_steps=n_slots // batch,
            validation_order=np.zeros(0, np.int32),
            weight_decay=weight_decay,
            free=free,
            seed=plan.seed & 0x7FFFFFFF,
        )
        epoch = program.bind(self.tensors, settings)
        in_place, nothing = np.zeros(0, np.int32), tf.constant(0)
        no_rates = np.zeros(settings.n_steps, np.float32)

        def train(order: np.ndarray, rates: np.ndarray) -> np.ndarray:
            total: Any = 0.0
            n_rows = len(order)
            order = index_table(order, batch, -(-n_rows // batch) * batch)
            for start, rows in self._read(order, n_slots):
                n_real = min(n_slots, n_rows - start)
                padded = no_rates.copy()
                steps = rates[start // batch : (start + n_slots) // batch]
                padded[: len(steps)] = steps
                total = total + epoch(
                    rows, in_place, padded, tf.constant(n_real), nothing
                )[0].astype(np.float64)
            return _means(total, n_rows, program.recipe)

        def validate(order: np.ndarray) -> np.ndarray:
            total: Any = np.zeros(program.recipe.n_sums)
            for start, rows in self._read(order, self._capacity):
                n_real = min(self._capacity, len(order) - start)
                total = total + epoch(
                    rows, in_place, no_rates, nothing, tf.constant(n_real)
                )[1].astype(np.float64)
            return _means(total, len(order), program.recipe)

        def run(order: Any, rates: np.ndarray) -> np.ndarray:
            learnt = train(order, rates)
            return np.stack([learnt, validate(plan.validation_rows)])

        return run

    def _read(self, order: np.ndarray, size: int) -> Iterator[tuple[int, Rows]]:
        """Give one segment after the other; the next is read while one is used."""
        starts = range(0, len(order), size)
        buffers = itertools.cycle(self._buffers)
        with ThreadPoolExecutor(max_workers=1) as reader:

            def read(start: int) -> Future:
                numbers = order[start : start + size]
                return reader.submit(next(buffers).fill, self._sources, numbers)

            coming = [read(start) for start in starts[:1]]
            for number, start in enumerate(starts):
                rows = coming.pop().result()
                coming.extend(map(read, starts[number + 1 : number + 2]))
                yield start, rows


class _Buffer:
    """Memory for one segment, which tensors share."""

    def __init__(self, table: Table, capacity: int) -> None:
        self._n_features = len(table.features)
        self._structure = table.structure
        self._arrays = [
            aligned_empty((capacity, *leaf.shape[1:]), leaf.dtype)
            for leaf in (*table.features, *table.targets)
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

    def tensors(self) -> Rows:
        """Return tensors that show what is in the memory now."""
        tensors = [as_tensor(array) for array in self._arrays]
        return Rows(
            features=tensors[: self._n_features],
            targets=tensors[self._n_features : -1],
            weights=tensors[-1],
            structure=self._structure,
        )


def _segment_rows(table: Table, batch_size: int) -> int:
    """Return the rows that a buffer holds: whole chunks, and a step at least."""
    bytes_per_row = max(1, table.n_bytes // table.n_rows)
    wanted = max(_SEGMENT // bytes_per_row, batch_size)
    return -(-wanted // VALIDATION_CHUNK) * VALIDATION_CHUNK


def _means(sums: np.ndarray, n_rows: Any, recipe: Recipe) -> np.ndarray:
    """Divide sums by the rows, those of weighted metrics by the rows' weights.

    That is how Keras does it: a weighted loss is divided by the number of rows.
    """
    if not recipe.weighted_metrics:
        return sums / np.maximum(n_rows, 1)
    means = sums[:-1] / np.maximum(n_rows, 1)
    first = 1 + len(recipe.output_names) + len(recipe.metrics)
    means[first:] = sums[first:-1] / np.where(sums[-1] == 0, 1, sums[-1])
    return means


def _validation_slots(n_rows: int) -> int:
    """Return the length of the validation table: a few sizes only, as for rows."""
    slots = 4096
    while slots < n_rows:
        slots *= 4
    return slots
