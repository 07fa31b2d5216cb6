"""The part of a report on each segment, as far as its size allows."""

import dataclasses
from typing import Any

import numpy as np

from segmentlearn._formatting import effect_text, percent, value_text, with_minus
from segmentlearn.inspection import (
    NOISE_NAME,
    DistinguishingFeature,
    SegmentProfile,
    is_noise,
)
from segmentlearn.report._pictures import Picture, draw_bars
from segmentlearn.report._suppression import (
    THRESHOLD,
    ShownCount,
    may_show_share,
    suppress,
)

_MOST_FEATURES = 5
_MOST_RULES = 2
_LONGEST_EFFECT = 3.0


@dataclasses.dataclass
class SegmentPart:
    """One segment of a report.

    Attributes
    ----------
    label, name : str
        What it is called.
    size : ShownCount
        Customers in it.
    share : str
        Their share; empty where the size is hidden.
    value : str
        Their share of the value; empty where it is not known, or the size is hidden.
    features : list of (str, str)
        Column, and how the segment differs in it.
    rules : list of (str, str)
        Rule, and how well it finds the segment.
    picture : Picture or None
        The strongest effects.
    note : {"", "few", "not sampled", "withheld"}
        Why less is shown.
    lacks_figures : bool
        Whether a feature or a rule has no figures, to protect customers.
    """

    label: str
    name: str
    size: ShownCount
    share: str
    features: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    rules: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    picture: Picture | None = None
    note: str = ""
    lacks_figures: bool = False
    value: str = ""

    @property
    def title(self) -> str:
        """The label, and the name if there is one."""
        is_named = self.name not in (self.label, f"segment {self.label}")
        return f"{self.label}: {self.name}" if is_named else self.label


def list_segments(
    labels: list, sizes: np.ndarray, profile: SegmentProfile | None, kept_names: dict
) -> list[SegmentPart]:
    """Describe segments, those that are too small with fewer words."""
    known = [] if profile is None else list(map(str, profile.labels))
    parts = []
    for label, size, count in zip(labels, sizes, suppress(sizes.tolist()), strict=True):
        name = NOISE_NAME if is_noise(label) else kept_names.get(label, "")
        share = percent(size / sizes.sum()) if count.is_shown else ""
        part = SegmentPart(str(label), name or f"segment {label}", count, share)
        at = known.index(str(label)) if str(label) in known else -1
        if size < THRESHOLD:
            part.note = "few"
        elif profile is None or at < 0 or profile.sizes[at] < THRESHOLD:
            part.note = "not sampled"
        else:
            part.name = name or profile.names[profile.labels[at]]
            _describe(part, profile, at)
        parts.append(part)
    return parts


def add_values(
    parts: list[SegmentPart], sizes: np.ndarray, sums: np.ndarray, column: str
) -> str:
    """Add the share of the value of each segment whose size is shown; sum it up."""
    shares, values = sizes / sizes.sum(), sums / sums.sum()
    shown = [at for at, part in enumerate(parts) if part.size.is_shown and sizes[at]]
    for at in shown:
        parts[at].value = f"{percent(values[at])} of {column}"
    if not shown:
        return ""
    titles = [parts[at].title for at in shown]
    return value_text(titles, shares[shown], values[shown], column)


def draw_sizes(parts: list[SegmentPart], sizes: np.ndarray) -> Picture:
    """Draw the sizes of segments; hidden ones have no bar."""
    shares = [
        100 * size / sizes.sum() if part.size.is_shown else np.nan
        for part, size in zip(parts, sizes, strict=True)
    ]
    names, texts, facts = [], [], []
    for part in parts:
        names.append(part.title)
        texts.append(part.share or str(part.size))
        share = f" ({part.share})" if part.share else ""
        facts.append(f"{names[-1]}: {part.size} customers{share}")
    words = f"Sizes of the segments. {'; '.join(facts)}."
    return draw_bars(names, shares, texts, words=words, unit="percent of the customers")


def _describe(part: SegmentPart, profile: SegmentProfile, at: int) -> None:
    """Add what sets a segment apart, and its rules."""
    features = profile.distinguishing_features[at][:_MOST_FEATURES]
    if not part.size.is_shown:
        part.note = "withheld"
        part.features = [(feature.column, feature.statement) for feature in features]
        part.rules = [(rule, "") for rule, _ in _rules(profile, at)]
        return
    part.rules = _rules(profile, at)
    part.picture = _picture(part.label, features)
    part.lacks_figures = not all(quality for _, quality in part.rules)
    for feature in features:
        text = feature.statement
        if _may_show_evidence(profile, feature, at):
            text += f" ({feature.evidence})"
        else:
            part.lacks_figures = True
        part.features.append((feature.column, text))


def _may_show_evidence(
    profile: SegmentProfile, feature: DistinguishingFeature, at: int
) -> bool:
    """Return whether the figures of a feature are those of many customers."""
    contrast: Any = profile.contrasts[profile.columns.index(feature.column)]
    n, sizes = contrast.n, profile.sizes
    if feature.kind == "level":
        return _may_show_shares(contrast.counts[:, :, feature.level_at], n, at)
    if feature.kind == "missing":
        rows = np.stack([sizes, sizes.sum() - sizes])
        return _may_show_shares(contrast.n_missing, rows, at)
    # at least ten of forty customers are beyond each quartile
    times = {"middle": 4, "median": 2}.get(feature.kind, 1)
    return n[:, at].min() >= times * THRESHOLD


def _may_show_shares(counts: np.ndarray, n: np.ndarray, at: int) -> bool:
    """Return whether the shares of a segment and of all others may be shown."""
    left = n - counts
    is_shown = [suppress(own[0].tolist())[at].is_shown for own in (counts, left)]
    return all(is_shown) and may_show_share(int(counts[1, at]), int(n[1, at]))


def _rules(profile: SegmentProfile, at: int) -> list[tuple[str, str]]:
    """Return the rules that find most of a segment, and how well."""
    frame = profile.to_frame("rules")
    own = frame[frame["segment"].map(str) == str(profile.labels[at])]
    rules = []
    for rule in own.head(_MOST_RULES).itertuples():
        n_inside, size = round(rule.customers), int(profile.sizes[at])
        hits = round(rule.precision * n_inside)
        is_safe = may_show_share(hits, n_inside) and may_show_share(hits, size)
        quality = (
            f"right for {percent(rule.precision)} of those it selects, finds "
            f"{percent(rule.recall)} of the segment"
        )
        # a rule of a handful of customers is about these customers
        if n_inside >= THRESHOLD and hits >= THRESHOLD:
            rules.append((str(rule.rule), quality if is_safe else ""))
    return rules


def _picture(label: str, features: list[DistinguishingFeature]) -> Picture | None:
    """Draw how strong each feature of the list beside is."""
    if not features:
        return None
    names = [feature.title for feature in features]
    values = [feature.strength for feature in features]
    texts = [with_minus(effect_text(value)) for value in values]
    bars = ", ".join(map(" ".join, zip(names, texts, strict=True)))
    words = f"Strongest differences of segment {label} from all others: {bars}."
    unit, longest = "difference from all others (effect size)", _LONGEST_EFFECT
    return draw_bars(names, values, texts, words=words, unit=unit, longest=longest)
