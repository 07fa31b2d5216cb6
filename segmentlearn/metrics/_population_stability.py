"""The drift of a column between an old table and a new one."""

from numbers import Integral

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from segmentlearn._compat import Interval
from segmentlearn._parameters import validate_parameters

_HALF_A_ROW = 0.5  # added to each bin, so that an empty one costs no infinite sum


@validate_parameters(n_bins=[Interval(Integral, 2, None, closed="left")])
def population_stability_index(
    expected: ArrayLike, actual: ArrayLike, *, n_bins: int = 10
) -> float:
    """Return the population stability index of a column: 0 where nothing has moved.

    It is the sum of (q − p) log(q / p) over bins, where p is the share of the old rows
    in a bin and q that of the new rows: the Kullback-Leibler divergence in both
    directions. Values below 0.1 are commonly called stable and from 0.25 on a
    major shift [1]_.

    Parameters
    ----------
    expected : array-like of shape (n_expected,)
        The old column: numbers, dates, text, categories or truth values.
    actual : array-like of shape (n_actual,)
        The new column, of the same kind.
    n_bins : int, default=10
        Bins of numbers and dates, at the quantiles of `expected`. Fewer where values
        repeat. Each category is a bin, and so are the missing cells.

    Returns
    -------
    psi : float
        0 or more, without a unit.

    Raises
    ------
    ValueError
        If a column has no cells or only one of them holds numbers.

    Notes
    -----
    Half a row is added to each bin, so that a level of one column alone counts much but
    not infinitely. Without any drift the index is about (n_bins − 1) (1 / n_expected +
    1 / n_actual) [2]_: in small tables it is far from 0 by chance.

    References
    ----------
    .. [1] N. Siddiqi, "Credit risk scorecards", Wiley 2006.
    .. [2] B. Yurdakul, "Statistical properties of population stability index", Western
       Michigan University 2018.

    Examples
    --------
    >>> from segmentlearn.metrics import population_stability_index
    >>> old, new = ["a"] * 50 + ["b"] * 50, ["a"] * 75 + ["b"] * 25
    >>> round(population_stability_index(old, new), 2)
    0.27
    """
    old, new = pd.Series(expected), pd.Series(actual)
    for name, column in (("expected", old), ("actual", new)):
        if not len(column):
            raise ValueError(f"{name} has no cells; pass one row or more.")
    types = pd.api.types
    numeric = [
        c.dtype.kind in "mM" or (types.is_numeric_dtype(c) and c.dtype.kind != "b")
        for c in (old, new)
    ]
    if all(numeric):
        return psi_of_counts(*binned_counts(_numbers(old), _numbers(new), n_bins))
    if any(numeric) and not (old.isna().all() or new.isna().all()):
        raise ValueError(
            f"expected has dtype {old.dtype} and actual {new.dtype}; convert one, for "
            "example with pandas.to_numeric."
        )
    cells = pd.concat([old.astype(object), new.astype(object)], ignore_index=True)
    codes, levels = pd.factorize(cells)
    halves = np.split(codes, [len(old)])
    counts = [np.bincount(c + 1, minlength=len(levels) + 1) for c in halves]
    return psi_of_counts(*counts)


def psi_of_counts(expected: np.ndarray, actual: np.ndarray) -> float:
    """Return the index of two arrays of counts, one entry a bin."""
    used = (expected + actual) > 0
    p, q = expected[used] + _HALF_A_ROW, actual[used] + _HALF_A_ROW
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum((q - p) * np.log(q / p)))


def psi_critical_value(
    n_expected: int, n_actual: int, n_bins: int, level: float
) -> float:
    """Return what the index exceeds with this chance although nothing has moved."""
    scale = 1 / n_expected + 1 / n_actual
    return float(scale * stats.chi2.isf(level, max(1, n_bins - 1)))


def binned_counts(
    expected: np.ndarray, actual: np.ndarray, n_bins: int
) -> tuple[np.ndarray, np.ndarray]:
    """Count numbers in bins at the quantiles of the first column."""
    present = expected[np.isfinite(expected)]
    inner = np.linspace(0, 1, n_bins + 1)[1:-1]
    # "lower" takes values that occur, so that whole numbers fall into bins as a whole
    edges = np.empty(0)
    if len(present):
        edges = np.unique(np.quantile(present, inner, method="lower"))

    def count(column: np.ndarray) -> np.ndarray:
        bins = np.searchsorted(edges, column, side="left")
        bins[np.isnan(column)] = len(edges) + 1
        return np.bincount(bins, minlength=len(edges) + 2)

    return count(expected), count(actual)


def _numbers(column: pd.Series) -> np.ndarray:
    """Read numbers, dates and durations as floats, missing cells as NaN."""
    if column.dtype.kind == "M":
        column = column - pd.Timestamp(0, tz=getattr(column.dtype, "tz", None))
    if column.dtype.kind == "m":
        column = column / pd.Timedelta("1us")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
