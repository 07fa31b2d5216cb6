"""How new rows find their segment, and how often that gives the clusterer's label."""

import numpy as np
import pytest
from sklearn.cluster import (
    DBSCAN,
    HDBSCAN,
    AgglomerativeClustering,
    BisectingKMeans,
    KMeans,
)
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.mixture import BayesianGaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from segmentlearn import InductiveClusterer
from tests.cluster.planted import TRUE, draw


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
    """Rows in one direction are one segment by the cosine, however distant."""
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
    """Most of fresh noise and of fresh members are recognised."""
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
    voted = [
        voter.fit(np.delete(rows, row, 0), np.delete(model.labels_, row)).predict(
            rows[[row]]
        )[0]
        for row in range(len(rows))
    ]
    assert model.agreement_ == np.mean(voted == model.labels_) < 1


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


@pytest.mark.parametrize("clusterer", [KMeans(3), DBSCAN(eps=2)], ids=str)
def test_large_tables_agree_on_a_sample(clusterer):
    """Of more than 10,000 rows the agreement is a share of so many."""
    rows = np.vstack([draw(seed) for seed in range(84)])
    share = InductiveClusterer(clusterer, random_state=0).fit(rows).agreement_
    assert share * 10_000 == pytest.approx(round(share * 10_000), abs=1e-6)
    assert share > 0.9


@pytest.mark.slow
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


@pytest.mark.slow
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
        np.sort(
            np.square(rows[model.labels_ == model.labels_[row]] - cells).sum(axis=1)
        )
        for row, cells in enumerate(rows)
    ]
    scale = np.mean([pair[1] for pair in others])
    kernel = scale / (scale + np.array(squared))
    np.testing.assert_allclose(model.predict_proba(new_row)[0], kernel / kernel.sum())


@pytest.mark.slow
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


def test_rows_alone_in_their_segment_agree_with_nobody():
    """Without a row, nothing shows that its segment exists."""
    rows = [[0.0], [5.0], [9.0]]
    for assign in ("auto", LogisticRegression()):
        model = InductiveClusterer(AgglomerativeClustering(3), assign=assign).fit(rows)
        assert model.predict(rows).tolist() == model.labels_.tolist()
        assert model.agreement_ == 0
