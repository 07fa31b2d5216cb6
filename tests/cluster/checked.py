"""The clusterers that scikit-learn's common checks run on."""

from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB

from segmentlearn import Autoencoder
from segmentlearn.cluster import (
    AutoencoderClusterer,
    ConsensusClusterer,
    InductiveClusterer,
    LatentClassMixture,
)

_KMEANS = InductiveClusterer(KMeans(3), random_state=0)
_MIXTURE = InductiveClusterer(GaussianMixture(3), random_state=0)
_DENSITY = InductiveClusterer(DBSCAN(eps=1.0))
_HIERARCHY = InductiveClusterer(HDBSCAN(min_cluster_size=3, copy=True))
_WARD = InductiveClusterer(AgglomerativeClustering(3))
_CLASSIFIED = InductiveClusterer(
    AgglomerativeClustering(3), assign=GaussianNB(), random_state=0
)
_CODER = Autoencoder(hidden_layer_sizes=(8,), max_epochs=5, batch_size=16)
GUARDED = AutoencoderClusterer(_CODER, n_clusters=3, n_seeds=1, random_state=0)
DEEP = AutoencoderClusterer(
    _CODER, n_clusters=3, compare_baselines=False, random_state=0
)
_CONSENSUS = ConsensusClusterer(KMeans(3), random_state=0)

ESTIMATORS = [
    _KMEANS,
    _MIXTURE,
    _DENSITY,
    _HIERARCHY,
    _WARD,
    _CLASSIFIED,
    _CONSENSUS,
    LatentClassMixture(3, random_state=0),
]

_EQUIVALENCE = "check_sample_weight_equivalence_on_dense_data"
_UNWEIGHTED = (
    "The clusterer inside takes no weights: it sees a row of weight 2 once, which the "
    "estimator warns of."
)

EXPECTED_FAILED_CHECKS: dict[str, dict[str, str]] = {
    str(_KMEANS): {
        _EQUIVALENCE: "KMeans draws its first centres from the rows there are, so that "
        "a row of weight 2 and the same row twice start from others; scikit-learn "
        "expects the same of its KMeans."
    },
    **{
        str(estimator): {_EQUIVALENCE: _UNWEIGHTED}
        for estimator in (_MIXTURE, _HIERARCHY, _WARD, _CLASSIFIED)
    },
}
