"""SegmentMigrationDisplay: a matrix and flows."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from segmentlearn import segment_migration
from segmentlearn.plotting import SegmentMigrationDisplay

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    """Leave no figure open."""
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture(scope="module")
def moved():
    """Of a hundred customers some moved, left and entered."""
    rng = np.random.default_rng(0)
    before = rng.integers(3, size=100)
    now = np.where(rng.random(100) < 0.2, rng.integers(4, size=100), before)
    old = pd.DataFrame({"no": range(100), "worth": 1.0})
    new = pd.DataFrame({"no": range(10, 110), "worth": 2.0})
    return segment_migration(
        before, np.roll(now, -10), old, new, key="no", value="worth"
    )


@pytest.mark.mpl_image_compare
def test_segment_migration(moved):
    """The whole picture."""
    return SegmentMigrationDisplay.from_result(moved).figure_


def test_cells_are_shares_of_the_rows(moved):
    """Of those who were in a segment; a dot is nobody."""
    matrix, _ = SegmentMigrationDisplay.from_result(moved).axes_
    texts = [text.get_text() for text in matrix.texts]
    assert len(texts) == 25
    share = moved.counts.iloc[0, 0] / moved.counts.iloc[0].sum()
    assert texts[0] == f"{share:.0%}"
    assert texts[-1] == "·"
    assert [t.get_text() for t in matrix.get_yticklabels()][-1] == "entered"


def test_flows_have_the_width_of_customers(moved):
    """One for each pair that has some."""
    _, flows = SegmentMigrationDisplay.from_result(moved).axes_
    assert len(flows.collections) == (moved.counts.to_numpy() > 0).sum()
    heights = [bar.get_height() for bar in flows.containers[0]]
    expected = moved.counts.sum(axis=1) / moved.counts.to_numpy().sum()
    np.testing.assert_allclose(heights, expected)


def test_weighted_by_value(moved):
    """Which labels without values cannot be."""
    matrix, _ = SegmentMigrationDisplay.from_result(moved, weighted=True).axes_
    assert matrix.get_title() == "Share of each row's value"
    frame = pd.DataFrame({"no": range(3)})
    bare = segment_migration([0, 0, 1], [0, 1, 1], frame, frame, key="no")
    with pytest.raises(ValueError, match="weighted=True needs values"):
        SegmentMigrationDisplay.from_result(bare, weighted=True)


def test_own_axes(moved):
    """Two of them, drawn on as they are."""
    _, axes = matplotlib.pyplot.subplots(1, 2)
    display = SegmentMigrationDisplay.from_result(moved, axes=axes)
    assert display.figure_ is axes[0].figure
    with pytest.raises(ValueError, match="1 axes and there are 2 panels"):
        display.plot(axes=axes[0])
