"""How much of a segment another segmentation keeps, and its silhouettes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import entropy
from sklearn.metrics import pairwise_distances
from sklearn.metrics.cluster import contingency_matrix
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d

from segmentlearn._parameters import validate_parameters

NOISE = -1  # scikit-learn's label of rows in no segment
_FEWEST_OF_A_SEGMENT = 20
_CELLS_AT_ONCE = 4_000_000  # distances held at a time: 32 MB


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


@dataclass(frozen=True, eq=False)
class SilhouetteSample:
    """Silhouettes of sampled customers, as :func:`silhouette_sampled` returns them.

    Attributes
    ----------
    values : ndarray of shape (n_sampled,)
        Silhouette of each sampled row, from -1 to 1.
    rows : ndarray of int, shape (n_sampled,)
        Their positions in the table, ascending.
    labels : ndarray of shape (n_sampled,)
        Their segments.
    weights : ndarray of shape (n_sampled,)
        How many rows of the table each of them stands for.
    mean : float
        Mean silhouette of the table, estimated from the sample: each segment counts by
        its share of the table.
    """

    values: np.ndarray
    rows: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    mean: float


@validate_parameters(X=["array-like"], labels=["array-like"])
def silhouette_sampled(
    X: ArrayLike,
    labels: ArrayLike,
    *,
    n_rows: int | None = 2000,
    metric: str | Callable = "euclidean",
    random_state: int | np.random.RandomState | None = None,
) -> SilhouetteSample:
    """Return the silhouettes of a stratified sample of the rows.

    The silhouette of a row compares its mean distance to the rows of its own segment
    with that to the rows of the nearest other segment. Here it is exact, over all rows
    of the table, for the sampled rows. Time and memory are linear in the number of
    rows.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Customers, as numbers.
    labels : array-like of shape (n_samples,)
        Segments. Rows of -1 are noise and left out.
    n_rows : int or None, default=2000
        Rows to sample, in the segments' shares, but at least 20 (or all) of each
        segment; None takes all rows.
    metric : str or callable, default="euclidean"
        Distance, as :func:`sklearn.metrics.pairwise_distances` takes it.
    random_state : int, RandomState instance or None, default=None
        Controls which rows are sampled.

    Returns
    -------
    sample : SilhouetteSample
        Values, the rows they belong to and their mean over the table. With fewer than
        two segments a silhouette means nothing, as there is no other segment to be
        compared with: values and mean are NaN. A row that is alone in its segment has
        the silhouette 0.

    See Also
    --------
    sklearn.metrics.silhouette_samples : The silhouettes of all rows.

    References
    ----------
    .. [1] P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and
       validation of cluster analysis", Journal of Computational and Applied
       Mathematics 20, 1987.

    Examples
    --------
    >>> from segmentlearn.metrics import silhouette_sampled
    >>> sample = silhouette_sampled([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1])
    >>> round(sample.mean, 3)
    0.9
    """
    X = check_array(X, dtype=[np.float64, np.float32])
    labels = column_or_1d(labels)
    check_consistent_length(X, labels)
    random_state = check_random_state(random_state)
    kept = np.flatnonzero(labels != NOISE)
    names, codes = np.unique(labels[kept], return_inverse=True)
    sizes = np.bincount(codes, minlength=len(names))
    # rows of a segment are contiguous, so that its distances are summed in one go
    by_segment = np.argsort(codes, kind="stable")
    ordered = kept[by_segment]
    starts = np.cumsum(sizes) - sizes
    taken, total = sizes, sizes.sum()
    if n_rows is not None and total > n_rows:
        shares = np.ceil(sizes * (n_rows / total)).astype(int)
        taken = np.minimum(sizes, np.maximum(shares, _FEWEST_OF_A_SEGMENT))
    drawn = [
        start + np.sort(random_state.permutation(size)[:count])
        for start, size, count in zip(starts, sizes, taken, strict=True)
    ]
    positions = np.concatenate([np.empty(0, int), *drawn])
    segment = np.repeat(np.arange(len(names)), taken)
    weights = (sizes / taken)[segment]
    values, mean = np.full(len(positions), np.nan), np.nan
    if len(names) > 1:
        values = _silhouettes(X[ordered], positions, segment, starts, sizes, metric)
        mean = np.average(values, weights=weights)
    order = np.argsort(ordered[positions])
    return SilhouetteSample(
        values=values[order],
        rows=ordered[positions][order],
        labels=names[segment][order],
        weights=weights[order],
        mean=float(mean),
    )


def _silhouettes(
    X: np.ndarray,
    positions: np.ndarray,
    segment: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
    metric: str | Callable,
) -> np.ndarray:
    """Return the silhouettes of the rows at these positions of a sorted table."""
    values = np.empty(len(positions))
    for chunk in gen_batches(len(positions), max(1, _CELLS_AT_ONCE // len(X))):
        own = segment[chunk]
        rows = np.arange(len(own))
        distances = pairwise_distances(X[positions[chunk]], X, metric=metric)
        distances[rows, positions[chunk]] = 0.0  # without a rounding error
        sums = np.add.reduceat(distances, starts, axis=1, dtype=np.float64)
        within = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
        means = sums / sizes
        means[rows, own] = np.inf
        nearest = means.min(axis=1)
        larger = np.maximum(within, nearest)
        defined = (larger > 0) & (sizes[own] > 1)
        values[chunk] = 0.0
        np.divide(nearest - within, larger, out=values[chunk], where=defined)
    return values
