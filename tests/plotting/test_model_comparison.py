"""The picture of a comparison of models."""

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB

from segmentlearn.model_selection import compare_models
from segmentlearn.plotting import BLUE, ModelComparisonDisplay

mpl.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(scope="module")
def result():
    """Bayes beside the majority and a duplicate of itself."""
    baselines = {"majority": DummyClassifier(strategy="prior"), "copy": GaussianNB()}
    X, y = load_iris(return_X_y=True)
    return compare_models(GaussianNB(), X, y, baselines=baselines, random_state=0)


@pytest.fixture(autouse=True)
def _close():
    """Leave no figure open."""
    yield
    plt.close("all")


def test_a_row_for_each_baseline(result):
    """With the verdict below the name."""
    display = ModelComparisonDisplay.from_result(result).plot()
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == ["majority\n(beaten)", "copy\n(undecided)"]


def test_dots_stand_at_the_differences(result):
    """In the colour of the verdict."""
    display = ModelComparisonDisplay.from_result(result).plot()
    dots = [line for line in display.ax_.lines if line.get_marker() == "o"]
    assert [dot.get_xdata()[0] for dot in dots] == display.differences.tolist()
    assert [dot.get_color() for dot in dots] == [BLUE, "#7F7F7F"]


def test_any_measure_can_be_drawn(result):
    """Not only that of the verdict."""
    display = ModelComparisonDisplay.from_result(result, measure="accuracy")
    rows = result.differences[result.differences["measure"] == "accuracy"]
    np.testing.assert_array_equal(display.differences, rows["difference"])


def test_an_unknown_measure_is_named(result):
    """With those that there are."""
    with pytest.raises(ValueError, match=r"'gini'.*log_loss"):
        ModelComparisonDisplay.from_result(result, measure="gini")


def test_the_axes_of_the_caller_are_used(result):
    """No other figure is made."""
    _, ax = plt.subplots()
    assert ModelComparisonDisplay.from_result(result).plot(ax=ax).ax_ is ax
    assert len(plt.get_fignums()) == 1
