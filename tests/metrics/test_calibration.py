"""Reliability, calibration error and Brier score against scikit-learn and by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from segmentlearn.metrics import (
    _calibration as calibration,
)
from segmentlearn.metrics import (
    brier_score,
    expected_calibration_error,
    reliability_curve,
)


@pytest.fixture(scope="module")
def calibrated():
    """5,000 outcomes drawn from their probabilities."""
    rng = np.random.default_rng(0)
    proba = rng.beta(1, 3, 5000)
    return (rng.random(5000) < proba).astype(int), proba


@pytest.mark.parametrize("strategy", ["quantile", "uniform"])
def test_curve_is_scikit_learns(calibrated, strategy):
    """The same bins, with counts and intervals beside them."""
    curve = reliability_curve(*calibrated, strategy=strategy)
    shares, means = calibration_curve(*calibrated, n_bins=10, strategy=strategy)
    np.testing.assert_allclose(curve.mean_predicted, means)
    np.testing.assert_allclose(curve.fraction_positive, shares)
    assert curve.counts.sum() == 5000


def test_intervals_are_wilsons():
    """As scipy has them, at no hit too."""
    y, proba = [0, 0, 0, 1, 1, 0], [0.1, 0.1, 0.1, 0.7, 0.7, 0.7]
    curve = reliability_curve(y, proba, n_bins=2, strategy="uniform")
    for at, hits in enumerate((0, 2)):
        expected = binomtest(hits, 3).proportion_ci(method="wilson")
        assert curve.low[at] == pytest.approx(expected.low, abs=1e-12)
        assert curve.high[at] == pytest.approx(expected.high)


def test_error_by_hand():
    """Two bins of two: |0.2 - 0| and |0.7 - 0.5|, a half each."""
    error = expected_calibration_error([0, 0, 1, 0], [0.1, 0.3, 0.6, 0.8], n_bins=2)
    assert error == pytest.approx(0.2)


def test_error_of_equal_width_by_hand():
    """Bins count by their customers."""
    error = expected_calibration_error(
        [0, 0, 0, 1], [0.1, 0.2, 0.3, 0.9], n_bins=2, strategy="uniform"
    )
    assert error == pytest.approx((3 * 0.2 + 0.1) / 4)


def test_ties_are_in_one_bin():
    """So the order of rows does not matter."""
    y, proba = np.array([0, 1, 0, 1]), np.full(4, 0.5)
    assert expected_calibration_error(y, proba, n_bins=2) == 0
    assert len(reliability_curve(y, proba, n_bins=4).counts) == 1


@pytest.mark.parametrize("average", ["auto", "top_label", "classwise"])
def test_calibrated_is_smaller_than_not(calibrated, average):
    """Probabilities that are too sure have a larger error by each definition."""
    y, proba = calibrated
    sure = proba**3 / (proba**3 + (1 - proba) ** 3)
    errors = [expected_calibration_error(y, p, average=average) for p in (proba, sure)]
    assert errors[0] < 0.03 < 0.1 < errors[1]


def test_bias_of_few_customers():
    """The documented size: calibrated probabilities of 0.5, 15 bins, 400 rows."""
    rng = np.random.default_rng(0)
    errors = [
        expected_calibration_error(rng.random(400) < 0.5, rng.normal(0.5, 1e-6, 400))
        for _ in range(50)
    ]
    assert np.mean(errors) == pytest.approx(np.sqrt(0.5 * 15 / (np.pi * 400)), rel=0.1)


def test_top_label_by_hand():
    """Confidence 0.6, 0.5 and 0.7 in one bin, two of three right."""
    proba = [[0.6, 0.2, 0.2], [0.3, 0.5, 0.2], [0.1, 0.2, 0.7]]
    error = expected_calibration_error(["A", "B", "A"], proba, n_bins=1,
                                       labels=["A", "B", "C"])  # fmt: skip
    assert error == pytest.approx(abs(0.6 - 2 / 3))


def test_classwise_by_hand():
    """The mean of the classes' own errors, here in one bin each."""
    proba = np.array([[0.6, 0.2, 0.2], [0.3, 0.5, 0.2], [0.1, 0.2, 0.7]])
    error = expected_calibration_error(
        ["A", "B", "A"], proba, n_bins=1, average="classwise", labels=["A", "B", "C"]
    )
    shares = np.array([2, 1, 0]) / 3
    assert error == pytest.approx(np.abs(proba.mean(axis=0) - shares).mean())


def test_missing_class_needs_labels():
    """Which the error says."""
    with pytest.raises(ValueError, match=r"labels=classifier\.classes_"):
        expected_calibration_error(["A", "B"], np.full((2, 3), 1 / 3))


def test_brier_score_of_two_classes(calibrated):
    """As scikit-learn's, from one column or two."""
    y, proba = calibrated
    both = np.column_stack([1 - proba, proba])
    expected = brier_score_loss(y, proba)
    assert brier_score(y, proba) == pytest.approx(expected)
    assert brier_score(pd.Series(np.where(y, "yes", "no")), both) == pytest.approx(
        expected
    )


@pytest.fixture(params=["own", "scikit-learn"])
def way(request, monkeypatch):
    """With scikit-learn's function for several classes, and as before 1.7."""
    if request.param == "own":
        monkeypatch.setattr(calibration, "brier_score_loss", lambda y_true, y_proba: 0)


@pytest.mark.usefixtures("way")
def test_brier_score_of_three_classes():
    """The value in scikit-learn's documentation."""
    proba = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6]]
    y = ["eggs", "ham", "spam"]
    assert brier_score(y, proba) == pytest.approx(0.146, abs=1e-3)
    assert brier_score(y, proba, scale_by_half=True) == pytest.approx(0.073, abs=1e-3)


def test_missing_probability():
    """Is an error that names it."""
    with pytest.raises(ValueError, match="proba"):
        brier_score([0, 1], [0.1, np.nan])
