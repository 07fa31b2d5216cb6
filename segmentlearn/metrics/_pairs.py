"""The association of two columns that are already numbers or codes of levels.

A column is prepared once for all its pairs: ranks need a sort.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from segmentlearn.metrics._effect_sizes import cramers_v_from_statistic

_MOST_CELLS = 65_536  # larger tables of counts are counted by sorting


class Association(NamedTuple):
    """The association of two columns.

    Attributes
    ----------
    value : float
        From -1 to 1 for two columns of numbers, else from 0 to 1; NaN where it is
        undefined.
    measure : {"pearson", "spearman", "correlation_ratio", "cramers_v"}
        What the value is.
    p_value : float
        Of the hypothesis that the columns are independent.
    n_rows : int
        Rows that hold both.
    """

    value: float
    measure: str
    p_value: float
    n_rows: int


class AssociationColumn:
    """Numbers or codes of levels, with the ranks that every pair needs.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Numbers, NaN where missing; or codes of levels, -1 where missing.
    n_levels : int or None
        Number of levels; None for numbers.
    ranked : bool
        Whether numbers are replaced by their ranks among the rows of a pair.
    """

    def __init__(
        self, values: np.ndarray, n_levels: int | None = None, ranked: bool = False
    ) -> None:
        self.n_levels = n_levels
        self.is_numeric = n_levels is None
        self.ranked = self.is_numeric and ranked
        self._values = np.asarray(values, np.float64) if self.is_numeric else values
        missing = np.isnan(self._values) if self.is_numeric else values < 0
        self.present = None if not missing.any() else ~missing
        if self.ranked:
            # sorted once: the ranks among any rows can be counted from the codes
            self._codes, uniques = pd.factorize(self._values, sort=True)
            self._n_codes = len(uniques)
            if self.present is None:
                self._values = _midranks(self._codes, self._n_codes)

    def at(self, rows: np.ndarray | None) -> np.ndarray:
        """Return the codes or numbers of some rows, or their ranks among these."""
        if rows is None:
            return self._values
        if self.ranked:
            return _midranks(self._codes[rows], self._n_codes)
        return self._values[rows]


def associate(
    first: AssociationColumn, second: AssociationColumn, bias_correction: bool = True
) -> Association:
    """Return the association of two columns, over the rows that hold both."""
    if first.is_numeric and not second.is_numeric:
        first, second = second, first
    rows = _both(first.present, second.present)
    a, b = first.at(rows), second.at(rows)
    if first.n_levels is None:
        measure = "spearman" if first.ranked else "pearson"
        value, p_value = _correlation(a, b)
    elif second.n_levels is None:
        measure = "correlation_ratio"
        value, p_value = correlation_ratio_of_codes(
            a, first.n_levels, b, bias_correction, second.ranked
        )
    else:
        measure = "cramers_v"
        levels = first.n_levels, second.n_levels
        value, p_value = _cramers_v(a, b, *levels, bias_correction)
    return Association(float(value), measure, float(p_value), len(a))


def correlation_ratio_of_codes(
    codes: np.ndarray,
    n_levels: int,
    values: np.ndarray,
    bias_correction: bool,
    ranked: bool,
) -> tuple[float, float]:
    """Return eta of numbers within levels, and its p-value."""
    centred = _centred(values)
    counts = np.bincount(codes, minlength=n_levels) if len(codes) else np.zeros(0)
    n_rows, n_groups = len(codes), np.count_nonzero(counts)
    if centred is None or n_groups < 2:
        return np.nan, np.nan
    sums = np.bincount(codes, weights=centred, minlength=n_levels)
    occurs = counts > 0
    between = float((sums[occurs] ** 2 / counts[occurs]).sum())
    found = min(1.0, between / _product(centred, centred))
    freedom = n_rows - n_groups
    if ranked:
        p_value = special.chdtrc(n_groups - 1, (n_rows - 1) * found)
    elif freedom < 1:
        p_value = np.nan
    elif found == 1:
        p_value = 0.0
    else:
        ratio = (found / (n_groups - 1)) / ((1 - found) / freedom)
        p_value = special.fdtrc(n_groups - 1, freedom, ratio)
    if bias_correction:
        found = 1 - (1 - found) * (n_rows - 1) / freedom if freedom > 0 else 0.0
    return np.sqrt(max(found, 0.0)), p_value


def _correlation(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Return the correlation of two columns of numbers, and its p-value."""
    x, y = _centred(a), _centred(b)
    if x is None or y is None:
        return np.nan, np.nan
    value = _product(x, y) / np.sqrt(_product(x, x) * _product(y, y))
    value = min(1.0, max(-1.0, value))
    freedom = len(a) - 2
    if freedom < 1:
        return value, np.nan
    rest = (1 - value) * (1 + value)
    t = np.inf if rest == 0 else abs(value) * np.sqrt(freedom / rest)
    return value, 2 * special.stdtr(freedom, -t)


def _cramers_v(
    a: np.ndarray, b: np.ndarray, n_a: int, n_b: int, bias_correction: bool
) -> tuple[float, float]:
    """Return Cramér's V of two columns of codes, and its p-value."""
    n_rows = len(a)
    if not n_rows:
        return np.nan, np.nan
    of_a, of_b = np.bincount(a, minlength=n_a), np.bincount(b, minlength=n_b)
    shape = int(np.count_nonzero(of_a)), int(np.count_nonzero(of_b))
    if min(shape) < 2:
        return np.nan, np.nan
    cells, counts = _count_pairs(a, b, n_a, n_b)
    expected = of_a[cells // n_b].astype(np.float64) * of_b[cells % n_b]
    ratio = float((counts.astype(np.float64) ** 2 / expected).sum())
    chi2 = n_rows * max(0.0, ratio - 1)
    value = cramers_v_from_statistic(chi2, n_rows, shape, bias_correction)
    return value, special.chdtrc((shape[0] - 1) * (shape[1] - 1), chi2)


def _count_pairs(
    a: np.ndarray, b: np.ndarray, n_a: int, n_b: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells of the table of counts that are not empty, and their counts."""
    pairs = a.astype(np.int64) * n_b + b
    if n_a * n_b <= max(_MOST_CELLS, 4 * len(a)):
        counts = np.bincount(pairs)
        cells = np.flatnonzero(counts)
        return cells, counts[cells]
    return np.unique(pairs, return_counts=True)


def _centred(values: np.ndarray) -> np.ndarray | None:
    """Return numbers with mean 0 and a size that can be squared; None if all equal."""
    if len(values) < 2 or values.min() == values.max():
        return None
    centred = values / np.abs(values).max()
    centred -= centred.mean()
    largest = np.abs(centred).max()
    return centred / largest if largest > 0 else None


def _product(a: np.ndarray, b: np.ndarray) -> float:
    """Return the inner product, summed pairwise.

    BLAS would use several threads, which wait for each other on a busy machine: a
    product of 200,000 rows took 15 ms.
    """
    return float((a * b).sum())


def _midranks(codes: np.ndarray, n_codes: int) -> np.ndarray:
    """Return ranks from codes in ascending order; equal ones share their mean rank."""
    counts = np.bincount(codes, minlength=n_codes)
    return (np.cumsum(counts) - (counts - 1) / 2)[codes]


def _both(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    """Return the rows that two columns hold; None where that is every row."""
    if first is None or second is None:
        return second if first is None else first
    return first & second
