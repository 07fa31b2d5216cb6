"""Searches, comparisons and thresholds, the number of segments, and how sure one is."""

from segmentlearn.model_selection._clusters._clustering_task import (
    clustering_task,
    draw_rows,
    fit_clusterer,
    numeric_matrix,
    one_thread,
    selected_task,
)
from segmentlearn.model_selection._clusters._number_of_clusters import (
    NumberOfClusters,
    select_n_clusters,
)
from segmentlearn.model_selection._clusters._stability import (
    ClusterStability,
    bootstrap_refits,
    cluster_stability,
)
from segmentlearn.model_selection._comparison._cross_validated_scores import (
    MEASURE_NAMES,
)
from segmentlearn.model_selection._comparison._model_comparison import (
    ModelComparison,
    compare_models,
)
from segmentlearn.model_selection._held_out import (
    HeldOutResult,
    check_labels,
    fit_and_evaluate,
)
from segmentlearn.model_selection._search._batched_search import BatchedGridSearchCV
from segmentlearn.model_selection._search._keras_tuner_search import KerasTunerSearchCV
from segmentlearn.model_selection._search._search_space import search_space
from segmentlearn.model_selection._threshold import tune_threshold

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
