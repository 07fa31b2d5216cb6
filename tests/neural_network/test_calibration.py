"""Calibration on held-out rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from segmentlearn.neural_network._segment_classifier._calibration import (
    calibrate_average,
    fit_calibration,
)


def draw(n_rows, n_classes, seed=0):
    """Return logits, and classes drawn from the probabilities they stand for."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n_rows, n_classes)) * 2
    shares = np.cumsum(softmax(logits, axis=1), axis=1)
    codes = (shares < rng.random((n_rows, 1))).sum(axis=1)
    return logits, np.minimum(codes, n_classes - 1)


def log_loss(logits, codes, weights=None):
    """Return the weighted mean of the cross-entropy."""
    by_row = -log_softmax(logits, axis=1)[np.arange(len(codes)), codes]
    return np.average(by_row, weights=weights)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_temperature_undoes_a_factor(factor):
    """Logits that are too large or too small are put right."""
    logits, codes = draw(4000, 4)
    slope, shift = fit_calibration(factor * logits, codes, None, "temperature")
    assert slope == pytest.approx(1 / factor, rel=0.1)
    assert not shift.any()


def test_affine_undoes_a_shift():
    """A class that is named too often is named less."""
    logits, codes = draw(4000, 2)
    _, shift = fit_calibration(logits + np.array([0.0, 1.0]), codes, None, "affine")
    assert shift[1] - shift[0] == pytest.approx(-1.0, abs=0.15)


def test_right_logits_stay():
    """There is next to nothing to change."""
    slope, shift = fit_calibration(*draw(4000, 2), None, "auto")
    assert slope == pytest.approx(1.0, abs=0.1)
    assert np.abs(shift).max() < 0.15


@pytest.mark.parametrize("n_rows", [0, 1, 299])
def test_few_rows_change_nothing(n_rows):
    """What they say is more about themselves than about new customers."""
    logits, codes = draw(n_rows, 3)
    slope, shift = fit_calibration(5 * logits, codes, None, "auto")
    assert slope == 1.0
    assert not shift.any()


def test_a_rare_class_moves_no_shift():
    """Below fifty rows of one class there is a slope alone."""
    logits, codes = draw(1000, 2)
    rare = np.flatnonzero(codes == 1)[40:]
    kept = np.setdiff1d(np.arange(1000), rare)
    _, shift = fit_calibration(logits[kept], codes[kept], None, "auto")
    assert not shift.any()


def test_rows_of_weight_zero_do_not_count():
    """Weights are those of the training loss."""
    logits, codes = draw(2000, 3)
    wrong = np.arange(2000) >= 1000
    codes[wrong] = (codes[wrong] + 1) % 3
    weighted, _ = fit_calibration(logits, codes, 1.0 - wrong, "temperature")
    assert weighted == pytest.approx(1.0, abs=0.1)
    assert fit_calibration(logits, codes, None, "temperature")[0] < 0.7


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_classes=st.integers(2, 5),
    factor=st.floats(0.01, 100),
    n_rows=st.integers(1, 600),
    method=st.sampled_from(["auto", "temperature", "affine"]),
)
def test_the_log_loss_never_rises(seed, n_classes, factor, n_rows, method):
    """Whatever the logits, held-out rows are described at least as well as before."""
    logits, codes = draw(n_rows, n_classes, seed)
    logits *= factor
    weights = np.random.default_rng(seed).random(n_rows) + 0.1
    slope, shift = fit_calibration(logits, codes, weights, method)
    assert slope > 0
    after = log_loss(slope * logits + shift, codes, weights)
    assert after <= log_loss(logits, codes, weights) + 1e-9


def noisy_nets(n_classes, noise, seed=0, n_rows=4000, n_nets=5):
    """Draw true logits, what nets say of them, and segments."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1.5, (n_rows, n_classes))
    truth[:, 0] += 1.0  # the first class is the most frequent
    nets = truth + rng.normal(0, noise, (n_nets, n_rows, n_classes))
    share = softmax(truth, axis=1).cumsum(axis=1)
    codes = (rng.random((n_rows, 1)) > share).sum(axis=1)
    return nets, codes


@pytest.mark.parametrize("n_classes", [2, 4])
def test_an_average_is_surer_than_its_nets(n_classes):
    """What follows without labels is what labels would have shown of the average."""
    nets, codes = noisy_nets(n_classes, noise=1.0)
    alone = fit_calibration(nets[0], codes, None, "auto")
    slope, shift = calibrate_average(nets, *alone, None)
    wanted, _ = fit_calibration(nets.mean(axis=0), codes, None, "auto")
    assert alone[0] * 1.1 < slope
    assert slope == pytest.approx(wanted, rel=0.06)
    losses = [
        log_loss(factor * nets.mean(axis=0) + moved, codes)
        for factor, moved in (alone, (slope, shift))
    ]
    assert losses[1] < losses[0]


def test_nets_that_agree_need_no_more_confidence():
    """Without noise the average is a net like the others."""
    nets, codes = noisy_nets(3, noise=0.0)
    alone = fit_calibration(nets[0], codes, None, "temperature")
    slope, shift = calibrate_average(nets, *alone, None)
    assert slope == pytest.approx(alone[0], rel=1e-3)
    assert not shift.any()


def test_rows_of_weight_zero_do_not_move_an_average():
    """As if they were not there."""
    nets, codes = noisy_nets(2, noise=0.7)
    alone = fit_calibration(nets[0], codes, None, "affine")
    weights = (np.arange(4000) < 1000).astype(float)
    some = calibrate_average(nets[:, :1000], *alone, None)
    weighted = calibrate_average(nets, *alone, weights)
    np.testing.assert_allclose(some[0], weighted[0], rtol=1e-4)
    np.testing.assert_allclose(some[1], weighted[1], atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n_classes=st.integers(2, 5),
    noise=st.floats(0, 3),
    slope=st.floats(0.3, 3),
)
def test_an_average_is_never_less_sure(seed, n_classes, noise, slope):
    """Whatever the nets say, the slope stays within bounds and finite."""
    nets, _ = noisy_nets(n_classes, noise, seed, n_rows=200, n_nets=3)
    found, shift = calibrate_average(nets, slope, np.zeros(n_classes), None)
    assert slope <= found <= 1.5 * slope + 1e-9
    assert np.isfinite(shift).all()


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_classes=st.integers(2, 4),
    n_rows=st.integers(400, 600),
    heavy=st.floats(100, 10**6),
)
def test_calibration_helps_the_rows_that_weigh(seed, n_classes, n_rows, heavy):
    """Many light rows that are right do not outvote a few heavy ones that are not."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=0.5, size=(n_rows, n_classes))
    is_heavy = np.arange(n_rows) % 4 == 0
    drawn = rng.integers(0, n_classes, n_rows)
    y = np.where(is_heavy, drawn, logits.argmax(axis=1))
    weights = np.where(is_heavy, heavy, rng.random(n_rows) > 0.3)
    slope, shift = fit_calibration(logits, y, weights, "auto")

    def loss(scaled):
        by_row = -log_softmax(scaled, axis=1)[np.arange(n_rows), y]
        return np.average(by_row, weights=weights)

    assert loss(slope * logits + shift) < loss(logits)


@pytest.mark.parametrize("factor", [1e-3, 1e4])
def test_only_the_ratios_of_weights_calibrate(factor):
    """Weights that sum to a population calibrate like those that sum to one."""
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(400, 3)) * 3, rng.integers(0, 3, 400)
    weights = rng.random(400)
    one, _ = fit_calibration(logits, y, weights, "temperature")
    other, _ = fit_calibration(logits, y, factor * weights, "temperature")
    assert other == pytest.approx(one, rel=1e-4)


def test_more_than_two_classes_have_no_shift():
    """Affine calibration of many classes is a slope alone."""
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(600, 3)) * 3, rng.integers(0, 3, 600)
    slope, shift = fit_calibration(logits, y, None, "affine")
    assert slope < 0.9
    np.testing.assert_array_equal(shift, np.zeros(3))
