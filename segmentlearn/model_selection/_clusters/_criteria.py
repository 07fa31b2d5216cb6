"""The measures by which numbers of clusters are compared, each a function of its own.

`cluster(rows, n_clusters, seed)` fits the clusterer to rows and returns it with their
labels, where a function asks for it. None of these functions chooses anything.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.mixture import GaussianMixture

from segmentlearn.model_selection._clusters._clustering_task import assign_rows


def within_sum_of_squares(X, labels):
    """Return the sum of the squared distances of rows to the mean of their cluster."""
    total = 0.0
    for name in np.unique(labels):
        rows = X[labels == name]
        total += ((rows - rows.mean(axis=0)) ** 2).sum()
    return float(total)


def gap_statistic(inertias, reference_inertias):
    """Return the gap of each number of clusters and its standard error.

    `inertias` are the within-cluster sums of squares of the table, and each row of
    `reference_inertias` those of a reference (Tibshirani, Walther & Hastie 2001).
    """
    tiny = np.finfo(float).tiny
    logs = np.log(np.maximum(reference_inertias, tiny))
    gaps = logs.mean(axis=0) - np.log(np.maximum(inertias, tiny))
    # the references are a sample themselves, so their mean is uncertain too
    return gaps, logs.std(axis=0) * np.sqrt(1 + 1 / len(logs))


def prediction_strength(X, n_clusters, cluster, n_splits, random_state):
    """Return how well one half of the rows predicts the clusters of the other.

    A value for each direction of each split: the share of the pairs of rows in a
    cluster of one half that the clusters of the other half put together too, for the
    cluster where it is lowest (Tibshirani & Walther 2005).
    """
    strengths = []
    for _ in range(n_splits):
        order = random_state.permutation(len(X))
        halves = [X[order[: len(X) // 2]], X[order[len(X) // 2 :]]]
        seed = draw_seed(random_state)
        found = [cluster(half, n_clusters, seed) for half in halves]
        for test, train in ((0, 1), (1, 0)):
            fitted, train_labels = found[train]
            predicted = assign_rows(fitted, halves[train], train_labels, halves[test])
            strengths.append(_co_membership(found[test][1], predicted))
    return np.array(strengths)


def _co_membership(labels, predicted):
    """Return the lowest share of pairs in a cluster that are predicted together."""
    counts = contingency_matrix(labels, predicted).astype(float)
    sizes = counts.sum(axis=1)
    pairs = (counts * (counts - 1)).sum(axis=1)
    # a cluster of one row has no pair that could be predicted: it has no strength
    return float((pairs / np.maximum(sizes * (sizes - 1), 1)).min())


def bootstrap_agreement(X, n_clusters, cluster, samples, seed):
    """Return the adjusted Rand index of clusterings of pairs of bootstrap samples.

    Each clustering is extended to all rows. The samples stand in a ring and each is
    compared with the next one.
    """
    extended = []
    for rows in samples:
        fitted, labels = cluster(X[rows], n_clusters, seed)
        extended.append(assign_rows(fitted, X[rows], labels, X))
    return ring_agreement(extended)


def ring_agreement(labellings):
    """Return the adjusted Rand index of each labelling with the next, in a ring."""
    following = labellings[1:] + labellings[:1]
    pairs = list(zip(labellings, following, strict=True))
    if len(pairs) == 2:  # there and back is the same
        pairs = pairs[:1]
    return np.array([adjusted_rand_score(one, other) for one, other in pairs])


def mixture_bic(X, n_clusters, seed):
    """Return the BIC of a Gaussian mixture with full covariances; lower is better."""
    # a column that hardly varies within a segment, such as a 0/1 column, would let the
    # likelihood grow without bound
    floor = 1e-2 * max(float(X.var(axis=0).mean()), np.finfo(float).tiny)
    mixture = GaussianMixture(n_clusters, reg_covar=floor, n_init=2, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(mixture.fit(X).bic(X))


def draw_seed(random_state):
    """Return a seed for what takes an int."""
    return int(random_state.randint(np.iinfo(np.int32).max))
