"""Copies of an estimator, one for each split, and their average."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import indexable
from sklearn.utils.validation import has_fit_parameter

from segmentlearn._compat import safe_indexing
from segmentlearn.neural_network import Split


class AveragedClassifier(ClassifierMixin, BaseEstimator):
    """The average of fitted classifiers, each of which has seen other rows.

    Parameters
    ----------
    estimators : list of classifier
        Fitted.
    classes : ndarray of shape (n_classes,)
        All classes; an estimator gives those that it has not seen no probability.
    """

    def __init__(self, estimators: list, classes: np.ndarray) -> None:
        self.estimators = estimators
        self.classes = classes

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: Any, y: Any) -> Self:
        """Do nothing: the estimators are fitted."""
        return self

    @property
    def classes_(self) -> np.ndarray:
        """All classes."""
        return self.classes

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the mean of the estimators' probabilities."""
        found = [proba_of(each, X, self.classes) for each in self.estimators]
        return np.mean(found, axis=0)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each row."""
        return self.classes[self.predict_proba(X).argmax(axis=1)]


def cross_fit(
    name: str,
    estimator: Any,
    X: Any,
    y: np.ndarray,
    sample_weight: np.ndarray | None,
    splits: Sequence[Split],
    classes: np.ndarray,
) -> tuple[AveragedClassifier, np.ndarray]:
    """Fit a copy to each split; return their average and what each held out."""
    out_of_fold = np.full((len(y), len(classes)), np.nan)
    fitted = []
    (X,) = indexable(X)
    for split in splits:
        rows = split.train_rows
        own = {}
        if sample_weight is not None:
            own = {weight_parameter(name, estimator): sample_weight[rows]}
        copy = clone(estimator).fit(safe_indexing(X, rows), y[rows], **own)
        held_out = safe_indexing(X, split.validation_rows)
        out_of_fold[split.validation_rows] = proba_of(copy, held_out, classes)
        fitted.append(copy)
    return AveragedClassifier(fitted, classes), out_of_fold


def weight_parameter(name: str, estimator: Any) -> str:
    """Return the parameter by which an estimator's fit takes weights."""
    last, prefix = estimator, ""
    while isinstance(last, Pipeline):
        prefix += f"{last.steps[-1][0]}__"
        last = last.steps[-1][1]
    if not has_fit_parameter(last, "sample_weight"):
        raise ValueError(
            f"estimator {name!r} ({type(last).__name__}) takes no sample_weight; leave "
            "it out of a blend with sample_weight or class_weight."
        )
    return f"{prefix}sample_weight"


def proba_of(estimator: Any, X: Any, classes: np.ndarray) -> np.ndarray:
    """Return an estimator's probabilities of all classes, in their order."""
    found = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    if len(estimator.classes_) == len(classes):
        return found
    probabilities = np.zeros((len(found), len(classes)))
    probabilities[:, np.searchsorted(classes, estimator.classes_)] = found
    return probabilities
