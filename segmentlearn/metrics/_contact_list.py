"""Whom to contact, and how many responders and what profit to expect from it."""

import dataclasses
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from segmentlearn._formatting import count_text, number_text
from segmentlearn._parameters import validate_parameters
from segmentlearn.metrics._gain import customers_of_budget, select_within_budget
from segmentlearn.metrics._probabilities import check_proba
from segmentlearn.metrics._responses import ResponseSummary, expected_responders

_POWER = 2.8  # standard errors that a difference shows at, in 80 % of the campaigns
NOT_UPLIFT = (
    "These are probabilities of a response, not of one because of the contact: a "
    "propensity is not an uplift. Whoever responds anyway is on the list, too."
)


@dataclasses.dataclass(frozen=True)
class ContactList:
    """Customers to contact, as :func:`contact_list` returns them.

    Attributes
    ----------
    rows : ndarray of int, shape (n_listed,)
        Rows of the customers on the list, by falling probability.
    proba : ndarray of shape (n_listed,)
        Their probabilities.
    is_control : ndarray of bool, shape (n_listed,)
        Who is in the control group: these are not contacted.
    n_customers, n_excluded : int
        Customers to choose from, and how many of them were excluded.
    n_contacts : int
        Customers on the list without the control group.
    expected_responders, low, high : float
        Expected number of responders among the contacts, and an interval for it.
    cost, profit, profit_low, profit_high : float
        Cost of the contacts, the expected profit and its interval; NaN where no cost or
        value was given.
    confidence_level : float
        Coverage of the intervals.
    limit : str
        What ends the list: "top", "budget", "min_probability", "profit" (further
        contacts would cost more than they bring) or "customers" (there are no more).
    n_unprofitable : int
        Contacts that are expected to cost more than they bring.
    is_calibrated : bool
        Whether the expectations rest on held-out customers.
    """

    rows: np.ndarray
    proba: np.ndarray
    is_control: np.ndarray
    n_customers: int
    n_excluded: int
    n_contacts: int
    expected_responders: float
    low: float
    high: float
    cost: float
    profit: float
    profit_low: float
    profit_high: float
    confidence_level: float
    limit: str
    n_unprofitable: int
    is_calibrated: bool

    @property
    def detectable_difference(self) -> float:
        """Difference of response rates that the control group would show.

        With a probability of 80 %, at a significance of 5 %. NaN without both groups.
        """
        n_control = int(self.is_control.sum())
        if not (n_control and self.n_contacts):
            return float("nan")
        rate = float(self.proba.mean())
        error = np.sqrt(rate * (1 - rate) * (1 / n_control + 1 / self.n_contacts))
        return min(float(_POWER * error), 1.0)

    def to_frame(self) -> pd.DataFrame:
        """Return the list as a frame.

        Returns
        -------
        frame : DataFrame
            With the columns "row", "rank", "probability" and "group", which is
            "contact" or "control".
        """
        return pd.DataFrame(
            {
                "row": self.rows,
                "rank": np.arange(1, len(self.rows) + 1),
                "probability": self.proba,
                "group": self.groups,
            }
        )

    @property
    def groups(self) -> np.ndarray:
        """Whether each customer on the list is a "contact" or "control"."""
        return np.where(self.is_control, "control", "contact").astype(object)

    def __str__(self) -> str:
        excluded = f"; {self.n_excluded:,} are excluded" if self.n_excluded else ""
        head = f"{len(self.rows):,} of {self.n_customers:,} customers are on the list"
        if not len(self.rows):
            return f"{head}{excluded}."
        lines = [
            f"{head}, with probabilities from {number_text(self.proba[0])} down to "
            f"{number_text(self.proba[-1])}{excluded}. {_ENDS[self.limit]}",
            f"{count_text(self.n_contacts, 'contact')}: "
            f"{self.expected_responders:,.0f} responders expected "
            f"({self._interval(self.low, self.high)}).",
        ]
        if not np.isnan(self.profit):
            ends = self._interval(self.profit_low, self.profit_high)
            lines.append(
                f"Cost {self.cost:,.0f}, expected profit {self.profit:,.0f} ({ends})."
            )
        if self.n_unprofitable:
            lines.append(
                f"{count_text(self.n_unprofitable, 'contact')} at the end of the list "
                "cost more than they are expected to bring."
            )
        lines.append(self._control_text())
        if not self.is_calibrated:
            lines.append(
                "The interval takes the probabilities for true: no held-out customers "
                "show how far they are."
            )
        return "\n".join([*lines, NOT_UPLIFT])

    def _interval(self, low: float, high: float) -> str:
        return f"{self.confidence_level:.0%} interval {low:,.0f} to {high:,.0f}"

    def _control_text(self) -> str:
        n_control = int(self.is_control.sum())
        if not n_control:
            return (
                "There is no control group, so what the contacts change cannot be "
                "measured."
            )
        return (
            f"Control group: {count_text(n_control, 'customer')} of the list, drawn at "
            "random. Do not contact them, and compare their response rate with that "
            "of the contacts afterwards. With so few of them only a difference of "
            f"{100 * self.detectable_difference:.0f} percentage points or more can be "
            "seen; a larger control group shows smaller ones."
        )


_ENDS = {
    "top": "It is as long as asked for.",
    "budget": "The budget ends it.",
    "min_probability": "The lowest probability asked for ends it.",
    "profit": "Further contacts would cost more than they are expected to bring.",
    "customers": "There are no further customers.",
}


@validate_parameters(budget=[Real, None])
def contact_list(
    proba: ArrayLike,
    *,
    top: float | None = None,
    budget: float | None = None,
    cost_per_contact: float | None = None,
    value_per_response: float | None = None,
    min_probability: float | None = None,
    exclude: ArrayLike | None = None,
    control_share: float = 0.05,
    held_out: ResponseSummary | None = None,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = 0,
) -> ContactList:
    """Return whom to contact, with a control group, and what to expect of it.

    The most probable customers are listed, as far as all limits allow. A part of the
    list, drawn at random, is set aside as a control group, so that what the contacts
    change can be measured.

    Parameters
    ----------
    proba : array-like of shape (n_samples,)
        Probability of a response of each customer.
    top : int, float or None, default=None
        Customers on the list, the control group among them: a number (int), or a share
        of all customers (float from 0 to 1).
    budget : float or None, default=None
        What the contacts may cost; needs `cost_per_contact`. The control group costs
        nothing and comes on top.
    cost_per_contact : float or None, default=None
        What a contact costs, whoever it is.
    value_per_response : float or None, default=None
        What a responder brings, before the cost of the contact. Unless `top` is given,
        customers who are expected to bring less than they cost are left out.
    min_probability : float or None, default=None
        Lowest probability on the list.
    exclude : array-like of bool of shape (n_samples,) or None, default=None
        Customers who must not be on the list, such as those contacted lately.
    control_share : float, default=0.05
        Share of the list to set aside; 0 for no control group.
    held_out : ResponseSummary or None, default=None
        How the model did on customers that it was not fitted to, see
        :func:`response_summary`. It corrects what is expected, and makes the interval
        as wide as so few customers make it.
    confidence_level : float, default=0.95
        Coverage of the intervals.
    random_state : int, RandomState instance or None, default=0
        Draws the control group, the order of customers of equal probability, and what
        the intervals are made of.

    Returns
    -------
    result : ContactList
        Rows, groups, expected responders and profit.

    Raises
    ------
    ValueError
        If nothing limits the list, a limit is out of range, or `budget` or
        `value_per_response` comes without a cost.

    See Also
    --------
    select_within_budget : The most probable customers alone.

    Notes
    -----
    The number of responders has two sources of error. By chance it differs from the sum
    of the response rates, and these are not known exactly. The response rate at a
    probability is taken from `held_out`, by a calibration whose parameters have a
    distribution: the interval holds the percentiles of campaigns that are drawn with
    parameters drawn from it. It holds for customers like those that were held out,
    contacted as they were.

    A propensity is not an uplift: customers who would respond without being contacted
    are as probable as others. Only the comparison with the control group shows what the
    contacts changed [1]_.

    References
    ----------
    .. [1] N. Radcliffe and P. Surry, "Real-world uplift modelling with significance-
       based uplift trees", Stochastic Solutions, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.metrics import contact_list
    >>> proba = np.linspace(0, 0.5, 200)
    >>> calls = contact_list(proba, top=40)
    >>> calls.n_contacts, int(calls.is_control.sum()), round(calls.expected_responders)
    (38, 2, 17)
    >>> paid = contact_list(
    ...     proba, budget=300, cost_per_contact=5, value_per_response=80
    ... )
    >>> paid.n_contacts, paid.limit
    (60, 'budget')
    """
    scores = check_proba(proba)
    if scores.ndim != 1:
        raise ValueError(
            f"proba has shape {scores.shape}; pass one probability a customer, such as "
            "predict_proba(X)[:, 1]."
        )
    _check_limits(top, budget, cost_per_contact, value_per_response, min_probability)
    if not 0 <= control_share < 1:
        raise ValueError(
            f"control_share={control_share!r} must be at least 0 and below 1."
        )
    rng = check_random_state(random_state)
    left_out = np.zeros(len(scores), dtype=bool)
    if exclude is not None:
        left_out = np.asarray(exclude, dtype=bool)
        check_consistent_length(scores, left_out)
    rates = scores if held_out is None else held_out.calibrated(scores)
    gains = np.full(len(scores), np.nan)
    if value_per_response is not None and cost_per_contact is not None:
        gains = rates * value_per_response - cost_per_contact
    eligible, limits = ~left_out, {"customers": int(len(scores) - left_out.sum())}
    if min_probability is not None:
        eligible &= scores >= min_probability
        limits["min_probability"] = int(eligible.sum())
    if top is None and value_per_response is not None:
        eligible &= gains >= 0
        limits["profit"] = int(eligible.sum())
    if top is not None:
        limits["top"] = customers_of_budget(top, len(scores))
    n_affordable = len(scores)
    if budget is not None and cost_per_contact:
        n_affordable = int(min(np.floor(budget / cost_per_contact + 1e-9), len(scores)))
        n_control = round(n_affordable * control_share / (1 - control_share))
        limits["budget"] = n_affordable + n_control
    n_listed = min(limits.values())
    limit = min(limits, key=lambda name: (limits[name], name == "customers"))
    rows = np.flatnonzero(eligible)
    if n_listed < len(rows):
        rows = rows[select_within_budget(scores[rows], n_listed, random_state=rng)]
    rows = rows[np.argsort(-scores[rows], kind="stable")]
    n_control = max(round(control_share * n_listed), n_listed - n_affordable)
    is_control = np.zeros(n_listed, dtype=bool)
    is_control[rng.permutation(n_listed)[:n_control]] = True
    contacts = rows[~is_control]
    found = expected_responders(scores[contacts], held_out, confidence_level, rng)
    cost = float("nan")
    profits = [float("nan")] * 3
    if cost_per_contact is not None:
        cost = cost_per_contact * len(contacts)
        if value_per_response is not None:
            profits = [value_per_response * number - cost for number in found]
    return ContactList(
        rows=rows,
        proba=scores[rows],
        is_control=is_control,
        n_customers=len(scores),
        n_excluded=int(left_out.sum()),
        n_contacts=len(contacts),
        expected_responders=found[0],
        low=found[1],
        high=found[2],
        cost=cost,
        profit=profits[0],
        profit_low=profits[1],
        profit_high=profits[2],
        confidence_level=confidence_level,
        limit=limit,
        n_unprofitable=int((gains[contacts] < 0).sum()),
        is_calibrated=held_out is not None,
    )


def _check_limits(
    top: float | None,
    budget: float | None,
    cost: float | None,
    value: float | None,
    min_probability: float | None,
) -> None:
    """Refuse limits that say nothing, or do not go together."""
    amounts: dict[str, Any] = {
        "budget": budget,
        "cost_per_contact": cost,
        "value_per_response": value,
    }
    for name, amount in amounts.items():
        if amount is not None and not (np.isfinite(amount) and amount >= 0):
            raise ValueError(f"{name}={amount!r} must be a finite amount from 0 on.")
    for name in ("budget", "value_per_response"):
        if amounts[name] is not None and cost is None:
            raise ValueError(f"{name} needs cost_per_contact, what a contact costs.")
    if top is not None and (top < 0 or (not isinstance(top, Integral) and top > 1)):
        raise ValueError(
            f"top={top!r} must be a number of customers (int), or a share of them "
            "(float from 0 to 1)."
        )
    if min_probability is not None and not 0 <= min_probability <= 1:
        raise ValueError(f"min_probability={min_probability!r} must be from 0 to 1.")
    if top is None and budget is None and value is None and min_probability is None:
        raise ValueError(
            "nothing limits the list: pass top, budget, min_probability, or "
            "cost_per_contact and value_per_response."
        )
