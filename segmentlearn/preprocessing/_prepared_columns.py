"""The columns that a TabularPreprocessor gives: where they are, and what is in them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from segmentlearn.preprocessing._soft_robust_scaler import soft_scale
from segmentlearn.preprocessing._statistics._table_statistics import TableStatistics
from segmentlearn.tables import NUMERIC, Factor

if TYPE_CHECKING:
    from segmentlearn.preprocessing._tabular import TabularPreprocessor


def lay_out(preprocessor: "TabularPreprocessor") -> None:
    """Set the positions of the output columns."""
    n_numeric = len(preprocessor._columns_of(NUMERIC))
    start = n_numeric + len(preprocessor.imputer_.indicator_features_)
    roles: dict[str, list[int]] = {
        "numeric": list(range(n_numeric)),
        "indicator": list(range(n_numeric, start)),
        **{encoding: [] for encoding in ("onehot", "ordinal", "target")},
    }
    groups, encoder = {}, preprocessor.encoder_
    if encoder is not None:
        for name, group in encoder.output_groups_.items():
            groups[name] = [start + position for position in group]
            roles[encoder.column_encodings_[name]] += groups[name]
    preprocessor.output_roles_, preprocessor.output_groups_ = roles, groups


def assemble(
    preprocessor: "TabularPreprocessor",
    numbers: np.ndarray,
    factors: dict[str, Factor],
    cross_fitted: dict[str, np.ndarray] | None = None,
) -> np.ndarray:
    """Impute, scale and encode into one float32 matrix."""
    n_rows, n_numeric = numbers.shape
    start = n_numeric + len(preprocessor.output_roles_["indicator"])
    width = start + sum(len(group) for group in preprocessor.output_groups_.values())
    out = np.empty((n_rows, width), dtype=np.float32)
    numeric, imputer = preprocessor._columns_of(NUMERIC), preprocessor.imputer_
    filled, masks = imputer._fill_numbers(numbers, numeric, factors)
    if preprocessor.scaler_ is not None:
        learnt = preprocessor.scaler_.center_, preprocessor.scaler_.scale_
        soft_scale(filled, *learnt, preprocessor.clip, out[:, :n_numeric])
    else:
        out[:, :n_numeric] = filled
    for position, name in enumerate(imputer.indicator_features_, n_numeric):
        out[:, position] = masks[name]
    if preprocessor.encoder_ is not None:
        categories = list(imputer._fill_factors(factors).values())
        preprocessor.encoder_._encode(categories, cross_fitted, out[:, start:])
    if preprocessor.target_scaler_ is not None:
        target = preprocessor.output_roles_["target"]
        out[:, target] = preprocessor.target_scaler_.transform(out[:, target])
    return out


def fit_statistics(
    preprocessor: "TabularPreprocessor", statistics: TableStatistics
) -> dict[str, np.ndarray]:
    """Learn from a table of which there are statistics; return target means by fold."""
    sample = statistics.sample
    return preprocessor._fit(sample.frame, sample.labels, statistics)[2]


def transform_folds(
    preprocessor: "TabularPreprocessor",
    X: Any,
    folds: np.ndarray,
    means: dict[str, np.ndarray],
) -> np.ndarray:
    """Prepare training rows, with target means of the rows of other folds."""
    numbers, factors = preprocessor._read(X)
    encoder, cross_fitted = preprocessor.encoder_, {}
    if encoder is not None:
        for name, factor in preprocessor.imputer_._fill_factors(factors).items():
            if name in means:
                codes = encoder._codes_of_levels(name, factor)[factor.codes]
                cross_fitted[name] = means[name][folds, codes]
    return assemble(preprocessor, numbers, factors, cross_fitted)
