"""Keras callbacks that look at epochs, around a loop that is not Keras' own."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._fit_spec import FitSpec
from segmentlearn.engine._keras_compat import (
    has_schedule,
    keras,
    raw_learning_rate,
)
from segmentlearn.engine._program._compile_spec import CompileSpec
from segmentlearn.engine._program._weights import write_state

_HOOKS = [name for name in dir(keras.callbacks.Callback) if name.startswith("on_")]
PREDICT_HOOKS = [name for name in _HOOKS if "predict" in name]
_BATCH_HOOKS = [
    name
    for name in _HOOKS
    if ("batch" in name or "test" in name) and name not in PREDICT_HOOKS
]
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
    return has_hook(callback, _BATCH_HOOKS)


def has_hook(callback: Any, hooks: Sequence[str]) -> bool:
    """Whether a callback, or its class, has its own version of one of the hooks."""
    return any(
        hook in vars(callback)
        or getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook)
        for hook in hooks
    )


class EpochCallbacks:
    """The callbacks of a fit.

    They read and set ``model.optimizer.learning_rate``, so a model that is not compiled
    is compiled for them, and one that is wears another optimizer while they are called.
    """

    def __init__(
        self, callbacks: Sequence, model: Any, spec: CompileSpec, fit_spec: FitSpec
    ) -> None:
        self.is_needed = bool(callbacks)
        self._model, self._optimizer = model, spec.optimizer
        if not self.is_needed:
            return
        # a fresh copy: callbacks may set the rate, and the user's optimizer is not ours
        self._optimizer = type(spec.optimizer).from_config(spec.optimizer.get_config())
        # a checkpoint of the whole model stores it, and must be able to load it
        self._optimizer.build(model.trainable_variables)
        if not model.compiled:
            model.compile(optimizer=self._optimizer, loss=spec.loss)
        self.needs_state = any(type(item) not in _WITHOUT_STATE for item in callbacks)
        model.stop_training = False
        for callback in callbacks:
            # whether more is better, as Keras finds out from a metric it has computed
            watched = str(getattr(callback, "monitor", "")).removeprefix("val_")
            is_auto = getattr(callback, "mode", None) == "auto"
            if is_auto and watched in spec.metric_names:
                callback.mode = "max" if spec.more_is_better(watched) else "min"
        self._list = keras.callbacks.CallbackList(
            list(callbacks),
            model=model,
            epochs=fit_spec.epochs,
            verbose=fit_spec.verbose,
        )

    def learning_rate(self, steps: np.ndarray) -> np.ndarray | float:
        """Return the base rate of each step, as callbacks have left it."""
        rate = raw_learning_rate(self._optimizer)
        if has_schedule(self._optimizer):
            return np.array([float(rate(step)) for step in steps], np.float32)
        if not isinstance(rate, keras.Variable) and callable(rate):
            rate = rate()
        return float(keras.ops.convert_to_numpy(rate))

    def take_state(self, state: Sequence) -> None:
        """Show callbacks what the optimizer has gathered; a checkpoint stores it."""
        write_state(self._optimizer, state)

    def call(self, hook: str, *arguments: Any) -> None:
        """Call a hook of every callback."""
        if not self.is_needed:
            return
        # the model wears the optimizer of this training meanwhile
        own, self._model.optimizer = self._model.optimizer, self._optimizer
        try:
            getattr(self._list, hook)(*arguments)
        finally:
            self._model.optimizer = own
