"""The association of two columns, whatever they hold.

A column is prepared once for all its pairs: ranks need a sort.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from segmentlearn._parameters import validate_parameters
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
        self.present: Any = ~missing if missing.any() else True
        if self.ranked:
            # sorted once: the ranks among any rows can be counted from the codes
            self._codes, uniques = pd.factorize(self._values, sort=True)
            self._n_codes = len(uniques)
            if self.present is True:
                self._values = _midranks(self._codes, self._n_codes)

    def at(self, rows: Any) -> np.ndarray:
        """Return codes or numbers, or ranks, of some rows; True takes all of them."""
        if rows is True:
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
    rows = first.present & second.present
    a, b = first.at(rows), second.at(rows)
    if first.n_levels is None:
        measure = "spearman" if first.ranked else "pearson"
        value, p_value = _correlation(a, b)
    elif second.n_levels is None:
        measure = "correlation_ratio"
        how = (bias_correction, second.ranked)
        value, p_value = correlation_ratio_of_codes(a, first.n_levels, b, *how)
    else:
        measure = "cramers_v"
        levels = first.n_levels, second.n_levels
        value, p_value = _cramers_v(a, b, *levels, bias_correction)
    return Association(float(value), measure, float(p_value), len(a))


def correlation_ratio_of_codes(
    codes: np.ndarray, n_levels: int, values: Any, bias_correction: bool, ranked: bool
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


@validate_parameters()
def association(
    a: ArrayLike,
    b: ArrayLike,
    *,
    method: Literal["spearman", "pearson"] = "spearman",
    bias_correction: bool = True,
) -> Association:
    """Return the association of two columns, whatever they hold.

    Two columns of numbers are correlated, two of categories have Cramér's V, and one of
    each has the correlation ratio. Rows where either is missing are left out.

    Parameters
    ----------
    a, b : array-like of shape (n_rows,)
        Columns. Numbers are numbers, also those stored as objects; text, truth values
        and categorical dtypes are categories.
    method : {"spearman", "pearson"}, default="spearman"
        "spearman" looks at the ranks of numbers, beside categories too; "pearson" at
        the numbers themselves.
    bias_correction : bool, default=True
        Whether to correct Cramér's V [1]_ and the correlation ratio [2]_ for chance,
        which matters the more, the more levels and the fewer rows there are.

    Returns
    -------
    association : Association
        ``value``, ``measure``, ``p_value`` and ``n_rows``. The value is signed for two
        columns of numbers and goes from 0 to 1 otherwise; NaN where a column has a
        single value. The p-value is that of the t-test of a correlation, of the F-test
        or (for ranks) Kruskal and Wallis' test, or of the chi-squared test.

    Raises
    ------
    ValueError
        If the columns differ in length or a number is infinite.

    See Also
    --------
    correlation_ratio : One column of each kind.
    cramers_v : Two columns of categories, with an interval.
    segmentlearn.inspection.associations : All pairs of columns of a table.

    References
    ----------
    .. [1] W. Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", Journal of
       the Korean Statistical Society 42 (2013), 323-328.
    .. [2] T. L. Kelley, "An unbiased correlation ratio measure", Proceedings of the
       National Academy of Sciences 21 (1935), 554-559.

    Examples
    --------
    >>> from segmentlearn.metrics import association
    >>> found = association([22, 25, 38, 41, 60, None], [1.0, 1.5, 3.0, 2.5, 9.0, 4.0])
    >>> round(found.value, 2), found.measure, found.n_rows
    (0.9, 'spearman', 5)
    >>> association(["no"] * 4 + ["yes"] * 4, [1, 2, 3, 4, 5, 6, 7, 8]).measure
    'correlation_ratio'
    """
    first, second = _read(a, "a", method), _read(b, "b", method)
    _check_lengths(a=first.at(True), b=second.at(True))
    return associate(first, second, bias_correction)


@validate_parameters()
def correlation_ratio(
    categories: ArrayLike, values: ArrayLike, *, bias_correction: bool = True
) -> float:
    """Return the correlation ratio of numbers and categories, eta.

    Its square is the share of the numbers' variance that lies between the levels. With
    two levels it is the size of Pearson's correlation with a 0/1 column.

    Parameters
    ----------
    categories : array-like of shape (n_rows,)
        Levels of any type; rows where one is missing are left out.
    values : array-like of shape (n_rows,)
        Numbers; rows where one is missing are left out.
    bias_correction : bool, default=True
        Whether to correct for chance: the share is then epsilon squared, as unbiased as
        that of a regression's adjusted R² [1]_.

    Returns
    -------
    eta : float
        From 0 to 1; NaN where there is a single level or number. With the correction it
        is 0 where every row has a level of its own.

    Raises
    ------
    ValueError
        If the lengths differ or a number is infinite.

    See Also
    --------
    association : Any two columns.

    References
    ----------
    .. [1] T. L. Kelley, "An unbiased correlation ratio measure", Proceedings of the
       National Academy of Sciences 21 (1935), 554-559.

    Examples
    --------
    >>> from segmentlearn.metrics import correlation_ratio
    >>> eta = correlation_ratio(["a", "a", "b", "b"], [1.0, 2.0, 4.0, 5.0])
    >>> round(eta, 3)
    0.922
    """
    codes, levels = pd.factorize(pd.Series(categories, dtype=object))
    numbers = _finite(pd.Series(values), "values")
    _check_lengths(categories=codes, values=numbers)
    rows = (codes >= 0) & ~np.isnan(numbers)
    cells = (codes[rows], len(levels), numbers[rows])
    return float(correlation_ratio_of_codes(*cells, bias_correction, ranked=False)[0])


def _check_lengths(**columns: np.ndarray) -> None:
    """Check that two columns have the same number of rows."""
    (a, first), (b, second) = columns.items()
    if len(first) != len(second):
        raise ValueError(
            f"{a} has {len(first)} rows and {b} {len(second)}; pass two columns of one "
            "table."
        )


def _read(cells: ArrayLike, name: str, method: str) -> AssociationColumn:
    """Prepare a column: numbers, or codes of its levels."""
    column = pd.Series(cells)
    if column.dtype == object:
        column = column.infer_objects()
    is_number = pd.api.types.is_numeric_dtype(column.dtype)
    if is_number and not pd.api.types.is_bool_dtype(column.dtype):
        return AssociationColumn(_finite(column, name), ranked=method == "spearman")
    codes, levels = pd.factorize(column)
    return AssociationColumn(codes, len(levels))


def _finite(column: pd.Series, name: str) -> np.ndarray:
    """Return a column as floats, NaN where missing."""
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    n_infinite = int(np.isinf(values).sum())
    if n_infinite:
        raise ValueError(
            f"{name} holds {n_infinite} infinite value(s); replace them, for example "
            "by missing ones."
        )
    return values
