"""Classifiers built from their descriptions."""

import random

import numpy as np
import pytest

from segmentlearn.engine import keras
from segmentlearn.networks import (
    ClassifierSpec,
    build_classifier,
    read_network,
    write_network,
)


def build(seed=0, **changes):
    """Return a net over three columns and two classes, and so many hidden layers."""
    settings = {"n_features": 3, "n_classes": 2, "hidden_layer_sizes": (4, 5)}
    return build_classifier(ClassifierSpec(**{**settings, **changes}), seed)


def kinds(model):
    """Return the names of a model's layers' classes."""
    return [type(layer).__name__ for layer in model.layers]


def test_layers_in_their_order():
    """Dense, normalization, dropout; a softmax at the end."""
    model = build(dropout=(0.2, 0.0), batch_normalization=True)
    assert kinds(model) == [
        "InputLayer",
        "Dense",
        "BatchNormalization",
        "Dropout",
        "Dense",
        "BatchNormalization",
        "Dense",
    ]
    assert model.layers[3].rate == 0.2
    assert [layer.units for layer in model.layers if hasattr(layer, "units")] == [
        4,
        5,
        2,
    ]


def test_a_linear_model():
    """No hidden layers: one softmax over the features."""
    model = build(hidden_layer_sizes=())
    assert kinds(model) == ["InputLayer", "Dense"]
    assert model.count_params() == 3 * 2 + 2


def test_outputs_are_probabilities():
    """One row of shares a row, adding up to one."""
    shares = np.asarray(build()(np.ones((4, 3))))
    assert shares.shape == (4, 2)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)


def test_activation():
    """After each hidden layer."""
    model = build(activation="silu")
    assert model.layers[1].activation is keras.activations.silu
    assert model.layers[2].activation is keras.activations.silu


def test_penalty():
    """On every kernel, half of no square."""
    model = build(l2=0.5)
    expected = sum(0.5 * (weight**2).sum() for weight in model.get_weights()[::2])
    assert float(sum(model.losses)) == pytest.approx(float(expected), rel=1e-5)
    assert not build().losses


def test_the_seed_decides_the_weights():
    """Equal for equal seeds, others for others; no two layers equal."""
    one, same, other = (build(seed, hidden_layer_sizes=(3, 3)) for seed in (1, 1, 2))
    for index in (0, 2, 4):
        np.testing.assert_array_equal(
            one.get_weights()[index], same.get_weights()[index]
        )
        assert not np.allclose(one.get_weights()[index], other.get_weights()[index])
    assert not np.allclose(one.get_weights()[0], one.get_weights()[2])


def test_neighbouring_seeds_share_no_layer():
    """The second layer of one seed is not the first of the next."""
    kernels = [
        tuple(weight.ravel().tolist())
        for seed in range(70)
        for weight in build(seed, hidden_layer_sizes=(3, 3)).get_weights()[:4:2]
    ]
    assert len(set(kernels)) == len(kernels)


def test_the_global_seed_is_left_alone():
    """Weights do not depend on it, and it is not moved."""
    before = random.getstate()
    build(dropout=(0.5, 0.5))
    after = random.getstate()
    random.setstate(before)
    assert after == before


def test_only_layers_of_keras():
    """The stored model can be read by Keras alone."""
    model = build(dropout=(0.2, 0.2), batch_normalization=True, l2=0.1)
    assert kinds(read_network(write_network(model))) == kinds(model)


def test_an_unknown_activation():
    """Keras' error names it."""
    with pytest.raises(ValueError, match="mish_mash"):
        build(activation="mish_mash")
