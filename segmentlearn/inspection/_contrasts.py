"""Each segment beside the rest: moments of numbers, counts of categories, effects."""

import dataclasses
from typing import Any

import numpy as np
from scipy import stats

from segmentlearn.metrics import (
    EffectSize,
    chi_squared,
    cohen_d_from_stats,
    cohen_h,
    cramers_v,
    difference_of_shares,
)


@dataclasses.dataclass
class NumberContrast:
    """A column of numbers in each segment and in the rest of the customers.

    Arrays have shape (2, n_segments): segments first, then what is not in them.

    Attributes
    ----------
    name, kind : str
        The column.
    n, mean, sd, missing : ndarray of shape (2, n_segments)
        Values present, their mean and standard deviation, and the share of missing
        cells.
    quartiles : ndarray of shape (3, 2, n_segments)
        Quartiles, the median in the middle.
    overall_mean, overall_sd : float
        Of all customers.
    effect : EffectSize of arrays of shape (n_segments,)
        Cohen's d.
    p_values : ndarray of shape (n_segments,)
        Of Welch's t-test.
    """

    name: str
    kind: str
    n: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    missing: np.ndarray
    quartiles: np.ndarray
    overall_mean: float
    overall_sd: float
    effect: EffectSize
    p_values: np.ndarray

    @property
    def median(self) -> np.ndarray:
        """Median, of shape (2, n_segments)."""
        return self.quartiles[1]


@dataclasses.dataclass
class CategoryContrast:
    """A column of categories in each segment and in the rest of the customers.

    Attributes
    ----------
    name, kind : str
        The column.
    levels : list
        Its levels.
    n, missing : ndarray of shape (2, n_segments)
        Values present and the share of missing cells; segments first, then the rest.
    counts : ndarray of shape (2, n_segments, n_levels)
        Rows of each level.
    differences : EffectSize of arrays of shape (n_segments, n_levels)
        Share in the segment minus share in the rest.
    effect : EffectSize of arrays of shape (n_segments,)
        Cramér's V of segment or not by level.
    p_values : ndarray of shape (n_segments,)
        Of the chi-squared test.
    """

    name: str
    kind: str
    levels: list
    n: np.ndarray
    missing: np.ndarray
    counts: np.ndarray
    differences: EffectSize
    effect: EffectSize
    p_values: np.ndarray

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
    column: Any, codes: np.ndarray, sizes: np.ndarray, confidence_level: float
) -> NumberContrast | CategoryContrast:
    """Compare each segment with the rest in one column."""
    if column.is_numeric:
        return _contrast_numbers(column, codes, sizes, confidence_level)
    return _contrast_levels(column, codes, sizes, confidence_level)


def missing_differences(
    contrast: NumberContrast | CategoryContrast,
    sizes: np.ndarray,
    confidence_level: float,
) -> tuple[EffectSize, np.ndarray]:
    """Return how the shares of missing cells differ, and Cohen's h of them."""
    n = _with_rest(sizes)
    n_missing = n - contrast.n
    difference = difference_of_shares(
        n_missing[0], n[0], n_missing[1], n[1], confidence_level=confidence_level
    )
    return difference, cohen_h(*contrast.missing)


def _with_rest(sizes: np.ndarray) -> np.ndarray:
    return np.stack([sizes, sizes.sum() - sizes])


def _contrast_numbers(
    column: Any, codes: np.ndarray, sizes: np.ndarray, confidence_level: float
) -> NumberContrast:
    """Compare means."""
    n_segments = len(sizes)
    present = ~np.isnan(column.numbers)
    values = column.numbers[present].astype(np.float64, copy=False)
    codes = codes[present]
    own_n = np.bincount(codes, minlength=n_segments).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = values.mean()
        # centred first, so that large numbers of small variance keep their digits
        sums = np.bincount(codes, weights=values - middle, minlength=n_segments)
        own_mean = middle + sums / own_n
        squares = (values - own_mean[codes]) ** 2
        own_squares = np.bincount(codes, weights=squares, minlength=n_segments)
        rest = _rest_moments(own_n, own_mean, own_squares)
        n, mean, sums_of_squares = (
            np.stack(pair)
            for pair in zip((own_n, own_mean, own_squares), rest, strict=True)
        )
        sd = np.sqrt(sums_of_squares / (n - 1))
        sd[n < 2] = np.nan
        missing = 1 - n / _with_rest(sizes)
    groups = [numbers[row] for row in (0, 1) for numbers in (mean, sd, n)]
    return NumberContrast(
        column.name,
        column.kind,
        n,
        mean,
        sd,
        missing,
        _quartiles(values, codes, n_segments),
        float(middle),
        float(values.std(ddof=1)) if len(values) > 1 else np.nan,
        cohen_d_from_stats(*groups, confidence_level=confidence_level),
        _welch(mean, sd, n),
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
        for row, chosen in enumerate((inside, ~inside)):
            if chosen.any():
                found = np.quantile(values[chosen], (0.25, 0.5, 0.75))
                quartiles[:, row, segment] = found
    return quartiles


def _welch(mean: np.ndarray, sd: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return p-values of Welch's t-test; NaN where a group has fewer than two rows."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p_values = stats.ttest_ind_from_stats(
            mean[0], sd[0], n[0], mean[1], sd[1], n[1], equal_var=False
        ).pvalue
    constant = (sd == 0).all(axis=0)
    return np.where(constant, np.where(mean[0] == mean[1], 1.0, 0.0), p_values)


def _contrast_levels(
    column: Any, codes: np.ndarray, sizes: np.ndarray, confidence_level: float
) -> CategoryContrast:
    """Compare shares of levels."""
    n_segments, n_levels = len(sizes), len(column.factor.levels)
    width = n_levels + 1
    cells = codes * width + column.factor.codes + 1
    table = np.bincount(cells, minlength=n_segments * width)
    table = table.reshape(n_segments, width)[:, 1:]
    counts = np.stack([table, table.sum(axis=0) - table])
    n = counts.sum(axis=2)
    groups = (counts[0], n[0][:, None], counts[1], n[1][:, None])
    pairs = [counts[:, segment] for segment in range(n_segments)]
    effects = [cramers_v(pair, confidence_level=confidence_level) for pair in pairs]
    with np.errstate(invalid="ignore", divide="ignore"):
        missing = 1 - n / _with_rest(sizes)
    return CategoryContrast(
        column.name,
        column.kind,
        column.factor.levels,
        n,
        missing,
        counts,
        difference_of_shares(*groups, confidence_level=confidence_level),
        EffectSize(*(np.array(ends) for ends in zip(*effects, strict=True))),
        np.array([_chi_squared_p(pair) for pair in pairs]),
    )


def _chi_squared_p(pair: np.ndarray) -> float:
    """Return the p-value of a table of two rows; NaN where it has less."""
    pair = pair[pair.sum(axis=1) > 0][:, pair.sum(axis=0) > 0].astype(np.float64)
    if min(pair.shape) < 2:
        return np.nan
    chi2, df, _ = chi_squared(pair)
    return float(stats.chi2.sf(chi2, df))
