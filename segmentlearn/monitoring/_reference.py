"""The distribution of a column of the reference, small enough to be stored."""

import collections
import dataclasses
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import stats

from segmentlearn.auditing import Shift, compare_counts
from segmentlearn.metrics import psi_of_counts
from segmentlearn.tables import DATETIME, TIMEDELTA, Column, to_numbers

_N_CELLS = 100  # of numbers, for the two-sample test
_CELLS_A_BIN = 10  # of the population stability index
_MOST_LEVELS = 5_000

COLUMN_DRIFT = "column-drift"


@dataclasses.dataclass
class Observed:
    """The counts of a column in a table, batch by batch.

    Parameters
    ----------
    counts : ndarray of int
        Rows in each cell of the reference, missing ones left out.
    n_missing : int
        Rows without a value.
    total : float
        Sum of the numbers; 0 for levels.
    unseen : Counter
        Rows of each level that the reference does not have.
    """

    counts: np.ndarray
    n_missing: int = 0
    total: float = 0.0
    unseen: collections.Counter = dataclasses.field(default_factory=collections.Counter)

    @property
    def n_present(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum()) + self.unseen.total()

    @property
    def n_rows(self) -> int:
        """All rows."""
        return self.n_present + self.n_missing

    @property
    def mean(self) -> float:
        """Mean of the numbers."""
        return self.total / max(1, self.n_present)

    def __add__(self, other: "Observed") -> "Observed":
        return Observed(
            self.counts + other.counts,
            self.n_missing + other.n_missing,
            self.total + other.total,
            self.unseen + other.unseen,
        )


@dataclasses.dataclass(frozen=True)
class ColumnReference:
    """Cells of a column and the rows that the reference has in them.

    Parameters
    ----------
    name : str
        Name of the column.
    edges : ndarray of float or None
        Upper ends of the cells of numbers, the last one left out; None for levels.
    levels : list or None
        Levels, most frequent first; None for numbers.
    has_all_levels : bool
        Whether all levels are listed, so that another one is unseen.
    observed : Observed
        Counts of the reference.
    gate : str
        Which gate its distribution passes.
    """

    name: str
    edges: np.ndarray | None
    levels: list | None
    has_all_levels: bool
    observed: Observed
    gate: str = COLUMN_DRIFT

    @classmethod
    def of(cls, column: Column, gate: str = COLUMN_DRIFT) -> Self:
        """Divide a column into cells, numbers at their percentiles."""
        empty = Observed(np.zeros(0, dtype=np.int64))
        if column.is_numeric:
            found = cls(column.name, _edges(column.numbers), None, True, empty, gate)
        else:
            rows = dict(zip(column.factor.levels, column.level_counts, strict=True))
            levels = sorted((n for n in rows if rows[n]), key=lambda n: -rows[n])
            kept, has_all = levels[:_MOST_LEVELS], len(levels) <= _MOST_LEVELS
            found = cls(column.name, None, kept, has_all, empty, gate)
        return dataclasses.replace(found, observed=found.count(column))

    def count(self, column: Column) -> Observed:
        """Count the rows of a table in the cells."""
        if self.edges is not None:
            numbers = to_numbers(column.cells, self.name).astype(np.float64, copy=False)
            present = numbers[~np.isnan(numbers)]
            cells = np.searchsorted(self.edges, present)
            counts = np.bincount(cells, minlength=len(self.edges) + 1)
            total = float(present.sum())
            return Observed(counts, len(numbers) - len(present), total)
        position = {level: at for at, level in enumerate(self.levels or ())}
        counts = np.zeros(len(position), dtype=np.int64)
        unseen: collections.Counter = collections.Counter()
        for level, n_rows in zip(
            column.factor.levels, column.level_counts.tolist(), strict=True
        ):
            if level in position:
                counts[position[level]] += n_rows
            elif n_rows:
                unseen[level] += n_rows
        return Observed(counts, int(np.count_nonzero(column.missing)), 0.0, unseen)

    def compare(self, new: Observed) -> Shift:
        """Return how far the distribution has moved; missing cells are left out."""
        old = self.observed
        if not old.n_present or not new.n_present:
            return Shift()
        if self.edges is None:
            counts = [
                np.append(one.counts, one.unseen.total()).astype(np.float64)
                for one in (old, new)
            ]
            return compare_counts(*counts)
        bins = [np.add.reduceat(one.counts, self._bin_starts()) for one in (old, new)]
        n_bins = int(np.count_nonzero(bins[0] + bins[1]))
        shares = [np.cumsum(one.counts) / one.n_present for one in (old, new)]
        statistic = float(np.abs(shares[0] - shares[1]).max())
        n_old, n_new = old.n_present, new.n_present
        n_both = max(1, round(n_old * n_new / (n_old + n_new)))
        p_value = float(stats.kstwo.sf(statistic, n_both))
        return Shift(psi_of_counts(*bins), p_value, statistic, n_bins)

    def draw(self, n_rows: int, kind: str, rng: np.random.RandomState) -> Any:
        """Return cells of the reference's distribution, at even steps through it.

        Numbers are the upper ends of their cells; those beyond the last end are it.
        """
        seen = self.observed
        below = np.cumsum(np.append(seen.counts, seen.n_missing))
        shares = (rng.permutation(n_rows) + 0.5) / n_rows
        at = np.searchsorted(below, shares * below[-1], side="right")
        if self.edges is None:
            return np.array([*(self.levels or ()), None], dtype=object)[at]
        last = self.edges[-1] if len(self.edges) else np.nan
        numbers = np.concatenate([self.edges, [last, np.nan]])[at]
        if kind not in (DATETIME, TIMEDELTA):
            return numbers
        days = pd.to_timedelta(numbers, unit="D")
        return days.array if kind == TIMEDELTA else (pd.Timestamp(0) + days).array

    def _bin_starts(self) -> np.ndarray:
        """Return the first cells of bins that hold a tenth of the reference or more."""
        counts = self.observed.counts
        below = np.cumsum(counts)
        deciles = np.searchsorted(
            below, below[-1] * np.arange(1, _CELLS_A_BIN) / _CELLS_A_BIN
        )
        # numbers below the smallest one are a bin of their own
        starts = np.unique([0, 1, *(deciles + 1)])
        return starts[starts < len(counts)]

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        seen = self.observed
        return {
            "name": self.name,
            "gate": self.gate,
            "edges": None if self.edges is None else self.edges.tolist(),
            "levels": self.levels,
            "has_all_levels": self.has_all_levels,
            "counts": seen.counts.tolist(),
            "n_missing": seen.n_missing,
            "n_others": seen.unseen.total(),
            "total": seen.total,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Return the reference that `to_dict` has written."""
        edges, counts = stored["edges"], np.array(stored["counts"], dtype=np.int64)
        others = collections.Counter(
            {None: stored["n_others"]} if stored["n_others"] else {}
        )
        return cls(
            stored["name"],
            None if edges is None else np.array(edges, dtype=np.float64),
            stored["levels"],
            stored["has_all_levels"],
            Observed(counts, stored["n_missing"], stored["total"], others),
            stored["gate"],
        )


def _edges(numbers: np.ndarray) -> np.ndarray:
    """Return where cells of numbers end; the first one holds nothing."""
    present = numbers[np.isfinite(numbers)]
    if not len(present):
        return np.empty(0)
    inner = np.arange(1, _N_CELLS) / _N_CELLS
    # "lower" takes values that occur, so that whole numbers fall into cells as a whole
    edges = np.quantile(present, inner, method="lower")
    return np.unique([np.nextafter(present.min(), -np.inf), *edges])
