"""ConsensusClusterer: views that vote."""

import pickle

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score

from segmentlearn.cluster import ConsensusClusterer
from tests.cluster.planted import TRUE, draw

VIEWS = [[0, 1], [2, 3], [4, 5]]


@pytest.fixture(scope="module")
def views():
    """Three noisy looks at the same planted segments, one of them useless."""
    rng = np.random.default_rng(9)
    return np.hstack([draw(0), 2.0 * draw(1), rng.normal(size=(120, 2))])


@pytest.fixture(scope="module")
def fitted(views):
    """Three segments of all views."""
    return ConsensusClusterer(KMeans(3, n_init=5), views=VIEWS, random_state=0).fit(
        views
    )


def test_a_useless_view_is_outvoted(fitted):
    """The segments are those that most views see."""
    assert adjusted_rand_score(TRUE, fitted.labels_) > 0.95


def test_views_are_matched(fitted):
    """The segments of the good views are the same ones, whatever their numbers."""
    first, second = fitted.clusterers_[:2]
    one = fitted.matches_[0][first.labels_]
    other = fitted.matches_[1][second.labels_]
    assert (one == other).mean() > 0.95


def test_each_segment_of_a_view_has_a_place(fitted):
    """A match names segments of the consensus."""
    for clusterer, match in zip(fitted.clusterers_, fitted.matches_, strict=True):
        assert len(match) == clusterer.n_clusters_
        assert set(match) <= set(range(fitted.n_clusters_))


def test_agreement_is_the_mean_of_pairs(fitted):
    """Adjusted Rand indices of two views each."""
    labels = [clusterer.labels_ for clusterer in fitted.clusterers_]
    pairs = [
        adjusted_rand_score(labels[first], labels[second])
        for first, second in ((0, 1), (0, 2), (1, 2))
    ]
    assert fitted.agreement_ == pytest.approx(np.mean(pairs))


def test_training_rows_are_predicted_as_they_were(fitted, views):
    """And belong to the segment with the largest membership."""
    np.testing.assert_array_equal(fitted.predict(views), fitted.labels_)
    proba = fitted.predict_proba(views)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    np.testing.assert_array_equal(proba.argmax(axis=1), fitted.labels_)


def test_one_view_is_the_clusterer(views):
    """Nothing is changed by a vote of one."""
    fitted = ConsensusClusterer(KMeans(3, n_init=5), random_state=0).fit(views[:, :2])
    np.testing.assert_array_equal(fitted.labels_, fitted.clusterers_[0].labels_)
    assert fitted.agreement_ == 1.0


def test_views_of_unlike_numbers_of_segments():
    """A segment that a view has more goes to its largest share."""
    X = np.hstack([draw(0), draw(1), draw(2)])
    eps = 3.0
    X[:, 2:4] *= [1.0, 0.05]  # two of the three are one here
    fitted = ConsensusClusterer(DBSCAN(eps), views=VIEWS).fit(X)
    assert {clusterer.n_clusters_ for clusterer in fitted.clusterers_} == {2, 3}
    assert adjusted_rand_score(TRUE, fitted.labels_) > 0.95


def test_noise_is_voted_on(views):
    """A row that most views call noise is noise, new rows too."""
    X = np.hstack([draw(0), draw(1), draw(2)])
    X[0, :4] = 500.0  # two of three
    X[1, :2] = 500.0  # one of three
    fitted = ConsensusClusterer(DBSCAN(3.0), views=VIEWS).fit(X)
    assert fitted.labels_[0] == -1
    assert fitted.labels_[1] >= 0
    assert fitted.predict(X[:2]).tolist() == fitted.labels_[:2].tolist()


@pytest.mark.filterwarnings("ignore:.*labelled all rows as noise")
def test_all_noise(views):
    """Then there is no segment."""
    fitted = ConsensusClusterer(DBSCAN(1e-9), views=VIEWS).fit(views)
    assert fitted.n_clusters_ == 0
    assert (fitted.labels_ == -1).all()
    assert fitted.predict_proba(views).shape == (120, 0)


def test_the_same_seed_gives_the_same_segments(fitted, views):
    """A clone too."""
    again = ConsensusClusterer(KMeans(3, n_init=5), views=VIEWS, random_state=0)
    np.testing.assert_array_equal(again.fit_predict(views), fitted.labels_)


def test_a_pickle_predicts_the_same(fitted, views):
    """Nothing of the fit is lost."""
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict(views), fitted.labels_)


def test_views_may_be_arrays(views):
    """Of whole numbers."""
    as_arrays = [np.array(view) for view in VIEWS]
    fitted = ConsensusClusterer(KMeans(3), views=as_arrays, random_state=0).fit(views)
    assert len(fitted.clusterers_) == 3


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ([], "views is empty"),
        ([[0], []], "at least|one at least"),
        ([0, 1], "the view 0"),
        ([[0.5]], "list of positions"),
        ([[True, False]], "list of positions"),
        ([[0, 6]], r"column\(s\) \[6\], and X has columns 0 to 5"),
        ([[-1]], r"\[-1\]"),
    ],
)
def test_wrong_views_are_named(views, wrong, text):
    """What is wrong, and what is possible."""
    with pytest.raises(ValueError, match=text):
        ConsensusClusterer(KMeans(3), views=wrong).fit(views)


def test_a_failing_fit_takes_nothing_away(views):
    """The estimator goes on to predict as before, columns included."""
    fitted = ConsensusClusterer(KMeans(3, n_init=2), random_state=0).fit(views)
    with pytest.raises(ValueError, match="n_clusters=3"):
        fitted.fit(views[:2, :3])
    np.testing.assert_array_equal(fitted.predict(views), fitted.labels_)


def test_changed_parameters_wait_for_the_next_fit(views):
    """predict goes by the views that were fitted."""
    fitted = ConsensusClusterer(KMeans(3), views=VIEWS, random_state=0).fit(views)
    fitted.set_params(views=[[0]])
    np.testing.assert_array_equal(fitted.predict(views), fitted.labels_)
