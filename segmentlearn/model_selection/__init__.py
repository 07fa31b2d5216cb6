"""How many segments there are, and how sure one can be of each of them."""

from segmentlearn.model_selection.batched_search import BatchedGridSearchCV
from segmentlearn.model_selection.number_of_clusters import (
    NumberOfClusters,
    select_n_clusters,
)
from segmentlearn.model_selection.stability import ClusterStability, cluster_stability

__all__ = [
    "BatchedGridSearchCV",
    "ClusterStability",
    "NumberOfClusters",
    "cluster_stability",
    "select_n_clusters",
]
