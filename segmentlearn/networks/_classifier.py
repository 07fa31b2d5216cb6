"""Build the Keras model of a classifier from its description."""

import itertools

import keras
import numpy as np

from segmentlearn._building import building
from segmentlearn.networks._specs import ClassifierSpec


@building()
def build_classifier(spec: ClassifierSpec, seed: int) -> keras.Model:
    """Build a classifier with fresh weights.

    Each hidden layer is dense, then normalised where asked for, then dropped out where
    asked for; the last layer is a softmax. Only Keras' own layers are used, so that the
    model can be read by Keras alone.

    Parameters
    ----------
    spec : ClassifierSpec
        What the net is made of.
    seed : int
        Decides the initial weights (Glorot and Bengio's uniform distribution).

    Returns
    -------
    model : keras.Model
        Built, not compiled. Input (n_rows, n_features), output (n_rows, n_classes).

    Examples
    --------
    >>> from segmentlearn.networks import ClassifierSpec, build_classifier
    >>> spec = ClassifierSpec(n_features=3, n_classes=2, hidden_layer_sizes=(4,))
    >>> build_classifier(spec, seed=0).count_params()
    26
    """
    check_activation(spec.activation)
    penalty = keras.regularizers.L2(spec.l2) if spec.l2 else None
    inputs = keras.Input((spec.n_features,), name="features")
    x = inputs
    rates = itertools.chain(spec.dropout, itertools.repeat(0.0))
    layers = zip(spec.hidden_layer_sizes, rates, strict=False)
    for depth, (units, rate) in enumerate(layers, start=1):
        x = keras.layers.Dense(
            units,
            activation=spec.activation,
            kernel_initializer=_initializer(seed, depth),
            kernel_regularizer=penalty,
            name=f"hidden_{depth}",
        )(x)
        if spec.batch_normalization:
            x = keras.layers.BatchNormalization(name=f"normalization_{depth}")(x)
        if rate:
            x = keras.layers.Dropout(
                rate, seed=layer_seed(seed, depth), name=f"dropout_{depth}"
            )(x)
    outputs = keras.layers.Dense(
        spec.n_classes,
        activation="softmax",
        kernel_initializer=_initializer(seed, 0),
        kernel_regularizer=penalty,
        name="probabilities",
    )(x)
    return keras.Model(inputs, outputs, name="segment_classifier")


def check_activation(name: str) -> None:
    """Refuse a name that is not an activation, with names that are."""
    try:
        found = keras.activations.get(name)
    except (ValueError, TypeError):
        found = None
    if found is None or isinstance(found, type):
        raise ValueError(
            f"activation={name!r} is not an activation of Keras; use a name such as "
            "'relu', 'silu', 'gelu' or 'tanh'."
        )


def _initializer(seed: int, depth: int) -> keras.initializers.Initializer:
    """Return the initializer of one layer; seeds of two layers are never equal."""
    return keras.initializers.GlorotUniform(seed=layer_seed(seed, depth))


def layer_seed(seed: int, depth: int) -> int:
    """Mix the net's seed and a layer's depth; neighbours share no random numbers."""
    return int(np.random.SeedSequence([seed, depth]).generate_state(1)[0]) >> 1
