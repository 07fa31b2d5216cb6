"""Scores of segmentations: what they reward, and what does not count."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from segmentlearn.cluster._segmentation_score import (
    SegmentationScore,
    SegmentationScorer,
    stability_of_halves,
)
from tests.cluster.planted import CENTERS, TRUE, draw

RANDOM = np.random.default_rng(0).permutation(TRUE)


@pytest.fixture(scope="module")
def score(X):
    """A function that scores labels of rows with planted segments."""
    scorer = SegmentationScorer(X, [(0,), (1,)])
    return lambda labels: scorer.score(labels, 1.0)


@pytest.fixture(scope="module")
def score_mixed():
    """The same of a column of noise and two categories that depend on each other."""
    noise = np.random.default_rng(0).normal(size=(120, 1))
    rows = np.hstack([noise, np.eye(3)[TRUE] * 1.3, np.eye(3)[(TRUE + 1) % 3] * 1.5])
    scorer = SegmentationScorer(rows, [(0,), (1, 2, 3), (4, 5, 6)])
    return lambda labels: scorer.score(labels, 1.0)


def test_planted_segments_are_separated(score):
    """Nearly all neighbours are in a row's own segment."""
    assert score(TRUE).separation == pytest.approx(1.0, abs=0.01)


def test_random_segments_are_not(score):
    """Chance is taken off."""
    assert abs(score(RANDOM).separation) < 0.1


def test_one_segment_has_no_separation(score):
    """All rows in one, or all of them noise."""
    assert score(np.zeros(120, int)).separation == 0.0
    assert score(np.full(120, -1)).separation == 0.0


def test_numbers_of_segments_do_not_matter(score):
    """Any numbering of the same segments has the same scores."""
    renumbered = score(np.array([2, 0, 1])[TRUE])
    assert renumbered.separation == pytest.approx(score(TRUE).separation)
    assert renumbered.likelihood == pytest.approx(score(TRUE).likelihood)


def test_planted_segments_make_rows_likely(score):
    """Held-out rows are likelier by nats; under random segments they are not."""
    assert score(TRUE).likelihood > 1.0
    assert score(RANDOM).likelihood < 0.1


def test_one_segment_adds_nothing(score):
    """It is what others are compared with."""
    assert score(np.zeros(120, int)).likelihood == pytest.approx(0.0)


def test_categories_count(score_mixed):
    """Segments that explain two categories make both of them likely together."""
    assert score_mixed(TRUE).likelihood > 0.5
    assert score_mixed(RANDOM).likelihood < 0.1


def test_splitting_further_gains_little(score):
    """Held-out rows are hardly likelier under twice as many segments."""
    halves = 2 * TRUE + np.arange(120) % 2
    assert score(halves).likelihood < score(TRUE).likelihood + 0.1


def test_noise_is_scored(score):
    """Rows that are in no segment count as one."""
    noisy = np.where(np.arange(120) % 30 == 0, -1, TRUE)
    assert 0 < score(noisy).separation < score(TRUE).separation
    assert np.isfinite(score(noisy).likelihood)


def test_a_tiny_segment_in_one_half_only(score):
    """It is estimated from nothing in the other half, and the number is finite."""
    lonely = TRUE.copy()
    lonely[0] = 3
    assert np.isfinite(score(lonely).likelihood)


def test_constant_columns_change_nothing(score, X):
    """They hold no information about segments."""
    scorer = SegmentationScorer(np.hstack([X, np.ones((120, 1))]), [(0,), (1,), (2,)])
    wide = scorer.score(TRUE, 1.0)
    assert wide.likelihood == pytest.approx(score(TRUE).likelihood, abs=0.05)


def test_two_rows_can_be_scored():
    """They are each other's only neighbour."""
    scorer = SegmentationScorer(np.array([[0.0], [1.0]]), [(0,)])
    assert scorer.score(np.array([0, 1]), 1.0).separation < 0


def test_the_total_rewards_each_part():
    """More of any of the three is better."""
    worst = SegmentationScore(0.5, 1.0, 0.5).total
    assert SegmentationScore(0.6, 1.0, 0.5).total > worst
    assert SegmentationScore(0.5, 1.1, 0.5).total > worst
    assert SegmentationScore(0.5, 1.0, 0.6).total > worst


def test_the_silhouette_does_not_count():
    """It is only reported."""
    low, high = (
        SegmentationScore(0.5, 1.0, 0.5, silhouette=value) for value in (-0.9, 0.9)
    )
    assert low.total == high.total


def test_separation_counts_less_among_categories(score, score_mixed):
    """Neighbours share a segment wherever it is cut along a level."""

    def worth(share):
        low, high = (
            SegmentationScore(separation, 1.0, 0.5, numeric_share=share)
            for separation in (0.5, 0.6)
        )
        return high.total - low.total

    assert worth(1.0) > worth(0.5) > worth(0.0) == 0.0
    assert score_mixed(TRUE).numeric_share == pytest.approx(1 / 3)
    assert score(TRUE).numeric_share == 1.0


@pytest.mark.parametrize(("n_rows", "is_better"), [(100, False), (2500, True)])
def test_few_rows_are_weak_evidence(n_rows, is_better):
    """The same mean gain beyond chance needs many rows: its error is 0.1 or 0.02."""
    noise = np.tile([-1.0, 1.0], n_rows // 2)
    baseline = SegmentationScore(0.9, 1.0, 1.0, gains=np.ones(n_rows))
    other = SegmentationScore(0.9, 1.1, 1.0, gains=1.1 + noise)
    assert other.is_clearly_better_than(baseline) is is_better


def test_equal_segments_are_not_better(score):
    """No segmentation is better than itself."""
    assert not score(TRUE).is_clearly_better_than(score(TRUE))


def test_the_total_is_always_finite():
    """Also where segments are worse than chance."""
    assert np.isfinite(SegmentationScore(-0.2, -3.0, 0.0).total)


def test_the_planted_segments_have_the_highest_total():
    """Over coarser, finer and random ones."""
    X = draw(3)
    scorer = SegmentationScorer(X, [(0,), (1,)])
    coarse, fine = np.minimum(TRUE, 1), 2 * TRUE + (X[:, 0] > CENTERS[TRUE, 0])
    totals = [
        scorer.score(labels, 1.0).total for labels in (TRUE, coarse, fine, RANDOM)
    ]
    assert int(np.argmax(totals)) == 0


def test_clear_segments_are_stable(X):
    """Halves lead to the same segments."""

    def segment(train):
        return KMeans(3, n_init=3, random_state=0).fit(X[train]).predict(X)

    found = stability_of_halves(segment, 120, np.random.RandomState(0))
    assert found == pytest.approx(1.0)


def test_random_labels_are_unstable():
    """They agree no more than by chance."""
    rng = np.random.default_rng(0)
    found = stability_of_halves(
        lambda train: rng.integers(0, 3, 300), 300, np.random.RandomState(0)
    )
    assert abs(found) < 0.05


def test_halves_are_halves():
    """Five, in order, each row once, and not all the same."""
    seen = []

    def segment(train):
        seen.append(tuple(train))
        return np.zeros(21, int)

    stability_of_halves(segment, 21, np.random.RandomState(0))
    assert [len(set(rows)) for rows in seen] == [10] * 5
    assert all(list(rows) == sorted(rows) for rows in seen)
    assert len(set(seen)) > 1
