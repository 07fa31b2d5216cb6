"""Packed nets, and the classifier that averages them."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from segmentlearn import engine, networks
from segmentlearn.engine import keras
from segmentlearn.persistence._checks._budget import Budget
from segmentlearn.persistence._checks._keras_config import (
    check_config,
    read_network_file,
)

X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
Y = np.arange(12) % 2


def build(seed=0, rows=X, **settings):
    """Return a packed net over three numbers and two classes."""
    spec = networks.PackedSpec(
        networks.ClassifierSpec(3, 2, hidden_layer_sizes=(5, 4), dropout=(0.1, 0.1)),
        **{
            "n_members": 4,
            "numeric_features": (0, 2),
            "n_bins": 6,
            "n_frequencies": 3,
            **settings,
        },
    )
    edges = networks.quantile_edges(rows[:, [0, 2]], 6)
    return networks.build_packed(spec, edges, seed, name=f"net_{seed}")


def train(net, epochs=2, **settings):
    """Train a packed net for a moment."""
    return engine.fit(
        net,
        X,
        Y,
        loss=networks.member_log_loss,
        metrics=(networks.log_loss, networks.accuracy),
        epochs=epochs,
        batch_size=4,
        **settings,
    )


def test_members_differ():
    """Each row gets logits from every member, and no two members agree."""
    logits = np.asarray(build()(X))
    assert logits.shape == (12, 4, 2)
    assert len(np.unique(logits[0, :, 0])) == 4


@pytest.mark.parametrize(
    "settings",
    [
        {"n_bins": 0},
        {"n_frequencies": 0},
        {"numeric_features": (), "n_bins": 0, "n_frequencies": 0},
        {"n_members": 1},
    ],
    ids=["waves", "pieces", "plain", "one member"],
)
def test_parts_may_be_absent(settings):
    """A net without bins, waves or company is a net all the same."""
    logits = np.asarray(build(**settings)(X))
    assert np.isfinite(logits).all()


def test_the_seed_decides():
    """Equal seeds give equal nets, other seeds other ones."""
    one, same, other = (np.asarray(build(seed)(X)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3


def test_unknown_activation_is_named():
    """The error is that of an ordinary net."""
    net = networks.ClassifierSpec(3, 2, (4,), activation="nonsense")
    with pytest.raises(ValueError, match="nonsense"):
        networks.build_packed(networks.PackedSpec(net, 2), np.zeros((0, 1)), 0)


@pytest.mark.slow
def test_given_layers_stay():
    """Training leaves selection, pieces and signs as they are, and moves the rest."""
    net = build()
    given = ("numbers", "pieces", "views")
    before = {layer.name: layer.get_weights() for layer in net.layers}
    train(net)
    for layer in net.layers:
        for old, new in zip(before[layer.name], layer.get_weights(), strict=True):
            assert np.array_equal(old, new) == (layer.name in given), layer.name


@pytest.mark.slow
def test_nets_of_other_rows_share_a_program():
    """Borders, signs and weights are not part of what is compiled."""
    train(build())
    before = engine.cache_info().compilations
    train(build(seed=3, rows=X[4:]))
    assert engine.cache_info().compilations == before


def test_the_classifier_averages_logits():
    """Its probabilities are the softmax of all members' mean logits."""
    nets = [build(0), build(1)]
    model = networks.average_nets(nets, 2)
    mean = np.mean([np.asarray(net(X)).mean(axis=1) for net in nets], axis=0)
    np.testing.assert_allclose(model(X), softmax(mean, axis=1), rtol=1e-5)
    assert networks.packed_nets(model) == nets


def test_calibration_scales_and_shifts_logits():
    """Logits are multiplied by the slope, then moved."""
    net = build()
    model = networks.average_nets([net], 2)
    networks.calibrate(model, 0.5, np.array([0.0, 1.0]))
    logits = np.asarray(net(X)).mean(axis=1)
    np.testing.assert_allclose(
        model(X), softmax(0.5 * logits + [0, 1], axis=1), rtol=1e-5
    )


def test_a_trained_net_changes_the_classifier():
    """The nets are parts of the classifier, not copies."""
    net = build()
    model = networks.average_nets([net, build(1)], 2)
    before = np.asarray(model(X))
    train(net)
    assert np.abs(np.asarray(model(X)) - before).max() > 1e-4


def test_stored_and_read_by_keras_alone():
    """An archive holds Keras' own layers only, and gives the same probabilities."""
    model = networks.average_nets([build(0), build(1)], 2)
    stored = networks.write_network(model)
    check_config(read_network_file(stored, Budget(len(stored)), "the net").config)
    again = networks.read_network(stored)
    np.testing.assert_array_equal(model(X), again(X))
    assert all(type(layer).__module__.startswith("keras.") for layer in again.layers)


def test_losses_are_cross_entropies():
    """One a member, and one of the members' mean; accuracy is of the mean too."""
    logits = np.random.default_rng(1).normal(size=(12, 4, 2)).astype(np.float32)
    rows = np.arange(12)
    by_member = -log_softmax(logits, axis=2)[rows, :, Y]
    mean = logits.mean(axis=1)
    np.testing.assert_allclose(
        networks.member_log_loss(Y, logits), by_member, rtol=1e-5
    )
    np.testing.assert_allclose(
        networks.log_loss(Y, logits), -log_softmax(mean, axis=1)[rows, Y], rtol=1e-5
    )
    np.testing.assert_array_equal(
        networks.accuracy(Y, logits), mean.argmax(axis=1) == Y
    )


def test_a_net_alone_is_its_own_only_net():
    """What holds no nets is one."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    assert networks.packed_nets(model) == [model]


@pytest.mark.parametrize(
    ("settings", "present"),
    [
        ({}, {"numbers", "pieces", "waves", "embedded"}),
        ({"n_bins": 0}, {"numbers", "waves", "embedded"}),
        ({"n_frequencies": 0}, {"numbers", "pieces", "embedded"}),
        ({"n_bins": 0, "n_frequencies": 0}, set()),
        ({"numeric_features": ()}, set()),
    ],
    ids=["both", "waves", "pieces", "neither", "no numbers"],
)
def test_only_the_parts_asked_for(settings, present):
    """A net holds no layer of an embedding that it does not have."""
    optional = {"numbers", "pieces", "waves", "embedded"}
    assert optional & {layer.name for layer in build(**settings).layers} == present


def test_given_layers_are_not_trainable():
    """Nor is the calibration, which is fitted apart."""
    model = networks.average_nets([build()], 2)
    layers = [*networks.packed_nets(model)[0].layers, *model.layers]
    given = {one.name for one in layers if one.weights and not one.trainable_weights}
    assert given == {"numbers", "pieces", "views", "calibration"}


def test_members_share_kernels_and_have_their_own_biases():
    """Only the last layer has a kernel for each of them."""
    net = build()
    shapes = {
        layer: [weight.shape for weight in net.get_layer(layer).get_weights()]
        for layer in ("hidden_1", "hidden_2", "logits")
    }
    assert shapes == {
        "hidden_1": [(23, 5), (4, 5)],
        "hidden_2": [(5, 4), (4, 4)],
        "logits": [(4, 4, 2), (4, 2)],
    }


def test_a_feature_has_one_sign_a_member():
    """All that is embedded of a feature is seen under the sign of the feature."""
    signs = build().get_layer("views").get_weights()[0]
    sources = [0, 1, 2, *[0] * 4, *[2] * 4, *[0] * 6, *[2] * 6]
    np.testing.assert_array_equal(signs, signs[:, sources])
    assert set(signs.ravel().tolist()) == {-1.0, 1.0}


@pytest.mark.slow
def test_normalization_and_penalties():
    """They are built where the description has them, and training is compiled."""
    spec = networks.PackedSpec(
        networks.ClassifierSpec(
            3, 2, (5,), activation="tanh", batch_normalization=True, l2=0.5
        ),
        n_members=4,
    )
    net = networks.build_packed(spec, np.zeros((0, 1)), 0)
    kernels = [net.get_layer(name).kernel for name in ("hidden_1", "logits")]
    expected = sum(0.5 * (kernel.numpy() ** 2).sum() for kernel in kernels)
    assert float(sum(net.losses)) == pytest.approx(float(expected), rel=1e-5)
    assert train(net).compiled
    assert np.abs(net.get_layer("normalization_1").moving_mean.numpy()).max() > 0


def test_the_engine_measures_the_members_mean():
    """Validation reports the measures that numpy finds in the trained net's logits."""
    net = build()
    history = train(net, epochs=1, validation_data=(X, Y)).history
    logits = np.asarray(net(X), np.float64)
    rows, mean = np.arange(12), logits.mean(axis=1)
    by_member = -log_softmax(logits, axis=2)[rows, :, Y]
    expected = {
        "val_loss": by_member.mean(),
        "val_log_loss": -log_softmax(mean, axis=1)[rows, Y].mean(),
        "val_accuracy": (mean.argmax(axis=1) == Y).mean(),
    }
    for name, value in expected.items():
        assert history[name][0] == pytest.approx(value, rel=1e-4), name


def test_a_constant_column_changes_no_program():
    """A column without borders leaves the shapes as they are, and the logits finite."""
    train(build())
    before = engine.cache_info().compilations
    rows = X.copy()
    rows[:, 2] = 1.0
    net = build(rows=rows)
    train(net)
    assert engine.cache_info().compilations == before
    assert np.isfinite(np.asarray(net(rows))).all()


def test_calibration_is_stored():
    """What has been calibrated is read back calibrated, to the bit."""
    model = networks.average_nets([build()], 2)
    plain = np.asarray(model(X))
    networks.calibrate(model, 0.5, np.array([0.0, 1.0]))
    again = networks.read_network(networks.write_network(model))
    np.testing.assert_array_equal(again(X), model(X))
    assert np.abs(np.asarray(again(X)) - plain).max() > 0.01


def test_nets_read_back_are_trained_by_the_same_program():
    """Their given layers stay given, and the architecture is the one written."""
    model = networks.average_nets([build(0), build(1)], 2)
    train(networks.packed_nets(model)[0])
    before = engine.cache_info().compilations
    again = networks.read_network(networks.write_network(model))
    for net in networks.packed_nets(again):
        signs = net.get_layer("views").get_weights()[0]
        train(net)
        np.testing.assert_array_equal(net.get_layer("views").get_weights()[0], signs)
    assert engine.cache_info().compilations == before
