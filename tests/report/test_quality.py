"""How good a model is, in sentences that agree with their figures."""

import types

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from segmentlearn.report import write_report


@pytest.mark.parametrize(
    ("baseline", "right", "points"),
    [
        ([325, 225, 225, 225], [325, 77, 76, 76], "23"),
        ([324, 226, 225, 225], [324, 74, 74, 74], "23"),
        ([600, 400], [600, 395], "39.5"),
    ],
)
def test_points_agree_with_the_percentages(baseline, right, points, report_of_counts):
    """The difference is that of the figures that are shown."""
    counts = np.diag(right)
    counts[:, 0] += np.array(baseline) - right
    page = report_of_counts(counts.tolist())
    assert f"better by {points} percentage points" in page


@pytest.fixture
def headline(monkeypatch, tmp_path):
    """Return the sentence on segments with overlaps of one's own."""

    def write(jaccards):
        verdicts = ["stable" if value >= 0.75 else "doubtful" for value in jaccards]
        frame = pd.DataFrame(
            {"segment": range(len(jaccards)), "jaccard": jaccards, "verdict": verdicts}
        )
        draws = np.tile(jaccards, (20, 1))
        found = types.SimpleNamespace(to_frame=lambda: frame, jaccard=draws, n_rows=60)
        name = "segmentlearn.model_selection.cluster_stability"
        monkeypatch.setattr(name, lambda *_, **__: found)
        X = pd.DataFrame({"a": range(60)})
        model = KMeans(2, n_init=1, random_state=0).fit(X)
        write_report(model, X, tmp_path / "page.html")
        return (tmp_path / "page.html").read_text(encoding="utf-8")

    return write


def test_unstable_segment_is_named(headline):
    """A manager reads which segment not to build on."""
    assert (
        "2 of 3 segments come back when the customers are drawn again; do not build "
        "much on segment 2 (doubtful)."
    ) in headline([0.8, 0.9, 0.62])


def test_several_unstable_segments_are_named(headline):
    """All of them, each with its verdict."""
    page = headline([0.7, 0.9, 0.62])
    assert "on segments 0 (doubtful) and 2 (doubtful)." in page


def test_no_stable_segment_is_written_as_none(headline):
    """Not "0 of 2"."""
    assert "None of 2 segments come back" in headline([0.7, 0.62])


def test_stable_segments_have_no_warning(headline):
    """Nothing is added where all come back."""
    page = headline([0.8, 0.9])
    assert "2 of 2 segments come back when the customers are drawn again. " in page
