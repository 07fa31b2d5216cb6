"""The rows of a training as one table, and which of them each net learns from."""

from typing import Any

import numpy as np

from segmentlearn.engine._data._padding import Rows, as_leaves, longest, skeleton


def lay_out_rows(
    X: Any,
    y: Any,
    sample_weight: np.ndarray | None = None,
    *,
    train_rows: Any = None,
    validation_rows: Any = None,
    validation_data: tuple | None = None,
    n_members: int | None = None,
) -> tuple[Rows, Any, Any]:
    """Put all rows into one table; return the numbers of those for each purpose too.

    With members, these are lists of an array for each.
    """
    features, targets = as_leaves(X, "X"), as_leaves(y, "y")
    n_rows = len(features[0])
    if len(targets[0]) != n_rows:
        raise ValueError(f"X has {n_rows} rows and y has {len(targets[0])}.")
    if sample_weight is not None and np.shape(sample_weight) != (n_rows,):
        raise ValueError(
            f"sample_weight has shape {np.shape(sample_weight)}; it must be "
            f"({n_rows},)."
        )
    train = np.arange(n_rows) if train_rows is None else train_rows
    train = _for_each_member(train, n_rows, "train_rows", n_members)
    validation = np.arange(0) if validation_rows is None else validation_rows
    validation = _for_each_member(validation, n_rows, "validation_rows", n_members)
    if longest(train) == 0:
        raise ValueError("there are no rows to train on.")
    if validation_data is not None:
        if longest(validation):
            raise ValueError("pass validation_data or validation_rows, not both.")
        features, targets, sample_weight, added = _append_rows(
            features, targets, sample_weight, validation_data
        )
        validation = [added] * len(train) if isinstance(train, list) else added
    return Rows(features, targets, sample_weight, skeleton(X)), train, validation


def _for_each_member(rows: Any, n_rows: int, name: str, n_members: int | None) -> Any:
    """Check row numbers; with members, give each its own, or all of them the same."""
    if n_members is None:
        if isinstance(rows, list) and rows and np.ndim(rows[0]) == 1:
            raise ValueError(
                f"{name} holds an array for each member; pass n_members, or one array "
                "of row numbers."
            )
        return _row_numbers(rows, n_rows, name)
    if not isinstance(rows, list):
        rows = [rows] * n_members
    if len(rows) != n_members:
        raise ValueError(f"{name} has {len(rows)} arrays for {n_members} members.")
    return [_row_numbers(own, n_rows, name) for own in rows]


def _row_numbers(rows: Any, n_rows: int, name: str) -> np.ndarray:
    """Check row numbers; a mask becomes numbers."""
    rows = np.asarray(rows)
    if rows.ndim != 1:
        raise ValueError(f"{name} has shape {rows.shape}; row numbers stand in a row.")
    if rows.dtype.kind == "b":
        if rows.shape != (n_rows,):
            raise ValueError(
                f"{name} is a mask of shape {rows.shape}; X has {n_rows} rows."
            )
        return np.flatnonzero(rows)
    if rows.dtype.kind not in "iu" and rows.size:
        raise ValueError(f"{name} has dtype {rows.dtype}; row numbers are integers.")
    rows = rows.astype(np.int64)
    if rows.size and (rows.min() < 0 or rows.max() >= n_rows):
        raise ValueError(
            f"{name} runs from {rows.min()} to {rows.max()}; X has rows 0 to "
            f"{n_rows - 1}."
        )
    return rows


def _append_rows(
    features: list, targets: list, weights: np.ndarray | None, extra: tuple
) -> tuple[list, list, np.ndarray | None, np.ndarray]:
    """Append validation rows to the table; return their row numbers too."""
    more_features = as_leaves(extra[0], "validation_data[0]")
    more_targets = as_leaves(extra[1], "validation_data[1]")
    more_weights = extra[2] if len(extra) > 2 else None
    more = [*more_features, *more_targets]
    for old, new in zip([*features, *targets], more, strict=True):
        if old.shape[1:] != new.shape[1:]:
            raise ValueError(
                f"validation_data has rows of shape {new.shape[1:]} where training has "
                f"{old.shape[1:]}."
            )
    n_rows, n_more = len(features[0]), len(more_features[0])
    if n_more != len(more_targets[0]):
        raise ValueError(
            f"validation_data has {n_more} rows of X and {len(more_targets[0])} of y."
        )
    if more_weights is not None and len(more_weights) != n_more:
        raise ValueError(
            f"validation_data has {n_more} rows and {len(more_weights)} weights."
        )
    if weights is not None or more_weights is not None:
        first = np.ones(n_rows) if weights is None else weights
        second = np.ones(n_more) if more_weights is None else more_weights
        weights = np.concatenate([first, second])
    return (
        [np.concatenate(pair) for pair in zip(features, more_features, strict=True)],
        [np.concatenate(pair) for pair in zip(targets, more_targets, strict=True)],
        weights,
        np.arange(n_rows, n_rows + n_more),
    )
