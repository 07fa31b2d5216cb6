"""From estimators and customers to the probabilities that a display draws."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from segmentlearn.metrics import read_binary, read_labels


def named(value: Any, name: str | None = None) -> dict:
    """Return several things by their names, a single one by its own."""
    if isinstance(value, Mapping):
        if not value:
            raise ValueError("there is nothing to draw: the dict is empty.")
        return dict(value)
    return {name: value}


def predicted(estimators: dict, X: Any, pos_label: Any = None) -> tuple[dict, Any]:
    """Return the probability of the positive class by each estimator."""
    probabilities = {}
    for name, estimator in estimators.items():
        check_is_fitted(estimator)
        classes = read_labels(estimator.classes_).tolist()
        if len(classes) != 2:
            raise ValueError(
                f"the estimator has {len(classes)} classes, {classes!r}, and the "
                "picture is for two; pass from_predictions y == segment and its "
                "probability."
            )
        pos_label = classes[1] if pos_label is None else pos_label
        if pos_label not in classes:
            raise ValueError(
                f"pos_label={pos_label!r} is not a class of the estimator, {classes!r}."
            )
        shown = type(estimator).__name__ if name is None else name
        probabilities[shown] = estimator.predict_proba(X)[:, classes.index(pos_label)]
    return probabilities, pos_label


def thinned(x: Any, *ys: np.ndarray, n_points: int = 1000) -> tuple[np.ndarray, ...]:
    """Return curves at few enough points to draw."""
    if len(x) <= n_points:
        return (x, *ys)
    at = np.unique(np.linspace(0, len(x) - 1, n_points).round().astype(int))
    return tuple(values[at] for values in (x, *ys))


def read_all(
    y_true: Any, proba: Any, pos_label: Any, name: str | None = None
) -> dict[str | None, tuple]:
    """Return responders and probabilities under each name."""
    return {
        one: read_binary(y_true, values, pos_label)
        for one, values in named(proba, name).items()
    }
