"""Compiled prediction gives what the model gives, for any number of rows."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn import engine
from segmentlearn.engine import keras


def reference(model, X):
    """Return what calling the model gives."""
    return np.asarray(model(np.asarray(X, np.float32), training=False))


@pytest.mark.parametrize("n_rows", [0, 1, 255, 256, 257, 4096, 4097, 66_000])
def test_sizes_around_the_borders_of_chunks(n_rows, small_net):
    """Padding never reaches the result."""
    X = np.random.default_rng(0).normal(size=(n_rows, 3)).astype(np.float32)
    predicted = engine.predict(small_net(), X)
    assert predicted.shape == (n_rows, 3)
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted, reference(small_net(), X), atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 7, 70, 1000])
def test_the_size_of_chunks_does_not_matter(batch_size, small_net, table):
    """It bounds memory only."""
    X, _ = table
    predicted = engine.predict(small_net(), X, batch_size=batch_size)
    np.testing.assert_allclose(predicted, reference(small_net(), X), atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X.astype(np.float64),
        lambda X: X.astype(np.float16),
        lambda X: np.asfortranarray(X),
        lambda X: np.repeat(X, 2, axis=0)[::2],
        lambda X: X[::-1],
        lambda X: (X * 10).astype(np.int64),
        lambda X: X > 0,
        lambda X: (X * 10).astype(np.int64) + 5_000_000_000,
        pd.DataFrame,
    ],
)
def test_arrays_of_other_kinds(change, small_net, table):
    """Precision, layout and containers of the input do not matter."""
    X = change(table[0])
    predicted = engine.predict(small_net(), X)
    np.testing.assert_allclose(predicted, reference(small_net(), X), atol=1e-5)


def test_the_input_stays(small_net, table):
    """Also where it is of the model's own precision."""
    X = table[0].copy()
    engine.predict(small_net(), X)
    np.testing.assert_array_equal(X, table[0])


def test_the_model_stays(table):
    """Neither weights nor random states nor its trainable layers change."""
    layers = [
        keras.layers.BatchNormalization(),
        keras.layers.GaussianNoise(0.5),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(2),
    ]
    model = keras.Sequential([keras.Input((3,)), *layers])
    before = [variable.numpy() for variable in model.variables]
    engine.predict(model, table[0])
    for variable, old in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), old)
    assert not model.compiled


def test_weights_are_read_at_each_call(small_net, table):
    """The compiled function is shared by models of one architecture, no more."""
    X, _ = table
    for seed in (0, 1, 0):
        model = small_net(seed)
        np.testing.assert_allclose(
            engine.predict(model, X), reference(model, X), atol=1e-6
        )


@pytest.mark.slow
def test_a_trained_model_predicts_by_its_new_weights(small_net, table, train):
    """Training between two predictions is seen."""
    model, (X, _) = small_net(), table
    before = engine.predict(model, X)
    train(model)
    after = engine.predict(model, X)
    np.testing.assert_allclose(after, reference(model, X), atol=1e-6)
    assert np.abs(after - before).max() > 1e-4


def test_several_inputs_and_outputs():
    """Lists and dicts go in; a list comes out, in the order of the outputs."""
    first, second = keras.Input((2,), name="b"), keras.Input((1,), name="a")
    model = keras.Model([first, second], [first * 2, second + 1])
    B, A = np.arange(6.0).reshape(3, 2), np.arange(3.0).reshape(3, 1)
    for X in ([B, A], {"a": A, "b": B}):
        doubled, raised = engine.predict(model, X)
        np.testing.assert_array_equal(doubled, B * 2)
        np.testing.assert_array_equal(raised, A + 1)


def test_the_dtype_of_the_result(small_net, table):
    """float64 for those who add many of them up."""
    assert engine.predict(small_net(), table[0], dtype=np.float64).dtype == np.float64


def test_a_subclassed_model(table):
    """It is called as it is."""

    class Doubling(keras.Model):
        def call(self, inputs):
            return inputs * 2

    np.testing.assert_allclose(engine.predict(Doubling(), table[0]), table[0] * 2)


def test_arrays_of_other_lengths_are_refused():
    """Nothing is filled up with zeros."""
    inputs = [keras.Input((1,)), keras.Input((1,))]
    model = keras.Model(inputs, keras.layers.Add()(inputs))
    with pytest.raises(ValueError, match=r"different lengths: \[3, 2\]"):
        engine.predict(model, [np.ones((3, 1)), np.ones((2, 1))])


def test_text_is_refused(small_net):
    """Before TensorFlow sees it."""
    with pytest.raises(ValueError, match=r"X has dtype .* Encode text"):
        engine.predict(small_net(), np.array([["a", "b", "c"]]))


def test_a_plain_list_is_a_table(small_net, table):
    """Lists of numbers, as ``fit`` takes them."""
    X = table[0][:4]
    np.testing.assert_allclose(
        engine.predict(small_net(), X.tolist()), reference(small_net(), X), atol=1e-6
    )


@pytest.mark.parametrize("n_columns", [2, 4])
def test_features_of_another_width(n_columns, small_net):
    """The error says what the net expects, and TensorFlow is not asked."""
    with pytest.raises(ValueError, match=rf"(?s)X.*{n_columns}.*3|X.*3.*{n_columns}"):
        engine.predict(small_net(), np.ones((5, n_columns)))


def test_a_row_is_not_a_table(small_net):
    """One row has to be a table of one row."""
    with pytest.raises(ValueError, match="X"):
        engine.predict(small_net(), np.ones(3))


@pytest.mark.parametrize("batch_size", [0, -5])
def test_a_batch_size_below_one(batch_size, small_net, table):
    """It is named with its value."""
    with pytest.raises(ValueError, match=f"batch_size={batch_size}"):
        engine.predict(small_net(), table[0], batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [3, 100])
def test_each_member_sees_all_rows(packed_net, table, batch_size):
    """Outputs of a packed net have the member first, as its weights have."""
    packed, singles = packed_net
    X = table[0][:7]
    outputs = engine.predict(packed, X, n_members=3, batch_size=batch_size)
    assert outputs.shape == (3, 7, 1)
    for output, single in zip(outputs, singles, strict=True):
        np.testing.assert_allclose(output, reference(single, X), atol=1e-6)


@keras.saving.register_keras_serializable("tests_engine")
class Counted(keras.layers.Layer):
    """A layer that notes each time its Python code runs, which is while tracing."""

    n_runs = 0

    def call(self, inputs):
        """Return the rows as they are."""
        type(self).n_runs += 1
        return inputs * 1.0


def test_a_chunk_is_traced_once_a_size():
    """Tables of other lengths, and other models, share what has been traced."""

    def predict(n_rows):
        model = keras.Sequential([keras.Input((3,)), Counted(), keras.layers.Dense(2)])
        before = Counted.n_runs
        X = np.random.default_rng(n_rows).normal(size=(n_rows, 3)).astype(np.float32)
        predicted = engine.predict(model, X)
        n_runs = Counted.n_runs - before
        np.testing.assert_allclose(predicted, reference(model, X), atol=1e-6)
        return n_runs

    predict(1)
    assert [predict(n_rows) for n_rows in (1, 100, 256)] == [0, 0, 0]
    assert predict(257) > 0
    assert predict(4000) == 0
    assert predict(2) == 0


NESTED = {
    "bare": lambda value: value,
    "list": lambda value: [value],
    "tuple": lambda value: (value,),
    "dict": lambda value: {"a": value},
    "list of a list": lambda value: [[value]],
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The structure of `inputs`")
@pytest.mark.parametrize("inside", NESTED)
@pytest.mark.parametrize("outside", ["bare", "list", "tuple", "dict"])
def test_one_array_in_a_container(outside, inside, table):
    """In and out as Keras has it, also where nets of one architecture differ in it."""
    inputs = keras.Input((3,), name="a")
    outputs = keras.layers.Dense(1, kernel_initializer="ones")(inputs)
    model = keras.Model(NESTED[outside](inputs), NESTED[inside](outputs))
    expected = model.predict(NESTED[outside](table[0]), verbose=0)
    found = engine.predict(model, NESTED[outside](table[0]))
    keras.tree.assert_same_structure(found, expected)
    for one, other in zip(
        keras.tree.flatten(found), keras.tree.flatten(expected), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_dict_of_a_subclassed_model(table):
    """It has no graph that tells of it; its outputs come as it nests them."""

    class Named(keras.Model):
        def call(self, inputs):
            return {"twice": inputs * 2, "more": (inputs + 1,)}

    found = engine.predict(Named(), table[0])
    np.testing.assert_allclose(found["twice"], table[0] * 2)
    np.testing.assert_allclose(found["more"][0], table[0] + 1)


def test_rows_that_are_numbers():
    """Keras adds, or drops, the axis of the only column."""
    inputs = keras.Input((1,))
    model = keras.Model(inputs, inputs * 2)
    for shape in ((5,), (5, 1), (5, 1, 1)):
        np.testing.assert_array_equal(
            engine.predict(model, np.ones(shape)), np.full((5, 1), 2.0)
        )
