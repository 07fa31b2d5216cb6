"""Classifiers made of others: boosted trees over folds, and a net blended with them."""

from segmentlearn.ensemble._blended import BlendedClassifier
from segmentlearn.ensemble._boosted_trees import BoostedTreesClassifier
from segmentlearn.ensemble._cross_fitting import (
    AveragedClassifier,  # archives name it by this path
)

__all__ = ["BlendedClassifier", "BoostedTreesClassifier"]
