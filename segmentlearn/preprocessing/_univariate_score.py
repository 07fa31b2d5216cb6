"""How well one column alone predicts the target of rows that it has not seen."""

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from segmentlearn.preprocessing._target_encoding import read_target, smoothed_means
from segmentlearn.tables import Column

_N_FOLDS = 5
_N_BINS = 20


def univariate_score(
    column: Column, y: np.ndarray, is_classes: bool, random_state: int
) -> float:
    """Return AUC or R² of a column's smoothed level means, on held-out folds."""
    codes = column.binned(_N_BINS)
    n_codes = int(codes.max()) + 1
    target, _ = read_target(y, "classes" if is_classes else "continuous")
    smallest = np.unique(y, return_counts=True)[1].min() if is_classes else len(y)
    n_folds = min(_N_FOLDS, int(smallest))
    if n_folds < 2:
        return np.nan
    splitter = StratifiedKFold if is_classes else KFold
    score = _mean_auc if is_classes else _r2
    folds = splitter(n_folds, shuffle=True, random_state=random_state)
    scores = []
    for train, test in folds.split(codes, y):
        means = smoothed_means(codes[train], n_codes, target[train])
        scores.append(score(codes[test], means, target[test]))
    return float(np.mean(scores))


def auc_of_levels(
    scores: np.ndarray, positives: np.ndarray, negatives: np.ndarray
) -> float:
    """Return the area under the ROC curve of levels that are known by their counts."""
    n_positives, n_negatives = positives.sum(), negatives.sum()
    if not n_positives or not n_negatives:
        return np.nan
    _, ranks = np.unique(scores, return_inverse=True)
    positives = np.bincount(ranks, weights=positives)
    negatives = np.bincount(ranks, weights=negatives)
    below = np.cumsum(negatives) - negatives / 2
    return float((positives * below).sum() / (n_positives * n_negatives))


def _mean_auc(codes: np.ndarray, means: np.ndarray, target: np.ndarray) -> float:
    """Return the AUC of level means, which are scores with many ties."""
    rows = np.bincount(codes, minlength=len(means))
    areas = []
    for mean, labels in zip(means.T, target.T, strict=True):
        hits = np.bincount(codes, weights=labels, minlength=len(means))
        areas.append(auc_of_levels(mean, hits, rows - hits))
    return float(np.mean(areas))


def _r2(codes: np.ndarray, means: np.ndarray, target: np.ndarray) -> float:
    """Return the share of the held-out rows' variance that level means explain."""
    rest = float(((target - means[codes]) ** 2).sum())
    total = float(((target - target.mean(axis=0)) ** 2).sum())
    return 1 - rest / total if total > 0 else np.nan
