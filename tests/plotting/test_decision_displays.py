"""The displays of decisions draw the numbers of the measures."""

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, precision_score, recall_score
from sklearn.tree import DecisionTreeClassifier

from segmentlearn import tune_threshold
from segmentlearn.metrics import (
    cumulative_gain_curve,
    lift_curve,
    profit_at_budget,
    reliability_curve,
)
from segmentlearn.plotting import (
    CalibrationDisplay,
    ConfusionMatrixDisplay,
    GainDisplay,
    LiftDisplay,
    PrecisionRecallDisplay,
    ProfitDisplay,
    ThresholdDisplay,
)

mpl.use("Agg")
import matplotlib.pyplot as plt

MONEY = {"benefit": 10, "cost": 2, "random_state": 0}


@pytest.fixture(autouse=True)
def _close():
    """Leave no figure open."""
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def bank():
    """300 customers with text labels, and two classifiers of them."""
    X, y = make_classification(300, weights=[0.8], random_state=0)
    y = np.where(y == 1, "yes", "no")
    return (
        X,
        y,
        LogisticRegression().fit(X, y),
        DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y),
    )


@pytest.fixture(scope="module")
def segments():
    """150 customers of three segments and a classifier of them."""
    X, y = make_classification(150, n_classes=3, n_informative=4, random_state=0)
    y = np.array(["A", "B", "C"])[y]
    return X, y, LogisticRegression().fit(X, y)


@pytest.mark.parametrize(
    ("display", "curve"),
    [(GainDisplay, cumulative_gain_curve), (LiftDisplay, lift_curve)],
)
def test_gain_and_lift_draw_their_curves(bank, display, curve):
    """From an estimator as from its predictions."""
    X, y, net, _ = bank
    proba = net.predict_proba(X)[:, 1]
    share, values, _ = curve(y, proba, pos_label="yes")
    for drawn in (
        display.from_estimator(net, X, y),
        display.from_predictions(y, proba, pos_label="yes"),
    ):
        line = drawn.lines_[0]
        kept = np.isin(share, line.get_xdata())
        assert kept.sum() == len(line.get_xdata()) > 200
        np.testing.assert_array_equal(line.get_ydata(), values[kept])


@pytest.mark.parametrize(
    ("display", "how"),
    [
        (GainDisplay, {}),
        (LiftDisplay, {}),
        (ProfitDisplay, MONEY),
        (CalibrationDisplay, {}),
    ],
)
def test_several_estimators_in_one_picture(bank, display, how):
    """Each by its name in the legend."""
    X, y, net, tree = bank
    drawn = display.from_estimator({"net": net, "tree": tree}, X, y, **how)
    legend = " ".join(text.get_text() for text in drawn.ax_.get_legend().get_texts())
    assert "net" in legend
    assert "tree" in legend
    assert list(drawn.curves) == ["net", "tree"]


@pytest.mark.parametrize(
    ("display", "how"),
    [
        (GainDisplay, {}),
        (LiftDisplay, {}),
        (ProfitDisplay, MONEY),
        (ThresholdDisplay, {}),
        (CalibrationDisplay, {}),
        (ConfusionMatrixDisplay, {}),
        (PrecisionRecallDisplay, {}),
    ],
)
def test_axes_of_the_caller_are_used(bank, display, how):
    """No further figure is made."""
    X, y, net, _ = bank
    plt.close("all")
    figure, ax = plt.subplots()
    if display is PrecisionRecallDisplay:
        how = {"pos_label": "yes"}
    drawn = display.from_estimator(net, X, y, ax=ax, **how)
    assert drawn.ax_ is ax
    assert drawn.figure_ is figure
    assert plt.get_fignums() == [figure.number]


def test_profit_marks_the_best_budget(bank):
    """Which is the highest point of the curve, and what a campaign of it earns."""
    X, y, net, _ = bank
    drawn = ProfitDisplay.from_estimator(net, X, y, **MONEY)
    (share, best), (_, profit, low, high) = (
        next(iter(by_name.values())) for by_name in (drawn.best_, drawn.curves)
    )
    earned = profit_at_budget(
        y, net.predict_proba(X)[:, 1], pos_label="yes", budget=share, **MONEY
    )
    assert best == profit.max() == pytest.approx(earned.profit, abs=5)
    assert (low <= high).all()
    assert (low < profit)[1:-1].any()


def test_profit_band_is_that_of_the_campaign(bank):
    """At half of the customers, with the same samples."""
    X, y, net, _ = bank
    drawn = ProfitDisplay.from_estimator(net, X, y, n_bootstrap=100, **MONEY)
    contacted, _, low, high = next(iter(drawn.curves.values()))
    at = int(np.flatnonzero(contacted == 0.5)[0])
    earned = profit_at_budget(
        y, net.predict_proba(X)[:, 1], pos_label="yes", budget=0.5, n_bootstrap=100,
        **MONEY,
    )  # fmt: skip
    assert (low[at], high[at]) == pytest.approx((earned.low, earned.high))


def test_threshold_of_a_tuned_classifier_is_marked(bank):
    """With precision and recall of its decisions in the legend."""
    X, y, net, _ = bank
    tuned = tune_threshold(net, y, proba=net.predict_proba(X))
    drawn = ThresholdDisplay.from_estimator(tuned, X, y)
    legend = [text.get_text() for text in drawn.ax_.get_legend().get_texts()]
    decided = tuned.predict(X)
    precision = precision_score(y, decided, pos_label="yes")
    recall = recall_score(y, decided, pos_label="yes")
    assert drawn.threshold == tuned.threshold
    assert f"precision ({precision:.0%})" in legend
    assert f"recall ({recall:.0%})" in legend
    assert f"queue rate ({(decided == 'yes').mean():.0%})" in legend


def test_threshold_above_all_probabilities(bank):
    """Contacts nobody, which the legend shows."""
    _, y, _, _ = bank
    drawn = ThresholdDisplay.from_predictions(
        y, np.linspace(0, 0.5, len(y)), pos_label="yes", threshold=0.9
    )
    legend = [text.get_text() for text in drawn.ax_.get_legend().get_texts()]
    assert "queue rate (0%)" in legend


def test_reliability_draws_bins_and_counts(bank):
    """The points of the curve above, the customers of each bin below."""
    X, y, net, _ = bank
    curve = reliability_curve(y, net.predict_proba(X), n_bins=5)
    drawn = CalibrationDisplay.from_estimator(net, X, y, n_bins=5)
    points = drawn.ax_.containers[0].lines[0]
    np.testing.assert_array_equal(points.get_xdata(), curve.mean_predicted)
    np.testing.assert_array_equal(points.get_ydata(), curve.fraction_positive)
    counts = drawn.counts_ax_.get_lines()[0]
    np.testing.assert_array_equal(counts.get_ydata(), curve.counts)
    assert "ECE" in drawn.ax_.get_legend().get_texts()[1].get_text()


def test_each_of_several_classes_is_drawn_against_the_rest(segments):
    """By its name."""
    X, y, clf = segments
    drawn = CalibrationDisplay.from_estimator(clf, X, y, n_bins=4)
    curve = reliability_curve(y == "B", clf.predict_proba(X)[:, 1], n_bins=4)
    assert list(drawn.curves) == ["A", "B", "C"]
    np.testing.assert_array_equal(drawn.curves["B"], curve)


def test_campaign_pictures_are_for_two_classes(segments):
    """The error explains how to draw one segment."""
    X, y, clf = segments
    with pytest.raises(ValueError, match="y == segment"):
        GainDisplay.from_estimator(clf, X, y)


def test_confusion_matrix_has_counts_and_shares(segments):
    """Colours are shares of the true class; the counts stay in the display."""
    X, y, clf = segments
    drawn = ConfusionMatrixDisplay.from_estimator(clf, X, y)
    counts = confusion_matrix(y, clf.predict(X))
    shares = counts / counts.sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(drawn.confusion_matrix, counts)
    np.testing.assert_allclose(drawn.im_.get_array(), shares)
    assert drawn.text_[0, 1].get_text() == f"{counts[0, 1]}\n{shares[0, 1]:.0%}"


def test_class_without_customers_has_no_share():
    """A row of zeros is drawn as such."""
    drawn = ConfusionMatrixDisplay.from_predictions(
        ["A", "A"], ["A", "B"], labels=["A", "B"]
    )
    assert drawn.text_[1, 0].get_text() == "0\n0%"


def test_precision_recall_has_a_colour_for_each_curve(bank):
    """And the level of random choice once."""
    X, y, net, tree = bank
    first = PrecisionRecallDisplay.from_estimator(net, X, y)
    second = PrecisionRecallDisplay.from_estimator(tree, X, y, ax=first.ax_)
    assert first.line_.get_color() != second.line_.get_color()
    labels = [text.get_text() for text in first.ax_.get_legend().get_texts()]
    assert labels.count("random") == 1


@pytest.mark.parametrize("label", ["price-conscious families", "Unwrappablecustomers"])
def test_names_of_classes_do_not_overlap(label):
    """They are broken into lines, or turned where that is not enough."""
    names = [f"{letter} {label}" for letter in "abc"]
    drawn = ConfusionMatrixDisplay.from_predictions(names, names)
    drawn.figure_.draw_without_rendering()
    ticks = drawn.ax_.get_xticklabels()
    boxes = [tick.get_window_extent() for tick in ticks]
    if not ticks[0].get_rotation():
        assert boxes[0].x1 < boxes[1].x0
        assert boxes[1].x1 < boxes[2].x0
    assert bool(ticks[0].get_rotation()) == (label == "Unwrappablecustomers")
