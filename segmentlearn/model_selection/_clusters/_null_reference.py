"""Reference tables without segments."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def null_reference(X: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
    """Return a table of the same shape and ranges, but without segments.

    Columns of numbers are drawn uniformly from the box of their principal axes
    (Tibshirani, Walther & Hastie 2001). Columns of two values can't be drawn from a
    box: those of one category are drawn together from the table's rows, each category
    by itself, so that gender alone makes no segment.
    """
    table = np.empty(X.shape)
    numeric, categories = _kinds_of_columns(X)
    if len(numeric):
        table[:, numeric] = _uniform_box(X[:, numeric], random_state)
    for columns in categories:
        rows = random_state.randint(len(X), size=len(X))
        table[:, columns] = X[np.ix_(rows, columns)]
    return table


def _uniform_box(X: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
    """Return rows that are uniform in the box of the principal axes."""
    center = X.mean(axis=0)
    centered = X - center
    _, axes = np.linalg.eigh(centered.T @ centered)
    turned = centered @ axes
    drawn = random_state.uniform(turned.min(axis=0), turned.max(axis=0), X.shape)
    return drawn @ axes.T + center


def _kinds_of_columns(X: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the columns of numbers, and groups of columns of two values."""
    low, high = X.min(axis=0), X.max(axis=0)
    is_binary = ((low == X) | (high == X)).all(axis=0)
    binary = np.flatnonzero(is_binary)
    if len(binary) == 0:
        return np.arange(X.shape[1]), []
    # levels of one category are never true together
    is_high = (X[:, binary] == high[binary]).astype(np.float64)
    exclusive = coo_matrix(is_high.T @ is_high == 0)
    n_groups, group = connected_components(exclusive, directed=False)
    groups = [binary[group == number] for number in range(n_groups)]
    return np.flatnonzero(~is_binary), groups
