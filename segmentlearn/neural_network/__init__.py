"""Neural estimators: Keras nets behind fit, predict and predict_proba.

The wrappers of a user's own net load Keras; they are imported at their first use.
"""

import importlib
from typing import Any

from segmentlearn.neural_network._autoencoder._estimator import Autoencoder
from segmentlearn.neural_network._autoencoder._several import (
    fit_jointly,
    prepare_autoencoders,
)
from segmentlearn.neural_network._labels import nonzero_rows, weigh_rows
from segmentlearn.neural_network._neural_estimator import draw_seed, restore_on_failure
from segmentlearn.neural_network._segment_classifier._calibration import (
    fit_calibration,
)
from segmentlearn.neural_network._segment_classifier._classifier import (
    SegmentClassifier,
)
from segmentlearn.neural_network._segment_classifier._classifier_members import (
    PreparedFit,
    TrainingTable,
    prepare_fit,
    reason_to_train_alone,
    train_side_by_side,
)
from segmentlearn.neural_network._segment_classifier._ensemble import (
    SMALLEST_PROBABILITY,
)
from segmentlearn.neural_network._segment_classifier._training_data import (
    encode_target,
)
from segmentlearn.neural_network._settings import EFFORTS, check_layer_sizes
from segmentlearn.neural_network._sharded._autoencoder import ShardedAutoencoderFit
from segmentlearn.neural_network._sharded._classifier import ShardedClassifierFit
from segmentlearn.neural_network._sharded._plan import PartitionShards, ShardPlan
from segmentlearn.neural_network._split import (
    Split,
    grouped_folds,
    latest_holdout,
    stratified_holdout,
    stratified_splits,
)
from segmentlearn.neural_network._state import externalize_networks, restore_networks
from segmentlearn.neural_network._table import (
    as_matrix,
    check_finite,
    is_frame,
    is_ready,
    read_numbers,
    resolve_preprocessor,
)

_KERAS_WRAPPERS = ("KerasClassifier", "KerasRegressor")

__all__ = ["Autoencoder", "KerasClassifier", "KerasRegressor", "SegmentClassifier"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in _KERAS_WRAPPERS:
        raise AttributeError(
            f"module 'segmentlearn.neural_network' has no attribute {name!r}"
        )
    module = importlib.import_module("segmentlearn.neural_network._keras._wrapper")
    globals()[name] = found = getattr(module, name)
    return found
