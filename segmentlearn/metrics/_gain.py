"""Gain, lift and profit of contacting the most probable customers, and budgets."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, column_or_1d

from segmentlearn._parameters import validate_parameters
from segmentlearn.metrics._probabilities import check_proba, read_binary


class Ranking:
    """Customers in the order in which a campaign contacts them.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_samples,)
        Probabilities.

    Attributes
    ----------
    order : ndarray of int, shape (n_samples,)
        Rows, by falling probability.
    starts : ndarray of int, shape (n_groups,)
        Where in `order` each group of equal probabilities starts.
    thresholds : ndarray of float64, shape (n_groups,)
        The probability of each group, falling.
    """

    def __init__(self, scores: np.ndarray) -> None:
        self.order = np.argsort(-scores, kind="stable")
        ordered = scores[self.order]
        self.starts = np.flatnonzero(np.diff(ordered, prepend=np.inf))
        self.thresholds = ordered[self.starts]

    @property
    def reached(self) -> np.ndarray:
        """Customers contacted at the end of each group, and 0 before the first."""
        return np.append(self.starts, len(self.order))

    def totals(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of values over all that are contacted, group by group."""
        sums = np.add.reduceat(values[self.order].astype(np.float64), self.starts)
        return np.concatenate([[0.0], np.cumsum(sums)])

    def resampled(
        self,
        values: np.ndarray,
        n_contacted: np.ndarray,
        n_bootstrap: int,
        random_state: Any,
    ) -> np.ndarray:
        """Return the totals of bootstrap samples of the customers."""
        random_state = check_random_state(random_state)
        n, groups = len(self.order), self.starts
        # only the head of the ranking is drawn: a sample's contacts reach no further
        # than this, which is ten standard deviations of how many draws fall into it
        end = np.searchsorted(groups, np.max(n_contacted) + 10 * np.sqrt(n))
        n_head = int(groups[end]) if end < len(groups) else n
        groups = groups[:end]
        ordered = values[self.order[:n_head]].astype(np.float64)
        totals = np.empty((n_bootstrap, len(n_contacted)))
        for sample in totals:
            # sorted once: a sample is how often each row of the ranking is drawn
            n_drawn = random_state.binomial(n, n_head / n)
            rows = random_state.randint(0, n_head, n_drawn)
            counts = np.bincount(rows, minlength=n_head)
            reached = np.cumsum(np.add.reduceat(counts, groups))
            sums = np.cumsum(np.add.reduceat(counts * ordered, groups))
            drawn = np.flatnonzero(np.diff(reached, prepend=0))
            curve = np.append(0, reached[drawn]), np.append(0.0, sums[drawn])
            sample[:] = np.interp(n_contacted, *curve)
        return totals


def customers_of_budget(budget: float, n_samples: int) -> int:
    """Return how many customers a budget pays for."""
    if isinstance(budget, Integral):
        if budget < 0:
            raise ValueError(f"budget={budget!r} is negative; 0 contacts nobody.")
        return min(int(budget), n_samples)
    if not 0 <= budget <= 1:
        raise ValueError(
            f"budget={budget!r} is a float, so a share of the customers from 0 to 1; "
            "for a number of customers pass an int."
        )
    return int(np.floor(budget * n_samples + 1e-9))  # 0.29 * 100 is 28.999...


@validate_parameters()
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
    ranking = Ranking(scores)
    gain = ranking.totals(positive) / n_positive
    return ranking.reached / len(scores), gain, np.append(np.inf, ranking.thresholds)


@validate_parameters()
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
    curve = cumulative_gain_curve(y_true, proba, pos_label=pos_label)
    contacted, gain, thresholds = (values[1:] for values in curve)
    return contacted, gain / contacted, thresholds


@validate_parameters()
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
    ranking = Ranking(scores)
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


@dataclass(frozen=True)
class BudgetProfit:
    """The profit of a campaign, as :func:`profit_at_budget` returns it.

    Attributes
    ----------
    profit : float
        Realised profit: what the contacts have brought, by the true labels.
    low, high : float
        Ends of its bootstrap interval.
    expected : float
        What the probabilities promised for the same contacts.
    n_contacted : int
        Customers contacted.
    n_responders : float
        Responders among them; not whole where equal probabilities leave open who is
        contacted.
    response_rate : float
        `n_responders` over `n_contacted`; NaN if nobody is contacted.
    threshold : float
        The probability of the last customer contacted; infinity if nobody is.
    """

    profit: float
    low: float
    high: float
    expected: float
    n_contacted: int
    n_responders: float
    response_rate: float
    threshold: float

    def __str__(self) -> str:
        return (
            f"profit {self.profit:,.0f} ({self.low:,.0f} to {self.high:,.0f}), "
            f"expected {self.expected:,.0f}, from {self.n_contacted:,} contacts with "
            f"{self.n_responders:,.0f} responders"
        )


@validate_parameters()
def threshold_for_budget(
    proba: ArrayLike, budget: float, *, ties: Literal["fewer", "more"] = "fewer"
) -> float:
    """Return the threshold that contacts as many customers as a budget pays for.

    Parameters
    ----------
    proba : array-like of shape (n_samples,)
        Probability of the positive class of each customer.
    budget : int or float
        Customers to contact: a number (int), or a share (float from 0 to 1), which is
        rounded down. 1 is one customer, 1.0 all of them.
    ties : {"fewer", "more"}, default="fewer"
        What to do where the budget ends among customers of the same probability, which
        no threshold separates: contact none of them and stay below the budget, or all.
        :func:`select_within_budget` contacts exactly as many as there is budget for.

    Returns
    -------
    threshold : float
        Contact customers whose probability is at least this. It lies midway between the
        last customer contacted and the next one, so rounding does not matter; above all
        probabilities if nobody is contacted, at the lowest if all are.

    Raises
    ------
    ValueError
        If the budget is negative, or a float above 1.

    Examples
    --------
    >>> from segmentlearn.metrics import threshold_for_budget
    >>> proba = [0.9, 0.5, 0.5, 0.1]
    >>> round(threshold_for_budget(proba, 2), 2)
    0.7
    >>> round(threshold_for_budget(proba, 2, ties="more"), 2)
    0.3
    """
    scores = _read_scores(proba)
    n_contacted = customers_of_budget(budget, len(scores))
    ranking = Ranking(scores)
    n_groups = int(np.searchsorted(ranking.reached, n_contacted))
    if ties == "fewer" and ranking.reached[n_groups] > n_contacted:
        n_groups -= 1
    if n_groups == 0:
        return float(np.nextafter(ranking.thresholds[0], np.inf))
    last = ranking.thresholds[n_groups - 1]
    if n_groups == len(ranking.thresholds):
        return float(last)
    following = ranking.thresholds[n_groups]
    middle = following + (last - following) / 2
    return float(middle if following < middle <= last else last)


@validate_parameters()
def select_within_budget(
    proba: ArrayLike,
    budget: float,
    *,
    random_state: int | np.random.RandomState | None = None,
) -> np.ndarray:
    """Return which customers to contact: exactly as many as a budget pays for.

    Parameters
    ----------
    proba : array-like of shape (n_samples,)
        Probability of the positive class of each customer.
    budget : int or float
        Customers to contact, as in :func:`threshold_for_budget`.
    random_state : int, RandomState instance or None, default=None
        Controls the random choice among customers of the same probability where the
        budget ends among them.

    Returns
    -------
    selected : ndarray of bool, shape (n_samples,)
        True for the most probable customers.

    Raises
    ------
    ValueError
        If the budget is negative, or a float above 1.

    Examples
    --------
    >>> from segmentlearn.metrics import select_within_budget
    >>> select_within_budget([0.2, 0.9, 0.5, 0.1], 2).tolist()
    [False, True, True, False]
    """
    scores = _read_scores(proba)
    n_contacted = customers_of_budget(budget, len(scores))
    selected = np.zeros(len(scores), dtype=bool)
    if n_contacted == 0:
        return selected
    last = np.partition(scores, len(scores) - n_contacted)[len(scores) - n_contacted]
    selected[scores > last] = True
    tied = np.flatnonzero(scores == last)
    left = n_contacted - int(selected.sum())
    selected[check_random_state(random_state).permutation(tied)[:left]] = True
    return selected


@validate_parameters()
def profit_at_budget(
    y_true: ArrayLike,
    proba: ArrayLike,
    *,
    benefit: ArrayLike,
    cost: ArrayLike,
    budget: float,
    pos_label: Any = None,
    n_bootstrap: int = 1000,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
) -> BudgetProfit:
    """Return what contacting the most probable customers earns, with an interval.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels of two classes, of customers that the classifier was not fitted to.
    proba : array-like of shape (n_samples,) or (n_samples, 2)
        Probability of the positive class, or of both classes.
    benefit : float or array-like of shape (n_samples,)
        What a responder who is contacted brings, before the cost of the contact.
    cost : float or array-like of shape (n_samples,)
        What a contact costs, whoever it is.
    budget : int or float
        Customers to contact, as in :func:`threshold_for_budget`.
    pos_label : int, float, bool or str, default=None
        The positive class. None is the second column's class; for one column 1, and an
        error where the labels are text.
    n_bootstrap : int, default=1000
        Bootstrap samples of the customers. The contacts are chosen anew in each.
    confidence_level : float, default=0.95
        Coverage of the interval.
    random_state : int, RandomState instance or None, default=None
        Controls the samples.

    Returns
    -------
    result : BudgetProfit
        Where the budget ends among customers of the same probability, the mean over all
        orders of them: the order of the rows does not matter.

    Raises
    ------
    ValueError
        If the budget is negative, or a float above 1.

    Notes
    -----
    The interval holds the percentiles of the samples [1]_. It shows how far the profit
    of another campaign among such customers would differ by chance; not that the next
    customers may be different ones. Only the head of the ranking is drawn: 1,000
    samples of a million customers take about 20 seconds where a tenth of them is
    contacted.

    References
    ----------
    .. [1] B. Efron and R. Tibshirani, "An introduction to the bootstrap", 1993.

    Examples
    --------
    >>> from segmentlearn.metrics import profit_at_budget
    >>> result = profit_at_budget(
    ...     [1, 0, 1, 0], [0.9, 0.6, 0.6, 0.1], benefit=10, cost=2, budget=2,
    ...     random_state=0,
    ... )
    >>> result.profit, result.n_contacted, result.n_responders
    (11.0, 2, 1.5)
    >>> round(result.expected, 2)
    11.0
    """
    positive, scores = read_binary(y_true, proba, pos_label)
    n_contacted = customers_of_budget(budget, len(scores))
    ranking = Ranking(scores)
    profits = customer_profits(positive, benefit, cost)

    def total(values: np.ndarray) -> float:
        return float(np.interp(n_contacted, ranking.reached, ranking.totals(values)))

    contacted = np.array([n_contacted])
    samples = ranking.resampled(profits, contacted, n_bootstrap, random_state)
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(samples[:, 0], [tail, 1 - tail])
    n_responders = total(positive)
    group = np.searchsorted(ranking.reached, n_contacted) - 1
    return BudgetProfit(
        profit=total(profits),
        low=float(low),
        high=float(high),
        expected=total(customer_profits(scores, benefit, cost)),
        n_contacted=n_contacted,
        n_responders=n_responders,
        response_rate=n_responders / n_contacted if n_contacted else float("nan"),
        threshold=float(ranking.thresholds[group]) if n_contacted else float("inf"),
    )


def _read_scores(proba: ArrayLike) -> np.ndarray:
    """Return a probability for each customer."""
    scores = check_proba(proba)
    if scores.ndim != 1:
        raise ValueError(
            f"proba has shape {scores.shape}; pass one probability a customer, such as "
            "predict_proba(X)[:, 1]."
        )
    return scores
