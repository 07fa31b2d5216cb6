"""Build the Keras models of classifiers from their description."""

from collections.abc import Callable
from typing import Any

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

    def dense(x: Any, units: int, depth: int) -> Any:
        initializer = keras.initializers.GlorotUniform(layer_seed(seed, depth))
        settings = _layer_settings(spec, depth)
        return keras.layers.Dense(units, kernel_initializer=initializer, **settings)(x)

    inputs = keras.Input((spec.n_features,), name="features")
    outputs = dense(hidden_layers(inputs, spec, seed, dense), spec.n_classes, 0)
    return keras.Model(inputs, outputs, name="segment_classifier")


@building()
def build_classifier_members(spec: ClassifierSpec, n_members: int) -> keras.Model:
    """Build the layers of several classifiers side by side, all weights zero.

    Parameters
    ----------
    spec : ClassifierSpec
        Of each classifier. Which layers have dropout, and whether there is a penalty,
        counts; how much is for the training to say.
    n_members : int
        Classifiers in the net; they share nothing.

    Returns
    -------
    packed : keras.Model
        Input (n_members, n_rows, n_features), output (n_members, n_rows, n_classes);
        its weights are those of ``build_classifier``, in the same order, with the
        member axis first.

    Raises
    ------
    ValueError
        If the classifier normalises its batches.

    Examples
    --------
    >>> from segmentlearn.networks import ClassifierSpec, build_classifier_members
    >>> spec = ClassifierSpec(n_features=3, n_classes=2, hidden_layer_sizes=(4,))
    >>> build_classifier_members(spec, n_members=5).output_shape
    (5, None, 2)
    """
    if spec.batch_normalization:
        raise ValueError("batch_normalization=True has statistics that nets share.")

    def dense(x: Any, units: int, depth: int) -> Any:
        settings = {"bias_axes": "mo", "kernel_initializer": "zeros"}
        settings |= _layer_settings(spec, depth)
        return keras.layers.EinsumDense("mbi,mio->mbo", (None, units), **settings)(x)

    inputs = keras.Input(batch_shape=(n_members, None, spec.n_features))
    outputs = dense(hidden_layers(inputs, spec, 0, dense), spec.n_classes, 0)
    return keras.Model(inputs, outputs, name="segment_classifiers")


def _layer_settings(spec: ClassifierSpec, depth: int) -> dict[str, Any]:
    """Return activation, penalty and name of a layer; the last one has depth 0."""
    return {
        "activation": spec.activation if depth else "softmax",
        "kernel_regularizer": penalty(spec),
        "name": f"hidden_{depth}" if depth else "probabilities",
    }


def hidden_layers(
    x: Any, spec: ClassifierSpec, seed: int, dense: Callable[[Any, int, int], Any]
) -> Any:
    """Put hidden layers behind a tensor, each with its normalization and dropout."""
    check_activation(spec.activation)
    pairs = zip(spec.hidden_layer_sizes, spec.dropout, strict=True)
    for depth, (units, rate) in enumerate(pairs, start=1):
        x = dense(x, units, depth)
        if spec.batch_normalization:
            x = keras.layers.BatchNormalization(name=f"normalization_{depth}")(x)
        if rate:
            x = keras.layers.Dropout(
                rate, seed=layer_seed(seed, depth), name=f"dropout_{depth}"
            )(x)
    return x


def penalty(spec: ClassifierSpec) -> keras.regularizers.Regularizer | None:
    """Return the penalty on each kernel."""
    return keras.regularizers.L2(spec.l2) if spec.l2 else None


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


def layer_seed(seed: int, depth: int) -> int:
    """Mix the net's seed and a layer's depth; neighbours share no random numbers."""
    return int(np.random.SeedSequence([seed, depth]).generate_state(1)[0]) >> 1
