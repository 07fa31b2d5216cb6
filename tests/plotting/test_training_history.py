"""TrainingHistoryDisplay: the curves of a training, and its verdict."""

import matplotlib
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from segmentlearn.plotting import TrainingHistoryDisplay

matplotlib.use("Agg")

_HISTORY = {
    "loss": [1.0, 0.8, 0.6, 0.4, 0.3],
    "val_loss": [1.1, 0.9, 0.8, 0.9, 1.0],
    "accuracy": [0.5, 0.6, 0.7, 0.8, 0.9],
    "val_accuracy": [0.5, 0.6, 0.65, 0.65, 0.66],
    "learning_rate": [0.1] * 5,
}


class _Net(BaseEstimator):
    """What a fitted net keeps of its training."""

    def __init__(self, history=None, best_epoch=None):
        self.history = history
        self.best_epoch = best_epoch

    def fit(self, X=None, y=None):
        if self.history is not None:
            self.history_ = self.history
        self.best_epoch_ = self.best_epoch
        return self


@pytest.fixture(autouse=True)
def _close_figures():
    """Leave no figure open."""
    yield
    matplotlib.pyplot.close("all")


def _labels(ax):
    return [line.get_label() for line in ax.lines]


def test_a_panel_for_each_measure():
    """Loss and metrics, not the learning rate; the curves are the history's values."""
    display = TrainingHistoryDisplay.from_history(_HISTORY)
    assert display.measures_ == ["loss", "accuracy"]
    line = display.ax_.lines[_labels(display.ax_).index("held out")]
    assert line.get_ydata().tolist() == _HISTORY["val_loss"]
    assert line.get_xdata().tolist() == [1, 2, 3, 4, 5]


def test_title_is_the_verdict():
    """In words."""
    display = TrainingHistoryDisplay.from_history(_HISTORY)
    title = display.ax_.get_title(loc="left").replace("\n", " ")
    assert title == str(display.gaps_[None])
    assert title.startswith("overfits after epoch 3")


def test_best_epoch_is_marked():
    """At the lowest held-out loss, in each panel."""
    display = TrainingHistoryDisplay.from_history(_HISTORY)
    for ax, value in zip(display.axes_, (0.8, 0.65), strict=True):
        mark = ax.lines[_labels(ax).index("lowest held-out loss, epoch 3")]
        assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (3, value)


def test_folds_are_thin_and_their_median_strong():
    """Three folds and a median, of training and of held-out rows."""
    folds = [
        {"loss": np.add(_HISTORY["loss"], shift), "val_loss": _HISTORY["val_loss"]}
        for shift in (0.0, 0.1, 0.5)
    ]
    display = TrainingHistoryDisplay.from_history(folds)
    curves = [line for line in display.ax_.lines if len(line.get_xdata()) == 5]
    strong = [line for line in curves if line.get_linewidth() > 2]
    assert len(curves) == 8
    assert strong[0].get_ydata() == pytest.approx(np.add(_HISTORY["loss"], 0.1))


def test_several_nets_are_overlaid():
    """Each with its name, and the short verdict in the title."""
    other = {"loss": [1.0, 0.5, 0.4]}
    display = TrainingHistoryDisplay.from_history({"wide": _HISTORY, "narrow": other})
    names = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert names == ["wide, training", "wide, held out", "narrow, training"]
    assert display.ax_.get_title(loc="left") == (
        "wide: overfits after epoch 3\nnarrow: no held-out loss"
    )


def test_fitted_net_in_a_pipeline():
    """Its history is drawn, and the epochs that its folds have kept."""
    net = make_pipeline("passthrough", _Net(_HISTORY, [2, 3, 3])).fit([[0]])
    display = TrainingHistoryDisplay.from_estimator(net)
    kept = display.ax_.lines[_labels(display.ax_).index("kept epochs of 3 nets")]
    assert list(kept.get_xdata()) == [2, 3, 3]


def test_estimators_of_folds():
    """A list of them is one net in several folds."""
    nets = [_Net(_HISTORY, 3).fit(), _Net(_HISTORY, None).fit()]
    display = TrainingHistoryDisplay.from_estimator({"net": nets})
    assert len(display.histories["net"]) == 2
    assert display.best_epochs == {"net": [3]}


def test_given_axes_are_used():
    """A single one gets the loss; several get a measure each."""
    _, ax = matplotlib.pyplot.subplots()
    display = TrainingHistoryDisplay.from_history(_HISTORY, ax=ax)
    assert display.ax_ is ax
    assert display.measures_ == ["loss"]
    _, axes = matplotlib.pyplot.subplots(2)
    display = TrainingHistoryDisplay.from_history(
        _HISTORY, measures=["accuracy", "loss"], ax=axes
    )
    assert [panel.get_ylabel() for panel in axes] == ["Accuracy", "Loss"]


def test_what_cannot_be_drawn_is_an_error():
    """No history, no such measure, too few axes."""
    with pytest.raises(ValueError, match="_Net keeps no history_"):
        TrainingHistoryDisplay.from_estimator(_Net(best_epoch=1).fit())
    with pytest.raises(ValueError, match="measures has 'mae'"):
        TrainingHistoryDisplay.from_history(_HISTORY, measures=["mae"])
    _, axes = matplotlib.pyplot.subplots(3)
    with pytest.raises(ValueError, match="ax has 3 axes for 2 measures"):
        TrainingHistoryDisplay.from_history(_HISTORY, ax=axes)
    with pytest.raises(ValueError, match="the dict is empty"):
        TrainingHistoryDisplay.from_history({})
