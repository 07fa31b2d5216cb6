"""Labels as class numbers, and what each row weighs."""

import numpy as np
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from segmentlearn._compat import check_sample_weight


def learn_classes(y, classes=None):
    """Check the labels of a training table and return the sorted classes.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels, text or numbers.
    classes : array-like, default=None
        All classes there are, where `y` need not hold them all.

    Returns
    -------
    classes : ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
        If labels are missing or continuous, or there is one class only.
    """
    if y is None:
        raise ValueError(
            "SegmentClassifier requires y to be passed, but the target y is None."
        )
    y = column_or_1d(y, warn=True)
    missing = _is_missing(y)
    if missing.any():
        raise ValueError(
            f"y has {missing.sum()} missing label(s) (NaN or None); drop the customers "
            "without a segment before fit."
        )
    check_classification_targets(y)
    found = np.unique(y if classes is None else classes)
    if len(found) < 2:
        raise ValueError(
            f"y holds one class only ({list(found)!r}); a classifier needs rows of at "
            "least 2 classes."
        )
    return found


def encode_labels(y, classes, name):
    """Return each row's class number.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
    classes : ndarray of shape (n_classes,)
        Sorted.
    name : str
        What the error calls `y`.

    Returns
    -------
    codes : ndarray of int32, shape (n_samples,)

    Raises
    ------
    ValueError
        If a label is not among the classes.
    """
    y = column_or_1d(y, warn=True)
    unknown = ~np.isin(y, classes)
    if unknown.any():
        raise ValueError(
            f"{name} holds classes {np.unique(y[unknown]).tolist()!r} that are not "
            f"among the known ones, {classes.tolist()!r}."
        )
    return np.searchsorted(classes, y).astype(np.int32)


def weigh_rows(codes, classes, class_weight, sample_weight):
    """Return one weight a row; None where every row weighs 1.

    Parameters
    ----------
    codes : ndarray of int, shape (n_samples,)
        Class number of each row.
    classes : ndarray of shape (n_classes,)
    class_weight : dict, "balanced" or None
        As in scikit-learn.
    sample_weight : array-like of shape (n_samples,) or None

    Returns
    -------
    weights : ndarray of float64, shape (n_samples,), or None

    Raises
    ------
    ValueError
        If a weight is negative, or all are zero.
    """
    if sample_weight is None and class_weight is None:
        return None
    weights = check_sample_weight(
        sample_weight, codes, dtype=np.float64, ensure_non_negative=True
    )
    if class_weight is not None:
        present = np.unique(codes)
        factors = np.ones(len(classes))
        factors[present] = compute_class_weight(
            class_weight, classes=classes[present], y=classes[codes]
        )
        weights = weights * factors[codes]
    if not weights.any():
        raise ValueError("sample_weight is zero for every row; nothing to learn.")
    return weights


def _is_missing(y):
    """Return where labels are NaN, None or pd.NA."""
    if y.dtype.kind == "f":
        return np.isnan(y)
    if y.dtype.kind == "O":
        return np.array([_is_nothing(label) for label in y], dtype=bool)
    return np.zeros(len(y), dtype=bool)


def _is_nothing(label):
    """Whether one label is missing; pd.NA is neither equal nor unequal to itself."""
    try:
        return label is None or bool(label != label)
    except TypeError:
        return True
