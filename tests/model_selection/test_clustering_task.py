"""The clusterer within an estimator, its features, and where distances count."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.cluster import (
    DBSCAN,
    AgglomerativeClustering,
    KMeans,
    SpectralClustering,
)
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn.exceptions import SchemaError
from segmentlearn.model_selection import (
    cluster_stability,
    clustering_task,
    fit_clusterer,
    select_n_clusters,
)

TWO = np.array([[0.0], [0.2], [0.1], [9.0], [9.2], [9.1]])


class Coder(BaseEstimator):
    """An estimator that knows itself what it clusters."""

    def __init__(self, clusterer=None):
        self.clusterer = clusterer

    def fit(self, X, y=None):
        """Do nothing."""
        return self

    def clustering_task(self, X):
        """Return halves of the numbers, and the numbers as the space."""
        return self.clusterer, np.asarray(X) / 2, np.asarray(X)


class Around(BaseEstimator):
    """An estimator around a clusterer."""

    def __init__(self, clusterer=None):
        self.clusterer = clusterer

    def fit_predict(self, X, y=None):
        """Leave it to the clusterer."""
        return self.clusterer.fit_predict(X)


def test_pipeline_transforms_before_its_last_step():
    """The clusterer sees what the steps before it make."""
    clusterer, features, space = clustering_task(
        make_pipeline(StandardScaler(), KMeans(2)), TWO
    )
    assert isinstance(clusterer, KMeans)
    np.testing.assert_allclose(features, StandardScaler().fit_transform(TWO))
    assert space is features


def test_estimator_may_answer_itself():
    """Its own triple is taken."""
    task = clustering_task(Coder(KMeans(2)), TWO)
    np.testing.assert_array_equal(task.features, TWO / 2)
    np.testing.assert_array_equal(task.space, TWO)


def test_estimator_is_not_fitted():
    """Copies do the work."""
    pipeline = make_pipeline(StandardScaler(), KMeans(2))
    clustering_task(pipeline, TWO)
    assert not hasattr(pipeline[0], "mean_")


def test_numeric_frames_are_taken():
    """Integers, booleans and nullable numbers are numbers."""
    frame = pd.DataFrame({"a": [1, 2], "b": [True, False]})
    frame["c"] = pd.array([1, 2], dtype="Int64")
    features = clustering_task(KMeans(2), frame).features
    assert features.tolist() == [[1, 1, 1], [2, 0, 2]]


@pytest.mark.parametrize("values", [["x", "y"], [1.0, np.nan], [1.0, np.inf]])
def test_column_that_is_no_number_is_named(values):
    """So is the cure."""
    frame = pd.DataFrame({"age": [1.0, 2.0], "odd": values})
    with pytest.raises(SchemaError, match=r"(?s)'odd'.*TabularPreprocessor"):
        clustering_task(KMeans(2), frame)


def test_distances_are_refused():
    """Rows of a matrix of distances cannot be drawn again."""
    with pytest.raises(ValueError, match="takes distances"):
        clustering_task(DBSCAN(metric="precomputed"), np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("clusterer", "name"),
    [
        (KMeans(), "n_clusters"),
        (GaussianMixture(), "n_components"),
        (Around(KMeans()), "clusterer__n_clusters"),
        (Around(GaussianMixture()), "clusterer__n_components"),
    ],
)
def test_number_of_clusters_has_a_parameter(clusterer, name):
    """Of the clusterer or of the one within."""
    fitted, _ = fit_clusterer(clusterer, TWO, 2)
    assert fitted.get_params()[name] == 2


def test_clusterer_without_a_number_is_refused():
    """By name, with what to use instead."""
    with pytest.raises(ValueError, match=r"DBSCAN has no parameter n_clusters.*KMeans"):
        select_n_clusters(DBSCAN(), TWO, [2])


def test_tree_cut_by_distance_is_cut_by_number():
    """The number replaces the other rule."""
    tree = AgglomerativeClustering(n_clusters=None, distance_threshold=0.01)
    _, labels = fit_clusterer(tree, TWO, 2)
    assert len(set(labels)) == 2
    assert tree.distance_threshold == 0.01


def test_seed_fills_in_for_none_only():
    """A clusterer's own random_state is kept."""
    assert fit_clusterer(KMeans(2), TWO, seed=5)[0].random_state == 5
    assert fit_clusterer(KMeans(2, random_state=1), TWO, seed=5)[0].random_state == 1


@pytest.mark.parametrize(
    "clusterer",
    [
        KMeans(2),
        GaussianMixture(2),
        AgglomerativeClustering(2),
        SpectralClustering(2, affinity="rbf"),
        make_pipeline(StandardScaler(), AgglomerativeClustering(2)),
    ],
)
def test_other_rows_get_the_label_of_their_kind(clusterer):
    """Predicted, or that of the nearest row: bootstrap samples agree on all rows."""
    rows = np.repeat(TWO, 5, axis=0)
    found = cluster_stability(clusterer, rows, n_bootstraps=4, random_state=0)
    assert found.ari.tolist() == [1.0] * 4
