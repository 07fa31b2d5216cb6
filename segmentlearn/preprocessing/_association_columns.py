"""Columns and targets as the measures of association take them."""

from typing import Any

import numpy as np

from segmentlearn.metrics import AssociationColumn
from segmentlearn.preprocessing._target_encoding import check_target
from segmentlearn.tables import Column, infinite_problems, raise_schema_error


def association_column(caller: str, column: Column, method: str) -> AssociationColumn:
    """Prepare a column for being associated with others."""
    if not column.is_numeric:
        return AssociationColumn(column.factor.codes, len(column.factor.levels))
    problems = infinite_problems([column.name], column.numbers[:, np.newaxis])
    raise_schema_error(caller, problems)
    return AssociationColumn(column.numbers, ranked=method == "spearman")


def association_target(y: Any, target_type: str, method: str) -> AssociationColumn:
    """Prepare a target for being associated with columns."""
    y, target_type = check_target(y, target_type)
    if target_type == "classes":
        classes, codes = np.unique(y, return_inverse=True)
        return AssociationColumn(codes, len(classes))
    return AssociationColumn(y, ranked=method == "spearman")
