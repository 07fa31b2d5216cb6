"""Ways to assign new rows to segments, and their agreement with the clusterer."""

import dataclasses
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import HDBSCAN, OPTICS
from sklearn.dummy import DummyClassifier
from sklearn.metrics import pairwise_distances_argmin_min
from sklearn.model_selection import PredefinedSplit
from sklearn.neighbors import VALID_METRICS, NearestNeighbors
from sklearn.utils.random import sample_without_replacement
from sklearn.utils.validation import has_fit_parameter

PREDICT = "predict"
CORE_ROWS = "core rows"
NEAREST_ROW = "nearest row"
NEIGHBORS = "neighbors"
CLASSIFIER = "classifier"

_MAX_ROWS_COMPARED = 10_000  # the share among so many rows is exact to half a percent
_N_FOLDS = 5
# Nearest rows of a segment are sought for distant rows, too: in more than a few columns
# comparing all rows is several times faster for those than a tree.
_MAX_COLUMNS_OF_TREES = 6
# archives hold estimators only, so assignments are estimators
_stored = dataclasses.dataclass(eq=False, repr=False)


@_stored
class LabelledRows(BaseEstimator):
    """Rows with known labels, searched for the nearest ones.

    Only the rows travel in pickles and archives; search trees are built at first use.
    """

    rows: np.ndarray
    labels: np.ndarray
    metric: dict

    def __getstate__(self) -> dict:
        state = super().__getstate__()
        return {name: state[name] for name in ("rows", "labels", "metric")}

    def neighbors(
        self, X: np.ndarray, n_neighbors: int, left_out: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return distances and positions of the nearest rows, nearest first."""
        if not hasattr(self, "_search"):
            self._search = NearestNeighbors(**self.metric).fit(self.rows)
        n_found = min(n_neighbors + (left_out is not None), len(self.rows))
        distance, position = self._search.kneighbors(X, n_found)
        if left_out is None:
            return distance, position
        skipped = position == left_out[:, None]
        # a row that is hidden by its copies, or not among these: the last is skipped
        skipped[~skipped.any(axis=1), -1] = True
        shape = (len(X), n_found - 1)
        return distance[~skipped].reshape(shape), position[~skipped].reshape(shape)

    def memberships(self, X: np.ndarray, squared_scale: float) -> np.ndarray:
        """Return memberships by Student's t kernel, each row summing to 1.

        The distances are those to the nearest row of each segment.
        """
        if not hasattr(self, "_segment_searches"):
            many = self.rows.shape[1] > _MAX_COLUMNS_OF_TREES
            how = {"algorithm": "brute" if many else "auto", **self.metric}
            self._segment_searches = [
                NearestNeighbors(**how).fit(self.rows[self.labels == label])
                for label in range(self.labels.max() + 1)
            ]
        found = [search.kneighbors(X, 1)[0] for search in self._segment_searches]
        kernel = squared_scale + np.hstack(found).astype(np.float64) ** 2
        nearest, is_positive = kernel.min(axis=1, keepdims=True), kernel > 0
        # a scale of 0: rows at distance 0 belong wholly to that segment
        shares = np.ones_like(kernel)
        np.divide(nearest, kernel, out=shares, where=is_positive)
        return shares / shares.sum(axis=1, keepdims=True)


@_stored
class PredictAssignment(BaseEstimator):
    """The segment that the clusterer predicts."""

    clusterer: Any
    own_labels: np.ndarray
    centers: LabelledRows | None = None
    squared_scale: float = 1.0

    def assign(self, X: np.ndarray) -> np.ndarray:
        """Return the label of each row of X, -1 for noise."""
        predicted = np.asarray(self.clusterer.predict(X))
        labels = positions_of(predicted, self.own_labels)
        # a centre or component without a training row is not a segment
        unknown = (labels < 0) & (predicted >= 0)
        if unknown.any():
            labels[unknown] = self.memberships(X[unknown]).argmax(axis=1)
        return labels

    def memberships(self, X: np.ndarray) -> np.ndarray:
        """Return each row's membership in each segment."""
        if self.centers is not None:
            return self.centers.memberships(X, self.squared_scale)
        proba = self.clusterer.predict_proba(X)[:, self.own_labels]
        total = proba.sum(axis=1, keepdims=True)
        even = np.full_like(proba, 1 / proba.shape[1])
        return np.divide(proba, total, out=even, where=total > 0)


@_stored
class NearestRowAssignment(BaseEstimator):
    """The segment of the nearest row, or noise where that is too far away."""

    labelled: LabelledRows
    bounds: np.ndarray
    squared_scale: float

    def assign(self, X: np.ndarray) -> np.ndarray:
        """Return the label of each row of X, -1 for noise."""
        distance, position = self.labelled.neighbors(X, 1)
        labels = self.labelled.labels[position[:, 0]]
        return _within_bounds(distance[:, 0], labels, self.bounds)

    def memberships(self, X: np.ndarray) -> np.ndarray:
        """Return each row's membership in each segment."""
        return self.labelled.memberships(X, self.squared_scale)


@_stored
class NeighborsAssignment(BaseEstimator):
    """The segment of most of the nearest rows, a row's vote being 1 / distance."""

    labelled: LabelledRows
    n_neighbors: int

    def assign(self, X: np.ndarray, left_out: np.ndarray | None = None) -> np.ndarray:
        """Return the label of each row of X, -1 where no row is left to vote."""
        votes = self.memberships(X, left_out)
        return np.where(votes.sum(axis=1) > 0, votes.argmax(axis=1), -1)

    def memberships(
        self, X: np.ndarray, left_out: np.ndarray | None = None
    ) -> np.ndarray:
        """Return each segment's share of the votes."""
        distance, position = self.labelled.neighbors(X, self.n_neighbors, left_out)
        votes = np.zeros((len(X), self.labelled.labels.max() + 1))
        if not distance.shape[1]:
            return votes
        # relative to the nearest; rows at distance 0 outvote all others
        weight, has_distance = np.ones_like(distance), distance > 0
        np.divide(distance[:, :1], distance, out=weight, where=has_distance)
        labels = self.labelled.labels[position]
        for rank in range(distance.shape[1]):
            votes[np.arange(len(X)), labels[:, rank]] += weight[:, rank]
        return votes / votes.sum(axis=1, keepdims=True)


@_stored
class ClassifierAssignment(BaseEstimator):
    """The segment that a classifier predicts."""

    classifier: Any
    n_segments: int

    def assign(self, X: np.ndarray) -> np.ndarray:
        """Return the label of each row of X."""
        return self.classifier.predict(X)

    def memberships(self, X: np.ndarray) -> np.ndarray:
        """Return the probability of each segment."""
        proba = np.zeros((len(X), self.n_segments))
        proba[:, self.classifier.classes_] = self.classifier.predict_proba(X)
        return proba


def choose_assignment(assign: Any, clusterer: Any, labels: np.ndarray) -> str:
    """Return the name of the way in which new rows are assigned."""
    if not isinstance(assign, str):
        return CLASSIFIER
    if assign == "neighbors":
        return NEIGHBORS
    if hasattr(clusterer, "predict"):
        return PREDICT
    if hasattr(clusterer, "core_sample_indices_"):
        return CORE_ROWS
    finds_noise = isinstance(clusterer, HDBSCAN | OPTICS) or (labels < 0).any()
    return NEAREST_ROW if finds_noise else NEIGHBORS


@dataclasses.dataclass
class ClusteredRows:
    """The rows that a clusterer was fitted to, from which an assignment is learnt.

    `labels` are positions in `own_labels`, the sorted labels of the clusterer.
    """

    clusterer: Any
    X: np.ndarray
    labels: np.ndarray
    own_labels: np.ndarray
    sample_weight: np.ndarray | None
    means: np.ndarray
    random_state: np.random.RandomState

    def __post_init__(self) -> None:
        self.compared: Any = slice(None)
        if len(self.X) > _MAX_ROWS_COMPARED:
            self.compared = sample_without_replacement(
                len(self.X), _MAX_ROWS_COMPARED, random_state=self.random_state
            )

    def learn(self, name: str, assign: Any, n_neighbors: int) -> tuple[Any, float]:
        """Return an assignment, and the share of rows to which it gives their label."""
        if name == PREDICT:
            assignment: Any = self._learn_predict()
            found = assignment.assign(self.X[self.compared])
        elif name in (CORE_ROWS, NEAREST_ROW):
            assignment, found = self._learn_nearest_row(name)
        elif name == NEIGHBORS:
            labelled, rows = self._label_rows()
            assignment = NeighborsAssignment(labelled, n_neighbors)
            left_out = self._positions(rows)[self.compared]
            found = assignment.assign(self.X[self.compared], left_out)
        else:
            rows = self.X, self.labels, self.sample_weight
            classifier = _fit_classifier(assign, *rows)
            assignment = ClassifierAssignment(classifier, len(self.own_labels))
            found = self._cross_val_predict(assign)
        return assignment, float(np.mean(found == self.labels[self.compared]))

    def _learn_predict(self) -> PredictAssignment:
        if hasattr(self.clusterer, "predict_proba"):
            return PredictAssignment(self.clusterer, self.own_labels)
        points, labels = self._centers()
        distance = np.full(len(self.X), np.inf)
        for label in range(len(self.own_labels)):
            rows, own_points = self.labels == label, points[labels == label]
            _, nearest = pairwise_distances_argmin_min(self.X[rows], own_points)
            distance[rows] = nearest
        scale = self._squared_scale(distance, slice(None))
        centers = LabelledRows(points, labels, {"metric": "euclidean"})
        return PredictAssignment(self.clusterer, self.own_labels, centers, scale)

    def _learn_nearest_row(self, name: str) -> tuple[NearestRowAssignment, np.ndarray]:
        if name == CORE_ROWS:
            rows = self.clusterer.core_sample_indices_
            # where there are components_, sharing them costs no memory
            core = getattr(self.clusterer, "components_", None)
            core = self.X[rows] if core is None else core
            labelled = LabelledRows(core, self.labels[rows], self._metric())
            chosen, compared = self.compared, slice(None)
            distance, nearest = self._nearest_other(labelled, rows, chosen)
            bounds = np.full(len(self.own_labels), float(self.clusterer.eps))
        else:
            labelled, rows = self._label_rows()
            chosen, compared = slice(None), self.compared
            distance, nearest = self._nearest_other(labelled, rows, chosen)
            bounds = self._learn_bounds(distance, nearest)
        scale = self._squared_scale(distance, chosen)
        found = _within_bounds(distance, nearest, bounds)[compared]
        return NearestRowAssignment(labelled, bounds, scale), found

    def _learn_bounds(self, distance: np.ndarray, nearest: np.ndarray) -> np.ndarray:
        """Return the bound of each segment with most of its rows on the right side."""
        bounds = np.zeros(len(self.own_labels))
        order = np.argsort(distance, kind="stable")
        for label in range(len(bounds)):
            near = order[nearest[order] == label]
            gain = np.cumsum(np.where(self.labels[near] == label, 1, -1))
            if len(gain) and gain.max() > 0:
                bounds[label] = distance[near[gain.argmax()]]
        return bounds

    def _cross_val_predict(self, classifier: Any) -> np.ndarray:
        """Return what a classifier predicts for rows that it was not fitted to."""
        X, labels = self.X[self.compared], self.labels[self.compared]
        weight = _take(self.sample_weight, self.compared)
        found = np.full(len(X), -2)
        shuffled = self.random_state.permutation(len(X))
        fold = np.empty(len(X), dtype=np.int64)
        # stratified: folds are assigned in turn, segment by segment
        by_segment = shuffled[np.argsort(labels[shuffled], kind="stable")]
        fold[by_segment] = np.arange(len(X)) % _N_FOLDS
        for train, test in PredefinedSplit(fold).split():
            if (labels[train] >= 0).any():
                rows = X[train], labels[train], _take(weight, train)
                found[test] = _fit_classifier(classifier, *rows).predict(X[test])
        return found

    def _label_rows(self) -> tuple[LabelledRows, np.ndarray]:
        """Return the rows that are in a segment, and their positions."""
        rows = np.flatnonzero(self.labels >= 0)
        X = self.X if len(rows) == len(self.X) else self.X[rows]
        return LabelledRows(X, self.labels[rows], self._metric()), rows

    def _positions(self, rows: np.ndarray) -> np.ndarray:
        """Return the position of each training row among some rows; -1 for others."""
        positions = np.full(len(self.X), -1)
        positions[rows] = np.arange(len(rows))
        return positions

    def _nearest_other(
        self, labelled: LabelledRows, rows: np.ndarray, chosen: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return each row's distance to the nearest other row, and its label."""
        left_out = self._positions(rows)[chosen]
        distance, position = labelled.neighbors(self.X[chosen], 1, left_out)
        if not distance.shape[1]:  # one labelled row: nothing is near it
            return np.full(len(distance), np.inf), np.zeros(len(distance), dtype=int)
        return distance[:, 0], labelled.labels[position[:, 0]]

    def _squared_scale(self, distance: np.ndarray, chosen: Any) -> float:
        """Return the mean squared distance of the rows that are in a segment."""
        counted = (self.labels[chosen] >= 0) & np.isfinite(distance)
        if not counted.any():
            return 0.0
        weight = _take(_take(self.sample_weight, chosen), counted)
        weight = None if weight is None or not weight.any() else weight
        return float(np.average(distance[counted] ** 2, weights=weight))

    def _metric(self) -> dict:
        """Return the clusterer's metric as parameters of NearestNeighbors."""
        metric = getattr(self.clusterer, "metric", "euclidean")
        if not callable(metric) and metric not in VALID_METRICS["brute"]:
            metric = "euclidean"
        p = getattr(self.clusterer, "p", None)
        params = getattr(self.clusterer, "metric_params", None)
        return {"metric": metric, "p": 2 if p is None else p, "metric_params": params}

    def _centers(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the clusterer's own centres, or means, and the label of each."""
        points = getattr(self.clusterer, "cluster_centers_", None)
        own = None if points is None else np.arange(len(points))
        if hasattr(self.clusterer, "subcluster_labels_"):  # Birch: several a segment
            points = self.clusterer.subcluster_centers_
            own = self.clusterer.subcluster_labels_
        every_label = np.arange(len(self.means))
        if points is not None and np.shape(points)[1:] == self.means.shape[1:]:
            labels = positions_of(own, self.own_labels)
            if np.isin(every_label, labels).all():
                return points[labels >= 0], labels[labels >= 0]
        return self.means, every_label


def _take(weight: np.ndarray | None, rows: Any) -> np.ndarray | None:
    return None if weight is None else weight[rows]


def positions_of(labels: Any, own_labels: np.ndarray) -> np.ndarray:
    """Return the position of labels among sorted ones, -1 for others."""
    if not len(own_labels):
        return np.full(len(labels), -1)
    position = np.searchsorted(own_labels, labels).clip(max=len(own_labels) - 1)
    return np.where(own_labels[position] == labels, position, -1)


def _fit_classifier(
    classifier: Any, X: np.ndarray, labels: np.ndarray, weight: np.ndarray | None
) -> Any:
    """Fit a copy of a classifier to the rows that are in a segment."""
    rows: Any = labels >= 0
    if rows.all():
        rows = slice(None)  # no copy of the table
    labels = labels[rows]
    if labels.min() == labels.max():
        return DummyClassifier(strategy="prior").fit(X[rows], labels)
    weights = {}
    if weight is not None and has_fit_parameter(classifier, "sample_weight"):
        weights["sample_weight"] = weight[rows]
    return clone(classifier).fit(X[rows], labels, **weights)


def _within_bounds(
    distance: np.ndarray, labels: np.ndarray, bounds: np.ndarray
) -> np.ndarray:
    """Return the labels, -1 for rows beyond the bound of their segment."""
    return np.where(distance <= bounds[labels], labels, -1)
