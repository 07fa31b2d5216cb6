"""Labels and probabilities as the metrics of decisions read them."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d

from segmentlearn._compat import check_pos_label_consistency


def read_binary(
    y_true: ArrayLike, proba: ArrayLike, pos_label: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows are positive, and the probability that each is."""
    y_true = read_labels(y_true)
    proba = _read_proba(proba)
    check_consistent_length(y_true, proba)
    labels = np.sort(pd.unique(y_true))
    if len(labels) > 2:
        raise ValueError(
            f"y_true holds {len(labels)} classes, {labels.tolist()!r}; this measure is "
            "for two. Pass y_true == segment and that segment's probability."
        )
    if proba.ndim == 1:
        return y_true == check_pos_label_consistency(pos_label, y_true), proba
    if proba.shape[1] != 2:
        raise ValueError(
            f"proba has {proba.shape[1]} columns; this measure is for two classes. "
            "Pass the probability of the positive class."
        )
    if len(labels) < 2:
        raise ValueError(
            f"y_true holds only {labels.tolist()!r}, so it is not known which class "
            "the columns of proba are for; pass pos_label and its probability alone."
        )
    if pos_label is None:
        pos_label = labels[1]
    if pos_label not in labels.tolist():
        raise ValueError(
            f"pos_label={pos_label!r} is not a class of y_true, {labels.tolist()!r}."
        )
    return y_true == pos_label, proba[:, int(pos_label == labels[1])]


def read_classes(
    y_true: ArrayLike, proba: ArrayLike, labels: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return encoded labels, a column of probabilities for each class, the classes."""
    y_true = read_labels(y_true)
    proba = _read_proba(proba)
    check_consistent_length(y_true, proba)
    if proba.ndim == 1:
        proba = np.column_stack([1.0 - proba, proba])
    classes = np.sort(pd.unique(y_true)) if labels is None else read_labels(labels)
    if len(classes) != proba.shape[1]:
        raise ValueError(
            f"proba has {proba.shape[1]} columns for {len(classes)} classes "
            f"({classes.tolist()!r}); pass labels=classifier.classes_."
        )
    return encode(y_true, classes, "y_true"), proba, classes


def read_labels(labels: ArrayLike) -> np.ndarray:
    """Return labels as an array of one dimension."""
    if isinstance(getattr(labels, "dtype", None), pd.api.extensions.ExtensionDtype):
        # text of pandas, its categories and nullable numbers
        labels = np.asarray(labels, dtype=object)
    labels = column_or_1d(labels)
    if labels.dtype.kind == "O":
        kind = pd.api.types.infer_dtype(labels, skipna=False)
        plain = {"integer": np.int64, "boolean": np.bool_, "floating": np.float64}
        labels = labels.astype(plain.get(kind, object))
    return labels


def encode(labels: np.ndarray, classes: np.ndarray, name: str) -> np.ndarray:
    """Return each label's position among the classes."""
    codes = pd.Index(classes).get_indexer(labels)
    if (codes < 0).any():
        unknown = pd.unique(labels[codes < 0]).tolist()
        raise ValueError(
            f"{name} holds {unknown!r}, which are not among the classes "
            f"{classes.tolist()!r}; pass all of them as labels."
        )
    return codes


def check_proba(proba: ArrayLike) -> np.ndarray:
    """Return probabilities as floats of one or two dimensions, none missing."""
    how: dict = {"ensure_2d": False, "dtype": np.float64, "input_name": "proba"}
    return check_array(proba, **how)


def _read_proba(proba: ArrayLike) -> np.ndarray:
    """Return probabilities; a single column of them as one dimension."""
    proba = check_proba(proba)
    return proba[:, 0] if proba.ndim == 2 and proba.shape[1] == 1 else proba
