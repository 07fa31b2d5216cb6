"""Calibration of probabilities: reliability curve, calibration error, Brier score."""

from inspect import signature
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special
from sklearn.metrics import brier_score_loss

from segmentlearn._parameters import validate_parameters
from segmentlearn.metrics._effect_sizes import wilson_interval
from segmentlearn.metrics._probabilities import read_binary, read_classes


class ReliabilityCurve(NamedTuple):
    """How often customers of similar probability respond, bin by bin.

    Attributes
    ----------
    mean_predicted : ndarray of shape (n_bins,)
        Mean probability in each bin that is not empty, rising.
    fraction_positive : ndarray of shape (n_bins,)
        Share of the positive class.
    low, high : ndarray of shape (n_bins,)
        Ends of the confidence intervals of these shares.
    counts : ndarray of int, shape (n_bins,)
        Customers in each.
    """

    mean_predicted: np.ndarray
    fraction_positive: np.ndarray
    low: np.ndarray
    high: np.ndarray
    counts: np.ndarray


@validate_parameters()
def reliability_curve(
    y_true: ArrayLike,
    proba: ArrayLike,
    *,
    n_bins: int = 10,
    strategy: Literal["quantile", "uniform"] = "quantile",
    confidence_level: float = 0.95,
    pos_label: Any = None,
) -> ReliabilityCurve:
    """Return how often customers of similar probability respond.

    It is scikit-learn's ``calibration_curve`` with the number of customers in each bin
    and the interval that so few allow.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels of two classes.
    proba : array-like of shape (n_samples,) or (n_samples, 2)
        Probability of the positive class, or of both classes.
    n_bins : int, default=10
        Bins; empty ones are left out.
    strategy : {"quantile", "uniform"}, default="quantile"
        Bins of equally many customers, or of equal width. Equal probabilities are
        always in one bin.
    confidence_level : float, default=0.95
        Coverage of the intervals.
    pos_label : int, float, bool or str, default=None
        The positive class. None is the second column's class; for one column 1, and an
        error where the labels are text.

    Returns
    -------
    curve : ReliabilityCurve
        The intervals are Wilson's [1]_, which hold for few customers and shares near 0.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical
       inference", Journal of the American Statistical Association 22, 1927.

    Examples
    --------
    >>> from segmentlearn.metrics import reliability_curve
    >>> curve = reliability_curve([0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8], n_bins=2)
    >>> curve.mean_predicted.round(2).tolist(), curve.fraction_positive.tolist()
    ([0.2, 0.7], [0.0, 1.0])
    """
    positive, scores = read_binary(y_true, proba, pos_label)
    counts, predicted, hits = _bin_sums(scores, positive, n_bins, strategy)
    z = special.ndtri(0.5 + confidence_level / 2)
    fraction, low, high = wilson_interval(hits, counts, z)
    low, high = np.maximum(low, 0.0), np.minimum(high, 1.0)  # but for rounding
    return ReliabilityCurve(predicted / counts, fraction, low, high, counts)


@validate_parameters()
def expected_calibration_error(
    y_true: ArrayLike,
    proba: ArrayLike,
    *,
    n_bins: int = 15,
    strategy: Literal["quantile", "uniform"] = "quantile",
    average: Literal["auto", "top_label", "classwise"] = "auto",
    labels: ArrayLike | None = None,
    pos_label: Any = None,
) -> float:
    """Return how far probabilities are from shares, on average over the customers.

    In each bin of probabilities the distance of their mean to the share of the class
    is taken; bins count by their customers [1]_.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels.
    proba : array-like of shape (n_samples,) or (n_samples, n_classes)
        Probability of the positive class, or of all classes in sorted order.
    n_bins : int, default=15
        Bins.
    strategy : {"quantile", "uniform"}, default="quantile"
        Bins of equally many customers, or of equal width. Of the latter nearly all
        customers may be in one, as with rare responders. Equal probabilities are always
        in one bin.
    average : {"auto", "top_label", "classwise"}, default="auto"
        "top_label" looks at the most probable class of each customer and whether it is
        the true one (the first of equally probable ones). "classwise" is the mean of
        the errors of each class against the rest [2]_. "auto" takes the positive class
        of two, and "top_label" for more.
    labels : array-like of shape (n_classes,), default=None
        The classes of the columns, where `y_true` does not hold them all.
    pos_label : int, float, bool or str, default=None
        The positive class, where there are two and `average` is "auto". None is the
        second column's class; for one column 1, and an error where the labels are text.

    Returns
    -------
    error : float
        From 0 to 1; 0 is calibrated.

    Raises
    ------
    ValueError
        If the columns do not fit the classes.

    Notes
    -----
    The error is biased upwards for few customers, since a share differs from its
    probability by chance and the distance has no sign: calibrated probabilities near p
    have about ``sqrt(2 * p * (1 - p) * n_bins / (pi * n_samples))``, which is 0.08 for
    p = 0.5, 15 bins and 400 rows. Compare models on the same rows with the same bins,
    and look at :func:`reliability_curve` with its intervals before calling one
    miscalibrated. :func:`brier_score` has no such bias.

    References
    ----------
    .. [1] M. Pakdaman Naeini, G. Cooper and M. Hauskrecht, "Obtaining well calibrated
       probabilities using Bayesian binning", AAAI 2015.
    .. [2] M. Kull et al., "Beyond temperature scaling: Obtaining well-calibrated
       multiclass probabilities with Dirichlet calibration", NeurIPS 2019.

    Examples
    --------
    >>> from segmentlearn.metrics import expected_calibration_error
    >>> y, proba = [0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8]
    >>> round(expected_calibration_error(y, proba, n_bins=2), 3)
    0.25
    """
    n_columns = np.shape(proba)[1] if np.ndim(proba) == 2 else 1
    if average == "auto" and n_columns <= 2 and labels is None:
        positive, scores = read_binary(y_true, proba, pos_label)
        return _error(scores, positive, n_bins, strategy)
    y_encoded, columns, classes = read_classes(y_true, proba, labels)
    if average == "auto" and len(classes) == 2:
        at = 1 if pos_label is None else classes.tolist().index(pos_label)
        return _error(columns[:, at], y_encoded == at, n_bins, strategy)
    if average == "classwise":
        by_class = enumerate(columns.T)
        errors = [_error(p, y_encoded == at, n_bins, strategy) for at, p in by_class]
        return float(np.mean(errors))
    hits = columns.argmax(axis=1) == y_encoded
    return _error(columns.max(axis=1), hits, n_bins, strategy)


@validate_parameters()
def brier_score(
    y_true: ArrayLike,
    proba: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    scale_by_half: bool | Literal["auto"] = "auto",
) -> float:
    """Return the mean squared distance of probabilities to the outcomes.

    It is ``brier_score_loss`` of scikit-learn 1.7 and later, for several classes in
    every version that this package supports.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels.
    proba : array-like of shape (n_samples,) or (n_samples, n_classes)
        Probabilities of the classes in sorted order; one column is the second of two.
    labels : array-like of shape (n_classes,), default=None
        The classes of the columns, where `y_true` does not hold them all.
    scale_by_half : bool or "auto", default="auto"
        Whether to divide the sum over the classes by 2, which makes 1 the worst;
        "auto" does it for two classes.

    Returns
    -------
    score : float
        Lower is better [1]_.

    Raises
    ------
    ValueError
        If the columns do not fit the classes.

    References
    ----------
    .. [1] G. W. Brier, "Verification of forecasts expressed in terms of probability",
       Monthly Weather Review 78, 1950.

    Examples
    --------
    >>> from segmentlearn.metrics import brier_score
    >>> round(brier_score(["no", "yes"], [[0.9, 0.1], [0.4, 0.6]]), 3)
    0.085
    """
    y_encoded, proba, classes = read_classes(y_true, proba, labels)
    halved = len(classes) == 2 if scale_by_half == "auto" else scale_by_half
    if "scale_by_half" in signature(brier_score_loss).parameters:  # since 1.7
        known = np.arange(len(classes))
        return brier_score_loss(y_encoded, proba, labels=known, scale_by_half=halved)
    distances = ((proba - np.eye(len(classes))[y_encoded]) ** 2).sum(axis=1)
    return float(distances.mean()) / (2 if halved else 1)


def _error(scores: np.ndarray, hits: np.ndarray, n_bins: int, strategy: str) -> float:
    """Return the mean distance of probabilities to shares over the bins."""
    _, predicted, observed = _bin_sums(scores, hits, n_bins, strategy)
    return float(np.abs(predicted - observed).sum() / len(scores))


def _bin_sums(
    scores: np.ndarray, hits: np.ndarray, n_bins: int, strategy: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return size, sum of probabilities and number of hits of bins with customers."""
    if strategy == "uniform":
        edges = np.linspace(0.0, 1.0, n_bins + 1)[1:-1]
    else:
        edges = np.quantile(scores, np.arange(1, n_bins) / n_bins)
    bins = np.searchsorted(edges, scores)  # an edge belongs to the bin below it
    counts = np.bincount(bins, minlength=n_bins)
    kept = counts > 0
    predicted = np.bincount(bins, scores, n_bins)[kept]
    return counts[kept], predicted, np.bincount(bins, hits, n_bins)[kept]
