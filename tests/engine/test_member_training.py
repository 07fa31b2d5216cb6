"""Nets side by side: each becomes what it would become alone."""

import keras
import numpy as np
import pytest

from segmentlearn import engine, networks
from segmentlearn.engine import NotCompilableError
from segmentlearn.exceptions import SegmentLearnError
from segmentlearn.networks import ClassifierSpec
from tests.exactness import assert_same_training

LOSS = "sparse_categorical_crossentropy"
N_ROWS = 90


@pytest.fixture(scope="module")
def table():
    """Return numbers and classes that depend on them."""
    X = np.random.default_rng(0).normal(size=(N_ROWS, 3)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] > 0).astype(np.int32)


def spec(dropout=0.0, l2=0.0):
    return ClassifierSpec(3, 2, (5,), dropout=(dropout,), l2=l2)


def member(net, number, **settings):
    """Return a member with rows, rate and seed of its own."""
    rows = np.random.default_rng(number).permutation(N_ROWS)
    penalty = net.layers[1].kernel_regularizer
    defaults = {
        "weights": net.get_weights(),
        "train_rows": np.sort(rows[:70]),
        "validation_rows": np.sort(rows[70:]),
        "learning_rate": 0.01 * (1 + number),
        "dropout_rates": tuple(
            layer.rate
            for layer in net.layers
            if isinstance(layer, keras.layers.Dropout)
        ),
        "penalties": ((0.0, float(penalty.l2)),) * 2 if penalty else (),
        "epochs": 4 + number,
        "early_stopping": engine.EarlyStopping(patience=2),
        "seed": number,
    }
    return engine.Member(**{**defaults, **settings})


def alone(net, member, X, y, optimizer):
    """Train a net with `fit`, as a member is trained."""
    return engine.fit(
        net,
        X,
        y,
        loss=LOSS,
        optimizer=networks.build_optimizer(
            optimizer, member.learning_rate, member.weight_decay
        ),
        train_rows=member.train_rows,
        validation_rows=member.validation_rows,
        epochs=member.epochs,
        learning_rate_schedule=member.learning_rate_schedule,
        early_stopping=member.early_stopping,
        seed=member.seed,
    )


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop", "nadam"])
def test_members_become_what_they_become_alone(table, optimizer):
    """Weights, history and best epoch are equal, to the last bit; slots are reused."""
    X, y = table
    nets = [
        networks.build_classifier(spec(0.1 * (1 + i), 0.01 * (1 + i)), i)
        for i in range(5)
    ]
    members = [
        member(net, i, weight_decay=0.01 * (1 + i), learning_rate_schedule="cosine")
        for i, net in enumerate(nets)
    ]
    results = engine.fit_members(
        networks.build_classifier_members(spec(0.1, 0.1), 2),
        X,
        y,
        members,
        loss=LOSS,
        optimizer=networks.build_optimizer(optimizer, 0.001, 0.01),
    )
    for net, one, result in zip(nets, members, results, strict=True):
        expected = alone(net, one, X, y, optimizer)
        assert_same_training(result.training.history, expected.history)
        assert result.training.best_epoch == expected.best_epoch
        for found, wanted in zip(result.weights, net.get_weights(), strict=True):
            assert_same_training(found, wanted)


@pytest.mark.slow
def test_member_without_early_stopping_keeps_its_last_epoch(table):
    """All epochs are trained, and there is no best one."""
    X, y = table
    net = networks.build_classifier(spec(), 0)
    one = member(net, 0, early_stopping=None, validation_rows=np.arange(0))
    packed = networks.build_classifier_members(spec(), 2)
    (result,) = engine.fit_members(packed, X, y, [one], loss=LOSS)
    expected = alone(net, one, X, y, "adam")
    assert result.training.best_epoch is None
    assert_same_training(result.training.history, expected.history)
    assert_same_training(result.weights[0], net.get_weights()[0])


@pytest.mark.slow
def test_diverging_member_is_an_error_of_its_own(table):
    """A net that diverges at once does not keep the others from learning."""
    X, y = table
    net = networks.build_classifier(spec(), 0)
    members = [member(net, 0, learning_rate=np.inf), member(net, 1)]
    packed = networks.build_classifier_members(spec(), 2)
    failed, fine = engine.fit_members(packed, X, y, members, loss=LOSS, optimizer="sgd")
    assert isinstance(failed, SegmentLearnError)
    assert np.isfinite(fine.training.history["loss"]).all()


def test_members_need_as_many_steps(table):
    """Sixty rows are two steps of 32, seventy are three."""
    X, y = table
    net = networks.build_classifier(spec(), 0)
    members = [member(net, 0), member(net, 1, train_rows=np.arange(60))]
    packed = networks.build_classifier_members(spec(), 2)
    with pytest.raises(ValueError, match="as many steps"):
        engine.fit_members(packed, X, y, members, loss=LOSS)


def test_optimizer_that_looks_at_whole_matrices_is_refused(table):
    """Lamb scales a step by norms, which members would share."""
    X, y = table
    net = networks.build_classifier(spec(), 0)
    packed = networks.build_classifier_members(spec(), 2)
    with pytest.raises(NotCompilableError, match="members share"):
        engine.fit_members(
            packed, X, y, [member(net, 0)], loss=LOSS, optimizer=keras.optimizers.Lamb()
        )


@pytest.mark.slow
@pytest.mark.parametrize("monitor", ["loss", "accuracy", "val_accuracy"])
def test_members_stop_on_what_they_would_stop_on_alone(table, monitor):
    """Also without validation rows, and on what has to grow."""
    X, y = table
    net = networks.build_classifier(spec(), 0)
    rule = engine.EarlyStopping(patience=1, monitor=monitor)
    rows = {} if monitor.startswith("val_") else {"validation_rows": np.arange(0)}
    one = member(net, 0, early_stopping=rule, epochs=9, **rows)
    packed = networks.build_classifier_members(spec(), 2)
    settings = {"loss": LOSS, "metrics": ("accuracy",)}
    (result,) = engine.fit_members(packed, X, y, [one], **settings)
    expected = engine.fit(
        net,
        X,
        y,
        optimizer=networks.build_optimizer("adam", one.learning_rate, 0.0),
        train_rows=one.train_rows,
        validation_rows=one.validation_rows,
        epochs=9,
        early_stopping=rule,
        seed=0,
        **settings,
    )
    assert_same_training(result.training.history, expected.history)
    assert result.training.best_epoch == expected.best_epoch


def test_members_that_monitor_what_is_not_there(table):
    """The error comes before any is trained."""
    X, y = table
    net = networks.build_classifier(spec(), 0)
    members = [member(net, 0), member(net, 1, validation_rows=np.arange(0))]
    packed = networks.build_classifier_members(spec(), 2)
    with pytest.raises(ValueError, match="needs validation rows"):
        engine.fit_members(packed, X, y, members, loss=LOSS)
