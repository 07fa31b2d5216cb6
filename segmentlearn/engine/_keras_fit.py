"""Keras' own ``fit`` for what the engine cannot compile."""

import contextlib
import functools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._callbacks import wants_batches
from segmentlearn.engine._data._rows import Rows, longest
from segmentlearn.engine._epoch_recorder import EpochRecorder, TrainingResult
from segmentlearn.engine._fit_spec import FitSpec, constant
from segmentlearn.engine._keras_compat import (
    EXCLUSIONS,
    averaged_weights,
    has_schedule,
    is_masked,
    keras,
    tf,
    without_fused_layers,
)
from segmentlearn.engine._program import _losses
from segmentlearn.engine._program._compile_spec import CompileSpec
from segmentlearn.engine._program._reclaim import note_gone, reclaim_if_due
from segmentlearn.engine._program._weights import read_state, write_state
from segmentlearn.exceptions import SegmentLearnWarning

COMPILER_ERRORS = (
    tf.errors.InvalidArgumentError,
    tf.errors.UnimplementedError,
    tf.errors.NotFoundError,
    tf.errors.InternalError,
)

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
    if any(getattr(optimizer, name, None) for name in EXCLUSIONS):
        return "the optimizer excludes single variables from weight decay"
    if not _losses.is_mean_loss(loss):
        return "the loss is not a mean over rows"
    for metric in metrics:
        if not _losses.is_mean_over_rows(metric):
            return f"the metric {_losses.metric_name(metric)} is not a mean over rows"
    for name in _OWN_WAYS:
        if is_replaced(model, name):
            return f"{type(model).__name__} has a {name} of its own"
    if any(map(is_masked, getattr(model, "outputs", None) or ())):
        return "the model's output carries a mask"
    return None


def is_replaced(model: Any, method: str) -> bool:
    """Whether a model, or its class, has its own version of a method of Keras'."""
    own = vars(model).get(method) or getattr(type(model), method)
    return own is not getattr(keras.Model, method)


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
    table: Rows,
    spec: CompileSpec,
    fit_spec: FitSpec,
    callbacks: Sequence,
    optimizer_state: Sequence | None = None,
) -> TrainingResult:
    """Train with ``keras.Model.fit`` as a compiled program would."""
    if spec.n_members is not None:
        raise ValueError("a model with a member axis can only be trained compiled.")
    optimizer, n_outputs = copy_optimizer(spec.optimizer), len(table.targets)
    # a single loss is repeated: Keras takes weights of losses for a list only
    losses = _losses.per_output(spec.loss, n_outputs, "loss")
    model.compile(
        optimizer=optimizer,
        loss=spec.loss if n_outputs == 1 else losses,
        loss_weights=None if spec.loss_weights is None else [*spec.loss_weights],
        metrics=_first_output_metrics(spec.metrics, n_outputs),
        weighted_metrics=_first_output_metrics(spec.weighted_metrics, n_outputs),
        run_eagerly=bool(getattr(model, "run_eagerly", False)),
        jit_compile=False,  # what XLA refuses once it refuses here too
    )
    if optimizer_state is not None:
        optimizer.build(model.trainable_variables)
        try:
            write_state(optimizer, optimizer_state)
        except ValueError:
            warnings.warn(
                "the optimizer starts afresh: its state is that of another training.",
                SegmentLearnWarning,
                stacklevel=4,
            )
    # the seed decides what dropout and noise layers draw
    known = {id(variable) for variable in model.weights}
    states = [v for v in model.variables if id(v) not in known]
    for index, variable in enumerate(states):
        variable.assign(np.array([fit_spec.seed & 0xFFFFFFFF, index], np.uint32))
    with contextlib.closing(EpochRecorder(model, spec, fit_spec)) as recorder:
        monitor = KerasFitMonitor(spec, fit_spec, recorder)
        try:
            with without_fused_layers():
                _run(model, table, spec, fit_spec, [monitor, *callbacks])
        except KeyboardInterrupt:
            if not recorder.interrupt():
                raise
    model.set_weights(recorder.kept_weights())
    note_gone()  # what Keras compiled; it goes with the model
    reclaim_if_due()
    return recorder.result(compiled=False, optimizer_state=read_state(optimizer))


class KerasFitMonitor(keras.callbacks.Callback):
    """Applies the schedule, and records the epochs, of a fit by Keras."""

    def __init__(
        self, spec: CompileSpec, fit_spec: FitSpec, recorder: EpochRecorder
    ) -> None:
        super().__init__()
        self._fit_spec, self._recorder = fit_spec, recorder
        self._n_steps = -(-longest(fit_spec.train_rows) // spec.batch_size)
        self._names = ["loss", *spec.metric_names]
        self._base_rate = self._rate = 0.0
        self._aside: list | None = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Note the rate that the schedule is a factor on."""
        self._base_rate = self._present_rate()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Follow the schedule, at the grain of epochs."""
        optimizer = self.model.optimizer
        if self._fit_spec.schedule is constant or has_schedule(optimizer):
            return  # the user's own callbacks or schedule may want to set the rate
        factors = self._fit_spec.rate_factors(epoch, self._n_steps)
        optimizer.learning_rate = self._base_rate * float(factors[0])

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Note the rate of the epoch's first step."""
        if batch == 0:
            self._rate = self._present_rate()

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Validate the moving average of the weights, where the optimizer has one."""
        averages = averaged_weights(self.model.optimizer)
        if averages:
            trained = self.model.trainable_variables
            self._aside = [variable.numpy() for variable in trained]
            _assign(trained, averages)

    def on_test_end(self, logs: dict | None = None) -> None:
        """Go on with the weights themselves."""
        if self._aside is not None:
            _assign(self.model.trainable_variables, self._aside)
            self._aside = None

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Record the epoch; end the training where that says so."""
        measures = {
            prefix + name: float(value)
            for prefix in ("", "val_")
            for name in self._names
            if (value := _find(logs or {}, prefix, name)) is not None
        }
        measures["learning_rate"] = self._rate
        if not self._recorder.record(measures, self._evaluated_weights()):
            self.model.stop_training = True

    def _evaluated_weights(self) -> list:
        """Return the model's weights, the trained ones as their averages."""
        averages = averaged_weights(self.model.optimizer)
        trained = map(id, self.model.trainable_variables)
        average_of = dict(zip(trained, averages, strict=False))
        return [average_of.get(id(v), v).numpy() for v in self.model.weights]

    def _present_rate(self) -> float:
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))


def _find(logs: dict, prefix: str, name: str) -> Any:
    """Look a measure up; of several outputs the first one has it under its name."""
    if prefix + name in logs:
        return logs[prefix + name]
    ends = [key for key in logs if key.endswith(f"_{name}") and name != "loss"]
    ends = [key for key in ends if key.startswith("val_") == bool(prefix)]
    return logs[ends[0]] if ends else None


def _assign(variables: list, values: list) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _run(
    model: Any, table: Rows, spec: CompileSpec, fit_spec: FitSpec, callbacks: Sequence
) -> None:
    """Call Keras' ``fit`` on batches in an order that the seed decides."""
    batch = keras.tree.lists_to_tuples(_take(table, fit_spec.train_rows))
    n_rows = len(fit_spec.train_rows)
    order = tf.data.Dataset.range(n_rows)
    if fit_spec.shuffle:
        order = order.shuffle(n_rows, seed=fit_spec.seed & 0x7FFFFFFF)

    def gather(index: Any) -> Any:
        return keras.tree.map_structure(lambda leaf: tf.gather(leaf, index), batch)

    validation = None
    if len(fit_spec.validation_rows):
        validation = _take(table, fit_spec.validation_rows)
    model.fit(
        order.batch(spec.batch_size).map(gather),
        validation_data=validation,
        validation_batch_size=spec.batch_size,
        epochs=fit_spec.epochs,
        shuffle=False,  # done above
        callbacks=callbacks,
        verbose=fit_spec.verbose,
    )


def copy_optimizer(optimizer: Any) -> Any:
    """Return a fresh optimizer with the same configuration."""
    copy = type(optimizer).from_config(optimizer.get_config())
    for name in EXCLUSIONS:  # not part of the configuration
        if hasattr(optimizer, name):
            setattr(copy, name, getattr(optimizer, name))
    return copy


def _take(table: Rows, numbers: np.ndarray) -> tuple:
    """Return the structures and weights of some rows as Keras' ``fit`` takes them."""
    features = [leaf[numbers] for leaf in table.features]
    targets = [leaf[numbers] for leaf in table.targets]
    X = keras.tree.pack_sequence_as(table.structure, features)
    y = targets[0] if len(targets) == 1 else targets
    if table.weights is None:
        return X, y
    weights = np.asarray(table.weights, np.float32)[numbers]
    # weights of one are left out: Keras cannot apply them to masked time steps
    return (X, y) if (weights == 1).all() else (X, y, weights)


def _first_output_metrics(metrics: tuple, n_outputs: int) -> list | None:
    if n_outputs == 1 or not metrics:
        return list(metrics) or None
    return [list(metrics), *[None] * (n_outputs - 1)]
