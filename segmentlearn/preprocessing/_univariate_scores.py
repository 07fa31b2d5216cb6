"""How well one column alone tells the target of rows that it has not seen."""

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from segmentlearn.metrics import Numbers
from segmentlearn.preprocessing._target_encoding import read_target, smoothed_means

_N_FOLDS = 5
_N_BINS = 20


def column_skill(column, y, is_classes, random_state):
    """Return AUC or R² of a column's smoothed level means, on held-out folds."""
    codes, n_codes = _levels(column)
    target, _ = read_target(y, "classes" if is_classes else "continuous")
    n_folds = min(_N_FOLDS, len(codes))
    if is_classes:
        smallest = np.unique(y, return_counts=True)[1].min()
        n_folds = min(n_folds, int(smallest))
    if n_folds < 2:
        return np.nan
    splitter = StratifiedKFold if is_classes else KFold
    folds = splitter(n_folds, shuffle=True, random_state=random_state)
    skills = []
    for train, test in folds.split(codes, y):
        means = smoothed_means(codes[train], n_codes, target[train])
        measure = _mean_auc if is_classes else _r2
        skills.append(measure(codes[test], means, target[test]))
    return float(np.mean(skills))


def auc_of_levels(scores, positives, negatives):
    """Return the area under the ROC curve of levels that are known by their counts."""
    n_positives, n_negatives = positives.sum(), negatives.sum()
    if not n_positives or not n_negatives:
        return np.nan
    values, places = np.unique(scores, return_inverse=True)
    positives = np.bincount(places, weights=positives, minlength=len(values))
    negatives = np.bincount(places, weights=negatives, minlength=len(values))
    below = np.cumsum(negatives) - negatives / 2
    return float((positives * below).sum() / (n_positives * n_negatives))


def _levels(column):
    """Return a column as codes, missing cells as the first of them."""
    if not isinstance(column, Numbers):
        return column.at(None) + 1, column.n_levels + 1
    numbers = column.numbers
    present = numbers[~np.isnan(numbers)]
    if not len(present):
        return np.zeros(len(numbers), dtype=np.intp), 1
    edges = np.unique(np.quantile(present, np.arange(1, _N_BINS) / _N_BINS))
    codes = np.searchsorted(edges, numbers) + 1
    codes[np.isnan(numbers)] = 0
    return codes, len(edges) + 2


def _mean_auc(codes, means, target):
    """Return the AUC of level means, which are scores with many ties."""
    rows = np.bincount(codes, minlength=len(means))
    areas = []
    for mean, labels in zip(means.T, target.T, strict=True):
        hits = np.bincount(codes, weights=labels, minlength=len(means))
        areas.append(auc_of_levels(mean, hits, rows - hits))
    return np.mean(areas)


def _r2(codes, means, target):
    """Return the share of the held-out rows' variance that level means explain."""
    rest = float(((target - means[codes]) ** 2).sum())
    total = float(((target - target.mean(axis=0)) ** 2).sum())
    return 1 - rest / total if total > 0 else np.nan
