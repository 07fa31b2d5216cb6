"""Autoencoder nets: their start, their noise and their loss."""

import numpy as np
import pytest

from segmentlearn.engine import keras
from segmentlearn.networks import (
    AutoencoderSpec,
    build_autoencoder,
    mixed_likelihood,
    read_network,
    write_network,
)

DIRECTIONS = np.array([[0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])


def build(n_features=3, n_scales=0, seed=0, **settings):
    """Return a small autoencoder with a code of two numbers."""
    spec = AutoencoderSpec(n_features, 2, hidden_layer_sizes=(4,), **settings)
    directions = DIRECTIONS if n_features == 3 else np.eye(2, n_features)
    center = np.arange(n_features, dtype=float)
    return build_autoencoder(spec, directions, center, seed, n_scales)


def test_it_starts_as_the_principal_components():
    """What the components leave of a row stays close to the mean."""
    center = np.arange(3.0)
    rows = center + np.array([[3.0, 4.0, -2.0]])
    model = build()
    np.testing.assert_allclose(np.asarray(model(rows)), rows, atol=0.15)


def test_without_a_linear_path_it_does_not():
    """Then it is the hidden layers' affair alone."""
    names = [
        layer.name
        for part in ("encoder", "decoder")
        for layer in build(is_linear_plus=False).get_layer(part).layers
    ]
    assert not any(name.endswith("linear") for name in names)


def test_the_decoder_mirrors_the_encoder():
    """Hidden layers come back the other way round."""
    spec = AutoencoderSpec(3, 2, hidden_layer_sizes=(6, 4))
    model = build_autoencoder(spec, DIRECTIONS, np.zeros(3), seed=0)
    units = [
        [
            layer.units
            for layer in model.get_layer(part).layers
            if layer.name[-1].isdigit() and isinstance(layer, keras.layers.Dense)
        ]
        for part in ("encoder", "decoder")
    ]
    assert units == [[6, 4], [4, 6]]


def test_scales_are_the_same_for_every_row():
    """They start at one, whose logarithm is 0."""
    outputs = np.asarray(build(n_scales=2)(np.eye(3)))
    np.testing.assert_array_equal(outputs[:, 3:], 0)


def noisy_inputs(rows, training, **settings):
    """Return what the encoder gets to see."""
    model = build(n_features=rows.shape[1], **settings)
    entry = model.get_layer("encoder")._inbound_nodes[-1].input_tensors[0]
    return np.asarray(keras.Model(model.inputs[0], entry)(rows, training=training))


def test_noise_takes_cells_from_other_rows():
    """Only while training, and only values that the column has."""
    rows = np.arange(60.0).reshape(20, 3).astype(np.float32)
    np.testing.assert_array_equal(noisy_inputs(rows, False, noise=0.4), rows)
    noisy = noisy_inputs(rows, True, noise=0.4)
    changed = noisy != rows
    assert 0.2 < changed.mean() < 0.6
    behind = np.roll(rows, 1, axis=0)
    np.testing.assert_array_equal(noisy[changed], behind[changed])


def test_noise_replaces_a_category_as_a_whole():
    """No row gets two levels, or none."""
    levels = np.eye(3, dtype=np.float32)[np.arange(40) % 3]
    rows = np.hstack([levels, np.arange(40, dtype=np.float32)[:, None]])
    noisy = noisy_inputs(rows, True, noise=0.5, columns=((0, 1, 2),))
    np.testing.assert_array_equal(noisy[:, :3].sum(axis=1), 1)
    assert (noisy[:, :3] != levels).any()


def test_keras_alone_reads_it():
    """An archive in safe mode gives the same outputs."""
    model = build(noise=0.2, n_scales=3)
    rows = np.eye(3, dtype=np.float32)
    copy = read_network(write_network(model))
    np.testing.assert_array_equal(np.asarray(copy(rows)), np.asarray(model(rows)))


def test_likelihood_of_numbers_by_hand():
    """A Gaussian's, with the scale that is learnt."""
    loss = mixed_likelihood((0, 1), (), (-1, -1))
    predicted = np.array([[1.0, 5.0, np.log(2.0), 0.0]], np.float32)
    found = loss(np.array([[3.0, 4.0]], np.float32), predicted)
    expected = (2.0**2 / 8 + np.log(2.0) + 1.0 / 2) / 2
    assert float(found[0]) == pytest.approx(expected, rel=1e-5)


def test_likelihood_of_a_category_is_one_for_a_guess():
    """Whatever the number of its levels."""
    for n_levels in (2, 5):
        loss = mixed_likelihood((), (tuple(range(n_levels)),), ())
        table = np.eye(n_levels, dtype=np.float32)[:1]
        assert float(loss(table, np.zeros_like(table))[0]) == pytest.approx(1.0)


def test_missing_cells_do_not_count():
    """A number whose indicator is set is out of the sum and of the mean."""
    loss = mixed_likelihood((0, 1), (), (2, -1))
    predicted = np.zeros((2, 5), np.float32)
    table = np.array([[9.0, 2.0, 1.0], [9.0, 2.0, 0.0]], np.float32)
    found = np.asarray(loss(table, predicted))
    np.testing.assert_allclose(found, [2.0, (81 / 2 + 2.0) / 2], rtol=1e-5)


def test_a_row_without_any_known_cell_has_no_loss():
    """Nothing is divided by nothing."""
    loss = mixed_likelihood((0,), (), (1,))
    found = loss(np.array([[5.0, 1.0]], np.float32), np.zeros((1, 3), np.float32))
    assert float(found[0]) == 0.0


def test_the_same_columns_have_the_same_loss():
    """Fits share a compiled program by it."""
    assert mixed_likelihood((0,), ((1, 2),), (-1,)) is mixed_likelihood(
        (0,), ((1, 2),), (-1,)
    )
