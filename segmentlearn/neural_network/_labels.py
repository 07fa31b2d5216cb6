"""Labels as class numbers, and what each row weighs."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from segmentlearn._compat import check_sample_weight, num_samples
from segmentlearn.exceptions import SegmentLearnWarning

_MANY_CLASSES = 20  # fewer are not worth a warning, however few rows there are
# what pandas calls the labels of an object array -> the dtype that holds them
_PLAIN_DTYPES = {
    "integer": np.int64,
    "boolean": np.bool_,
    "floating": np.float64,
    "mixed-integer-float": np.float64,
    "string": object,
}


def read_labels(y: Any, name: str) -> np.ndarray:
    """Return labels as an array of text, whole numbers or truth values."""
    if y is None:
        raise ValueError(
            f"SegmentClassifier requires {name} to be passed, but the target {name} is "
            "None."
        )
    if isinstance(getattr(y, "dtype", None), pd.api.extensions.ExtensionDtype):
        y = np.asarray(y, dtype=object)  # nullable integers would become floats
    shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
    if len(shape) == 2 and shape[1] > 1:
        raise ValueError(
            f"{name} has shape {shape} and must hold one label a row; for one-hot rows "
            f"pass numpy.argmax({name}, axis=1)."
        )
    labels = column_or_1d(y, warn=True)
    if not len(labels):
        raise ValueError(f"{name} is empty: there are no rows.")
    if labels.dtype.kind in "fOmM":
        n_missing = int(np.sum(pd.isna(labels)))
        if n_missing:
            raise ValueError(
                f"{name} has {n_missing} missing label(s) (NaN or None); leave the "
                "customers without a segment out."
            )
    if labels.dtype.kind == "O":
        labels = _as_plain(labels, name)
    if labels.dtype.kind not in "biuUO":  # measured numbers are refused
        check_classification_targets(labels)
    if labels.dtype.kind == "f":
        return labels.astype(np.float64)
    return labels.astype(labels.dtype.newbyteorder("="), copy=False)


def learn_classes(labels: np.ndarray, classes: Any = None) -> np.ndarray:
    """Return the sorted classes of a training table."""
    found = labels if classes is None else read_labels(classes, "classes")
    found = np.sort(pd.unique(found))
    if len(found) < 2:
        name = "y" if classes is None else "classes"
        raise ValueError(
            f"{name} holds one class only ({found.tolist()!r}); a classifier needs "
            "rows of at least 2 classes."
        )
    if classes is None and len(found) > max(_MANY_CLASSES, len(labels) // 2):
        warnings.warn(
            f"y has {len(found)} classes in {len(labels)} rows, more than one for two "
            "rows: is it an identifier or a measured number instead of a segment?",
            SegmentLearnWarning,
            stacklevel=4,
        )
    return found


def check_same_classes(classes: Any, known: np.ndarray) -> None:
    """Check the classes that a later call of `partial_fit` names again."""
    if classes is None:
        return
    given = np.unique(read_labels(classes, "classes")).tolist()
    if given != known.tolist():
        raise ValueError(
            f"classes={given!r} are not those of the first call, {known.tolist()!r}."
        )


def encode_labels(
    X: Any, labels: np.ndarray, classes: np.ndarray, suffix: str = ""
) -> np.ndarray:
    """Return each row's class number."""
    if num_samples(X) != len(labels):
        raise ValueError(
            f"X{suffix} and y{suffix} have different lengths: {num_samples(X)} and "
            f"{len(labels)} rows, an inconsistent number of samples."
        )
    y_encoded = pd.Index(_as_numbers(classes, labels)).get_indexer(
        _as_numbers(labels, classes)
    )
    unknown = y_encoded < 0
    if unknown.any():
        raise ValueError(
            f"y{suffix} holds classes {np.unique(labels[unknown]).tolist()!r} that are "
            f"not among the known ones, {classes.tolist()!r}."
        )
    return y_encoded.astype(np.int32)


def weigh_classes(
    y_encoded: np.ndarray,
    classes: np.ndarray,
    class_weight: Any,
    sample_weight: np.ndarray | None = None,
) -> np.ndarray:
    """Return one factor a class."""
    totals = np.bincount(y_encoded, sample_weight, len(classes)).astype(np.float64)
    return factors_of_classes(totals, classes, class_weight)


def factors_of_classes(
    totals: np.ndarray, classes: np.ndarray, class_weight: Any
) -> np.ndarray:
    """Return one factor a class, from what the rows of each weigh together."""
    factors = np.ones(len(classes))
    if class_weight is None:
        return factors
    if isinstance(class_weight, str):
        present = totals > 0
        factors[present] = totals.sum() / (present.sum() * totals[present])
        return factors
    labels = classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    if unknown and any(label not in class_weight for label in labels):
        raise ValueError(
            f"class_weight has entries for {unknown!r}, which are not classes of y; "
            f"its keys must be among {labels!r}."
        )
    for position, label in enumerate(labels):
        factors[position] = class_weight.get(label, 1.0)
        if not 0 <= factors[position] < np.inf:
            raise ValueError(
                f"class_weight={class_weight!r}: the weight of class {label!r} must be "
                "a finite number of 0 or more."
            )
    return factors


def weigh_rows(
    y_encoded: np.ndarray,
    classes: np.ndarray,
    class_weight: Any,
    sample_weight: Any,
    whole: bool = True,
) -> tuple[np.ndarray | None, np.ndarray]:
    """Return one weight a row; None where every row weighs 1."""
    if sample_weight is not None:
        sample_weight = check_sample_weight(
            sample_weight, y_encoded, dtype=np.float64, ensure_non_negative=True
        )
    factors = weigh_classes(y_encoded, classes, class_weight, sample_weight)
    if sample_weight is None and class_weight is None:
        return None, factors
    weights = (1.0 if sample_weight is None else sample_weight) * factors[y_encoded]
    rows = np.flatnonzero(weights)
    if not len(rows):
        raise ValueError(
            "sample_weight or class_weight is zero for every row; nothing to learn."
        )
    if whole:
        present = classes[np.unique(y_encoded[rows])].tolist()
        if len(present) < 2:
            raise ValueError(
                f"only class {present[0]!r} has rows whose weight is not zero; a "
                "classifier needs rows of at least 2 classes."
            )
        weights = weights / weights[rows].mean()
    return weights, factors


def nonzero_rows(weights: np.ndarray | None, n_rows: int) -> np.ndarray:
    """Return the numbers of the rows whose weight is not zero."""
    return np.arange(n_rows) if weights is None else np.flatnonzero(weights)


def _as_numbers(labels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Let truth values be the numbers that they equal, where others are numbers."""
    is_mixed = labels.dtype.kind == "b" and others.dtype.kind in "iuf"
    return labels.astype(np.int8) if is_mixed else labels


def _as_plain(labels: np.ndarray, name: str) -> np.ndarray:
    """Return objects as text, numbers or truth values, whichever all of them are."""
    kind = pd.api.types.infer_dtype(labels, skipna=False)
    if kind in _PLAIN_DTYPES:
        return labels.astype(_PLAIN_DTYPES[kind])
    kinds = sorted({type(label).__name__ for label in labels})
    raise ValueError(
        f"{name} holds labels of type {' and '.join(kinds)}; they must all be text or "
        f"all be numbers, such as pandas.Series({name}).astype(str)."
    )


def read_groups(groups: Any, n_rows: int) -> np.ndarray | None:
    """Return group numbers, one for each row; None without groups."""
    if groups is None:
        return None
    codes, _ = pd.factorize(column_or_1d(groups), use_na_sentinel=False)
    if len(codes) != n_rows:
        raise ValueError(f"groups has {len(codes)} values for {n_rows} rows.")
    return codes
