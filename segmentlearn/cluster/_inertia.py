"""How far customers lie from the means of their segments, and from other segments."""

import numpy as np
from sklearn.metrics import silhouette_score

from segmentlearn.cluster._fitting import segment_means

_SILHOUETTE_ROWS = 5_000
_ROWS_AT_ONCE = 65_536


def squared_spread(features, labels):
    """Return the means of the segments, and the squared distances to them."""
    means = segment_means(features, labels, None, int(labels.max(initial=-1)) + 1)
    inertia = 0.0
    for start in range(0, len(features), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        known = labels[rows] >= 0
        gaps = features[rows][known] - means[labels[rows][known]]
        inertia += float(np.einsum("ij,ij->", gaps, gaps, dtype=np.float64))
    return means, inertia


def sampled_silhouette(features, labels, seed):
    """Return the mean silhouette of a sample of the customers that are in a segment."""
    known = np.flatnonzero(labels >= 0)
    if len(known) > _SILHOUETTE_ROWS:
        drawn = np.random.default_rng(seed).permutation(known)[:_SILHOUETTE_ROWS]
        known = np.sort(drawn)
    n_segments = len(np.unique(labels[known]))
    if not 2 <= n_segments < len(known):
        return float("nan")
    return float(silhouette_score(features[known], labels[known]))
