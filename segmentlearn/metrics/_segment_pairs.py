"""Which segment of one segmentation is which of another, from shared customers."""

import numpy as np
from scipy.optimize import linear_sum_assignment


def shared_counts(
    labels: np.ndarray, other: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Count the customers of each pair of segments; noise (-1) is in none."""
    known = (labels >= 0) & (other >= 0)
    cells = labels[known] * shape[1] + other[known]
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)


def jaccard_indices(
    counts: np.ndarray, sizes: np.ndarray, other_sizes: np.ndarray
) -> np.ndarray:
    """Return the Jaccard index of each pair of segments; 0 where both are empty."""
    union = sizes[:, None] + other_sizes - counts
    return np.divide(counts, union, out=np.zeros(counts.shape), where=union > 0)


def pair_segments(similarity: np.ndarray, threshold: float) -> np.ndarray:
    """Pair segments so that the sum of similarities is as large as possible.

    Returns the partner of each row, -1 where it has none: all columns are taken by
    others, or the similarity is below the threshold.
    """
    partners = np.full(len(similarity), -1)
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    found = similarity[rows, columns]
    paired = (found >= threshold) & (found > 0)
    partners[rows[paired]] = columns[paired]
    return partners


def lives_on(survival: float) -> float:
    """Return the index of segments whose halves are each other's.

    With half of one in the other, and half of the other from the one, it is a third.
    """
    return survival / (2.0 - survival)
