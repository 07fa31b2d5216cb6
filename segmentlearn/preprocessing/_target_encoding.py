"""Target means of category levels: smoothed, and cross-fitted for the training rows."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import column_or_1d

_MOST_FOLDS = 5
# whole numbers with more distinct values than this count amounts, not classes
_MOST_NUMERIC_CLASSES = 30


def read_target(y: Any, target_type: str = "auto") -> tuple[np.ndarray, list | None]:
    """Turn a target into columns whose means can be taken."""
    y, target_type = check_target(y, target_type)
    if target_type == "continuous":
        return y.astype(np.float64)[:, np.newaxis], None
    classes, codes = np.unique(y, return_inverse=True)
    target = np.zeros((len(y), len(classes)))
    target[np.arange(len(y)), codes] = 1.0
    if len(classes) <= 2:
        target = target[:, -1:]
    return target, classes.tolist()


def check_target(y: Any, target_type: str = "auto") -> tuple[np.ndarray, str]:
    """Return a target as an array, and whether it holds classes or amounts."""
    y = column_or_1d(np.asarray(y), warn=True)
    n_missing = int(np.count_nonzero(pd.isna(y)))
    if n_missing:
        raise ValueError(
            f"y holds {n_missing} missing value(s), and a label is needed for each "
            "row: drop the rows without one."
        )
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    if target_type == "auto":
        numeric = y.dtype.kind in "iuf"
        amounts = numeric and len(np.unique(y)) > _MOST_NUMERIC_CLASSES
        target_type = "continuous" if amounts or kind == "continuous" else "classes"
    return y, target_type


def is_encodable(y: Any) -> bool:
    """Return whether target means can be taken of ``y``."""
    if y is None:
        return False
    shape = np.asarray(y).shape
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)


def smoothed_means(codes: np.ndarray, n_codes: int, target: np.ndarray) -> np.ndarray:
    """Return the mean target of every level, drawn towards the overall mean.

    Notes
    -----
    Levels are taken as random effects: with ``n`` rows a level's mean counts
    ``n / (n + m)``, where ``m`` is the variance within levels over the variance between
    them, both estimated from the data, over all classes at once [1]_ [2]_. So a level
    of one row never becomes that row's label, and an uninformative column becomes
    constant.

    References
    ----------
    .. [1] D. Micci-Barreca: "A Preprocessing Scheme for High-Cardinality Categorical
       Attributes in Classification and Prediction Problems", SIGKDD Explorations 3(1),
       2001.
    .. [2] S. R. Searle, G. Casella, C. E. McCulloch: "Variance Components",
       Wiley, 1992.
    """
    overall = target.mean(axis=0)
    centred = target - overall
    counts = np.bincount(codes, minlength=n_codes).astype(np.float64)
    sums = np.column_stack(
        [np.bincount(codes, weights=column, minlength=n_codes) for column in centred.T]
    )
    return _shrunk_means(counts, sums, overall, (centred**2).sum())


def means_of_counts(counts: np.ndarray) -> np.ndarray:
    """Return `smoothed_means` of classes, from the rows of each level and class."""
    rows = counts.sum(axis=1).astype(np.float64)
    if not rows.any():
        return np.full(counts.shape, 1 / counts.shape[1])[:, _outputs(counts)]
    overall = counts.sum(axis=0) / rows.sum()
    sums = counts - rows[:, np.newaxis] * overall
    total = (rows.sum() * overall * (1 - overall))[_outputs(counts)].sum()
    wanted = _outputs(counts)
    return _shrunk_means(rows, sums[:, wanted], overall[wanted], total)


def _outputs(counts: np.ndarray) -> slice:
    """Return the classes that have a column: of two the second."""
    return slice(-1, None) if counts.shape[1] <= 2 else slice(None)


def _shrunk_means(
    counts: np.ndarray, sums: np.ndarray, overall: np.ndarray, total: float
) -> np.ndarray:
    """Return level means from sums and squares about the overall mean."""
    present = counts > 0
    deviations = np.zeros_like(sums)
    np.divide(sums, counts[:, np.newaxis], out=deviations, where=present[:, np.newaxis])
    n_rows, n_levels = counts.sum(), np.count_nonzero(present)
    between = (counts[:, np.newaxis] * deviations**2).sum()
    # one pseudo-row of the overall variance: where nearly every level has one row, the
    # variance within levels is unknown, not zero
    within = max(total - between, 0.0) + total / n_rows
    noise = within / (n_rows - n_levels + 1)
    effective = n_rows - (counts**2).sum() / n_rows
    signal = (between - (n_levels - 1) * noise) / max(effective, 1)
    if signal <= 0:
        return np.broadcast_to(overall, sums.shape).copy()
    weights = counts / (counts + noise / signal)
    return overall + weights[:, np.newaxis] * deviations


def cross_fitted_means(
    codes: np.ndarray,
    n_codes: int,
    target: np.ndarray,
    classes: list | None,
    random_state: Any,
) -> np.ndarray:
    """Encode training rows by the means of the folds that don't hold them."""
    n_rows = len(codes)
    if n_rows < 2:
        return np.broadcast_to(target.mean(axis=0), target.shape).copy()
    encoded = np.empty_like(target)
    for train, test in _folds(target, classes, random_state):
        means = smoothed_means(codes[train], n_codes, target[train])
        encoded[test] = means[codes[test]]
    return encoded


def _folds(target: np.ndarray, classes: list | None, random_state: Any) -> list:
    """Split the rows into up to five folds, stratified by class."""
    n_rows = len(target)
    n_folds = min(_MOST_FOLDS, n_rows)
    labels = target.argmax(axis=1) if target.shape[1] > 1 else target[:, 0].astype(int)
    stratified = classes is not None and np.bincount(labels).max() >= n_folds
    splitter = (StratifiedKFold if stratified else KFold)(
        n_folds, shuffle=True, random_state=random_state
    )
    with warnings.catch_warnings():  # a class smaller than the number of folds is fine
        warnings.simplefilter("ignore", UserWarning)
        return list(splitter.split(target, labels))
