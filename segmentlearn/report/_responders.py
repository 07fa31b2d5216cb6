"""The part of a report on finding the customers of one class, such as who churns."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn._formatting import number_text, percent, share_text
from segmentlearn.inspection import last_step
from segmentlearn.metrics import (
    NOT_UPLIFT,
    ResponseSummary,
    responder_label,
    response_summary,
)
from segmentlearn.plotting import GainDisplay, ProfitDisplay, cut
from segmentlearn.report._pictures import Picture, as_picture
from segmentlearn.report._suppression import THRESHOLD

_SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
_FIRST = 0.2  # of the customers, whom the headline is about
_N_POINTS = 201


@dataclasses.dataclass(kw_only=True)
class RespondersPart:
    """How well the customers of a class are found; the template makes sentences of it.

    Parameters
    ----------
    name, others : str
        The class, and the other one; empty where there are several.
    rate, n_rows : str
        Share of held-out customers of the class, and how many there were.
    auc, auc_low, auc_high, average_precision : str
        How well probabilities rank these customers; empty where too few are of either
        class.
    share, reached, lift : str
        A share of the customers, and that of the class among the most probable ones.
    is_cut : bool, default=False
        Whether the end of the curve is left out, to protect customers.
    gains : list of tuple of str
        Customers contacted, the lowest probability among them, share of the class
        reached, lift, and profit if any.
    gain, profit : Picture or None
        The curves.
    expected, expected_share, low, high : str
        How many of the report's customers are expected to be of the class.
    break_even : dict or None
        Where a contact pays: cost, value, threshold, share, profit and its interval.
    caution : str
        That a propensity is not an uplift.
    """

    name: str
    others: str
    rate: str
    n_rows: str
    auc: str = ""
    auc_low: str = ""
    auc_high: str = ""
    average_precision: str = ""
    share: str = ""
    reached: str = ""
    lift: str = ""
    is_cut: bool = False
    gains: list[tuple[str, ...]] = dataclasses.field(default_factory=list)
    gain: Picture | None = None
    profit: Picture | None = None
    expected: str = ""
    expected_share: str = ""
    low: str = ""
    high: str = ""
    break_even: dict[str, str] | None = None
    caution: str = NOT_UPLIFT


def find_summary(
    model: Any, facts: Mapping[str, Any], y: np.ndarray | None, source: str
) -> ResponseSummary | None:
    """Return held-out counts: those of the archive, or of out-of-fold probabilities."""
    stored = facts.get("response")
    if stored is not None:
        return ResponseSummary.from_dict(stored)
    last = last_step(model)
    classes = getattr(last, "classes_", None)
    if y is None or source != "out of fold" or classes is None or len(classes) != 2:
        return None
    proba = np.asarray(last.oof_proba_)
    labels, known = y[~pd.isna(y)].astype(str), np.isfinite(proba).all(axis=1)
    names = [str(label) for label in classes]
    counts = [int(np.sum(labels == name)) for name in names]
    name = responder_label(names, counts)
    scores = proba[known, names.index(name)]
    how = {"pos_label": True, "of_other_fit": True}
    found = response_summary(labels[known] == name, scores, **how)
    return dataclasses.replace(found, pos_label=name)


def describe_responders(
    found: ResponseSummary,
    classes: list[str],
    target: str | None,
    proba: np.ndarray | None,
    amounts: Mapping[str, float],
) -> RespondersPart:
    """Return what a manager reads, with no number about few customers."""
    label, safe = str(found.pos_label), found.merged(THRESHOLD)
    others = [other for other in classes if other != label]
    name = f"segment {label}" if target is None else f"{target} = {label}"
    part = RespondersPart(
        name=f"“{name}”",
        others=others[0] if len(others) == 1 else "",
        rate=share_text(found.rate),
        n_rows=f"{found.n_rows:,}",
    )
    if proba is not None and len(proba) >= THRESHOLD:
        expected, *ends = found.expected_responders(proba)
        part.expected, part.expected_share = (
            f"{expected:,.0f}",
            percent(expected / len(proba)),
        )
        part.low, part.high = (f"{end:,.0f}" for end in ends)
    if len(safe.n_customers) < 2:
        return part
    part.auc, part.auc_low, part.auc_high, part.average_precision = (
        f"{value:.2f}"
        for value in (
            *(found.roc_auc, found.roc_auc_low, found.roc_auc_high),
            found.average_precision,
        )
    )
    # in the last group there is no figure that could be shown
    last = float(safe.contacted[-2] / safe.n_rows)
    shares = [share for share in _SHARES if share < last]
    part.is_cut = len(shares) < len(_SHARES)
    shares += [last] if part.is_cut else []
    gains = safe.gain_table(shares=shares, **amounts)
    first = gains[gains["contacted"] <= max(_FIRST, shares[0])].iloc[-1]
    part.share, part.reached = percent(first["contacted"]), percent(first["gain"])
    part.lift = f"{first['lift']:.1f}"
    thresholds = found.gain_table(shares=shares)["threshold"]
    for row, threshold in zip(gains.itertuples(), thresholds, strict=True):
        texts = [percent(row.contacted), number_text(threshold), percent(row.gain)]
        texts.append(f"{row.lift:.1f}")
        texts += [f"{row.profit:,.0f}"] if "profit" in gains else []
        part.gains.append(tuple(texts))
    part.gain = _draw_gain(safe, part.name)
    if amounts:
        part.profit = _draw_profit(safe, amounts)
        even = found.break_even(**amounts)
        counts = even.n_responders, even.n_contacted - even.n_responders
        totals = found.responders_reached[-1], found.n_rows
        left = totals[0] - counts[0], totals[1] - totals[0] - counts[1]
        part.break_even = {
            "is_shown": "yes" if min(*counts, *left) >= THRESHOLD else "",
            "pays": "yes" if even.n_contacted else "",
            "cost": f"{even.cost_per_contact:,g}",
            "value": f"{even.value_per_response:,g}",
            "threshold": number_text(even.threshold),
            "share": percent(even.n_contacted / found.n_rows),
            "profit": f"{even.profit:,.0f}",
            "low": f"{even.low:,.0f}",
            "high": f"{even.high:,.0f}",
        }
    return part


def _draw_gain(found: ResponseSummary, name: str) -> Picture:
    contacted = found.contacted / found.n_rows
    gain = found.responders_reached / found.responders_reached[-1]
    curve = GainDisplay(curves={None: (contacted, gain)}, response_rate=found.rate)
    display = curve.plot()
    display.ax_.set_ylabel(cut(f"Share of all with {name}", 50), parse_math=False)
    words = ", ".join(
        f"{percent(share)} of the customers reach {percent(reached)}"
        for share, reached in zip(
            _SHARES, np.interp(_SHARES, contacted, gain), strict=True
        )
    )
    return as_picture(
        display.figure_,
        f"Share of all with {name} among the customers with the highest probabilities: "
        f"{words}.",
    )


def _draw_profit(found: ResponseSummary, amounts: Mapping[str, float]) -> Picture:
    shares = np.linspace(0, 1, _N_POINTS)
    cost, value = amounts["cost_per_contact"], amounts["value_per_response"]
    reached = np.interp(
        shares * found.n_rows, found.contacted, found.responders_reached
    )
    profit = value * reached - cost * shares * found.n_rows
    display = ProfitDisplay(curves={None: (shares, profit, profit, profit)}).plot()
    share, best = display.best_[None]
    return as_picture(
        display.figure_,
        f"Profit by the share of customers contacted: highest, {best:,.0f}, at "
        f"{percent(share)}.",
    )
