"""segment_profile: what is in each segment of customers."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from segmentlearn._compat import StrOptions
from segmentlearn._parameters import validate_parameters
from segmentlearn.inspection._contrasts import (
    compare_segments,
    find_distinguishing_features,
)
from segmentlearn.inspection._described import Described
from segmentlearn.inspection._membership import Membership, find_membership
from segmentlearn.inspection._naming import RelatedFeatures, name_segments
from segmentlearn.inspection._segment_profile import SegmentProfile
from segmentlearn.inspection._surrogate import grow_surrogate
from segmentlearn.metrics import adjust
from segmentlearn.tables import draw_sample, free_name

_FARTHEST = 3.0  # distance in a column, so that a single outlier does not decide


def _exemplars(
    described: Any, sampled: list, membership: Membership, rows: np.ndarray, n: int
) -> pd.DataFrame:
    """Return real rows nearest to the centre of each segment, with their distance.

    The distance is the mean over the columns of the distance in each, divided by the
    distance that two customers have in it on average; so each column has equal
    influence [1]_. In numbers it is the distance from the segment's median, at most
    three times the average; in categories one minus the level's share in the segment,
    and where a cell is missing the average.

    References
    ----------
    .. [1] T. Hastie, R. Tibshirani and J. Friedman, "The elements of statistical
       learning", 2nd edition, Springer 2009, section 14.3.3.
    """
    scales = [_average_distance(column) for column in sampled]
    used = [pair for pair in zip(sampled, scales, strict=True) if pair[1] > 0]
    nearest, labels, distances = [rows[:0]], [], []
    for at, label in enumerate(membership.labels[: membership.n_segments]):
        own = np.flatnonzero(membership.codes[rows] == at)
        total = np.zeros(len(own))
        for column, scale in used:
            total += _distances(column, own, scale)
        order = np.argsort(total, kind="stable")[:n]
        nearest.append(rows[own[order]])
        labels += [label] * len(order)
        distances += (total[order] / max(1, len(used))).tolist()
    names = [column.name for column in sampled]
    shown = described.rows(np.concatenate(nearest), names)
    segment, distance = free_name("segment", shown), free_name("distance", shown)
    shown.insert(0, segment, pd.Series(labels, index=shown.index, dtype=object))
    shown.insert(1, distance, np.array(distances, dtype=np.float64))
    return shown


def _average_distance(column: Any) -> float:
    """Return the mean distance of two customers in one column."""
    if not column.is_numeric:
        counts = column.level_counts
        return 1.0 - np.sum((counts / max(1, counts.sum())) ** 2)
    numbers = np.sort(column.numbers[~np.isnan(column.numbers)])
    n = len(numbers)
    if n < 2:
        return 0.0
    # Gini's mean difference; sorted, it takes one pass
    ranks = 2 * np.arange(n) - n + 1
    return float(2 * np.sum(ranks * (numbers - numbers[n // 2])) / (n * (n - 1)))


def _distances(column: Any, rows: np.ndarray, scale: float) -> np.ndarray:
    """Return the distances from the centre of these rows in one column."""
    if not column.is_numeric:
        own = column.factor.take(rows)
        counts = own.counts()[:-1]
        away = np.append(1.0 - counts / max(1, counts.sum()), scale)
        return away[own.codes] / scale
    numbers = column.numbers[rows]
    if np.isnan(numbers).all():
        return np.ones(len(rows))
    away = np.minimum(np.abs(numbers - np.nanmedian(numbers)) / scale, _FARTHEST)
    return np.where(np.isnan(numbers), 1.0, away)


@validate_parameters(categorical_features=["array-like", StrOptions({"auto"})])
def segment_profile(
    estimator_or_labels: Any,
    X: Any,
    *,
    feature_names: ArrayLike | None = None,
    columns: Any = None,
    categorical_features: Any = "auto",
    value: Any = None,
    n_exemplars: int = 3,
    rule_depth: Any = "auto",
    max_levels: int = 20,
    confidence_level: float = 0.95,
    correction: str | None = "holm",
    random_state: Any = 0,
) -> SegmentProfile:
    """Describe what is in each segment of customers.

    Each segment is compared with all other customers in every column, gets a name in
    plain words from what sets it apart most, rules that find it again, and real
    customers who are typical of it.

    Parameters
    ----------
    estimator_or_labels : estimator or array-like of shape (n_samples,)
        A fitted clusterer or classifier, or a Pipeline that ends in one; or the label
        of each customer, whole numbers or text. The number -1 is noise: shown last,
        without exemplars and rules.
    X : frame or array-like of shape (n_samples, n_features)
        The customers in raw columns: numbers, text, categories, truth values, dates,
        missing cells. An estimator must be able to predict them, or have ``labels_``
        for as many rows.
    feature_names : array-like of str or None, default=None
        Names of the columns of X; None takes those it has.
    columns : list of str or int, or None, default=None
        Columns to describe, by name or position; None takes all but identifiers and
        columns without a value, which are left out with a warning.
    categorical_features : "auto" or list of str or int, default="auto"
        Columns that hold categories whatever their dtype. Numbers that are only 0 and 1
        always do.
    value : str, array-like of shape (n_samples,) or None, default=None
        Column of X, or numbers, of what a customer is worth, such as revenue;
        missing ones count as 0. A column of X is described as any other.
    n_exemplars : int, default=3
        Customers to show from each segment.
    rule_depth : int, "auto" or None, default="auto"
        Conditions of a rule at most; "auto" is 3 to 6, growing with the number of
        segments; None leaves the rules out.
    max_levels : int, default=20
        Levels of a category at most; the rarest are put together.
    confidence_level : float, default=0.95
        Coverage of the intervals of effect sizes.
    correction : {"holm", "fdr_bh"} or None, default="holm"
        How p-values are corrected for their number, segments times columns: Holm's
        method, or Benjamini and Hochberg's false discovery rate.
    random_state : int, RandomState instance or None, default=0
        Draws rows for exemplars and rules, and the folds in which rules are measured.

    Returns
    -------
    profile : SegmentProfile
        Printed, it is a report.

    Raises
    ------
    ValueError
        If labels are missing or not one for each row, or a column is unknown.
    SchemaError
        If a column holds infinite values.

    Warns
    -----
    SegmentLearnWarning
        If columns are left out; if ``predict(X)`` and ``labels_`` differ, so that X is
        probably not in the form that the clusterer was fitted on.

    See Also
    --------
    segmentlearn.plotting.SegmentProfileDisplay : The profile as a picture.
    segmentlearn.plotting.SegmentMapDisplay : The customers as points.

    Notes
    -----
    Effects of numbers are by ranks: Cohen's d of normal distributions with the same
    Cliff's delta as the values of the segment and those of the others [2]_, which a few
    wrong cells hardly change. Effects of categories are Cramér's V with Bergsma's
    correction. p-values are those of the Mann-Whitney test and of the chi-squared test,
    whose law is rough where levels are rare. Segments that were found on the same
    columns differ in them by construction [1]_, so p-values describe and do not test.
    Intervals too take the segments as given.

    Values that are hardly possible, as `audit` reports them (placeholders such as
    999,999, amounts with a wrong sign or unit, ages of 200), are left out, also of
    means, rules and exemplars, and counted. In a segment that holds more than a quarter
    of such values of a column they stay, as they are what is special in it.

    A name has two features of at least 0.5 in Cohen's d, or in Cohen's h for the share
    of a level or of missing cells, whose interval leaves out 0; three where it would be
    that of another segment. Those of 1 and more are taken first, in the order of their
    columns, then the strongest. Of columns with a correlation of 0.65 or more one is
    used. Names have 40 characters, 48 where they would be equal or have a single
    feature. Low and high, few and many mean in comparison with the other customers; a
    level stands for 80 % of the segment, "mostly" for half of it.

    Rules are the leaves of a decision tree with balanced classes, grown on all rows or
    on a stratified sample of about 20,000, from which exemplars are taken too. Their
    own precision and recall are those on these rows; `SegmentProfile.fidelity` is
    measured by five-fold cross-validation.

    References
    ----------
    .. [1] L. L. Gao, J. Bien and D. Witten, "Selective inference for hierarchical
       clustering", Journal of the American Statistical Association 119 (2024), 332-342.
    .. [2] J. Ruscio, "A probability-based measure of effect size: robustness to base
       rates and other factors", Psychological Methods 13 (2008), 19-30.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn.inspection import segment_profile
    >>> X = pd.DataFrame(
    ...     {
    ...         "Age": [22, 25, 21, 24, 23, 61, 58, 66, 59, 63],
    ...         "Plan": ["basic", "basic", "plus", "basic", "basic"] + ["plus"] * 5,
    ...     }
    ... )
    >>> profile = segment_profile([0] * 5 + [1] * 5, X)
    >>> profile.names
    {0: 'younger, plan: basic', 1: 'older, plan: plus'}
    >>> profile.to_frame()[["size", "share"]]
             size  share
    segment
    0           5    0.5
    1           5    0.5
    """
    random_state = check_random_state(random_state)
    described = Described(X, feature_names, columns, categorical_features, max_levels)
    membership = find_membership(estimator_or_labels, X, described.n_rows)
    codes, sizes = membership.codes, membership.sizes
    rows, weights = draw_sample(codes, sizes, random_state)
    contrasts, sampled = [], []
    for column, outliers in described.columns(codes, len(sizes)):
        contrasts.append(
            compare_segments(column, outliers, codes, sizes, confidence_level)
        )
        sampled.append(column.take(rows))
    if not contrasts:
        message = "No column is left to describe; list those you want in columns."
        raise ValueError(message)
    p_values = np.column_stack([contrast.p_values for contrast in contrasts])
    features = find_distinguishing_features(contrasts, sizes, confidence_level)
    how = (membership.n_segments, rule_depth, random_state)
    return SegmentProfile(
        labels=membership.labels,
        names=name_segments(
            membership.labels,
            features,
            membership.known_names,
            RelatedFeatures(sampled),
        ),
        sizes=sizes,
        contrasts=contrasts,
        distinguishing_features=features,
        p_adjusted=adjust(p_values, correction),
        value_sums=_value_sums(value, described, codes, len(sizes)),
        exemplars=_exemplars(described, sampled, membership, rows, n_exemplars),
        surrogate=grow_surrogate(sampled, codes[rows], weights, *how),
        confidence_level=confidence_level,
        correction=correction,
        value_name=value if isinstance(value, str) else getattr(value, "name", None),
    )


def _value_sums(
    value: Any, described: Any, codes: np.ndarray, n_segments: int
) -> np.ndarray | None:
    """Return the sum of the value of each segment."""
    if value is None:
        return None
    if isinstance(value, str):
        value = described.numbers_of(value, "value")
    value = np.asarray(value, dtype=np.float64)
    if value.shape != (described.n_rows,):
        raise ValueError(
            f"value has shape {value.shape}; pass one number for each of the "
            f"{described.n_rows} rows of X, or the name of a column."
        )
    sums = np.bincount(codes, weights=np.nan_to_num(value), minlength=n_segments)
    if not np.isfinite(sums).all() or sums.sum() <= 0:
        raise ValueError(
            f"value sums to {sums.sum()}, of which no shares can be taken; it must be "
            f"finite and positive in total."
        )
    return sums
