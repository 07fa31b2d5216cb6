"""How a graph assigns rows to found segments, with their memberships."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.cluster import (
    AffinityPropagation,
    Birch,
    KMeans,
    MeanShift,
    MiniBatchKMeans,
)
from sklearn.dummy import DummyClassifier
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from segmentlearn.cluster import (
    ClassifierAssignment,
    ConsensusClusterer,
    InductiveClusterer,
    LabelledRows,
    LatentClassMixture,
    NearestRowAssignment,
    NeighborsAssignment,
    PredictAssignment,
)
from segmentlearn.export._onnx._graph import Graph
from segmentlearn.export._onnx._mixtures import joint_of_gaussians, joint_of_latent
from segmentlearn.neural_network import SegmentClassifier

# that predict the nearest of their centres
_BY_CENTERS = (KMeans, MiniBatchKMeans, MeanShift, AffinityPropagation, Birch)
_AXIS = np.array([1])


class Assigned(NamedTuple):
    """Labels of rows, -1 for noise, and memberships of shape (rows, segments)."""

    labels: str
    memberships: str


Predict = Callable[[Graph, str, SegmentClassifier], str]


def segments(
    g: Graph, rows: str, clusterer: InductiveClusterer, predict: Predict
) -> Assigned:
    """Return the segments of rows of numbers; `predict` is for classifiers."""
    order = clusterer._order
    if not clusterer.n_clusters_:
        raise ValueError("the clusterer found no segment: all rows are noise.")
    rows = g.cast(rows, np.float64)
    assignment = clusterer._assignment
    kinds: dict[type, Callable[..., Assigned]] = {
        PredictAssignment: _by_predict,
        NearestRowAssignment: _by_nearest_row,
        NeighborsAssignment: _by_neighbors,
        ClassifierAssignment: _by_classifier,
    }
    found = kinds[type(assignment)](g, rows, assignment, predict)
    renumber = np.append(np.argsort(order), -1)  # the last one is for -1
    labels = g.op("Gather", renumber.astype(np.int64), found.labels)
    memberships = g.take(found.memberships, order, len(order))
    return Assigned(labels, memberships)


def _by_predict(
    g: Graph, rows: str, assignment: PredictAssignment, predict: Predict
) -> Assigned:
    clusterer, own_labels = assignment.clusterer, assignment.own_labels
    kind, proba = type(clusterer), None
    if kind in _BY_CENTERS:
        of_birch = kind is Birch
        name = "subcluster_centers_" if of_birch else "cluster_centers_"
        predicted = _nearest(g, _squares(g, rows, getattr(clusterer, name)))
        numbers = clusterer.subcluster_labels_ if of_birch else None
        if numbers is not None:
            predicted = g.op("Gather", np.asarray(numbers, np.int64), predicted)
    elif kind in (GaussianMixture, BayesianGaussianMixture, LatentClassMixture):
        is_latent = kind is LatentClassMixture
        joint = (joint_of_latent if is_latent else joint_of_gaussians)(
            g, rows, clusterer
        )
        predicted = _largest(g, joint)
        proba = g.op("Softmax", joint, axis=1)
    elif kind is ConsensusClusterer:
        predicted, proba = _consensus(g, rows, clusterer, predict)
    else:
        known = [*_BY_CENTERS, GaussianMixture, BayesianGaussianMixture]
        names = ", ".join(kind.__name__ for kind in known)
        raise TypeError(
            f"{kind.__name__} cannot be exported; clusterers with a prediction that "
            f"can are {names}, LatentClassMixture and ConsensusClusterer. Wrap others "
            "as InductiveClusterer(..., assign='neighbors')."
        )
    if assignment.centers is not None:
        labelled, scale = assignment.centers, assignment.squared_scale
        memberships = _memberships(g, rows, labelled, scale)
    else:
        assert proba is not None
        proba = g.op("Gather", proba, np.asarray(own_labels, np.int64), axis=1)
        total = g.op("ReduceSum", proba, _AXIS)
        is_some = g.op("Greater", total, np.float64(0))
        even = np.float64(1 / len(own_labels))
        memberships = g.op("Where", is_some, g.op("Div", proba, total), even)
    # a centre or component without a training row is not a segment
    places = np.full(int(own_labels.max()) + 2, -2, np.int64)
    places[own_labels] = np.arange(len(own_labels))
    places[-1] = -1
    last = np.int64(len(places) - 1)
    is_noise = g.op("Less", predicted, np.int64(0))
    is_known = g.op("Less", predicted, last)
    place = g.op("Where", is_known, predicted, last)
    labels = g.op("Gather", places, g.op("Where", is_noise, last, place))
    is_other = g.op("Or", g.op("Equal", labels, np.int64(-2)), g.op("Not", is_known))
    labels = g.op("Where", is_other, _largest(g, memberships), labels)
    return Assigned(labels, memberships)


def _by_nearest_row(
    g: Graph, rows: str, assignment: NearestRowAssignment, predict: Predict
) -> Assigned:
    labelled = _euclidean(assignment.labelled)
    squares = _squares(g, rows, labelled.rows)
    nearest = g.op("ArgMin", squares, axis=1)
    distance = _distances(g, rows, labelled.rows, nearest)
    labels = g.op("Gather", np.asarray(labelled.labels, np.int64), nearest)
    bounds = g.op("Gather", np.asarray(assignment.bounds, np.float64), labels)
    is_near = g.op("LessOrEqual", distance, bounds)
    labels = g.op("Where", is_near, labels, np.int64(-1))
    scale = assignment.squared_scale
    memberships = _memberships(g, rows, labelled, scale, squares)
    return Assigned(g.op("Squeeze", labels, _AXIS), memberships)


def _by_neighbors(
    g: Graph, rows: str, assignment: NeighborsAssignment, predict: Predict
) -> Assigned:
    labelled = _euclidean(assignment.labelled)
    size = np.array([min(assignment.n_neighbors, len(labelled.rows))])
    squares = _squares(g, rows, labelled.rows)
    _, places = g.op("TopK", squares, size, n_outputs=2, axis=1, largest=0)
    distance = _distances(g, rows, labelled.rows, places)
    nearest = g.op("ReduceMin", distance, _AXIS)
    is_apart = g.op("Greater", distance, np.float64(0))
    weight = g.op("Div", nearest, distance)
    weight = g.op("Where", is_apart, weight, np.float64(1))
    labels = g.op("Gather", np.asarray(labelled.labels, np.int64), places)
    segment = np.arange(int(labelled.labels.max()) + 1)
    last = np.array([2])
    is_own = g.op("Equal", g.op("Unsqueeze", labels, last), segment)
    shares = g.cast(is_own, np.float64)
    votes = g.op("Mul", shares, g.op("Unsqueeze", weight, last))
    votes = g.op("ReduceSum", votes, _AXIS, keepdims=0)
    memberships = g.op("Div", votes, g.op("ReduceSum", votes, _AXIS))
    return Assigned(_largest(g, memberships), memberships)


def _distances(g: Graph, rows: str, points: Any, places: str) -> str:
    """Return the distances of rows to some points each, exact for those at 0."""
    known = g.op("Gather", np.asarray(points, np.float64), places)
    difference = g.op("Sub", known, g.op("Unsqueeze", rows, _AXIS))
    squares = g.op("Mul", difference, difference)
    return g.op("Sqrt", g.op("ReduceSum", squares, np.array([2]), keepdims=0))


def _by_classifier(
    g: Graph, rows: str, assignment: ClassifierAssignment, predict: Predict
) -> Assigned:
    classifier = assignment.classifier
    classes = np.asarray(classifier.classes_, np.int64)
    if isinstance(classifier, DummyClassifier):  # of a single segment
        ones = g.op("ReduceSum", g.op("Mul", rows, np.float64(0)), _AXIS)
        proba = g.op("Add", ones, np.float64(1))
    elif isinstance(classifier, SegmentClassifier):
        proba = predict(g, rows, classifier)
    else:
        raise TypeError(
            f"{type(classifier).__name__}, which assigns rows to segments, cannot be "
            "exported; use assign='auto', 'neighbors' or a SegmentClassifier."
        )
    place = np.zeros((len(classes), assignment.n_segments))
    place[np.arange(len(classes)), classes] = 1.0
    return Assigned(
        g.op("Gather", classes, _largest(g, proba)), g.op("MatMul", proba, place)
    )


def _consensus(
    g: Graph, rows: str, clusterer: ConsensusClusterer, predict: Predict
) -> tuple[str, str]:
    """Return the segment with the largest mean membership, and the means."""
    width, total, noise = clusterer.n_features_in_, None, None
    views = zip(
        clusterer._views, clusterer.clusterers_, clusterer.matches_, strict=True
    )
    for view, fitted, match in views:
        found = segments(g, g.take(rows, view, width), fitted, predict)
        place = np.zeros((len(match), clusterer.n_clusters_))
        place[np.arange(len(match)), match] = 1.0
        own = g.op("MatMul", found.memberships, place)
        total = own if total is None else g.op("Add", total, own)
        is_noise = g.cast(g.op("Less", found.labels, np.int64(0)), np.int64)
        noise = is_noise if noise is None else g.op("Add", noise, is_noise)
    assert total is not None
    size = g.op("ReduceSum", total, _AXIS)
    proba = g.op("Div", total, g.op("Max", size, np.float64(1e-300)))
    votes = g.op("Mul", noise, np.int64(2))
    is_noise = g.op("Greater", votes, np.int64(len(clusterer._views)))
    return g.op("Where", is_noise, np.int64(-1), _largest(g, proba)), proba


def _memberships(
    g: Graph,
    rows: str,
    labelled: LabelledRows,
    squared_scale: float,
    squares: str | None = None,
) -> str:
    """Return memberships by Student's t kernel of the nearest row of each segment."""
    known, labels = np.asarray(_euclidean(labelled).rows), labelled.labels
    squares = squares or _squares(g, rows, known)
    nearest = []
    for label in range(int(labels.max()) + 1):
        own = g.op("Gather", squares, np.flatnonzero(labels == label), axis=1)
        nearest.append(g.op("ReduceMin", own, _AXIS))
    kernel = g.op("Add", g.concat(nearest), np.float64(squared_scale))
    least = g.op("ReduceMin", kernel, _AXIS)
    is_positive = g.op("Greater", kernel, np.float64(0))
    shares = g.op("Where", is_positive, g.op("Div", least, kernel), np.float64(1))
    return g.op("Div", shares, g.op("ReduceSum", shares, _AXIS))


def _euclidean(labelled: LabelledRows) -> LabelledRows:
    """Refuse distances that are not Euclidean."""
    metric, p = labelled.metric.get("metric"), labelled.metric.get("p", 2)
    is_euclidean = metric == "euclidean" or (metric == "minkowski" and p == 2)
    if not is_euclidean or labelled.metric.get("metric_params"):
        raise ValueError(
            "of distances between rows only Euclidean ones can be exported, not "
            f"metric={metric!r}."
        )
    return labelled


def _squares(g: Graph, rows: str, points: Any) -> str:
    """Return squared distances of rows to points."""
    points = np.asarray(points, np.float64)
    middle = points.mean(axis=0)  # numbers near 0 lose fewer digits
    rows, points = g.op("Sub", rows, middle), points - middle
    squares = g.op("ReduceSum", g.op("Mul", rows, rows), _AXIS)
    squares = g.op("Add", squares, (points**2).sum(axis=1))
    squares = g.op("Add", squares, g.op("MatMul", rows, -2.0 * points.T))
    return g.op("Max", squares, np.float64(0))


def _nearest(g: Graph, squares: str) -> str:
    return g.op("ArgMin", squares, axis=1, keepdims=0)


def _largest(g: Graph, values: str) -> str:
    return g.op("ArgMax", values, axis=1, keepdims=0)
