"""How good a model is, in sentences that agree with their figures."""

import types

import pandas as pd
import pytest

from segmentlearn.report import _quality as quality
from segmentlearn.report._quality import clusterer_quality


@pytest.mark.parametrize(
    ("right", "baseline", "points"),
    [(554, 325, "23"), (546, 324, "23"), (995, 600, "39.5")],
)
def test_points_agree_with_the_percentages(right, baseline, points):
    """Whoever subtracts the figures shown gets the figure told."""
    (said,) = quality._compared(right / 1000, baseline / 1000)
    assert f"better by {points} percentage points" in said


def judge(monkeypatch, jaccards):
    """Judge segments with overlaps of one's own."""
    verdicts = ["stable" if one >= 0.75 else "doubtful" for one in jaccards]
    frame = pd.DataFrame(
        {"segment": range(len(jaccards)), "jaccard": jaccards, "verdict": verdicts}
    )
    found = types.SimpleNamespace(to_frame=lambda: frame, n_rows=60)
    monkeypatch.setattr(quality, "cluster_stability", lambda *_, **__: found)
    return clusterer_quality(None, pd.DataFrame({"a": range(60)}), None, None).headline


def test_shaky_segment_is_named(monkeypatch):
    """A manager is told which segment not to build on."""
    assert judge(monkeypatch, [0.8, 0.9, 0.62]) == (
        "2 of 3 segments come back when the customers are drawn again; do not build "
        "much on segment 2 (doubtful)."
    )


def test_several_shaky_segments_are_named(monkeypatch):
    """All of them, each with its verdict."""
    said = judge(monkeypatch, [0.7, 0.9, 0.62])
    assert said.endswith("on segments 0 (doubtful) and 2 (doubtful).")


def test_no_segment_that_comes_back_is_said_in_words(monkeypatch):
    """Not "0 of 2"."""
    assert judge(monkeypatch, [0.7, 0.62]).startswith("None of 2 segments come back")


def test_stable_segments_have_no_warning(monkeypatch):
    """Nothing is added where all come back."""
    assert judge(monkeypatch, [0.8, 0.9]).endswith("drawn again.")
