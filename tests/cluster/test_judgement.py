"""The judge of segmentations: what it rewards, and what leaves it cold."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from segmentlearn.cluster._selection._scorer import (
    Judge,
    Judgement,
    stability_of_halves,
)
from tests.cluster.planted import CENTERS, TRUE, draw

LOTS = np.random.default_rng(0).permutation(TRUE)


@pytest.fixture(scope="module")
def judge(X):
    """Of rows with planted segments."""
    return Judge(X, [(0,), (1,)])


@pytest.fixture(scope="module")
def mixed():
    """A judge of a number that tells nothing and two categories that go together."""
    noise = np.random.default_rng(0).normal(size=(120, 1))
    rows = np.hstack([noise, np.eye(3)[TRUE] * 1.3, np.eye(3)[(TRUE + 1) % 3] * 1.5])
    return Judge(rows, [(0,), (1, 2, 3), (4, 5, 6)])


def test_planted_segments_are_apart(judge):
    """Nearly all neighbours are in a row's own segment."""
    assert judge.separation(TRUE) == pytest.approx(1.0, abs=0.01)


def test_segments_drawn_by_lot_are_not(judge):
    """Chance is taken off."""
    assert abs(judge.separation(LOTS)) < 0.1


def test_one_segment_has_no_separation(judge):
    """Nor has one with all rows but none to speak of."""
    assert judge.separation(np.zeros(120, int)) == 0.0
    assert judge.separation(np.full(120, -1)) == 0.0


@pytest.mark.parametrize("measure", ["separation", "likelihood"])
def test_numbers_of_segments_do_not_matter(judge, measure):
    """Any numbering of the same segments is judged alike."""
    renumbered = np.array([2, 0, 1])[TRUE]
    one, other = getattr(judge, measure)(TRUE), getattr(judge, measure)(renumbered)
    assert one == pytest.approx(other)


def test_planted_segments_make_rows_likely(judge):
    """Held-out rows are likelier by nats; by lot they are not."""
    assert judge.likelihood(TRUE) > 1.0
    assert judge.likelihood(LOTS) < 0.1


def test_one_segment_adds_nothing(judge):
    """It is what others are compared with."""
    assert judge.likelihood(np.zeros(120, int)) == pytest.approx(0.0)


def test_categories_count(mixed):
    """Segments that tell two categories make both of them likely together."""
    assert mixed.likelihood(TRUE) > 0.5
    assert mixed.likelihood(LOTS) < 0.1


def test_splitting_further_gains_little(judge):
    """Held-out rows are hardly likelier under twice as many segments."""
    halves = 2 * TRUE + np.arange(120) % 2
    assert judge.likelihood(halves) < judge.likelihood(TRUE) + 0.1


def test_noise_is_judged(judge):
    """Rows that are in no segment count as one."""
    noisy = np.where(np.arange(120) % 30 == 0, -1, TRUE)
    assert 0 < judge.separation(noisy) < judge.separation(TRUE)
    assert np.isfinite(judge.likelihood(noisy))


def test_a_tiny_segment_in_one_half_only(judge):
    """It is estimated from nothing in the other half, and the number is finite."""
    lonely = TRUE.copy()
    lonely[0] = 3
    assert np.isfinite(judge.likelihood(lonely))


def test_constant_columns_change_nothing(X):
    """They tell nothing about anyone."""
    wide = Judge(np.hstack([X, np.ones((120, 1))]), [(0,), (1,), (2,)])
    plain = Judge(X, [(0,), (1,)])
    assert wide.likelihood(TRUE) == pytest.approx(plain.likelihood(TRUE), abs=0.05)


def test_the_score_rewards_each_part():
    """More of anything is better."""
    worst = Judgement(0.5, 1.0, 0.5).score
    assert Judgement(0.6, 1.0, 0.5).score > worst
    assert Judgement(0.5, 1.1, 0.5).score > worst
    assert Judgement(0.5, 1.0, 0.6).score > worst


def test_the_silhouette_does_not_count():
    """It is only told."""
    assert Judgement(0.5, 1.0, 0.5, silhouette=0.9).score == (
        Judgement(0.5, 1.0, 0.5, silhouette=-0.9).score
    )


def test_separation_counts_less_among_categories(mixed, judge):
    """Neighbours share a segment wherever it is cut along a level."""

    def worth(share):
        low, high = (Judgement(s, 1.0, 0.5, share_of_numbers=share) for s in (0.5, 0.6))
        return high.score - low.score

    assert worth(1.0) > worth(0.5) > worth(0.0) == 0.0
    assert mixed.judge(TRUE, 1.0).share_of_numbers == pytest.approx(1 / 3)
    assert judge.judge(TRUE, 1.0).share_of_numbers == 1.0


@pytest.mark.parametrize(("n_rows", "is_better"), [(100, False), (2500, True)])
def test_few_rows_bear_out_less(n_rows, is_better):
    """The same mean gain beyond chance needs many rows: its error is 0.1 or 0.02."""
    noise = np.tile([-1.0, 1.0], n_rows // 2)
    plain = Judgement(0.9, 1.0, 1.0, gains=np.ones(n_rows))
    rival = Judgement(0.9, 1.1, 1.0, gains=1.1 + noise)
    assert rival.is_clearly_better_than(plain) is is_better


def test_an_equal_rival_is_not_better(judge):
    """Nor is the same segmentation better than itself."""
    found = judge.judge(TRUE, 1.0)
    assert not found.is_clearly_better_than(found)


def test_the_score_is_always_finite():
    """Also where segments are worse than chance."""
    assert np.isfinite(Judgement(-0.2, -3.0, 0.0).score)


def test_the_judgement_has_all_parts(judge):
    """Stability is measured elsewhere and handed over."""
    found = judge.judge(TRUE, 0.7)
    assert found.separation == judge.separation(TRUE)
    assert found.likelihood == judge.likelihood(TRUE)
    assert found.stability == 0.7


def test_two_rows_can_be_judged():
    """They are each other's only neighbour."""
    judge = Judge(np.array([[0.0], [1.0]]), [(0,)])
    assert judge.separation(np.array([0, 1])) < 0


def test_clear_segments_are_stable(X):
    """Halves lead to the same segments."""

    def segment(learnt):
        return KMeans(3, n_init=3, random_state=0).fit(X[learnt]).predict(X)

    found = stability_of_halves(segment, 120, np.random.RandomState(0))
    assert found == pytest.approx(1.0)


def test_what_halves_lead_to_can_be_anything():
    """Labels by lot agree as chance has it."""
    rng = np.random.default_rng(0)
    found = stability_of_halves(
        lambda learnt: rng.integers(0, 3, 300), 300, np.random.RandomState(0)
    )
    assert abs(found) < 0.05


def test_halves_are_halves():
    """Five, in order, each row once, and not all the same."""
    seen = []

    def segment(learnt):
        seen.append(tuple(learnt))
        return np.zeros(21, int)

    stability_of_halves(segment, 21, np.random.RandomState(0))
    assert [len(set(one)) for one in seen] == [10] * 5
    assert all(list(one) == sorted(one) for one in seen)
    assert len(set(seen)) > 1


def test_the_planted_segments_win():
    """Over coarser, finer and random ones."""
    X = draw(3)
    judge = Judge(X, [(0,), (1,)])
    coarse, fine = np.minimum(TRUE, 1), 2 * TRUE + (X[:, 0] > CENTERS[TRUE, 0])
    scores = [judge.judge(one, 1.0).score for one in (TRUE, coarse, fine, LOTS)]
    assert int(np.argmax(scores)) == 0
