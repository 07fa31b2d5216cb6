"""Means, inertia and silhouettes of segments."""

import numpy as np
from sklearn.metrics import silhouette_score
from sklearn.utils import gen_batches

_SILHOUETTE_ROWS = 5_000
_ROWS_AT_ONCE = 65_536


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
    n_segments = len(np.unique(labels[known]))
    if not 2 <= n_segments < len(known):
        return float("nan")
    return float(silhouette_score(features[known], labels[known]))
