"""Transformers that turn raw customer tables into numbers for a net."""

from segmentlearn.preprocessing.distances import DistancePreprocessor
from segmentlearn.preprocessing.encoding import CategoryEncoder
from segmentlearn.preprocessing.imputation import MixedImputer
from segmentlearn.preprocessing.scaling import SoftRobustScaler
from segmentlearn.preprocessing.selection import AssociationSelector
from segmentlearn.preprocessing.tabular import TabularPreprocessor

__all__ = [
    "AssociationSelector",
    "CategoryEncoder",
    "DistancePreprocessor",
    "MixedImputer",
    "SoftRobustScaler",
    "TabularPreprocessor",
]
