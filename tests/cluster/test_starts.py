"""Fits that also start from known segments."""

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from segmentlearn import InductiveClusterer
from segmentlearn.cluster import LatentClassMixture
from segmentlearn.cluster._starts import better_start, started_from
from segmentlearn.model_selection import bootstrap_refits

CENTERS = [(x, y) for x in (0, 4, 8, 12) for y in (0, 4)]


@pytest.fixture(scope="module")
def blobs():
    """Rows of eight round segments, and which they are in."""
    return make_blobs(400, centers=CENTERS, cluster_std=0.4, random_state=0)


@pytest.mark.parametrize(
    "clusterer",
    [
        KMeans(8, n_init=1, init="random"),
        *(
            GaussianMixture(8, covariance_type=kind, init_params="random_from_data")
            for kind in ("full", "tied", "diag", "spherical")
        ),
        LatentClassMixture(8, n_init=1),
    ],
)
def test_a_poor_random_start_is_made_up_for(blobs, clusterer):
    """By the segments of the baseline, which are a start, too."""
    X, planted = blobs
    april = InductiveClusterer(KMeans(8, n_init=10), random_state=0).fit(X)
    found = []
    for baseline in (None, april):
        may = InductiveClusterer(clusterer, baseline=baseline, random_state=3)
        found.append(may.fit(X))
    scores = [adjusted_rand_score(planted, fitted.labels_) for fitted in found]
    assert scores[1] > 0.99
    assert scores[1] >= scores[0]
    # another fit of it starts at random again
    assert found[1].clusterer.get_params() == clusterer.get_params()


@pytest.mark.parametrize("n_known", [6, 8, 10])
def test_known_segments_are_halved_or_joined(blobs, n_known):
    """Until there are as many as are looked for."""
    X, _ = blobs
    known = KMeans(n_known, n_init=10, random_state=0).fit_predict(X)
    started = started_from(KMeans(8), X, known)
    assert started.init.shape == (8, 2)
    assert started.n_init == 1


def test_clusterers_without_a_start_stay_as_they_are(blobs):
    """And those of repeated rows, which cannot be halved."""
    X, planted = blobs
    fitted = AgglomerativeClustering(8).fit(X)
    assert better_start(fitted, X, planted) is fitted
    assert started_from(KMeans(8), np.zeros((20, 2)), np.zeros(20, dtype=int)) is None


def test_refits_differ_by_their_sample_alone(blobs):
    """Where they start from the segments, too."""
    X, planted = blobs
    rng = np.random.RandomState(0)
    clusterer = KMeans(8, n_init=1, init="random")
    refits = bootstrap_refits(clusterer, X, 5, rng, planted)
    assert all(adjusted_rand_score(planted, labels) > 0.99 for *_, labels in refits)
