"""SegmentSizesDisplay: how many customers each segment has."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from segmentlearn.plotting import SegmentSizesDisplay

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    """Leave no figure open."""
    yield
    matplotlib.pyplot.close("all")


def _widths(bars):
    return [bar.get_width() for bar in bars]


def _ticks(display):
    return [text.get_text() for text in display.ax_.get_yticklabels()]


def test_bars_are_sizes_with_shares():
    """One a segment, in the order of the labels."""
    display = SegmentSizesDisplay.from_predictions(["B", "A", "B", "B"])
    assert _ticks(display) == ["A", "B"]
    assert _widths(display.bars_[0]) == [1, 3]
    assert [text.get_text() for text in display.ax_.texts] == ["1 (25%)", "3 (75%)"]
    assert display.ax_.get_legend() is None


def test_actual_sizes_beside():
    """Of all segments that occur in either."""
    display = SegmentSizesDisplay.from_predictions([0, 0, 1], y_true=[0, 1, 2])
    assert display.labels == [0, 1, 2]
    assert _widths(display.bars_[0]) == [2, 1, 0]
    assert _widths(display.bars_[1]) == [1, 1, 1]
    legend = display.ax_.get_legend().get_texts()
    assert [text.get_text() for text in legend] == ["predicted", "actual"]


def test_largest_first():
    """Both kinds of bars in the order of the predicted sizes."""
    display = SegmentSizesDisplay.from_predictions(
        ["A", "B", "B"], y_true=["A", "A", "B"], sort=True
    )
    assert _ticks(display) == ["B", "A"]
    assert _widths(display.bars_[0]) == [2, 1]
    assert _widths(display.bars_[1]) == [1, 2]


def test_names_and_noise():
    """Segments are called by their names, and -1 comes last."""
    display = SegmentSizesDisplay.from_predictions([-1, 1, 0], names={0: "savers"})
    assert _ticks(display) == ["0: savers", "1", "noise"]


def test_from_estimator_knows_empty_segments():
    """A class that is predicted for nobody has a bar too."""
    clf = DummyClassifier(strategy="most_frequent").fit(np.zeros((3, 1)), list("aab"))
    display = SegmentSizesDisplay.from_estimator(clf, np.zeros((4, 1)), list("abbb"))
    assert display.labels == ["a", "b"]
    assert display.predicted.tolist() == [4, 0]
    assert display.actual.tolist() == [1, 3]


def test_names_of_an_estimator():
    """Those that it keeps are used."""
    clf = DummyClassifier().fit([[0.0]] * 2, [0, 1])
    clf.segment_names_ = {0: "savers", 1: "spenders"}
    display = SegmentSizesDisplay.from_estimator(clf, [[0.0]])
    assert _ticks(display) == ["0: savers", "1: spenders"]


def test_labels_of_pandas():
    """Categories and strings of pandas are labels like others."""
    labels = pd.Series(["b", "a", "a"], dtype="category")
    display = SegmentSizesDisplay.from_predictions(labels)
    assert display.predicted.tolist() == [2, 1]


def test_what_cannot_be_drawn_is_told():
    """No customers, or others."""
    with pytest.raises(ValueError, match="y_pred is empty"):
        SegmentSizesDisplay.from_predictions([])
    with pytest.raises(ValueError, match="y_pred has 2 customers and y_true 1"):
        SegmentSizesDisplay.from_predictions([0, 1], y_true=[0])
