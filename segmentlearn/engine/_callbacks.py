"""Keras callbacks that look at epochs, and how they are told what happens."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._backend import keras
from segmentlearn.engine._optimizer_state import write_state
from segmentlearn.engine._program._epoch_program import Recipe

_BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_begin",
    "on_test_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)
# Keras' own that have no use for what the optimizer has gathered
_WITHOUT_STATE = (
    keras.callbacks.CSVLogger,
    keras.callbacks.EarlyStopping,
    keras.callbacks.LearningRateScheduler,
    keras.callbacks.ReduceLROnPlateau,
    keras.callbacks.TerminateOnNaN,
)


def wants_batches(callback: Any) -> bool:
    """Whether a callback must be called within an epoch, not only around it."""
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        return callback.save_freq != "epoch"
    if isinstance(callback, keras.callbacks.TensorBoard):
        return callback.update_freq != "epoch"
    return any(
        hook in vars(callback)
        or getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook)
        for hook in _BATCH_HOOKS
    )


class EpochCallbacks:
    """Keras callbacks around a loop that is not Keras' own.

    They read and set ``model.optimizer.learning_rate``, so a model that is not compiled
    is compiled for them, and one that is wears another optimizer while they are called.
    """

    def __init__(
        self,
        callbacks: Sequence,
        model: Any,
        recipe: Recipe,
        epochs: int,
        verbose: int,
    ) -> None:
        self.is_needed = bool(callbacks)
        self._model = model
        if not self.is_needed:
            return
        # a fresh copy: callbacks may set the rate, and the user's optimizer is not ours
        optimizer = recipe.optimizer
        self._optimizer = type(optimizer).from_config(optimizer.get_config())
        # a checkpoint of the whole model stores it, and must be able to load it
        self._optimizer.build(model.trainable_variables)
        if not model.compiled:
            model.compile(optimizer=self._optimizer, loss=recipe.loss)
        self.needs_state = any(type(one) not in _WITHOUT_STATE for one in callbacks)
        model.stop_training = False
        for callback in callbacks:
            _tell_direction(callback, recipe)
        self._list = keras.callbacks.CallbackList(
            list(callbacks), model=model, epochs=epochs, verbose=verbose
        )

    @property
    def wants_stop(self) -> bool:
        """Whether a callback has asked for the end of the training."""
        return self.is_needed and bool(self._model.stop_training)

    def learning_rate(self, optimizer: Any, steps: np.ndarray) -> np.ndarray | float:
        """Return the base rate of each step, as callbacks have left it."""
        if self.is_needed:
            optimizer = self._optimizer
        rate = optimizer._learning_rate
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            return np.array([float(rate(step)) for step in steps], np.float32)
        if not isinstance(rate, keras.Variable) and callable(rate):
            rate = rate()
        return float(keras.ops.convert_to_numpy(rate))

    def on_train_begin(self) -> None:
        """Pass the beginning of the training on."""
        if self.is_needed:
            with self._lent_optimizer():
                self._list.on_train_begin()

    def on_epoch_begin(self, epoch: int) -> None:
        """Pass the beginning of an epoch on."""
        if self.is_needed:
            with self._lent_optimizer():
                self._list.on_epoch_begin(epoch)

    def take_state(self, state: Sequence) -> None:
        """Show callbacks what the optimizer has gathered; a checkpoint stores it."""
        write_state(self._optimizer, state)

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        """Pass the end of an epoch on, with its losses and metrics."""
        with self._lent_optimizer():
            self._list.on_epoch_end(epoch, dict(logs))

    def on_train_end(self) -> None:
        """Pass the end of the training on; some restore weights now."""
        if self.is_needed:
            with self._lent_optimizer():
                self._list.on_train_end()

    @contextlib.contextmanager
    def _lent_optimizer(self) -> Iterator[None]:
        """Let the model wear the optimizer of this training."""
        own, self._model.optimizer = self._model.optimizer, self._optimizer
        try:
            yield
        finally:
            self._model.optimizer = own


def _tell_direction(callback: Any, recipe: Recipe) -> None:
    """Say whether more is better, as Keras finds out from a metric it has computed."""
    watched = str(getattr(callback, "monitor", "")).removeprefix("val_")
    if getattr(callback, "mode", None) == "auto" and watched in recipe.metric_names:
        callback.mode = "max" if recipe.more_is_better(watched) else "min"
