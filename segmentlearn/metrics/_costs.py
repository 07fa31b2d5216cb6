"""What decisions cost: scores by a cost matrix, and the decisions that cost least."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.metrics import make_scorer
from sklearn.utils.validation import check_array, check_consistent_length

from segmentlearn._compat import check_sample_weight
from segmentlearn._parameters import validate_parameters
from segmentlearn.metrics._probabilities import encode, read_labels


def read_matrix(matrix: Mapping | ArrayLike, labels: np.ndarray) -> np.ndarray:
    """Return a cost or profit matrix as an array in the order of the classes."""
    name, classes = "cost_matrix", labels.tolist()
    if not isinstance(matrix, Mapping):
        values = check_array(matrix, dtype=np.float64, input_name=name)
        if values.shape != (len(classes), len(classes)):
            raise ValueError(
                f"{name} has shape {values.shape}, but there are {len(classes)} "
                f"classes, {classes!r}; pass a row and a column for each, and "
                "all of them as labels where the data do not hold them all."
            )
        return values
    values = np.zeros((len(classes), len(classes)))
    for pair, value in matrix.items():
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise ValueError(
                f"{name} has the key {pair!r}; keys are pairs (true class, decision), "
                f"such as {(classes[-1], classes[0])!r}."
            )
        if not (isinstance(value, Real) and np.isfinite(float(value))):
            raise ValueError(f"{name}[{pair!r}] is {value!r}, not a finite number.")
        for label in pair:
            if label not in classes:
                raise ValueError(
                    f"{name} has the key {pair!r}, but {label!r} is not among the "
                    f"classes {classes!r}; pass all of them as labels."
                )
        values[classes.index(pair[0]), classes.index(pair[1])] = value
    return values


@validate_parameters()
def cost_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    cost_matrix: dict | ArrayLike,
    *,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    normalize: bool = True,
) -> float:
    """Return what decisions cost, by a cost matrix.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes.
    y_pred : array-like of shape (n_samples,)
        Decisions: the classes that customers were taken to be of.
    cost_matrix : dict or array-like of shape (n_classes, n_classes)
        Cost of each decision. A dict has pairs (true class, decision) as keys, and what
        is left out costs 0. An array has true classes in its rows and decisions in its
        columns, both in the order of `labels`. A negative cost is a gain.
    labels : array-like of shape (n_classes,), default=None
        The classes. None takes those of `y_true`, `y_pred` and the keys of a dict,
        sorted.
    sample_weight : array-like of shape (n_samples,), default=None
        How many customers each row stands for.
    normalize : bool, default=True
        Whether to divide by the number of customers.

    Returns
    -------
    cost : float
        Mean cost of a customer, or the sum; lower is better.

    Raises
    ------
    ValueError
        If the matrix does not fit the classes.

    See Also
    --------
    make_cost_scorer : The same for scikit-learn's searches.
    minimum_cost_labels : The decisions of lowest expected cost.

    Examples
    --------
    A subscriber who is not called costs 8, a call without success 1:

    >>> from segmentlearn.metrics import cost_score
    >>> costs = {("yes", "no"): 8.0, ("no", "yes"): 1.0}
    >>> cost_score(["yes", "yes", "no", "no"], ["yes", "no", "yes", "no"], costs)
    2.25
    """
    y_true, y_pred = read_labels(y_true), read_labels(y_pred)
    check_consistent_length(y_true, y_pred, sample_weight)
    classes = _classes_of(y_true, y_pred, cost_matrix, labels)
    values = read_matrix(cost_matrix, classes)
    costs = values[encode(y_true, classes, "y_true"), encode(y_pred, classes, "y_pred")]
    weights = check_sample_weight(sample_weight, costs, dtype=np.float64)
    total = float(costs @ weights)
    return total / float(weights.sum()) if normalize else total


@validate_parameters()
def profit_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    profit_matrix: dict | ArrayLike,
    *,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    normalize: bool = True,
) -> float:
    """Return what decisions earn, by a profit matrix.

    It is :func:`cost_score` with the sign of profit: higher is better, so that
    ``make_scorer(profit_score, profit_matrix=...)`` is a scorer.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes.
    y_pred : array-like of shape (n_samples,)
        Decisions.
    profit_matrix : dict or array-like of shape (n_classes, n_classes)
        Profit of each decision, as `cost_matrix` of :func:`cost_score`.
    labels : array-like of shape (n_classes,), default=None
        The classes.
    sample_weight : array-like of shape (n_samples,), default=None
        How many customers each row stands for.
    normalize : bool, default=True
        Whether to divide by the number of customers.

    Returns
    -------
    profit : float
        Mean profit of a customer, or the sum.

    Raises
    ------
    ValueError
        If the matrix does not fit the classes.

    Examples
    --------
    A call costs 1, and a subscriber who is called brings 9:

    >>> from segmentlearn.metrics import profit_score
    >>> profits = {("yes", "yes"): 8.0, ("no", "yes"): -1.0}
    >>> profit_score(["yes", "no"], ["yes", "yes"], profits, normalize=False)
    7.0
    """
    how: dict = {"sample_weight": sample_weight, "normalize": normalize}
    return cost_score(y_true, y_pred, profit_matrix, labels=labels, **how)


@validate_parameters()
def make_cost_scorer(
    cost_matrix: dict | ArrayLike, *, labels: ArrayLike | None = None
) -> Callable:
    """Return a scorer that prefers decisions of low cost.

    Parameters
    ----------
    cost_matrix : dict or array-like of shape (n_classes, n_classes)
        As :func:`cost_score` takes it.
    labels : array-like of shape (n_classes,), default=None
        The classes, where a fold may lack one of them.

    Returns
    -------
    scorer : callable
        For `scoring` of scikit-learn's TunedThresholdClassifierCV, searches and cross
        validation: minus the mean cost of a customer.

    See Also
    --------
    profit_score : With ``make_scorer(profit_score, profit_matrix=...)`` a scorer too.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import TunedThresholdClassifierCV
    >>> from segmentlearn.metrics import make_cost_scorer
    >>> X, y = make_classification(300, weights=[0.9], random_state=0)
    >>> tuned = TunedThresholdClassifierCV(
    ...     LogisticRegression(), scoring=make_cost_scorer({(1, 0): 8, (0, 1): 1})
    ... ).fit(X, y)
    >>> bool(tuned.best_threshold_ < 0.5)
    True
    """
    how: dict = {"cost_matrix": cost_matrix, "labels": labels}
    return make_scorer(cost_score, greater_is_better=False, **how)


@validate_parameters()
def minimum_cost_labels(
    proba: ArrayLike, cost_matrix: dict | ArrayLike, classes: ArrayLike
) -> np.ndarray:
    """Return the decision of lowest expected cost for each customer.

    The expected cost of a decision is the sum of its costs over the true classes, each
    times its probability [1]_. Unlike a threshold it serves any number of classes; it
    needs calibrated probabilities.

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
        Probabilities of the classes.
    cost_matrix : dict or array-like of shape (n_classes, n_classes)
        As :func:`cost_score` takes it.
    classes : array-like of shape (n_classes,)
        The classes in the order of the columns: ``classifier.classes_``.

    Returns
    -------
    labels : ndarray of shape (n_samples,)
        Decisions. Of decisions that cost the same it is the more probable class, and
        of those the first.

    Raises
    ------
    ValueError
        If the columns, the classes and the matrix do not fit each other.

    See Also
    --------
    cost_threshold : For two classes, the threshold that decides the same.

    References
    ----------
    .. [1] C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001.

    Examples
    --------
    >>> from segmentlearn.metrics import minimum_cost_labels
    >>> costs = {("yes", "no"): 8.0, ("no", "yes"): 1.0}
    >>> minimum_cost_labels([[0.8, 0.2], [0.95, 0.05]], costs, ["no", "yes"]).tolist()
    ['yes', 'no']
    """
    classes = read_labels(classes)
    proba = check_array(proba, dtype=np.float64, input_name="proba")
    if proba.shape[1] != len(classes):
        raise ValueError(
            f"proba has {proba.shape[1]} columns for {len(classes)} classes, "
            f"{classes.tolist()!r}; pass classifier.classes_."
        )
    expected = proba @ read_matrix(cost_matrix, classes)
    lowest = expected.min(axis=1, keepdims=True)
    # sums that are equal on paper differ by rounding
    slack = 1e-12 * np.maximum(1.0, np.abs(expected).max(axis=1, keepdims=True))
    ties = np.where(expected <= lowest + slack, proba, -np.inf)
    return classes[ties.argmax(axis=1)]


@validate_parameters()
def cost_threshold(cost_matrix: dict | ArrayLike, classes: ArrayLike) -> float:
    """Return the threshold that a cost matrix of two classes implies.

    With calibrated probabilities no tuning is needed: the expected costs of both
    decisions are equal at the probability [1]_ ::

        (c01 - c00) / (c01 - c00 + c10 - c11)

    of the second class, where c01 is the cost of deciding for the second class where
    the first is true.

    Parameters
    ----------
    cost_matrix : dict or array-like of shape (2, 2)
        As :func:`cost_score` takes it.
    classes : array-like of shape (2,)
        The classes; the second is the positive one.

    Returns
    -------
    threshold : float
        From 0 to 1: decide for the second class from this probability on.

    Raises
    ------
    ValueError
        If there are not two classes, or a wrong decision costs no more than the right
        one, so that no threshold separates them.

    References
    ----------
    .. [1] C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001.

    Examples
    --------
    >>> from segmentlearn.metrics import cost_threshold
    >>> round(cost_threshold({(1, 0): 8.0, (0, 1): 1.0}, [0, 1]), 3)
    0.111
    """
    classes = read_labels(classes)
    if len(classes) != 2:
        raise ValueError(
            f"classes holds {len(classes)} classes, and a threshold is for two; use "
            "minimum_cost_labels."
        )
    values = read_matrix(cost_matrix, classes)
    false_positive = values[0, 1] - values[0, 0]
    false_negative = values[1, 0] - values[1, 1]
    total = false_positive + false_negative
    if false_positive < 0 or false_negative < 0 or total == 0:
        raise ValueError(
            f"cost_matrix={values.tolist()} makes a wrong decision cost no more than "
            "the right one, so no threshold separates them; check the order of the "
            "classes, or whether these are profits."
        )
    return float(false_positive / total)


def _classes_of(
    y_true: np.ndarray, y_pred: np.ndarray, matrix: Any, labels: ArrayLike | None
) -> np.ndarray:
    """Return the classes that labels, decisions and a matrix contain."""
    if labels is not None:
        return read_labels(labels)
    found = [*pd.unique(y_true), *pd.unique(y_pred)]
    if isinstance(matrix, Mapping):
        found += [label for pair in matrix if isinstance(pair, tuple) for label in pair]
    return np.sort(read_labels(pd.Series(found, dtype=object).unique()))
