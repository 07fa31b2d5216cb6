"""Means, inertia and silhouettes of segments."""

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import gen_batches

_SILHOUETTE_ROWS = 5_000
_ROWS_AT_ONCE = 65_536
_ROWS_OF_DISTANCES = 256  # to all others, which then stay in the cache


def segment_means(
    X: np.ndarray,
    labels: np.ndarray,
    sample_weight: np.ndarray | None = None,
    n_segments: int | None = None,
) -> np.ndarray:
    """Return the mean of each segment's rows."""
    if n_segments is None:
        n_segments = int(labels.max(initial=-1)) + 1
    means = np.empty((n_segments, X.shape[1]), dtype=X.dtype)
    for label in range(n_segments):
        rows = labels == label
        if sample_weight is None or not sample_weight[rows].any():
            means[label] = X[rows].mean(axis=0, dtype=np.float64)
        else:
            means[label] = np.average(X[rows], axis=0, weights=sample_weight[rows])
    return means


def centers_and_inertia(
    features: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the means of the segments, and the sum of squared distances to them."""
    means = segment_means(features, labels)
    inertia = 0.0
    for rows in gen_batches(len(features), _ROWS_AT_ONCE):
        known = labels[rows] >= 0
        offsets = features[rows][known] - means[labels[rows][known]]
        inertia += float(np.einsum("ij,ij->", offsets, offsets, dtype=np.float64))
    return means, inertia


def sampled_silhouette(features: np.ndarray, labels: np.ndarray, seed: int) -> float:
    """Return the mean silhouette of a sample of the customers that are in a segment."""
    known = np.flatnonzero(labels >= 0)
    if len(known) > _SILHOUETTE_ROWS:
        drawn = np.random.default_rng(seed).permutation(known)[:_SILHOUETTE_ROWS]
        known = np.sort(drawn)
    found = labels[known]
    rows = features[known]
    sums = np.empty((len(rows), len(np.unique(found))))
    for chunk in gen_batches(len(rows), _ROWS_OF_DISTANCES):
        distances = euclidean_distances(rows[chunk], rows)
        own = np.arange(chunk.start, chunk.stop)
        distances[own - chunk.start, own] = 0.0  # without a rounding error
        sums[chunk] = sums_by_segment(distances, found)
    return mean_silhouette(sums, found)


def sums_by_segment(distances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the sum of the distances of rows to all rows of each segment."""
    segments, own = np.unique(labels, return_inverse=True)
    return distances @ np.eye(len(segments), dtype=distances.dtype)[own]


def mean_silhouette(sums: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean silhouette, given each row's distances added up by segment.

    NaN without two segments, and where each row is a segment. As in scikit-learn, the
    silhouette of a row that is alone in its segment is 0.
    """
    segments, own, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if not 2 <= len(segments) < len(labels):
        return float("nan")
    rows = np.arange(len(labels))
    within = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    means = sums / sizes
    means[rows, own] = np.inf
    nearest = means.min(axis=1)
    larger = np.maximum(within, nearest)
    values = np.zeros(len(labels))
    defined = (larger > 0) & (sizes[own] > 1)
    np.divide(nearest - within, larger, out=values, where=defined)
    return float(values.mean())
