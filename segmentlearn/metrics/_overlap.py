"""How much of each segment another segmentation of the same customers keeps."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import entropy
from sklearn.metrics.cluster import contingency_matrix
from sklearn.utils.validation import check_consistent_length, column_or_1d

from segmentlearn._parameters import validate_parameters

NOISE = -1  # scikit-learn's label of rows in no segment


@validate_parameters(labels=["array-like"])
def segment_overlap(labels: ArrayLike, other: ArrayLike) -> np.ndarray:
    """Return the Jaccard index of each segment with its best match elsewhere.

    The index is the number of customers that are in both segments over the number that
    are in at least one of the two: 1 where the segment comes back as it was.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)
        Segments to look for. -1 stands for noise, which is no segment.
    other : array-like of shape (n_samples,)
        Segments of the same customers to look in. -1 stands for noise: such a customer
        is in none of these segments, so a segment that became noise is not found.

    Returns
    -------
    overlap : ndarray of shape (n_segments,)
        From 0 to 1, in the order of the sorted labels of `labels`; 0 where nothing of
        the segment is in any other one.

    References
    ----------
    .. [1] C. Hennig, "Cluster-wise assessment of cluster stability", Computational
       Statistics & Data Analysis 52, 2007.

    Examples
    --------
    >>> from segmentlearn.metrics import segment_overlap
    >>> segment_overlap([0, 0, 0, 1, 1, 1], [5, 5, 5, 5, 7, 7]).round(2)
    array([0.75, 0.67])
    """
    rows, columns, counts = _counts(labels, other)
    sizes = counts.sum(axis=1, keepdims=True)
    other_sizes = counts.sum(axis=0, keepdims=True)
    shared = counts[np.ix_(rows != NOISE, columns != NOISE)]
    if shared.size == 0:
        return np.zeros(len(shared))
    union = sizes[rows != NOISE] + other_sizes[:, columns != NOISE] - shared
    return (shared / union).max(axis=1)


@validate_parameters(labels=["array-like"])
def segment_continuity(labels: ArrayLike, previous: ArrayLike) -> np.ndarray:
    """Return how far each segment comes from a single segment of a coarser solution.

    This is segment level stability across solutions (SLSA) for one step from a number
    of segments to the next: 1 minus the entropy of the shares in which a segment
    recruits its customers from the previous ones, over the highest possible entropy.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)
        Segments of a solution. -1 stands for noise, and such rows are left out.
    previous : array-like of shape (n_samples,)
        Segments of the same customers in the solution before, as a rule one with a
        segment less. Rows of -1 are left out here too.

    Returns
    -------
    continuity : ndarray of shape (n_segments,)
        From 0 (recruited evenly from all previous segments) to 1 (all from one), in the
        order of the sorted labels of `labels`. NaN for a segment none of whose rows is
        left, and everywhere if `previous` has a single segment.

    References
    ----------
    .. [1] S. Dolnicar and F. Leisch, "Using segment level stability to select target
       segments in data-driven market segmentation studies", Marketing Letters 28, 2017.

    Examples
    --------
    >>> from segmentlearn.metrics import segment_continuity
    >>> segment_continuity([0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 1, 1])
    array([1., 0., 1.])
    """
    rows, columns, counts = _counts(labels, previous)
    recruits = counts[np.ix_(rows != NOISE, columns != NOISE)].astype(float)
    if recruits.shape[1] < 2:
        return np.full(len(recruits), np.nan)
    continuity = np.full(len(recruits), np.nan)
    known = recruits.sum(axis=1) > 0
    # base: so that the highest possible entropy is 1; the maximum: no negative zero
    evenness = entropy(recruits[known], axis=1, base=recruits.shape[1])
    continuity[known] = np.clip(1.0 - evenness, 0.0, 1.0)
    return continuity


def _counts(
    labels: ArrayLike, other: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the sorted labels of both sides, and their contingency matrix."""
    labels, other = column_or_1d(labels), column_or_1d(other)
    check_consistent_length(labels, other)
    return np.unique(labels), np.unique(other), contingency_matrix(labels, other)
