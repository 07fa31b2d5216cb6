"""Effect sizes of two groups with confidence intervals, and corrected p-values."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from segmentlearn._parameters import validate_parameters

_LARGE_CHI2 = 5_000.0  # above, the noncentral chi-squared law is normal to 3 digits
_SMALLEST = 1e-9  # dependence below is rounding


class EffectSize(NamedTuple):
    """An effect size and its confidence interval.

    Attributes
    ----------
    estimate : float or ndarray
        The effect size.
    low, high : float or ndarray
        Ends of the confidence interval.
    """

    estimate: Any
    low: Any
    high: Any


@validate_parameters()
def cohen_d(
    a: ArrayLike,
    b: ArrayLike,
    *,
    bias_correction: bool = True,
    confidence_level: float = 0.95,
) -> EffectSize:
    """Return the difference of two groups' means in standard deviations.

    Parameters
    ----------
    a, b : array-like of shape (n_a,) and (n_b,)
        The values of each group; NaN is left out.
    bias_correction : bool, default=True
        Whether to multiply by Hedges' factor, as in :func:`cohen_d_from_stats`.
    confidence_level : float, default=0.95
        Coverage of the interval.

    Returns
    -------
    effect : EffectSize
        Positive where `a` has the larger mean.

    See Also
    --------
    cohen_d_from_stats : The same from means and standard deviations.

    Examples
    --------
    >>> from segmentlearn.metrics import cohen_d
    >>> effect = cohen_d([2.0, 4.0, 6.0, 8.0], [1.0, 3.0, 5.0])
    >>> round(float(effect.estimate), 2), bool(effect.low < 0 < effect.high)
    (0.71, True)
    """
    statistics: list = []
    for group in (a, b):
        values = np.asarray(group, dtype=np.float64)
        values = values[~np.isnan(values)]
        mean = values.mean() if len(values) else np.nan
        sd = values.std(ddof=1) if len(values) > 1 else np.nan
        statistics += [mean, sd, len(values)]
    return cohen_d_from_stats(
        *statistics, bias_correction=bias_correction, confidence_level=confidence_level
    )


@validate_parameters()
def cohen_d_from_stats(
    mean_a: ArrayLike,
    sd_a: ArrayLike,
    n_a: ArrayLike,
    mean_b: ArrayLike,
    sd_b: ArrayLike,
    n_b: ArrayLike,
    *,
    bias_correction: bool = True,
    confidence_level: float = 0.95,
) -> EffectSize:
    """Return Cohen's d from means, standard deviations and sizes of two groups.

    The difference of the means is divided by the pooled standard deviation.

    Parameters
    ----------
    mean_a, sd_a, n_a : float or array-like
        Means, standard deviations (with n - 1) and sizes of the first group; arrays
        are broadcast.
    mean_b, sd_b, n_b : float or array-like
        The same of the second group.
    bias_correction : bool, default=True
        Whether to multiply by the factor that makes d unbiased for normal values
        ("Hedges' g", [1]_); it matters for a few dozen rows at most.
    confidence_level : float, default=0.95
        Coverage of the interval.

    Returns
    -------
    effect : EffectSize
        Positive where the first group has the larger mean. NaN where a group is empty
        or both have one row; infinite where values differ between the groups and never
        within.

    Notes
    -----
    The interval is estimate ± quantile times standard error. The standard error is the
    one of [2]_, put for the pooled standard deviation: it lets the groups have
    different variances, which segments have. Where they are equal, it is the one of
    Hedges and Olkin up to n - 1 in place of n. The quantile is that of Student's law
    with Welch's degrees of freedom, so that small groups have wide intervals. The
    variance of a group of one row is taken to be that of the other.

    References
    ----------
    .. [1] L. V. Hedges, "Distribution theory for Glass's estimator of effect size and
       related estimators", Journal of Educational Statistics 6 (1981), 107-128.
    .. [2] D. G. Bonett, "Confidence intervals for standardized linear contrasts of
       means", Psychological Methods 13 (2008), 99-109.

    Examples
    --------
    >>> from segmentlearn.metrics import cohen_d_from_stats
    >>> effect = cohen_d_from_stats(60.0, 10.0, 50, 50.0, 10.0, 150)
    >>> [round(float(value), 2) for value in effect]
    [1.0, 0.66, 1.34]
    """
    given = (np.asarray(x, float) for x in (mean_a, sd_a, n_a, mean_b, sd_b, n_b))
    mean_a, sd_a, n_a, mean_b, sd_b, n_b = np.broadcast_arrays(*given)
    df_a, df_b = np.maximum(n_a - 1, 0), np.maximum(n_b - 1, 0)
    freedom = df_a + df_b
    with np.errstate(divide="ignore", invalid="ignore"):
        var_a, var_b = np.where(df_a > 0, sd_a**2, 0), np.where(df_b > 0, sd_b**2, 0)
        pooled = (df_a * var_a + df_b * var_b) / freedom
        var_a = np.where(df_a > 0, var_a, pooled)
        var_b = np.where(df_b > 0, var_b, pooled)
        df_a, df_b = np.maximum(df_a, 1), np.maximum(df_b, 1)
        difference = mean_a - mean_b
        estimate = np.where(difference == 0, 0.0, difference / np.sqrt(pooled))
        estimate = np.where((n_a < 1) | (n_b < 1) | (freedom < 1), np.nan, estimate)
        of_means = (var_a / df_a + var_b / df_b) / pooled
        of_deviation = df_a * var_a**2 + df_b * var_b**2
        of_deviation /= 2 * freedom**2 * pooled**2
        error = np.sqrt(of_means + estimate**2 * of_deviation)
        own, other = var_a / df_a, var_b / df_b
        welch = (own + other) ** 2 / (own**2 / df_a + other**2 / df_b)
        factor = _hedges_factor(freedom) if bias_correction else 1.0
        half = special.stdtrit(welch, (1 + confidence_level) / 2) * error * factor
        estimate = estimate * factor
        half = np.where(pooled == 0, 0.0, half)
        low, high = estimate - half, estimate + half
    return EffectSize(estimate[()], low[()], high[()])


@validate_parameters()
def cohen_h(share_a: ArrayLike, share_b: ArrayLike) -> np.ndarray:
    """Return the difference of two shares, on a scale comparable to Cohen's d.

    Parameters
    ----------
    share_a, share_b : float or array-like
        Shares from 0 to 1.

    Returns
    -------
    h : float or ndarray
        From -π to π; positive where the first share is larger. As with d, 0.2 is
        commonly called small, 0.5 medium and 0.8 large [1]_.

    References
    ----------
    .. [1] J. Cohen, "Statistical power analysis for the behavioral sciences", 2nd
       edition, Lawrence Erlbaum 1988, chapter 6.

    Examples
    --------
    >>> from segmentlearn.metrics import cohen_h
    >>> round(float(cohen_h(0.75, 0.25)), 2)
    1.05
    """
    a, b = (np.asarray(share, np.float64) for share in (share_a, share_b))
    return (2 * np.arcsin(np.sqrt(a)) - 2 * np.arcsin(np.sqrt(b)))[()]


@validate_parameters()
def difference_of_shares(
    count_a: ArrayLike,
    n_a: ArrayLike,
    count_b: ArrayLike,
    n_b: ArrayLike,
    *,
    confidence_level: float = 0.95,
) -> EffectSize:
    """Return the difference of two independent shares.

    Parameters
    ----------
    count_a, n_a : int or array-like
        Rows that have the property, and rows, of the first group.
    count_b, n_b : int or array-like
        The same of the second group.
    confidence_level : float, default=0.95
        Coverage of the interval.

    Returns
    -------
    effect : EffectSize
        Share of the first group minus share of the second, with the hybrid of two
        Wilson intervals (method 10 of [1]_), which stays within -1 and 1.

    References
    ----------
    .. [1] R. G. Newcombe, "Interval estimation for the difference between independent
       proportions", Statistics in Medicine 17 (1998), 873-890.

    Examples
    --------
    >>> from segmentlearn.metrics import difference_of_shares
    >>> effect = difference_of_shares(56, 70, 48, 80)
    >>> [round(float(value), 4) for value in effect]
    [0.2, 0.0524, 0.3339]
    """
    z = special.ndtri((1 + confidence_level) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        share_a, low_a, high_a = wilson_interval(count_a, n_a, z)
        share_b, low_b, high_b = wilson_interval(count_b, n_b, z)
        difference = share_a - share_b
        low = difference - np.hypot(share_a - low_a, high_b - share_b)
        high = difference + np.hypot(high_a - share_a, share_b - low_b)
    low, high = np.maximum(low, -1.0), np.minimum(high, 1.0)  # but for rounding
    return EffectSize(difference[()], low[()], high[()])


@validate_parameters()
def cramers_v(
    table: ArrayLike, *, bias_correction: bool = True, confidence_level: float = 0.95
) -> EffectSize:
    """Return Cramér's V of a table of counts: 0 without, 1 with full association.

    Parameters
    ----------
    table : array-like of shape (n_groups, n_levels)
        Counts; rows and columns of zeros are left out.
    bias_correction : bool, default=True
        Whether to correct V for chance, after [1]_; without it V grows with the number
        of levels, and the fewer rows there are.
    confidence_level : float, default=0.95
        Coverage of the interval.

    Returns
    -------
    effect : EffectSize
        From 0 to 1; NaN for a table with a single row or column.

    Raises
    ------
    ValueError
        If the table has not two dimensions or holds negative or missing counts.

    Notes
    -----
    The interval comes from the noncentral chi-squared law [2]_: the noncentralities
    under which the table's statistic would be just too large or too small.

    References
    ----------
    .. [1] W. Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", Journal of
       the Korean Statistical Society 42 (2013), 323-328.
    .. [2] M. Smithson, "Confidence intervals", Sage 2003, chapter 4.

    Examples
    --------
    >>> from segmentlearn.metrics import cramers_v
    >>> effect = cramers_v([[40, 10], [20, 30]])
    >>> [round(float(value), 2) for value in effect]
    [0.4, 0.21, 0.61]
    """
    table = np.asarray(table, dtype=np.float64)
    if table.ndim != 2 or not (table >= 0).all():
        raise ValueError(
            "table must hold counts, none of them negative or missing, of shape "
            f"(n_groups, n_levels); got {table.tolist()}."
        )
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return EffectSize(*[np.float64(np.nan)] * 3)
    chi2, df, n = chi_squared(table)
    low, high = _noncentrality(chi2, df, confidence_level)
    found = cramers_v_from_statistic(chi2, n, table.shape, bias_correction)
    if not bias_correction:
        low, high = low + df, high + df
    most = _max_dependence(n, table.shape, bias_correction)
    low, high = (_root_of_share(value / n, most) for value in (low, high))
    return EffectSize(np.float64(found), np.float64(low), np.float64(high))


def cramers_v_from_statistic(
    chi2: float, n: float, shape: Sequence[int], bias_correction: bool
) -> float:
    """Return Cramér's V of a table that is known by its chi-squared statistic."""
    found, df = chi2 / n, (shape[0] - 1) * (shape[1] - 1)
    if bias_correction:
        found -= df / (n - 1)
    return _root_of_share(found, _max_dependence(n, shape, bias_correction))


def _root_of_share(found: float, most: float) -> float:
    return float(np.sqrt(min(1.0, found / most))) if found > 0 and most > 0 else 0.0


def _max_dependence(n: float, shape: Sequence[int], bias_correction: bool) -> float:
    """Return the chi-squared statistic of full association, divided by n."""
    most = min(shape) - 1.0
    if not bias_correction:
        return most
    most -= most**2 / (n - 1)
    widest = max(shape) - 1.0
    most = min(most, widest - widest**2 / (n - 1))
    return most if most > _SMALLEST else 0.0


def chi_squared(table: np.ndarray) -> tuple[float, int, float]:
    """Return Pearson's statistic, its degrees of freedom and the number of rows."""
    n = table.sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    return chi2, (table.shape[0] - 1) * (table.shape[1] - 1), float(n)


def _hedges_factor(freedom: np.ndarray) -> np.ndarray:
    """Return Hedges' factor, which corrects the bias of Cohen's d."""
    exact = special.poch((freedom - 1) / 2, 0.5) / np.sqrt(freedom / 2)
    exact = np.where(freedom <= 1, 1.0, exact)  # no unbiased estimate from two rows
    return np.where(freedom < 1_000, exact, 1 - 3 / (4 * freedom - 1))


def wilson_interval(
    count: ArrayLike, n: ArrayLike, z: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a share and its Wilson interval."""
    count, n = np.asarray(count, dtype=np.float64), np.asarray(n, dtype=np.float64)
    share = count / n
    center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return share, np.minimum(center - half, share), np.maximum(center + half, share)


def _noncentrality(
    chi2: float, df: int, confidence_level: float
) -> tuple[float, float]:
    """Return the ends of the interval of a noncentrality parameter."""
    tails = ((1 + confidence_level) / 2, (1 - confidence_level) / 2)
    if chi2 > _LARGE_CHI2:
        # mean df + λ and variance 2 (df + 2 λ), solved for λ
        z2 = special.ndtri(tails[0]) ** 2
        middle = chi2 - df + 2 * z2
        half = np.sqrt(middle**2 - (chi2 - df) ** 2 + 2 * z2 * df)
        return middle - half, middle + half
    low, high = (
        special.chndtrinc(chi2, df, tail) if stats.chi2.cdf(chi2, df) > tail else 0.0
        for tail in tails
    )
    return low, high


def adjust(p_values: ArrayLike, correction: str | None) -> np.ndarray:
    """Correct p-values for their number; NaN is left out of the count."""
    adjusted = np.array(p_values, dtype=np.float64)
    given = ~np.isnan(adjusted)
    flat = adjusted[given]
    if correction is None or not len(flat):
        return adjusted
    if correction == "fdr_bh":
        flat = stats.false_discovery_control(flat)
    else:  # Holm's step-down procedure
        order = np.argsort(flat)
        stepped = np.maximum.accumulate(flat[order] * np.arange(len(flat), 0, -1))
        flat[order] = np.minimum(stepped, 1.0)
    adjusted[given] = flat
    return adjusted
