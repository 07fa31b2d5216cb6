"""Keras' own ``fit`` for what the engine cannot compile."""

import functools
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentlearn.engine.backend import keras, tf
from segmentlearn.engine.callbacks import wants_batches
from segmentlearn.engine.data import Rows, longest
from segmentlearn.engine.program import Recipe
from segmentlearn.exceptions import SegmentLearnWarning

if TYPE_CHECKING:
    from segmentlearn.engine.trainer import Plan, TrainingResult

COMPILER_ERRORS = (
    tf.errors.InvalidArgumentError,
    tf.errors.UnimplementedError,
    tf.errors.NotFoundError,
    tf.errors.InternalError,
)


def reason_not_to_compile(
    model: Any, optimizer: Any, callbacks: Sequence
) -> str | None:
    """Say why a training must be left to Keras, or None if it need not be.

    Parameters
    ----------
    model : keras.Model
    optimizer : keras.optimizers.Optimizer
    callbacks : sequence of keras.callbacks.Callback

    Returns
    -------
    reason : str or None
        Half a sentence for the warning.
    """
    for callback in callbacks:
        if wants_batches(callback):
            return f"the callback {type(callback).__name__} wants to see batches"
    if getattr(model, "run_eagerly", False):
        return "the model has run_eagerly=True"
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return "a LossScaleOptimizer changes the loss from step to step"
    if optimizer.use_ema:
        return "the optimizer has use_ema=True"
    if getattr(optimizer, "_exclude_from_weight_decay", None):
        return "the optimizer excludes single variables from weight decay"
    if type(model).train_step is not keras.Model.train_step:
        return f"{type(model).__name__} has a train_step of its own"
    return None


def first_line(error: Exception) -> str:
    """Shorten a compiler's message to what a user can read."""
    return (
        f"the compiler refused the model ({str(error).strip().splitlines()[0][:160]})"
    )


@functools.lru_cache(maxsize=64)
def warn_once(reason: str) -> None:
    """Warn that Keras' own ``fit`` does the training; once for each reason."""
    warnings.warn(
        f"training with Keras' own fit, which is slower, because {reason}.",
        SegmentLearnWarning,
        stacklevel=3,
    )


def fit_with_keras(
    model: Any, rows: Rows, recipe: Recipe, plan: "Plan", callbacks: Sequence
) -> "TrainingResult":
    """Train with ``keras.Model.fit`` under the same plan and return the same result.

    Parameters
    ----------
    model : keras.Model
    rows : Rows
    recipe : Recipe
    plan : Plan
    callbacks : sequence of keras.callbacks.Callback

    Returns
    -------
    result : TrainingResult

    Raises
    ------
    ValueError
        If the model has a member axis, which Keras' ``fit`` does not know.
    """
    from segmentlearn.engine.trainer import TrainingResult

    if recipe.n_members is not None:
        raise ValueError("a model with a member axis can only be trained compiled.")
    optimizer = recipe.optimizer
    optimizer = type(optimizer).from_config(optimizer.get_config())
    model.compile(
        optimizer=optimizer,
        loss=recipe.loss,
        loss_weights=recipe.loss_weights,
        metrics=_first_output_metrics(recipe.metrics, len(rows.targets)),
        run_eagerly=bool(getattr(model, "run_eagerly", False)),
    )
    steps = -(-longest(plan.train_rows) // recipe.batch_size)
    hooks = [*callbacks, *_schedule_hook(plan, steps, optimizer)]
    stopping = None
    if plan.stopping is not None:
        stopping = keras.callbacks.EarlyStopping(
            monitor="val_loss",
            patience=plan.stopping.patience,
            min_delta=plan.stopping.min_delta,
            restore_best_weights=plan.stopping.restore_best,
        )
        hooks.append(stopping)
    X, y, weights = _take(rows, plan.train_rows)
    validation = (
        _take(rows, plan.validation_rows) if longest(plan.validation_rows) else None
    )
    interrupted = False
    history = keras.callbacks.History()
    try:
        model.fit(
            X,
            y,
            sample_weight=weights,
            validation_data=validation,
            epochs=plan.epochs,
            batch_size=recipe.batch_size,
            shuffle=plan.shuffle,
            callbacks=[*hooks, history],
            verbose=plan.verbose,
        )
    except KeyboardInterrupt:
        if not history.epoch:
            raise
        interrupted = True
        if stopping is not None and stopping.best_weights is not None:
            model.set_weights(stopping.best_weights)
    return TrainingResult(
        history={name: list(values) for name, values in history.history.items()},
        n_epochs=len(history.epoch),
        best_epoch=None if stopping is None else stopping.best_epoch,
        interrupted=interrupted,
        compiled=False,
        optimizer_state=[variable.numpy() for variable in optimizer.variables],
    )


def _take(rows: Rows, numbers: np.ndarray) -> tuple:
    """Return the structures and weights of some rows as Keras' ``fit`` takes them."""
    features = [leaf.numpy()[numbers] for leaf in rows.features]
    targets = [leaf.numpy()[numbers] for leaf in rows.targets]
    X = keras.tree.pack_sequence_as(rows.structure, features)
    y = targets[0] if len(targets) == 1 else targets
    return X, y, rows.weights.numpy()[numbers]


def _first_output_metrics(metrics: tuple, n_outputs: int) -> list | None:
    if not metrics:
        return None
    if n_outputs == 1:
        return list(metrics)
    return [list(metrics), *[None] * (n_outputs - 1)]


def _schedule_hook(plan: "Plan", steps: int, optimizer: Any) -> list:
    """Return a callback that follows the plan's schedule, at the grain of epochs."""
    rate = optimizer._learning_rate
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return []
    base, total = float(rate.numpy()), max(1, plan.epochs * steps - 1)

    def rate_of(epoch: int) -> float:
        return base * float(plan.schedule(np.array([epoch * steps / total]))[0])

    if all(rate_of(epoch) == base for epoch in range(plan.epochs)):
        return []  # the user's own callbacks may want to set the rate
    return [keras.callbacks.LearningRateScheduler(rate_of)]
