"""The hash behind the engine's dropout is as random as a mask needs."""

import numpy as np
import pytest
import tensorflow as tf

from segmentlearn import engine
from segmentlearn.engine import keras
from segmentlearn.engine._program._randomness import HashDropout, hash_uniform


def draw(seed=0, step=0, stream=0, shape=(200, 100)):
    """Return uniform numbers as an array."""
    return hash_uniform(
        tf.constant(shape), tf.constant(seed), tf.constant(step), stream
    ).numpy()


def test_uniform_numbers_are_uniform():
    """Every tenth of [0, 1) gets a tenth of them."""
    numbers = draw()
    counts, _ = np.histogram(numbers, bins=10, range=(0, 1))
    assert numbers.min() >= 0
    assert numbers.max() < 1
    np.testing.assert_allclose(counts / numbers.size, 0.1, atol=0.01)


def test_numbers_are_the_same_again():
    """The same counters give the same numbers."""
    np.testing.assert_array_equal(draw(3, 5, 1), draw(3, 5, 1))


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"step": 1}, {"stream": 1}, {"seed": 2**31 - 1}]
)
def test_other_counters_give_unrelated_numbers(other):
    """Seeds, steps and layers next to each other share nothing."""
    one, two = draw().ravel(), draw(**other).ravel()
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.03
    assert (one == two).mean() < 0.001


@pytest.mark.parametrize("axis", [0, 1])
def test_neighbours_are_unrelated(axis):
    """Neither rows nor columns of a mask repeat."""
    numbers = draw()
    first = np.delete(numbers, -1, axis).ravel()
    second = np.delete(numbers, 0, axis).ravel()
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


def test_steps_are_unrelated_over_a_training():
    """One element is dropped in its share of the steps, without a rhythm."""
    series = np.array([draw(step=step, shape=(8,)) for step in range(400)])
    assert np.abs(series.mean(axis=0) - 0.5).max() < 0.06
    for lag in (1, 2, 7):
        assert abs(np.corrcoef(series[lag:, 0], series[:-lag, 0])[0, 1]) < 0.15


def dropped(rate, n_calls=1):
    """Return what a dropout layer makes of ones, once or several times in a step."""
    layer = HashDropout()
    layer.set_source(tf.constant(rate), tf.constant(1), tf.constant(2))
    results = [
        layer(tf.ones((300, 100)), training=True).numpy() for _ in range(n_calls)
    ]
    return results[0] if n_calls == 1 else results


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    """What is left is scaled up."""
    values = dropped(rate)
    assert (values == 0).mean() == pytest.approx(rate, abs=0.01)
    assert values.mean() == pytest.approx(1.0, abs=0.06)
    assert np.unique(values).tolist() == pytest.approx([0, 1 / (1 - rate)])


def test_dropout_at_its_ends():
    """A rate of 0 drops nothing; a rate of 1 everything, without infinities."""
    assert (dropped(0.0) == 1).all()
    assert (dropped(1.0) == 0).all()


def test_a_layer_used_twice_draws_twice():
    """A shared layer has another mask for each of its uses in a step."""
    one, other = dropped(0.5, n_calls=2)
    assert ((one > 0) == (other > 0)).mean() == pytest.approx(0.5, abs=0.02)


def test_dropout_passes_inputs_through_when_not_training():
    """And before it has a source to draw from."""
    layer = HashDropout()
    assert (layer(tf.ones((4, 4)), training=True).numpy() == 1).all()
    layer.set_source(tf.constant(0.5), tf.constant(1), tf.constant(2))
    assert (layer(tf.ones((4, 4)), training=False).numpy() == 1).all()


def test_dropout_rebuilds_from_its_configuration():
    """Stream and name stay."""
    layer = HashDropout(stream=3, name="third")
    assert HashDropout.from_config(layer.get_config()).stream == 3


def test_dropout_acts_in_training_only(small_net, train):
    """The training loss suffers; the validation loss of the same rows does not."""
    model = small_net(dropout=0.9)
    optimizer = keras.optimizers.Adam(0.0)
    rows = np.arange(70)
    history = train(model, optimizer=optimizer, validation_rows=rows, epochs=2).history
    assert history["loss"][0] != history["loss"][1]
    assert history["val_loss"][0] == history["val_loss"][1]
    assert history["loss"][0] > history["val_loss"][0] * 1.01


@pytest.mark.parametrize("layer", ["GaussianNoise", "SpatialDropout1D"])
def test_keras_own_noise_is_reproducible(layer, table):
    """Layers that the engine leaves to Keras draw what the seed says."""
    X, y = table
    weights = []
    for seed in (1, 1, 2):
        noise = getattr(keras.layers, layer)(0.5)
        dense = keras.layers.Dense(1, kernel_initializer="ones")
        shape = [keras.layers.Reshape((3, 1)), noise, keras.layers.Flatten()]
        model = keras.Sequential([keras.Input((3,)), *shape, dense])
        engine.fit(model, X, y, loss="mse", seed=seed, jit_compile=False)
        weights.append(model.get_weights()[0].ravel().tolist())
    assert weights[0] == weights[1] != weights[2]
