"""InductiveClusterer: segments for rows that a clusterer has not seen."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cluster import (
    DBSCAN,
    HDBSCAN,
    OPTICS,
    AffinityPropagation,
    AgglomerativeClustering,
    Birch,
    FeatureAgglomeration,
    KMeans,
    MeanShift,
    MiniBatchKMeans,
    SpectralClustering,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import InductiveClusterer, load, save
from segmentlearn.exceptions import SegmentLearnWarning
from tests.cluster.planted import CENTERS, TRUE

# those that an archive holds, with parameters that find the three segments
ARCHIVED = {
    "KMeans": KMeans(3),
    "MiniBatchKMeans": MiniBatchKMeans(3, n_init=3),
    "GaussianMixture": GaussianMixture(3),
    "BayesianGaussianMixture": BayesianGaussianMixture(n_components=3),
    "MeanShift": MeanShift(bandwidth=4),
    "AffinityPropagation": AffinityPropagation(preference=-2000, damping=0.9),
    "DBSCAN": DBSCAN(eps=2),
    "HDBSCAN": HDBSCAN(min_cluster_size=10, copy=True),
    "OPTICS": OPTICS(min_cluster_size=10, cluster_method="dbscan", eps=2),
    "AgglomerativeClustering": AgglomerativeClustering(3),
    "SpectralClustering": SpectralClustering(3, gamma=0.1),
}
ALL = {**ARCHIVED, "Birch": Birch(n_clusters=3)}
ASSIGNMENTS = {
    "DBSCAN": "core rows",
    "HDBSCAN": "nearest row",
    "OPTICS": "nearest row",
    "AgglomerativeClustering": "neighbors",
    "SpectralClustering": "neighbors",
}

every_clusterer = pytest.mark.parametrize("name", ALL)
every_archived = pytest.mark.parametrize("name", ARCHIVED)


@pytest.fixture(scope="module")
def fitted(X):
    """Every clusterer, fitted, by its name."""
    return {
        name: InductiveClusterer(clusterer, random_state=0).fit(X)
        for name, clusterer in ALL.items()
    }


def in_a_segment(labels):
    """Return which rows are no noise: density clusterers leave out a few."""
    clustered = labels >= 0
    assert clustered.mean() > 0.9
    return clustered


@every_clusterer
def test_segments_are_numbered_by_size(fitted, name):
    """The planted segment of 60 rows is 0, that of 20 rows is 2."""
    labels = fitted[name].labels_
    clustered = in_a_segment(labels)
    assert fitted[name].n_clusters_ == 3
    assert (labels == TRUE)[clustered].all()


@every_clusterer
def test_new_rows_find_their_segment(fitted, name, new_rows):
    """Rows drawn from a segment are assigned to it, by its canonical number."""
    labels = fitted[name].predict(new_rows)
    assert labels.dtype == np.int64
    assert (labels == TRUE)[in_a_segment(labels)].all()


@every_clusterer
def test_the_rule_follows_the_clusterer(fitted, name):
    """Own predict first, then density, then votes."""
    assert fitted[name].assignment_ == ASSIGNMENTS.get(name, "predict")


@every_clusterer
def test_memberships_sum_to_one(fitted, name, new_rows):
    """Noise rows are no exception, and no membership is negative."""
    proba = fitted[name].predict_proba(np.r_[new_rows, [[500.0, -500.0]]])
    assert proba.shape == (len(new_rows) + 1, 3)
    assert proba.min() >= 0
    np.testing.assert_allclose(proba.sum(axis=1), 1)


@every_clusterer
def test_the_predicted_segment_is_the_most_probable(fitted, name, new_rows):
    """`predict` and `predict_proba` go by the same distances or votes."""
    labels = fitted[name].predict(new_rows)
    most_probable = fitted[name].predict_proba(new_rows).argmax(axis=1)
    clustered = in_a_segment(labels)
    assert (most_probable == labels)[clustered].all()


@every_clusterer
def test_centers_are_the_means_of_the_segments(fitted, name, X):
    """In the order of the numbers, and `transform` measures the distance to them."""
    model = fitted[name]
    means = [X[model.labels_ == segment].mean(axis=0) for segment in range(3)]
    np.testing.assert_allclose(model.cluster_centers_, means)
    distance = np.linalg.norm(X[7] - means, axis=1)
    np.testing.assert_allclose(model.transform(X)[7], distance)


@every_clusterer
def test_fit_predict_returns_the_labels(name, fitted, X):
    """A second fit with the same seed gives the same segments."""
    again = InductiveClusterer(ALL[name], random_state=0).fit_predict(X)
    assert again.tolist() == fitted[name].labels_.tolist()


@every_clusterer
def test_separated_segments_agree(fitted, name):
    """Nearly all rows get their own label without their own help."""
    assert 0.9 < fitted[name].agreement_ <= 1


@every_archived
def test_archives_predict_the_same(fitted, name, new_rows):
    """Labels, memberships and distances come back from a .seg archive."""
    file = io.BytesIO()
    save(fitted[name], file)
    loaded = load(file)
    for method in ("predict", "predict_proba", "transform"):
        expected = getattr(fitted[name], method)(new_rows)
        np.testing.assert_array_equal(getattr(loaded, method)(new_rows), expected)


@pytest.mark.slow
def test_archives_hold_classifiers(X, new_rows):
    """A classifier that assigns comes back as well."""
    model = InductiveClusterer(AgglomerativeClustering(3), assign=LogisticRegression())
    file = io.BytesIO()
    save(model.fit(X), file)
    expected = model.predict_proba(new_rows)
    np.testing.assert_array_equal(load(file).predict_proba(new_rows), expected)


@every_clusterer
def test_pickles_predict_the_same(fitted, name, new_rows):
    """Search trees are built anew."""
    copy = pickle.loads(pickle.dumps(fitted[name]))
    assert (copy.predict(new_rows) == fitted[name].predict(new_rows)).all()


def test_search_trees_do_not_travel(X):
    """A pickle is as large before the first prediction as after it."""
    model = pickle.loads(pickle.dumps(InductiveClusterer(DBSCAN(eps=2)).fit(X)))
    before = len(pickle.dumps(model))
    model.predict_proba(model.clusterer_.components_)
    model.predict(X)
    assert len(pickle.dumps(model)) == before


@every_clusterer
def test_clones_are_not_fitted(fitted, name):
    """A clone has the parameters and none of the learning; the given one is kept."""
    copy = clone(fitted[name])
    assert not hasattr(copy, "labels_")
    assert str(copy) == str(fitted[name])
    assert not hasattr(fitted[name].clusterer, "n_features_in_")


@every_clusterer
def test_pipelines_predict(name, X, new_rows):
    """After a scaler, different columns count equally, and new rows are assigned."""
    clusterer = clone(ALL[name])
    scales = {"eps": 0.4, "bandwidth": 0.8, "gamma": 1.0, "preference": -60}
    known = {key: scales[key] for key in scales if key in clusterer.get_params()}
    pipeline = make_pipeline(
        StandardScaler(),
        InductiveClusterer(clusterer.set_params(**known), random_state=0),
    ).fit(X * [1.0, 1000.0])
    labels = pipeline.predict(new_rows * [1.0, 1000.0])
    assert adjusted_rand_score(TRUE, labels) > 0.9


def test_parameters_inside_are_reached(X):
    """A search can set the clusterer's own parameters."""
    model = InductiveClusterer(AgglomerativeClustering(2))
    search = GridSearchCV(
        model,
        {"clusterer__n_clusters": [2, 3]},
        scoring="adjusted_rand_score",
        cv=[(np.arange(len(X)), np.arange(len(X)))],
    ).fit(X, TRUE)
    assert search.best_params_ == {"clusterer__n_clusters": 3}


def test_the_default_clusters_rows_that_are_few():
    """Without parameters there are eight segments."""
    X = np.random.default_rng(0).normal(size=(50, 2))
    model = InductiveClusterer().fit(X)
    assert model.n_clusters_ == 8
    assert isinstance(model.clusterer_, AgglomerativeClustering)


def test_frames_keep_their_names(X):
    """Names are remembered, and frames come out where they are asked for."""
    frame = pd.DataFrame(X, columns=["age", "income"])
    model = InductiveClusterer(KMeans(3), random_state=0)
    distances = model.set_output(transform="pandas").fit_transform(frame)
    assert list(model.feature_names_in_) == ["age", "income"]
    assert list(distances) == [f"inductiveclusterer{number}" for number in range(3)]
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"age": "Age"}))


def test_single_precision_stays(X):
    """float32 tables are not doubled, and predict takes either."""
    model = InductiveClusterer(KMeans(3), random_state=0).fit(X.astype(np.float32))
    assert model.cluster_centers_.dtype == np.float32
    assert (model.predict(X) == TRUE).all()


def test_mixtures_give_their_own_probabilities(fitted, new_rows):
    """In the order of the segments' numbers."""
    model = fitted["GaussianMixture"]
    own = model.clusterer_.predict_proba(new_rows)
    order = model.clusterer_.predict(CENTERS)
    np.testing.assert_allclose(model.predict_proba(new_rows), own[:, order])


def test_no_matrix_of_pairs_is_kept(fitted):
    """The affinities that spectral clustering stores are dropped."""
    assert not hasattr(fitted["SpectralClustering"].clusterer_, "affinity_matrix_")
    assert not hasattr(fitted["AffinityPropagation"].clusterer_, "affinity_matrix_")


def test_noise_alone_is_warned_of(X):
    """Then there is no segment to predict, and every table has its shape."""
    model = InductiveClusterer(DBSCAN(eps=1e-6))
    with pytest.warns(SegmentLearnWarning, match="labelled all rows as noise"):
        model.fit(X)
    assert model.n_clusters_ == 0
    assert (model.predict(X[:3]) == -1).all()
    assert model.predict_proba(X[:3]).shape == (3, 0)
    assert model.transform(X[:3]).shape == (3, 0)
    assert model.cluster_centers_.shape == (0, 2)


@pytest.mark.parametrize("assign", ["auto", LogisticRegression()], ids=str)
def test_a_single_segment_is_warned_of(assign, X):
    """Every row is in it, also where a classifier would need two."""
    model = InductiveClusterer(AgglomerativeClustering(1), assign=assign)
    with pytest.warns(SegmentLearnWarning, match="all rows into one segment"):
        model.fit(X)
    assert (model.predict(X) == 0).all()
    assert (model.predict_proba(X) == 1).all()
    assert model.agreement_ == 1


def test_distances_in_place_of_columns_are_refused(X):
    """A precomputed metric has no columns to find new rows by."""
    model = InductiveClusterer(DBSCAN(metric="precomputed"))
    with pytest.raises(ValueError, match=r"takes distances.*precomputed"):
        model.fit(X)


@pytest.mark.parametrize("clusterer", [FeatureAgglomeration(), StandardScaler()])
def test_what_labels_no_rows_is_no_clusterer(clusterer, X):
    """Refused by the name of the parameter."""
    with pytest.raises(ValueError, match="The 'clusterer' parameter of"):
        InductiveClusterer(clusterer).fit(X)


def test_labels_that_are_no_numbers_are_refused(X):
    """A clusterer must give one whole number a row."""

    class Wordy(KMeans):
        def fit_predict(self, X, y=None, sample_weight=None):
            return np.full(len(X), "A")

    with pytest.raises(ValueError, match="one whole number a row"):
        InductiveClusterer(Wordy()).fit(X)


def test_a_failing_fit_leaves_the_last_one(X, new_rows):
    """After an error the estimator predicts what it predicted before."""
    model = InductiveClusterer(AgglomerativeClustering(3)).fit(X)
    model.set_params(clusterer__n_clusters=500)
    with pytest.raises(ValueError, match="500"):
        model.fit(X)
    assert (model.predict(new_rows) == TRUE).all()
