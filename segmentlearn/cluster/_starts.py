"""Fits that start from segments known beforehand, beside those that start at random.

A random start may end in a poor local optimum, which looks like a change of segments
where there is none. Known segments, those of a baseline or of the fit that is repeated,
are one more start, and the best result is kept.
"""

import warnings
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import has_fit_parameter

from segmentlearn.cluster._centers import centers_and_inertia, segment_means
from segmentlearn.cluster._latent_classes import LatentClassMixture
from segmentlearn.cluster._passport import SegmentIdentity

_KINDS = (KMeans, MiniBatchKMeans, GaussianMixture, LatentClassMixture)
_N_INIT_OF_PARTS = 3


def better_start(
    fitted: Any,
    X: np.ndarray,
    labels: np.ndarray,
    sample_weight: np.ndarray | None = None,
) -> Any:
    """Return a fitted clusterer, or the same fitted from known segments if better."""
    started = started_from(fitted, X, labels)
    if started is None:
        return fitted
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the first fit has issued them
        weighted = sample_weight is not None and has_fit_parameter(
            started, "sample_weight"
        )
        started.fit(X, **({"sample_weight": sample_weight} if weighted else {}))
    if _criterion(started) <= _criterion(fitted):
        return fitted
    # another fit of it starts at random again
    return started.set_params(**fitted.get_params(deep=False))


def started_from(clusterer: Any, X: np.ndarray, labels: np.ndarray) -> Any:
    """Return a copy that starts from segments of the rows; None if it takes no start.

    Where it looks for more segments than are known, the widest are halved; where it
    looks for fewer, the nearest are joined.
    """
    if isinstance(clusterer, SegmentIdentity):  # an InductiveClusterer
        inner = started_from(clusterer.clusterer, X, labels)  # type: ignore[attr-defined]
        return None if inner is None else clone(clusterer).set_params(clusterer=inner)
    if not isinstance(clusterer, _KINDS):
        return None
    is_mixture = isinstance(clusterer, GaussianMixture)
    n_segments = clusterer.n_components if is_mixture else clusterer.n_clusters
    known = labels >= 0
    rows, labels = X[known], np.unique(labels[known], return_inverse=True)[1]
    labels = _halve(rows, labels, n_segments)
    labels = _join(rows, labels, n_segments)
    if labels.max(initial=-1) + 1 != n_segments:
        return None
    started = clone(clusterer)
    if isinstance(clusterer, LatentClassMixture):
        return started.set_params(init=clusterer.estimates(rows, labels))
    means = segment_means(rows, labels)
    if not is_mixture:
        return started.set_params(init=means, n_init=1)
    return started.set_params(
        n_init=1,
        init_params="random_from_data",  # the quickest; none of it is used
        weights_init=np.bincount(labels) / len(labels),
        means_init=means,
        precisions_init=_precisions(clusterer, rows, labels, means),
    )


def _criterion(fitted: Any) -> float:
    """Return what a clusterer maximizes."""
    fitted = getattr(fitted, "clusterer_", fitted)
    if hasattr(fitted, "lower_bound_"):
        return float(fitted.lower_bound_)
    return -float(fitted.inertia_)


def _halve(X: np.ndarray, labels: np.ndarray, n_segments: int) -> np.ndarray:
    """Halve segments, that with the largest gain first, until there are enough."""
    labels = labels.copy()
    gains: dict[int, tuple[float, np.ndarray]] = {}
    while 0 < (n_found := int(labels.max(initial=-1)) + 1) < n_segments:
        for label in set(range(n_found)) - set(gains):
            rows = X[labels == label]
            if len(np.unique(rows[:1000], axis=0)) < 2:
                gains[label] = 0.0, np.zeros(len(rows), dtype=int)
                continue
            halves = KMeans(2, n_init=_N_INIT_OF_PARTS, random_state=0).fit(rows)
            gain = centers_and_inertia(rows, np.zeros(len(rows), dtype=int))[1]
            gains[label] = gain - halves.inertia_, halves.labels_
        widest = max(gains, key=lambda label: gains[label][0])
        gain, parts = gains.pop(widest)
        if gain <= 0:
            break  # nothing but repeated rows
        labels[np.flatnonzero(labels == widest)[parts == 1]] = n_found
    return labels


def _join(X: np.ndarray, labels: np.ndarray, n_segments: int) -> np.ndarray:
    """Join the pair of segments that adds least to the inertia, as Ward does."""
    while (n_found := int(labels.max(initial=-1)) + 1) > n_segments:
        means, sizes = segment_means(X, labels), np.bincount(labels)
        squares = ((means[:, None] - means) ** 2).sum(axis=2)
        cost = squares * sizes * sizes[:, None] / (sizes + sizes[:, None])
        np.fill_diagonal(cost, np.inf)
        kept, joined = divmod(int(cost.argmin()), n_found)
        labels = np.where(labels == joined, kept, labels)
        labels = np.unique(labels, return_inverse=True)[1]
    return labels


def _precisions(
    mixture: GaussianMixture, X: np.ndarray, labels: np.ndarray, means: np.ndarray
) -> np.ndarray:
    """Return the precisions within segments, in the shape of a mixture's kind."""
    offsets, n_columns = X - means[labels], X.shape[1]
    sizes = np.bincount(labels)
    covariances = np.array(
        [
            offsets[labels == label].T @ offsets[labels == label] / sizes[label]
            for label in range(len(means))
        ]
    )
    covariances += mixture.reg_covar * np.eye(n_columns)
    kind = mixture.covariance_type
    if kind == "full":
        return np.linalg.inv(covariances)
    if kind == "tied":
        return np.linalg.inv(np.average(covariances, axis=0, weights=sizes))
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    return 1 / (variances if kind == "diag" else variances.mean(axis=1))
