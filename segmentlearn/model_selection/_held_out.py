"""A classifier evaluated on customers that took no part in its training."""

import dataclasses
import functools
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix
from sklearn.utils import check_random_state

from segmentlearn.exceptions import SchemaError
from segmentlearn.metrics import ResponseSummary, responder_label, response_summary
from segmentlearn.neural_network import (
    grouped_folds,
    latest_holdout,
    stratified_holdout,
)

# one row to evaluate on, one to stop on, one to learn from
_FEWEST_ROWS_A_CLASS = 3
_MOST_CLASSES = 100
_CARD_SHARES = (0.05, 0.1, 0.2)  # of the customers, whose gain a card shows


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
    proba : ndarray of shape (n_held_out, n_classes) or None, default=None
        Probabilities of the held-out customers.
    pos_label : object, default=None
        The class of the responders; None chooses one of two.
    """

    classifier: Any
    y_true: np.ndarray
    y_pred: np.ndarray
    held_out: np.ndarray
    y_train: np.ndarray
    train_rows: np.ndarray
    proba: np.ndarray | None = None
    pos_label: Any = None

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

    @functools.cached_property
    def response(self) -> ResponseSummary | None:
        """How well responders are found; None for more classes than two."""
        classes, pos_label = self.classifier.classes_.tolist(), self.pos_label
        if self.proba is None or (pos_label is None and len(classes) != 2):
            return None
        if pos_label is None:
            counts = [int(np.sum(self.y_train == label)) for label in classes]
            pos_label = responder_label(classes, counts)
        positive = self.y_true == pos_label
        scores = self.proba[:, classes.index(pos_label)]
        found = response_summary(positive, scores, pos_label=True)
        return dataclasses.replace(found, pos_label=pos_label)

    def facts(self, *, refit: bool) -> dict[str, Any]:
        """Return what an archive says of these customers."""
        response = {}
        if self.response is not None:
            kept = dataclasses.replace(self.response, of_other_fit=refit)
            response["response"] = kept.to_dict()
        return {
            **response,
            "held_out_accuracy": self.accuracy,
            "held_out_rows": len(self.y_true),
            "held_out_labels": [str(label) for label in self.labels],
            "held_out_confusion": self.confusion.tolist(),
        }

    def card(self, target: str, *, refit: bool, **amounts: float) -> dict[str, Any]:
        """Return the figures of these customers for the card of an archive.

        Amounts are cost and value of a contact, for the profit from responders.
        """
        n_rows = len(self.y_true)
        text = f"{n_rows:,} customers that were held out."
        if refit:
            text += " The model was fitted again to all rows after that."
        figures = {"held-out rows": n_rows, "held-out accuracy": self.accuracy}
        if self.response is None:
            figures["held-out accuracy of naming the largest segment"] = self.baseline
        else:
            name = f"{target} = {self.response.pos_label}"
            figures |= _response_figures(self.response, name, **amounts)
        return {"metrics": figures, "evaluation_data": text}


def fit_and_evaluate(
    classifier: Any,
    X: pd.DataFrame,
    y: np.ndarray,
    test_size: float,
    random_state: int,
    times: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    pos_label: Any = None,
) -> HeldOutResult:
    """Fit to a part of the rows and evaluate on the others.

    These are the latest ones or whole groups where there are times or groups, and a
    stratified part otherwise. `pos_label` is the class of the responders.
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
    proba = np.asarray(classifier.predict_proba(X.iloc[held_out]))
    predicted = classifier.classes_[proba.argmax(axis=1)]
    return HeldOutResult(
        classifier,
        *(y[held_out], predicted, held_out, y[train], np.asarray(train)),
        *(proba, pos_label),
    )


def _response_figures(
    found: ResponseSummary,
    name: str,
    cost_per_contact: float | None = None,
    value_per_response: float | None = None,
) -> dict[str, float]:
    """Return how well responders are found, for a card: what is known of it."""
    gains = found.gain_table(
        shares=_CARD_SHARES,
        cost_per_contact=cost_per_contact,
        value_per_response=value_per_response,
    )
    figures = {
        f"held-out rate of {name}": found.rate,
        f"held-out AUC of {name}": found.roc_auc,
        f"held-out average precision of {name}": found.average_precision,
    }
    given = (
        (cost_per_contact or 0, "a contact"),
        (value_per_response or 0, "a response"),
    )
    amounts = ", ".join(f"{amount:g} {what}" for amount, what in given)
    for row in gains.itertuples():
        who = f"the {row.contacted:.0%} most probable"
        figures[f"lowest probability of {who}"] = row.threshold
        figures[f"held-out share of all {name} among {who}"] = row.gain
        if "profit" in gains:
            figures[f"held-out profit from {who} ({amounts})"] = row.profit
    if cost_per_contact is not None and value_per_response is not None:
        even = found.break_even(
            cost_per_contact=cost_per_contact, value_per_response=value_per_response
        )
        figures[f"probability from which a contact pays ({amounts})"] = even.threshold
        figures[f"held-out profit from this probability on ({amounts})"] = even.profit
    return {words: float(x) for words, x in figures.items() if np.isfinite(x)}


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
