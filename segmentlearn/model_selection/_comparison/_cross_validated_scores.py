"""Scores of classifiers on held-out rows, and differences between them."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from segmentlearn._compat import safe_indexing
from segmentlearn._steps import begin_step
from segmentlearn.model_selection._clusters._clustering_task import one_thread

# name -> whether more is better
MEASURES = {
    "log_loss": False,
    "accuracy": True,
    "macro_f1": True,
    "roc_auc": True,
    "brier": False,
}
# in words, where they differ from the name
MEASURE_NAMES = {"log_loss": "log-loss", "macro_f1": "macro F1", "roc_auc": "ROC AUC"}


def fit_and_predict(
    model: Any,
    X: Any,
    y: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    classes: np.ndarray,
    measured: str,
    scorer: Callable | None = None,
    step: str = "",
) -> tuple[np.ndarray, dict[str, float]]:
    """Fit a copy of a model to some rows, and predict others.

    Returns the labels and all measures, that of the caller's own scorer among them, and
    the seconds of the fit.
    """
    begin_step(step)
    # where other work takes cores, threads of small boosted trees wait for each other
    with one_thread(len(train)):
        started = time.perf_counter()
        fitted = clone(model).fit(safe_indexing(X, train), y[train])
        seconds = time.perf_counter() - started
        X_test = safe_indexing(X, test)
        score = float(scorer(fitted, X_test, y[test])) if scorer else float("nan")
        proba = _probabilities(fitted, X_test, classes)
        labels = fitted.predict(X_test)
    values = measure(labels, proba, y[test], classes)
    values.setdefault(measured, score)
    return labels, {**values, "fit_seconds": seconds}


def _probabilities(fitted: Any, X: Any, classes: np.ndarray) -> np.ndarray | None:
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


def measure(
    labels: np.ndarray, proba: np.ndarray | None, y: np.ndarray, classes: np.ndarray
) -> dict[str, float]:
    """Return all measures of one fold; NaN where one is not defined."""
    values = dict.fromkeys(MEASURES, float("nan"))
    values["accuracy"] = float(accuracy_score(y, labels))
    values["macro_f1"] = float(
        f1_score(y, labels, labels=classes, average="macro", zero_division=0)
    )
    if proba is None:
        return values
    values["log_loss"] = float(log_loss(y, proba, labels=classes))
    values["brier"] = float(((proba - (y[:, None] == classes)) ** 2).sum(axis=1).mean())
    if len(np.unique(y)) == len(classes):
        scores = proba[:, 1] if len(classes) == 2 else proba
        area = roc_auc_score(y, scores, multi_class="ovo", labels=classes)
        values["roc_auc"] = float(area)
    return values


def paired_difference(
    differences: ArrayLike, test_shares: list[float], confidence_level: float
) -> tuple[float, float, float, float]:
    """Return the mean of differences over folds, its interval and two-sided p-value.

    Training tables of folds overlap, so folds are not independent: the plain t-test
    finds differences where there are none. Its variance is corrected by the ratio of
    test rows to training rows [1]_.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
       Learning 52 (2003).
    """
    differences = np.asarray(differences, dtype=np.float64)
    n_splits, mean = len(differences), float(differences.mean())
    if n_splits < 2 or not np.isfinite(mean):
        return mean, np.nan, np.nan, np.nan
    factor = 1.0 / n_splits + float(np.mean(test_shares))
    error = float(np.sqrt(factor * differences.var(ddof=1)))
    if error == 0.0:
        return mean, mean, mean, 1.0 if mean == 0.0 else 0.0
    distribution = stats.t(n_splits - 1)
    half_width = float(distribution.ppf(0.5 + confidence_level / 2)) * error
    p_value = float(2 * distribution.sf(abs(mean) / error))
    return mean, mean - half_width, mean + half_width, p_value
