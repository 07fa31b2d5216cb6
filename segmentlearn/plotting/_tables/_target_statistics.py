"""What one column has to do with a target: by class, by level or by bin."""

import dataclasses

import numpy as np
from scipy import stats

from segmentlearn.metrics import wilson_interval
from segmentlearn.plotting._base._boxes import five_numbers
from segmentlearn.plotting._tables._column_distributions import (
    holds_numbers,
    level_titles,
    pool_levels,
)

_MOST_LEVELS = 6
_BINS = 10
_Z = stats.norm.ppf(0.975)
MISSING = "missing"


@dataclasses.dataclass(frozen=True, eq=False)
class NumbersByClass:
    """A column of numbers in each class.

    Attributes
    ----------
    name : str
        The column.
    kind : {"number", "datetime", "timedelta"}
        What it holds.
    boxes : ndarray of float of shape (n_classes, 5)
        Of `five_numbers`.
    n_outside : int
        Values beyond the ends of their boxes.
    share_missing : float
        Of the cells.
    """

    name: str
    kind: str
    boxes: np.ndarray
    n_outside: int
    share_missing: float


@dataclasses.dataclass(frozen=True, eq=False)
class ClassesByLevel:
    """The classes at each level of a category.

    Attributes
    ----------
    name : str
        The column.
    levels : list of str
        The most frequent ones, "n others" for the rest, and "missing" where cells are.
    counts : ndarray of int of shape (n_levels, n_classes)
        Rows of each.
    """

    name: str
    levels: list
    counts: np.ndarray

    @property
    def shares(self):
        """Share of each class in the rows of a level."""
        return self.counts / self.counts.sum(axis=1, keepdims=True)

    def rates(self, of_class):
        """Return the share of a class at each level, and its Wilson interval."""
        return wilson_interval(self.counts[:, of_class], self.counts.sum(axis=1), _Z)


@dataclasses.dataclass(frozen=True, eq=False)
class MeansByGroup:
    """Means of a target of numbers, at levels or in bins of a column.

    Attributes
    ----------
    name : str
        The column.
    kind : {"number", "datetime", "timedelta", "category"}
        What it holds.
    levels : list of str or None
        Of a category.
    centres : ndarray of float of shape (n_groups,) or None
        Mean of the column in each bin.
    means, errors : ndarray of float of shape (n_groups,)
        Mean of the target and its standard error, NaN in a group of one row.
    sizes : ndarray of int of shape (n_groups,)
        Rows of each group.
    """

    name: str
    kind: str
    levels: list | None
    centres: np.ndarray | None
    means: np.ndarray
    errors: np.ndarray
    sizes: np.ndarray


def relate_to_classes(column, codes, n_classes):
    """Describe a column in each class."""
    if holds_numbers([column]):
        numbers = [column.numbers[codes == at] for at in range(n_classes)]
        numbers = [values[np.isfinite(values)] for values in numbers]
        boxes = np.array([five_numbers(values) for values in numbers])
        outside = [
            np.count_nonzero((values < box[0]) | (values > box[-1]))
            for values, box in zip(numbers, boxes, strict=True)
        ]
        share = float(column.missing.mean())
        return NumbersByClass(column.name, column.kind, boxes, sum(outside), share)
    levels, places = _levels(column)
    table = np.bincount(places * n_classes + codes, minlength=len(levels) * n_classes)
    return ClassesByLevel(column.name, levels, table.reshape(-1, n_classes))


def relate_to_numbers(column, target):
    """Take means of a target at the levels, or in ten bins, of a column."""
    if not holds_numbers([column]):
        levels, places = _levels(column)
        return MeansByGroup(
            column.name, "category", levels, None, *_means(places, target)
        )
    known = np.isfinite(column.numbers)
    numbers, target = column.numbers[known], target[known]
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, _BINS + 1)[1:-1]))
    places = np.unique(np.searchsorted(edges, numbers), return_inverse=True)[1]
    centres = _means(places, numbers)[0]
    return MeansByGroup(
        column.name, column.kind, None, centres, *_means(places, target)
    )


def _levels(column):
    """Return titles of levels, and the place of each row among them."""
    factor, _ = pool_levels([column], _MOST_LEVELS)
    levels = level_titles([column], factor, column.name)
    places = factor.codes
    if (places < 0).any():
        places = np.where(places < 0, len(levels), places)
        levels = [*levels, MISSING]
    return levels, places


def _means(places, values):
    """Return mean, standard error and size of groups."""
    sizes = np.bincount(places)
    means = np.bincount(places, weights=values) / sizes
    squares = np.bincount(places, weights=(values - means[places]) ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.sqrt(squares / (sizes - 1) / sizes)
    return means, np.where(sizes > 1, errors, np.nan), sizes
