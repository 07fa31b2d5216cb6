"""generalization_gap: what the curves of a training say about new rows."""

import numpy as np
import pytest

from segmentlearn.metrics import generalization_gap

_FALLING = [1.0, 0.8, 0.65, 0.55, 0.48, 0.43, 0.4, 0.38]
_LEVEL = [1.1, 0.9, 0.8, 0.75, 0.74, 0.74, 0.741, 0.742]


def test_numbers_are_those_of_the_best_epoch():
    """Losses there, their gap, and the rise to the median of the last three epochs."""
    val_loss = [1.1, 0.7, 0.8, 0.9, 1.0]
    result = generalization_gap({"loss": _FALLING[:5], "val_loss": val_loss})
    assert (result.best_epoch, result.n_epochs) == (2, 5)
    assert (result.training_loss, result.validation_loss) == (0.8, 0.7)
    assert result.gap == pytest.approx(-0.1)
    assert result.rise == pytest.approx(0.2)


def test_rising_held_out_loss_overfits():
    """The sentence names the epoch, and is what print shows."""
    history = {"loss": _FALLING, "val_loss": [1.1, 0.9, 0.8, 0.85, 0.9, 1, 1.1, 1.2]}
    result = generalization_gap(history)
    assert result.state == "overfits"
    assert str(result).startswith("overfits after epoch 3: held-out loss rises from")


def test_rising_losses_are_no_overfitting():
    """Where training loss rises as well, the training is unstable."""
    loss = [1.0, 0.8, 0.6, 0.9, 1.2, 1.5]
    result = generalization_gap({"loss": loss, "val_loss": loss})
    assert result.state == "unstable"


def test_level_held_out_loss_is_no_sign():
    """A rise within the tolerance is none, however large the gap."""
    result = generalization_gap({"loss": _FALLING, "val_loss": _LEVEL})
    assert result.state == "no_sign"
    assert result.gap > 0.2


def test_tolerance_decides():
    """The same curves overfit where no rise is forgiven."""
    history = {"loss": _FALLING, "val_loss": [1.1, 0.9, 0.8, 0.82, 0.84, *[0.85] * 3]}
    assert generalization_gap(history, tol=0.5).state == "no_sign"
    assert generalization_gap(history, tol=0.0).state == "overfits"


def test_jitter_is_no_rise():
    """A loss that jumps to and fro has not risen."""
    val_loss = 0.5 + 0.05 * np.array([2, 1, -1, 1, -1, 1, -1, 1, -0.9, 1])
    result = generalization_gap({"loss": np.linspace(1, 0, 10), "val_loss": val_loss})
    assert result.state == "no_sign"


def test_falling_to_the_end():
    """More epochs may help."""
    result = generalization_gap({"loss": _FALLING, "val_loss": _FALLING})
    assert result.state == "falling"
    assert "more epochs may help" in result.verdict


def test_training_loss_above_is_no_underfitting():
    """Dropout is on there: the verdict does not depend on the training loss' level."""
    low = generalization_gap({"loss": _FALLING, "val_loss": _LEVEL})
    high = generalization_gap({"loss": np.add(_FALLING, 5), "val_loss": _LEVEL})
    assert high.gap < 0
    assert high.verdict == low.verdict


@pytest.mark.parametrize("val_loss", [{}, {"val_loss": [np.nan] * 8}])
def test_nothing_held_out(val_loss):
    """Without held-out loss nothing is known about new rows."""
    result = generalization_gap({"loss": _FALLING, **val_loss})
    assert (result.state, result.best_epoch) == ("unknown", None)
    assert result.training_loss == 0.38
    assert np.isnan(result.gap)


def test_two_epochs_are_too_few():
    """A rise from one epoch to the next says nothing."""
    result = generalization_gap({"loss": [1.0, 0.5], "val_loss": [1.0, 2.0]})
    assert result.state == "unknown"


def test_missing_epochs_are_left_out():
    """NaN in single epochs, as after partial_fit."""
    val_loss = [np.nan, 1.1, np.nan, 0.8, 0.9, 1.0]
    result = generalization_gap({"loss": _FALLING[:6], "val_loss": val_loss})
    assert (result.best_epoch, result.state) == (4, "overfits")


def test_packed_nets_are_judged_by_what_they_stop_on():
    """The loss of the members' average, unless another is asked for."""
    history = {
        "loss": _FALLING,
        "val_loss": _FALLING,
        "log_loss": _FALLING,
        "val_log_loss": _LEVEL,
    }
    assert generalization_gap(history).measure == "log_loss"
    assert generalization_gap(history, measure="loss").state == "falling"


def test_folds_are_judged_by_their_median():
    """Up to the last epoch that half of the nets have reached."""
    lengths = (8, 4, 3)
    nets = [
        {"loss": _FALLING[:n], "val_loss": np.add(_LEVEL[:n], shift)}
        for n, shift in zip(lengths, (0.0, 0.1, 0.2), strict=True)
    ]
    result = generalization_gap(nets)
    assert result.n_epochs == 4
    assert result.validation_loss == pytest.approx(0.85)


def test_a_good_net_that_stops_early_is_no_rise():
    """It keeps its last value, so that the median of the others does not jump."""
    long = {"loss": _FALLING, "val_loss": np.add(_LEVEL, 1.0)}
    good = {"loss": _FALLING[:6], "val_loss": _LEVEL[:6]}
    result = generalization_gap([good, good, long, long, long, good])
    assert result.state == "no_sign"
    assert result.rise < 0.01


def test_broken_training_is_reported():
    """A loss that is not finite is named with its epoch."""
    result = generalization_gap({"loss": [1.0, np.nan], "val_loss": [1.0, np.nan]})
    assert result.state == "unstable"
    assert "epoch 2" in result.verdict


@pytest.mark.parametrize(
    ("history", "measure", "error", "message"),
    [
        ({}, "auto", ValueError, "no epoch"),
        ({"loss": []}, "auto", ValueError, "no epoch"),
        ([], "auto", ValueError, "empty list"),
        ([[1.0]], "auto", TypeError, "not list"),
        ({"loss": [1.0]}, "mae", ValueError, "measure='mae' is not in the history"),
        ({"loss": [1.0, 0.5], "val_loss": [1.0]}, "auto", ValueError, "one an epoch"),
    ],
)
def test_what_cannot_be_judged(history, measure, error, message):
    """Errors say what is missing."""
    with pytest.raises(error, match=message):
        generalization_gap(history, measure=measure)
