"""The association of two columns, whatever they hold."""

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from segmentlearn.metrics._pairs import (
    Association,
    AssociationColumn,
    associate,
    correlation_ratio_of_codes,
)
from segmentlearn.metrics._parameters import validate_parameters


@validate_parameters
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
    _check_lengths(a=first.at(None), b=second.at(None))
    return associate(first, second, bias_correction)


@validate_parameters
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
    eta, _ = correlation_ratio_of_codes(
        codes[rows], len(levels), numbers[rows], bias_correction, ranked=False
    )
    return float(eta)


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
