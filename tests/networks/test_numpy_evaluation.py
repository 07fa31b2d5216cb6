"""Nets that NumPy evaluates: what Keras computes, for a row in any company."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentlearn import networks
from segmentlearn.networks import Evaluator, NotEvaluableError, StoredNetwork

ACTIVATIONS = [
    *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "silu", "swish", "gelu"),
    *("mish", "tanh", "sigmoid", "hard_sigmoid", "hard_silu", "softplus", "softsign"),
    *("exponential", "softmax"),
]


def evaluator_of(model):
    """Return the evaluator of a model as it is now."""
    return Evaluator(*networks.configuration_and_weights(model))


def rows(n_rows, n_features, seed=0):
    """Return prepared features, some of them far out."""
    table = np.random.default_rng(seed).normal(size=(n_rows, n_features))
    return (table * np.where(table > 2, 100, 1)).astype(np.float32)


def randomized(model, seed=0):
    """Give the trained layers of a model other weights than zeros and ones."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            randomized(layer, seed)
        elif layer.trainable:
            weights = layer.get_weights()
            layer.set_weights([w + random.uniform(0, 0.2, w.shape) for w in weights])
    return model


@st.composite
def classifiers(draw):
    """Classifiers of all kinds that the library builds."""
    sizes = draw(st.lists(st.integers(1, 9), max_size=3))
    return networks.build_classifier(
        networks.ClassifierSpec(
            n_features=draw(st.integers(1, 7)),
            n_classes=draw(st.integers(2, 5)),
            hidden_layer_sizes=sizes,
            activation=draw(st.sampled_from(["relu", "silu", "gelu", "tanh", "selu"])),
            dropout=draw(st.sampled_from([0.0, 0.3])),
            batch_normalization=draw(st.booleans()),
            l2=draw(st.sampled_from([0.0, 1e-3])),
        ),
        seed=0,
    )


@st.composite
def packed_classifiers(draw):
    """Averages of packed nets with embeddings of numbers and categories."""
    n_numbers, n_levels = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    net = networks.ClassifierSpec(
        n_features=max(1, n_numbers + n_levels),
        n_classes=draw(st.integers(2, 4)),
        hidden_layer_sizes=draw(st.lists(st.integers(1, 8), max_size=2)),
        activation=draw(st.sampled_from(["relu", "silu"])),
        batch_normalization=draw(st.booleans()),
    )
    spec = networks.PackedSpec(
        net,
        n_members=draw(st.integers(1, 5)),
        numeric_features=tuple(range(n_numbers)),
        n_bins=draw(st.sampled_from([0, 4])),
        n_frequencies=draw(st.sampled_from([0, 3])),
        categories=(tuple(range(n_numbers, n_numbers + n_levels)),) if n_levels else (),
    )
    edges = networks.quantile_edges(rows(50, n_numbers), 4)
    nets = [
        networks.build_packed(spec, edges, seed, name=f"net_{seed}")
        for seed in range(draw(st.integers(1, 3)))
    ]
    return networks.average_nets(nets, net.n_classes)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(model=st.one_of(classifiers(), packed_classifiers()))
def test_classifiers_agree_with_keras(model):
    """Probabilities are Keras' own, to rounding."""
    X = rows(20, model.input_shape[1])
    found = evaluator_of(randomized(model)).predict(X)
    np.testing.assert_allclose(found, np.asarray(model(X)), atol=1e-6)


@pytest.mark.parametrize("n_scales", [0, 2])
@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("is_linear_plus", [True, False])
def test_autoencoders_agree_with_keras(noise, n_scales, is_linear_plus):
    """An autoencoder's code and reconstruction are Keras' own, to rounding."""
    spec = networks.AutoencoderSpec(
        5, 2, (6,), "silu", noise=noise, is_linear_plus=is_linear_plus
    )
    model = networks.build_autoencoder(spec, np.eye(2, 5), np.ones(5), 0, n_scales)
    model, X = randomized(model), rows(30, 5)
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    codes = evaluator_of(encoder).predict(X)
    np.testing.assert_allclose(codes, encoder(X), rtol=1e-5, atol=1e-5)
    again = evaluator_of(decoder).predict(codes)
    np.testing.assert_allclose(again, decoder(codes), rtol=1e-5, atol=1e-5)
    whole = evaluator_of(model).predict(X)
    np.testing.assert_allclose(whole, model(X), rtol=1e-5, atol=1e-5)
    assert whole.shape == (30, 5 + n_scales)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_agree_with_keras(name):
    """Each activation, in a layer and as a layer, is Keras' own."""
    inputs = keras.Input((4,))
    x = keras.layers.Activation(name)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, activation=name)(x))
    X = np.linspace(-8, 8, 40, dtype=np.float32).reshape(10, 4)
    wanted = np.asarray(model(X))
    np.testing.assert_allclose(evaluator_of(model).predict(X), wanted, 2e-5, 1e-6)


def packed_net(n_members=3):
    """Return a small packed net over three numbers."""
    net = networks.ClassifierSpec(3, 2, (8,), activation="silu")
    spec = networks.PackedSpec(net, n_members, (0, 1, 2), n_bins=4, n_frequencies=3)
    edges = networks.quantile_edges(rows(50, 3), 4)
    return networks.build_packed(spec, edges, seed=0)


@pytest.mark.parametrize("n_rows", [1, 2, 17, 1023, 1025, 2100])
def test_row_is_the_same_in_any_company(n_rows):
    """A prediction depends on its row alone, to the last bit."""
    X = rows(2100, 3)
    evaluator = evaluator_of(packed_net())
    together = evaluator.predict(X)
    np.testing.assert_array_equal(evaluator.predict(X[-n_rows:]), together[-n_rows:])


def test_threads_change_nothing(monkeypatch):
    """One thread and several give the same bits."""
    X = rows(9000, 3)
    evaluator = evaluator_of(packed_net(n_members=200))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = evaluator.predict(X)
    monkeypatch.delenv("OMP_NUM_THREADS")
    np.testing.assert_array_equal(evaluator.predict(X), alone)


def test_no_rows_give_no_outputs():
    """An empty table has an empty prediction of the right shape."""
    assert evaluator_of(packed_net()).predict(rows(0, 3)).shape == (0, 3, 2)


def test_result_has_the_wanted_type():
    """Numbers of any type go in; the result's type is for the caller to choose."""
    X, evaluator = rows(5, 3), evaluator_of(packed_net())
    found = evaluator.predict(X.astype(np.float64), np.float64)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, evaluator.predict(X))


def test_table_of_another_width_is_refused():
    """The error has both widths."""
    with pytest.raises(ValueError, match=r"shape \(4,\); the model takes \(3,\)"):
        evaluator_of(packed_net()).predict(rows(2, 4))


@pytest.mark.parametrize("part", [None, "net_1"])
def test_stored_net_predicts_as_the_model(part):
    """A net that is read without Keras gives the bits of the one that was written."""
    first, second = packed_net(), packed_net()
    first.name, second.name = "net_1", "net_2"
    model = randomized(networks.average_nets([first, second], 2))
    wanted = model if part is None else first
    stored = StoredNetwork.from_file(networks.write_network(model))
    X = rows(20, 3)
    found = networks.Evaluator(*stored.part(part)).predict(X)
    np.testing.assert_array_equal(found, evaluator_of(wanted).predict(X))


def test_net_that_is_read_is_written_again():
    """Nothing is lost between a file, a stored net and Keras."""
    model = packed_net()
    stored = StoredNetwork.from_file(networks.write_network(model))
    again = networks.read_network(stored.to_file())
    np.testing.assert_array_equal(again(rows(4, 3)), model(rows(4, 3)))


def unusual_models():
    """Yield models that only Keras can compute."""
    inputs = keras.Input((3,))
    yield keras.Sequential([inputs, keras.layers.Dense(2)])
    yield keras.Model(inputs, keras.layers.LayerNormalization()(inputs))
    yield keras.Model(inputs, keras.layers.Dense(2, dtype="mixed_bfloat16")(inputs))
    yield keras.Model(inputs, keras.layers.Dense(2, dtype="float64")(inputs))
    yield keras.Model(inputs, [keras.layers.Dense(2)(inputs), inputs])
    yield keras.Model(inputs, keras.layers.Concatenate(axis=0)([inputs, inputs]))
    yield keras.Model(inputs, keras.layers.EinsumDense("bi,io->bo", 3)(inputs))
    yield keras.Model(inputs, keras.layers.Dense(2, activation=keras.ops.sin)(inputs))
    shared = keras.layers.Dense(3)
    yield keras.Model(inputs, shared(shared(inputs)))


@pytest.mark.parametrize("number", range(9))
def test_other_nets_are_left_to_keras(number):
    """What NumPy cannot compute is refused, never computed wrongly."""
    model = list(unusual_models())[number]
    with pytest.raises(NotEvaluableError):
        evaluator_of(model)


def growing(n_doublings):
    """Return a model whose output is large and whose weights are few."""
    inputs = keras.Input((3,))
    x = keras.layers.Dense(4)(inputs)
    for _ in range(n_doublings):
        x = keras.layers.Concatenate()([x, x])
    return keras.Model(inputs, x)


def outer_product():
    """Return a model that multiplies many members by many units."""
    inputs = keras.Input((1,))
    x = keras.layers.EinsumDense("bi,mi->bmi", (2000, 1))(inputs)
    return keras.Model(inputs, keras.layers.EinsumDense("bmi,ih->bmh", (2000, 3000))(x))


@pytest.mark.parametrize("make", [lambda: growing(24), outer_product])
def test_net_that_would_take_much_memory_is_refused(make):
    """An archive of kilobytes cannot make a row gigabytes long."""
    model = make()
    with pytest.raises(NotEvaluableError):
        evaluator_of(model)
    evaluator_of(growing(3))
