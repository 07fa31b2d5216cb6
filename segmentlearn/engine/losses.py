"""Losses and metrics as functions of rows: one number a row, reduced by the program."""

import json
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from segmentlearn.engine.backend import keras, tf

RowFunction = Callable[[Any, Any], Any]


def row_losses(loss: Any, n_outputs: int) -> list[RowFunction]:
    """Resolve a loss, or one for each output, to functions of (y_true, y_pred).

    Parameters
    ----------
    loss : str, callable, keras.losses.Loss, or a list or dict of them
        One for all outputs, or one for each output in the order of the outputs.
    n_outputs : int
        Outputs of the model.

    Returns
    -------
    functions : list of callable
        Each gives one loss a row.

    Raises
    ------
    ValueError
        If the number of losses is not the number of outputs.
    """
    return [_row_loss(one) for one in per_output(loss, n_outputs, "loss")]


def per_output(value: Any, n_outputs: int, name: str) -> list:
    """Give each output its own entry of a parameter that may be a single one."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, (list, tuple)):
        return [value] * n_outputs
    if len(value) != n_outputs:
        raise ValueError(
            f"{name} has {len(value)} entries, and the model has {n_outputs} outputs."
        )
    return list(value)


def _row_loss(loss: Any) -> RowFunction:
    found = keras.losses.get(loss)
    if found is None:
        raise ValueError("loss=None: name a Keras loss or pass a loss object.")
    return found.call if isinstance(found, keras.losses.Loss) else found


def row_metric(metric: Any, target: Any, prediction: Any) -> RowFunction:
    """Resolve a metric's name or function; "accuracy" follows the target's shape."""
    if callable(metric):
        return metric
    if metric in ("accuracy", "acc"):
        if prediction.shape[-1] == 1:
            return keras.metrics.binary_accuracy
        if len(target.shape) == len(prediction.shape):
            return keras.metrics.categorical_accuracy
        return keras.metrics.sparse_categorical_accuracy
    found = getattr(keras.metrics, str(metric), None)
    if found is None or isinstance(found, type):
        raise ValueError(
            f"metric {metric!r} is not known; use 'accuracy', the name of a function "
            "in keras.metrics, or a function of (y_true, y_pred) that gives a value "
            "for each row."
        )
    return found


def apply_by_row(function: RowFunction, target: Any, prediction: Any, axes: int) -> Any:
    """Evaluate a row function and average what is left beyond the row axes.

    `axes` is 1 for rows, 2 for members × rows. A target without the last axis of a
    one-column prediction gets it, as in Keras.
    """
    if len(target.shape) == len(prediction.shape) - 1 and prediction.shape[-1] == 1:
        target = tf.expand_dims(target, -1)
    values = tf.cast(function(target, prediction), tf.float32)
    for _ in range(len(values.shape) - axes):
        values = tf.reduce_mean(values, axis=-1)
    return values


def identity_key(item: Any) -> Hashable:
    """Return what tells two losses, metrics or schedules apart."""
    if isinstance(item, dict):
        return tuple((key, identity_key(value)) for key, value in item.items())
    if isinstance(item, Sequence) and not isinstance(item, str):
        return tuple(identity_key(value) for value in item)
    # a user's own Loss may leave parameters out of its config: it is only itself
    if isinstance(item, keras.losses.Loss) and type(item).__module__.startswith(
        "keras."
    ):
        config = {**item.get_config(), "name": None}
        return type(item), json.dumps(config, sort_keys=True, default=str)
    return item
