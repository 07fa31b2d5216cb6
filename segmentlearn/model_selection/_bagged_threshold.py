"""A threshold that does not hang on a few rows: the mean over bootstrap samples."""

import numpy as np


def bagged_threshold(is_positive, scores, thresholds, measure, n_bootstraps, rng):
    """Return the mean of the thresholds that are best in bootstrap samples.

    A measure hardly changes around its best threshold, so which one is best in a table
    is a matter of a few rows; the mean over samples varies less [1]_.

    References
    ----------
    .. [1] L. Breiman, "Bagging predictors", Machine Learning 24 (1996).
    """
    reached = np.searchsorted(thresholds, scores, side="right")
    n_rows, n_bins = len(scores), len(thresholds) + 1
    best = []
    for _ in range(n_bootstraps):
        times = np.bincount(rng.randint(n_rows, size=n_rows), minlength=n_rows)
        positives = _at_least(reached, times * is_positive, n_bins)
        negatives = _at_least(reached, times * ~is_positive, n_bins)
        values = measure(
            positives[1:],
            negatives[1:],
            positives[0] - positives[1:],
            negatives[0] - negatives[1:],
        )
        best.append(thresholds[int(np.argmax(values))])
    return float(np.mean(best))


def f1(true_positives, false_positives, false_negatives, true_negatives):
    """Return F1 of the positive class at each threshold."""
    wrong = false_positives + false_negatives
    return 2 * true_positives / np.maximum(2 * true_positives + wrong, 1e-12)


def jaccard(true_positives, false_positives, false_negatives, true_negatives):
    """Return the Jaccard index of the positive class at each threshold."""
    union = true_positives + false_positives + false_negatives
    return true_positives / np.maximum(union, 1e-12)


def _at_least(reached, weights, n_bins):
    """Return the weight of rows that reach each threshold; all of it comes first."""
    by_bin = np.bincount(reached, weights=weights, minlength=n_bins)
    return by_bin[::-1].cumsum()[::-1]
