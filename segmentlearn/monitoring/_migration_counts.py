"""Customers by their segments before and now: matrices, shares, and words for them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from segmentlearn._formatting import count_text, share_text
from segmentlearn.exceptions import SchemaError
from segmentlearn.inspection import NOISE, NOISE_NAME
from segmentlearn.metrics import wilson_interval

ENTERED, LEFT = "entered", "left"
_WORTH_SAYING = 0.005
_FEWEST_VALUED = 10  # customers whose value may be shown together
_STEPS = np.linspace(0.0, 1.0, 25)
_EASE = 3 * _STEPS**2 - 2 * _STEPS**3


@dataclass(frozen=True)
class FlowPicture:
    """Where bars and flows lie in a picture of who moved, from 0 (top) to about 1.

    Attributes
    ----------
    bars : tuple of two (ndarray, ndarray)
        Starts and heights of the bars before and now, one a row and column.
    flows : list of (int, int, ndarray, ndarray)
        Row, column, upper and lower edge at each of `steps`.
    steps : ndarray
        How far along a flow is, from 0 to 1.
    """

    bars: tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
    flows: list[tuple[int, int, np.ndarray, np.ndarray]]
    steps: np.ndarray

    @classmethod
    def of(cls, counts: np.ndarray, gap: float) -> "FlowPicture":
        """Return the picture of a matrix, with gaps between the bars."""
        total = max(counts.sum(), 1e-12)
        bars = tuple(_stack(counts.sum(axis=axis) / total, gap) for axis in (1, 0))
        tops, flows = [starts.copy() for starts, _ in bars], []
        for old, new in zip(*np.nonzero(counts), strict=True):
            height = counts[old, new] / total
            upper = tops[0][old] + (tops[1][new] - tops[0][old]) * _EASE
            flows.append((int(old), int(new), upper, upper + height))
            tops[0][old] += height
            tops[1][new] += height
        return cls((bars[0], bars[1]), flows, _STEPS)


def _stack(heights: np.ndarray, gap: float) -> tuple[np.ndarray, np.ndarray]:
    """Return where bars start that are stacked with gaps, and their heights."""
    steps = heights + np.where(heights > 0, gap, 0.0)
    return np.cumsum(steps) - steps, heights


def expected_counts(
    known: pd.Index, noise: pd.DataFrame, stayed: np.ndarray, anew: np.ndarray
) -> pd.DataFrame:
    """Return the customers in each pair of segments if nobody had changed."""
    total = noise.reindex(index=known, columns=known, fill_value=0.0).to_numpy(
        copy=True
    )
    np.fill_diagonal(total, 0.0)
    old, new = (known.get_indexer(pd.Index(s, dtype=object)) for s in (stayed, anew))
    there = (old >= 0) & (new >= 0)  # a segment may have nobody
    np.add.at(total, (old[there], new[there]), 1.0)
    return pd.DataFrame(total, known, known)


def take_segments(ids: list, codes: np.ndarray) -> np.ndarray:
    """Return the segment of each customer; noise is -1."""
    return np.array([*ids, NOISE], dtype=object)[codes]


def segments_in_order(segments: list[np.ndarray]) -> list:
    """Return all segments there are, noise last."""
    found = set(segments[0].tolist()) | set(segments[1].tolist())
    noise = [NOISE] if NOISE in found else []
    rest = found - {NOISE}
    try:
        return [*sorted(rest), *noise]
    except TypeError:
        return [*sorted(rest, key=str), *noise]


def migration_tables(
    segments: list[np.ndarray],
    rows: tuple[np.ndarray, np.ndarray],
    values: tuple[np.ndarray, np.ndarray] | None,
) -> dict[str, Any]:
    """Return the matrices of customers and of their values."""
    known = pd.Index(segments_in_order(segments), dtype=object)
    codes = [known.get_indexer(pd.Index(one, dtype=object)) for one in segments]
    n = len(known)
    old, new = rows
    stays = np.zeros(len(codes[0]), dtype=bool), np.zeros(len(codes[1]), dtype=bool)
    stays[0][old] = stays[1][new] = True
    place = codes[0] * (n + 1) + n  # who left
    place[old] = codes[0][old] * (n + 1) + codes[1][new]
    entered = n * (n + 1) + codes[1][~stays[1]]
    cells = np.concatenate([place, entered])

    def matrix(weights: np.ndarray | None) -> pd.DataFrame:
        total = np.bincount(cells, weights=weights, minlength=(n + 1) ** 2)
        shaped = total.reshape(n + 1, n + 1)
        return pd.DataFrame(shaped, [*known, ENTERED], [*known, LEFT])

    weighted = None
    if values is not None:
        weighted = matrix(np.concatenate([values[0], values[1][~stays[1]]]))
    return {"counts": matrix(None), "values": weighted}


def moved_customers(
    tables: tuple[pd.DataFrame, pd.DataFrame],
    keys: list[str],
    segments: list[np.ndarray],
    rows: tuple[np.ndarray, np.ndarray],
    periods: tuple[str, str],
    values: tuple[np.ndarray, np.ndarray] | None,
    value: str | None,
) -> pd.DataFrame:
    """Return a row for each customer who moved, left or entered, in this order."""
    old, new = rows
    moved = segments[0][old] != segments[1][new]
    left = np.setdiff1d(np.arange(len(segments[0])), old)
    entered = np.setdiff1d(np.arange(len(segments[1])), new)
    before, now = np.concatenate([old[moved], left]), new[moved]
    found = pd.concat(
        [tables[0][keys].iloc[before], tables[1][keys].iloc[entered]], ignore_index=True
    )
    came, gone = (
        np.full(len(of), word, dtype=object)
        for of, word in ((entered, ENTERED), (left, LEFT))
    )
    found["from_period"], found["to_period"] = periods
    found["from"] = np.concatenate([segments[0][before], came])
    found["to"] = np.concatenate([segments[1][now], gone, segments[1][entered]])
    if value is not None and values is not None:
        found[value] = np.concatenate([values[0][before], values[1][entered]])
    return found


def customer_values(
    old_X: pd.DataFrame, new_X: pd.DataFrame, value: str | None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return what customers are worth; a missing value is worth nothing."""
    if value is None:
        return None
    found = []
    for what, X in (("old_X", old_X), ("new_X", new_X)):
        if value not in X.columns:
            raise SchemaError(
                f"value={value!r} is not a column of {what}; its columns are "
                f"{list(X.columns)}."
            )
        try:
            numbers = X[value].to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            raise SchemaError(
                f"value={value!r} of {what} is no column of numbers ({X[value].dtype})."
            ) from None
        found.append(np.nan_to_num(numbers, posinf=0.0, neginf=0.0))
    return found[0], found[1]


def share_changes(
    segments: list[np.ndarray], scored: np.ndarray | None, names: dict
) -> pd.DataFrame:
    """Return shares of both periods, and what their changes are made of."""
    known = pd.Index(segments_in_order(segments), dtype=object)

    def shares(of: np.ndarray) -> np.ndarray:
        codes = known.get_indexer(pd.Index(of, dtype=object))
        counts = np.bincount(codes[codes >= 0], minlength=len(known))
        return counts / max(len(of), 1)

    old, new = shares(segments[0]), shares(segments[1])
    same = np.full(len(known), np.nan) if scored is None else shares(scored)
    titles = {NOISE: NOISE_NAME, **names}
    return pd.DataFrame(
        {
            "segment": known,
            "name": pd.Series([titles.get(s) for s in known], dtype=object),
            "old_share": old,
            "new_share": new,
            "change": new - old,
            "mix": same - old,
            "redefinition": new - same,
        }
    )


def sentences_of(found: Any, min_count: int) -> list[str]:
    """Return the sentences of a SegmentMigration, see `SegmentMigration.sentences`."""
    old, new = found.periods

    cells = found.counts.to_numpy()
    is_rounded = bool(((cells > 0) & (cells < min_count)).any())

    def rounded(number: int) -> int:
        return min_count * round(number / min_count) if is_rounded else number

    def customers(number: int) -> str:
        if 0 < number < min_count:
            return f"fewer than {min_count} customers"
        about = "about " if is_rounded and number else ""
        return f"{about}{count_text(rounded(number), 'customer')}"

    left, entered = (
        int(found.counts[LEFT].sum()),
        int(found.counts.loc[ENTERED].sum()),
    )
    shared = customers(found.n_shared)
    sentences = [
        f"{shared[0].upper()}{shared[1:]} are in both periods, {old} and "
        f"{new}; {customers(left)} left and {customers(entered)} entered."
    ]
    of_which = {"another": found.n_moved, "the same": found.n_shared - found.n_moved}
    few = [which for which, n in of_which.items() if 0 < n < min_count]
    if few:
        whom = f"Fewer than {min_count} of them"
        sentences.append(f"{whom} are in {few[0]} segment.")
    elif found.n_shared:
        numbers = rounded(found.n_moved), rounded(found.n_shared)
        share, low, high = wilson_interval(*numbers, norm.isf(0.025))
        sentences.append(
            f"{share_text(float(share))} of them are in another segment "
            f"({share_text(float(low.clip(0)))} to "
            f"{share_text(float(high.clip(None, 1)))})."
        )
        if found.values is not None and found.n_moved >= _FEWEST_VALUED:
            inner = found.values.to_numpy()[:-1, :-1]
            if inner.sum() > 0:
                worth = share_text(float(1 - np.trace(inner) / inner.sum()))
                what = found.value_name or "the value"
                sentences[-1] = f"{sentences[-1][:-1]}; they hold {worth} of {what}."
    if found.redefined_share >= _WORTH_SAYING:
        sentences.append(
            f"The new model moves {share_text(found.redefined_share)} of them by "
            "what they were before: the segments changed, they did not."
        )
    if found.real_share > 0:
        sentences.append(
            "Two models never draw the same borders between segments: that alone "
            f"(label noise) would have moved {share_text(found.noise_share)}. "
            f"Beyond that {share_text(found.real_share)} really moved."
        )
    elif not np.isnan(found.noise_share) and found.n_moved:
        sentences.append(
            "That is no more than two models of the same customers may differ by "
            "(label noise): it does not show that anybody really moved."
        )
    return sentences
