"""How a clusterer inside another estimator is fitted: seeds, weights, labels, means."""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.cluster import (
    HDBSCAN,
    OPTICS,
    AffinityPropagation,
    AgglomerativeClustering,
    MeanShift,
    SpectralClustering,
)
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from segmentlearn.exceptions import SegmentLearnWarning

# what compares all pairs of rows -> rows that take seconds, and less than a gigabyte
_MOST_ROWS = {
    AffinityPropagation: 5_000,
    AgglomerativeClustering: 10_000,
    HDBSCAN: 10_000,
    MeanShift: 10_000,
    OPTICS: 10_000,
    SpectralClustering: 5_000,
}


def most_rows(clusterer):
    """Return how many rows a clusterer should be fitted to, None for any number."""
    last = clusterer[-1] if isinstance(clusterer, Pipeline) else clusterer
    if getattr(last, "connectivity", None) is not None:
        return None  # neighbours are compared, not all pairs
    limits = [n_rows for kind, n_rows in _MOST_ROWS.items() if isinstance(last, kind)]
    return min(limits, default=None)


def seeded(estimator, random_state):
    """Return a copy, seeded wherever it leaves its randomness open."""
    copy = clone(estimator)
    open_seeds = [
        name
        for name, value in sorted(copy.get_params(deep=True).items())
        if name.rpartition("__")[2] == "random_state" and value is None
    ]
    seeds = {name: random_state.randint(np.iinfo(np.int32).max) for name in open_seeds}
    return copy.set_params(**seeds)


def fit_labels(clusterer, X, sample_weight):
    """Fit a clusterer and return its own labels of the rows."""
    weights = {}
    if sample_weight is not None:
        if has_fit_parameter(clusterer, "sample_weight"):
            weights["sample_weight"] = sample_weight
        else:
            warnings.warn(
                f"clusterer={clusterer} takes no sample_weight: it saw each row once, "
                "and weights count in the segments' sizes and means only. Choose one "
                "that takes weights, such as KMeans, or leave them out.",
                SegmentLearnWarning,
                stacklevel=5,
            )
    labels = np.asarray(clusterer.fit_predict(X, **weights))
    if labels.shape != (len(X),) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"clusterer={clusterer} gave labels of shape {labels.shape} and type "
            f"{labels.dtype} for {len(X)} rows; it must give one whole number a row."
        )
    vars(clusterer).pop("affinity_matrix_", None)
    return labels


def segment_means(X, codes, sample_weight, n_segments):
    """Return the mean of each segment's rows."""
    means = np.empty((n_segments, X.shape[1]), dtype=X.dtype)
    for code in range(n_segments):
        members = codes == code
        weight = None if sample_weight is None else sample_weight[members]
        if weight is None or not weight.any():
            means[code] = X[members].mean(axis=0, dtype=np.float64)
        else:
            means[code] = np.average(X[members], axis=0, weights=weight)
    return means
