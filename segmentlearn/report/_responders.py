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
    BreakEven,
    ResponseSummary,
    responder_label,
    response_summary,
)
from segmentlearn.plotting import GainDisplay, ProfitDisplay, cut
from segmentlearn.report._pictures import Picture, as_picture
from segmentlearn.report._suppression import THRESHOLD

_FIRST = 0.2  # of the customers, whom the headline is about


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
        Whether rows of the table are left out, to protect customers.
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
    label = str(found.pos_label)
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
    given: dict[str, Any] = dict(amounts)
    even = found.break_even(**given) if given else None
    gains = found.gain_table(**given)  # the figures that `fit` prints
    wanted = [] if even is None else [even.n_contacted]
    shown = found.shown_contacts(THRESHOLD, [*wanted, *gains["customers"]])
    is_safe = gains["customers"].isin(shown)
    part.is_cut, gains = not is_safe.all(), gains[is_safe]
    if len(shown) == 2:  # nobody and all
        return part
    part.auc, part.auc_low, part.auc_high, part.average_precision = (
        f"{value:.2f}"
        for value in (
            *(found.roc_auc, found.roc_auc_low, found.roc_auc_high),
            found.average_precision,
        )
    )
    first = gains[gains["contacted"] <= max(_FIRST, gains["contacted"].min())].iloc[-1]
    if first["contacted"] < 1:
        part.share, part.reached = percent(first["contacted"]), percent(first["gain"])
        part.lift = f"{first['lift']:.1f}"
    for row in gains.itertuples():
        texts = [percent(row.contacted), number_text(row.threshold), percent(row.gain)]
        texts.append(f"{row.lift:.1f}")
        texts += [f"{row.profit:,.0f}"] if "profit" in gains else []
        part.gains.append(tuple(texts))
    reached = np.interp(shown, found.contacted, found.responders_reached)
    part.gain = _draw_gain(shown, reached, part)
    if even is not None:
        part.profit = _draw_profit(shown, reached, even)
        part.break_even = {
            "is_shown": "yes" if even.n_contacted in shown else "",
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


def _draw_gain(
    contacted: np.ndarray, reached: np.ndarray, part: RespondersPart
) -> Picture:
    curve = contacted / contacted[-1], reached / reached[-1]
    rate = float(reached[-1] / contacted[-1])
    display = GainDisplay(curves={None: curve}, response_rate=rate).plot()
    label = cut(f"Share of all with {part.name}", 50)
    display.ax_.set_ylabel(label, parse_math=False)
    words = ", ".join(
        f"{share} of the customers reach {gain}" for share, _, gain, *_ in part.gains
    )
    return as_picture(
        display.figure_,
        f"Share of all with {part.name} among the customers with the highest "
        f"probabilities: {words}.",
    )


def _draw_profit(
    contacted: np.ndarray, reached: np.ndarray, even: BreakEven
) -> Picture:
    profit = even.value_per_response * reached - even.cost_per_contact * contacted
    shares, marked = contacted / contacted[-1], {}
    words = "Profit by the share of customers contacted"
    if even.n_contacted in contacted:
        share = even.n_contacted / contacted[-1]
        marked = {None: (share, even.profit)}
        words += f": {even.profit:,.0f} from the {percent(share)} whose contact pays"
    curves = {None: (shares, profit, profit, profit)}
    display = ProfitDisplay(curves=curves, marked=marked).plot()
    return as_picture(display.figure_, f"{words}.")
