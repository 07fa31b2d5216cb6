"""Pictures of a report: one scale, whole names."""

import numpy as np
import pytest

from segmentlearn.report import _pictures as pictures
from segmentlearn.report._drivers import draw_drivers
from segmentlearn.report._pictures import draw_bars, wrap_label


@pytest.fixture
def drawn(monkeypatch):
    """Keep the axes of the last picture."""
    kept = []
    finish = pictures._finish

    def keep(ax, words):
        kept.append(ax)
        return finish(ax, words)

    monkeypatch.setattr(pictures, "_finish", keep)
    return kept


def test_areas_have_the_axis_of_their_numbers(drawn):
    """Bars end at the area that is written beside, on an axis from 0.5 to 1."""
    draw_drivers([("Age", 0.79), ("Town", 0.6)])
    (ax,) = drawn
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    assert np.allclose(ends, [0.79, 0.6])
    assert np.allclose(ax.get_xticks()[[0, -1]], [0.5, 1.0])
    assert ax.get_xlim()[0] == 0.5


def test_column_that_tells_nothing_has_its_number_and_no_bar(drawn):
    """An area at or below 0.5 is written, not drawn."""
    draw_drivers([("Age", 0.79), ("Town", 0.503), ("Gender", 0.47)])
    (ax,) = drawn
    assert [bar.get_width() for bar in ax.patches[1:]] == [0, 0]
    assert [text.get_text() for text in ax.texts] == ["0.79", "0.50", "0.47"]


def test_name_of_four_lines_is_whole():
    """Names of segments are not cut while there is room."""
    name = "C: ever married: almost all yes, spending score: mostly average"
    label = wrap_label(name)
    assert label.replace("\n", " ") == name
    assert label.count("\n") == 3


def test_longer_name_is_cut():
    """A fifth line is told by dots."""
    label = wrap_label(" ".join(["customers"] * 20))
    assert label.count("\n") == 3
    assert label.endswith("…")


def test_rows_grow_with_their_names(drawn):
    """Names of four lines do not run into each other."""
    for name in ("A", "customers of a very large shop " * 3):
        draw_bars([name] * 3, [1, 2, 3], ["1", "2", "3"], words="Bars.", unit="n")
    heights = [ax.figure.get_figheight() for ax in drawn]
    assert heights[1] > heights[0] + 0.5
