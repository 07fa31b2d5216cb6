"""What "auto" means: sizes and steps that follow the table and the effort wanted."""

import dataclasses
import math
from typing import Any

from segmentlearn.neural_network._settings import check_layer_sizes, resolve_batch_size


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
    """

    hidden_layer_sizes: tuple[int, ...]
    n_members: int
    n_inner_folds: int
    most_rows: int


# measured in docs/benchmarks/accuracy.py and docs/benchmarks/ablation.rst
EFFORTS = {
    "fast": Effort((64, 64), 4, 0, 0),
    "default": Effort((64, 64), 6, 5, 50_000),
    "thorough": Effort((128, 128), 16, 10, 200_000),
}

# above this many rows a net of fewer members is as good, and the time counts
_MANY_ROWS = 100_000
_MANY_ROWS_MEMBERS = 4
_SMALL_BATCH = 128
_FEWEST_EPOCHS_WITHOUT_IMPROVEMENT = 3
# an average of weights at momentum 0.98 follows within about so many steps
_STEPS_TO_FOLLOW = 75


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The parameters of one fit, none of them "auto" any more.

    Parameters
    ----------
    hidden_layer_sizes : list of int
    n_members, n_inner_folds, batch_size, n_iter_no_change : int
    learning_rate : float
    """

    hidden_layer_sizes: list[int]
    n_members: int
    n_inner_folds: int
    batch_size: int
    n_iter_no_change: int
    learning_rate: float


def resolve_sizes(
    estimator: Any,
    n_rows: int,
    fewest_in_a_class: int,
    may_hold_out: bool,
    rarest_class: Any = None,
) -> Sizes:
    """Replace every "auto" among an estimator's parameters."""
    effort = EFFORTS[estimator.effort]
    n_folds = estimator.n_inner_folds
    if n_folds == "auto":
        n_folds = effort.n_inner_folds if n_rows <= effort.most_rows else 0
        n_folds = min(n_folds, fewest_in_a_class)
    n_folds = 0 if n_folds == 1 or not may_hold_out else int(n_folds)
    if n_folds > fewest_in_a_class:
        raise ValueError(
            f"n_inner_folds={n_folds} needs as many rows of each class, and the rarest "
            f"class, {rarest_class!r}, has {fewest_in_a_class}; use fewer folds or "
            '"auto", or merge the class.'
        )
    n_members = estimator.n_members
    if n_members == "auto":
        n_members = effort.n_members
        if n_rows > _MANY_ROWS:
            n_members = min(n_members, _MANY_ROWS_MEMBERS)
    layer_sizes = estimator.hidden_layer_sizes
    if isinstance(layer_sizes, str):
        layer_sizes = effort.hidden_layer_sizes
    batch_size = resolve_batch_size(estimator.batch_size, n_rows)
    return Sizes(
        hidden_layer_sizes=check_layer_sizes(layer_sizes),
        n_members=int(n_members),
        n_inner_folds=n_folds,
        batch_size=batch_size,
        n_iter_no_change=resolve_patience(
            estimator.n_iter_no_change, n_rows, batch_size
        ),
        learning_rate=resolve_learning_rate(estimator.learning_rate, batch_size),
    )


def resolve_learning_rate(learning_rate: Any, batch_size: int) -> float:
    """Return the learning rate; "auto" grows with the batch size."""
    if learning_rate != "auto":
        return float(learning_rate)
    return 0.008 if batch_size <= _SMALL_BATCH else 0.02


def resolve_patience(n_iter_no_change: Any, n_rows: int, batch_size: int) -> int:
    """Return the epochs to wait; "auto" is longer where epochs are short."""
    if n_iter_no_change != "auto":
        return int(n_iter_no_change)
    steps = math.ceil(n_rows / batch_size)
    return max(_FEWEST_EPOCHS_WITHOUT_IMPROVEMENT, math.ceil(_STEPS_TO_FOLLOW / steps))
