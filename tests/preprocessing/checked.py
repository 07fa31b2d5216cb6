"""The transformers that scikit-learn's common checks run on."""

from segmentlearn.preprocessing import (
    AssociationSelector,
    CategoryEncoder,
    DistancePreprocessor,
    MixedImputer,
    SoftRobustScaler,
    TabularPreprocessor,
)

ESTIMATORS = [
    AssociationSelector(),
    AssociationSelector(0.2, "pearson", redundancy=0.8, max_features=3),
    CategoryEncoder(),
    CategoryEncoder(encoding="ordinal"),
    DistancePreprocessor(),
    DistancePreprocessor("keep", clip=None),
    MixedImputer(),
    MixedImputer(numeric="knn", categorical="missing"),
    MixedImputer(numeric="iterative"),
    SoftRobustScaler(),
    SoftRobustScaler(clip=None),
    TabularPreprocessor(),
    TabularPreprocessor(numeric_imputation="mean", encoding="ordinal", clip=None),
]

EXPECTED_FAILED_CHECKS: dict[str, dict[str, str]] = {}
