"""Neural estimators: Keras nets behind fit, predict and predict_proba.

The wrappers of a user's own net load Keras; they are imported at their first use.
"""

import importlib
from typing import Any

from segmentlearn.neural_network.autoencoder import Autoencoder
from segmentlearn.neural_network.classifier import SegmentClassifier

_KERAS_WRAPPERS = ("KerasClassifier", "KerasRegressor")

__all__ = ["Autoencoder", "KerasClassifier", "KerasRegressor", "SegmentClassifier"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in _KERAS_WRAPPERS:
        raise AttributeError(
            f"module 'segmentlearn.neural_network' has no attribute {name!r}"
        )
    module = importlib.import_module("segmentlearn.neural_network.keras_wrapper")
    globals()[name] = found = getattr(module, name)
    return found
