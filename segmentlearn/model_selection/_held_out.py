"""A classifier evaluated on customers that took no part in its training."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix
from sklearn.utils import check_random_state

from segmentlearn.exceptions import SchemaError
from segmentlearn.neural_network import (
    grouped_folds,
    latest_holdout,
    stratified_holdout,
)

# one row to evaluate on, one to stop on, one to learn from
_FEWEST_ROWS_A_CLASS = 3
_MOST_CLASSES = 100


@dataclasses.dataclass(frozen=True)
class HeldOutResult:
    """A classifier and its predictions for held-out customers.

    Parameters
    ----------
    classifier : SegmentClassifier, BoostedTreesClassifier or BlendedClassifier
        Fitted to the other customers.
    y_true, y_pred : ndarray of shape (n_held_out,)
        Segments of the held-out customers, known and predicted.
    held_out : ndarray of int of shape (n_held_out,)
        Their rows.
    y_train : ndarray of shape (n_train,)
        Segments of the customers that it was fitted to.
    train_rows : ndarray of int of shape (n_train,)
        Their rows.
    """

    classifier: Any
    y_true: np.ndarray
    y_pred: np.ndarray
    held_out: np.ndarray
    y_train: np.ndarray
    train_rows: np.ndarray

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

    def card(self, *, refit: bool) -> dict[str, Any]:
        """Return the figures of these customers for the card of an archive."""
        n_rows = len(self.y_true)
        text = f"{n_rows:,} customers that were held out."
        if refit:
            text += " The model was fitted again to all rows after that."
        return {
            "metrics": {
                "held-out rows": n_rows,
                "held-out accuracy": self.accuracy,
                "held-out accuracy of naming the largest segment": self.baseline,
            },
            "evaluation_data": text,
        }


def fit_and_evaluate(
    classifier: Any,
    X: pd.DataFrame,
    y: np.ndarray,
    test_size: float,
    random_state: int,
    times: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> HeldOutResult:
    """Fit to a part of the rows and evaluate on the others.

    These are the latest ones or whole groups where there are times or groups, and a
    stratified part otherwise.
    """
    classes, codes = np.unique(y, return_inverse=True)
    generator, own = check_random_state(random_state), {}
    if times is not None:
        train, held_out = latest_holdout(times, test_size)
    elif groups is not None:
        train, held_out = grouped_folds(codes, groups, 1 / test_size, generator)[0]
        own = {"groups": groups[train]}
    else:
        train, held_out = stratified_holdout(codes, test_size, generator, classes)
    classifier.fit(X.iloc[train], y[train], **own)
    predicted = classifier.predict(X.iloc[held_out])
    return HeldOutResult(
        classifier, y[held_out], predicted, held_out, y[train], np.asarray(train)
    )


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
