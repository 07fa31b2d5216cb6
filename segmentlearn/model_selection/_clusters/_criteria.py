"""Criteria by which numbers of clusters are compared, over the same features."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
)
from sklearn.metrics.cluster import contingency_matrix
from sklearn.mixture import GaussianMixture

from segmentlearn._steps import begin_step
from segmentlearn.metrics import silhouette_sampled
from segmentlearn.model_selection._clusters._clustering_task import (
    ClusteringTask,
    assign_rows,
    fit_clusterer,
)
from segmentlearn.neural_network import draw_seed

CRITERIA = (
    "elbow",
    "silhouette",
    "silhouette_gain",
    "calinski_harabasz",
    "davies_bouldin",
    "gap",
    "bic",
    "prediction_strength",
    "stability",
)
_N_SPLITS = 5  # halvings of the table for the prediction strength
_REFERENCE_ROWS = 500  # of which silhouettes are averaged in a table without segments
_SCORES = {
    "calinski_harabasz": calinski_harabasz_score,
    "davies_bouldin": davies_bouldin_score,
}
_Column = dict[int, float]


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


class CriteriaTable:
    """Computes columns of criteria, a row for each number of clusters from 1."""

    def __init__(
        self,
        task: ClusteringTask,
        n_clusters: Sequence[int],
        n_bootstraps: int,
        n_references: int,
        random_state: np.random.RandomState,
    ) -> None:
        self.task = task
        self.n_clusters = n_clusters
        self.n_bootstraps = n_bootstraps
        self.n_references = n_references
        # one for each criterion, so that leaving one out does not change the others
        self.seeds = {name: draw_seed(random_state) for name in ("fit", *CRITERIA)}
        self.labels = {1: np.zeros(len(task.features), int)}
        self._criterion = "segments of all customers"

    def compute(self, criteria: Iterable[str]) -> pd.DataFrame:
        """Return the columns of these criteria."""
        for k in self.n_clusters:
            self.labels[k] = self._cluster(self.task.features, k, self.seeds["fit"])[1]
        table = pd.DataFrame(index=pd.Index(self.labels, name="n_clusters"))
        table["smallest_share"] = [
            np.unique(labels, return_counts=True)[1].min() / len(labels)
            for labels in self.labels.values()
        ]
        for name in criteria:
            self._criterion = name.replace("_", " ")
            if name in _SCORES:
                columns = {name: self._score(_SCORES[name])}
            else:
                columns = getattr(self, f"_{name}")()
            for column, values in columns.items():
                table[column] = pd.Series(values, dtype=float)
        return table

    def _cluster(
        self, rows: np.ndarray, n_clusters: int, seed: int
    ) -> tuple[object, np.ndarray]:
        """Return the clusterer, fitted to rows, and their labels."""
        if n_clusters == 1:
            return None, np.zeros(len(rows), int)
        begin_step(f"{self._criterion}, {n_clusters} segments")
        with warnings.catch_warnings():
            # a bootstrap sample may hold fewer different rows than clusters
            warnings.simplefilter("ignore", ConvergenceWarning)
            return fit_clusterer(self.task.clusterer, rows, n_clusters, seed)

    def _elbow(self) -> dict[str, _Column]:
        return {"inertia": self._inertias(self.task.space)}

    def _inertias(self, space: np.ndarray) -> _Column:
        return {k: _inertia(space, labels) for k, labels in self.labels.items()}

    def _silhouette(self) -> dict[str, _Column]:
        return {"silhouette": self._mean_silhouettes(self.task.space)}

    def _silhouette_gain(self) -> dict[str, _Column]:
        expected = self._references[1].mean(axis=0)[1:]
        own = self._mean_silhouettes(self.task.features)
        gains = zip(own.items(), expected, strict=True)
        return {"silhouette_gain": {k: value - chance for (k, value), chance in gains}}

    def _mean_silhouettes(self, space: np.ndarray) -> _Column:
        seed = self.seeds["silhouette"]
        return {
            k: silhouette_sampled(space, self.labels[k], random_state=seed).mean
            for k in self.n_clusters
        }

    def _score(self, score: Callable) -> _Column:
        """Return a score of scikit-learn's where there are two clusters or more."""
        return {
            k: score(self.task.space, self.labels[k])
            for k in self.n_clusters
            if len(np.unique(self.labels[k])) > 1
        }

    def _gap(self) -> dict[str, _Column]:
        tiny = np.finfo(float).tiny
        inertias = list(self._inertias(self.task.features).values())
        logs = np.log(np.maximum(self._references[0], tiny))
        gap_values = logs.mean(axis=0) - np.log(np.maximum(inertias, tiny))
        # the references are a sample themselves, so their mean is uncertain too
        errors = logs.std(axis=0) * np.sqrt(1 + 1 / len(logs))
        return {
            "gap": dict(zip(self.labels, gap_values, strict=True)),
            "gap_se": dict(zip(self.labels, errors, strict=True)),
        }

    @cached_property
    def _references(self) -> tuple[np.ndarray, np.ndarray]:
        """Inertias and silhouettes of tables without segments; rows are tables.

        The columns are the numbers of clusters, from 1; with 1 there is no silhouette.
        """
        random_state = np.random.RandomState(self.seeds["gap"])
        inertias = np.empty((self.n_references, len(self.labels)))
        silhouettes = np.empty_like(inertias)
        for number in range(self.n_references):
            table = null_reference(self.task.features, random_state)
            seed = draw_seed(random_state)
            for column, k in enumerate(self.labels):
                _, labels = self._cluster(table, k, seed)
                inertias[number, column] = _inertia(table, labels)
                sample = silhouette_sampled(
                    table, labels, n_rows=_REFERENCE_ROWS, random_state=seed
                )
                silhouettes[number, column] = sample.mean
        return inertias, silhouettes

    def _bic(self) -> dict[str, _Column]:
        (clusterer, features, _), seed = self.task, self.seeds["bic"]
        if not hasattr(clusterer, "bic"):
            return {"bic": {k: _mixture_bic(features, k, seed) for k in self.labels}}
        fitted = {k: fit_clusterer(clusterer, features, k, seed) for k in self.labels}
        return {"bic": {k: own.bic(features) for k, (own, _) in fitted.items()}}

    def _prediction_strength(self) -> dict[str, _Column]:
        means, errors = {1: 1.0}, {1: 0.0}
        for k in self.n_clusters:
            strengths = self._strengths(k)
            means[k] = strengths.mean()
            # the splits are independent, both directions of a split are not
            splits = strengths.mean(axis=1)
            errors[k] = splits.std(ddof=1) / np.sqrt(len(splits))
        return {"prediction_strength": means, "prediction_strength_se": errors}

    def _strengths(self, n_clusters: int) -> np.ndarray:
        """Return how well one half of the rows predicts the clusters of the other.

        A row for each split, a column for each direction: the share of the pairs of
        rows in a cluster of one half that are also in one cluster of the other half,
        for the cluster where it is lowest (Tibshirani & Walther 2005).
        """
        X = self.task.features
        random_state = np.random.RandomState(self.seeds["prediction_strength"])
        strengths = np.empty((_N_SPLITS, 2))
        for split in range(_N_SPLITS):
            order = random_state.permutation(len(X))
            halves = np.split(X[order], [len(X) // 2])
            seed = draw_seed(random_state)
            found = [self._cluster(half, n_clusters, seed) for half in halves]
            for test, train in ((0, 1), (1, 0)):
                fitted, labels = found[train]
                predicted = assign_rows(fitted, halves[train], labels, halves[test])
                strengths[split, test] = _co_membership(found[test][1], predicted)
        return strengths

    def _stability(self) -> dict[str, _Column]:
        features = self.task.features
        random_state = np.random.RandomState(self.seeds["stability"])
        n_rows = len(features)
        samples = random_state.randint(n_rows, size=(self.n_bootstraps, n_rows))
        seed = draw_seed(random_state)
        agreement = {}
        for k in self.n_clusters:
            extended = []
            for rows in samples:
                fitted, labels = self._cluster(features[rows], k, seed)
                extended.append(assign_rows(fitted, features[rows], labels, features))
            agreement[k] = ring_agreement(extended).mean()
        return {"stability": agreement}


def ring_agreement(labellings: list[np.ndarray]) -> np.ndarray:
    """Return the adjusted Rand index of each labelling with the next, in a ring."""
    following = labellings[1:] + labellings[:1]
    n_pairs = 1 if len(labellings) == 2 else len(labellings)  # of two there is one pair
    pairs = list(zip(labellings, following, strict=True))[:n_pairs]
    return np.array([adjusted_rand_score(first, second) for first, second in pairs])


def _inertia(X: np.ndarray, labels: np.ndarray) -> float:
    """Return the sum of the squared distances of rows to the mean of their cluster."""
    total = 0.0
    for label in np.unique(labels):
        rows = X[labels == label]
        total += ((rows - rows.mean(axis=0)) ** 2).sum()
    return float(total)


def _co_membership(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Return the lowest share of pairs in a cluster that are predicted together."""
    counts = contingency_matrix(labels, predicted).astype(float)
    sizes = counts.sum(axis=1)
    pairs = (counts * (counts - 1)).sum(axis=1)
    # a cluster of one row has no pair that could be predicted: it has no strength
    return float((pairs / np.maximum(sizes * (sizes - 1), 1)).min())


def _mixture_bic(X: np.ndarray, n_clusters: int, seed: int) -> float:
    """Return the BIC of a Gaussian mixture with full covariances; lower is better."""
    # a column that hardly varies within a segment, such as a 0/1 column, would let the
    # likelihood grow without bound
    floor = 1e-2 * max(float(X.var(axis=0).mean()), np.finfo(float).tiny)
    mixture = GaussianMixture(n_clusters, reg_covar=floor, n_init=2, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(mixture.fit(X).bic(X))
