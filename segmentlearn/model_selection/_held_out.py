"""A classifier evaluated on customers that took no part in its training."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix
from sklearn.utils import check_random_state

from segmentlearn.exceptions import SchemaError
from segmentlearn.neural_network import stratified_holdout

# one row to evaluate on, one to stop on, one to learn from
_FEWEST_ROWS_A_CLASS = 3
_MOST_CLASSES = 100


@dataclasses.dataclass(frozen=True)
class HeldOutResult:
    """A classifier and its predictions for held-out customers.

    Parameters
    ----------
    classifier : SegmentClassifier
        Fitted to the other customers.
    y_true, y_pred : ndarray of shape (n_held_out,)
        Segments of the held-out customers, known and predicted.
    held_out : ndarray of int of shape (n_held_out,)
        Their rows.
    y_train : ndarray of shape (n_train,)
        Segments of the customers that it was fitted to.
    """

    classifier: Any
    y_true: np.ndarray
    y_pred: np.ndarray
    held_out: np.ndarray
    y_train: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Labels that are known or predicted, sorted."""
        return np.unique(np.concatenate([self.y_true, self.y_pred]))

    @property
    def confusion(self) -> np.ndarray:
        """Counts of known (rows) and predicted (columns) labels."""
        return confusion_matrix(self.y_true, self.y_pred, labels=self.labels)

    @property
    def accuracy(self) -> float:
        """Share of the held-out customers whose segment was found."""
        return float(np.mean(self.y_true == self.y_pred))

    @property
    def baseline(self) -> float:
        """The same for naming every customer after the largest training segment."""
        labels, counts = np.unique(self.y_train, return_counts=True)
        return float(np.mean(self.y_true == labels[np.argmax(counts)]))

    def facts(self) -> dict[str, Any]:
        """Return what an archive says of these customers."""
        return {
            "held_out_accuracy": self.accuracy,
            "held_out_rows": len(self.y_true),
            "held_out_labels": [str(label) for label in self.labels],
            "held_out_confusion": self.confusion.tolist(),
        }


def fit_and_evaluate(
    classifier: Any, X: pd.DataFrame, y: np.ndarray, test_size: float, random_state: int
) -> HeldOutResult:
    """Fit to a stratified part of the rows and evaluate on the others."""
    classes, codes = np.unique(y, return_inverse=True)
    train, held_out = stratified_holdout(
        codes, test_size, check_random_state(random_state), classes
    )
    classifier.fit(X.iloc[train], y[train])
    predicted = classifier.predict(X.iloc[held_out])
    return HeldOutResult(classifier, y[held_out], predicted, held_out, y[train])


def check_labels(labels: np.ndarray, target: str) -> None:
    """Refuse labels that no classifier can be fitted to and evaluated on."""
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) == 1:
        raise SchemaError(
            f"column {target!r} holds one label only, {str(classes[0])!r}; there is "
            "nothing to classify."
        )
    if len(classes) > _MOST_CLASSES:
        raise SchemaError(
            f"column {target!r} holds {len(classes):,} different values, such as "
            f"{str(classes[0])!r}; segments are at most {_MOST_CLASSES}."
        )
    rare = [str(name) for name in classes[counts < _FEWEST_ROWS_A_CLASS]]
    if rare:
        raise SchemaError(
            f"column {target!r} holds label(s) with fewer than {_FEWEST_ROWS_A_CLASS} "
            f"rows: {', '.join(rare)}; merge them with others or leave their rows out."
        )
