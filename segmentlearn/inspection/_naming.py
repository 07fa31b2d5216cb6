"""What sets a segment apart, strongest first, and a name made of it."""

import dataclasses

import numpy as np

from segmentlearn._formatting import level_text, number_text, percent
from segmentlearn.inspection._contrasts import NumberContrast, missing_differences
from segmentlearn.inspection._described import OTHER_LEVELS
from segmentlearn.inspection._membership import is_noise
from segmentlearn.inspection._wording import (
    SIZEABLE,
    SLIGHT,
    level_words,
    missing_words,
    number_words,
    short_name,
    tell_themselves,
)

AVERAGE = "average customer"
NOISE_NAME = "noise (unassigned)"
_MOST_EFFECTS = 3
_MIDDLING = 0.5  # quartile distance against that of the rest
_FEWEST_MIDDLING = 10
_MOST_MISSING = 0.5  # cells of a column that mostly is unknown tell little of a segment


@dataclasses.dataclass
class Trait:
    """One way in which a segment differs from the rest.

    Attributes
    ----------
    column : str
        Where it differs.
    strength : float
        Cohen's d of numbers, Cohen's h of the share of a level or of missing cells.
    words : str
        For the name.
    evidence : str
        The numbers of the segment and of the others.
    is_middling : bool, default=False
        Whether the segment is set apart by lying close around the middle.
    """

    column: str
    strength: float
    words: str
    evidence: str
    is_middling: bool = False

    @property
    def is_sizeable(self):
        """Whether the trait is telling enough for a name."""
        return self.is_middling or abs(self.strength) >= SIZEABLE


def find_traits(contrasts, sizes, confidence_level):
    """List what sets each segment apart."""
    plain = tell_themselves(
        {
            contrast.name: contrast.levels
            for contrast in contrasts
            if not isinstance(contrast, NumberContrast)
        }
    )
    traits = [[] for _ in sizes]
    for contrast in contrasts:
        gaps = missing_differences(contrast, sizes, confidence_level)
        for segment, found in enumerate(traits):
            candidates = [*_of_missing(contrast, segment, gaps)]
            if isinstance(contrast, NumberContrast):
                candidates += _of_numbers(contrast, segment)
            else:
                candidates += _of_levels(contrast, segment, plain)
            candidates = [
                one
                for one in candidates
                if one.is_middling or abs(one.strength) >= SLIGHT
            ]
            if candidates:
                found.append(min(candidates, key=_rank))
    return [sorted(found, key=_rank) for found in traits]


def name_segments(labels, traits, known):
    """Give each segment a name of its own."""
    names = {label: known[label] for label in labels if label in known}
    names.update({label: NOISE_NAME for label in labels if is_noise(label)} | names)
    open_ = {
        label: found
        for label, found in zip(labels, traits, strict=True)
        if label not in names
    }
    used = {
        label: min(_MOST_EFFECTS, sum(trait.is_sizeable for trait in found))
        for label, found in open_.items()
    }
    while True:
        words = {label: _join(open_[label], used[label]) for label in open_}
        alike = _alike(words, names.values())
        grown = [label for label in alike if used[label] < len(open_[label])]
        if not grown:
            break
        for label in grown:
            used[label] += 1
    for label in alike:
        words[label] += f" (segment {label})"
    names.update(words)
    return {label: names[label] for label in labels}


def _rank(trait):
    """Sort key: what is strong, then what is middling, then what is slight."""
    return (not trait.is_sizeable, -abs(trait.strength))


def _join(traits, used):
    """Put the strongest effects in one line."""
    chosen = traits[:used]
    words = [trait.words for trait in chosen]
    if not any(trait.is_sizeable for trait in chosen):
        words.insert(0, AVERAGE)
    return ", ".join(words)


def _alike(words, taken):
    """Return the labels whose names are not their own."""
    listed = [*words.values(), *taken]
    return [label for label, name in words.items() if listed.count(name) > 1]


def _of_numbers(contrast, segment):
    """Yield the difference of means, or that there is none and little spread."""
    d, low, high = (ends[segment] for ends in contrast.effect)
    if np.isnan(d) or contrast.missing[0, segment] > _MOST_MISSING:
        return
    mean, rest = (
        number_text(value, contrast.kind) for value in contrast.mean[:, segment]
    )
    evidence = f"{mean} on average, others {rest}"
    if _is_middling(contrast, segment):
        ends = [
            number_text(end, contrast.kind) for end in _middle_half(contrast, segment)
        ]
        evidence += f"; middle half {ends[0]} to {ends[1]}"
        evidence += f", others {ends[2]} to {ends[3]}"
        words = f"average {short_name(contrast.name)}"
        yield Trait(contrast.name, float(d), words, evidence, is_middling=True)
    elif not low <= 0 <= high:
        words = number_words(contrast.name, contrast.kind, d)
        yield Trait(contrast.name, float(d), words, evidence)


def _is_middling(contrast, segment):
    """Tell whether a segment lies close around the middle of the others."""
    low, high, rest_low, rest_high = _middle_half(contrast, segment)
    return (
        contrast.kind == "number"
        and rest_low < rest_high
        and abs(contrast.effect.estimate[segment]) < SIZEABLE
        and contrast.n[0, segment] >= _FEWEST_MIDDLING
        and rest_low <= low
        and high <= rest_high
        and high - low <= _MIDDLING * (rest_high - rest_low)
    )


def _middle_half(contrast, segment):
    """Return the outer quartiles of a segment and those of the rest."""
    low, _, high = contrast.quartiles[:, :, segment]
    return low[0], high[0], low[1], high[1]


def _of_levels(contrast, segment, plain):
    """Yield the level that is most too frequent, or too rare where none is."""
    h = contrast.h[segment]
    low, high = contrast.differences.low[segment], contrast.differences.high[segment]
    usable = (low > 0) | (high < 0)
    usable &= contrast.missing[0, segment] <= _MOST_MISSING
    usable &= np.array([level != OTHER_LEVELS for level in contrast.levels])
    if not usable.any():
        return
    strengths = np.where(usable, h, 0.0)
    best = int(np.argmax(strengths))
    if strengths[best] < SIZEABLE:
        best = int(np.argmax(np.abs(strengths)))
    if len(contrast.levels) == 2 and strengths[best] < 0:
        best = 1 - best
    share, rest = contrast.shares[:, segment, best]
    level = contrast.levels[best]
    alone = (contrast.name, level) in plain
    yield Trait(
        contrast.name,
        float(h[best]),
        level_words(contrast.name, level, share, h[best], alone),
        f"{percent(share)} {level_text(level, None if alone else contrast.name)}, "
        f"others {percent(rest)}",
    )


def _of_missing(contrast, segment, gaps):
    """Yield the difference in missing cells."""
    difference, h = gaps
    if difference.low[segment] > 0 or difference.high[segment] < 0:
        share, rest = contrast.missing[:, segment]
        yield Trait(
            contrast.name,
            float(h[segment]),
            missing_words(contrast.name, share, h[segment]),
            f"unknown for {percent(share)}, others {percent(rest)}",
        )
