"""What makes two models the same architecture, and the engine's own copy of one.

A model is split into what a compiled program depends on (layers, shapes, activations)
and the numbers that may differ from fit to fit (dropout rates, penalties). The first
part is the key of the program; the second is handed to it at each call, so that the
candidates of a grid search share one program.
"""

import dataclasses
import json
from typing import Any

from segmentlearn.engine.backend import keras, tf
from segmentlearn.engine.randomness import HashDropout

_PENALTIES = (
    keras.regularizers.L1,
    keras.regularizers.L2,
    keras.regularizers.L1L2,
)
_NAME_FIELDS = ("name", "keras_history", "input_layers", "output_layers")


class NotCloneableError(Exception):
    """The model cannot be rebuilt from its configuration (a subclassed model)."""


@dataclasses.dataclass(frozen=True)
class FreeNumbers:
    """The numbers of a model that its compiled program takes as arguments.

    Parameters
    ----------
    dropout_rates : tuple of float
        One for each ``Dropout`` layer, in the order of the layers.
    penalties : tuple of (float, float)
        The L1 and L2 strength for each penalised weight, in the order of the weights.
    """

    dropout_rates: tuple[float, ...]
    penalties: tuple[tuple[float, float], ...]


def read_free_numbers(model: "keras.Model") -> FreeNumbers:
    """Collect the dropout rates and penalty strengths of a model."""
    rates = [float(layer.rate) for layer in _flatten(model) if _is_dropout(layer)]
    penalties = [
        (
            float(getattr(variable.regularizer, "l1", 0.0)),
            float(getattr(variable.regularizer, "l2", 0.0)),
        )
        for variable in model.trainable_weights
        if type(variable.regularizer) in _PENALTIES
    ]
    return FreeNumbers(tuple(rates), tuple(penalties))


def architecture_key(model: "keras.Model") -> tuple:
    """Describe a model without its names, seeds and free numbers.

    The classes of the layers belong to the key, since a class may be defined anew under
    its old name in a running session.

    Raises
    ------
    NotCloneableError
        If the model has no configuration to be rebuilt from.
    """
    if not type(model).__module__.startswith("keras."):  # a class of the user's own
        raise NotCloneableError(type(model).__name__)
    try:
        config = json.loads(json.dumps(model.get_config(), default=_as_text))
    except (NotImplementedError, TypeError) as error:
        raise NotCloneableError(str(error)) from error
    names: dict[str, str] = {}
    layers = tuple((type(layer), layer.trainable) for layer in _flatten(model))
    return json.dumps(_without_accidents(config, names), sort_keys=True), layers


def copy_architecture(model: "keras.Model") -> "keras.Model":
    """Rebuild a model with the engine's dropout in place of Keras' own."""
    stream = iter(range(1_000_000))

    def rebuild(layer: "keras.layers.Layer") -> "keras.layers.Layer":
        if _is_dropout(layer):
            return HashDropout(stream=next(stream), dtype=layer.dtype_policy)
        copy = layer.__class__.from_config(layer.get_config())
        copy.trainable = layer.trainable
        return copy

    try:
        copy = keras.models.clone_model(model, clone_function=rebuild, recursive=True)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise NotCloneableError(str(error)) from error
    copy.trainable = model.trainable
    for layer, original in zip(copy.layers, model.layers, strict=True):
        layer.trainable = original.trainable
    return copy


def take_penalties_over(model: "keras.Model") -> list[int]:
    """Remove L1 and L2 penalties from a copy; return which weights carried them.

    Returns
    -------
    indices : list of int
        Positions in ``model.trainable_weights``.
    """
    penalised = []
    for index, variable in enumerate(model.trainable_weights):
        if type(variable.regularizer) in _PENALTIES:
            penalised.append(index)
            variable.regularizer = None
    return penalised


def penalty(
    penalised: list[int], weights: list, strengths: "tf.Tensor"
) -> "tf.Tensor | float":
    """Sum the L1 and L2 penalties; strengths is (n_penalised, 2)."""
    total: Any = 0.0
    for row, index in enumerate(penalised):
        weight = tf.cast(weights[index], tf.float32)
        total += strengths[row, 0] * tf.reduce_sum(tf.abs(weight))
        total += strengths[row, 1] * tf.reduce_sum(tf.square(weight))
    return total


def dropout_layers(model: "keras.Model") -> list[HashDropout]:
    """Return the engine's dropout layers of a copy, in the order of their streams."""
    layers = [layer for layer in _flatten(model) if isinstance(layer, HashDropout)]
    return sorted(layers, key=lambda layer: layer.stream)


def _flatten(model: "keras.Model") -> list:
    """List the layers of a model in the order in which a copy is rebuilt."""
    found = []
    for layer in model.layers:
        found.append(layer)
        if isinstance(layer, keras.Model):
            found.extend(_flatten(layer))
    return found


def _is_dropout(layer: Any) -> bool:
    """Whether the engine's dropout can stand in for the layer."""
    return type(layer) is keras.layers.Dropout and layer.noise_shape is None


def _without_accidents(node: Any, names: dict[str, str], field: str = "") -> Any:
    """Blank what does not change the compiled program, recursively."""
    if isinstance(node, dict):
        kind = node.get("class_name")
        if field.endswith("_initializer"):
            return None  # the initial weights come from the user's model
        if field.endswith("_regularizer") and kind in ("L1", "L2", "L1L2"):
            return "penalty"
        blank_rate = kind == "Dropout" and not node["config"].get("noise_shape")
        return {
            key: _without_accidents(value, names, key)
            if not (blank_rate and key == "config")
            else _without_accidents({**value, "rate": None}, names, key)
            for key, value in node.items()
            if key not in ("seed", "build_config")
        }
    if isinstance(node, list):
        return [_without_accidents(value, names, field) for value in node]
    if isinstance(node, str) and field in _NAME_FIELDS:
        return names.setdefault(node, f"#{len(names)}")
    return node


def _as_text(value: object) -> str:
    """Stand in for what JSON does not know (dtype policies, tensors' shapes)."""
    if hasattr(value, "get_config"):
        return json.dumps(value.get_config(), default=str, sort_keys=True)
    if callable(value):
        raise TypeError(f"{value!r} has no configuration")
    return str(value)
