"""Typical customers: real rows near the centre of their segment."""

from typing import Any

import numpy as np
import pandas as pd

_FARTHEST = 3.0  # distance in a column, so that a single outlier does not decide


def find_exemplars(
    columns: list, codes: np.ndarray, n_segments: int, n_exemplars: int
) -> pd.DataFrame:
    """Return the rows nearest to the centre of each segment, with their distance.

    The distance is the mean over the columns of the distance in each, divided by the
    distance that two customers have in it on average; so each column has equal
    influence [1]_. In numbers it is the distance from the segment's median, at most
    three times the average; in categories one minus the level's share in the segment,
    and where a cell is missing the average.

    References
    ----------
    .. [1] T. Hastie, R. Tibshirani and J. Friedman, "The elements of statistical
       learning", 2nd edition, Springer 2009, section 14.3.3.
    """
    scales = [_average_distance(column) for column in columns]
    used = [pair for pair in zip(columns, scales, strict=True) if pair[1] > 0]
    found = []
    for segment in range(n_segments):
        rows = np.flatnonzero(codes == segment)
        total = np.zeros(len(rows))
        for column, scale in used:
            total += _distances(column, rows, scale)
        for at in np.argsort(total, kind="stable")[:n_exemplars]:
            found.append((segment, rows[at], total[at] / max(1, len(used))))
    frame = pd.DataFrame(found, columns=["segment", "row", "distance"])
    return frame.astype({"segment": np.intp, "row": np.intp, "distance": np.float64})


def _average_distance(column: Any) -> float:
    """Return the mean distance of two customers in one column."""
    if not column.is_numeric:
        counts = column.level_counts
        return 1.0 - np.sum((counts / max(1, counts.sum())) ** 2)
    numbers = np.sort(column.numbers[~np.isnan(column.numbers)])
    n = len(numbers)
    if n < 2:
        return 0.0
    # Gini's mean difference; sorted, it takes one pass
    ranks = 2 * np.arange(n) - n + 1
    return float(2 * np.sum(ranks * (numbers - numbers[n // 2])) / (n * (n - 1)))


def _distances(column: Any, rows: np.ndarray, scale: float) -> np.ndarray:
    """Return the distances from the centre of these rows in one column."""
    if not column.is_numeric:
        own = column.factor.take(rows)
        counts = own.counts()[:-1]
        away = np.append(1.0 - counts / max(1, counts.sum()), scale)
        return away[own.codes] / scale
    numbers = column.numbers[rows]
    if np.isnan(numbers).all():
        return np.ones(len(rows))
    away = np.minimum(np.abs(numbers - np.nanmedian(numbers)) / scale, _FARTHEST)
    return np.where(np.isnan(numbers), 1.0, away)
