"""Whether one model is better than another, told from the same folds."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class PairedDifference:
    """The mean difference of two models over folds, and how sure it is.

    Parameters
    ----------
    mean : float
        Mean over the folds.
    low, high : float
        Confidence interval.
    p_value : float
        Of the hypothesis that there is no difference, two-sided.
    """

    mean: float
    low: float
    high: float
    p_value: float


def paired_difference(differences, test_shares, confidence_level=0.95):
    """Return the mean of differences over folds with its interval.

    Training tables of folds overlap, so that folds are no independent repetitions: the
    plain t-test finds differences where there are none. Its variance is corrected by
    the ratio of test rows to training rows [1]_.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
       Learning 52 (2003).
    """
    differences = np.asarray(differences, dtype=np.float64)
    n_splits, mean = len(differences), float(differences.mean())
    if n_splits < 2 or not np.isfinite(mean):
        return PairedDifference(mean, np.nan, np.nan, np.nan)
    factor = 1.0 / n_splits + float(np.mean(test_shares))
    error = float(np.sqrt(factor * differences.var(ddof=1)))
    if error == 0.0:
        return PairedDifference(mean, mean, mean, 1.0 if mean == 0.0 else 0.0)
    distribution = stats.t(n_splits - 1)
    reach = float(distribution.ppf(0.5 + confidence_level / 2)) * error
    p_value = float(2 * distribution.sf(abs(mean) / error))
    return PairedDifference(mean, mean - reach, mean + reach, p_value)
