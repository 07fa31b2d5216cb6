"""The criteria, on tables whose values are known."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.mixture import GaussianMixture

from segmentlearn import select_n_clusters


class RecordingKMeans(KMeans):
    """K-means that keeps the last table that any of its copies was fitted to."""

    last = None

    def fit_predict(self, X, y=None, sample_weight=None):
        """Keep the table, and cluster it."""
        RecordingKMeans.last = X
        return super().fit_predict(X)


def draw_reference(X):
    """Return a table without segments, as the gap statistic draws it for X."""
    clusterer = RecordingKMeans(n_init=1)
    options = {"criteria": ["gap"], "n_references": 2, "random_state": 0}
    select_n_clusters(clusterer, X, [2], **options)
    return RecordingKMeans.last


@pytest.fixture(scope="module")
def blobs():
    """Three well separated segments."""
    return make_blobs(90, centers=[[0, 0], [20, 0], [0, 20]], random_state=0)[0]


@pytest.fixture(scope="module")
def table(blobs):
    """All criteria of one to six segments."""
    found = select_n_clusters(
        KMeans(n_init=3),
        blobs,
        range(2, 7),
        n_bootstraps=5,
        n_references=3,
        random_state=0,
    )
    return found.table


def test_inertia_is_that_of_k_means(table, blobs):
    """Which minimises it."""
    fitted = KMeans(3, n_init=3, random_state=0).fit(blobs)
    assert table.at[3, "inertia"] == pytest.approx(fitted.inertia_)


def test_gap_is_largest_at_the_true_number(table):
    """Of three segments, and the gap of one is that of chance."""
    assert table["gap"].idxmax() == 3
    assert (table["gap_se"] >= 0).all()


def test_segments_predict_each_other(table):
    """At the true number, not above it."""
    assert table.at[3, "prediction_strength"] == 1.0
    assert table.at[5, "prediction_strength"] < 0.8


def test_bootstrap_samples_agree_on_segments_that_are_there(table):
    """At the true number, not above it."""
    assert table.at[3, "stability"] == 1.0
    assert table.at[6, "stability"] < 0.95


def test_bic_is_near_scikit_learns(table, blobs):
    """Lowest for the mixture that the rows come from."""
    assert table["bic"].idxmin() == 3
    own = GaussianMixture(3, random_state=0).fit(blobs).bic(blobs)
    assert table.at[3, "bic"] == pytest.approx(own, rel=0.05)


def test_reference_stays_in_the_box():
    """Along the principal axes, here those of the table."""
    X = np.random.RandomState(0).normal(size=(300, 2)) * [5.0, 1.0]
    drawn = draw_reference(X)
    assert drawn.shape == X.shape
    assert np.abs(drawn).max(axis=0) == pytest.approx(np.abs(X).max(axis=0), rel=0.2)
    # uniform, so that it varies more within the box than the normal table
    assert (drawn.std(axis=0) > X.std(axis=0)).all()


def test_reference_follows_correlated_columns():
    """The box is turned with the table."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 1)) + rng.normal(0, 0.1, size=(300, 2))
    drawn = draw_reference(X)
    assert np.corrcoef(drawn.T)[0, 1] > 0.9


def test_reference_draws_categories_one_by_one():
    """Levels of one category stay exclusive; two categories become independent."""
    gender = np.arange(400) % 2
    married = gender.copy()  # the same customers
    X = np.c_[np.eye(2)[gender], 3.0 * married]
    X = np.c_[X, np.random.RandomState(0).normal(size=400)]
    X[:5, 2] = 3.0 - X[:5, 2]  # so that it is another category
    X[5:10, 2] = 3.0 - X[5:10, 2]
    drawn = draw_reference(X)
    np.testing.assert_array_equal(drawn[:, 0] + drawn[:, 1], np.ones(400))
    assert set(np.unique(drawn[:, 2])) == {0.0, 3.0}
    assert abs(np.corrcoef(drawn[:, 1], drawn[:, 2])[0, 1]) < 0.2
