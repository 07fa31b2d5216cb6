"""Cliff's delta: how far one group's values lie above another's, from ranks alone."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from segmentlearn._parameters import validate_parameters
from segmentlearn.metrics._effect_sizes import EffectSize

_STEPS = 60  # of bisection: an interval's end to the last digits


@validate_parameters()
def cliffs_delta(
    a: ArrayLike, b: ArrayLike, *, confidence_level: float = 0.95
) -> EffectSize:
    """Return how much more often a value of one group exceeds one of another.

    The share of pairs in which the value of `a` is larger, minus the share in which
    that of `b` is [1]_. A few wrong cells change it little, however large they are, and
    it is the same for amounts and for their logarithms.

    Parameters
    ----------
    a, b : array-like of shape (n_a,) and (n_b,)
        The values of each group; NaN is left out.
    confidence_level : float, default=0.95
        Coverage of the interval.

    Returns
    -------
    effect : EffectSize
        From -1 to 1; positive where `a` has the larger values, NaN where a group is
        empty.

    See Also
    --------
    cohen_d : The difference of means in standard deviations.

    Notes
    -----
    Of normal values with equal variance, δ = 0.11, 0.28 and 0.43 belong to Cohen's
    d = 0.2, 0.5 and 0.8. The interval is method 5 of [2]_, which keeps within -1 and 1
    and has a width where groups do not overlap, too.

    References
    ----------
    .. [1] N. Cliff, "Dominance statistics: ordinal analyses to answer ordinal
       questions", Psychological Bulletin 114 (1993), 494-509.
    .. [2] R. G. Newcombe, "Confidence intervals for an effect size measure based on the
       Mann-Whitney statistic. Part 2", Statistics in Medicine 25 (2006), 559-573.

    Examples
    --------
    >>> from segmentlearn.metrics import cliffs_delta
    >>> effect = cliffs_delta([3, 5, 8, 9], [1, 2, 4, 999_999])
    >>> round(float(effect.estimate), 3)
    0.375
    """
    groups = [np.asarray(group, dtype=np.float64) for group in (a, b)]
    groups = [group[~np.isnan(group)] for group in groups]
    codes = np.repeat([0, 1], [len(group) for group in groups])
    ranked = RankedGroups(np.concatenate(groups), codes, 2)
    return EffectSize(*(ends[0] for ends in ranked.delta(confidence_level)))


class RankedGroups:
    """Values of several groups, each compared by ranks with all others together.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        None of them NaN.
    codes : ndarray of int of shape (n_values,)
        The group of each.
    n_groups : int
        Number of groups.
    """

    def __init__(self, values: np.ndarray, codes: np.ndarray, n_groups: int) -> None:
        self._n = np.bincount(codes, minlength=n_groups).astype(np.float64)
        self._n_rest = len(values) - self._n
        _, places, ties = np.unique(values, return_inverse=True, return_counts=True)
        ranks = (np.cumsum(ties) - (ties - 1) / 2)[places]
        sums = np.bincount(codes, weights=ranks, minlength=n_groups)
        n_all, self._pairs = float(len(values)), self._n * self._n_rest
        with np.errstate(invalid="ignore", divide="ignore"):
            wins = sums - self._n * (self._n + 1) / 2
            self._superiority = wins / self._pairs  # ties count by half
            tied = (ties**3.0 - ties).sum() / (n_all * (n_all - 1))
            variance = self._pairs / 12 * (n_all + 1 - tied)
            distance = np.maximum(np.abs(wins - self._pairs / 2) - 0.5, 0.0)
            z = np.where(variance > 0, distance / np.sqrt(variance), 0.0)
        self.p_values = np.where(self._pairs > 0, 2 * stats.norm.sf(z), np.nan)

    def delta(self, confidence_level: float) -> EffectSize:
        """Return Cliff's delta of each group against the others."""
        ends = (self._superiority, *self._interval(confidence_level))
        return EffectSize(*(2 * end - 1 for end in ends))

    def as_cohen_d(self, confidence_level: float) -> EffectSize:
        """Return Cohen's d of normal distributions that have the same delta.

        Where groups do not overlap, as if half a pair of values did.
        """
        with np.errstate(divide="ignore"):
            least = 0.5 / self._pairs
        ends = (self._superiority, *self._interval(confidence_level))
        inside = [np.clip(end, least, 1 - least) for end in ends]
        return EffectSize(*(np.sqrt(2) * special.ndtri(end) for end in inside))

    def _interval(self, confidence_level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the interval of the share of pairs that a group wins."""
        z = special.ndtri((1 + confidence_level) / 2)
        ends = []
        estimate = self._superiority
        for end in (0.0, 1.0):
            # between the estimate and this end lies the share that is z errors away
            near, far = estimate, np.full_like(estimate, end)
            for _ in range(_STEPS):
                middle = (near + far) / 2
                is_near = np.abs(middle - estimate) < z * self._error(middle)
                near = np.where(is_near, middle, near)
                far = np.where(is_near, far, middle)
            ends.append(np.where(np.isnan(estimate), np.nan, (near + far) / 2))
        return ends[0], ends[1]

    def _error(self, share: np.ndarray) -> np.ndarray:
        """Return the standard error of a share of pairs."""
        factor = (1 - share) / (2 - share) + share / (1 + share)
        size = (self._n + self._n_rest) / 2 - 1
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(share * (1 - share) * (1 + size * factor) / self._pairs)
