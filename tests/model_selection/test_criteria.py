"""The criteria, on tables whose values are known."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.mixture import GaussianMixture

from segmentlearn.model_selection._clusters._clustering_task import fit_clusterer
from segmentlearn.model_selection._clusters._criteria import (
    bootstrap_agreement,
    gap_statistic,
    mixture_bic,
    prediction_strength,
    ring_agreement,
    within_sum_of_squares,
)
from segmentlearn.model_selection._clusters._null_reference import reference_table


@pytest.fixture(scope="module")
def blobs():
    """Three segments far apart."""
    return make_blobs(90, centers=[[0, 0], [20, 0], [0, 20]], random_state=0)[0]


def cluster(rows, n_clusters, seed):
    """Fit k-means."""
    return fit_clusterer(KMeans(n_init=3), rows, n_clusters, seed)


def test_within_sum_of_squares_is_the_inertia(blobs):
    """Of k-means, which minimises it."""
    fitted, labels = cluster(blobs, 3, 0)
    assert within_sum_of_squares(blobs, labels) == pytest.approx(fitted.inertia_)


def test_gap_is_the_mean_difference_of_logarithms():
    """And its error that of the references, made larger for their own mean."""
    gaps, errors = gap_statistic([np.e], np.array([[np.e**2], [np.e**4]]))
    assert gaps == pytest.approx([2.0])
    assert errors == pytest.approx([np.sqrt(1 + 1 / 2)])


def test_segments_predict_each_other(blobs):
    """At the true number, not above it."""
    strengths = [
        prediction_strength(blobs, k, cluster, 3, np.random.RandomState(0))
        for k in (3, 5)
    ]
    assert strengths[0] == pytest.approx(np.ones(6))
    assert strengths[1].mean() < 0.8


def test_bootstraps_agree_on_segments_that_are_there(blobs):
    """At the true number, not above it."""
    rng = np.random.RandomState(0)
    samples = [rng.randint(90, size=90) for _ in range(5)]
    agreement = [
        bootstrap_agreement(blobs, k, cluster, samples, 0).mean() for k in (3, 6)
    ]
    assert agreement[0] == 1.0
    assert agreement[1] < 0.95


def test_two_labellings_are_one_pair():
    """The ring of two has one neighbour."""
    assert ring_agreement([[0, 1], [1, 0]]).tolist() == [1.0]
    assert len(ring_agreement([[0, 1], [1, 0], [0, 0]])) == 3


def test_bic_is_near_scikit_learns(blobs):
    """Lowest for the mixture that the rows come from."""
    values = [mixture_bic(blobs, k, 0) for k in range(1, 6)]
    assert np.argmin(values) == 2
    own = GaussianMixture(3, random_state=0).fit(blobs).bic(blobs)
    assert values[2] == pytest.approx(own, rel=0.05)


def test_reference_stays_in_the_box():
    """Along the principal axes, here those of the table."""
    X = np.random.RandomState(0).normal(size=(300, 2)) * [5.0, 1.0]
    drawn = reference_table(X, np.random.RandomState(1))
    assert drawn.shape == X.shape
    assert np.abs(drawn).max(axis=0) == pytest.approx(np.abs(X).max(axis=0), rel=0.2)
    # uniform, so that it spreads wider within the box than the normal table
    assert (drawn.std(axis=0) > X.std(axis=0)).all()


def test_reference_follows_correlated_columns():
    """The box is turned with the table."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 1)) + rng.normal(0, 0.1, size=(300, 2))
    drawn = reference_table(X, rng)
    assert np.corrcoef(drawn.T)[0, 1] > 0.9


def test_reference_draws_categories_one_by_one():
    """Levels of one category stay exclusive; two categories become independent."""
    gender = np.arange(400) % 2
    married = gender.copy()  # the same customers
    X = np.c_[np.eye(2)[gender], 3.0 * married * np.array([1]).repeat(400)]
    X = np.c_[X, np.random.RandomState(0).normal(size=400)]
    X[:5, 2] = 3.0 - X[:5, 2]  # so that it is another category
    X[5:10, 2] = 3.0 - X[5:10, 2]
    drawn = reference_table(X, np.random.RandomState(0))
    np.testing.assert_array_equal(drawn[:, 0] + drawn[:, 1], np.ones(400))
    assert set(np.unique(drawn[:, 2])) == {0.0, 3.0}
    assert abs(np.corrcoef(drawn[:, 1], drawn[:, 2])[0, 1]) < 0.2
