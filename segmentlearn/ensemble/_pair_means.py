"""Mean targets in the cells of two columns, for pairs whose effects are no sum."""

import warnings
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

_MOST_LEVELS = 50  # of a column; one with more is cut into bins
_N_BINS = 16
_MOST_COLUMNS = 40  # that pairs are made of
_MOST_PAIRS = 15
_MOST_FEATURES = 60  # of all pairs and classes
_MOST_ROWS = 20_000  # that pairs are chosen on
_N_FOLDS = 5
_PRIOR_ROWS = 20  # that pull the mean of a cell towards that of all rows
# standard deviations by which cells must explain more than chance would
_LEAST_EXCESS = 5.0
_MISSING = -1e30  # a level below all others


def fit_pairs(
    features: np.ndarray,
    y_encoded: np.ndarray,
    weights: np.ndarray | None,
    blocks: Sequence[Sequence[int]],
    seed: int,
) -> tuple[dict[str, Any], np.ndarray]:
    """Find pairs of columns that interact; return them, and the means of the rows.

    A block is the positions of the features that one column has become. The mean of a
    training row is that of rows of other folds.
    """
    random_state = np.random.RandomState(seed)
    values = _columns(features, blocks)
    edges = [_edges(column) for column in values.T]
    codes = _codes(values, edges)
    n_levels = [len(one) + 1 for one in edges]
    present = np.unique(y_encoded)
    # of two classes, one says all
    targets = (y_encoded[:, None] == present[len(present) == 2 :]).astype(np.float64)
    weights = np.ones(len(targets)) if weights is None else weights / weights.mean()
    folds = random_state.permutation(len(targets)) % _N_FOLDS
    some = random_state.permutation(len(targets))[:_MOST_ROWS]
    data = targets[some], weights[some], folds[some]
    pairs = _interacting(codes[some], n_levels, y_encoded[some], *data)
    found: dict[str, Any] = {"blocks": [], "edges": [], "means": []}
    of_rows = [np.empty((len(targets), 0))]
    for pair in pairs:
        cells, n_cells = _cells(codes, n_levels, pair)
        own, means = _cross_means(cells, n_cells, targets, weights, folds)
        of_rows.append(own)
        found["blocks"].append([list(blocks[one]) for one in pair])
        found["edges"].append([edges[one] for one in pair])
        found["means"].append(means)
    return found, np.hstack(of_rows)


def pair_means(found: dict[str, Any], features: np.ndarray) -> np.ndarray:
    """Return the means of the cells that rows fall in."""
    of_rows = [np.empty((0, len(features)))]
    known: dict[tuple[int, ...], np.ndarray] = {}  # columns are in several pairs
    for blocks, edges, means in zip(*found.values(), strict=True):
        for block, own in zip(blocks, edges, strict=True):
            if tuple(block) not in known:
                known[tuple(block)] = _codes(_columns(features, [block]), [own])[:, 0]
        codes = np.stack([known[tuple(block)] for block in blocks], axis=1)
        n_levels = [len(one) + 1 for one in edges]
        of_rows.append(means[_cells(codes, n_levels, (0, 1))[0]].T)
    return np.concatenate(of_rows).T


def _columns(features: np.ndarray, blocks: Sequence[Sequence[int]]) -> np.ndarray:
    """Return one number for each row and column; rows that differ have others."""
    columns = [
        features[:, block] @ np.sqrt(np.arange(len(block)) + 1.0) for block in blocks
    ]
    return np.nan_to_num(np.stack(columns, axis=1), nan=_MISSING)


def _edges(values: np.ndarray) -> np.ndarray:
    levels = np.unique(values)
    if len(levels) <= _MOST_LEVELS:
        return (levels[1:] + levels[:-1]) / 2
    return np.unique(np.quantile(values, np.arange(1, _N_BINS) / _N_BINS))


def _codes(values: np.ndarray, edges: Sequence[np.ndarray]) -> np.ndarray:
    codes = [
        np.searchsorted(own, column, side="right")
        for own, column in zip(edges, values.T, strict=True)
    ]
    return np.stack(codes, axis=1)


def _cells(
    codes: np.ndarray, n_levels: Sequence[int], pair: tuple[int, int]
) -> tuple[np.ndarray, int]:
    """Return the number of each row's cell, and how many cells there are."""
    first, second = pair
    cells = codes[:, first] * n_levels[second] + codes[:, second]
    return cells, n_levels[first] * n_levels[second]


def _cross_means(
    cells: np.ndarray,
    n_cells: int,
    targets: np.ndarray,
    weights: np.ndarray,
    folds: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the means of each row's cell over other folds, and of all cells."""
    at = folds * n_cells + cells
    columns = [weights, *(weights[:, None] * targets).T]
    sums = np.stack([np.bincount(at, one, _N_FOLDS * n_cells) for one in columns])
    sums = sums.reshape(len(columns), _N_FOLDS, n_cells)
    totals = sums.sum(axis=1)
    prior = _PRIOR_ROWS * np.append(1.0, np.average(targets, axis=0, weights=weights))
    others = totals[:, None] - sums + prior[:, None, None]
    totals += prior[:, None]
    return (others[1:] / others[0])[:, folds, cells].T, (totals[1:] / totals[0]).T


def _interacting(
    codes: np.ndarray,
    n_levels: Sequence[int],
    y_encoded: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    folds: np.ndarray,
) -> list[tuple[int, int]]:
    """Return the pairs whose cells explain most of what a sum of columns leaves.

    Lou et al. (KDD 2013) rank pairs so. What is ranked by is the log-likelihood that an
    own effect of each cell would add, less what it would add by chance.
    """
    singles, strengths = {}, {}
    share = np.average(targets, axis=0, weights=weights)
    for column, size in enumerate(n_levels):
        if size > 1:
            own = _cross_means(codes[:, column], size, targets, weights, folds)[0]
            singles[column] = np.log(own) - np.log1p(-own)
            explained = (targets - share) * (own - share)
            strengths[column] = np.average(explained.sum(axis=1), weights=weights)
    strongest = sorted(strengths, key=lambda column: -strengths[column])
    chosen = sorted(strongest[:_MOST_COLUMNS])
    if len(chosen) < 2 or len(np.unique(y_encoded)) < 2:
        return []
    matrix = np.hstack([singles[column] for column in chosen])
    matrix = (matrix - matrix.mean(axis=0)) / (matrix.std(axis=0) + 1e-9)
    additive = LogisticRegression(tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough
        additive.fit(matrix, y_encoded, sample_weight=weights)
    expected = additive.predict_proba(matrix)[:, -targets.shape[1] :]
    residuals = (weights[:, None] * (targets - expected)).T
    variances = (weights[:, None] ** 2 * expected * (1 - expected)).T
    prior = _PRIOR_ROWS * variances.mean(axis=1, keepdims=True)
    ranked = []
    for pair in combinations(chosen, 2):
        cells, n_cells = _cells(codes, n_levels, pair)
        total = np.stack([np.bincount(cells, one, n_cells) for one in residuals])
        variance = np.stack([np.bincount(cells, one, n_cells) for one in variances])
        excess = np.sum((total**2 - variance) / (variance + prior)) / 2
        by_chance = np.sqrt(np.sum((variance / (variance + prior)) ** 2) / 2)
        if excess > _LEAST_EXCESS * by_chance:
            ranked.append((-excess, pair))
    most = min(_MOST_PAIRS, max(1, _MOST_FEATURES // targets.shape[1]))
    return [pair for _, pair in sorted(ranked)[:most]]
