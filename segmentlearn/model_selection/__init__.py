"""Searches, comparisons and thresholds, the number of segments, and how sure one is."""

from segmentlearn.model_selection.batched_search import BatchedGridSearchCV
from segmentlearn.model_selection.keras_tuner_search import KerasTunerSearchCV
from segmentlearn.model_selection.model_comparison import (
    ModelComparison,
    compare_models,
)
from segmentlearn.model_selection.number_of_clusters import (
    NumberOfClusters,
    select_n_clusters,
)
from segmentlearn.model_selection.search_space import search_space
from segmentlearn.model_selection.stability import ClusterStability, cluster_stability
from segmentlearn.model_selection.threshold import tune_threshold

__all__ = [
    "BatchedGridSearchCV",
    "ClusterStability",
    "KerasTunerSearchCV",
    "ModelComparison",
    "NumberOfClusters",
    "cluster_stability",
    "compare_models",
    "search_space",
    "select_n_clusters",
    "tune_threshold",
]
