"""AutoencoderClusterer: what it finds, and how it describes that."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.mixture import GaussianMixture

from segmentlearn import Autoencoder, load, make_customers, save
from segmentlearn.cluster import canonical_labels, match_labels
from segmentlearn.model_selection import select_n_clusters
from segmentlearn.preprocessing import DistancePreprocessor
from tests.cluster.coded import KIND, draw_customers, tiny


@pytest.fixture(scope="module")
def customers():
    """Three kinds of customers."""
    return draw_customers()


@pytest.fixture(scope="module")
def fitted(customers):
    """A clusterer of prepared columns, compared with codes."""
    return tiny().fit(customers)


@pytest.fixture(scope="module")
def deep(customers):
    """A clusterer of codes."""
    return tiny(compare_baselines=False).fit(customers)


@pytest.fixture(scope="module")
def joint(customers):
    """A clusterer trained jointly, without a comparison."""
    return tiny(compare_baselines=False, joint="idec", joint_epochs=3).fit(customers)


@pytest.fixture(scope="module")
def consensus(customers):
    """Candidates of two seeds and two lengths, and their vote."""
    coder = Autoencoder(3, hidden_layer_sizes=(8,), max_epochs=3, batch_size=32)
    return tiny(autoencoder=coder, n_seeds=2, consensus=True).fit(customers)


@pytest.mark.slow
@pytest.mark.floors
def test_plain_segments_are_left_to_simple_clusterers(fitted):
    """Well separated kinds are all found, and nothing deep is needed."""
    assert fitted.space_ == "prepared"
    assert adjusted_rand_score(KIND, fitted.labels_) == 1.0


@pytest.fixture(scope="module")
def bent():
    """A clusterer of segments on a curved surface, and the true segments."""
    X, _, truth = make_customers("latent", 600, return_truth=True, random_state=0)
    coder = Autoencoder(4, hidden_layer_sizes=(8,), max_epochs=40, batch_size=32)
    n_clusters = len(np.unique(truth.segment))
    return tiny(autoencoder=coder, n_clusters=n_clusters).fit(X), truth


@pytest.mark.slow
def test_non_linear_segments_are_found_in_codes(bent):
    """On a curved surface a deep candidate finds more than k-means."""
    fitted, truth = bent
    found = {
        candidate["name"]: adjusted_rand_score(truth.segment, candidate["labels"])
        for candidate in fitted.candidates_
    }
    best = max(found[candidate["name"]] for candidate in fitted.candidates_[2:])
    assert best > found["kmeans on prepared"]
    assert found[fitted.selected_] > found["kmeans on prepared"]


@pytest.mark.slow
def test_the_selected_candidate_is_the_best(fitted, bent):
    """One is selected, and its segments are those returned."""
    for clusterer in (fitted, bent[0]):
        best = max(clusterer.candidates_, key=lambda candidate: candidate["score"])
        (selected,) = [
            candidate for candidate in clusterer.candidates_ if candidate["selected"]
        ]
        assert selected is best
        assert clusterer.selected_ == selected["name"]
        np.testing.assert_array_equal(selected["labels"], clusterer.labels_)


@pytest.mark.slow
def test_candidates_are_described(consensus):
    """Simple ones, the best deep one, and the vote."""
    names = [candidate["name"] for candidate in consensus.candidates_]
    assert len(names) == 4
    assert [name.endswith("on prepared") for name in names] == [True] * 2 + [False] * 2
    assert names[3] == "consensus on codes of 4 autoencoders"
    spaces = [candidate["space"] for candidate in consensus.candidates_]
    assert spaces == ["prepared", "prepared", "codes", "codes"]
    components = [candidate["n_components"] for candidate in consensus.candidates_]
    assert components[:2] == [None, None]
    assert components[2] in (2, 3)
    assert components[3] == [3, 3, 2, 2]


@pytest.mark.slow
def test_candidates_have_scores_of_three_parts(fitted):
    """Finite numbers, and a label a row."""
    for candidate in fitted.candidates_:
        names = ("separation", "likelihood", "stability")
        measures = [candidate[name] for name in names]
        assert np.isfinite([*measures, candidate["score"]]).all()
        assert candidate["labels"].shape == (120,)
        assert candidate["n_clusters"] == 3


@pytest.mark.slow
def test_members_are_all_autoencoders_with_all_clusterers(consensus):
    """Two seeds by two lengths by two clusterers; the best is the deep finalist."""
    members = consensus.members_
    assert [candidate["n_components"] for candidate in members] == [3] * 4 + [2] * 4
    (best,) = [candidate for candidate in members if candidate["selected"]]
    assert best["score"] == max(candidate["score"] for candidate in members)
    assert best["score"] == consensus.candidates_[2]["score"]
    assert "labels" not in best


def test_without_baselines_there_is_one_candidate(deep):
    """Nothing was compared, so that it has no score."""
    (only,) = deep.candidates_
    assert only["name"] == "kmeans on codes" == deep.selected_
    assert only["score"] is None
    assert deep.space_ == "codes"


@pytest.mark.slow
def test_joint_training_gives_its_segments(joint, customers):
    """Without baselines it is returned, codes included."""
    assert joint.selected_ == "idec on codes"
    assert [candidate["name"] for candidate in joint.candidates_] == [
        "kmeans on codes",
        "idec on codes",
    ]
    np.testing.assert_array_equal(joint.predict(customers), joint.labels_)
    assert len(joint.autoencoder_.history_["loss"]) == 3


@pytest.mark.parametrize("clusterer", [DBSCAN(), GaussianMixture(3)])
def test_joint_training_wants_k_means(customers, clusterer):
    """Others have no centres that could be trained."""
    segmenter = tiny(clusterer=clusterer, joint="dcn")
    with pytest.raises(ValueError, match="joint='dcn' trains the centres of k-means"):
        segmenter.fit(customers)


@pytest.mark.slow
def test_joint_segments_can_be_looked_for_in_other_numbers(joint, customers):
    """The trained centres do not tie their number."""
    clusterer, features, prepared = joint.clustering_task(customers)
    assert clusterer.set_params(n_clusters=2).fit(features).n_clusters == 2
    assert len(features) == len(prepared) == 120
    assert select_n_clusters(joint, customers, [2, 3]) is not None


@pytest.mark.slow
@pytest.mark.parametrize("which", ["fitted", "deep", "joint", "consensus"])
def test_selected_problem_is_that_of_the_selected_candidate(which, customers, request):
    """Its clusterer, fitted again to what it saw, finds about the same segments."""
    clusterer = request.getfixturevalue(which)
    winner, features, prepared = clusterer.selected_task(customers)
    assert type(winner) is type(clusterer.clusterer_.clusterer)
    assert len(features) == len(prepared) == len(customers)
    found = winner.fit_predict(features)
    assert adjusted_rand_score(found, clusterer.labels_) > 0.4


@pytest.mark.slow
@pytest.mark.floors
@pytest.mark.parametrize("which", ["fitted", "deep", "joint", "consensus"])
def test_training_rows_are_predicted_as_they_were(which, customers, request):
    """And belong to the segment with the largest membership."""
    fitted = request.getfixturevalue(which)
    np.testing.assert_array_equal(fitted.predict(customers), fitted.labels_)
    proba = fitted.predict_proba(customers)
    assert proba.shape == (120, fitted.n_clusters_)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(proba.argmax(axis=1), fitted.labels_)


@pytest.mark.slow
@pytest.mark.floors
def test_new_customers_find_their_segments(fitted, deep):
    """Those of their kind."""
    new = draw_customers(1)
    assert adjusted_rand_score(KIND, fitted.predict(new)) == 1.0
    assert adjusted_rand_score(deep.labels_, deep.predict(new)) > 0.6


@pytest.mark.parametrize("which", ["fitted", "deep", "joint", "consensus"])
def test_the_largest_segment_is_0(which, request):
    """Labels are canonical, whole numbers."""
    labels = request.getfixturevalue(which).labels_
    assert labels.dtype == np.int64
    sizes = np.bincount(labels)
    assert (np.diff(sizes) <= 0).all()
    np.testing.assert_array_equal(canonical_labels(labels)[0], labels)


@pytest.mark.slow
@pytest.mark.floors
def test_the_same_seed_gives_the_same_result(fitted, customers):
    """Segments, codes and scores, also of a clone."""
    again = clone(fitted).fit(customers)
    np.testing.assert_array_equal(again.labels_, fitted.labels_)
    np.testing.assert_array_equal(
        again.transform(customers), fitted.transform(customers)
    )
    scores = [
        [candidate["score"] for candidate in m.candidates_] for m in (again, fitted)
    ]
    assert scores[0] == scores[1]


def test_a_random_state_is_drawn_from(customers):
    """Two equal ones give equal codes, and move on."""
    states = [np.random.RandomState(7) for _ in range(2)]
    codes = [
        tiny(random_state=state, compare_baselines=False).fit_transform(customers)
        for state in states
    ]
    np.testing.assert_array_equal(*codes)
    assert states[0].randint(10**6) != np.random.RandomState(7).randint(10**6)


def test_no_global_seed_is_touched(customers):
    """It is as it was before."""
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    tiny(random_state=3).fit(customers)
    after = np.random.get_state()[1]  # noqa: NPY002
    np.testing.assert_array_equal(after, before)


@pytest.mark.slow
def test_a_bootstrap_finds_the_same_kinds(fitted, customers):
    """Numbers of segments are the same after matching."""
    drawn = np.random.default_rng(0).integers(0, 120, 120)
    again = tiny().fit(customers.iloc[drawn].reset_index(drop=True))
    matched = match_labels(again.predict(customers), fitted.labels_)
    assert (matched == fitted.labels_).mean() > 0.98


def test_copies_predict_the_same(deep, customers, tmp_path):
    """A pickle and a stored file."""
    save(deep, tmp_path / "segments.seg")
    for copy in (pickle.loads(pickle.dumps(deep)), load(tmp_path / "segments.seg")):
        np.testing.assert_array_equal(copy.predict(customers), deep.labels_)
        np.testing.assert_array_equal(
            copy.transform(customers), deep.transform(customers)
        )


@pytest.mark.slow
def test_codes_are_those_of_the_autoencoder(fitted, customers):
    """Also where simple segments were selected."""
    codes = fitted.transform(customers)
    assert codes.shape == (120, 2)
    np.testing.assert_array_equal(codes, fitted.autoencoder_.transform(customers))


@pytest.mark.slow
def test_prepared_columns_are_the_preprocessors(fitted, customers):
    """For frames DistancePreprocessor makes them."""
    prepared = DistancePreprocessor().fit_transform(customers)
    np.testing.assert_array_equal(fitted.prepare(customers), prepared)


def test_inertia_and_silhouette_are_those_of_the_segments(deep, customers):
    """Centres, inertia and silhouette in both spaces."""
    labels = deep.labels_
    for space, inertia, silhouette in (
        (deep.prepare(customers), deep.inertia_, deep.silhouette_),
        (deep.transform(customers), deep.latent_inertia_, deep.latent_silhouette_),
    ):
        means = np.stack([space[labels == label].mean(axis=0) for label in range(3)])
        assert inertia == pytest.approx(((space - means[labels]) ** 2).sum(), rel=1e-4)
        assert silhouette == pytest.approx(silhouette_score(space, labels), rel=1e-4)
    assert deep.cluster_centers_.shape == (3, 5)


@pytest.mark.slow
def test_centres_are_typical_customers(fitted, customers):
    """In the columns of the table: means, and the commonest level."""
    centers = fitted.inverse_transform_centers()
    assert list(centers) == list(customers)
    means = customers.groupby(fitted.labels_)[["age", "income"]].mean()
    np.testing.assert_allclose(centers["income"], means["income"], rtol=0.02)
    np.testing.assert_allclose(centers["age"], means["age"], rtol=0.05)
    assert set(centers["job"]) <= {"Judge", "Artist"}


def test_names_of_segments_are_forgotten_by_fit(customers):
    """New segments have none."""
    segmenter = tiny(compare_baselines=False).fit(customers)
    assert segmenter.segment_names_ == {}
    segmenter.segment_names_ = {0: "Young"}
    assert segmenter.fit(customers).segment_names_ == {}


def test_frames_of_codes(customers):
    """set_output holds for transform, and disturbs no fit."""
    segmenter = tiny(compare_baselines=False).set_output(transform="pandas")
    codes = segmenter.fit_transform(customers)
    assert isinstance(codes, pd.DataFrame)
    assert list(codes) == ["autoencoderclusterer0", "autoencoderclusterer1"]
    assert codes.index.equals(customers.index)


def test_five_segments_by_default(customers):
    """That is the number where n_clusters is None."""
    assert (
        tiny(n_clusters=None, compare_baselines=False).fit(customers).n_clusters_ == 5
    )


def test_an_injected_clusterer_keeps_its_number(customers):
    """Where n_clusters is None; a number takes precedence over its own."""
    ward = AgglomerativeClustering(4)
    own = tiny(clusterer=ward, n_clusters=None).fit(customers)
    assert own.n_clusters_ == 4
    other = tiny(clusterer=ward, n_clusters=2).fit(customers)
    assert other.n_clusters_ == 2
    assert ward.n_clusters == 4
    names = {candidate["name"] for candidate in other.candidates_}
    assert names == {
        "AgglomerativeClustering on prepared",
        "AgglomerativeClustering on codes",
    }


def test_a_mixture_has_components(customers):
    """n_clusters sets them."""
    mixture = GaussianMixture(reg_covar=0.01)
    fitted = tiny(clusterer=mixture, n_clusters=2).fit(customers)
    assert fitted.clusterer_.clusterer.n_components == 2


def test_noise_is_in_no_segment(customers):
    """HDBSCAN's -1 is kept, has no centre, and predicted for odd customers."""
    far = customers.copy()
    far.loc[:2, ["income", "score"]] = [[-900.0, 900.0], [900.0, 0.0], [500.0, -900.0]]
    clusterer = HDBSCAN(min_cluster_size=8, copy=True)
    preprocessor = DistancePreprocessor("keep", clip=None)
    fitted = tiny(clusterer=clusterer, n_clusters=None, preprocessor=preprocessor).fit(
        far
    )
    assert (fitted.labels_ == -1).any()
    assert fitted.n_clusters_ == fitted.labels_.max() + 1
    assert len(fitted.cluster_centers_) == fitted.n_clusters_
    assert np.isfinite(fitted.cluster_centers_).all()
    np.testing.assert_allclose(fitted.predict_proba(far).sum(axis=1), 1.0)


def test_verbose_shows_the_training(customers, deep, capsys):
    """A line an epoch; the result is the same."""
    shown = tiny(compare_baselines=False, verbose=2).fit(customers)
    text = capsys.readouterr()
    assert (text.out + text.err).count("loss") >= 3
    np.testing.assert_array_equal(shown.labels_, deep.labels_)


def test_k_means_of_the_users_own(customers):
    """Its parameters are kept, its number replaced."""
    fitted = tiny(clusterer=KMeans(8, n_init=2), joint="idec", joint_epochs=3).fit(
        customers
    )
    assert [candidate["n_clusters"] for candidate in fitted.candidates_] == [3, 3, 3]
