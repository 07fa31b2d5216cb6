"""Weights, samples and seeds of the clusterer inside."""

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.cluster import (
    DBSCAN,
    AgglomerativeClustering,
    KMeans,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import InductiveClusterer
from segmentlearn.exceptions import SegmentLearnWarning
from tests.cluster.planted import TRUE, draw


def test_negative_weights_are_refused(X):
    """A row cannot count less than nothing."""
    with pytest.raises(ValueError, match="Negative values"):
        InductiveClusterer(KMeans(3)).fit(X, sample_weight=-np.ones(len(X)))


def test_weights_are_sizes():
    """The segment of few heavy rows is the largest, and its mean is weighted."""
    rows = np.array([[0.0], [1.0], [2.0], [10.0], [12.0]])
    weight = [1, 1, 1, 2, 6]
    model = InductiveClusterer(KMeans(2), random_state=0).fit(rows, None, weight)
    assert model.labels_.tolist() == [1, 1, 1, 0, 0]
    np.testing.assert_allclose(model.cluster_centers_, [[11.5], [1.0]])
    np.testing.assert_allclose(model.clusterer_.cluster_centers_.max(), 11.5)


def test_clusterers_without_weights_are_warned_of(X):
    """Sizes and means are weighted all the same."""
    weight = np.where(TRUE == 2, 10.0, 1.0)
    model = InductiveClusterer(AgglomerativeClustering(3))
    with pytest.warns(SegmentLearnWarning, match="takes no sample_weight"):
        model.fit(X, sample_weight=weight)
    assert model.labels_[-1] == 0


def test_weights_are_routed(X):
    """With metadata routing a pipeline passes weights where they are requested."""
    with sklearn.config_context(enable_metadata_routing=True):
        model = InductiveClusterer(KMeans(3), random_state=0)
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            model.set_fit_request(sample_weight=True),
        )
        pipeline.fit(X, sample_weight=np.where(TRUE == 2, 10.0, 1.0))
    assert pipeline[-1].labels_[-1] == 0


def test_large_tables_are_sampled(X):
    """The clusterer sees 50 rows, all get a label, and a warning has the numbers."""
    model = InductiveClusterer(AgglomerativeClustering(3), max_rows=50, random_state=0)
    with pytest.warns(SegmentLearnWarning, match="to 50 of 120 rows.*the other 70"):
        model.fit(X)
    assert len(model.clusterer_.labels_) == 50
    assert (model.labels_ == TRUE).all()
    np.testing.assert_allclose(model.cluster_centers_[0], X[TRUE == 0].mean(axis=0))


def test_samples_are_seeded(X):
    """The same seed draws the same rows; another seed others."""
    X = np.random.default_rng(0).normal(size=(200, 2))

    def labels(seed):
        model = InductiveClusterer(max_rows=60, random_state=seed)
        with pytest.warns(SegmentLearnWarning):
            return model.fit_predict(X).tolist()

    assert labels(0) == labels(0) != labels(1)


class Halves(AgglomerativeClustering):
    """Quick clusterer with the limits of its parent: segments by sign."""

    def fit_predict(self, X, y=None):
        """Label the rows."""
        self.labels_ = (X[:, 0] > 0).astype(int)
        return self.labels_


def test_large_tables_are_assigned_as_by_predict():
    """Rows that the clusterer has not seen are assigned in chunks of 100,000."""
    rows = np.random.default_rng(0).uniform(1, 2, (100_050, 1))
    rows[::3] *= -1
    with pytest.warns(SegmentLearnWarning, match="50 of 100,050"):
        model = InductiveClusterer(Halves(), max_rows=50, random_state=0).fit(rows)
    np.testing.assert_array_equal(model.labels_, (rows[:, 0] < 0).astype(int))
    np.testing.assert_array_equal(model.labels_[-60:], model.predict(rows[-60:]))


@pytest.mark.parametrize(
    ("clusterer", "is_sampled"),
    [
        (Halves(), True),
        (make_pipeline(StandardScaler(), Halves()), True),
        (Halves(connectivity=np.eye(1)), False),
        (DBSCAN(eps=2), False),
        (KMeans(3), False),
    ],
)
def test_only_clusterers_of_pairs_are_sampled(clusterer, is_sampled):
    """Those whose cost grows with the number of rows see all of them."""
    rows = np.vstack([draw(seed) for seed in range(84)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        InductiveClusterer(clusterer, random_state=0).fit(rows)
    messages = [str(found.message) for found in caught]
    assert any("10,000 of 10,080" in message for message in messages) == is_sampled


def test_max_rows_none_samples_nothing():
    """With None the clusterer sees every row."""
    rows = np.vstack([draw(seed) for seed in range(84)])
    model = InductiveClusterer(Halves(), max_rows=None).fit(rows)
    assert len(model.clusterer_.labels_) == len(rows)


def test_seeds_are_passed_on(X):
    """An open random_state inside is set, one that was chosen is kept."""
    open_seed = InductiveClusterer(KMeans(3), random_state=0).fit(X)
    assert isinstance(open_seed.clusterer_.random_state, int)
    assert open_seed.clusterer.random_state is None
    chosen = InductiveClusterer(KMeans(3, random_state=7), random_state=0).fit(X)
    assert chosen.clusterer_.random_state == 7
