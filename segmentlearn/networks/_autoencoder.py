"""Autoencoders for mixed columns: a code of a few numbers for each customer.

All of it is made of Keras' own layers, so that a stored net can be read by Keras alone.
"""

import dataclasses
from typing import Any

import keras
import numpy as np

from segmentlearn._building import building
from segmentlearn.networks._classifier import check_activation, layer_seed
from segmentlearn.networks._embeddings import frozen

_SMALLEST_STEP = 1e-2  # of the initial last layers: a start that is almost linear


@dataclasses.dataclass(frozen=True)
class AutoencoderSpec:
    """What an autoencoder is made of.

    Parameters
    ----------
    n_features : int
        Columns of the prepared table.
    n_components : int
        Numbers of the code.
    hidden_layer_sizes : tuple of int, default=(128, 64)
        Units of the encoder's hidden layers; the decoder has them the other way round.
    activation : str, default="silu"
        Name of a Keras activation of the hidden layers.
    code_activation : str or None, default=None
        Of the code; None leaves it linear.
    is_linear_plus : bool, default=True
        Whether encoder and decoder have a linear way beside the hidden layers. They
        then start as the principal components and depart where that lowers the loss.
    noise : float, default=0.0
        Share of the cells replaced by those of another row while training.
    columns : tuple of tuple of int, default=()
        Features that make up each column of the table, which noise replaces together;
        features that are in none are columns of their own.

    Examples
    --------
    >>> from segmentlearn.networks import AutoencoderSpec
    >>> AutoencoderSpec(n_features=9, n_components=3).hidden_layer_sizes
    (128, 64)
    """

    n_features: int
    n_components: int
    hidden_layer_sizes: tuple[int, ...] = (128, 64)
    activation: str = "silu"
    code_activation: str | None = None
    is_linear_plus: bool = True
    noise: float = 0.0
    columns: tuple[tuple[int, ...], ...] = ()


@building()
def build_autoencoder(
    spec: AutoencoderSpec,
    directions: np.ndarray,
    center: np.ndarray,
    seed: int,
    n_scales: int = 0,
) -> keras.Model:
    """Build an autoencoder with fresh weights.

    Parameters
    ----------
    spec : AutoencoderSpec
    directions : ndarray of shape (n_components, n_features)
        Principal components of the prepared table, which the linear way starts from.
    center : ndarray of shape (n_features,)
        Means of the prepared table.
    seed : int
        Decides the initial weights.
    n_scales : int, default=0
        Logarithms of scales that are learnt beside the reconstruction, one for each
        number, and appended to it.

    Returns
    -------
    model : keras.Model
        Built, not compiled. Input (n_rows, n_features), output (n_rows, n_features +
        n_scales). Its layers "encoder" and "decoder" are models of their own.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import AutoencoderSpec, build_autoencoder
    >>> spec = AutoencoderSpec(4, 2, hidden_layer_sizes=(8,), noise=0.1)
    >>> model = build_autoencoder(spec, np.eye(2, 4), np.zeros(4), seed=0)
    >>> model.get_layer("encoder").output_shape
    (None, 2)
    """
    check_activation(spec.activation)
    inputs = keras.Input((spec.n_features,), name="features")
    x = _swap_cells(inputs, spec, seed) if spec.noise else inputs
    encoder = _half("encoder", spec, spec.n_features, seed)
    decoder = _half("decoder", spec, spec.n_components, seed + 1)
    if spec.is_linear_plus:
        # what the components leave of the mean
        rest = center - center @ directions.T @ directions
        decoder.get_layer("decoder_bent").bias.assign(rest.astype(np.float32))
        for half, kernel in ((encoder, directions.T), (decoder, directions)):
            linear = half.get_layer(f"{half.name}_linear")
            linear.set_weights([np.asarray(kernel, np.float32)])
    outputs = _append_scales(decoder(encoder(x)), n_scales)
    return keras.Model(inputs, outputs, name="autoencoder")


def copy_padded(source: keras.Model, target: keras.Model) -> None:
    """Copy an autoencoder's weights to one with a code of another length.

    A longer code gets numbers that are zero, and which the decoder ignores; of a longer
    one the first numbers are copied.
    """
    weights = []
    for own, value in zip(target.weights, source.get_weights(), strict=True):
        shared = tuple(map(slice, np.minimum(own.shape, value.shape)))
        padded = np.zeros(own.shape, value.dtype)
        padded[shared] = value[shared]
        weights.append(padded)
    target.set_weights(weights)


def _half(name: str, spec: AutoencoderSpec, n_inputs: int, seed: int) -> keras.Model:
    """Build an encoder or a decoder."""

    def dense(units: int, name: str, depth: int | None, **settings: Any) -> keras.Layer:
        if depth:
            start = keras.initializers.GlorotUniform(layer_seed(seed, depth))
        else:  # a linear way has its weights from elsewhere
            size = _SMALLEST_STEP if spec.is_linear_plus else 1.0
            start = keras.initializers.VarianceScaling(
                size**2, "fan_avg", "uniform", layer_seed(seed, 0)
            )
        use_bias = depth is not None
        return keras.layers.Dense(
            units, use_bias=use_bias, kernel_initializer=start, name=name, **settings
        )

    is_encoder = name == "encoder"
    hidden = spec.hidden_layer_sizes if is_encoder else spec.hidden_layer_sizes[::-1]
    n_outputs = spec.n_components if is_encoder else spec.n_features
    x = inputs = keras.Input((n_inputs,), name=f"{name}_inputs")
    for depth, units in enumerate(hidden, start=1):
        x = dense(units, f"{name}_{depth}", depth, activation=spec.activation)(x)
    x = dense(n_outputs, f"{name}_bent", 0)(x)
    if spec.is_linear_plus:
        straight = dense(n_outputs, f"{name}_linear", None)
        x = keras.layers.Add(name=f"{name}_sum")([x, straight(inputs)])
    if is_encoder and spec.code_activation is not None:
        x = keras.layers.Activation(spec.code_activation, name="code")(x)
    return keras.Model(inputs, x, name=name)


def _append_scales(outputs: Any, n_scales: int) -> Any:
    """Append the logarithms of scales, which do not depend on the row."""
    if not n_scales:
        return outputs
    nothing = keras.layers.Rescaling(0.0, name="nothing")(outputs)
    scales = keras.layers.Dense(n_scales, kernel_initializer="zeros", name="log_scales")
    return keras.layers.Concatenate(name="with_scales")([outputs, scales(nothing)])


def _swap_cells(inputs: Any, spec: AutoencoderSpec, seed: int) -> Any:
    """Replace cells by those of the row behind, which shuffling has made any row.

    The features of a column are replaced together. Which columns are kept is drawn by
    dropout: of ones it leaves none or more than one while training, and exactly one
    otherwise.
    """
    rest = sorted(set(range(spec.n_features)).difference(*spec.columns))
    columns = [*spec.columns, *((position,) for position in rest)]
    belongs = np.zeros((len(columns), spec.n_features), np.float32)
    for number, positions in enumerate(columns):
        belongs[number, list(positions)] = 1.0
    first = [positions[0] for positions in columns]
    nothing = keras.layers.Rescaling(0.0, offset=1.0, name="ones")(inputs)
    select = keras.layers.Dense(len(first), use_bias=False, name="one_a_column")
    ones = frozen(select, nothing, [np.eye(spec.n_features)[:, first]])
    drop = keras.layers.Dropout(spec.noise, seed=layer_seed(seed, 99), name="kept")
    kept = keras.ops.minimum(drop(ones), 1.0)
    by_column = keras.layers.Dense(spec.n_features, use_bias=False, name="kept_cells")
    kept_cells = frozen(by_column, kept, [belongs])
    other = keras.ops.roll(inputs, 1, axis=0)
    return other + kept_cells * (inputs - other)
