"""Autoencoders for mixed columns: a code of a few numbers for each customer.

All of it is made of Keras' own layers, so that a stored net can be read by Keras alone.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from segmentlearn._building import building
from segmentlearn.networks._classifier import check_activation, layer_seed
from segmentlearn.networks._embeddings import frozen

_LOG_SMALLEST_SCALE = float(np.log(0.1))
_LARGEST_LOGIT = 30.0  # e to it is a float32 with room for sums
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
    encoder = _way(
        "encoder", spec, (spec.n_features, spec.n_components), directions.T, seed
    )
    decoder = _way(
        "decoder", spec, (spec.n_components, spec.n_features), directions, seed + 1
    )
    if spec.is_linear_plus:  # what the components leave of the mean
        rest = center - center @ directions.T @ directions
        decoder.get_layer("decoder_bent").bias.assign(rest.astype(np.float32))
    outputs = decoder(encoder(x))
    if n_scales:
        nothing = keras.layers.Rescaling(0.0, name="nothing")(outputs)
        scales = keras.layers.Dense(
            n_scales, kernel_initializer="zeros", name="log_scales"
        )(nothing)
        outputs = keras.layers.Concatenate(name="with_scales")([outputs, scales])
    return keras.Model(inputs, outputs, name="autoencoder")


@functools.lru_cache(maxsize=256)
def mixed_likelihood(
    numeric: tuple[int, ...],
    categories: tuple[tuple[int, ...], ...],
    indicators: tuple[int, ...],
) -> Callable[[Any, Any], Any]:
    """Return the loss that treats each column by its type.

    Numbers have a Gaussian likelihood with a scale that is learnt for each column,
    categories the cross-entropy divided by that of a guess; cells that were missing do
    not count. The result is the mean over the cells that do.

    Parameters
    ----------
    numeric : tuple of int
        Positions of the numbers.
    categories : tuple of tuple of int
        Positions of the one-hot columns of each category.
    indicators : tuple of int
        For each number the position of the column that tells its missing cells, or -1.

    Returns
    -------
    loss : callable
        Of a prepared table, and of what an autoencoder with ``n_scales=len(numeric)``
        makes of it; gives one value a row. The same one for the same columns, so that
        fits share a compiled program.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import mixed_likelihood
    >>> loss = mixed_likelihood((0,), ((1, 2),), (-1,))
    >>> table = np.array([[1.0, 0.0, 1.0]], "float32")
    >>> said = np.array([[1.0, 0.0, 0.0, 0.0]], "float32")  # the last one a log-scale
    >>> loss(table, said).numpy().round(2)
    array([0.5], dtype=float32)
    """
    n_numbers = len(numeric)
    known_always = np.array([place < 0 for place in indicators], np.float32)
    places = [max(place, 0) for place in indicators]
    places_of_levels = [place for category in categories for place in category]
    lengths = [len(category) for category in categories]
    belongs = np.repeat(np.eye(len(categories), dtype=np.float32), lengths, axis=0)
    guesses = np.log(np.maximum(2.0, np.array(lengths, np.float32)))
    level_guesses = np.repeat(guesses, lengths)

    def loss(y_true: Any, y_pred: Any) -> Any:
        ops = keras.ops
        total: Any = 0.0
        n_cells: Any = float(len(categories))
        if n_numbers:
            log_scale = ops.maximum(y_pred[..., -n_numbers:], _LOG_SMALLEST_SCALE)
            missing = ops.take(y_true, places, axis=-1) * (1.0 - known_always)
            gap = ops.take(y_true, numeric, axis=-1)
            gap -= ops.take(y_pred, numeric, axis=-1)
            cells = ops.square(gap * ops.exp(-log_scale)) / 2.0 + log_scale
            total += ops.sum(cells * (1.0 - missing), axis=-1)
            n_cells += n_numbers - ops.sum(missing, axis=-1)
        if categories:
            # all categories at once: few operations, quickly compiled
            logits = ops.take(y_pred, places_of_levels, axis=-1)
            logits = ops.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT)
            sums = ops.log(ops.matmul(ops.exp(logits), belongs))
            total += ops.sum(sums / guesses, axis=-1)
            chosen = ops.take(y_true, places_of_levels, axis=-1)
            total -= ops.sum(chosen * logits / level_guesses, axis=-1)
        return total / ops.maximum(n_cells, 1.0)

    return loss


def noise_columns(spec: AutoencoderSpec) -> list[tuple[int, ...]]:
    """Return the features that noise replaces together, each feature in one tuple."""
    rest = sorted(set(range(spec.n_features)).difference(*spec.columns))
    return [*spec.columns, *((position,) for position in rest)]


def _way(
    name: str,
    spec: AutoencoderSpec,
    sizes: tuple[int, int],
    linear: np.ndarray,
    seed: int,
) -> keras.Model:
    """Build an encoder or a decoder."""
    n_inputs, n_outputs = sizes
    is_encoder = name == "encoder"
    hidden = spec.hidden_layer_sizes if is_encoder else spec.hidden_layer_sizes[::-1]
    inputs = x = keras.Input((n_inputs,), name=f"{name}_inputs")
    for depth, units in enumerate(hidden, start=1):
        x = keras.layers.Dense(
            units,
            activation=spec.activation,
            kernel_initializer=keras.initializers.GlorotUniform(
                layer_seed(seed, depth)
            ),
            name=f"{name}_{depth}",
        )(x)
    size = _SMALLEST_STEP if spec.is_linear_plus else 1.0
    x = keras.layers.Dense(
        n_outputs,
        kernel_initializer=keras.initializers.VarianceScaling(
            size**2, "fan_avg", "uniform", layer_seed(seed, 0)
        ),
        name=f"{name}_bent",
    )(x)
    if spec.is_linear_plus:
        straight = keras.layers.Dense(n_outputs, use_bias=False, name=f"{name}_linear")
        x = keras.layers.Add(name=f"{name}_sum")([x, straight(inputs)])
        straight.set_weights([np.asarray(linear, np.float32)])
    if is_encoder and spec.code_activation is not None:
        x = keras.layers.Activation(spec.code_activation, name="code")(x)
    return keras.Model(inputs, x, name=name)


def _swap_cells(
    inputs: keras.KerasTensor, spec: AutoencoderSpec, seed: int
) -> keras.KerasTensor:
    """Replace cells by those of the row behind, which shuffling has made any row.

    Dropout draws which: of ones it leaves none or more than one while training, and
    exactly one otherwise.
    """
    columns = noise_columns(spec)
    belongs = np.zeros((len(columns), spec.n_features))
    for number, positions in enumerate(columns):
        belongs[number, list(positions)] = 1.0
    nothing = keras.layers.Rescaling(0.0, offset=1.0, name="ones")(inputs)
    select = keras.layers.Dense(len(columns), use_bias=False, name="one_a_column")
    first = np.array([positions[0] for positions in columns])
    ones = frozen(select, nothing, [np.eye(spec.n_features)[:, first]])
    kept = keras.layers.Dropout(spec.noise, seed=layer_seed(seed, 99), name="kept")
    kept_columns = keras.ops.minimum(kept(ones), 1.0)
    spread = keras.layers.Dense(spec.n_features, use_bias=False, name="kept_cells")
    kept_cells = frozen(spread, kept_columns, [belongs])
    other = keras.ops.roll(inputs, 1, axis=0)
    return other + kept_cells * (inputs - other)
