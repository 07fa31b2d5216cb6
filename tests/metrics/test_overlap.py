"""Overlap and continuity of segments, on counts that can be done by hand."""

import numpy as np
import pytest

from segmentlearn.metrics import segment_continuity, segment_overlap


def test_renamed_segments_overlap_wholly():
    """Names do not matter."""
    np.testing.assert_array_equal(
        segment_overlap([0, 0, 1, 2], [7, 7, 3, 5]), [1, 1, 1]
    )


def test_overlap_is_the_best_jaccard_index():
    """Four rows, three of which stay with one stranger: 3 of 5."""
    labels = [0, 0, 0, 0, 1, 1, 1]
    other = [0, 0, 0, 1, 0, 1, 1]
    np.testing.assert_allclose(segment_overlap(labels, other), [3 / 5, 2 / 4])


def test_noise_is_no_segment_to_match():
    """A segment that became noise overlaps with nothing."""
    assert segment_overlap([0, 0, 1, 1], [-1, -1, 4, 4]).tolist() == [0.0, 1.0]


def test_noise_is_no_segment_to_look_for():
    """-1 has no entry."""
    assert segment_overlap([-1, -1, 1, 1], [0, 0, 4, 4]).tolist() == [1.0]


def test_rows_lost_to_noise_count_against_a_segment():
    """Half of the segment is gone: 2 of 4."""
    assert segment_overlap([0, 0, 0, 0], [0, 0, -1, -1]).tolist() == [0.5]


def test_all_noise_overlaps_with_nothing():
    """One answer for each segment even then."""
    assert segment_overlap([0, 1], [-1, -1]).tolist() == [0.0, 0.0]


def test_continuity_is_one_minus_the_entropy():
    """Three quarters from one, a quarter from another of two segments."""
    shares = np.array([0.75, 0.25])
    expected = 1 + (shares * np.log2(shares)).sum()
    found = segment_continuity([0, 0, 0, 0, 1], [0, 0, 0, 1, 1])
    np.testing.assert_allclose(found, [expected, 1.0])


def test_continuity_is_zero_where_recruits_come_evenly():
    """From each of three segments a third."""
    assert segment_continuity([0, 0, 0], [0, 1, 2]) == pytest.approx([0.0])


def test_continuity_from_one_segment_is_unknown():
    """There is no other segment to come from."""
    assert np.isnan(segment_continuity([0, 0, 1], [0, 0, 0])).all()


def test_continuity_of_a_segment_that_was_noise_is_unknown():
    """None of its rows was in a segment."""
    found = segment_continuity([0, 0, 1, 1], [-1, -1, 0, 1])
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(0.0)
