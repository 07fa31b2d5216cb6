"""The rule of a clusterer that has a `predict` of its own."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import pairwise_distances_argmin_min

from segmentlearn.cluster._assignment._nearest_rows import (
    LabelledRows,
    shares_of_distances,
)


class OwnRule(BaseEstimator):
    """The segment that the clusterer predicts."""

    def __init__(self, clusterer, raw_labels, centers, squared_scale):
        self.clusterer = clusterer
        self.raw_labels = raw_labels
        self.centers = centers
        self.squared_scale = squared_scale

    def assign(self, X):
        """Return the segment of each row of X, -1 for noise."""
        predicted = np.asarray(self.clusterer.predict(X))
        codes = codes_of(predicted, self.raw_labels)
        # a centre or component that no training row went to is not a segment
        astray = (codes < 0) & (predicted >= 0)
        if astray.any():
            codes[astray] = self.shares(X[astray]).argmax(axis=1)
        return codes

    def shares(self, X):
        """Return each row's membership in each segment."""
        if self.centers is not None:
            distance = self.centers.segment_distances(X)
            return shares_of_distances(distance, self.squared_scale)
        shares = self.clusterer.predict_proba(X)[:, self.raw_labels]
        total = shares.sum(axis=1, keepdims=True)
        even = np.full_like(shares, 1 / shares.shape[1])
        return np.divide(shares, total, out=even, where=total > 0)


def learn_own_rule(clusterer, X, codes, raw_labels, sample_weight, means):
    """Return the rule of a clusterer with a `predict`."""
    if hasattr(clusterer, "predict_proba"):
        return OwnRule(clusterer, raw_labels, None, 1.0)
    points, point_codes = _centers(clusterer, raw_labels, means)
    clustered = codes >= 0
    weight = None if sample_weight is None else sample_weight[clustered]
    squared = np.empty(len(X))
    for code in range(len(raw_labels)):
        members = codes == code
        _, distance = pairwise_distances_argmin_min(
            X[members], points[point_codes == code]
        )
        squared[members] = distance**2
    scale = weighted_mean(squared[clustered], weight)
    labelled = LabelledRows(points, point_codes, {"metric": "euclidean"})
    return OwnRule(clusterer, raw_labels, labelled, scale)


def codes_of(labels, raw_labels):
    """Return the position of labels among sorted ones, -1 for others."""
    if not len(raw_labels):
        return np.full(len(labels), -1)
    position = np.searchsorted(raw_labels, labels).clip(max=len(raw_labels) - 1)
    return np.where(raw_labels[position] == labels, position, -1)


def weighted_mean(values, sample_weight):
    """Return a mean; weights that are all 0 count alike."""
    if sample_weight is None or not sample_weight.any():
        return float(np.mean(values))
    return float(np.average(values, weights=sample_weight))


def _centers(clusterer, raw_labels, means):
    """Return the points that the clusterer goes by, and the segment of each."""
    points = getattr(clusterer, "cluster_centers_", None)
    labels = np.arange(len(points)) if points is not None else None
    if hasattr(clusterer, "subcluster_labels_"):  # Birch: several points a segment
        points, labels = clusterer.subcluster_centers_, clusterer.subcluster_labels_
    if points is None or np.shape(points)[1:] != means.shape[1:]:
        return means, np.arange(len(means))
    codes = codes_of(labels, raw_labels)
    if not np.isin(np.arange(len(means)), codes).all():
        return means, np.arange(len(means))
    return points[codes >= 0], codes[codes >= 0]
