"""What is measured of a classifier on rows that it has not seen."""

import time
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from segmentlearn._compat import safe_indexing
from segmentlearn.model_selection._clusters._clustering_task import one_thread

# name -> whether more is better
MEASURES = {
    "log_loss": False,
    "accuracy": True,
    "macro_f1": True,
    "roc_auc": True,
    "brier": False,
}
# what a reader calls them, where that is not their name
MEASURE_NAMES = {"log_loss": "log-loss", "macro_f1": "macro F1", "roc_auc": "ROC AUC"}


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What a model says about the held-out rows of one fold.

    Parameters
    ----------
    labels : ndarray of shape (n_test,)
        What `predict` gave.
    probabilities : ndarray of shape (n_test, n_classes) or None
        Columns in the order of the table's classes, 0 for one that the fold lacked;
        None if the model gives no probabilities.
    seconds : float
        What the fit took.
    score : float
        What the caller's own scorer gave; NaN without one.
    """

    labels: np.ndarray
    probabilities: np.ndarray | None
    seconds: float
    score: float


def fit_and_predict(model, X, y, train, test, classes, scorer=None):
    """Fit a copy of a model to some rows, and ask it about others."""
    # where other work takes cores, threads of small boosted trees wait for each other
    with one_thread(len(train)):
        started = time.perf_counter()
        fitted = clone(model).fit(safe_indexing(X, train), y[train])
        seconds = time.perf_counter() - started
        X_test = safe_indexing(X, test)
        probabilities = _probabilities(fitted, X_test, classes)
        scored = scorer is not None
        score = float(scorer(fitted, X_test, y[test])) if scored else float("nan")
        return HeldOut(fitted.predict(X_test), probabilities, seconds, score)


def _probabilities(fitted, X, classes):
    """Return the probability of each of all classes; None of a model without any."""
    if not hasattr(fitted, "predict_proba"):
        return None
    found = np.asarray(fitted.predict_proba(X), dtype=np.float64)
    totals = found.sum(axis=1, keepdims=True)
    if np.allclose(totals, 1.0, rtol=0.0, atol=1e-5):
        found /= totals  # single precision does not sum to one in double
    probabilities = np.zeros((len(found), len(classes)))
    probabilities[:, np.searchsorted(classes, fitted.classes_)] = found
    return probabilities


def measure(held_out, y, classes):
    """Return all measures of one fold."""
    values = dict.fromkeys(MEASURES, float("nan"))
    values["accuracy"] = float(accuracy_score(y, held_out.labels))
    values["macro_f1"] = float(
        f1_score(y, held_out.labels, labels=classes, average="macro", zero_division=0)
    )
    found = held_out.probabilities
    if found is None:
        return values
    values["log_loss"] = float(log_loss(y, found, labels=classes))
    truth = y[:, None] == classes
    values["brier"] = float(((found - truth) ** 2).sum(axis=1).mean())
    if len(np.unique(y)) == len(classes):
        values["roc_auc"] = float(
            roc_auc_score(y, found[:, 1])
            if len(classes) == 2
            else roc_auc_score(y, found, multi_class="ovo", labels=classes)
        )
    return values
