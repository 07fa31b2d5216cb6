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
from segmentlearn.networks import _autoencoder


@building()
def pack_autoencoders(
    models: Sequence[keras.Model],
    specs: Sequence[_autoencoder.AutoencoderSpec],
    seed: int,
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
    if len({dataclasses.replace(spec, n_components=1) for spec in specs}) > 1:
        raise ValueError("autoencoders of one net may differ in n_components only.")
    n_members, n_components = len(models), longest.n_components
    inputs = keras.Input(
        batch_shape=(n_members, None, longest.n_features), name="features"
    )
    x = _swap_cells(inputs, longest, seed) if longest.noise else inputs
    code = _autoencoder.half_layers(x, "encoder", longest, _dense)
    used = np.zeros((n_members, 1, n_components), np.float32)
    for member, spec in enumerate(specs):
        used[member, :, : spec.n_components] = 1.0
    if not used.all():
        code = code * used
    outputs = _autoencoder.half_layers(code, "decoder", longest, _dense)
    outputs = _autoencoder.append_scales(
        outputs, _autoencoder.n_scales(models[0]), _dense
    )
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


def _dense(
    units: int, name: str, depth: int | None = 0, **settings: Any
) -> keras.layers.Layer:
    """Return a dense layer with a kernel for each member."""
    bias_axes = None if depth is None else "mo"
    return keras.layers.EinsumDense(
        "mbi,mio->mbo", (None, units), bias_axes=bias_axes, name=name, **settings
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


def _filled(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Fill a kernel or bias up with zeros to the shape that all members share."""
    value = np.atleast_2d(value)
    rooms = [(0, large - own) for large, own in zip(shape, value.shape, strict=True)]
    return np.pad(value, rooms)


def _cut(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the part of a filled kernel or bias that has this shape."""
    n_inputs, n_outputs = (1, *shape)[-2:]
    return value[:n_inputs, :n_outputs].reshape(shape)


def _swap_cells(inputs: Any, spec: _autoencoder.AutoencoderSpec, seed: int) -> Any:
    """Replace cells by those of the row behind, as the single net's noise does."""
    first, belongs = _autoencoder.noise_masks(spec)
    ones = keras.layers.Rescaling(0.0, offset=1.0, name="ones")(
        keras.ops.take(inputs, first, axis=-1)
    )
    kept_cells = keras.ops.matmul(_autoencoder.kept_columns(ones, spec, seed), belongs)
    other = keras.ops.roll(inputs, 1, axis=1)
    return other + kept_cells * (inputs - other)
