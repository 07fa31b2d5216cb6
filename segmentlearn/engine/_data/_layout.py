"""The rows of a training as one table, and which of them each net learns from."""

from typing import Any

import numpy as np

from segmentlearn.engine._data._padding import Table, as_leaves, longest, skeleton


def lay_out_rows(
    X: Any,
    y: Any,
    sample_weight: np.ndarray | None = None,
    *,
    train_rows: Any = None,
    validation_rows: Any = None,
    validation_data: tuple | None = None,
    n_members: int | None = None,
) -> tuple[Table, Any, Any]:
    """Put all rows into one table; return the numbers of those for each purpose too.

    With members, these are lists of an array for each.
    """
    features, targets = as_leaves(X, "X"), as_leaves(y, "y")
    n_rows = len(features[0])
    if n_members is not None:
        train_rows, validation_rows = _for_each_member(
            n_members, n_rows, train_rows, validation_rows
        )
    elif _is_by_member(train_rows) or _is_by_member(validation_rows):
        raise ValueError(
            "train_rows and validation_rows hold an array for each member; pass "
            "n_members, or one array of row numbers."
        )
    if len(targets[0]) != n_rows:
        raise ValueError(f"X has {n_rows} rows and y has {len(targets[0])}.")
    if sample_weight is not None and np.shape(sample_weight) != (n_rows,):
        raise ValueError(
            f"sample_weight has shape {np.shape(sample_weight)}; it must be "
            f"({n_rows},)."
        )
    train = _row_numbers(train_rows, n_rows, np.arange(n_rows), "train_rows")
    nothing = [np.arange(0)] * len(train) if isinstance(train, list) else np.arange(0)
    validation = _row_numbers(validation_rows, n_rows, nothing, "validation_rows")
    if longest(train) == 0:
        raise ValueError("there are no rows to train on.")
    if validation_data is not None:
        if longest(validation):
            raise ValueError("pass validation_data or validation_rows, not both.")
        features, targets, sample_weight, added = _append_rows(
            features, targets, sample_weight, validation_data
        )
        validation = [added] * len(train) if isinstance(train, list) else added
    return Table(features, targets, sample_weight, skeleton(X)), train, validation


def _for_each_member(
    n_members: int, n_rows: int, train_rows: Any, validation_rows: Any
) -> tuple[list, list]:
    """Give every member its rows; an array that is not in a list is for all."""

    def repeated(rows: Any, n_default: int, name: str) -> list:
        if rows is None:
            rows = np.arange(n_default)
        if not isinstance(rows, list):
            rows = [rows] * n_members
        if len(rows) != n_members:
            raise ValueError(f"{name} has {len(rows)} arrays for {n_members} members.")
        return rows

    return (
        repeated(train_rows, n_rows, "train_rows"),
        repeated(validation_rows, 0, "validation_rows"),
    )


def _is_by_member(rows: Any) -> bool:
    """Whether rows are a list of arrays, one for each member."""
    return isinstance(rows, list) and bool(rows) and np.ndim(rows[0]) == 1


def _row_numbers(rows: Any, n_rows: int, default: Any, name: str) -> Any:
    """Check row numbers; a list holds an array for each member."""
    if rows is None:
        return default
    if _is_by_member(rows):
        return [_row_numbers(own, n_rows, default, name) for own in rows]
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
    for old, new in zip(
        [*features, *targets], [*more_features, *more_targets], strict=True
    ):
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
