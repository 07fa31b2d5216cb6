"""Losses and metrics as functions of rows: one number a row, reduced by the program."""

import functools
import json
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from segmentlearn.engine._keras_compat import averaged_function, grows, keras, tf
from segmentlearn.engine._program._architecture import NotCompilableError

RowFunction = Callable[[Any, Any], Any]

_AVERAGES = ("sum_over_batch_size", "mean")
# these hold a function that their configuration only names
_WRAPPERS = ("LossFunctionWrapper", "MeanMetricWrapper")

# what makes a metric the mean of its function
_MEAN_METHODS = ("__call__", "update_state", "result")


def row_losses(loss: Any, n_outputs: int) -> list[RowFunction]:
    """Resolve a loss, or one for each output, to functions of (y_true, y_pred)."""
    return list(map(_row_loss, per_output(loss, n_outputs, "loss")))


def per_output(value: Any, n_outputs: int, name: str) -> list:
    """Give each output its own entry of a parameter that may be a single one."""
    if isinstance(value, dict):  # of a model that does not name its outputs
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
    function = found.call if isinstance(found, keras.losses.Loss) else found
    # Keras makes every target a float
    return lambda target, prediction: function(tf.cast(target, tf.float32), prediction)


def row_metric(metric: Any, target: Any, prediction: Any) -> RowFunction:
    """Resolve a metric to a function; "accuracy" follows the target's shape."""
    if metric in ("accuracy", "acc"):
        return _accuracy(tuple(target.shape), tuple(prediction.shape))
    found = _find_metric(metric)
    if isinstance(found, keras.losses.Loss):  # called, it would average over the rows
        return _row_loss(found)
    if not isinstance(found, keras.metrics.Metric):
        return found
    if not isinstance(found, keras.metrics.MeanMetricWrapper):
        raise ValueError(
            f"metric {metric!r} is not a mean over rows, so a compiled epoch cannot "
            "report it; compute it from the predictions after training."
        )
    return averaged_function(found)


def is_mean_over_rows(metric: Any) -> bool:
    """Whether a metric is a mean of one value a row, as a compiled epoch needs it."""
    if metric in ("accuracy", "acc"):
        return True
    found = _find_metric(metric)
    if isinstance(found, keras.losses.Loss):
        return not _has_its_own(found, keras.losses.Loss, ("__call__",))
    if not isinstance(found, keras.metrics.Metric):
        return True
    mean = keras.metrics.MeanMetricWrapper
    return isinstance(found, mean) and not _has_its_own(found, mean, _MEAN_METHODS)


def is_mean_loss(loss: Any) -> bool:
    """Whether a loss, or each of several, averages over rows as the engine does."""
    if isinstance(loss, (dict, list, tuple)):
        return all(map(is_mean_loss, keras.tree.flatten(loss)))
    kind = keras.losses.Loss
    if isinstance(loss, kind) and _has_its_own(loss, kind, ("__call__",)):
        return False  # it need not even have a `call`
    return getattr(loss, "reduction", "mean") in _AVERAGES


def _has_its_own(item: Any, kind: type, methods: Sequence[str]) -> bool:
    """Whether the user's class does something else in one of `kind`'s methods."""
    return any(getattr(type(item), m) is not getattr(kind, m) for m in methods)


def more_is_better(metric: Any) -> bool:
    """Whether a metric grows as a net gets better; a function counts as an error."""
    return metric in ("accuracy", "acc") or grows(_find_metric(metric))


def metric_name(metric: Any) -> str:
    """Return the name under which a metric stands in the history, as in Keras."""
    if isinstance(metric, str):
        return metric
    name = getattr(metric, "name", None) or getattr(metric, "__name__", None)
    return str(name or type(metric).__name__)


def _accuracy(target: tuple, prediction: tuple) -> RowFunction:
    """Choose what "accuracy" means as Keras does."""
    if prediction[-1] == 1:
        return keras.metrics.binary_accuracy
    if len(target) < len(prediction) or target[-1] == 1:
        return keras.metrics.sparse_categorical_accuracy
    return keras.metrics.categorical_accuracy


def _find_metric(metric: Any) -> Any:
    get = _by_name if isinstance(metric, str) else keras.metrics.get
    try:
        return get(metric)
    except ValueError as error:
        raise ValueError(
            f"metric {metric!r} is not known; use 'accuracy', the name of a metric of "
            "Keras, or a function of (y_true, y_pred) that gives a value a row. Keras "
            f"says: {error}"
        ) from error


@functools.lru_cache(maxsize=256)
def _by_name(metric: str) -> Any:
    """Make a metric once: it has variables, which cannot be made while one traces."""
    return keras.metrics.get(metric)


def apply_by_row(function: RowFunction, target: Any, prediction: Any, axes: int) -> Any:
    """Evaluate a row function and average what is left beyond the row axes.

    `axes` is 1 for rows, 2 for members × rows. A target without the last axis of a
    one-column prediction gets it, as in Keras.
    """
    if len(target.shape) == len(prediction.shape) - 1 and prediction.shape[-1] == 1:
        target = tf.expand_dims(target, -1)
    values = tf.cast(function(target, prediction), tf.float32)
    if len(values.shape) < axes:
        raise NotCompilableError("a metric gives one number for all rows")
    for _ in values.shape[axes:]:
        values = tf.reduce_mean(values, axis=-1)
    return values


def identity_key(item: Any) -> Hashable:
    """Return what distinguishes two losses, metrics or schedules."""
    if isinstance(item, dict):
        return tuple((key, identity_key(value)) for key, value in item.items())
    if isinstance(item, Sequence) and not isinstance(item, str):
        return tuple(identity_key(value) for value in item)
    # a user's own class may leave parameters out of its config: it is only itself
    kind = type(item)
    is_known = kind.__module__.startswith("keras.") and kind.__name__ not in _WRAPPERS
    if is_known and isinstance(item, (keras.losses.Loss, keras.metrics.Metric)):
        config = item.get_config()
        if isinstance(item, keras.losses.Loss):
            config = {**config, "name": None}  # a metric's name matters
        return type(item), json.dumps(config, sort_keys=True, default=str)
    return item
