"""Which rule assigns new rows after a clusterer, and how well it holds."""

import numpy as np
from sklearn.cluster import HDBSCAN, OPTICS
from sklearn.neighbors import VALID_METRICS
from sklearn.utils.random import sample_without_replacement

from segmentlearn.cluster._assignment._classifier_rule import (
    ClassifierRule,
    cross_validated,
    fit_classifier,
)
from segmentlearn.cluster._assignment._nearest_rows import (
    LabelledRows,
    NearestRowRule,
    VotingRule,
    learn_bounds,
    within_bounds,
)
from segmentlearn.cluster._assignment._own_rule import learn_own_rule, weighted_mean

PREDICT = "predict"
CORE_ROWS = "core rows"
NEAREST_ROW = "nearest row"
NEIGHBORS = "neighbors"
CLASSIFIER = "classifier"

_MOST_ROWS_COMPARED = 10_000  # a share of so many rows is known to half a percent


def choose_assignment(assign, clusterer, codes):
    """Return which way new rows are assigned."""
    if not isinstance(assign, str):
        return CLASSIFIER
    if assign == "neighbors":
        return NEIGHBORS
    if hasattr(clusterer, "predict"):
        return PREDICT
    if hasattr(clusterer, "core_sample_indices_"):
        return CORE_ROWS
    leaves_rows_out = isinstance(clusterer, HDBSCAN | OPTICS)
    return NEAREST_ROW if leaves_rows_out or (codes < 0).any() else NEIGHBORS


class RuleLearner:
    """Learns a rule from the rows that a clusterer was fitted to."""

    def __init__(
        self, clusterer, X, codes, raw_labels, sample_weight, means, random_state
    ):
        self.clusterer = clusterer
        self.X = X
        self.codes = codes
        self.raw_labels = raw_labels
        self.sample_weight = sample_weight
        self.means = means
        self.random_state = random_state
        self.compared = slice(None)
        if len(X) > _MOST_ROWS_COMPARED:
            self.compared = sample_without_replacement(
                len(X), _MOST_ROWS_COMPARED, random_state=random_state
            )

    def learn(self, assignment, assign, n_neighbors):
        """Return a rule, and the share of rows to which it gives their own label."""
        if assignment == PREDICT:
            rule, said = self._learn_own()
        elif assignment == CORE_ROWS:
            rule, said = self._learn_core_rows()
        elif assignment == NEAREST_ROW:
            rule, said = self._learn_nearest_row()
        elif assignment == NEIGHBORS:
            rule, said = self._learn_vote(n_neighbors)
        else:
            rule, said = self._learn_classifier(assign)
        return rule, float(np.mean(said == self.codes[self.compared]))

    def _learn_own(self):
        rule = learn_own_rule(
            self.clusterer,
            self.X,
            self.codes,
            self.raw_labels,
            self.sample_weight,
            self.means,
        )
        return rule, rule.assign(self.X[self.compared])

    def _learn_core_rows(self):
        core = self.clusterer.core_sample_indices_
        rows = getattr(self.clusterer, "components_", None)
        if rows is None:  # where there are some, sharing them costs no memory
            rows = self.X[core]
        labelled = LabelledRows(rows, self.codes[core], _metric_of(self.clusterer))
        bounds = np.full(len(self.raw_labels), float(self.clusterer.eps))
        distance, found = self._nearest_other(labelled, core, self.compared)
        said = within_bounds(distance, found, bounds)
        scale = self._squared_scale(distance, self.compared)
        return NearestRowRule(labelled, bounds, scale), said

    def _learn_nearest_row(self):
        labelled, members = self._label_rows()
        distance, found = self._nearest_other(labelled, members, slice(None))
        bounds = learn_bounds(distance, found, self.codes, len(self.raw_labels))
        said = within_bounds(distance, found, bounds)[self.compared]
        scale = self._squared_scale(distance, slice(None))
        return NearestRowRule(labelled, bounds, scale), said

    def _learn_vote(self, n_neighbors):
        labelled, members = self._label_rows()
        rule = VotingRule(labelled, n_neighbors)
        left_out = self._positions(members)[self.compared]
        return rule, rule.assign(self.X[self.compared], left_out)

    def _learn_classifier(self, classifier):
        fitted = fit_classifier(classifier, self.X, self.codes, self.sample_weight)
        weight = self.sample_weight
        said = cross_validated(
            classifier,
            self.X[self.compared],
            self.codes[self.compared],
            None if weight is None else weight[self.compared],
            self.random_state,
        )
        return ClassifierRule(fitted, len(self.raw_labels)), said

    def _label_rows(self):
        """Return the rows that are in a segment, and their positions."""
        members = np.flatnonzero(self.codes >= 0)
        rows = self.X if len(members) == len(self.X) else self.X[members]
        metric = _metric_of(self.clusterer)
        return LabelledRows(rows, self.codes[members], metric), members

    def _positions(self, members):
        """Return where each training row is among the labelled rows; -1 for nowhere."""
        positions = np.full(len(self.X), -1)
        positions[members] = np.arange(len(members))
        return positions

    def _nearest_other(self, labelled, members, chosen):
        """Return each row's distance to the nearest other row, and its segment."""
        left_out = self._positions(members)[chosen]
        distance, position = labelled.neighbors(self.X[chosen], 1, left_out)
        if not distance.shape[1]:  # one labelled row: nothing is near it
            return np.full(len(distance), np.inf), np.zeros(len(distance), dtype=int)
        return distance[:, 0], labelled.codes[position[:, 0]]

    def _squared_scale(self, distance, chosen):
        """Return the mean squared distance of the rows that are in a segment."""
        counted = (self.codes[chosen] >= 0) & np.isfinite(distance)
        if not counted.any():
            return 0.0
        weight = self.sample_weight
        return weighted_mean(
            distance[counted] ** 2, None if weight is None else weight[chosen][counted]
        )


def _metric_of(clusterer):
    """Return the metric that the clusterer measures rows by, as neighbours take it."""
    metric = getattr(clusterer, "metric", "euclidean")
    if not callable(metric) and metric not in VALID_METRICS["brute"]:
        metric = "euclidean"
    p = getattr(clusterer, "p", None)
    return {
        "metric": metric,
        "p": 2 if p is None else p,
        "metric_params": getattr(clusterer, "metric_params", None),
    }
