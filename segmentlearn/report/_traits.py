"""What sets a segment apart, in words and figures that hide small counts."""

import dataclasses
from typing import Any

import numpy as np

from segmentlearn._formatting import level_text, number_text, percent
from segmentlearn.inspection import (
    OTHER_LEVELS,
    NumberContrast,
    SegmentProfile,
    short_name,
)
from segmentlearn.report._suppression import THRESHOLD, may_show_share, suppress

_MOST_TRAITS = 5
_MIDDLING = "close around the middle"


@dataclasses.dataclass(frozen=True)
class ShownTrait:
    """A way in which a segment differs, as a report tells it.

    Parameters
    ----------
    column : str
        Where it differs.
    title : str
        The column, and the level that is meant.
    strength : float
        Effect size of what the title names.
    words : str
        What is different.
    evidence : str
        The figures; empty where they would tell of few customers.
    """

    column: str
    title: str
    strength: float
    words: str
    evidence: str


def show_traits(
    profile: SegmentProfile, at: int, *, with_figures: bool
) -> list[ShownTrait]:
    """Say what sets a segment apart."""
    contrasts = {one.name: one for one in profile.contrasts}
    return [
        _show(contrasts[trait.column], trait, profile.sizes, at, with_figures)
        for trait in profile.traits[at][:_MOST_TRAITS]
    ]


def _show(
    contrast: Any, trait: Any, sizes: np.ndarray, at: int, with_figures: bool
) -> ShownTrait:
    """Look up what a trait is about, and the figures of it."""
    words = trait.words.removeprefix(f"{short_name(trait.column)}: ")
    title = trait.column
    level = None if trait.is_middling else _level(contrast, at, trait.strength)
    if trait.is_middling:
        words = _MIDDLING
        evidence = _quartiles(contrast, at)
    elif level is not None:
        title = f"{trait.column}: {level_text(contrast.levels[level], contrast.name)}"
        evidence = _shares(contrast, at, level)
    elif _is_of_means(contrast, at, trait.strength):
        evidence = _means(contrast, at)
    else:
        title = f"{trait.column}: unknown"
        evidence = _gaps(contrast, sizes, at)
    return ShownTrait(
        trait.column,
        title,
        float(trait.strength),
        words,
        evidence if with_figures else "",
    )


def _is_of_means(contrast: Any, at: int, strength: float) -> bool:
    """Tell whether a trait is the difference of means, not of missing cells."""
    return isinstance(contrast, NumberContrast) and bool(
        np.isclose(contrast.effect.estimate[at], strength)
    )


def _level(contrast: Any, at: int, strength: float) -> int | None:
    """Return the level that a trait is about; None where it is about none."""
    if isinstance(contrast, NumberContrast):
        return None
    named = [k for k, level in enumerate(contrast.levels) if level != OTHER_LEVELS]
    if not named:
        return None
    level = min(named, key=lambda k: abs(np.nan_to_num(contrast.h[at, k]) - strength))
    return level if np.isclose(contrast.h[at, level], strength) else None


def _means(contrast: NumberContrast, at: int) -> str:
    # whom the means are of must be many, all of the column's gaps counted
    if contrast.n[:, at].min() < THRESHOLD:
        return ""
    mean, rest = (number_text(one, contrast.kind) for one in contrast.mean[:, at])
    return f"{mean} on average, others {rest}"


def _quartiles(contrast: NumberContrast, at: int) -> str:
    """Return the middle halves, if ten customers at least lie beyond each end."""
    if contrast.n[:, at].min() < 4 * THRESHOLD:
        return ""
    low, _, high = contrast.quartiles[:, :, at]
    ends = [number_text(one) for one in (low[0], high[0], low[1], high[1])]
    return f"middle half {ends[0]} to {ends[1]}, others {ends[2]} to {ends[3]}"


def _shares(contrast: Any, at: int, level: int) -> str:
    counts, n = contrast.counts[:, :, level], contrast.n
    if not _may_show(counts, n, at):
        return ""
    share, rest = contrast.shares[:, at, level]
    text = level_text(contrast.levels[level], contrast.name)
    return f"{text}: {percent(share)}, others {percent(rest)}"


def _gaps(contrast: Any, sizes: np.ndarray, at: int) -> str:
    n = np.stack([sizes, sizes.sum() - sizes])
    if not _may_show(n - contrast.n, n, at):
        return ""
    share, rest = contrast.missing[:, at]
    return f"unknown: {percent(share)}, others {percent(rest)}"


def _may_show(counts: np.ndarray, n: np.ndarray, at: int) -> bool:
    """Tell whether the share of a segment may stand beside that of all others."""
    own, left = counts[0].tolist(), (n[0] - counts[0]).tolist()
    shown = [suppress(own)[at], suppress(left)[at]]
    others = may_show_share(int(counts[1, at]), int(n[1, at]))
    return others and all(one.is_shown for one in shown)
