"""Each segment beside the rest: moments of numbers, counts of categories, effects."""

import dataclasses

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
    def median(self):
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
    def shares(self):
        """Share of each level, of shape (2, n_segments, n_levels)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.counts / self.n[:, :, None]

    @property
    def h(self):
        """Cohen's h of each level, of shape (n_segments, n_levels)."""
        return cohen_h(*self.shares)


def contrast(column, codes, sizes, confidence_level):
    """Compare each segment with the rest in one column."""
    if column.is_numeric:
        return _contrast_numbers(column, codes, sizes, confidence_level)
    return _contrast_levels(column, codes, sizes, confidence_level)


def missing_differences(contrast, sizes, confidence_level):
    """Return how the shares of missing cells differ, and Cohen's h of them."""
    n = np.stack([sizes, sizes.sum() - sizes])
    gaps = n - contrast.n
    difference = difference_of_shares(
        gaps[0], n[0], gaps[1], n[1], confidence_level=confidence_level
    )
    return difference, cohen_h(*contrast.missing)


def _contrast_numbers(column, codes, sizes, confidence_level):
    """Compare means."""
    n_segments = len(sizes)
    present = ~np.isnan(column.numbers)
    complete = bool(present.all())
    values = column.numbers if complete else column.numbers[present]
    codes = codes if complete else codes[present]
    values = values.astype(np.float64, copy=False)
    n = np.bincount(codes, minlength=n_segments).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = values.mean()
        # centred first, so that large numbers of little spread keep their digits
        sums = np.bincount(codes, weights=values - middle, minlength=n_segments)
        mean = middle + sums / n
        squares = np.bincount(
            codes, weights=(values - mean[codes]) ** 2, minlength=n_segments
        )
        rest = _rest_moments(n, mean, squares)
        both_n = np.stack([n, rest[0]])
        both_mean = np.stack([mean, rest[1]])
        both_sd = np.sqrt(np.stack([squares, rest[2]]) / (both_n - 1))
        both_sd[both_n < 2] = np.nan
        sizes = np.stack([sizes, sizes.sum() - sizes])
        missing = 1 - both_n / sizes
    effect = cohen_d_from_stats(
        both_mean[0],
        both_sd[0],
        n,
        both_mean[1],
        both_sd[1],
        both_n[1],
        confidence_level=confidence_level,
    )
    return NumberContrast(
        column.name,
        column.kind,
        both_n,
        both_mean,
        both_sd,
        missing,
        _quartiles(values, codes, n_segments),
        float(middle),
        float(values.std(ddof=1)) if len(values) > 1 else np.nan,
        effect,
        _welch(both_mean, both_sd, both_n),
    )


def _rest_moments(n, mean, squares):
    """Return size, mean and sum of squares of what is not in each segment."""
    others = 1.0 - np.eye(len(n))
    mean = np.where(n > 0, mean, 0.0)
    rest_n = others @ n
    rest_mean = others @ (n * mean) / rest_n
    apart = mean[None, :] - rest_mean[:, None]
    rest_squares = others @ squares + (others * n[None, :] * apart**2).sum(axis=1)
    return rest_n, rest_mean, rest_squares


def _quartiles(values, codes, n_segments):
    """Return the quartiles of each segment and of the rest from one sort."""
    order = np.argsort(values, kind="stable")
    values, codes = values[order], codes[order]
    quartiles = np.full((3, 2, n_segments), np.nan)
    for segment in range(n_segments):
        inside = codes == segment
        for row, chosen in enumerate((inside, ~inside)):
            found = np.flatnonzero(chosen)
            if len(found):
                places = np.array([0.25, 0.5, 0.75]) * (len(found) - 1)
                below = values[found[np.floor(places).astype(np.intp)]]
                above = values[found[np.ceil(places).astype(np.intp)]]
                quartiles[:, row, segment] = below + (above - below) * (places % 1)
    return quartiles


def _welch(mean, sd, n):
    """Return p-values of Welch's t-test; NaN where a group has fewer than two rows."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p_values = stats.ttest_ind_from_stats(
            mean[0], sd[0], n[0], mean[1], sd[1], n[1], equal_var=False
        ).pvalue
    constant = (sd == 0).all(axis=0)
    return np.where(constant, np.where(mean[0] == mean[1], 1.0, 0.0), p_values)


def _contrast_levels(column, codes, sizes, confidence_level):
    """Compare shares of levels."""
    n_segments, n_levels = len(sizes), len(column.factor.levels)
    width = n_levels + 1
    cells = codes * width + column.factor.codes + 1
    table = np.bincount(cells, minlength=n_segments * width)
    table = table.reshape(n_segments, width)[:, 1:]
    counts = np.stack([table, table.sum(axis=0) - table])
    n = counts.sum(axis=2)
    differences = difference_of_shares(
        counts[0],
        n[0][:, None],
        counts[1],
        n[1][:, None],
        confidence_level=confidence_level,
    )
    pairs = [counts[:, segment] for segment in range(n_segments)]
    effects = [cramers_v(pair, confidence_level=confidence_level) for pair in pairs]
    with np.errstate(invalid="ignore", divide="ignore"):
        missing = 1 - n / np.stack([sizes, sizes.sum() - sizes])
    return CategoryContrast(
        column.name,
        column.kind,
        column.factor.levels,
        n,
        missing,
        counts,
        differences,
        EffectSize(*(np.array(ends) for ends in zip(*effects, strict=True))),
        np.array([_chi_squared_p(pair) for pair in pairs]),
    )


def _chi_squared_p(pair):
    """Return the p-value of a table of two rows; NaN where it has less."""
    pair = pair[pair.sum(axis=1) > 0][:, pair.sum(axis=0) > 0].astype(np.float64)
    if min(pair.shape) < 2:
        return np.nan
    chi2, df, _ = chi_squared(pair)
    return float(stats.chi2.sf(chi2, df))
