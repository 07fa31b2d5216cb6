"""Rows of the levels of a column, counted part by part."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

_MOST_LEVELS = 100_000
MOST_COUNTS = 2**22  # of levels, folds and classes
_N_HASHES = 4096


@dataclasses.dataclass(frozen=True)
class RowGroups:
    """The fold and the class of rows whose levels are counted.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        Number of each row's group.
    n_folds : int
        Folds; the group of a row is its fold times the number of labels, plus its
        label.
    labels : list
        The labels; one that says nothing where there is no target.
    """

    codes: np.ndarray
    n_folds: int
    labels: list

    @classmethod
    def of(cls, folds: np.ndarray, n_folds: int, labels: Any) -> "RowGroups":
        """Number the groups of rows; folds matter to a target alone."""
        if labels is None:
            return cls(np.zeros(len(folds), np.intp), 1, [None])
        codes, found = pd.factorize(labels)
        return cls(folds * len(found) + codes, n_folds, list(found))

    def count(self, codes: np.ndarray, n_levels: int) -> np.ndarray | None:
        """Count the rows of each level, fold and class; None where it is too much."""
        shape = n_levels, self.n_folds, len(self.labels)
        if np.prod(shape) > MOST_COUNTS:
            return None
        keys = codes * (shape[1] * shape[2]) + self.codes
        return np.bincount(keys, minlength=int(np.prod(shape))).reshape(shape)


class LevelStatistics:
    """Rows of each level of a column, by fold and class.

    A column of too many levels is given up: its levels are those of a sample then.

    Attributes
    ----------
    levels : list
        The levels; None stands for missing cells.
    labels : list
        The labels of the classes.
    """

    def __init__(self) -> None:
        self._place_of: dict[Any, int] = {}
        self._counts = np.zeros((0, 1, 0), np.int64)
        self.labels: list = []
        self.is_complete = True

    @property
    def levels(self) -> list:
        return list(self._place_of)

    @property
    def counts(self) -> np.ndarray:
        """Rows of each level, of shape (n_levels, n_folds, n_classes)."""
        return self._counts[: len(self._place_of)]

    @property
    def n_rows(self) -> int:
        """Rows counted; 0 for a column that was given up."""
        return int(self._counts.sum())

    def add(self, levels: list, counts: np.ndarray | None, labels: list) -> None:
        """Add the rows of levels; without counts there are too many."""
        if counts is None or not self.is_complete:
            self._give_up()
            return
        occurs = np.flatnonzero(counts.any(axis=(1, 2)))
        levels, counts = [levels[place] for place in occurs], counts[occurs]
        new = [level for level in levels if level not in self._place_of]
        self.labels += [label for label in labels if label not in self.labels]
        n_levels = len(self._place_of) + len(new)
        size = n_levels * counts.shape[1] * len(self.labels)
        if n_levels > _MOST_LEVELS or size > MOST_COUNTS:
            self._give_up()
            return
        for level in new:
            self._place_of[level] = len(self._place_of)
        self._make_room(n_levels, counts.shape[1])
        rows = np.array([self._place_of[level] for level in levels], dtype=np.intp)
        columns = [self.labels.index(label) for label in labels]
        for place, column in enumerate(columns):
            self._counts[rows, :, column] += counts[:, :, place]

    def merge(self, other: "LevelStatistics") -> None:
        """Add the rows of another part of the column."""
        counts = other.counts if other.is_complete else None
        self.add(other.levels, counts, other.labels)

    def order_labels(self, labels: Sequence[Any]) -> None:
        """Give the classes another order, with all those that there are."""
        self._counts = in_order(self._counts, self.labels, labels)
        self.labels = list(labels)

    def _give_up(self) -> None:
        self.is_complete = False
        self._place_of, self._counts = {}, np.zeros((0, 1, 0), np.int64)

    def _make_room(self, n_levels: int, n_folds: int) -> None:
        """Let the counts have so many levels, and twice as many as before."""
        before, n_labels = self._counts, len(self.labels)
        if n_levels > len(before) or before.shape[2] < n_labels:
            n_places = max(n_levels, min(2 * len(before), _MOST_LEVELS))
            self._counts = np.zeros((n_places, n_folds, n_labels), np.int64)
            if before.size:
                self._counts[: len(before), :, : before.shape[2]] = before


def in_order(counts: np.ndarray, labels: list, wanted: Sequence[Any]) -> np.ndarray:
    """Return counts, whose last axis is that of labels, for labels in another order."""
    found = np.zeros((*counts.shape[:2], len(wanted)), np.int64)
    for place, label in enumerate(wanted):
        if label in labels:
            found[:, :, place] = counts[:, :, labels.index(label)]
    return found


class DistinctSketch:
    """About how many different levels there are: the smallest of their hashes.

    The more there are, the closer to zero is the smallest k-th (Z. Bar-Yossef et al.,
    "Counting distinct elements in a data stream", RANDOM 2002).
    """

    def __init__(self) -> None:
        self._hashes = np.zeros(0, np.uint64)

    def add(self, levels: list) -> None:
        """Look at further levels."""
        if levels:
            cells = np.empty(len(levels), dtype=object)
            cells[:] = levels
            self._keep(pd.util.hash_array(cells, categorize=False))

    def merge(self, other: "DistinctSketch") -> None:
        """Look at the levels of another part of the column."""
        self._keep(other._hashes)

    def estimate(self) -> int:
        """Return about how many different levels there are."""
        if len(self._hashes) < _N_HASHES:
            return len(self._hashes)
        return round((_N_HASHES - 1) / (float(self._hashes[-1]) / 2.0**64))

    def _keep(self, hashes: np.ndarray) -> None:
        if len(self._hashes) == _N_HASHES:
            hashes = hashes[hashes < self._hashes[-1]]
        if len(hashes):
            both = np.union1d(self._hashes, hashes)
            self._hashes = both[:_N_HASHES]
