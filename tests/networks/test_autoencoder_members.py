"""Autoencoders side by side: exactly the single nets, on a member axis."""

import numpy as np
import pytest

from segmentlearn.engine import keras
from segmentlearn.networks import (
    AutoencoderSpec,
    build_autoencoder,
    pack_autoencoders,
    unpack_autoencoders,
)

ROWS = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)


def build(lengths, n_scales=0, **settings):
    """Return specs and nets with codes of these lengths."""
    settings = {"hidden_layer_sizes": (5, 3), **settings}
    specs = [AutoencoderSpec(4, length, **settings) for length in lengths]
    models = []
    for seed, spec in enumerate(specs):
        model = build_autoencoder(
            spec, np.eye(spec.n_components, 4), np.arange(4.0), seed, n_scales
        )
        rng = np.random.default_rng(seed)
        for weight in model.trainable_variables:  # biases and scales too
            weight.assign(rng.normal(size=weight.shape) / 2)
        models.append(model)
    return specs, models


def run(packed, n_members, rows=ROWS):
    """Return what every member makes of the rows."""
    return np.asarray(packed(np.broadcast_to(rows, (n_members, *rows.shape))))


def code_of(packed, n_members):
    """Return the codes as the decoder sees them."""
    first = packed.get_layer("decoder_1")
    inner = keras.Model(packed.input, first.input)
    return np.asarray(inner(np.broadcast_to(ROWS, (n_members, *ROWS.shape))))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"n_scales": 3},
        {"is_linear_plus": False},
        {"code_activation": "sigmoid"},
        {"noise": 0.3},
        {"noise": 0.3, "columns": ((0, 1), (2,)), "n_scales": 2},
        {"hidden_layer_sizes": ()},
        {"activation": "relu"},
    ],
    ids=str,
)
@pytest.mark.parametrize("lengths", [(2, 2), (3, 1, 2)], ids=str)
def test_packed_output_is_that_of_the_single_nets(lengths, settings):
    """Whatever their parts and lengths."""
    specs, models = build(lengths, **settings)
    packed = run(pack_autoencoders(models, specs, seed=0), len(models))
    for output, model in zip(packed, models, strict=True):
        np.testing.assert_allclose(output, np.asarray(model(ROWS)), atol=1e-5)


@pytest.mark.parametrize("activation", [None, "sigmoid"])
def test_numbers_beyond_a_code_are_zero(activation):
    """Also where an activation would make something of them."""
    specs, models = build((3, 1), code_activation=activation)
    codes = code_of(pack_autoencoders(models, specs, seed=0), 2)
    assert (codes[1, :, 1:] == 0).all()
    assert (codes[0] != 0).all()


def step(packed, n_members):
    """Take two steps of Adam with weight decay on all weights."""
    packed.compile(keras.optimizers.AdamW(0.05, weight_decay=0.1), loss="mse")
    rows = np.broadcast_to(ROWS, (n_members, *ROWS.shape))
    for _ in range(2):
        packed.train_on_batch(rows, 2.0 * rows)


@pytest.mark.slow
@pytest.mark.parametrize("n_scales", [0, 2])
def test_trained_weights_go_back(n_scales):
    """After training the single nets give what the packed one gives."""
    specs, models = build((3, 1), n_scales=n_scales)
    packed = pack_autoencoders(models, specs, seed=0)
    before = [np.asarray(model(ROWS)) for model in models]
    if n_scales:
        packed.get_layer("log_scales").bias.assign_add(np.ones((2, 1, n_scales)))
    else:
        step(packed, 2)
    unpack_autoencoders(packed, models)
    outputs = run(packed, 2)
    for output, model, old in zip(outputs, models, before, strict=True):
        np.testing.assert_allclose(output, np.asarray(model(ROWS)), atol=1e-5)
        assert np.abs(output - old).max() > 1e-3


@pytest.mark.slow
def test_a_step_leaves_short_codes_short():
    """Training moves nothing beyond a member's own length."""
    specs, models = build((3, 1))
    packed = pack_autoencoders(models, specs, seed=0)
    step(packed, 2)
    assert (code_of(packed, 2)[1, :, 1:] == 0).all()


def test_members_do_not_mix():
    """A member's output depends on its own rows only."""
    specs, models = build((2, 2))
    packed = pack_autoencoders(models, specs, seed=0)
    rows = np.stack([ROWS, ROWS])
    changed = rows.copy()
    changed[1] += 1.0
    one, other = np.asarray(packed(rows)), np.asarray(packed(changed))
    np.testing.assert_array_equal(one[0], other[0])
    assert np.abs(one[1] - other[1]).max() > 0.01


def test_noise_swaps_whole_cells_with_the_row_behind():
    """A category's features stay together, and each member has its own."""
    columns = ((0, 1), (2, 3))
    specs, models = build((4, 4), noise=0.5, columns=columns, hidden_layer_sizes=())
    for model in models:  # straight through: the output is the noisy input
        for half in ("encoder", "decoder"):
            part = model.get_layer(half)
            part.get_layer(f"{half}_linear").set_weights([np.eye(4)])
            bent = part.get_layer(f"{half}_bent")
            bent.set_weights([np.zeros((4, 4)), np.zeros(4)])
    packed = pack_autoencoders(models, specs, seed=0)
    rows = np.arange(800.0, dtype=np.float32).reshape(1, 200, 4)
    noisy = np.asarray(packed(np.repeat(rows, 2, axis=0), training=True))
    swapped = noisy == np.roll(rows, 1, axis=1)
    assert ((noisy == rows) | swapped).all()
    np.testing.assert_array_equal(swapped[..., ::2], swapped[..., 1::2])
    assert 0.3 < swapped.mean() < 0.7
    assert (swapped[0] != swapped[1]).any()


def test_specs_must_agree():
    """All but the length of the code."""
    specs, models = build((2, 2))
    other = AutoencoderSpec(4, 2, hidden_layer_sizes=(9,))
    with pytest.raises(ValueError, match="differ in n_components only"):
        pack_autoencoders(models, [specs[0], other], seed=0)
