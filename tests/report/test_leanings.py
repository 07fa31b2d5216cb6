"""Which segments a model names too often or too seldom."""

import numpy as np

from segmentlearn.report._prediction_bias import find_leanings
from segmentlearn.report._quality import classifier_quality

LEANING = np.array([[280, 20], [80, 120]])


def test_segments_named_too_often_are_told():
    """Of 200 customers of B the model names 140 only."""
    found = find_leanings(["A", "B"], LEANING, hides_counts=False)
    assert "names segment A too often and segment B too seldom" in found.sentence
    assert "not a count" in found.sentence


def test_shares_are_named_and_true():
    """Columns of the matrix are what is named, rows what is true."""
    found = find_leanings(["A", "B"], LEANING, hides_counts=False)
    assert found.shares == {"A": ("72%", "60%"), "B": ("28%", "40%")}


def test_even_errors_show_no_leaning():
    """As many are taken for B as are taken for A."""
    counts = np.array([[250, 50], [50, 150]])
    found = find_leanings(["A", "B"], counts, hides_counts=False)
    assert "no clear sign" in found.sentence


def test_gap_by_chance_is_not_told():
    """Ten customers more of sixty that are mistaken may be chance."""
    counts = np.array([[65, 35], [25, 75]])
    found = find_leanings(["A", "B"], counts, hides_counts=False)
    assert "too often" not in found.sentence


def test_small_segment_is_not_named():
    """Nothing is said of a segment of nine customers."""
    counts = np.array([[300, 0, 0], [60, 140, 0], [9, 0, 0]])
    found = find_leanings(["A", "B", "C"], counts, hides_counts=True)
    assert "segment B too seldom" in found.sentence
    assert "C" not in found.sentence.partition("it names")[2]


def test_shares_are_hidden_with_the_counts():
    """Totals of rows could tell a hidden count, so they are left out with it."""
    counts = [[90, 4, 30], [20, 50, 15], [20, 15, 60]]
    facts = {"held_out_labels": ["A", "B", "C"], "held_out_confusion": counts}
    found = classifier_quality(None, facts, None, np.empty(0))
    assert found.hides_counts
    assert found.leanings.shares == {}


def test_shares_are_shown_where_all_counts_are():
    """Nothing is small, so nothing is hidden."""
    facts = {
        "held_out_labels": ["A", "B"],
        "held_out_confusion": LEANING.tolist(),
    }
    found = classifier_quality(None, facts, None, np.empty(0))
    assert not found.hides_counts
    assert found.leanings.shares["B"] == ("28%", "40%")
