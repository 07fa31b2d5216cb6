"""What a report says of each segment, as far as its size lets anything be said."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.inspection import SegmentProfile
from segmentlearn.inspection.contrasts import NumberContrast
from segmentlearn.inspection.described import OTHER_LEVELS
from segmentlearn.inspection.membership import is_noise
from segmentlearn.inspection.naming import NOISE_NAME
from segmentlearn.inspection.wording import level_text, number_text, percent
from segmentlearn.plotting import SegmentProfileDisplay
from segmentlearn.report.pictures import Picture, draw_bars
from segmentlearn.report.suppression import (
    THRESHOLD,
    ShownCount,
    may_show_share,
    suppress,
)

_MOST_TRAITS = 5
_MOST_BARS = 6
_MOST_RULES = 2
_LONGEST_EFFECT = 3.0
_FEW = f"Fewer than {THRESHOLD} customers: nothing more is said, to protect them."
_WITHHELD = (
    "Its size is not shown, since that of a very small segment could be worked out "
    "from it; for the same reason it is described in words alone."
)
_NOT_SAMPLED = "Too few of its customers are in the sample to describe them."


@dataclasses.dataclass
class SegmentPart:
    """One segment of a report.

    Parameters
    ----------
    label : str
        Its label.
    name : str
        Its name.
    size : ShownCount
        Customers in it.
    share : str
        Their share; empty where the size is hidden.
    traits : list of (str, str)
        Column, and what is different.
    rules : list of (str, str)
        Rule, and how well it finds the segment.
    picture : Picture or None
        The strongest effects.
    note : str
        Why less is said; empty otherwise.
    """

    label: str
    name: str
    size: ShownCount
    share: str
    traits: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    rules: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    picture: Picture | None = None
    note: str = ""


def list_segments(
    labels: list[Any],
    sizes: np.ndarray,
    profile: SegmentProfile | None,
    known_names: dict[Any, str],
) -> list[SegmentPart]:
    """Describe segments, those that are too small with fewer words.

    Parameters
    ----------
    labels : list
        All segments that the model knows.
    sizes : ndarray of int of shape (n_segments,)
        Customers of each.
    profile : SegmentProfile or None
        Of a sample in which rare levels are put together.
    known_names : dict of label to str
        Names that the model keeps, without rare levels.

    Returns
    -------
    parts : list of SegmentPart
    """
    shown = suppress(sizes.tolist())
    parts = []
    for label, size, one in zip(labels, sizes, shown, strict=True):
        name = NOISE_NAME if is_noise(label) else known_names.get(label, "")
        share = percent(size / sizes.sum()) if one.is_shown else ""
        part = SegmentPart(str(label), name, one, share)
        parts.append(part)
        if size < THRESHOLD:
            part.note, part.name = _FEW, part.name or f"segment {label}"
            continue
        at = _place(profile, label)
        if profile is None or at is None or profile.sizes[at] < THRESHOLD:
            part.note, part.name = _NOT_SAMPLED, part.name or f"segment {label}"
            continue
        part.name = part.name or profile.names[profile.labels[at]]
        part.rules = _rules(profile, at, one.is_shown)
        part.traits = _traits(profile, at, one.is_shown)
        if one.is_shown:
            part.picture = _picture(profile, at, part)
        else:
            part.note = _WITHHELD
    return parts


def draw_sizes(parts: list[SegmentPart], sizes: np.ndarray) -> Picture:
    """Draw the sizes of segments; hidden ones have no bar.

    Parameters
    ----------
    parts : list of SegmentPart
        The segments.
    sizes : ndarray of int of shape (n_segments,)
        Customers of each.

    Returns
    -------
    picture : Picture
    """
    shares = [
        100 * size / sizes.sum() if part.size.is_shown else np.nan
        for part, size in zip(parts, sizes, strict=True)
    ]
    names = [
        part.label if part.name == part.label else f"{part.label}: {part.name}"
        for part in parts
    ]
    texts = [part.share or str(part.size) for part in parts]
    said = "; ".join(
        f"{name}: {part.size} customers" + (f" ({part.share})" if part.share else "")
        for name, part in zip(names, parts, strict=True)
    )
    words = f"Sizes of the segments. {said}."
    unit = "percent of the customers"
    return draw_bars(names, shares, texts, words=words, unit=unit)


def _place(profile: SegmentProfile | None, label: Any) -> int | None:
    if profile is None:
        return None
    texts = [str(one) for one in profile.labels]
    return texts.index(str(label)) if str(label) in texts else None


def _traits(
    profile: SegmentProfile, at: int, with_numbers: bool
) -> list[tuple[str, str]]:
    """Say what sets a segment apart, with numbers where they hide no small count."""
    contrasts = {one.name: one for one in profile.contrasts}
    said = []
    for trait in profile.traits[at][:_MOST_TRAITS]:
        evidence = ""
        if with_numbers:
            evidence = _evidence(contrasts[trait.column], at, trait.strength)
        words = f"{trait.words} ({evidence})" if evidence else trait.words
        said.append((trait.column, words))
    return said


def _evidence(contrast: Any, at: int, strength: float) -> str:
    """Return the means or shares that a trait is about; empty for missing cells."""
    if isinstance(contrast, NumberContrast):
        # whom the means are of must be many, all of the column's gaps counted
        is_of_means = np.isclose(contrast.effect.estimate[at], strength)
        if contrast.n[:, at].min() < THRESHOLD or not is_of_means:
            return ""
        mean, rest = (number_text(one, contrast.kind) for one in contrast.mean[:, at])
        return f"{mean} on average, others {rest}"
    named = [k for k, level in enumerate(contrast.levels) if level != OTHER_LEVELS]
    if not named:
        return ""
    level = min(named, key=lambda k: abs(np.nan_to_num(contrast.h[at, k]) - strength))
    if not np.isclose(contrast.h[at, level], strength):
        return ""
    counts, n = contrast.counts[0, :, level], contrast.n[0]
    shown = [suppress(counts.tolist())[at], suppress((n - counts).tolist())[at]]
    others = may_show_share(int(contrast.counts[1, at, level]), int(contrast.n[1, at]))
    if not all(one.is_shown for one in shown) or not others:
        return ""
    share, rest = contrast.shares[:, at, level]
    text = level_text(contrast.levels[level], contrast.name)
    return f"{text}: {percent(share)}, others {percent(rest)}"


def _rules(
    profile: SegmentProfile, at: int, with_numbers: bool
) -> list[tuple[str, str]]:
    """Return the rules that find most of a segment, and how well."""
    frame = profile.to_frame("rules")
    own = frame[[str(one) == str(profile.labels[at]) for one in frame["segment"]]]
    said = []
    for rule in own.head(_MOST_RULES).itertuples():
        n_inside, size = round(rule.customers), int(profile.sizes[at])
        hits = round(rule.precision * n_inside)
        is_safe = may_show_share(hits, n_inside) and may_show_share(hits, size)
        words = (
            f"right for {percent(rule.precision)} of whom it names, finds "
            f"{percent(rule.recall)} of the segment"
            if is_safe and with_numbers
            else ""
        )
        # a rule of a handful of customers is about these customers
        if n_inside >= THRESHOLD and hits >= THRESHOLD:
            said.append((str(rule.rule), words))
    return said


def _picture(profile: SegmentProfile, at: int, part: SegmentPart) -> Picture | None:
    """Draw the strongest effects of a segment."""
    display = SegmentProfileDisplay.from_result(profile)
    effects = pd.Series(display.effects[at])
    strongest = effects.abs().sort_values(ascending=False, kind="stable").dropna()
    places = [one for one in strongest.index[:_MOST_BARS] if abs(effects[one]) >= 0.05]
    if not places:
        return None
    names = []
    for one in places:
        level = display.levels[at][one]
        column = display.effect_columns[one]
        names.append(f"{column}: {level}" if level else column)
    values = [float(effects[one]) for one in places]
    texts = [f"{value:+.1f}".replace("-", "−") for value in values]  # noqa: RUF001
    said = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    words = f"Strongest differences of segment {part.label} from all others: {said}."
    unit = "difference from all others (effect size)"
    return draw_bars(
        names, values, texts, words=words, unit=unit, longest=_LONGEST_EFFECT
    )
