"""The engine's Einstein sums give what Keras' own give."""

import numpy as np
import pytest
import tensorflow as tf

from segmentlearn import engine
from segmentlearn.engine import keras
from segmentlearn.engine._program._architecture import copy_architecture
from segmentlearn.engine._program._matmul_layers import FastDense, FastEinsum, fast_type

# equation, shape of an input row, shape of an output row, bias axes
EQUATIONS = [
    ("bi,mi->bmi", (4,), (3, 4), None),
    ("bi,i->bi", (4,), (4,), None),
    ("bn,np->bnp", (4,), (4, 5), "np"),
    ("bmi,ih->bmh", (3, 4), (3, 5), "mh"),
    ("bnf,nfw->bnw", (3, 4), (3, 2), "nw"),
    ("bmi,mic->bmc", (3, 40), (3, 2), "mc"),
    ("abc,cd->abd", (3, 4), (3, 5), None),
    ("bi,mi->bim", (4,), (4, 3), "m"),
    ("ab,cb->ac", (4,), (5,), "c"),
    ("abc,cb->ab", (3, 4), (3,), None),
]
every_equation = pytest.mark.parametrize(
    ("equation", "inputs", "outputs", "bias"), EQUATIONS, ids=[e[0] for e in EQUATIONS]
)


def pair(equation, outputs, bias, inputs):
    """Return Keras' layer and the engine's, with the same weights."""
    settings = {"bias_axes": bias, "activation": "silu"}
    slow = keras.layers.EinsumDense(equation, outputs, **settings)
    slow.build((None, *inputs))
    rng = np.random.default_rng(0)
    slow.set_weights([rng.normal(size=weight.shape) for weight in slow.weights])
    fast = FastEinsum.from_config(slow.get_config())
    fast.build((None, *inputs))
    fast.set_weights(slow.get_weights())
    return slow, fast


@every_equation
def test_same_outputs(equation, inputs, outputs, bias):
    """Values agree to the rounding of float32."""
    slow, fast = pair(equation, outputs, bias, inputs)
    x = np.random.default_rng(1).normal(size=(6, *inputs)).astype(np.float32)
    np.testing.assert_allclose(slow(x), fast(x), rtol=1e-5, atol=1e-5)


@every_equation
def test_same_gradients(equation, inputs, outputs, bias):
    """Training goes the same way, for the weights and for layers below."""
    x = tf.constant(np.random.default_rng(1).normal(size=(6, *inputs)), tf.float32)
    gradients = []
    for layer in pair(equation, outputs, bias, inputs):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.square(layer(x)))
        sources = [x, *(weight.value for weight in layer.trainable_weights)]
        gradients.append(tape.gradient(loss, sources))
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_a_copy_has_them():
    """The engine's copy of a model computes the same with the same order of weights."""
    inputs = keras.Input((3, 4))
    layer = keras.layers.EinsumDense("bmi,ih->bmh", (3, 5), bias_axes="mh")
    model = keras.Model(inputs, layer(inputs))
    copy = copy_architecture(model)
    assert type(copy.layers[1]) is FastEinsum
    copy.set_weights(model.get_weights())
    x = np.ones((2, 3, 4), np.float32)
    np.testing.assert_allclose(model(x), copy(x), rtol=1e-6)


def test_only_plain_layers_are_replaced():
    """A subclass may compute something else; an ellipsis stands for any axes."""

    class Own(keras.layers.EinsumDense):
        """A layer of the user's."""

    assert fast_type(keras.layers.EinsumDense("ab,bc->ac", 2)) is FastEinsum
    assert fast_type(Own("ab,bc->ac", 2)) is None
    assert fast_type(keras.layers.EinsumDense("...b,bc->...c", 2)) is None


def test_weights_keep_their_order():
    """Of two equal layers, each gets its own weights in the copy."""
    inputs = x = keras.Input((3, 4))
    for _ in range(2):
        x = keras.layers.EinsumDense("bmi,ih->bmh", (3, 4), bias_axes="mh")(x)
    model = keras.Model(inputs, x)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.weights])
    copy = copy_architecture(model)
    copy.set_weights(model.get_weights())
    x = rng.normal(size=(2, 3, 4)).astype(np.float32)
    np.testing.assert_allclose(model(x), copy(x), rtol=1e-5, atol=1e-5)


def test_an_axis_of_any_length():
    """Sequences of another length at each call are multiplied as well."""
    inputs = keras.Input((None, 4))
    layer = keras.layers.EinsumDense("abc,cd->abd", (None, 5))
    model = keras.Model(inputs, layer(inputs))
    copy = copy_architecture(model)
    copy.set_weights(model.get_weights())
    traced = tf.function(copy, input_signature=[tf.TensorSpec((None, None, 4))])
    for length in (1, 6):
        x = np.ones((2, length, 4), np.float32)
        np.testing.assert_allclose(model(x), traced(tf.constant(x)), rtol=1e-6)


def test_half_precision_is_kept():
    """The policy of the layer decides what is multiplied."""
    x = np.ones((2, 3, 4), np.float32)
    settings = {"bias_axes": "mh", "dtype": "mixed_bfloat16"}
    assert FastEinsum("bmi,ih->bmh", (3, 5), **settings)(x).dtype == tf.bfloat16


def test_adapted_layers_are_not_replaced():
    """Low-rank additions and whole-number kernels are not one product."""
    adapted, quantized = (keras.layers.EinsumDense("ab,bc->ac", 5) for _ in range(2))
    for layer in (adapted, quantized):
        layer.build((None, 4))
        assert fast_type(layer) is FastEinsum
    adapted.enable_lora(2)
    quantized.quantize("int8")
    assert fast_type(adapted) is None
    assert fast_type(quantized) is None


# rows, inputs, outputs: few rows with a small kernel and a large one, narrow, wide
SHAPES = [(20, 34, 32), (20, 300, 40), (100, 32, 16), (100, 33, 8), (100, 8, 16)]


@pytest.mark.parametrize(("n_rows", "n_inputs", "n_outputs"), SHAPES)
def test_dense_layers_have_the_same_gradients(n_rows, n_inputs, n_outputs):
    """Factors change places and are turned; their values stay."""
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(n_rows, n_inputs)), tf.float32)
    slow = keras.layers.Dense(n_outputs, "relu")
    slow.build((None, n_inputs))
    fast = FastDense.from_config(slow.get_config())
    fast.build((None, n_inputs))
    fast.set_weights(slow.get_weights())
    fast.in_xla = True

    @tf.function(jit_compile=True)
    def gradients(layer):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.square(layer(x)))
        return tape.gradient(loss, [x, *layer.trainable_weights])

    for one, other in zip(gradients(slow), gradients(fast), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)


def test_dense_layers_are_replaced_in_a_copy():
    """Same names, weights and outputs."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "relu")])
    copy = copy_architecture(model)
    assert type(copy.layers[-1]) is FastDense
    copy.set_weights(model.get_weights())
    x = np.ones((2, 3), np.float32)
    np.testing.assert_allclose(model(x), copy(x), rtol=1e-6)


def test_no_barrier_without_xla():
    """The barrier has no kernel of its own, so an epoch without XLA does without."""
    model = keras.Sequential([keras.Input((32,)), keras.layers.Dense(4)])
    X, y = np.ones((64, 32), np.float32), np.ones((64, 4), np.float32)
    result = engine.fit(model, X, y, loss="mse", jit_compile=False)
    assert result.compiled


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_whole_numbers_are_multiplied_as_in_keras(dtype):
    """A net over codes or flags needs no cast of the user's."""
    net = keras.Sequential([keras.Input((4,), dtype=dtype), keras.layers.Dense(1)])
    X = (np.arange(40).reshape(10, 4) % 3).astype(dtype)
    result = engine.fit(net, X, np.ones((10, 1), np.float32), loss="mse")
    assert result.compiled
