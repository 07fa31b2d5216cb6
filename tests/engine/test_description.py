"""What makes two models the same architecture, and what does not."""

import numpy as np
import pytest

from segmentlearn.engine import keras
from segmentlearn.engine._program._architecture import (
    NotCloneableError,
    architecture_key,
)

Dense, Input, Dropout = keras.layers.Dense, keras.Input, keras.layers.Dropout
L2 = keras.regularizers.L2


def sequential(*layers):
    """Return a built net over three columns."""
    return keras.Sequential([Input((3,)), *layers])


def functional(function):
    """Return a net whose output is a function of its three columns."""
    inputs = Input((3,))
    return keras.Model(inputs, function(inputs))


def wrapped(rate):
    """Return a net with a dropout inside a wrapper, where the engine leaves it."""
    inner = keras.layers.TimeDistributed(Dropout(rate))
    return keras.Sequential([Input((2, 3)), inner])


def normalized(mean):
    """Return a net with given statistics of many columns."""
    layer = keras.layers.Normalization(mean=mean, variance=np.ones_like(mean))
    return keras.Sequential([Input((len(mean),)), layer])


def frozen(is_frozen):
    """Return a net whose first layer is frozen or not."""
    layer = Dense(2)
    model = sequential(layer, Dense(1))
    layer.trainable = not is_frozen
    return model


MANY = np.zeros(3000)
MANY_BUT_ONE = np.where(np.arange(3000) == 1500, 1.0, 0.0)

SAME = {
    "names": [
        lambda: sequential(Dense(2, name="one")),
        lambda: sequential(Dense(2, name="two")),
    ],
    "dropout rates": [lambda: sequential(Dropout(0.1)), lambda: sequential(Dropout(0))],
    "dropout seeds": [
        lambda: sequential(Dropout(0.1, seed=1)),
        lambda: sequential(Dropout(0.1, seed=2)),
    ],
    "noise seeds": [
        lambda: sequential(keras.layers.GaussianNoise(0.1, seed=1)),
        lambda: sequential(keras.layers.GaussianNoise(0.1, seed=2)),
    ],
    "penalties": [
        lambda: sequential(Dense(2, kernel_regularizer=L2(0.1))),
        lambda: sequential(Dense(2, kernel_regularizer=keras.regularizers.L1(0.3))),
    ],
    "initial weights": [
        lambda: sequential(Dense(2, kernel_initializer="ones")),
        lambda: sequential(Dense(2, kernel_initializer="he_normal")),
    ],
    "operations": [
        lambda: functional(lambda x: keras.ops.relu(x) * 2),
        lambda: functional(lambda x: keras.ops.relu(x) * 2),
    ],
    "nested models": [
        lambda: sequential(sequential(Dense(2), Dropout(0.1)), Dense(1)),
        lambda: sequential(sequential(Dense(2), Dropout(0.2)), Dense(1)),
    ],
}

DIFFERENT = {
    "units": [lambda: sequential(Dense(2)), lambda: sequential(Dense(3))],
    "activation": [
        lambda: sequential(Dense(2, activation="relu")),
        lambda: sequential(Dense(2, activation="silu")),
    ],
    "bias": [
        lambda: sequential(Dense(2)),
        lambda: sequential(Dense(2, use_bias=False)),
    ],
    "presence of dropout": [
        lambda: sequential(Dense(2)),
        lambda: sequential(Dense(2), Dropout(0.1)),
    ],
    "presence of a penalty": [
        lambda: sequential(Dense(2)),
        lambda: sequential(Dense(2, kernel_regularizer=L2(0.1))),
    ],
    "rate out of reach": [lambda: wrapped(0.1), lambda: wrapped(0.2)],
    "noise": [
        lambda: sequential(keras.layers.GaussianNoise(0.1)),
        lambda: sequential(keras.layers.GaussianNoise(0.2)),
    ],
    "penalty on activities": [
        lambda: sequential(Dense(2, activity_regularizer=L2(0.1))),
        lambda: sequential(Dense(2, activity_regularizer=L2(0.2))),
    ],
    "precision": [
        lambda: sequential(Dense(2, dtype="float32")),
        lambda: sequential(Dense(2, dtype="float64")),
    ],
    "constants": [
        lambda: functional(lambda x: x * 2.0),
        lambda: functional(lambda x: x * 3.0),
    ],
    "constant arrays": [
        lambda: functional(lambda x: x * np.array([1, 2, 3], np.float32)),
        lambda: functional(lambda x: x * np.array([1, 2, 4], np.float32)),
    ],
    "one number of many": [lambda: normalized(MANY), lambda: normalized(MANY_BUT_ONE)],
    "names of inputs": [
        lambda: keras.Sequential([Input((3,), name="age"), Dense(2)]),
        lambda: keras.Sequential([Input((3,), name="income"), Dense(2)]),
    ],
    "frozen layers": [lambda: frozen(False), lambda: frozen(True)],
    "wiring": [
        lambda: functional(lambda x: Dense(3)(Dense(3)(x)) + x),
        lambda: functional(lambda x: Dense(3)(Dense(3)(x) + x)),
    ],
}


@pytest.mark.parametrize("case", SAME)
def test_what_does_not_matter(case):
    """Names, seeds and numbers that a program takes as arguments are left out."""
    one, other = SAME[case]
    assert architecture_key(one()) == architecture_key(other())


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_matters(case):
    """Everything else makes another program, reliably."""
    one, other = DIFFERENT[case]
    assert architecture_key(one()) == architecture_key(one())
    assert architecture_key(one()) != architecture_key(other())


def test_names_of_layers_under_a_dict_of_outputs_do_not_matter():
    """Keras numbers its names on, also where outputs are named by the user."""

    def build():
        inputs = Input((3,))
        return keras.Model(inputs, {"y": Dense(1)(inputs)})

    assert architecture_key(build()) == architecture_key(build())


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
def test_a_compiled_model_is_of_the_same_architecture():
    """A loss given to ``compile``, on a nested model too, is none of a program's."""

    def build(is_compiled):
        inner = sequential(Dense(2))
        model = sequential(inner, Dense(3))
        for one in (inner, model) if is_compiled else ():
            one.compile(loss=lambda y_true, y_pred: y_pred - y_true)
        return model

    assert architecture_key(build(True)) == architecture_key(build(False))


def _scaling_layer(factor):
    class Scaling(keras.layers.Layer):
        def call(self, inputs):
            return inputs * factor

    return Scaling()


def test_a_layer_class_defined_anew_is_another():
    """As when a notebook's cell is run again."""
    one, other = sequential(_scaling_layer(1)), sequential(_scaling_layer(2))
    assert architecture_key(one) != architecture_key(other)


def test_a_registered_function_defined_anew_is_another():
    """A configuration holds its name only."""

    def build(factor):
        @keras.saving.register_keras_serializable("segmentlearn_test")
        def scaled(x):
            return x * factor

        return sequential(Dense(1, activation=scaled))

    assert architecture_key(build(1.0)) != architecture_key(build(2.0))


def test_a_class_inside_a_wrapper_defined_anew_is_another():
    """The layer within a ``TimeDistributed`` counts as well."""

    def build(factor):
        layer = keras.layers.TimeDistributed(_scaling_layer(factor))
        return keras.Sequential([Input((2, 3)), layer])

    assert architecture_key(build(1.0)) != architecture_key(build(2.0))


def test_the_seed_of_a_users_layer_matters():
    """Keras' seeds set a state; a user's may decide anything."""

    class Projection(keras.layers.Layer):
        def __init__(self, seed, **kwargs):
            super().__init__(**kwargs)
            self.seed = seed
            self.matrix = np.random.default_rng(seed).normal(size=(3, 2))

        def call(self, inputs):
            return keras.ops.matmul(inputs, self.matrix.astype("float32"))

        def get_config(self):
            return {**super().get_config(), "seed": self.seed}

    one, other = sequential(Projection(1)), sequential(Projection(2))
    assert architecture_key(one) != architecture_key(other)


def test_a_subclassed_model_has_no_key():
    """It cannot be rebuilt from its configuration."""

    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(NotCloneableError):
        architecture_key(Own())


def test_a_layer_without_configuration_has_no_key():
    """An argument that Keras cannot write down makes a model unique."""

    class Applied(keras.layers.Layer):
        def __init__(self, function, **kwargs):
            super().__init__(**kwargs)
            self.function = function

        def call(self, inputs):
            return self.function(inputs)

    with pytest.raises(NotCloneableError):
        architecture_key(sequential(Applied(lambda x: x)))
