"""Means, squared distances and silhouettes of segments."""

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from segmentlearn.cluster import _inertia as spread
from segmentlearn.cluster._inertia import sampled_silhouette, squared_spread
from tests.cluster.planted import TRUE


def test_means_are_those_of_the_rows(X):
    """One a segment, in the order of their numbers."""
    means, _ = squared_spread(X, TRUE)
    for segment, mean in enumerate(means):
        np.testing.assert_allclose(mean, X[segment == TRUE].mean(axis=0))


def test_inertia_is_the_sum_of_squares(X):
    """To the means."""
    means, inertia = squared_spread(X, TRUE)
    assert inertia == pytest.approx(((X - means[TRUE]) ** 2).sum())


def test_blocks_do_not_matter(X, monkeypatch):
    """Rows are taken some at a time."""
    whole = squared_spread(X, TRUE)[1]
    monkeypatch.setattr(spread, "_ROWS_AT_ONCE", 7)
    assert squared_spread(X, TRUE)[1] == pytest.approx(whole)


def test_noise_counts_nowhere(X):
    """Neither in means nor in squares."""
    labels = np.where(np.arange(120) < 30, -1, TRUE)
    far = X.copy()
    far[:30] = 1e6
    means, inertia = squared_spread(far, labels)
    expected = squared_spread(X[30:], TRUE[30:])
    np.testing.assert_allclose(means, expected[0])
    assert inertia == pytest.approx(expected[1])


def test_all_noise_has_no_means(X):
    """And no squares."""
    means, inertia = squared_spread(X, np.full(120, -1))
    assert means.shape == (0, 2)
    assert inertia == 0.0


def test_small_tables_have_the_whole_silhouette(X):
    """Noise apart."""
    labels = np.where(np.arange(120) % 10 == 0, -1, TRUE)
    known = labels >= 0
    expected = silhouette_score(X[known], labels[known])
    assert sampled_silhouette(X, labels, seed=0) == pytest.approx(expected)


def test_large_tables_are_sampled(X, monkeypatch):
    """The seed decides, and the sample's silhouette is near the whole one."""
    whole = sampled_silhouette(X, TRUE, seed=0)
    monkeypatch.setattr(spread, "_SILHOUETTE_ROWS", 60)
    one, again, other = (sampled_silhouette(X, TRUE, seed) for seed in (0, 0, 1))
    assert one == again != other
    assert one == pytest.approx(whole, abs=0.1)


@pytest.mark.parametrize(
    "labels", [np.zeros(120, int), np.full(120, -1), np.arange(120)], ids=str
)
def test_nothing_to_compare_is_nan(X, labels):
    """One segment, none, or a segment for each row."""
    assert np.isnan(sampled_silhouette(X, labels, seed=0))
