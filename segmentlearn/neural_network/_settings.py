"""Sizes of nets and trainings: what "auto" means for a table and an effort."""

import dataclasses
import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

# rows up to which a step takes so many: larger tables allow larger, less noisy steps
_BATCH_SIZES = (
    (500, 16),
    (1000, 32),
    (2000, 64),
    (5000, 128),
    (20_000, 256),
    (100_000, 512),
)
_LARGEST_BATCH = 1024


def check_layer_sizes(hidden_layer_sizes: Any) -> list[int]:
    """Return the units of each hidden layer."""
    sizes = [hidden_layer_sizes]
    if not isinstance(hidden_layer_sizes, Integral):
        sizes = list(hidden_layer_sizes)
    if not all(isinstance(units, Integral) and int(units) >= 1 for units in sizes):
        raise ValueError(
            f"hidden_layer_sizes={hidden_layer_sizes!r} must be whole numbers above 0, "
            "one for each hidden layer, such as (64, 64)."
        )
    return [int(units) for units in sizes]


def resolve_batch_size(batch_size: Any, n_rows: int) -> int:
    """Return the rows of one step."""
    if batch_size != "auto":
        return int(batch_size)
    fitting = (size for most, size in _BATCH_SIZES if n_rows <= most)
    return next(fitting, _LARGEST_BATCH)


def check_callbacks(callbacks: Sequence | None) -> Sequence:
    """Return the callbacks, which must be objects with Keras' hooks."""
    for position, callback in enumerate(callbacks or ()):
        if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
            raise ValueError(
                f"callbacks[{position}]={callback!r} is not a Keras callback; pass "
                "objects such as keras.callbacks.TerminateOnNaN()."
            )
    return callbacks or ()


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much is trained, at one point of the curve of time and accuracy.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int
        Units of each hidden layer.
    n_members : int
        Classifiers in a net.
    n_inner_folds : int
        Nets, each stopped on a fold of its own; 0 is one net and one hold-out.
    most_rows : int
        Rows above which one hold-out is enough: its loss is precise by then.
    many_rows_members : int
        Classifiers in a net of a table of 100,000 rows or more.
    many_rows_epochs : int
        Epochs of a table of 200,000 rows; smaller ones have more, larger ones fewer.
    """

    hidden_layer_sizes: tuple[int, ...]
    n_members: int
    n_inner_folds: int
    most_rows: int
    many_rows_members: int
    many_rows_epochs: int


# measured in docs/benchmarks/accuracy.py and docs/benchmarks/ablation.rst
EFFORTS = {
    "fast": Effort((64, 64), 4, 0, 0, 1, 6),
    "default": Effort((64, 64), 6, 5, 50_000, 2, 8),
    "thorough": Effort((128, 128), 16, 10, 200_000, 4, 12),
}

# from this many rows on few epochs with a rate that falls to zero are as good as many,
# and nets of fewer members too: their average lowers a variance that is small by then
_MANY_ROWS = 100_000
_EPOCHS_ROWS, _EPOCHS_POWER = 200_000, 0.5
_SMALL_BATCH = 128
_FEWEST_EPOCHS = 3  # without an improvement
# an average of weights at momentum 0.98 follows within about so many steps
_STEPS_TO_FOLLOW = 75


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The parameters of one fit, none of them "auto" any more.

    Parameters
    ----------
    hidden_layer_sizes : list of int
    n_members, n_inner_folds, batch_size, n_iter_no_change, max_epochs : int
    learning_rate : float
    learning_rate_schedule : str or callable
    """

    hidden_layer_sizes: list[int]
    n_members: int
    n_inner_folds: int
    batch_size: int
    n_iter_no_change: int
    learning_rate: float
    max_epochs: int
    learning_rate_schedule: Any


def resolve_sizes(estimator: Any, y_encoded: np.ndarray, may_hold_out: bool) -> Sizes:
    """Replace every "auto" among a classifier's parameters by what its rows ask for."""
    return sizes_of_counts(estimator, np.bincount(y_encoded), may_hold_out)


def sizes_of_counts(estimator: Any, counts: np.ndarray, may_hold_out: bool) -> Sizes:
    """Return sizes for so many rows of each class."""
    n_rows = int(counts.sum())
    present = np.flatnonzero(counts)
    rarest = present[counts[present].argmin()]
    n_rarest = int(counts[rarest])
    effort = EFFORTS[estimator.effort]
    n_folds = estimator.n_inner_folds
    if n_folds == "auto":
        n_folds = effort.n_inner_folds if n_rows <= effort.most_rows else 0
        n_folds = min(n_folds, n_rarest)
    n_folds = 0 if n_folds == 1 or not may_hold_out else int(n_folds)
    if n_folds > n_rarest:
        raise ValueError(
            f"n_inner_folds={n_folds} needs as many rows of each class, and the rarest "
            f"class, {estimator.classes_.tolist()[rarest]!r}, has {n_rarest}; use "
            'fewer folds or "auto", or merge the class.'
        )
    n_members = estimator.n_members
    if n_members == "auto":
        is_large = n_rows >= _MANY_ROWS
        n_members = effort.many_rows_members if is_large else effort.n_members
    layer_sizes = estimator.hidden_layer_sizes
    if isinstance(layer_sizes, str):
        layer_sizes = effort.hidden_layer_sizes
    batch_size = resolve_batch_size(estimator.batch_size, n_rows)
    learning_rate = estimator.learning_rate
    if learning_rate == "auto":
        learning_rate = 0.008 if batch_size <= _SMALL_BATCH else 0.02
    patience = estimator.n_iter_no_change
    if patience == "auto":  # longer where epochs are short
        n_steps = math.ceil(n_rows / batch_size)
        patience = max(_FEWEST_EPOCHS, math.ceil(_STEPS_TO_FOLLOW / n_steps))
    max_epochs, schedule = estimator.max_epochs, estimator.learning_rate_schedule
    if schedule == "auto":
        schedule = "constant"
        if n_rows >= _MANY_ROWS:
            few = effort.many_rows_epochs * (_EPOCHS_ROWS / n_rows) ** _EPOCHS_POWER
            max_epochs, schedule = min(max_epochs, max(1, round(few))), "cosine"
            patience = max(patience, max_epochs)  # the last epochs are the best
    return Sizes(
        hidden_layer_sizes=check_layer_sizes(layer_sizes),
        n_members=int(n_members),
        n_inner_folds=n_folds,
        batch_size=batch_size,
        n_iter_no_change=int(patience),
        learning_rate=float(learning_rate),
        max_epochs=max_epochs,
        learning_rate_schedule=schedule,
    )
