"""What a classifier's nets learn from: features, class numbers, weights and splits."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentlearn.neural_network import _labels
from segmentlearn.neural_network._settings import Sizes, resolve_sizes
from segmentlearn.neural_network._split import Split, stratified_splits
from segmentlearn.neural_network._table import refuse_scan
from segmentlearn.tables import check_row_order, refuse_lazy

if TYPE_CHECKING:
    from segmentlearn.neural_network import SegmentClassifier


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """Prepared training rows of a classifier.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features)
    y_encoded : ndarray of int, shape (n_samples,)
    sample_weight : ndarray of shape (n_samples,) or None
        With the weights of the classes; None where every row weighs 1.
    validation_data : tuple or None
        Features, class numbers and weights of the user's own validation rows.
    """

    features: np.ndarray
    y_encoded: np.ndarray
    sample_weight: np.ndarray | None = None
    validation_data: tuple | None = None

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """Numbers of the rows whose weight is not zero."""
        return _labels.nonzero_rows(self.sample_weight, len(self.y_encoded))

    @property
    def weighted_features(self) -> np.ndarray:
        """Features of the rows whose weight is not zero."""
        return self.features if self.sample_weight is None else self.features[self.rows]


def encode_target(X: Any, y: Any, classes: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes, and each row's class number."""
    refuse_lazy(X)
    refuse_scan(X, "SegmentClassifier")
    check_row_order(X, y)
    labels = _labels.read_labels(y, "y")
    known = _labels.learn_classes(labels, classes)
    return known, _labels.encode_labels(X, labels, known)


def weigh_data(
    classifier: "SegmentClassifier",
    features: np.ndarray,
    y_encoded: np.ndarray,
    sample_weight: Any,
    X_val: Any = None,
    y_val: Any = None,
    is_whole: bool = True,
) -> TrainingData:
    """Join features, class numbers and weights, with the user's validation rows.

    A table that is not the whole one, but a batch of `partial_fit`, may have rows of
    one class only, and its weights are taken as they are.
    """
    classes = classifier.classes_
    weights, class_weights = _labels.weigh_rows(
        y_encoded, classes, classifier.class_weight, sample_weight, is_whole
    )
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val must be passed together.")
    validation_data = None
    if X_val is not None:
        check_row_order(X_val, y_val, "y_val")
        y_val_encoded = _labels.encode_labels(
            X_val, _labels.read_labels(y_val, "y_val"), classes, "_val"
        )
        validation_data = (
            classifier._read_table(X_val),
            y_val_encoded,
            class_weights[y_val_encoded],
        )
    return TrainingData(features, y_encoded, weights, validation_data)


def split_rows(
    classifier: "SegmentClassifier",
    data: TrainingData,
    random_state: np.random.RandomState,
    groups: Any = None,
    splits: Sequence[Split] | None = None,
) -> tuple[Sizes, Sequence[Split]]:
    """Return sizes for these rows, and those that each net learns from and stops on."""
    holds_out = classifier.early_stopping and data.validation_data is None
    draws = holds_out and splits is None
    sizes = resolve_sizes(classifier, data.y_encoded[data.rows], draws)
    if splits is not None:
        return sizes, splits
    if not holds_out:
        return sizes, [Split(data.rows, validation_data=data.validation_data)]
    return sizes, stratified_splits(
        data.y_encoded,
        data.rows,
        sizes.n_inner_folds,
        classifier.validation_fraction,
        random_state,
        classifier.classes_,
        _labels.read_groups(groups, len(data.y_encoded)),
    )
