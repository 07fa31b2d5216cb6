"""Keras' own ``fit`` for what the engine cannot compile."""

import functools
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentlearn.engine._backend import keras, tf
from segmentlearn.engine._callbacks import wants_batches
from segmentlearn.engine._data._padding import Table, longest
from segmentlearn.engine._interruption import ends_the_job
from segmentlearn.engine._keras_fit_monitor import Watch
from segmentlearn.engine._optimizer_state import read_state, write_state
from segmentlearn.engine._program import _losses as losses
from segmentlearn.engine._program._epoch_program import Recipe
from segmentlearn.engine._program._reclaim import note_gone, reclaim_if_due
from segmentlearn.engine._tensorboard_log import LogCallback
from segmentlearn.exceptions import SegmentLearnWarning

if TYPE_CHECKING:
    from segmentlearn.engine._trainer import Plan, TrainingResult

COMPILER_ERRORS = (
    tf.errors.InvalidArgumentError,
    tf.errors.UnimplementedError,
    tf.errors.NotFoundError,
    tf.errors.InternalError,
)


_EXCLUSIONS = ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern")

# what a model may do in its own way, and the engine would not notice
_OWN_WAYS = (
    "train_step",
    "test_step",
    "compute_loss",
    "compute_metrics",
    "make_train_function",
    "fit",
)


def reason_not_to_compile(
    model: Any,
    optimizer: Any,
    callbacks: Sequence,
    loss: Any = None,
    metrics: Sequence = (),
) -> str | None:
    """Say why a training must be left to Keras, or None if it need not be."""
    for callback in callbacks:
        if wants_batches(callback):
            return f"the callback {type(callback).__name__} wants to see batches"
    if getattr(model, "run_eagerly", False):
        return "the model has run_eagerly=True"
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return "a LossScaleOptimizer changes the loss from step to step"
    if optimizer.use_ema and optimizer.ema_overwrite_frequency:
        return "the optimizer overwrites weights by their average while it trains"
    if any(getattr(optimizer, name, None) for name in _EXCLUSIONS):
        return "the optimizer excludes single variables from weight decay"
    if not losses.is_mean_loss(loss):
        return "the loss is not a mean over rows"
    for metric in metrics:
        if not losses.is_mean_over_rows(metric):
            name = losses.metric_name(metric)
            return f"the metric {name} is not a mean over rows"
    for name in _OWN_WAYS:
        if is_replaced(model, name):
            return f"{type(model).__name__} has a {name} of its own"
    if any(_is_masked(output) for output in getattr(model, "outputs", None) or ()):
        return "the model's output carries a mask"
    return None


def is_replaced(model: Any, method: str) -> bool:
    """Whether a model, or its class, has its own version of a method of Keras'."""
    own = vars(model).get(method) or getattr(type(model), method)
    return own is not getattr(keras.Model, method)


def _is_masked(output: Any) -> bool:
    """Whether Keras would leave parts of an output out of the loss."""
    return getattr(output, "_keras_mask", None) is not None


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
    model: Any,
    table: Table,
    recipe: Recipe,
    plan: "Plan",
    callbacks: Sequence,
    optimizer_state: Sequence | None = None,
) -> "TrainingResult":
    """Train with ``keras.Model.fit`` under the same plan and return the same result."""
    from segmentlearn.engine._trainer import TrainingResult

    if recipe.n_members is not None:
        raise ValueError("a model with a member axis can only be trained compiled.")
    optimizer = copy_optimizer(recipe.optimizer)
    model.compile(
        optimizer=optimizer,
        loss=_for_each_output(recipe.loss, len(table.targets)),
        loss_weights=None if recipe.loss_weights is None else [*recipe.loss_weights],
        metrics=_first_output_metrics(recipe.metrics, len(table.targets)),
        weighted_metrics=_first_output_metrics(
            recipe.weighted_metrics, len(table.targets)
        ),
        run_eagerly=bool(getattr(model, "run_eagerly", False)),
        jit_compile=False,  # what XLA refuses once it refuses here too
    )
    if optimizer_state is not None:
        optimizer.build(model.trainable_variables)
        try:
            write_state(optimizer, optimizer_state)
        except ValueError:
            _warn("the optimizer starts afresh: its state is that of another training.")
    _seed_generators(model, plan.seed)
    watch = Watch(recipe, plan)
    log = [] if plan.log_folder is None else [LogCallback(plan.log_folder)]
    original = model.get_weights()
    interrupted = False
    try:
        if plan.epochs > 0:
            _run(model, table, recipe, plan, [watch, *callbacks, *log])
        watch.check_first_epoch()
    except BaseException as error:
        interrupted = (
            isinstance(error, KeyboardInterrupt)
            and bool(watch.history)
            and not ends_the_job()
        )
        if not interrupted:
            model.set_weights(original)  # nothing half-trained
            raise
    finally:
        for one in log:
            one.close()
    _warn_of_early_end(watch, plan, interrupted)
    if watch.kept_weights is not None:
        model.set_weights(watch.kept_weights)
    note_gone()  # what Keras compiled; it goes with the model
    reclaim_if_due()
    return TrainingResult(
        history=watch.history,
        n_epochs=watch.n_epochs,
        best_epoch=watch.best_epoch,
        interrupted=interrupted,
        compiled=False,
        optimizer_state=read_state(optimizer),
    )


def _warn_of_early_end(watch: Watch, plan: "Plan", interrupted: bool) -> None:
    """Warn as a compiled training does."""
    if interrupted:
        _warn(
            f"training was interrupted after {watch.n_epochs} of {plan.epochs} epochs; "
            "the best weights so far are kept and the model can be used."
        )
    elif watch.diverged:
        _warn(
            f"training stopped in epoch {watch.n_epochs}: the loss is not a finite "
            "number. The best weights so far are kept; a lower learning rate would "
            "help."
        )


def _run(
    model: Any, table: Table, recipe: Recipe, plan: "Plan", callbacks: Sequence
) -> None:
    """Call Keras' ``fit`` on batches in an order that the seed decides."""
    X, y, weights = _take(table, plan.train_rows)
    batch = keras.tree.lists_to_tuples((X, y) if weights is None else (X, y, weights))
    n_rows = len(plan.train_rows)
    order = tf.data.Dataset.range(n_rows)
    if plan.shuffle:
        order = order.shuffle(n_rows, seed=plan.seed & 0x7FFFFFFF)

    def gather(index: Any) -> Any:
        return keras.tree.map_structure(lambda leaf: tf.gather(leaf, index), batch)

    has_validation = longest(plan.validation_rows)
    model.fit(
        order.batch(recipe.batch_size).map(gather),
        validation_data=_take(table, plan.validation_rows) if has_validation else None,
        validation_batch_size=recipe.batch_size,
        epochs=plan.epochs,
        shuffle=False,  # done above
        callbacks=list(callbacks),
        verbose=plan.verbose,
    )


def copy_optimizer(optimizer: Any) -> Any:
    """Return a fresh optimizer of the same settings."""
    copy = type(optimizer).from_config(optimizer.get_config())
    for name in _EXCLUSIONS:  # not part of the configuration
        if hasattr(optimizer, name):
            setattr(copy, name, getattr(optimizer, name))
    return copy


def _seed_generators(model: Any, seed: int) -> None:
    """Let the seed decide what dropout and noise layers draw."""
    known = {id(variable) for variable in model.weights}
    states = [v for v in model.variables if id(v) not in known]
    for index, variable in enumerate(states):
        variable.assign(np.array([seed & 0xFFFFFFFF, index], np.uint32))


def _take(table: Table, numbers: np.ndarray) -> tuple:
    """Return the structures and weights of some rows as Keras' ``fit`` takes them."""
    features = [leaf[numbers] for leaf in table.features]
    targets = [leaf[numbers] for leaf in table.targets]
    X = keras.tree.pack_sequence_as(table.structure, features)
    y = targets[0] if len(targets) == 1 else targets
    if table.weights is None:
        return X, y, None
    weights = np.asarray(table.weights, np.float32)[numbers]
    # weights of one are left out: Keras cannot spread them over masked time steps
    return X, y, None if (weights == 1).all() else weights


def _for_each_output(loss: Any, n_outputs: int) -> Any:
    """Repeat a single loss: Keras takes weights of losses for a list only."""
    if n_outputs == 1:
        return loss
    return losses.per_output(loss, n_outputs, "loss")


def _first_output_metrics(metrics: tuple, n_outputs: int) -> list | None:
    if not metrics:
        return None
    if n_outputs == 1:
        return list(metrics)
    return [list(metrics), *[None] * (n_outputs - 1)]


def _warn(message: str) -> None:
    warnings.warn(message, SegmentLearnWarning, stacklevel=5)
