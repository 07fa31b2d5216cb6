"""How well a probability finds responders, in counts that an archive can keep."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special
from sklearn.metrics import average_precision_score
from sklearn.utils import check_random_state

from segmentlearn._formatting import number_text, percent, share_text
from segmentlearn._parameters import validate_parameters
from segmentlearn.metrics._effect_sizes import wilson_interval
from segmentlearn.metrics._gain import Ranking
from segmentlearn.metrics._probabilities import check_proba, read_binary, read_labels
from segmentlearn.metrics._rank_effects import RankedGroups
from segmentlearn.metrics._response_calibration import (
    ResponseCalibration,
    draw_responders,
)

_FEWEST_OF_GROUP = 5
_CUTS = 100  # by equal counts, and as many that are finer where probabilities are high
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
_N_DRAWS = 2000
_NO = {"0", "no", "n", "false", "f", "-1", "nein", "non", "nej"}
_YES = {"1", "yes", "y", "true", "t", "ja", "oui", "si", "sí"}


@dataclasses.dataclass(frozen=True)
class ResponseSummary:
    """How well the probability of a class ranks customers, on held-out ones.

    Made by :func:`response_summary`. Customers are kept as counts, group by group.

    Attributes
    ----------
    pos_label : int, float, bool or str
        The class of the responders.
    roc_auc, roc_auc_low, roc_auc_high : float
        Area under the ROC curve and its 95 % interval; NaN where all or none respond.
    average_precision : float
        Of the ranking; `rate` is what a random one has.
    n_customers, n_responders : tuple of int
        Customers of each group, by falling probability, and the responders among them.
    mean_probability, threshold : tuple of float
        Mean and lowest probability of each group.
    of_other_fit : bool, default=False
        Whether another fit than that of the model gave the probabilities, which makes
        intervals wider.

    See Also
    --------
    contact_list : Whom to contact, and how many of them to expect to respond.
    """

    pos_label: Any
    roc_auc: float
    roc_auc_low: float
    roc_auc_high: float
    average_precision: float
    n_customers: Sequence[int]
    n_responders: Sequence[int]
    mean_probability: Sequence[float]
    threshold: Sequence[float]
    of_other_fit: bool = False

    @property
    def n_rows(self) -> int:
        """Number of customers."""
        return int(np.sum(self.n_customers))

    @property
    def rate(self) -> float:
        """Share of responders among all customers."""
        return float(np.sum(self.n_responders) / self.n_rows)

    @property
    def contacted(self) -> np.ndarray:
        """Customers contacted after each group, and 0 before the first."""
        return np.append(0, np.cumsum(self.n_customers))

    @property
    def responders_reached(self) -> np.ndarray:
        """Responders among them."""
        return np.append(0, np.cumsum(self.n_responders))

    def gain_table(
        self,
        *,
        cost_per_contact: float | None = None,
        value_per_response: float | None = None,
        shares: Sequence[float] = _SHARES,
    ) -> pd.DataFrame:
        """Return what contacting the most probable customers reaches.

        Parameters
        ----------
        cost_per_contact : float or None, default=None
            What a contact costs.
        value_per_response : float or None, default=None
            What a responder brings; with the cost it adds the profit.
        shares : sequence of float, default=(0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
            Shares of the customers to contact.

        Returns
        -------
        table : DataFrame
            For each share the probability from which on these customers are contacted,
            their number, the responders among them, their rate, the share of all
            responders (gain), and lift; columns "contacted", "threshold", "customers",
            "responders", "rate", "gain", "lift" and "profit".
        """
        ends = np.asarray(shares, dtype=np.float64)
        customers = np.maximum(np.rint(ends * self.n_rows), 1)
        reached = np.interp(customers, self.contacted, self.responders_reached)
        group = np.searchsorted(self.contacted[1:], customers)
        table = pd.DataFrame(
            {
                "contacted": ends,
                "threshold": np.asarray(self.threshold)[group],
                "customers": customers.astype(int),
                "responders": reached,
                "rate": reached / customers,
                "gain": reached / max(self.responders_reached[-1], 1),
                "lift": reached / customers / self.rate if self.rate else np.nan,
            }
        )
        if cost_per_contact is not None and value_per_response is not None:
            table["profit"] = (
                value_per_response * reached - cost_per_contact * customers
            )
        return table.drop_duplicates("customers", ignore_index=True)

    def break_even(
        self, *, cost_per_contact: float, value_per_response: float
    ) -> "BreakEven":
        """Return from which probability on a contact pays, and what that brings.

        Parameters
        ----------
        cost_per_contact : float
            What a contact costs.
        value_per_response : float
            What a responder brings.

        Returns
        -------
        result : BreakEven
            The threshold is the probability at which the response rate, as these
            customers show it, is the cost over the value.
        """
        needed = cost_per_contact / value_per_response if value_per_response else np.inf
        grid = special.expit(np.linspace(-14, 14, 2001))
        pays = np.flatnonzero(self.calibrated(grid) >= needed)
        threshold = float(grid[pays[0]]) if len(pays) else float("inf")
        is_in = np.asarray(self.mean_probability) >= threshold
        n = int(np.asarray(self.n_customers)[is_in].sum())
        responders = int(np.asarray(self.n_responders)[is_in].sum())
        profits = [0.0, 0.0, 0.0]
        if n:
            z = special.ndtri(0.975)
            rates = wilson_interval(responders, n, z)
            profits = [
                float(n * (value_per_response * rate - cost_per_contact))
                for rate in rates
            ]
        amounts = cost_per_contact, value_per_response
        return BreakEven(*amounts, threshold, n, responders, *profits)

    def calibrated(self, proba: ArrayLike) -> np.ndarray:
        """Return the response rate to expect at each probability.

        Parameters
        ----------
        proba : array-like of shape (n_samples,)
            Probabilities of the class, of the same model.

        Returns
        -------
        rates : ndarray of shape (n_samples,)
            About the same for a calibrated model.
        """
        return self._calibration.mean(np.asarray(proba, dtype=np.float64))

    def expected_responders(
        self,
        proba: ArrayLike,
        *,
        confidence_level: float = 0.95,
        random_state: int | np.random.RandomState | None = 0,
    ) -> tuple[float, float, float]:
        """Return how many of some customers are expected to respond.

        Parameters
        ----------
        proba : array-like of shape (n_samples,)
            Their probabilities of the class, of the same model.
        confidence_level : float, default=0.95
            Coverage of the interval.
        random_state : int, RandomState instance or None, default=0
            Draws what the interval is made of.

        Returns
        -------
        expected, low, high : float
            The expected number, and an interval for the number itself: it holds the
            chance of each customer, and what these held-out customers leave open about
            the calibration of the model.
        """
        return _expected(proba, self._calibration, confidence_level, random_state)

    @functools.cached_property
    def _calibration(self) -> ResponseCalibration:
        return ResponseCalibration(
            np.asarray(self.mean_probability),
            np.asarray(self.n_customers),
            np.asarray(self.n_responders),
            of_other_fit=self.of_other_fit,
        )

    def shown_contacts(self, least: int, first: Sequence[int] = ()) -> np.ndarray:
        """Return numbers of contacts between which there are never few customers.

        A report may show what these reach: no few customers can be worked out from it.

        Parameters
        ----------
        least : int
            Fewest responders and fewest others between two of the numbers.
        first : sequence of int, default=()
            Numbers of contacts to keep before others that are too close to them.

        Returns
        -------
        contacted : ndarray of int, shape (n_shown,)
            Rising, from 0 to all customers.
        """
        shown = [0, self.n_rows]
        for number in (*first, *self.contacted.tolist()):
            ends = np.array([number, *shown])
            reached = np.interp(ends, self.contacted, self.responders_reached)
            responders, steps = (
                np.abs(reached[1:] - reached[0]),
                np.abs(ends[1:] - number),
            )
            if min(responders.min(), (steps - responders).min()) >= least:
                shown.append(int(number))
        return np.sort(shown)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it, for the metadata of an archive.

        Returns
        -------
        facts : dict
            As :meth:`from_dict` reads it.
        """
        facts = dataclasses.asdict(self)
        for name in ("roc_auc", "roc_auc_low", "roc_auc_high", "average_precision"):
            facts[name] = None if np.isnan(facts[name]) else facts[name]
        return {k: list(v) if isinstance(v, tuple) else v for k, v in facts.items()}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_dict` was called on.

        Parameters
        ----------
        facts : dict
            What it returned.

        Returns
        -------
        summary : ResponseSummary

        Raises
        ------
        ValueError
            If something is missing.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        if not isinstance(facts, Mapping) or not set(names) <= set(facts):
            raise ValueError(
                f"facts={str(facts)[:60]!r} lack some of {', '.join(names)}; pass what "
                "to_dict returned."
            )
        stored: list[Any] = [facts[name] for name in names]
        stored = [np.nan if value is None else value for value in stored]
        return cls(*stored)

    def quality_text(self) -> str:
        """Return AUC and average precision as text.

        Returns
        -------
        line : str
            With what chance would reach.
        """
        return (
            f"AUC {self.roc_auc:.3f} ({self.roc_auc_low:.3f} to "
            f"{self.roc_auc_high:.3f}; 0.5 is chance, 1 perfect), average precision "
            f"{self.average_precision:.3f} (chance {self.rate:.3f})"
        )

    def __str__(self) -> str:
        head = (
            f"Responders ({self.pos_label}): {share_text(self.rate)} of "
            f"{self.n_rows:,} customers"
        )
        return "\n".join([head, self.quality_text(), gain_text(self.gain_table())])


@dataclasses.dataclass(frozen=True)
class BreakEven:
    """From which probability on a contact pays, as held-out customers show it.

    Attributes
    ----------
    cost_per_contact, value_per_response : float
        What a contact costs and a response brings.
    threshold : float
        The probability; infinity if no contact pays.
    n_contacted, n_responders : int
        Held-out customers from the threshold on, and the responders among them.
    profit, low, high : float
        Profit from contacting them, and its 95 % interval.
    """

    cost_per_contact: float
    value_per_response: float
    threshold: float
    n_contacted: int
    n_responders: int
    profit: float
    low: float
    high: float

    def __str__(self) -> str:
        amounts = (
            f"With {self.cost_per_contact:,g} for a contact and "
            f"{self.value_per_response:,g} from a response"
        )
        if not self.n_contacted:
            return f"{amounts}, no contact pays."
        return (
            f"{amounts}, a contact pays from a probability of "
            f"{number_text(self.threshold)} on: {self.n_contacted:,} of the held-out "
            f"customers, {self.n_responders:,} responders, profit {self.profit:,.0f} "
            f"(95% interval {self.low:,.0f} to {self.high:,.0f})."
        )


@validate_parameters(of_other_fit=["boolean"])
def response_summary(
    y_true: ArrayLike,
    proba: ArrayLike,
    *,
    pos_label: Any = None,
    of_other_fit: bool = False,
) -> ResponseSummary:
    """Return how well the probability of a class ranks customers.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels of two classes, of customers that the classifier was not fitted to.
    proba : array-like of shape (n_samples,) or (n_samples, 2)
        Probability of the positive class, or of both classes.
    pos_label : int, float, bool or str, default=None
        The class of the responders. None is the second column's class; for one column
        1, and an error where the labels are text.
    of_other_fit : bool, default=False
        Whether the probabilities come from other fits than the model whose customers
        are listed: they are out-of-fold probabilities, or the model was fitted again
        with these rows. Intervals are wider then.

    Returns
    -------
    summary : ResponseSummary
        Rate, AUC, average precision, gain and profit. It tells
        :func:`contact_list` how far the probabilities can be trusted, and
        ``save(clf, "churn.seg", metadata={"response": summary.to_dict()})`` keeps it
        for ``segmentlearn predict --top``.

    Raises
    ------
    ValueError
        If there are more than two classes, or labels and probabilities do not fit.

    See Also
    --------
    profit_at_budget : The profit at one budget, with a bootstrap interval.
    segmentlearn.plotting.GainDisplay : The picture of the gain.

    Notes
    -----
    The interval of the AUC is Newcombe's [1]_.

    References
    ----------
    .. [1] R. G. Newcombe, "Confidence intervals for an effect size measure based on
       the Mann-Whitney statistic", Statistics in Medicine 25, 2006.

    Examples
    --------
    >>> from segmentlearn.metrics import response_summary
    >>> proba = [0.9, 0.8, 0.6, 0.4, 0.3, 0.1]
    >>> summary = response_summary([1, 1, 0, 1, 0, 0], proba)
    >>> summary.rate, round(summary.roc_auc, 3), round(summary.average_precision, 3)
    (0.5, 0.889, 0.917)
    """
    positive, scores = read_binary(y_true, proba, pos_label)
    if pos_label is None:
        is_single = np.ndim(proba) == 1 or np.shape(proba)[1] == 1
        pos_label = 1 if is_single else np.sort(pd.unique(read_labels(y_true)))[1]
    ranking = Ranking(scores)
    ends = _group_ends(ranking.reached)
    places = np.searchsorted(ranking.reached, ends)
    sums = [np.diff(ranking.totals(values)[places]) for values in (positive, scores)]
    counts = np.diff(ends)
    auc, low, high, precision = (np.nan,) * 4
    if 0 < positive.sum() < len(positive):
        delta = RankedGroups(scores, positive.astype(int), 2).delta(0.95)
        auc, low, high = (float(ends[1] + 1) / 2 for ends in delta)
        precision = float(average_precision_score(positive, scores))
    return ResponseSummary(
        pos_label=pos_label.item() if hasattr(pos_label, "item") else pos_label,
        roc_auc=auc,
        roc_auc_low=low,
        roc_auc_high=high,
        average_precision=precision,
        n_customers=tuple(counts.tolist()),
        n_responders=tuple(sums[0].astype(int).tolist()),
        mean_probability=tuple((sums[1] / counts).tolist()),
        threshold=tuple(ranking.thresholds[places[1:] - 1].tolist()),
        of_other_fit=of_other_fit,
    )


def responder_label(labels: Sequence[Any], counts: Sequence[int] | None = None) -> Any:
    """Return which of two labels is that of the responders.

    It is "yes" where the other is "no", and the rarer one otherwise: a target names
    what is looked for among the many who do not.
    """
    plain = [str(label).strip().lower().removesuffix(".0") for label in labels]
    for at in (1, 0):
        if plain[at] in _YES and plain[1 - at] in _NO:
            return labels[at]
    return labels[0] if counts is not None and counts[0] < counts[1] else labels[1]


def expected_responders(
    proba: np.ndarray,
    held_out: ResponseSummary | None,
    confidence_level: float,
    random_state: Any,
) -> tuple[float, float, float]:
    """Return the expected responders; without held-out ones as probabilities say."""
    calibration = None if held_out is None else held_out._calibration
    return _expected(proba, calibration, confidence_level, random_state)


def gain_text(table: pd.DataFrame) -> str:
    """Return a gain table as text."""
    heads = {
        "contacted": "contacted",
        "threshold": "probability from",
        "customers": "customers",
        "responders": "responders",
        "gain": "of all responders",
        "lift": "lift",
        "profit": "profit",
    }
    texts: dict[str, Callable[[Any], str]] = {
        "contacted": percent,
        "threshold": number_text,
        "customers": "{:,.0f}".format,
        "responders": "{:,.0f}".format,
        "gain": percent,
        "lift": "{:.1f}".format,
        "profit": "{:,.0f}".format,
    }
    columns = [
        [head, *map(texts[name], table[name])]
        for name, head in heads.items()
        if name in table
    ]
    widths = [max(map(len, column)) for column in columns]
    return "\n".join(
        "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for row in zip(*columns, strict=True)
    )


def _expected(
    proba: ArrayLike,
    calibration: ResponseCalibration | None,
    confidence_level: float,
    random_state: Any,
) -> tuple[float, float, float]:
    scores = check_proba(proba) if len(np.asarray(proba)) else np.empty(0)
    rng = check_random_state(random_state)
    drawn = draw_responders(scores, calibration, _N_DRAWS, rng)
    rates = scores if calibration is None else calibration.mean(scores)
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(rates.sum()), float(low), float(high)


def _group_ends(reached: np.ndarray) -> np.ndarray:
    """Return where groups of customers end: few groups, none of very few customers."""
    n_rows = int(reached[-1])
    first = min(_FEWEST_OF_GROUP, n_rows)
    cuts = np.linspace(0, n_rows, _CUTS + 1), np.geomspace(first, n_rows, _CUTS + 1)
    # customers of the same probability are in one group
    places = np.searchsorted(reached, np.minimum(np.concatenate(cuts), n_rows))
    wanted = np.unique(reached[places])
    ends = [0]
    for end in wanted:
        if end - ends[-1] >= _FEWEST_OF_GROUP and n_rows - end >= _FEWEST_OF_GROUP:
            ends.append(int(end))
    return np.array([*ends, n_rows])
