"""The parts of a latent class mixture: memberships to densities, and back."""

import numpy as np

_LEAST_SHARE = 1e-12


def estimate(memberships, numbers, levels, lengths, least_variance):
    """Return the classes under which rows are likeliest, given their memberships.

    Parameters
    ----------
    memberships : ndarray of shape (n_rows, n_classes)
        Each row sums to 1.
    numbers : ndarray of shape (n_rows, n_numeric)
    levels : ndarray of shape (n_rows, n_levels)
        0/1, the levels of one category after those of another.
    lengths : list of int
        Levels of each category.
    least_variance : float

    Returns
    -------
    classes : tuple of ndarray
        Weights (n_classes,), means and variances (n_classes, n_numeric), shares
        (n_classes, n_levels).
    """
    counts = memberships.sum(axis=0) + 10 * np.finfo(float).eps
    means = memberships.T @ numbers / counts[:, None]
    variances = memberships.T @ numbers**2 / counts[:, None] - means**2
    variances = np.maximum(variances, least_variance)
    shares = memberships.T @ levels
    start = 0
    for length in lengths:
        block = slice(start, start + length)
        shares[:, block] += 1.0 / length  # one row, spread over the levels
        shares[:, block] /= shares[:, block].sum(axis=1, keepdims=True)
        start += length
    return counts / counts.sum(), means, variances, shares


def log_joint(classes, numbers, levels):
    """Return the logarithm of each class together with each row.

    Parameters
    ----------
    classes : tuple of ndarray
        As :func:`estimate` returns them.
    numbers, levels : ndarray
        As :func:`estimate` takes them.

    Returns
    -------
    log_joint : ndarray of shape (n_rows, n_classes)
    """
    weights, means, variances, shares = classes
    precisions = 1.0 / variances
    squares = (
        numbers**2 @ precisions.T
        - 2.0 * numbers @ (means * precisions).T
        + (means**2 * precisions).sum(axis=1)
    )
    constant = np.log(2.0 * np.pi * variances).sum(axis=1)
    result = np.log(weights) - 0.5 * (squares + constant)
    return result + levels @ np.log(np.maximum(shares, _LEAST_SHARE)).T


def initial(rows, centers):
    """Return memberships of the nearest centres.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
    centers : ndarray of shape (n_classes, n_features)

    Returns
    -------
    memberships : ndarray of shape (n_rows, n_classes)
        0 or 1.
    """
    half_squares = (centers**2).sum(axis=1) / 2
    nearest = (rows @ centers.T - half_squares).argmax(axis=1)
    return np.eye(len(centers))[nearest]
