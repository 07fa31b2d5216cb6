"""How new rows find a segment: the ways to assign them, and how well each agrees."""

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

_MAX_ROWS_COMPARED = 10_000  # a share of so many rows is known to half a percent
_N_FOLDS = 5
# A segment is searched for rows that are far from it, too: beyond a few columns a tree
# rules out little for those, and comparing all rows is several times faster.
_MAX_COLUMNS_OF_TREES = 6
# an archive holds estimators only, so the assignments are some
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
        # where copies of a row, or nothing to leave out, hide it: one too many is found
        skipped[~skipped.any(axis=1), -1] = True
        shape = (len(X), n_found - 1)
        return distance[~skipped].reshape(shape), position[~skipped].reshape(shape)

    def segment_distances(self, X: np.ndarray) -> np.ndarray:
        """Return the distance of each row of X to the nearest row of each segment."""
        if not hasattr(self, "_segment_searches"):
            many = self.rows.shape[1] > _MAX_COLUMNS_OF_TREES
            algorithm = "brute" if many else "auto"
            self._segment_searches = [
                NearestNeighbors(algorithm=algorithm, **self.metric).fit(
                    self.rows[self.labels == label]
                )
                for label in range(self.labels.max() + 1)
            ]
        found = [search.kneighbors(X, 1)[0] for search in self._segment_searches]
        return np.hstack(found)


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
        # a centre or component that no training row went to is not a segment
        astray = (labels < 0) & (predicted >= 0)
        if astray.any():
            labels[astray] = self.memberships(X[astray]).argmax(axis=1)
        return labels

    def memberships(self, X: np.ndarray) -> np.ndarray:
        """Return each row's membership in each segment."""
        if self.centers is not None:
            distance = self.centers.segment_distances(X)
            return _memberships_of_distances(distance, self.squared_scale)
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
        distance = self.labelled.segment_distances(X)
        return _memberships_of_distances(distance, self.squared_scale)


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
        weight = np.divide(
            distance[:, :1], distance, out=np.ones_like(distance), where=distance > 0
        )
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
            labelled, members = self._label_rows()
            assignment = NeighborsAssignment(labelled, n_neighbors)
            left_out = self._positions(members)[self.compared]
            found = assignment.assign(self.X[self.compared], left_out)
        else:
            classifier = _fit_classifier(
                assign, self.X, self.labels, self.sample_weight
            )
            assignment = ClassifierAssignment(classifier, len(self.own_labels))
            found = self._cross_val_predict(assign)
        return assignment, float(np.mean(found == self.labels[self.compared]))

    def _learn_predict(self) -> PredictAssignment:
        if hasattr(self.clusterer, "predict_proba"):
            return PredictAssignment(self.clusterer, self.own_labels)
        points, labels = self._centers()
        distance = np.full(len(self.X), np.inf)
        for label in range(len(self.own_labels)):
            members = self.labels == label
            distance[members] = pairwise_distances_argmin_min(
                self.X[members], points[labels == label]
            )[1]
        scale = self._squared_scale(distance, slice(None))
        centers = LabelledRows(points, labels, {"metric": "euclidean"})
        return PredictAssignment(self.clusterer, self.own_labels, centers, scale)

    def _learn_nearest_row(self, name: str) -> tuple[NearestRowAssignment, np.ndarray]:
        if name == CORE_ROWS:
            core = self.clusterer.core_sample_indices_
            rows = getattr(self.clusterer, "components_", None)
            if rows is None:  # where there are some, sharing them costs no memory
                rows = self.X[core]
            labelled = LabelledRows(rows, self.labels[core], self._metric())
            bounds = np.full(len(self.own_labels), float(self.clusterer.eps))
            distance, nearest = self._nearest_other(labelled, core, self.compared)
            scale = self._squared_scale(distance, self.compared)
            found = _within_bounds(distance, nearest, bounds)
            return NearestRowAssignment(labelled, bounds, scale), found
        labelled, members = self._label_rows()
        distance, nearest = self._nearest_other(labelled, members, slice(None))
        bounds = np.zeros(len(self.own_labels))
        order = np.argsort(distance, kind="stable")
        for label in range(len(bounds)):
            # the bound that puts most of the rows near this segment on the right side
            near = order[nearest[order] == label]
            gain = np.cumsum(np.where(self.labels[near] == label, 1, -1))
            if len(gain) and gain.max() > 0:
                bounds[label] = distance[near[gain.argmax()]]
        scale = self._squared_scale(distance, slice(None))
        found = _within_bounds(distance, nearest, bounds)[self.compared]
        return NearestRowAssignment(labelled, bounds, scale), found

    def _cross_val_predict(self, classifier: Any) -> np.ndarray:
        """Return what a classifier predicts for rows that it was not fitted to."""
        X, labels = self.X[self.compared], self.labels[self.compared]
        weight = _take(self.sample_weight, self.compared)
        found = np.full(len(X), -2)
        shuffled = self.random_state.permutation(len(X))
        fold = np.empty(len(X), dtype=np.int64)
        # dealt out segment by segment, so that each fold has its share of all of them
        fold[shuffled[np.argsort(labels[shuffled], kind="stable")]] = (
            np.arange(len(X)) % _N_FOLDS
        )
        for train, test in PredefinedSplit(fold).split():
            if (labels[train] >= 0).any():
                fitted = _fit_classifier(
                    classifier, X[train], labels[train], _take(weight, train)
                )
                found[test] = fitted.predict(X[test])
        return found

    def _label_rows(self) -> tuple[LabelledRows, np.ndarray]:
        """Return the rows that are in a segment, and their positions."""
        members = np.flatnonzero(self.labels >= 0)
        rows = self.X if len(members) == len(self.X) else self.X[members]
        labels = self.labels[members]
        return LabelledRows(rows, labels, self._metric()), members

    def _positions(self, members: np.ndarray) -> np.ndarray:
        """Return where each training row is among the labelled rows; -1 for nowhere."""
        positions = np.full(len(self.X), -1)
        positions[members] = np.arange(len(members))
        return positions

    def _nearest_other(
        self, labelled: LabelledRows, members: np.ndarray, chosen: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return each row's distance to the nearest other row, and its label."""
        left_out = self._positions(members)[chosen]
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
        if weight is not None and not weight.any():
            weight = None
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
        """Return the points that the clusterer goes by, and the label of each."""
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
    members: Any = labels >= 0
    if members.all():
        members = slice(None)  # no copy of the table
    labels = labels[members]
    if labels.min() == labels.max():
        return DummyClassifier(strategy="prior").fit(X[members], labels)
    weights = {}
    if weight is not None and has_fit_parameter(classifier, "sample_weight"):
        weights["sample_weight"] = weight[members]
    return clone(classifier).fit(X[members], labels, **weights)


def _within_bounds(
    distance: np.ndarray, labels: np.ndarray, bounds: np.ndarray
) -> np.ndarray:
    """Return the labels, -1 where rows are farther away than their segment reaches."""
    return np.where(distance <= bounds[labels], labels, -1)


def _memberships_of_distances(distance: Any, squared_scale: float) -> np.ndarray:
    """Return memberships by Student's t kernel, each row summing to 1."""
    kernel = squared_scale + np.asarray(distance, dtype=np.float64) ** 2
    nearest = kernel.min(axis=1, keepdims=True)
    # a scale of 0: rows at distance 0 belong wholly to that segment
    found = np.divide(nearest, kernel, out=np.ones_like(kernel), where=kernel > 0)
    return found / found.sum(axis=1, keepdims=True)
