"""Pictures of nets look as they did: compared with the folder `baseline`.

After a wanted change draw them anew, and look at each:
``pytest -n 0 --mpl-generate-path=tests/plotting/baseline tests/plotting``.
"""

import keras
import numpy as np
import pytest
from keras import layers

from segmentlearn.plotting import (
    NetworkDisplay,
    SegmentSizesDisplay,
    TrainingHistoryDisplay,
)

_EPOCHS = np.arange(16)


def _history(rise=0.0, shift=0.0, n_epochs=16):
    """Return curves of a training whose held-out loss rises after the sixth epoch."""
    falling = np.exp(-_EPOCHS / 4)
    history = {
        "loss": 0.4 + 0.8 * falling - 0.01 * _EPOCHS + shift,
        "val_loss": 0.5 + 0.7 * falling + rise * np.maximum(0, _EPOCHS - 5) + shift,
        "accuracy": 0.9 - 0.4 * falling - shift,
        "val_accuracy": 0.8 - 0.35 * falling - shift,
    }
    return {name: values[:n_epochs] for name, values in history.items()}


@pytest.mark.mpl_image_compare
def test_training_history():
    """One net that overfits: verdict, best epoch, loss and accuracy."""
    return TrainingHistoryDisplay.from_history(_history(rise=0.05)).figure_


@pytest.mark.mpl_image_compare
def test_training_history_of_folds():
    """Two nets over each other, one of them in three folds."""
    folds = [_history(0.05, shift, n) for shift, n in ((0, 16), (0.06, 13), (-0.04, 9))]
    nets = {"wide net": folds, "narrow net": _history(shift=0.1)}
    return TrainingHistoryDisplay.from_history(nets).figure_


@pytest.mark.mpl_image_compare
def test_network():
    """Equal branches, a skip connection, a nested net in its frame."""
    inner = keras.Input((16,))
    hidden = layers.Dropout(0.1, name="dropout")(inner)
    hidden = layers.Dense(16, activation="relu", name="nonlinear")(hidden)
    block = keras.Model(inner, layers.Add(name="sum")([inner, hidden]), name="block")
    features = keras.Input((16,), name="features")
    nets = [
        layers.Dense(16, activation="relu", name=f"net_{at}")(features)
        for at in (1, 2, 3)
    ]
    joined = layers.Dense(16, name="joined")(layers.Average(name="average")(nets))
    segment = layers.Dense(4, activation="softmax", name="segment")(block(joined))
    model = keras.Model(features, segment, name="net")
    return NetworkDisplay.from_model(model).figure_


@pytest.mark.mpl_image_compare
def test_segment_sizes():
    """Predicted beside actual sizes, with names, an empty segment and noise."""
    y_pred = [0] * 50 + [1] * 30 + [-1] * 8
    y_true = [0] * 40 + [1] * 36 + [2] * 12
    names = {0: "families with a car on lease", 1: "savers"}
    return SegmentSizesDisplay.from_predictions(
        y_pred, y_true=y_true, names=names
    ).figure_
