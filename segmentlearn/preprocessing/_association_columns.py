"""Columns and targets as the measures of association want them."""

import numpy as np

from segmentlearn.metrics import Levels, Numbers
from segmentlearn.preprocessing._target_encoding import check_target
from segmentlearn.tables import (
    NUMERIC,
    factorize,
    infinite_problems,
    raise_schema_error,
    to_numbers,
)


def pair_column(estimator, cells, name, role, method):
    """Prepare a column for being paired with others.

    Parameters
    ----------
    estimator : estimator instance
        Named in the error.
    cells : ndarray of shape (n_rows,) or pandas ExtensionArray
        The column.
    name : str
        Its name.
    role : {"numeric", "categorical"}
        What it holds.
    method : {"spearman", "pearson"}
        Whether the order of numbers counts, or their size.

    Returns
    -------
    column : Numbers or Levels

    Raises
    ------
    SchemaError
        If a number is infinite.
    """
    if role != NUMERIC:
        factor = factorize(cells)
        return Levels(factor.codes, len(factor.levels))
    numbers = to_numbers(cells, name)
    raise_schema_error(estimator, infinite_problems([name], numbers[:, np.newaxis]))
    return Numbers(numbers, ranked=method == "spearman")


def pair_target(y, target_type, method):
    """Prepare a target for being paired with columns.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Class labels or numbers, none missing.
    target_type : {"auto", "classes", "continuous"}
        How y is read, as in `check_target`.
    method : {"spearman", "pearson"}
        Whether the order of numbers counts, or their size.

    Returns
    -------
    target : Numbers or Levels

    Raises
    ------
    ValueError
        If y is no target, or infinite.
    """
    y, target_type = check_target(y, target_type)
    if target_type == "classes":
        classes, codes = np.unique(y, return_inverse=True)
        return Levels(codes, len(classes))
    return Numbers(y.astype(np.float64), ranked=method == "spearman")
