"""Distinguishing features of each segment, strongest first."""

import dataclasses

import numpy as np

from segmentlearn.inspection._contrasts import (
    CategoryContrast,
    NumberContrast,
    missing_differences,
)
from segmentlearn.inspection._described import OTHER_LEVELS
from segmentlearn.inspection._wording import (
    SIZEABLE,
    DistinguishingFeature,
    find_standalone_levels,
)
from segmentlearn.metrics import EffectSize

_MIDDLING = 0.5  # quartile distance against that of the rest
_FEWEST_MIDDLING = 10
_MOST_MISSING = 0.5  # a column that is mostly missing does not describe a segment


def find_distinguishing_features(
    contrasts: list, sizes: np.ndarray, confidence_level: float
) -> list[list[DistinguishingFeature]]:
    """Return for each segment at most one feature a column."""
    standalone = find_standalone_levels(
        {c.name: c.levels for c in contrasts if isinstance(c, CategoryContrast)}
    )
    features: list[list[DistinguishingFeature]] = [[] for _ in sizes]
    for contrast in contrasts:
        missing = missing_differences(contrast, sizes, confidence_level)
        for segment, own in enumerate(features):
            candidates = [_of_missing(contrast, segment, *missing)]
            if contrast.missing[0, segment] <= _MOST_MISSING:
                if isinstance(contrast, NumberContrast):
                    candidates.append(_of_numbers(contrast, segment))
                else:
                    candidates.append(_of_levels(contrast, segment, standalone))
            there = [found for found in candidates if found and found.is_noticeable]
            own += sorted(there, key=_rank)[:1]
    return [sorted(found, key=_rank) for found in features]


def mean_feature(contrast: NumberContrast, segment: int) -> DistinguishingFeature:
    """Return the difference of means in one segment."""
    strength = float(contrast.effect.estimate[segment])
    values, kind = tuple(contrast.mean[:, segment]), contrast.kind
    return DistinguishingFeature("mean", contrast.name, strength, values, kind)


def level_feature(
    contrast: CategoryContrast,
    segment: int,
    level_at: int,
    standalone: set | frozenset = frozenset(),
) -> DistinguishingFeature:
    """Return the difference in the share of a level in one segment."""
    name, level = contrast.name, contrast.levels[level_at]
    strength = float(contrast.h[segment, level_at])
    values = tuple(contrast.shares[:, segment, level_at])
    which = (contrast.kind, level, level_at, (name, level) in standalone)
    return DistinguishingFeature("level", name, strength, values, *which)


def _rank(feature: DistinguishingFeature) -> tuple[bool, float]:
    """Sort what is strong first, then what is middling, then what is slight."""
    return not feature.is_sizeable, -abs(feature.strength)


def _of_numbers(contrast: NumberContrast, segment: int) -> DistinguishingFeature | None:
    """Return the difference of means, or that there is none and the range narrow."""
    d, low, high = (ends[segment] for ends in contrast.effect)
    if np.isnan(d):
        return None
    feature = mean_feature(contrast, segment)
    (lower, rest_lower), _, (upper, rest_upper) = contrast.quartiles[:, :, segment]
    is_middling = (
        contrast.kind == "number"
        and abs(d) < SIZEABLE
        and contrast.n[0, segment] >= _FEWEST_MIDDLING
        and rest_lower <= lower <= upper <= rest_upper
        and rest_lower < rest_upper
        and upper - lower <= _MIDDLING * (rest_upper - rest_lower)
    )
    if is_middling:
        values = (*feature.values, lower, upper, rest_lower, rest_upper)
        return dataclasses.replace(feature, kind="middle", values=values)
    return None if low <= 0 <= high else feature


def _of_levels(
    contrast: CategoryContrast, segment: int, standalone: set
) -> DistinguishingFeature | None:
    """Return the level that is most too frequent, or too rare where none is."""
    differences = contrast.differences
    usable = (differences.low[segment] > 0) | (differences.high[segment] < 0)
    usable &= np.array([level != OTHER_LEVELS for level in contrast.levels])
    if not usable.any():
        return None
    strengths = np.where(usable, contrast.h[segment], 0.0)
    best = int(np.argmax(strengths))
    if strengths[best] < SIZEABLE:
        best = int(np.argmax(np.abs(strengths)))
    if len(contrast.levels) == 2 and strengths[best] < 0:
        best = 1 - best
    return level_feature(contrast, segment, best, standalone)


def _of_missing(
    contrast: NumberContrast | CategoryContrast,
    segment: int,
    difference: EffectSize,
    h: np.ndarray,
) -> DistinguishingFeature | None:
    """Return the difference in missing cells."""
    if not (difference.low[segment] > 0 or difference.high[segment] < 0):
        return None  # not known, either
    strength, values = float(h[segment]), tuple(contrast.missing[:, segment])
    return DistinguishingFeature(
        "missing", contrast.name, strength, values, contrast.kind
    )
