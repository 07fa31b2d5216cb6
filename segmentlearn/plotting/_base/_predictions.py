"""Probabilities of the positive class, from classifiers or as they are passed."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from segmentlearn.metrics import read_binary, read_labels
from segmentlearn.plotting._base._canvas import Axes, Display, require_pyplot

_MOST_POINTS = 1_000  # of a curve; more make a picture large, and not finer


def named(value: Any, name: str | None = None) -> dict:
    """Return several things by their names, a single one by its own."""
    if isinstance(value, Mapping):
        if not value:
            raise ValueError("there is nothing to draw: the dict is empty.")
        return dict(value)
    return {name: value}


class PredictionsDisplay(Display):
    """Base of displays of the probability of a class of two."""

    from_predictions: Any
    _shows_all_classes = False  # of more than two each against the rest

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        pos_label: Any = None,
        ax: Axes = None,
        **how: Any,
    ) -> Self:
        """Draw the curve of a fitted classifier, or of several to compare.

        Parameters
        ----------
        estimator : classifier or dict of str to classifier
            Fitted, with two classes; for a calibration a single one may have more.
        X : frame or array of shape (n_samples, n_features)
            Customers that it was not fitted to.
        y : array-like of shape (n_samples,)
            Their labels.
        pos_label : int, float, bool or str, default=None
            The class of the responders of two; None is the second of `classes_`.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `from_predictions`, such as `benefit` and `cost` of a profit.

        Returns
        -------
        display : display instance
        """
        require_pyplot()  # before the work
        how, labels = {"ax": ax, **how}, getattr(estimator, "classes_", ())
        if cls._shows_all_classes and len(labels) > 2:
            proba = estimator.predict_proba(X)
            return cls.from_predictions(y, proba, labels=labels, **how)
        proba, pos_label = predicted(estimator, X, pos_label)
        return cls.from_predictions(y, proba, pos_label=pos_label, **how)


def predicted(estimator: Any, X: Any, pos_label: Any = None) -> tuple[dict, Any]:
    """Return the probability of the positive class by each estimator."""
    probabilities = {}
    for name, classifier in named(estimator).items():
        check_is_fitted(classifier)
        classes = read_labels(classifier.classes_).tolist()
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
        shown = type(classifier).__name__ if name is None else name
        probabilities[shown] = classifier.predict_proba(X)[:, classes.index(pos_label)]
    return probabilities, pos_label


def thinned(x: Any, *ys: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return curves at few enough points to draw."""
    if len(x) <= _MOST_POINTS:
        return (x, *ys)
    at = np.unique(np.linspace(0, len(x) - 1, _MOST_POINTS).round().astype(int))
    return tuple(values[at] for values in (x, *ys))


def read_all(
    y_true: Any, proba: Any, pos_label: Any, name: str | None = None
) -> dict[str | None, tuple]:
    """Return responders and probabilities under each name."""
    return {
        key: read_binary(y_true, values, pos_label)
        for key, values in named(proba, name).items()
    }
