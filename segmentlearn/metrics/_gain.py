"""Gain, lift and profit of contacting the most probable customers first."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_consistent_length, column_or_1d

from segmentlearn.metrics._parameters import validate_parameters
from segmentlearn.metrics._probabilities import read_binary
from segmentlearn.metrics._ranking import rank_customers


@validate_parameters
def cumulative_gain_curve(
    y_true: ArrayLike, proba: ArrayLike, *, pos_label: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the share of all responders among the most probable customers.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels of two classes.
    proba : array-like of shape (n_samples,) or (n_samples, 2)
        Probability of the positive class, or of both classes.
    pos_label : int, float, bool or str, default=None
        The positive class. None is the second column's class; for one column 1, and an
        error where the labels are text.

    Returns
    -------
    contacted : ndarray of shape (n_groups + 1,)
        Shares of the customers, from 0 to 1.
    gain : ndarray of shape (n_groups + 1,)
        Shares of the responders among them, from 0 to 1.
    thresholds : ndarray of shape (n_groups + 1,)
        The probability from which on these customers are contacted; infinity for none.

    Raises
    ------
    ValueError
        If there is no responder.

    See Also
    --------
    lift_curve : The same relative to a random draw.
    segmentlearn.plotting.GainDisplay : The picture.

    Notes
    -----
    Customers of the same probability are one step of the curve. The line between two
    points is the mean over all orders of such customers, so the order of the rows does
    not matter.

    Examples
    --------
    >>> from segmentlearn.metrics import cumulative_gain_curve
    >>> share, gain, _ = cumulative_gain_curve([1, 0, 1, 0], [0.9, 0.6, 0.6, 0.1])
    >>> share.tolist(), gain.tolist()
    ([0.0, 0.25, 0.75, 1.0], [0.0, 0.5, 1.0, 1.0])
    """
    positive, scores = read_binary(y_true, proba, pos_label)
    n_positive = int(positive.sum())
    if not n_positive:
        raise ValueError(
            "y_true holds no row of the positive class, so there is nothing to gain; "
            "check pos_label."
        )
    ranking = rank_customers(scores)
    gain = ranking.totals(positive) / n_positive
    return ranking.reached / len(scores), gain, np.append(np.inf, ranking.thresholds)


@validate_parameters
def lift_curve(
    y_true: ArrayLike, proba: ArrayLike, *, pos_label: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how many times more responders there are than in a random draw.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels of two classes.
    proba : array-like of shape (n_samples,) or (n_samples, 2)
        Probability of the positive class, or of both classes.
    pos_label : int, float, bool or str, default=None
        The positive class, as in :func:`cumulative_gain_curve`.

    Returns
    -------
    contacted : ndarray of shape (n_groups,)
        Shares of the customers, above 0 to 1.
    lift : ndarray of shape (n_groups,)
        Rate of responders among them over that of all customers; 1 at the end.
    thresholds : ndarray of shape (n_groups,)
        The probability from which on these customers are contacted.

    Raises
    ------
    ValueError
        If there is no responder.

    Examples
    --------
    >>> from segmentlearn.metrics import lift_curve
    >>> share, lift, _ = lift_curve([1, 0, 1, 0], [0.9, 0.6, 0.6, 0.1])
    >>> lift.round(2).tolist()
    [2.0, 1.33, 1.0]
    """
    contacted, gain, thresholds = cumulative_gain_curve(
        y_true, proba, pos_label=pos_label
    )
    return contacted[1:], gain[1:] / contacted[1:], thresholds[1:]


@validate_parameters
def profit_curve(
    y_true: ArrayLike,
    proba: ArrayLike,
    *,
    benefit: ArrayLike,
    cost: ArrayLike,
    pos_label: Any = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the profit of contacting the most probable customers.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels of two classes.
    proba : array-like of shape (n_samples,) or (n_samples, 2)
        Probability of the positive class, or of both classes.
    benefit : float or array-like of shape (n_samples,)
        Revenue from a responder who is contacted, before the cost of the contact.
    cost : float or array-like of shape (n_samples,)
        What a contact costs, whoever it is.
    pos_label : int, float, bool or str, default=None
        The positive class, as in :func:`cumulative_gain_curve`.

    Returns
    -------
    contacted : ndarray of shape (n_groups + 1,)
        Shares of the customers, from 0 to 1.
    profit : ndarray of shape (n_groups + 1,)
        Profit from all of them together, in the unit of `benefit` and `cost`.
    thresholds : ndarray of shape (n_groups + 1,)
        The probability from which on these customers are contacted; infinity for none.

    See Also
    --------
    profit_at_budget : The profit at one budget, with an interval.
    segmentlearn.plotting.ProfitDisplay : The picture.

    Examples
    --------
    >>> from segmentlearn.metrics import profit_curve
    >>> share, profit, _ = profit_curve(
    ...     [1, 0, 1, 0], [0.9, 0.6, 0.6, 0.1], benefit=10, cost=2
    ... )
    >>> profit.tolist()
    [0.0, 8.0, 14.0, 12.0]
    """
    positive, scores = read_binary(y_true, proba, pos_label)
    profits = customer_profits(positive, benefit, cost)
    ranking = rank_customers(scores)
    thresholds = np.append(np.inf, ranking.thresholds)
    return ranking.reached / len(scores), ranking.totals(profits), thresholds


def customer_profits(
    responds: np.ndarray, benefit: ArrayLike, cost: ArrayLike
) -> np.ndarray:
    """Return the profit of contacting each customer."""
    amounts: dict[str, Any] = {"benefit": benefit, "cost": cost}
    for name, amount in amounts.items():
        if not isinstance(amount, Real):
            amount = column_or_1d(amount).astype(np.float64)
            check_consistent_length(responds, amount)
        if not np.isfinite(amount).all():
            raise ValueError(
                f"{name} is missing or infinite for a customer; pass 0 where there "
                "is none."
            )
        amounts[name] = np.broadcast_to(amount, len(responds))
    return responds * amounts["benefit"] - amounts["cost"]
