"""Shapley values of columns: how much each moved what a model says of a customer."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.tables import Column, Table

_MOST_ROWS = 100_000  # mixed rows that are scored at once
_MOST_CELLS = 20_000_000


class MixedRows:
    """Rows of which some cells are a customer's and the others another one's.

    Parameters
    ----------
    customers, background : Table
        The background has the columns that are used.
    columns : list of str
        Those.
    labels : Index or None
        Names of columns, for a frame; None for an array.
    """

    def __init__(
        self, customers: Table, background: Table, columns: list[str], labels: Any
    ) -> None:
        self.n_customers = customers.n_rows
        self._labels = labels
        self._cells = {column.name: column.cells for column in customers.columns}
        self._used = [at for at, name in enumerate(customers.names) if name in columns]
        other = background.by_name()
        hashes = []
        for at in self._used:
            name = customers.names[at]
            self._cells[name] = _stack(self._cells[name], other[name].cells)
            hashes.append(_hashes(at, Column(name, self._cells[name])))
        self._hashes = np.column_stack(hashes)

    def take(self, customers: np.ndarray, index: np.ndarray) -> Any:
        """Return rows by the row that each of their used cells is taken from.

        Parameters
        ----------
        customers : ndarray of int, shape (n_rows,)
            Row that all other cells are taken from.
        index : ndarray of int, shape (n_rows, n_columns)
            Rows of the customers, followed by those of the background.
        """
        from_row = dict(zip(self._used, index.T, strict=True))
        cells = [
            column.take(from_row.get(at, customers))
            for at, column in enumerate(self._cells.values())
        ]
        if self._labels is None:
            return np.column_stack(cells)
        frame = pd.DataFrame(dict(enumerate(cells)), copy=False)
        frame.columns = self._labels
        return frame

    def hashes(self, rows: np.ndarray) -> np.ndarray:
        """Return numbers of used cells whose sums tell rows apart."""
        return self._hashes[rows]


def shapley_values(
    score: Callable[[Any], np.ndarray],
    rows: MixedRows,
    targets: np.ndarray,
    starts: np.ndarray,
    orders: np.ndarray,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield customers, and how their score changes along each permutation of columns.

    It starts at a customer of the background, whose cells are replaced by those of the
    explained one, column by column. The mean of a column's changes is its Shapley
    value.

    Parameters
    ----------
    score : callable
        Returns an array of shape (n_rows, n_outputs).
    rows : MixedRows
        Customers and background.
    targets : ndarray of int, shape (n_customers,)
        Which output is explained for each customer.
    starts : ndarray of int, shape (n_permutations,)
        Row of the background that each permutation starts at.
    orders : ndarray of int, shape (n_permutations, n_columns)
        The permutations.

    Yields
    ------
    which : slice
        Of the customers.
    scores : ndarray of float, shape (n_customers, n_permutations, n_columns + 1)
        Score at each start, followed by the change by each column.
    """
    n_permutations, n_columns = orders.shape
    at_once = max(1, min(_MOST_ROWS, _MOST_CELLS // n_columns) // (n_columns + 1))
    step = max(1, at_once // n_permutations)
    for first in range(0, rows.n_customers, step):
        which = slice(first, min(first + step, rows.n_customers))
        customers = np.repeat(np.arange(which.start, which.stop), n_permutations)
        runs = np.tile(np.arange(n_permutations), which.stop - which.start)
        found = np.empty((len(runs), n_columns + 1))
        for part in range(0, len(runs), at_once):
            some = slice(part, part + at_once)
            order = orders[runs[some]]
            scores = _score_steps(
                score,
                rows,
                customers[some],
                starts[runs[some]] + rows.n_customers,
                order,
                targets,
            )
            found[some, 0] = scores[:, 0]
            np.put_along_axis(found[some], order + 1, np.diff(scores, axis=1), axis=1)
        yield which, found.reshape(-1, n_permutations, n_columns + 1)


def _score_steps(
    score: Callable[[Any], np.ndarray],
    rows: MixedRows,
    customers: np.ndarray,
    starts: np.ndarray,
    order: np.ndarray,
    targets: np.ndarray,
) -> np.ndarray:
    """Return the scores after each step; a row that comes again is scored once."""
    n_runs, n_columns = order.shape
    here, there = rows.hashes(starts), rows.hashes(customers)
    hashes = np.empty((n_runs, n_columns + 1), dtype=np.uint64)
    hashes[:, 0] = here.sum(axis=1)
    hashes[:, 1:] = np.take_along_axis(there - here, order, axis=1)
    hashes = np.cumsum(hashes, axis=1)  # uint64 wraps around
    _, first, position = np.unique(hashes, return_index=True, return_inverse=True)
    run, step = np.divmod(first, n_columns + 1)
    is_there = np.argsort(order, axis=1)[run] < step[:, None]
    index = np.where(is_there, customers[run][:, None], starts[run][:, None])
    outputs = score(rows.take(customers[run], index))[position.reshape(hashes.shape)]
    return np.take_along_axis(outputs, targets[customers][:, None, None], axis=2)[
        ..., 0
    ]


def draw_permutations(
    n_background: int, n_columns: int, n_permutations: int, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Return starts and orders of permutations; each is followed by its reverse.

    Equally many start at each customer of the background.
    """
    n_times = max(1, n_permutations // n_background)
    starts = rng.permutation(n_background)[:n_permutations].repeat(n_times)
    half = [rng.permutation(n_columns) for _ in range((len(starts) + 1) // 2)]
    orders = np.stack([each for order in half for each in (order, order[::-1])])
    return starts, orders[: len(starts)]


def _stack(own: Any, other: Any) -> Any:
    """Put the cells of two columns one above the other, in the dtype of the first."""
    own, other = pd.Series(own), pd.Series(other)
    if isinstance(own.dtype, pd.CategoricalDtype):
        levels = own.cat.categories
        new = pd.Index(other.dropna().unique()).difference(levels, sort=False)
        dtype = pd.CategoricalDtype(levels.append(new), own.cat.ordered)
        own, other = own.astype(dtype), other.astype(dtype)
    both = pd.concat([own, other], ignore_index=True)
    return both.to_numpy() if isinstance(both.dtype, np.dtype) else both.array


def _hashes(at: int, column: Column) -> np.ndarray:
    """Return a number for each cell, equal where cells are equal."""
    if column.is_numeric:
        codes = pd.factorize(column.numbers, use_na_sentinel=False)[0]
    else:
        codes = column.factor.codes
    # multilinear hashing: sums over columns differ but for a chance of 2 ** -64
    # (an array of one: NumPy 1 makes a float of a single uint64 times an int)
    factor = np.random.default_rng(at).integers(2**63, size=1, dtype=np.uint64) * 2 + 1
    with np.errstate(over="ignore"):
        return (codes + 1).astype(np.uint64) * factor
