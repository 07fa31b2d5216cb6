"""Transformers that turn raw customer tables into numbers for a net."""

from segmentlearn.preprocessing._association_columns import (
    association_column,
    association_target,
)
from segmentlearn.preprocessing._association_selector import AssociationSelector
from segmentlearn.preprocessing._category_encoder import CategoryEncoder
from segmentlearn.preprocessing._distance import DistancePreprocessor
from segmentlearn.preprocessing._interpolation import (
    InterpolatedColumn,
    is_interpolable,
)
from segmentlearn.preprocessing._mixed_imputer import MixedImputer
from segmentlearn.preprocessing._prepared_columns import (
    fit_statistics,
    transform_folds,
)
from segmentlearn.preprocessing._soft_robust_scaler import SoftRobustScaler
from segmentlearn.preprocessing._statistics._table_statistics import (
    TableStatistics,
    target_folds,
)
from segmentlearn.preprocessing._tabular import TabularPreprocessor
from segmentlearn.preprocessing._target_encoding import check_target
from segmentlearn.preprocessing._univariate_score import auc_of_levels, univariate_score

__all__ = [
    "AssociationSelector",
    "CategoryEncoder",
    "DistancePreprocessor",
    "MixedImputer",
    "SoftRobustScaler",
    "TabularPreprocessor",
]
