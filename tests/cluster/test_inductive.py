"""InductiveClusterer: segments for rows that a clusterer has not seen."""

import io
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.cluster import (
    DBSCAN,
    HDBSCAN,
    OPTICS,
    AffinityPropagation,
    AgglomerativeClustering,
    Birch,
    BisectingKMeans,
    FeatureAgglomeration,
    KMeans,
    MeanShift,
    MiniBatchKMeans,
    SpectralClustering,
)
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from segmentlearn import InductiveClusterer, load, save
from segmentlearn._compat import InvalidParameterError
from segmentlearn.cluster import fitting
from segmentlearn.exceptions import SegmentLearnWarning

CENTERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 20.0]])
SIZES = (60, 40, 20)
TRUE = np.repeat([0, 1, 2], SIZES)

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


def draw(random_state):
    """Draw three segments of 60, 40 and 20 rows, far apart, in the order of TRUE."""
    rng = np.random.default_rng(random_state)
    return CENTERS[TRUE] + rng.normal(0, 1, (len(TRUE), 2))


@pytest.fixture(scope="module")
def X():
    """Rows to fit to."""
    return draw(0)


@pytest.fixture(scope="module")
def new_rows():
    """Rows of the same segments that no clusterer has seen."""
    return draw(1)


@pytest.fixture(scope="module")
def fitted(X):
    """Every clusterer, fitted, by its name."""
    return {
        name: InductiveClusterer(clusterer, random_state=0).fit(X)
        for name, clusterer in ALL.items()
    }


def in_a_segment(labels):
    """Tell which rows are no noise: density clusterers leave out a few."""
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
def test_segments_far_apart_agree(fitted, name):
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
    """After a scaler, unlike columns count alike, and new rows are assigned."""
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


def test_dbscan_assigns_within_eps_only():
    """A new row is in the segment of its nearest core row, or noise beyond eps."""
    rows = np.array([[0.0], [1.0], [2.0], [2.9], [10.0], [11.0], [12.0], [30.0]])
    model = InductiveClusterer(DBSCAN(eps=1.0, min_samples=3)).fit(rows)
    assert model.labels_.tolist() == [0, 0, 0, 0, 1, 1, 1, -1]
    # core rows are those at 1, 2 and 11
    assert model.predict([[3.0], [3.1], [10.2], [30.0]]).tolist() == [0, -1, 1, -1]
    assert model.distance_bounds_.tolist() == [1.0, 1.0]


def test_dbscan_core_rows_vouch_for_each_other():
    """Rows of a single-core segment have no other core row: agreement is honest."""
    rows = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
    model = InductiveClusterer(DBSCAN(eps=1.0, min_samples=3)).fit(rows)
    # 1 and 11 are the core rows; without themselves they are 10 away from one
    assert model.agreement_ == pytest.approx(4 / 6)


def test_dbscan_measures_by_its_own_metric():
    """Rows in one direction are one segment by the cosine, however far apart."""
    rows = np.array([[1.0, 0], [2, 0.01], [3, 0], [0, 1], [0.01, 2]])
    clusterer = DBSCAN(eps=0.01, min_samples=2, metric="cosine")
    model = InductiveClusterer(clusterer).fit(rows)
    assert model.predict([[90.0, 0.0], [0.0, 90.0], [1.0, 1.0]]).tolist() == [0, 1, -1]


def test_hdbscan_bounds_differ_by_segment():
    """A sparse segment reaches farther than a dense one, and far rows are noise."""
    rng = np.random.default_rng(0)
    dense, sparse = rng.normal(0, 0.1, (100, 2)), 20 + rng.normal(0, 2, (80, 2))
    clusterer = HDBSCAN(min_cluster_size=10, copy=True)
    model = InductiveClusterer(clusterer).fit(np.r_[dense, sparse])
    assert model.n_clusters_ == 2
    assert model.distance_bounds_[1] > 3 * model.distance_bounds_[0]
    new_rows = [[0, 0], [20, 20], [0, 3], [90, 90]]
    assert model.predict(new_rows).tolist() == [0, 1, -1, -1]


def test_hdbscan_keeps_noise_out_as_training_did():
    """Of fresh noise and fresh members most are told apart."""
    rng = np.random.default_rng(0)

    def rows(n):
        members = rng.normal(0, 1, (2 * n, 2)) + np.repeat([[0, 0], [12, 0]], n, axis=0)
        return np.r_[members, rng.uniform(-30, 40, (n // 2, 2))]

    model = InductiveClusterer(HDBSCAN(min_cluster_size=20, copy=True)).fit(rows(200))
    is_noise = model.predict(rows(200)) < 0
    assert is_noise[:400].mean() < 0.1
    assert is_noise[400:].mean() > 0.8


def test_noise_of_an_unknown_clusterer_is_kept(X):
    """Whoever leaves rows out as noise gets bounds, HDBSCAN or not."""

    class Careful(AgglomerativeClustering):
        def fit_predict(self, X, y=None):
            labels = super().fit_predict(X)
            return np.where(np.abs(X).max(axis=1) > 90, -1, labels)

    rows = np.r_[X, [[99.0, 99.0]]]
    model = InductiveClusterer(Careful(4)).fit(rows)
    assert model.assignment_ == "nearest row"
    assert model.predict([[99.0, 99.0], [0.0, 0.0]]).tolist() == [-1, 0]


def test_neighbours_vote():
    """One near row is outvoted by several; a row at distance 0 is not."""
    rows = np.array([[0.0], [0.2], [1.0], [1.1], [1.2], [50.0], [51.0]])

    class Given(AgglomerativeClustering):
        def fit_predict(self, X, y=None):
            return np.array([5, 5, 3, 3, 3, 5, 5])

    model = InductiveClusterer(Given(), n_neighbors=3).fit(rows)
    assert model.labels_.tolist() == [0, 0, 1, 1, 1, 0, 0]
    assert model.predict([[0.58], [0.2]]).tolist() == [1, 0]
    one = InductiveClusterer(Given(), n_neighbors=1).fit(rows)
    assert one.predict([[0.58]]).tolist() == [0]
    votes = 1 / np.array([0.38, 0.42, 0.52])
    expected = [votes[0] / votes.sum(), votes[1:].sum() / votes.sum()]
    np.testing.assert_allclose(model.predict_proba([[0.58]])[0], expected)


def test_training_rows_keep_their_label_where_neighbours_vote():
    """`predict` of the training rows is `labels_`, overlapping segments or not."""
    rows = np.random.default_rng(0).normal(size=(200, 3))
    model = InductiveClusterer(AgglomerativeClustering(4)).fit(rows)
    assert (model.predict(rows) == model.labels_).all()


def test_agreement_of_neighbours_leaves_a_row_out():
    """It is the leave-one-out accuracy, not that of rows that find themselves."""
    rows = np.random.default_rng(0).normal(size=(60, 3))
    model = InductiveClusterer(AgglomerativeClustering(4)).fit(rows)
    voter = KNeighborsClassifier(5, weights="distance")
    said = [
        voter.fit(np.delete(rows, row, 0), np.delete(model.labels_, row)).predict(
            rows[[row]]
        )[0]
        for row in range(len(rows))
    ]
    assert model.agreement_ == np.mean(said == model.labels_) < 1


def test_agreement_of_classifiers_is_cross_validated():
    """A tree that knows its rows by heart does not agree wholly."""
    rows = np.random.default_rng(0).normal(size=(100, 3))
    model = InductiveClusterer(
        AgglomerativeClustering(4), assign=DecisionTreeClassifier(), random_state=0
    ).fit(rows)
    assert (model.predict(rows) == model.labels_).all()
    assert 0.5 < model.agreement_ < 1


def test_copies_of_a_row_vouch_for_it():
    """Leaving a row out leaves its copies in."""
    rows = np.repeat([[0.0], [1.0], [9.0]], [6, 6, 6], axis=0)
    model = InductiveClusterer(AgglomerativeClustering(3), n_neighbors=2).fit(rows)
    assert model.agreement_ == 1


def test_large_tables_agree_on_a_sample(monkeypatch, X):
    """Where more rows are there than are compared, the share is of some of them."""
    monkeypatch.setattr("segmentlearn.cluster.assignment._MOST_ROWS_COMPARED", 50)
    for clusterer in (KMeans(3), DBSCAN(eps=2), AgglomerativeClustering(3)):
        model = InductiveClusterer(clusterer, random_state=0).fit(X)
        assert model.agreement_ * 50 == pytest.approx(round(model.agreement_ * 50))
        assert model.agreement_ > 0.9


def test_classifiers_assign(X, new_rows):
    """A copy is fitted to the segments; the given one is not."""
    classifier = LogisticRegression()
    model = InductiveClusterer(AgglomerativeClustering(3), assign=classifier).fit(X)
    assert model.assignment_ == "classifier"
    assert (model.predict(new_rows) == TRUE).all()
    assert isinstance(model.classifier_, LogisticRegression)
    assert not hasattr(classifier, "coef_")


def test_classifiers_without_probabilities_give_none(X):
    """Then there is no `predict_proba`, as in scikit-learn."""
    model = InductiveClusterer(KMeans(3), assign=RidgeClassifier()).fit(X)
    assert not hasattr(model, "predict_proba")
    assert (model.predict(X) == TRUE).all()


@pytest.mark.parametrize("assign", ["neighbors", LogisticRegression()], ids=str)
def test_noise_teaches_nothing(assign, X):
    """Votes and classifiers put rows of the noise into a segment."""
    rows = np.r_[X, [[100.0, 0.0]]]
    model = InductiveClusterer(DBSCAN(eps=2), assign=assign).fit(rows)
    assert model.labels_[-1] == -1
    assert model.predict(rows[-1:]) == [1]
    assert model.distance_bounds_ is None


@pytest.mark.parametrize("n_columns", [2, 9])
def test_memberships_go_by_the_nearest_core_row(n_columns):
    """Student's t kernel of the distances, whether trees are searched or all rows."""
    rng = np.random.default_rng(0)
    rows = np.repeat([0.0, 9.0], [30, 20])[:, None] + rng.normal(0, 1, (50, n_columns))
    model = InductiveClusterer(DBSCAN(eps=6.0)).fit(rows)
    new_row = np.full((1, n_columns), 3.0)
    squared = [
        np.square(rows[model.labels_ == segment] - new_row).sum(axis=1).min()
        for segment in range(2)
    ]
    others = [
        np.sort(np.square(rows[model.labels_ == model.labels_[row]] - one).sum(axis=1))
        for row, one in enumerate(rows)
    ]
    scale = np.mean([one[1] for one in others])
    kernel = scale / (scale + np.array(squared))
    np.testing.assert_allclose(model.predict_proba(new_row)[0], kernel / kernel.sum())


def test_mixtures_give_their_own_probabilities(fitted, new_rows):
    """In the order of the segments' numbers."""
    model = fitted["GaussianMixture"]
    own = model.clusterer_.predict_proba(new_rows)
    order = model.clusterer_.predict(CENTERS)
    np.testing.assert_allclose(model.predict_proba(new_rows), own[:, order])


def test_components_without_rows_are_no_segments():
    """A mixture of ten finds two segments; new rows go to those."""
    rng = np.random.default_rng(0)
    rows = np.r_[rng.normal(0, 1, (100, 2)), rng.normal(30, 1, (60, 2))]
    model = InductiveClusterer(
        BayesianGaussianMixture(
            n_components=10, weight_concentration_prior=1e-6, max_iter=500
        ),
        random_state=0,
    ).fit(rows)
    n_used = len(np.unique(model.clusterer_.predict(rows)))
    assert model.n_clusters_ == n_used < 10
    far = rng.uniform(-100, 100, (300, 2))
    assert set(model.predict(far)) <= set(range(n_used))
    np.testing.assert_allclose(model.predict_proba(far).sum(axis=1), 1)


def test_centres_without_rows_are_no_segments(X):
    """A row that the clusterer sends to an empty segment goes to the next best."""

    class Proud(KMeans):
        def fit_predict(self, X, y=None, sample_weight=None):
            labels = super().fit_predict(X)
            here = labels[-1]
            return np.where(labels == here, labels[0], labels)

    model = InductiveClusterer(Proud(3), random_state=0).fit(X)
    assert model.n_clusters_ == 2
    assert set(model.predict(X)) == {0, 1}


@pytest.mark.parametrize(
    "clusterer", [make_pipeline(StandardScaler(), KMeans(3)), BisectingKMeans(3)]
)
def test_unknown_centres_are_means(clusterer, X, new_rows):
    """Where a clusterer's centres are not in these columns, memberships go by means."""
    model = InductiveClusterer(clusterer, random_state=0).fit(X)
    assert model.assignment_ == "predict"
    assert (model.predict_proba(new_rows).argmax(axis=1) == TRUE).all()


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


def test_clusterers_without_weights_are_told_of(X):
    """Sizes and means are weighted all the same."""
    weight = np.where(TRUE == 2, 10.0, 1.0)
    model = InductiveClusterer(AgglomerativeClustering(3))
    with pytest.warns(SegmentLearnWarning, match="takes no sample_weight"):
        model.fit(X, sample_weight=weight)
    assert model.labels_[-1] == 0


def test_weights_are_routed(X):
    """With metadata routing a pipeline hands weights on where they are asked for."""
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


def test_blocks_are_no_seams(monkeypatch, X):
    """Rows assigned in blocks are assigned as they are together."""
    model = InductiveClusterer(AgglomerativeClustering(3), max_rows=50, random_state=0)
    with pytest.warns(SegmentLearnWarning):
        whole = model.fit_predict(X)
    monkeypatch.setattr("segmentlearn.cluster.inductive._ROWS_AT_ONCE", 7)
    with pytest.warns(SegmentLearnWarning):
        blocks = model.fit_predict(X)
    assert (whole == blocks).all()


@pytest.mark.parametrize(
    ("clusterer", "is_sampled"),
    [
        (AgglomerativeClustering(3), True),
        (make_pipeline(StandardScaler(), AgglomerativeClustering(3)), True),
        (AgglomerativeClustering(3, connectivity=np.eye(120)), False),
        (DBSCAN(eps=2), False),
        (KMeans(3), False),
    ],
)
def test_only_clusterers_of_pairs_are_sampled(monkeypatch, clusterer, is_sampled, X):
    """Those whose cost grows with the number of rows see all of them."""
    monkeypatch.setitem(fitting._MOST_ROWS, AgglomerativeClustering, 50)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        InductiveClusterer(clusterer, random_state=0).fit(X)
    assert any("50 of 120" in str(one.message) for one in told) == is_sampled


def test_max_rows_none_samples_nothing(monkeypatch, X):
    """Who asks for all rows gets all rows."""
    monkeypatch.setitem(fitting._MOST_ROWS, AgglomerativeClustering, 50)
    model = InductiveClusterer(AgglomerativeClustering(3), max_rows=None).fit(X)
    assert len(model.clusterer_.labels_) == 120


def test_no_matrix_of_pairs_is_kept(fitted):
    """The affinities that spectral clustering stores are dropped."""
    assert not hasattr(fitted["SpectralClustering"].clusterer_, "affinity_matrix_")
    assert not hasattr(fitted["AffinityPropagation"].clusterer_, "affinity_matrix_")


def test_seeds_are_handed_on(X):
    """An open random_state inside is set, one that was chosen is kept."""
    open_seed = InductiveClusterer(KMeans(3), random_state=0).fit(X)
    assert isinstance(open_seed.clusterer_.random_state, int)
    assert open_seed.clusterer.random_state is None
    chosen = InductiveClusterer(KMeans(3, random_state=7), random_state=0).fit(X)
    assert chosen.clusterer_.random_state == 7


def test_noise_alone_is_warned_of(X):
    """Then there is no segment to predict, and every table has its shape."""
    model = InductiveClusterer(DBSCAN(eps=1e-6))
    with pytest.warns(SegmentLearnWarning, match="took all rows for noise"):
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


def test_rows_alone_in_their_segment_agree_with_nobody():
    """Without a row, nothing tells that its segment exists."""
    rows = [[0.0], [5.0], [9.0]]
    for assign in ("auto", LogisticRegression()):
        model = InductiveClusterer(AgglomerativeClustering(3), assign=assign).fit(rows)
        assert model.predict(rows).tolist() == model.labels_.tolist()
        assert model.agreement_ == 0


def test_distances_in_place_of_columns_are_refused(X):
    """A precomputed metric has no columns to find new rows by."""
    model = InductiveClusterer(DBSCAN(metric="precomputed"))
    with pytest.raises(ValueError, match=r"takes distances.*precomputed"):
        model.fit(X)


@pytest.mark.parametrize("clusterer", [FeatureAgglomeration(), StandardScaler()])
def test_what_labels_no_rows_is_no_clusterer(clusterer, X):
    """Refused by the name of the parameter."""
    with pytest.raises(InvalidParameterError, match="The 'clusterer' parameter of"):
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
