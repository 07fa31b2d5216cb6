"""What a report says of each segment, as far as its size lets anything be said."""

import dataclasses
from typing import Any

import numpy as np

from segmentlearn._formatting import percent
from segmentlearn.inspection import NOISE_NAME, SegmentProfile, is_noise
from segmentlearn.report._pictures import Picture, draw_bars
from segmentlearn.report._suppression import (
    THRESHOLD,
    ShownCount,
    may_show_share,
    suppress,
)
from segmentlearn.report._traits import ShownTrait, show_traits

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
    lacks_figures : bool
        Whether a trait or a rule has no figures, to protect customers.
    """

    label: str
    name: str
    size: ShownCount
    share: str
    traits: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    rules: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    picture: Picture | None = None
    note: str = ""
    lacks_figures: bool = False


def list_segments(
    labels: list[Any],
    sizes: np.ndarray,
    profile: SegmentProfile | None,
    known_names: dict[Any, str],
) -> list[SegmentPart]:
    """Describe segments, those that are too small with fewer words."""
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
        traits = show_traits(profile, at, with_figures=one.is_shown)
        part.traits = [(trait.column, _sentence(trait)) for trait in traits]
        if one.is_shown:
            part.picture = _picture(part, traits)
            part.lacks_figures = not all(
                [trait.evidence for trait in traits]
                + [words for _, words in part.rules]
            )
        else:
            part.note = _WITHHELD
    return parts


def draw_sizes(parts: list[SegmentPart], sizes: np.ndarray) -> Picture:
    """Draw the sizes of segments; hidden ones have no bar."""
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


def _sentence(trait: ShownTrait) -> str:
    return f"{trait.words} ({trait.evidence})" if trait.evidence else trait.words


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


def _picture(part: SegmentPart, shown: list[ShownTrait]) -> Picture | None:
    """Draw how strong each trait of the list beside is."""
    if not shown:
        return None
    names = [one.title for one in shown]
    values = [one.strength for one in shown]
    texts = [_signed(value) for value in values]
    said = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    words = f"Strongest differences of segment {part.label} from all others: {said}."
    unit = "difference from all others (effect size)"
    return draw_bars(
        names, values, texts, words=words, unit=unit, longest=_LONGEST_EFFECT
    )


def _signed(strength: float) -> str:
    if np.isinf(strength):
        return "∞" if strength > 0 else "−∞"  # noqa: RUF001
    if abs(strength) < 0.05:
        return "0.0"
    return f"{strength:+.1f}".replace("-", "−")  # noqa: RUF001
