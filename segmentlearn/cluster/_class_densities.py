"""The parts of a latent class mixture: memberships to densities, and back."""

import numpy as np

_LEAST_SHARE = 1e-12


def estimate(memberships, numbers, levels, lengths, least_variance):
    """Return the classes under which rows are likeliest, given their memberships."""
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
    """Return the logarithm of each class together with each row."""
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
    """Return memberships of the nearest centres."""
    half_squares = (centers**2).sum(axis=1) / 2
    nearest = (rows @ centers.T - half_squares).argmax(axis=1)
    return np.eye(len(centers))[nearest]
