"""How far customers lie from the means of their segments, and from other segments."""

import numpy as np
from sklearn.metrics import silhouette_score

from segmentlearn.cluster._fitting import segment_means

_SILHOUETTE_ROWS = 5_000
_ROWS_AT_ONCE = 65_536


def squared_spread(features, labels):
    """Return the means of the segments, and the squared distances to them.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features)
    labels : ndarray of int, shape (n_samples,)
        Segments from 0; -1 is noise, which counts nowhere.

    Returns
    -------
    means : ndarray of shape (n_segments, n_features)
    inertia : float
        Sum over the customers that are in a segment.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.cluster._inertia import squared_spread
    >>> squared_spread(np.array([[0.0], [2.0], [9.0]]), np.array([0, 0, -1]))
    (array([[1.]]), 2.0)
    """
    means = segment_means(features, labels, None, int(labels.max(initial=-1)) + 1)
    inertia = 0.0
    for start in range(0, len(features), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        known = labels[rows] >= 0
        gaps = features[rows][known] - means[labels[rows][known]]
        inertia += float(np.einsum("ij,ij->", gaps, gaps, dtype=np.float64))
    return means, inertia


def sampled_silhouette(features, labels, seed):
    """Return the mean silhouette of a sample of the customers that are in a segment.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features)
    labels : ndarray of int, shape (n_samples,)
    seed : int
        Draws the sample.

    Returns
    -------
    silhouette : float
        NaN with fewer than two segments.
    """
    known = np.flatnonzero(labels >= 0)
    if len(known) > _SILHOUETTE_ROWS:
        drawn = np.random.default_rng(seed).permutation(known)[:_SILHOUETTE_ROWS]
        known = np.sort(drawn)
    n_segments = len(np.unique(labels[known]))
    if not 2 <= n_segments < len(known):
        return float("nan")
    return float(silhouette_score(features[known], labels[known]))
