"""A threshold that does not hang on a few rows: the mean over bootstrap samples."""

import numpy as np


def bagged_threshold(is_positive, scores, thresholds, measure, n_bootstraps, rng):
    """Return the mean of the thresholds that are best in bootstrap samples.

    A measure hardly changes around its best threshold, so which one is best in a table
    is a matter of a few rows; the mean over samples varies less [1]_.

    Parameters
    ----------
    is_positive : ndarray of bool, shape (n_samples,)
        Whether a row is of the positive class.
    scores : ndarray of shape (n_samples,)
        Its probability, from other rows.
    thresholds : ndarray of shape (n_thresholds,)
        To choose from, ascending.
    measure : callable
        Takes true positives, false positives, false negatives and true negatives,
        arrays of shape (n_thresholds,), and returns what to maximise.
    n_bootstraps : int
        Samples.
    rng : RandomState
        Draws them.

    Returns
    -------
    threshold : float

    References
    ----------
    .. [1] L. Breiman, "Bagging predictors", Machine Learning 24 (1996).

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.model_selection._bagged_threshold import bagged_threshold, f1
    >>> scores = np.linspace(0, 1, 101)
    >>> found = bagged_threshold(
    ...     scores > 0.7, scores, scores, f1, 10, np.random.RandomState(0)
    ... )
    >>> 0.68 < found < 0.74
    True
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
    """Return F1 of the positive class at each threshold.

    Parameters
    ----------
    true_positives, false_positives, false_negatives, true_negatives : ndarray
        Rows, by threshold.

    Returns
    -------
    values : ndarray
        0 without any positive.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.model_selection._bagged_threshold import f1
    >>> one = np.array([1.0])
    >>> f1(one, one, one, one)
    array([0.5])
    """
    wrong = false_positives + false_negatives
    return 2 * true_positives / np.maximum(2 * true_positives + wrong, 1e-12)


def jaccard(true_positives, false_positives, false_negatives, true_negatives):
    """Return the Jaccard index of the positive class at each threshold.

    Parameters
    ----------
    true_positives, false_positives, false_negatives, true_negatives : ndarray
        Rows, by threshold.

    Returns
    -------
    values : ndarray
        0 without any positive.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.model_selection._bagged_threshold import jaccard
    >>> one = np.array([1.0])
    >>> jaccard(one, one, 0 * one, one)
    array([0.5])
    """
    union = true_positives + false_positives + false_negatives
    return true_positives / np.maximum(union, 1e-12)


def _at_least(reached, weights, n_bins):
    """Return the weight of rows that reach each threshold; all of it comes first."""
    by_bin = np.bincount(reached, weights=weights, minlength=n_bins)
    return by_bin[::-1].cumsum()[::-1]
