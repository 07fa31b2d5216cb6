"""Numbers of segments by size, or as in an earlier labelling."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from segmentlearn._compat import check_sample_weight, validate_params


@validate_params(
    {
        "labels": ["array-like"],
        "tie_keys": ["array-like", None],
        "sample_weight": ["array-like", None],
    }
)
def canonical_labels(
    labels: ArrayLike,
    *,
    tie_keys: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Renumber segments by size: 0 is the largest, 1 the next.

    Clusterers number their segments arbitrarily. Numbers by size are the same whenever
    the segments are.

    Parameters
    ----------
    labels : array-like of int, shape (n_samples,)
        Segment of each row, numbered in any way. Negative labels, such as -1, are
        noise and stay as they are.
    tie_keys : array-like of shape (n_segments,) or (n_segments, n_keys), default=None
        Decide between segments of the same size, lowest first and column by column,
        such as the segments' mean features. Row i belongs to the i-th lowest label.
        None, and equal keys, order segments by their first rows.
    sample_weight : array-like of shape (n_samples,), default=None
        What each row counts in a size; None counts rows.

    Returns
    -------
    new_labels : ndarray of int64, shape (n_samples,)
        Labels from 0 to n_segments - 1, and noise.
    old_labels : ndarray of int64, shape (n_segments,)
        The permutation: ``old_labels[new]`` is the label that segment `new` had.

    Raises
    ------
    ValueError
        If labels are not integers, or `tie_keys` does not have one row per segment.

    See Also
    --------
    segmentlearn.cluster.match_labels : Numbers as in an earlier labelling.

    Examples
    --------
    >>> from segmentlearn.cluster import canonical_labels
    >>> new_labels, old_labels = canonical_labels([4, 7, 7, -1, 7, 4, 2])
    >>> new_labels
    array([ 1,  0,  0, -1,  0,  1,  2])
    >>> old_labels
    array([7, 4, 2])
    """
    labels = _read_labels(labels, "labels")
    weight = check_sample_weight(sample_weight, labels, dtype=np.float64)
    is_segment = labels >= 0
    present, first_row, position = np.unique(
        labels[is_segment], return_index=True, return_inverse=True
    )
    size = np.bincount(position, weights=weight[is_segment], minlength=len(present))
    keys = np.empty((0, len(present)))
    if tie_keys is not None:
        keys = check_array(
            tie_keys, ensure_2d=False, ensure_min_samples=0, input_name="tie_keys"
        )
        if len(keys) != len(present):
            raise ValueError(
                f"tie_keys has {len(keys)} rows and must have one for each of the "
                f"{len(present)} segments in labels, lowest label first."
            )
        keys = keys.reshape(len(present), -1).T if len(present) else np.empty((0, 0))
    # lexsort's last key counts most
    order = np.lexsort((first_row, *keys[::-1], -size))
    new_labels = labels.copy()
    new_labels[is_segment] = np.argsort(order)[position]
    return new_labels, present[order]


@validate_params({"labels": ["array-like"], "reference": ["array-like"]})
def match_labels(labels: ArrayLike, reference: ArrayLike) -> np.ndarray:
    """Renumber segments so that they agree with an earlier labelling of the same rows.

    Of all ways to pair the segments of both labellings, the one is taken that leaves
    the most rows with the number they had, found by the Hungarian method [1]_.

    Parameters
    ----------
    labels : array-like of int, shape (n_samples,)
        Segment of each row. Negative labels are noise and stay as they are.
    reference : array-like of int, shape (n_samples,)
        Segment of the same rows before, numbered in any way. There may be more or
        fewer segments than in `labels`.

    Returns
    -------
    new_labels : ndarray of int64, shape (n_samples,)
        The same segments as in `labels`. One that is paired has the number of the
        earlier segment. One that shares no row with its partner, or has none, has a
        new number: above all of `reference`, the largest segment first.

    Raises
    ------
    ValueError
        If labels are not integers, or the lengths differ.

    See Also
    --------
    segmentlearn.cluster.canonical_labels : Numbers by size.

    References
    ----------
    .. [1] H. W. Kuhn, "The Hungarian method for the assignment problem", Naval Research
       Logistics Quarterly 2, 1955.

    Examples
    --------
    >>> from segmentlearn.cluster import match_labels
    >>> match_labels([1, 1, 0, 0, 2, -1], [0, 0, 5, 5, 5, 5])
    array([ 0,  0,  5,  5,  6, -1])
    """
    labels = _read_labels(labels, "labels")
    reference = _read_labels(reference, "reference")
    check_consistent_length(labels, reference)
    new_labels, present = canonical_labels(labels)
    segments = new_labels >= 0
    earlier = np.unique(reference[reference >= 0])
    shared = segments & (reference >= 0)
    table = np.zeros((len(present), len(earlier)), dtype=np.int64)
    pairs = new_labels[shared], np.searchsorted(earlier, reference[shared])
    np.add.at(table, pairs, 1)
    rows, partners = linear_sum_assignment(table, maximize=True)
    agree = table[rows, partners] > 0
    number = np.full(len(present), -1)
    number[rows[agree]] = earlier[partners[agree]]
    unpaired = number < 0
    number[unpaired] = max(reference.max(), -1) + 1 + np.arange(unpaired.sum())
    new_labels[segments] = number[new_labels[segments]]
    return new_labels


def _read_labels(labels: ArrayLike, name: str) -> np.ndarray:
    """Return labels as a new array of whole numbers."""
    found = column_or_1d(labels)
    if found.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must hold whole numbers, one a row, not {found.dtype}; for other "
            f"names of segments pass numpy.unique({name}, return_inverse=True)[1]."
        )
    if not len(found):
        raise ValueError(f"{name} is empty: there are no rows.")
    return found.astype(np.int64)
