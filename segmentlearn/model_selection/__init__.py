"""How many segments there are, how sure one can be of them, and which threshold."""

from segmentlearn.model_selection.number_of_clusters import (
    NumberOfClusters,
    select_n_clusters,
)
from segmentlearn.model_selection.stability import ClusterStability, cluster_stability
from segmentlearn.model_selection.threshold import tune_threshold

__all__ = [
    "ClusterStability",
    "NumberOfClusters",
    "cluster_stability",
    "select_n_clusters",
    "tune_threshold",
]
