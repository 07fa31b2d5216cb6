"""The rows that estimators of a blend learn from, and those that they are held out."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import (
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)

from segmentlearn._compat import num_samples
from segmentlearn.neural_network import (
    EFFORTS,
    Split,
    draw_seed,
    stratified_splits,
)

_HELD_OUT = 0.15  # of a table that is large enough for one split
_FEWEST_FOLDS = 2


def make_splits(
    cv: Any,
    y_encoded: np.ndarray,
    rows: np.ndarray,
    classes: np.ndarray,
    random_state: np.random.RandomState,
    groups: Any = None,
) -> list[Split]:
    """Split the rows that have a weight; no row is held out twice.

    "auto" splits as `SegmentClassifier` does: five folds, of a large table one holdout.
    """
    n_folds = cv
    if isinstance(cv, str):
        counts = np.bincount(y_encoded[rows], minlength=len(classes))
        if (counts == 1).any() and groups is None:
            single = classes[counts == 1].tolist()
            raise ValueError(
                f"class(es) {single!r} have 1 row each, which cannot be both learnt "
                "from and held out; merge or drop them, or pass folds as cv."
            )
        effort = EFFORTS["default"]
        is_large = len(rows) > effort.most_rows and groups is None
        n_folds = 0 if is_large else min(effort.n_inner_folds, counts[counts > 0].min())
        if n_folds < _FEWEST_FOLDS and groups is None:
            return stratified_splits(
                y_encoded, rows, 0, _HELD_OUT, random_state, classes
            )
        n_folds = max(_FEWEST_FOLDS, int(n_folds))
    if groups is not None and num_samples(groups) != len(y_encoded):
        raise ValueError(
            f"groups has {num_samples(groups)} entries for {len(y_encoded)} rows; pass "
            "one for each row."
        )
    if isinstance(n_folds, Integral):
        kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        folds = kind(n_folds, shuffle=True, random_state=draw_seed(random_state))
        own = None if groups is None else np.asarray(groups)[rows]
        pairs = folds.split(rows, y_encoded[rows], own)
        splits = [Split(rows[train], rows[held_out]) for train, held_out in pairs]
    else:  # the caller's folds count all rows
        folds = check_cv(cv, y_encoded, classifier=True)
        pairs = folds.split(np.zeros(len(y_encoded)), y_encoded, groups)
        splits = [
            Split(*(part[np.isin(part, rows)] for part in pair)) for pair in pairs
        ]
    _check_splits(splits, cv, y_encoded)
    return splits


def _check_splits(splits: Sequence[Split], cv: Any, y_encoded: np.ndarray) -> None:
    times = np.zeros(len(y_encoded), dtype=int)
    for split in splits:
        times[split.validation_rows] += 1
    if times.max(initial=0) > 1:
        raise ValueError(
            f"cv={cv!r} holds rows out more than once; weights are found on rows that "
            "are held out once, so pass folds that do not overlap, such as "
            "StratifiedKFold or TimeSeriesSplit."
        )
    for number, split in enumerate(splits):
        if len(np.unique(y_encoded[split.train_rows])) < 2:
            raise ValueError(
                f"split {number} of cv={cv!r} learns from rows of one class only; each "
                "needs two at least."
            )
