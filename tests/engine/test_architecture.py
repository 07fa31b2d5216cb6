"""The engine's own copy of a model does what the model does."""

import random

import numpy as np
import pytest

from segmentlearn import engine
from segmentlearn.engine import keras
from segmentlearn.engine._program._architecture import (
    NotCloneableError,
    copy_architecture,
    read_hyperparameters,
)
from segmentlearn.engine._program._randomness import HashDropout

Dense, Input, Dropout = keras.layers.Dense, keras.Input, keras.layers.Dropout


def sequential(*layers):
    """Return a built net over three columns."""
    return keras.Sequential([Input((3,)), *layers])


def branched():
    """Return a net of two branches that meet, with operations of ``keras.ops``."""
    inputs = Input((3,))
    left = keras.ops.relu(Dense(4)(inputs))
    right = Dense(4)(inputs) * np.array([1, 2, 3, 4], np.float32)
    return keras.Model(inputs, Dense(1)(left + right))


def shared_layer():
    """Return a net that uses one layer at two depths and inside another model."""
    layer = Dense(3)
    inner = sequential(layer)
    inputs = Input((3,))
    return keras.Model(inputs, inner(layer(layer(inputs))))


def adapted():
    """Return a net that normalises by statistics it has learnt."""
    layer = keras.layers.Normalization()
    layer.adapt(np.arange(30.0).reshape(10, 3) ** 2)
    return sequential(layer, Dense(1))


def noisy_before_statistics():
    """Return a net whose random state stands before other fixed variables."""
    return sequential(
        keras.layers.GaussianNoise(0.5), Dense(2), keras.layers.BatchNormalization()
    )


def compiled_inside():
    """Return a compiled net around a compiled net, with a loss of the user's own."""
    inner = sequential(Dense(2, activation="tanh"))
    model = sequential(inner, Dense(1))
    for one in (inner, model):
        one.compile(loss=lambda y_true, y_pred: y_pred - y_true, metrics=["mae"])
    return model


def lambdas():
    """Return a net that cannot be copied."""
    return sequential(
        Dense(2, activation=lambda x: x**2), keras.layers.Lambda(lambda x: x * 3)
    )


def discretized():
    """Return a net with a layer that keeps what it learnt to itself."""
    layer = keras.layers.Discretization(num_bins=3)
    layer.adapt(np.arange(30.0).reshape(10, 3))
    return sequential(layer, keras.layers.Embedding(4, 2), keras.layers.Flatten())


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
@pytest.mark.parametrize(
    "build",
    [
        branched,
        shared_layer,
        adapted,
        noisy_before_statistics,
        compiled_inside,
        lambdas,
        discretized,
    ],
)
def test_predictions_equal_the_models(build, table):
    """Whatever the graph, ``predict`` gives what calling the model gives."""
    model, (X, _) = build(), table
    np.testing.assert_allclose(
        engine.predict(model, X), np.asarray(model(X)), rtol=1e-4, atol=1e-6
    )


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
@pytest.mark.parametrize("build", [branched, adapted, compiled_inside])
def test_training_equals_keras(build, table, fit_both, assert_same_weights):
    """Graphs of ``keras.ops``, adapted and nested models train as in Keras."""
    X, y = table
    _, ours, theirs, _ = fit_both(
        build(),
        X,
        y,
        by_keras=build(),
        loss="mse",
        optimizer=keras.optimizers.SGD(0.01),
        epochs=1,
    )
    assert_same_weights(ours, theirs)


def test_an_adapted_layer_is_read_at_each_fit(table):
    """Two nets that differ in learnt statistics only share a program, not those."""
    X, y = table
    losses = []
    for factor in (1.0, 100.0):
        layer = keras.layers.Normalization()
        layer.adapt(X * factor)
        model = sequential(layer, Dense(1, kernel_initializer="ones"))
        result = engine.fit(
            model, X * factor, y, loss="mse", optimizer="sgd", jit_compile=False
        )
        losses.append(result.history["loss"][0])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def frozen_layer():
    """Return a net and what of it must not move."""
    layer = Dense(4)
    model = sequential(layer, Dense(1))
    layer.trainable = False
    return model, layer


def frozen_layer_of_a_nested_model():
    """Return a net and what of it must not move."""
    layer = Dense(4)
    model = sequential(sequential(layer, Dense(4)), Dense(1))
    layer.trainable = False
    return model, layer


def frozen_normalization():
    """Return a net and what of it must not move: moving statistics neither."""
    layer = keras.layers.BatchNormalization()
    model = sequential(layer, Dense(1))
    layer.trainable = False
    return model, layer


class Block(keras.layers.Layer):
    """Two dense layers in one."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = Dense(4)
        self.second = Dense(4)

    def build(self, input_shape):
        self.first.build(input_shape)
        self.second.build((None, 4))

    def call(self, inputs):
        return self.second(self.first(inputs))


def frozen_part_of_a_layer():
    """Return a net and what of it must not move."""
    block = Block()
    model = sequential(block, Dense(1))
    block.first.trainable = False
    return model, block.first


@pytest.mark.parametrize(
    "build",
    [
        frozen_layer,
        frozen_layer_of_a_nested_model,
        frozen_normalization,
        frozen_part_of_a_layer,
    ],
)
def test_frozen_layers_stay(build, table):
    """What is not trainable keeps its weights; everything else moves."""
    model, layer = build()
    X, y = table
    before = [variable.numpy() for variable in model.weights]
    engine.fit(model, X, y, loss="mse", jit_compile=False)
    still = {id(variable) for variable in layer.weights}
    for variable, old in zip(model.weights, before, strict=True):
        assert np.array_equal(variable.numpy(), old) == (id(variable) in still)


def test_a_model_with_nothing_to_train(table):
    """All layers frozen: the losses are measured, nothing moves."""
    X, y = table
    model = sequential(Dense(1))
    model.trainable = False
    before = model.get_weights()
    result = engine.fit(model, X, y, loss="mse", jit_compile=False)
    assert np.isfinite(result.history["loss"]).all()
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_users_model_keeps_its_dropout(small_net, train):
    """The engine's dropout lives in the engine's copy only."""
    model = small_net(dropout=0.5)
    train(model)
    assert type(model.layers[1]) is Dropout
    assert model.layers[1].rate == 0.5


def test_copies_have_the_engines_dropout_everywhere():
    """In nested models as well, each with a stream of its own."""
    model = sequential(sequential(Dropout(0.1), Dense(3)), Dropout(0.2))
    copy = copy_architecture(model)
    inner, outer = copy.layers[1].layers[1], copy.layers[2]
    assert isinstance(inner, HashDropout)
    assert isinstance(outer, HashDropout)
    rates = read_hyperparameters(model, keras.optimizers.SGD()).dropout_rates
    assert (rates[inner.stream], rates[outer.stream]) == (0.1, 0.2)


@pytest.mark.parametrize("rates", [(0.0, 0.9), (0.9, 0.0)])
def test_each_dropout_gets_its_own_rate(rates):
    """Also where branches and nested models put layers in another order."""
    inputs = Input((3,))
    short = Dropout(rates[0])(inputs)
    long = Dropout(rates[1])(Dense(3, kernel_initializer="identity")(inputs))
    inner = sequential(Dense(3, kernel_initializer="identity"))
    model = keras.Model(inputs, [inner(long), short])
    ones, zeros = np.ones((1000, 3)), np.zeros((1000, 3))
    result = engine.fit(
        model,
        ones,
        [zeros, zeros],
        loss="mse",
        loss_weights=[1.0, 1000.0],
        optimizer=keras.optimizers.SGD(0.0),
        jit_compile=False,
    )
    long_loss, short_loss = 1 / (1 - rates[1]), 1 / (1 - rates[0])
    expected = long_loss + 1000 * short_loss
    assert result.history["loss"][0] == pytest.approx(expected, rel=0.2)


def test_a_layer_that_keeps_its_learning_cannot_be_copied():
    """A copy would know nothing of the borders."""
    with pytest.raises(NotCloneableError, match="Discretization"):
        copy_architecture(discretized())


def test_a_copy_leaves_pythons_random_numbers_alone():
    """Layers without a seed draw one; a copy must not move the global generator."""
    model = sequential(Dense(2), keras.layers.GaussianNoise(0.1))
    before = random.getstate()
    copy_architecture(model)
    assert random.getstate() == before


def test_a_copy_leaves_no_trace_in_the_model():
    """Neither nodes in the graph nor a change of the next automatic name."""
    model = branched()
    n_nodes = [len(one._inbound_nodes) for one in model.operations]
    copy_architecture(model)
    assert [len(one._inbound_nodes) for one in model.operations] == n_nodes
