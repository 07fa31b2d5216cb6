"""Several autoencoders of one table as one net, so that one program trains them all.

They share nothing: each has its own weights, rows and best epoch. Their codes may
differ in length; shorter ones are filled up with numbers that stay zero.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from segmentlearn._building import building
from segmentlearn.networks._autoencoder import AutoencoderSpec, noise_columns
from segmentlearn.networks._classifier import layer_seed


@building()
def pack_autoencoders(
    models: Sequence[keras.Model], specs: Sequence[AutoencoderSpec], seed: int
) -> keras.Model:
    """Put autoencoders side by side on a member axis.

    Parameters
    ----------
    models : sequence of keras.Model
        What ``build_autoencoder`` returned.
    specs : sequence of AutoencoderSpec
        Of each model; they differ in nothing but the length of the code.
    seed : int
        Decides the noise.

    Returns
    -------
    packed : keras.Model
        Input (n_members, n_rows, n_features), output (n_members, n_rows, n_outputs);
        all weights have the member axis first. It starts from the weights of `models`.

    Raises
    ------
    ValueError
        If the specs differ in more than `n_components`.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import AutoencoderSpec, build_autoencoder
    >>> from segmentlearn.networks import pack_autoencoders
    >>> specs = [AutoencoderSpec(4, n, hidden_layer_sizes=(8,)) for n in (1, 2)]
    >>> nets = [
    ...     build_autoencoder(spec, np.eye(spec.n_components, 4), np.zeros(4), seed=0)
    ...     for spec in specs
    ... ]
    >>> pack_autoencoders(nets, specs, seed=0).output_shape
    (2, None, 4)
    """
    longest = max(specs, key=lambda spec: spec.n_components)
    alike = {dataclasses.replace(spec, n_components=1) for spec in specs}
    if len(alike) > 1:
        raise ValueError("autoencoders of one net may differ in n_components only.")
    n_members, n_components = len(models), longest.n_components
    inputs = keras.Input(
        batch_shape=(n_members, None, longest.n_features), name="features"
    )
    x = _swap_cells(inputs, longest, seed) if longest.noise else inputs
    code = _way(x, longest, "encoder", n_components)
    if longest.code_activation is not None:
        code = keras.layers.Activation(longest.code_activation, name="code")(code)
    used = np.zeros((n_members, 1, n_components), np.float32)
    for member, spec in enumerate(specs):
        used[member, :, : spec.n_components] = 1.0
    if not used.all():
        code = code * used
    outputs = _way(code, longest, "decoder", longest.n_features)
    if n_scales := _n_scales(models[0]):
        nothing = keras.layers.Rescaling(0.0, name="nothing")(outputs)
        scales = _dense(n_scales, "log_scales")(nothing)
        outputs = keras.layers.Concatenate(name="with_scales")([outputs, scales])
    packed = keras.Model(inputs, outputs, name="autoencoders")
    for layer in _member_layers(packed):
        parts = [_part(model, layer.name).get_weights() for model in models]
        layer.set_weights(
            [
                np.stack([_filled(part[number], weight.shape[1:]) for part in parts])
                for number, weight in enumerate(layer.weights)
            ]
        )
    return packed


def unpack_autoencoders(packed: keras.Model, models: Sequence[keras.Model]) -> None:
    """Take the weights of a packed net back into the autoencoders it was made of.

    Parameters
    ----------
    packed : keras.Model
        What :func:`pack_autoencoders` made of them.
    models : sequence of keras.Model
        The same ones, in the same order; they get the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import AutoencoderSpec, build_autoencoder
    >>> from segmentlearn.networks import pack_autoencoders, unpack_autoencoders
    >>> spec = AutoencoderSpec(4, 2, hidden_layer_sizes=(8,))
    >>> nets = [
    ...     build_autoencoder(spec, np.eye(2, 4), np.zeros(4), seed) for seed in (0, 1)
    ... ]
    >>> packed = pack_autoencoders(nets, [spec, spec], seed=0)
    >>> unpack_autoencoders(packed, nets)
    """
    for layer in _member_layers(packed):
        values = layer.get_weights()
        for member, model in enumerate(models):
            part = _part(model, layer.name)
            own = [
                _cut(value[member], weight.shape)
                for value, weight in zip(values, part.weights, strict=True)
            ]
            part.set_weights(own)


def _way(x: Any, spec: AutoencoderSpec, name: str, n_outputs: int) -> Any:
    """Run encoders or decoders side by side."""
    hidden = spec.hidden_layer_sizes
    inputs = x
    for depth, units in enumerate(hidden if name == "encoder" else hidden[::-1], 1):
        x = _dense(units, f"{name}_{depth}", activation=spec.activation)(x)
    x = _dense(n_outputs, f"{name}_bent")(x)
    if spec.is_linear_plus:
        straight = _dense(n_outputs, f"{name}_linear", bias_axes=None)(inputs)
        x = keras.layers.Add(name=f"{name}_sum")([x, straight])
    return x


def _dense(units: int, name: str, **settings: Any) -> keras.layers.Layer:
    """Return a dense layer with a kernel for each member."""
    return keras.layers.EinsumDense(
        "mbi,mio->mbo",
        (None, units),
        name=name,
        **{"bias_axes": "mo", **settings},
    )


def _member_layers(packed: keras.Model) -> list:
    return [
        layer for layer in packed.layers if isinstance(layer, keras.layers.EinsumDense)
    ]


def _part(model: keras.Model, name: str) -> keras.layers.Layer:
    """Return an autoencoder's layer of a name, which stands in one of its halves."""
    half = name.partition("_")[0]
    home = model.get_layer(half) if half in ("encoder", "decoder") else model
    return home.get_layer(name)


def _n_scales(model: keras.Model) -> int:
    names = [layer.name for layer in model.layers]
    return model.get_layer("log_scales").units if "log_scales" in names else 0


def _filled(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Fill a kernel or bias up with zeros to the shape that all members share."""
    value = np.atleast_2d(value)
    rooms = [(0, large - own) for large, own in zip(shape, value.shape, strict=True)]
    return np.pad(value, rooms)


def _cut(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Undo :func:`_filled` for a kernel or bias of this shape."""
    n_inputs, n_outputs = (1, *shape)[-2:]
    return value[:n_inputs, :n_outputs].reshape(shape)


def _swap_cells(inputs: Any, spec: AutoencoderSpec, seed: int) -> Any:
    """Replace cells by those of the row behind, as the single net's noise does."""
    columns = noise_columns(spec)
    belongs = np.zeros((len(columns), spec.n_features), np.float32)
    for number, positions in enumerate(columns):
        belongs[number, list(positions)] = 1.0
    first = [positions[0] for positions in columns]
    ones = keras.layers.Rescaling(0.0, offset=1.0, name="ones")(
        keras.ops.take(inputs, first, axis=-1)
    )
    kept = keras.layers.Dropout(spec.noise, seed=layer_seed(seed, 99), name="kept")
    kept_cells = keras.ops.matmul(keras.ops.minimum(kept(ones), 1.0), belongs)
    other = keras.ops.roll(inputs, 1, axis=1)
    return other + kept_cells * (inputs - other)
