"""Which model, how many segments, and how sure one can be of it."""

from segmentlearn.model_selection.model_comparison import (
    ModelComparison,
    compare_models,
)
from segmentlearn.model_selection.number_of_clusters import (
    NumberOfClusters,
    select_n_clusters,
)
from segmentlearn.model_selection.stability import ClusterStability, cluster_stability

__all__ = [
    "ClusterStability",
    "ModelComparison",
    "NumberOfClusters",
    "cluster_stability",
    "compare_models",
    "select_n_clusters",
]
