"""One small architecture that most tests of the engine share: each new one compiles."""

import numpy as np
import pytest

from segmentlearn import engine
from segmentlearn.engine import keras


@pytest.fixture(scope="session")
def table():
    """70 rows of three numbers, and one of three classes for each."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(70, 3)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    return X, y


@pytest.fixture(scope="session")
def small_net():
    """A function that builds a softmax net; the same seed, the same weights."""

    def build(seed=0, units=4, activation="tanh", dropout=None, l2=None):
        penalty = None if l2 is None else keras.regularizers.L2(l2)
        layers = [
            keras.Input((3,)),
            keras.layers.Dense(
                units,
                activation=activation,
                kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
                kernel_regularizer=penalty,
            ),
        ]
        if dropout is not None:
            layers.append(keras.layers.Dropout(dropout))
        layers.append(
            keras.layers.Dense(
                3,
                activation="softmax",
                kernel_initializer=keras.initializers.GlorotUniform(seed=seed + 1),
            )
        )
        return keras.Sequential(layers)

    return build


@pytest.fixture(scope="session")
def train(table):
    """A function that trains a softmax net on the table, three epochs by default."""
    X, y = table

    def fit(model, **changes):
        settings = {
            "loss": "sparse_categorical_crossentropy",
            "metrics": ("accuracy",),
            "batch_size": 16,
            "epochs": 3,
        }
        return engine.fit(model, X, y, **{**settings, **changes})

    return fit


@pytest.fixture(scope="session")
def fit_both():
    """A function that trains a model by the engine and its by_keras by Keras."""

    def fit(model, X, y, *, loss, optimizer, metrics=(), loss_weights=None, **changes):
        by_keras = changes.pop("by_keras", None) or keras.models.clone_model(model)
        by_keras.set_weights(model.get_weights())
        by_keras.compile(
            optimizer=type(optimizer).from_config(optimizer.get_config()),
            loss=loss,
            metrics=list(metrics) or None,
            loss_weights=loss_weights,
            run_eagerly=True,  # sooner than tracing, for a handful of steps
        )
        settings = {"epochs": 1, "batch_size": 20, "shuffle": False, **changes}
        jit_compile = settings.pop("jit_compile", False)
        history = by_keras.fit(X, y, verbose=0, **settings).history
        result = engine.fit(
            model,
            X,
            y,
            loss=loss,
            optimizer=optimizer,
            metrics=metrics,
            loss_weights=loss_weights,
            jit_compile=jit_compile,
            **settings,
        )
        assert result.compiled
        return result, model, by_keras, history

    return fit


@pytest.fixture(scope="session")
def assert_same_weights():
    """A function that compares the weights of two models."""

    def compare(one, other, atol=1e-5):
        pairs = zip(one.get_weights(), other.get_weights(), strict=True)
        for ours, theirs in pairs:
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=atol)

    return compare


class PackedDense(keras.layers.Layer):
    """A dense layer of several nets at once: kernel (members, in, out)."""

    def __init__(self, members, units, **kwargs):
        super().__init__(**kwargs)
        self.members = members
        self.units = units

    def build(self, input_shape):
        shape = (self.members, input_shape[-1], self.units)
        self.kernel = self.add_weight(shape=shape, name="kernel")

    def call(self, inputs):
        return keras.ops.matmul(inputs, self.kernel)

    def get_config(self):
        return {**super().get_config(), "members": self.members, "units": self.units}


@pytest.fixture
def packed_net():
    """Three linear nets in one model, and the same three as models of their own."""
    inputs = keras.Input(batch_shape=(3, None, 3))
    packed = keras.Model(inputs, PackedDense(3, 1)(inputs))
    kernels = np.linspace(-1, 1, 9, dtype=np.float32).reshape(3, 3, 1)
    packed.set_weights([kernels])
    singles = []
    for kernel in kernels:
        dense = keras.layers.Dense(1, use_bias=False)
        single = keras.Sequential([keras.Input((3,)), dense])
        single.set_weights([kernel])
        singles.append(single)
    return packed, singles
