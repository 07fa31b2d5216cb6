"""Pictures of nets look as they did: compared with the folder `baseline`.

After a wanted change draw them anew, and look at each:
``pytest -n 0 --mpl-generate-path=tests/plotting/baseline tests/plotting``.
"""

import numpy as np
import pytest

from segmentlearn.plotting import (
    NetworkDisplay,
    SegmentSizesDisplay,
    TrainingHistoryDisplay,
)
from segmentlearn.plotting._networks._network_graph import LayerNode

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
    """Branches alike, a skip connection, a nested net in its frame."""
    kinds = ["InputLayer", *["Dense"] * 3, "Dense", "Dropout", "Dense", "Add", "Dense"]
    sources = [[], [0], [0], [0], [1, 2, 3], [4], [5], [4, 6], [7]]
    names = ["features", "net_1", "net_2", "net_3", "joined", "dropout", "bent", "sum"]
    nodes = [
        LayerNode(
            name=name,
            kind=kind,
            detail={"Dense": "relu", "Dropout": "0.1"}.get(kind, ""),
            shape="(None, 16)",
            n_params=272 if kind == "Dense" else 0,
            sources=own,
            groups=("block",) if name in ("dropout", "bent", "sum") else (),
        )
        for name, kind, own in zip([*names, "segment"], kinds, sources, strict=True)
    ]
    return NetworkDisplay(nodes=nodes, name="net", n_params=1632).plot().figure_


@pytest.mark.mpl_image_compare
def test_segment_sizes():
    """Predicted beside actual sizes, with names, an empty segment and noise."""
    y_pred = [0] * 50 + [1] * 30 + [-1] * 8
    y_true = [0] * 40 + [1] * 36 + [2] * 12
    names = {0: "families with a car on lease", 1: "savers"}
    return SegmentSizesDisplay.from_predictions(
        y_pred, y_true=y_true, names=names
    ).figure_
