"""Searches for parameters, the number of segments, and how sure one can be of them."""

from segmentlearn.model_selection.keras_tuner_search import KerasTunerSearchCV
from segmentlearn.model_selection.number_of_clusters import (
    NumberOfClusters,
    select_n_clusters,
)
from segmentlearn.model_selection.search_space import search_space
from segmentlearn.model_selection.stability import ClusterStability, cluster_stability

__all__ = [
    "ClusterStability",
    "KerasTunerSearchCV",
    "NumberOfClusters",
    "cluster_stability",
    "search_space",
    "select_n_clusters",
]
