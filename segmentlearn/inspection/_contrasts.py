"""Contrast each segment with the rest, and what distinguishes it, strongest first."""

import dataclasses
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from segmentlearn.inspection._described import OTHER_LEVELS
from segmentlearn.inspection._wording import (
    SIZEABLE,
    DistinguishingFeature,
    find_standalone_levels,
)
from segmentlearn.metrics import (
    EffectSize,
    RankedGroups,
    chi_squared,
    cohen_h,
    cramers_v,
    difference_of_shares,
)

_MIDDLING = 0.5  # quartile distance against that of the rest
_FEWEST_MIDDLING = 10
_MOST_MISSING = 0.5  # a column that is mostly missing does not describe a segment


@dataclasses.dataclass(kw_only=True)
class _Contrast:
    """What contrasts of all columns have in common."""

    name: str
    kind: str
    n: np.ndarray
    n_missing: np.ndarray
    n_outliers: np.ndarray
    effect: EffectSize
    p_values: np.ndarray
    measure: ClassVar[str]  # of the effect

    @property
    def missing(self) -> np.ndarray:
        """Share of missing cells, of shape (2, n_segments)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.n_missing / (self.n + self.n_missing + self.n_outliers)

    @property
    def outliers(self) -> np.ndarray:
        """Share of the values left out as implausible, of shape (2, n_segments)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.n_outliers / (self.n + self.n_outliers)


@dataclasses.dataclass(kw_only=True)
class NumberContrast(_Contrast):
    """A column of numbers in each segment and in the rest of the customers.

    Arrays have shape (2, n_segments): segments first, then what is not in them.

    Attributes
    ----------
    name, kind : str
        The column.
    n, mean, sd : ndarray of shape (2, n_segments)
        Values present and plausible, their mean and standard deviation.
    n_missing, n_outliers : ndarray of shape (2, n_segments)
        Missing cells, and values left out as implausible.
    quartiles : ndarray of shape (3, 2, n_segments)
        Quartiles, the median in the middle.
    overall_mean, overall_sd : float
        Of all customers.
    effect : EffectSize of arrays of shape (n_segments,)
        Cohen's d of normal distributions with the Cliff's delta of these.
    p_values : ndarray of shape (n_segments,)
        Of the Mann-Whitney test.
    """

    measure = "rank_d"
    mean: np.ndarray
    sd: np.ndarray
    quartiles: np.ndarray
    overall_mean: float
    overall_sd: float

    @property
    def median(self) -> np.ndarray:
        """Median, of shape (2, n_segments)."""
        return self.quartiles[1]


@dataclasses.dataclass(kw_only=True)
class CategoryContrast(_Contrast):
    """A column of categories in each segment and in the rest of the customers.

    Attributes
    ----------
    name, kind : str
        The column.
    levels : list
        Its levels.
    n, n_missing, n_outliers : ndarray of shape (2, n_segments)
        Values present, missing cells, and values left out as implausible; segments
        first, then the rest.
    counts : ndarray of shape (2, n_segments, n_levels)
        Rows of each level.
    differences : EffectSize of arrays of shape (n_segments, n_levels)
        Share in the segment minus share in the rest.
    effect : EffectSize of arrays of shape (n_segments,)
        Cramér's V of segment or not by level.
    p_values : ndarray of shape (n_segments,)
        Of the chi-squared test.
    """

    measure = "cramers_v"
    levels: list
    counts: np.ndarray
    differences: EffectSize

    @property
    def shares(self) -> np.ndarray:
        """Share of each level, of shape (2, n_segments, n_levels)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.counts / self.n[:, :, None]

    @property
    def h(self) -> np.ndarray:
        """Cohen's h of each level, of shape (n_segments, n_levels)."""
        return cohen_h(*self.shares)


def compare_segments(
    column: Any,
    outliers: np.ndarray,
    codes: np.ndarray,
    sizes: np.ndarray,
    confidence_level: float,
) -> NumberContrast | CategoryContrast:
    """Compare each segment with the rest in one column without its outliers."""
    contrast = _contrast_numbers if column.is_numeric else _contrast_levels
    found = contrast(column, codes, len(sizes), confidence_level)
    if outliers.any():
        found.n_outliers = _with_rest(
            np.bincount(codes[outliers], minlength=len(sizes))
        )
    found.n_missing = _with_rest(sizes) - found.n - found.n_outliers
    return found


def _with_rest(sizes: np.ndarray) -> np.ndarray:
    return np.stack([sizes, sizes.sum() - sizes])


def _contrast_numbers(
    column: Any, codes: np.ndarray, n_segments: int, confidence_level: float
) -> NumberContrast:
    """Compare values by their ranks, and compute their moments."""
    present = ~np.isnan(column.numbers)
    values = column.numbers[present]
    codes = codes[present]
    own_n = np.bincount(codes, minlength=n_segments).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = values.mean()
        # centred first, so that large numbers of small variance keep their digits
        sums = np.bincount(codes, weights=values - middle, minlength=n_segments)
        # a mean lies within its values, which rounding does not know of
        ends = pd.Series(values).groupby(codes).agg(["min", "max"])
        ends = ends.reindex(range(n_segments)).to_numpy().T
        own_mean = np.clip(middle + sums / own_n, *ends)
        squares = (values - own_mean[codes]) ** 2
        own_squares = np.bincount(codes, weights=squares, minlength=n_segments)
        own = (own_n, own_mean, own_squares)
        n, mean, squares = map(np.stack, zip(own, _rest_moments(*own), strict=True))
        sd = np.sqrt(squares / (n - 1))
        sd[n < 2] = np.nan
    ranked = RankedGroups(values, codes, n_segments)
    return NumberContrast(
        name=column.name,
        kind=column.kind,
        n=n,
        n_missing=np.zeros_like(n),
        n_outliers=np.zeros_like(n),
        mean=mean,
        sd=sd,
        quartiles=_quartiles(values, codes, n_segments),
        overall_mean=float(middle),
        overall_sd=float(values.std(ddof=1)) if len(values) > 1 else np.nan,
        effect=ranked.as_cohen_d(confidence_level),
        p_values=ranked.p_values,
    )


def _rest_moments(
    n: np.ndarray, mean: np.ndarray, squares: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return size, mean and sum of squares of what is not in each segment."""
    others = 1.0 - np.eye(len(n))
    mean = np.where(n > 0, mean, 0.0)
    rest_n = others @ n
    rest_mean = others @ (n * mean) / rest_n
    deviations = mean[None, :] - rest_mean[:, None]
    rest_squares = others @ squares + (others * n[None, :] * deviations**2).sum(axis=1)
    return rest_n, rest_mean, rest_squares


def _quartiles(values: np.ndarray, codes: np.ndarray, n_segments: int) -> np.ndarray:
    """Return the quartiles of each segment and of the rest."""
    quartiles = np.full((3, 2, n_segments), np.nan)
    for segment in range(n_segments):
        inside = codes == segment
        for row, chosen in enumerate((values[inside], values[~inside])):
            if len(chosen):
                quartiles[:, row, segment] = np.quantile(chosen, (0.25, 0.5, 0.75))
    return quartiles


def _contrast_levels(
    column: Any, codes: np.ndarray, n_segments: int, confidence_level: float
) -> CategoryContrast:
    """Compare shares of levels."""
    n_levels = len(column.factor.levels)
    width = n_levels + 1
    cells = codes * width + column.factor.codes + 1
    table = np.bincount(cells, minlength=n_segments * width)
    table = table.reshape(n_segments, width)[:, 1:]
    counts = np.stack([table, table.sum(axis=0) - table])
    n = counts.sum(axis=2)
    groups = (counts[0], n[0][:, None], counts[1], n[1][:, None])
    pairs = np.swapaxes(counts, 0, 1)
    effects = [cramers_v(pair, confidence_level=confidence_level) for pair in pairs]
    return CategoryContrast(
        name=column.name,
        kind=column.kind,
        levels=column.factor.levels,
        n=n,
        n_missing=np.zeros_like(n),
        n_outliers=np.zeros_like(n),
        counts=counts,
        differences=difference_of_shares(*groups, confidence_level=confidence_level),
        effect=EffectSize(*map(np.array, zip(*effects, strict=True))),
        p_values=np.array([_chi_squared_p(pair) for pair in pairs]),
    )


def _chi_squared_p(pair: np.ndarray) -> float:
    """Return the p-value of a table of two rows; NaN where it has less."""
    pair = pair[pair.sum(axis=1) > 0][:, pair.sum(axis=0) > 0].astype(np.float64)
    if min(pair.shape) < 2:
        return np.nan
    chi2, df, _ = chi_squared(pair)
    return float(stats.chi2.sf(chi2, df))


def find_distinguishing_features(
    contrasts: list, sizes: np.ndarray, confidence_level: float
) -> list[list[DistinguishingFeature]]:
    """Return for each segment at most one feature a column."""
    levels = {c.name: c.levels for c in contrasts if isinstance(c, CategoryContrast)}
    standalone = find_standalone_levels(levels)
    features: list[list[DistinguishingFeature]] = [[] for _ in sizes]
    for contrast in contrasts:
        missing = _missing_features(contrast, sizes, confidence_level)
        for segment, own in enumerate(features):
            candidates = [missing[segment]]
            if contrast.missing[0, segment] <= _MOST_MISSING:
                if isinstance(contrast, NumberContrast):
                    candidates.append(_of_numbers(contrast, segment))
                else:
                    candidates.append(_of_levels(contrast, segment, standalone))
            there = [found for found in candidates if found and found.is_noticeable]
            own += sorted(there, key=_rank)[:1]
    return [sorted(found, key=_rank) for found in features]


def number_feature(contrast: NumberContrast, segment: int) -> DistinguishingFeature:
    """Return how much higher or lower the numbers of one segment are.

    Medians show it; means do where medians do not, as where most cells are 0.
    """
    strength = float(contrast.effect.estimate[segment])
    own, rest = contrast.median[:, segment]
    kind = "median" if (own - rest) * strength > 0 else "mean"
    values = tuple(getattr(contrast, kind)[:, segment])
    return DistinguishingFeature(kind, contrast.name, strength, values, contrast.kind)


def level_feature(
    contrast: CategoryContrast, segment: int, level_at: int, standalone: Any = ()
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
    """Return the difference, or that there is none and the range narrow."""
    d, low, high = (ends[segment] for ends in contrast.effect)
    if np.isnan(d):
        return None
    feature = number_feature(contrast, segment)
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
        ends = (lower, upper, rest_lower, rest_upper)
        values = (*contrast.median[:, segment], *ends)
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


def _missing_features(
    contrast: Any, sizes: np.ndarray, confidence_level: float
) -> list[DistinguishingFeature | None]:
    """Return the difference in missing cells in each segment where there is one."""
    n = _with_rest(sizes)
    counts = np.stack([contrast.n_missing, n], axis=1).reshape(4, -1)
    difference = difference_of_shares(*counts, confidence_level=confidence_level)
    is_clear = (difference.low > 0) | (difference.high < 0)
    name, kind, found = contrast.name, contrast.kind, []
    h, shares = cohen_h(*contrast.missing), contrast.missing.T
    for at in range(len(sizes)):
        how = (float(h[at]), tuple(shares[at]), kind)
        feature = DistinguishingFeature("missing", name, *how)
        found.append(feature if is_clear[at] else None)
    return found
