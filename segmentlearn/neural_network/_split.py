"""Which rows a net learns from, and which it is validated on."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold


@dataclasses.dataclass(frozen=True)
class Split:
    """The training rows of a net, and what its validation loss is measured on.

    Parameters
    ----------
    train_rows : ndarray of int or None, default=None
        Rows to learn from; None stands for all.
    validation_rows : ndarray of int, default=[]
        Rows to stop on.
    validation_data : tuple or None, default=None
        Features, targets and weights to stop on, in place of rows of the table.
    """

    train_rows: Any = None
    validation_rows: np.ndarray = dataclasses.field(
        default_factory=lambda: np.arange(0)
    )
    validation_data: tuple | None = None

    @property
    def validates(self) -> bool:
        """Whether there are rows to stop on."""
        return self.validation_data is not None or len(self.validation_rows) > 0

    def fit_arguments(self) -> dict[str, Any]:
        """Return the rows as keywords of `engine.fit`."""
        arguments: dict[str, Any] = {"train_rows": self.train_rows}
        if self.validation_data is not None:
            arguments["validation_data"] = self.validation_data
        elif len(self.validation_rows):
            arguments["validation_rows"] = self.validation_rows
        return arguments


def stratified_splits(
    y_encoded: np.ndarray,
    rows: np.ndarray,
    n_folds: int,
    fraction: float,
    random_state: np.random.RandomState,
    class_names: np.ndarray,
    groups: np.ndarray | None = None,
) -> list[Split]:
    """Split rows into stratified folds; for 0 folds hold a fraction of them out.

    Rows of one group stay together.
    """
    pairs: Sequence[tuple[np.ndarray, np.ndarray]]
    if groups is not None:
        pairs = grouped_folds(
            y_encoded[rows], groups[rows], n_folds or 1 / fraction, random_state
        )
        pairs = pairs if n_folds else pairs[:1]
    elif n_folds:
        splitter = StratifiedKFold(
            n_folds, shuffle=True, random_state=random_state.randint(2**31 - 1)
        )
        pairs = list(splitter.split(rows, y_encoded[rows]))
    else:
        pairs = [
            stratified_holdout(y_encoded[rows], fraction, random_state, class_names)
        ]
    return [Split(rows[train], rows[validation]) for train, validation in pairs]


def grouped_folds(
    y_encoded: np.ndarray,
    groups: np.ndarray,
    n_folds: float,
    random_state: np.random.RandomState,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split row numbers so that no group is on both sides, with like class shares."""
    n_folds, n_groups = max(2, round(n_folds)), len(np.unique(groups))
    if n_groups < n_folds:
        raise ValueError(
            f"groups has {n_groups} different group(s) for {n_folds} folds; pass more "
            "groups, or ask for fewer folds."
        )
    splitter = StratifiedGroupKFold(
        n_folds, shuffle=True, random_state=random_state.randint(2**31 - 1)
    )
    return list(splitter.split(y_encoded, y_encoded, groups))


def latest_holdout(times: np.ndarray, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Split row numbers so that the rows held out are later than all others.

    Rows of one time stay together. Rows without a time are trained on.
    """
    known = np.sort(times[~np.isnan(times)])
    different = np.unique(known)
    if len(different) < 2:
        raise ValueError(
            f"the times have {len(different)} different value(s); rows can be held out "
            "by time from two on."
        )
    at = round((1 - fraction) * len(known))
    # the boundary between two times that is nearest to the share wanted
    starts = np.searchsorted(known, different[1:])
    first = different[1:][np.argmin(np.abs(starts - at))]
    is_late = times >= first
    return np.flatnonzero(~is_late), np.flatnonzero(is_late)


def check_no_single_row(counts: np.ndarray, class_names: np.ndarray) -> None:
    """Refuse classes of one row, which cannot be learnt from and validated on."""
    if (counts == 1).any():
        single = class_names[counts == 1].tolist()
        raise ValueError(
            f"class(es) {single!r} have 1 row each; early_stopping=True holds rows of "
            "every class out, so each needs at least 2. Merge or drop the class, pass "
            "X_val and y_val, or set early_stopping=False."
        )


def stratified_holdout(
    y_encoded: np.ndarray,
    fraction: float,
    random_state: np.random.RandomState,
    class_names: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Split row numbers into training and validation rows, class by class.

    Every class that has rows is on both sides, and has as nearly as possible its share
    of the validation rows.
    """
    counts = np.bincount(y_encoded, minlength=len(class_names))
    check_no_single_row(counts, class_names)
    held_out = []
    for label in np.flatnonzero(counts):
        rows = random_state.permutation(np.flatnonzero(y_encoded == label))
        n_held_out = max(1, round(fraction * len(rows)))
        held_out.append(rows[: min(n_held_out, len(rows) - 1)])
    validation = np.sort(np.concatenate(held_out))
    train = np.setdiff1d(np.arange(len(y_encoded)), validation, assume_unique=True)
    return train, validation
