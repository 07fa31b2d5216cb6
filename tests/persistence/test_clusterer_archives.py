"""Archives of AutoencoderClusterer, whatever its parameters are."""

import io

import numpy as np
import pytest
from sklearn.cluster import (
    DBSCAN,
    HDBSCAN,
    AgglomerativeClustering,
    KMeans,
    MiniBatchKMeans,
    SpectralClustering,
)
from sklearn.mixture import GaussianMixture

from segmentlearn import (
    Autoencoder,
    AutoencoderClusterer,
    load,
    make_customers,
    save,
    segment_profile,
)


def round_trip(estimator):
    file = io.BytesIO()
    save(estimator, file)
    return load(file)


@pytest.fixture(scope="module")
def customers():
    """Customers to fit to."""
    return make_customers("mall", 90, random_state=0)[0]


@pytest.fixture(scope="module")
def unseen():
    """Customers that no clusterer was fitted to."""
    return make_customers("mall", 40, random_state=1)[0]


@pytest.fixture(scope="module")
def make_segmenter():
    """A function that returns a clusterer with a small net, not fitted."""

    def make(clusterer=None, **parameters):
        settings = {
            **{"n_clusters": 3, "n_seeds": 1, "joint_epochs": 2, "random_state": 0},
            **parameters,
        }
        tiny = Autoencoder(hidden_layer_sizes=(8,), max_epochs=2)
        return AutoencoderClusterer(tiny, clusterer, **settings)

    return make


def assert_same_after_loading(segmenter, customers, unseen):
    """Check predictions, probabilities, codes and names of what was saved."""
    segment_profile(segmenter, customers, rule_depth=None).store(segmenter)
    assert segmenter.n_clusters_ > 1
    loaded = round_trip(segmenter)
    for method in ("predict", "predict_proba", "transform"):
        np.testing.assert_array_equal(
            getattr(loaded, method)(unseen), getattr(segmenter, method)(unseen)
        )
    assert len(loaded.segment_names_) == segmenter.n_clusters_
    assert loaded.segment_names_ == segmenter.segment_names_
    assert loaded.selected_ == segmenter.selected_
    np.testing.assert_array_equal(loaded.labels_, segmenter.labels_)


@pytest.mark.slow
@pytest.mark.parametrize(
    "parameters",
    [
        {"compare_baselines": True},
        {"compare_baselines": False},
        {"compare_baselines": True, "joint": "idec"},
        {"compare_baselines": False, "joint": "idec"},
        {"compare_baselines": False, "joint": "dcn"},
        {"compare_baselines": True, "consensus": True, "n_seeds": 2},
        {"compare_baselines": False, "preprocessor": None},
    ],
    ids=str,
)
def test_every_way_to_find_segments(parameters, make_segmenter, customers, unseen):
    """Candidate selection, joint training and votes come back and predict the same."""
    if "preprocessor" in parameters:
        customers, unseen = (
            table.drop(columns="Gender").to_numpy(float)
            for table in (customers, unseen)
        )
    segmenter = make_segmenter(**parameters).fit(customers)
    assert_same_after_loading(segmenter, customers, unseen)


@pytest.mark.slow
@pytest.mark.parametrize("compare_baselines", [True, False])
@pytest.mark.parametrize(
    "clusterer",
    [
        KMeans(n_init=1),
        MiniBatchKMeans(n_init=1),
        GaussianMixture(),
        DBSCAN(eps=0.4, min_samples=3),
        HDBSCAN(copy=True),
        AgglomerativeClustering(),
        SpectralClustering(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_clusterer(
    clusterer, compare_baselines, make_segmenter, customers, unseen
):
    """Clusterers with and without a predict of their own come back."""
    has_number = hasattr(clusterer, "n_clusters") or hasattr(clusterer, "n_components")
    parameters = {
        "compare_baselines": compare_baselines,
        "n_clusters": 3 if has_number else None,
    }
    segmenter = make_segmenter(clusterer, **parameters).fit(customers)
    assert_same_after_loading(segmenter, customers, unseen)


@pytest.mark.slow
def test_ids_and_names_go_on_from_an_archive(make_segmenter, customers, unseen):
    """Whatever the order of the sizes; the baseline itself is left out."""
    april = make_segmenter(compare_baselines=False).fit(customers)
    april.segment_names_ = {0: "regulars", 2: "savers"}
    may = make_segmenter(
        compare_baselines=False, baseline=round_trip(april), period="May"
    )
    # as many rows, more of them of the smallest segment
    weights = np.where(april.labels_ == 2, 4.0, 1.0)
    rows = customers.sample(
        len(customers), replace=True, weights=weights, random_state=0
    )
    may.fit(rows)
    loaded = round_trip(may)
    assert loaded.baseline is None
    assert loaded.passport_ == may.passport_
    assert loaded.segment_ids_.tolist() == may.segment_ids_.tolist()
    known = april.labels_within_reach(rows)
    for label, segment in enumerate(loaded.segment_ids_.tolist()):
        if segment < april.n_clusters_:
            assert loaded.segment_names_.get(label) == april.segment_names_.get(segment)
            both = np.sum((known == segment) & (may.labels_ == label))
            either = np.sum((known == segment) | (may.labels_ == label))
            assert both / either >= 1 / 3  # half of each in the other
    np.testing.assert_array_equal(loaded.predict(unseen), may.predict(unseen))
    assert (loaded.segment_ids_ < april.n_clusters_).any()


def test_a_loaded_clusterer_can_be_fitted_again(make_segmenter, customers, unseen):
    """With the same seed it finds the same segments."""
    segmenter = make_segmenter(compare_baselines=False).fit(customers)
    again = round_trip(segmenter).fit(customers)
    np.testing.assert_array_equal(again.predict(unseen), segmenter.predict(unseen))
    assert again.segment_names_ == {}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* labelled all rows as noise")
def test_noise_comes_back_as_noise(make_segmenter, customers, unseen):
    """Rows without a segment are -1 before and after, and have no name of their own."""
    clusterer = DBSCAN(eps=0.1, min_samples=4)
    segmenter = make_segmenter(clusterer, n_clusters=None).fit(customers)
    assert -1 in segmenter.predict(unseen)
    assert_same_after_loading(segmenter, customers, unseen)
    assert -1 not in segmenter.segment_names_
