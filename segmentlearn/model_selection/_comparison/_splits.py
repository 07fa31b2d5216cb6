"""Which rows models are fitted to and which they are compared on."""

import itertools
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv
from sklearn.utils.validation import check_consistent_length

Splits = list[tuple[np.ndarray, np.ndarray]]


def make_splits(
    y: np.ndarray, cv: Any, groups: Any, times: Any, random_state: Any
) -> Splits:
    """Return the folds: by class, by groups of rows, or one after the other in time."""
    check_consistent_length(y, groups, times)
    if times is not None:
        if groups is not None:
            raise ValueError("groups and times are two ways to make folds; pass one.")
        if not isinstance(cv, Integral):
            raise ValueError(f"with times, cv={cv!r} must be the number of folds.")
        return forward_folds(times, int(cv))
    if isinstance(cv, Integral):
        kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        cv = kind(cv, shuffle=True, random_state=random_state)
    splitter = check_cv(cv, y, classifier=True)
    return list(splitter.split(np.zeros(len(y)), y, groups))


def forward_folds(times: Any, n_folds: int) -> Splits:
    """Return folds of like size, each with all earlier rows to learn from.

    Rows of one time are on one side.
    """
    codes, _ = pd.factorize(pd.Series(times), sort=True)
    if (codes < 0).any():
        raise ValueError(
            f"times has {np.count_nonzero(codes < 0)} missing value(s); leave these "
            "rows out."
        )
    ordered = np.sort(codes)
    starts = len(codes) * np.arange(1, n_folds + 1) // (n_folds + 1)
    bounds = [*ordered[starts], len(codes)]
    if bounds[0] == 0 or len(set(bounds)) <= n_folds:
        raise ValueError(
            f"times has {len(set(codes))} different values, too few of them or too "
            f"uneven for {n_folds} folds; ask for fewer."
        )
    return [
        (
            np.flatnonzero(codes < start),
            np.flatnonzero((codes >= start) & (codes < end)),
        )
        for start, end in itertools.pairwise(bounds)
    ]
