"""What makes two models the same architecture, and the engine's own copy of one.

A model is split into what a compiled program depends on (layers, shapes, activations)
and the numbers that may differ from fit to fit (dropout rates, penalties). The first
part is the key of the program; the second is passed to it at each call, so that the
candidates of a grid search share one program.
"""

import dataclasses
from typing import Any

from segmentlearn._building import building
from segmentlearn.engine._keras_compat import flatten_layers, keras, takes_training, tf
from segmentlearn.engine._program._description import describe, is_graph
from segmentlearn.engine._program._matmul_layers import fast_type
from segmentlearn.engine._program._randomness import HashDropout

_PENALTIES = (
    keras.regularizers.L1,
    keras.regularizers.L2,
    keras.regularizers.L1L2,
)


class NotCompilableError(Exception):
    """The model does something that the engine leaves to Keras."""


class NotCloneableError(Exception):
    """The model cannot be rebuilt from its configuration (a subclassed model)."""


@dataclasses.dataclass(frozen=True)
class RuntimeHyperparameters:
    """The numbers of a training that its compiled program takes as arguments.

    Of members with numbers of their own, each number is an array of them.

    Parameters
    ----------
    dropout_rates : tuple of float or ndarray
        One for each ``Dropout`` layer, in the order of their streams.
    penalties : tuple of (float, float) or ndarray
        The L1 and L2 strength for each penalised weight, in the order of the weights.
    weight_decay : float or ndarray
    """

    dropout_rates: Any
    penalties: Any
    weight_decay: Any


def read_hyperparameters(
    model: "keras.Model", optimizer: Any
) -> RuntimeHyperparameters:
    """Collect the dropout rates, penalty strengths and weight decay of a fit."""
    rates = [float(layer.rate) for layer in _dropouts(model)]
    regularizers = [variable.regularizer for variable in model.trainable_weights]
    penalties = [
        (float(getattr(kept, "l1", 0.0)), float(getattr(kept, "l2", 0.0)))
        for kept in regularizers
        if type(kept) in _PENALTIES
    ]
    return RuntimeHyperparameters(rates, penalties, float(optimizer.weight_decay or 0))


def architecture_key(model: "keras.Model") -> tuple:
    """Describe a model without its names, seeds and runtime hyperparameters.

    The classes of the layers belong to the key, since a class may be defined anew under
    its old name in a running session.
    """
    if not is_graph(model):  # a class of the user's own
        raise NotCloneableError(type(model).__name__)
    try:
        text, definitions = describe(model)
    except Exception as error:  # a layer's get_config may fail in any way
        raise NotCloneableError(str(error)) from error
    layers = tuple((type(layer), layer.trainable) for layer in flatten_layers(model))
    trainable = tuple(variable.trainable for variable in model.weights)
    return text, definitions, layers, trainable


def copy_architecture(model: "keras.Model") -> "keras.Model":
    """Rebuild a model with the engine's dropout and matmul layers."""
    streams = {id(layer): index for index, layer in enumerate(_dropouts(model))}
    copies: dict[int, Any] = {}
    try:
        with building():
            copy = _copy_graph(model, copies, streams)
        _copy_trainable(model, copy, copies)
    except Exception as error:  # a layer's from_config may fail in any way
        raise NotCloneableError(str(error)) from error
    if list(map(_kind, copy.weights)) != list(map(_kind, model.weights)):
        raise NotCloneableError("the weights are not those that the layers describe")
    return copy


def take_penalties_over(model: "keras.Model") -> list[int]:
    """Remove L1 and L2 penalties from a copy; return which weights carried them."""
    penalised = []
    for index, variable in enumerate(model.trainable_weights):
        if type(variable.regularizer) in _PENALTIES:
            penalised.append(index)
            variable.regularizer = None
    return penalised


def penalty(
    penalised: list[int], weights: list, strengths: "tf.Tensor"
) -> "tf.Tensor | float":
    """Sum the L1 and L2 penalties.

    `strengths` is (n_penalised, 2), or (n_penalised, 2, n_members) where each member
    has its own.
    """
    total: Any = 0.0
    lead = strengths.shape[2:].rank
    for row, index in enumerate(penalised):
        weight = tf.cast(weights[index], tf.float32)
        axes = list(range(lead, len(weight.shape)))
        total += strengths[row, 0] * tf.reduce_sum(tf.abs(weight), axes)
        total += strengths[row, 1] * tf.reduce_sum(tf.square(weight), axes)
    return tf.reduce_sum(total) if lead and penalised else total


def dropout_layers(model: "keras.Model") -> list[HashDropout]:
    """Return the engine's dropout layers of a copy, in the order of their streams."""
    layers = [layer for layer in _flatten(model) if isinstance(layer, HashDropout)]
    return sorted(layers, key=lambda layer: layer.stream)


def training_argument(model: "keras.Model", training: bool) -> dict[str, bool]:
    """Return the keyword argument of a call, where the model takes one."""
    return {"training": training} if takes_training(model) else {}


def _flatten(model: "keras.Model") -> list:
    """List the layers of a model and of the models within it, each once."""
    found: dict[int, Any] = {}
    for layer in model.layers:
        found[id(layer)] = layer
        if is_graph(layer):
            found.update((id(inner), inner) for inner in _flatten(layer))
    return list(found.values())


def _dropouts(model: "keras.Model") -> list:
    """List the layers that the engine's dropout stands in for."""
    dropouts = [x for x in _flatten(model) if type(x) is keras.layers.Dropout]
    return [layer for layer in dropouts if layer.noise_shape is None]


class _LiveNormalization(keras.layers.Normalization):
    """Normalization that reads its adapted statistics at each call.

    Keras' own turns them into constants when they are set, so a copy that is lent
    another model's statistics would not see them.
    """

    def call(self, inputs: "tf.Tensor") -> "tf.Tensor":
        self.finalize_state()
        return super().call(inputs)


def _copy_graph(model: Any, copies: dict[int, Any], streams: dict[int, int]) -> Any:
    """Copy a Functional or Sequential model; note each layer's copy by its identity."""
    if id(model) in copies:
        return copies[id(model)]

    def rebuild(layer: Any) -> Any:
        if is_graph(layer):
            return _copy_graph(layer, copies, streams)
        if id(layer) not in copies:
            copies[id(layer)] = _copy_layer(layer, streams)
        return copies[id(layer)]

    # Keras copies a compiled model's loss and metrics too; this shell has none
    is_sequence = isinstance(model, keras.Sequential)
    inputs = model.inputs if is_sequence else model.input
    outputs = model.outputs if is_sequence else model.output
    if is_sequence and len(outputs) == 1:
        inputs, outputs = inputs[0], outputs[0]
    shell = keras.Model(inputs, outputs, name=model.name)
    copies[id(model)] = keras.models.clone_model(shell, clone_function=rebuild)
    return copies[id(model)]


def _copy_layer(layer: Any, streams: dict[int, int]) -> Any:
    """Rebuild one layer from its configuration."""
    if id(layer) in streams:
        return HashDropout(
            stream=streams[id(layer)], dtype=layer.dtype_policy, name=layer.name
        )
    if type(layer) is keras.layers.Normalization:
        return _LiveNormalization.from_config(layer.get_config())
    if hasattr(layer, "adapt"):
        raise NotCloneableError(f"{type(layer).__name__} has learnt what it holds")
    kind: Any = fast_type(layer) or type(layer)
    return kind.from_config(layer.get_config())


def _copy_trainable(layer: Any, copy: Any, copies: dict[int, Any]) -> None:
    """Freeze what is frozen, from the outermost layer to the innermost."""
    copy.trainable = layer.trainable
    if is_graph(layer):
        for inner in layer.layers:
            if id(inner) in copies:  # inputs are not
                _copy_trainable(inner, copies[id(inner)], copies)
    else:
        parts = zip(flatten_layers(layer), flatten_layers(copy), strict=True)
        for part, part_copy in parts:
            part_copy.trainable = part.trainable
    for variable, variable_copy in zip(layer.weights, copy.weights, strict=True):
        variable_copy.trainable = variable.trainable


def _kind(variable: "keras.Variable") -> tuple:
    return variable.name, tuple(variable.shape), variable.dtype
