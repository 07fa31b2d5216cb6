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
    """Prepare a column for being paired with others."""
    if role != NUMERIC:
        factor = factorize(cells)
        return Levels(factor.codes, len(factor.levels))
    numbers = to_numbers(cells, name)
    raise_schema_error(estimator, infinite_problems([name], numbers[:, np.newaxis]))
    return Numbers(numbers, ranked=method == "spearman")


def pair_target(y, target_type, method):
    """Prepare a target for being paired with columns."""
    y, target_type = check_target(y, target_type)
    if target_type == "classes":
        classes, codes = np.unique(y, return_inverse=True)
        return Levels(codes, len(classes))
    return Numbers(y.astype(np.float64), ranked=method == "spearman")
