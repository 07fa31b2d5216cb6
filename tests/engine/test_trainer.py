"""The loop over epochs: stopping, breaking off, members, and losses that are none."""

import numpy as np
import pytest

from segmentlearn import engine
from segmentlearn.engine import EarlyStopping, keras
from segmentlearn.exceptions import SegmentLearnError, SegmentLearnWarning

SGD = keras.optimizers.SGD


def overfitted(train, small_net, table, **changes):
    """Train until a validation loss on wrong labels has long gone up."""
    X, y = table
    model = small_net()
    settings = {
        "optimizer": keras.optimizers.Adam(0.1),
        "validation_data": (X[:20], y[::-1][:20]),
        "early_stopping": EarlyStopping(patience=2),
        "epochs": 40,
        **changes,
    }
    return model, train(model, **settings)


def loss_on_wrong_labels(model, table):
    """Return what the validation loss of `overfitted` is."""
    X, y = table
    shares = engine.predict(model, X[:20])
    return -np.log(shares[np.arange(20), y[::-1][:20]]).mean()


def test_the_model_gets_its_best_epoch(small_net, table, train):
    """The lowest validation loss is that of the returned weights."""
    model, result = overfitted(train, small_net, table)
    losses = result.history["val_loss"]
    assert result.n_epochs == len(losses) < 40
    assert result.best_epoch == int(np.argmin(losses)) == result.n_epochs - 3
    assert loss_on_wrong_labels(model, table) == pytest.approx(min(losses), rel=1e-4)


def test_the_last_epoch_on_request(small_net, table, train):
    """restore_best=False stops as early and leaves the last weights."""
    stopping = EarlyStopping(patience=2, restore_best=False)
    model, result = overfitted(train, small_net, table, early_stopping=stopping)
    last = result.history["val_loss"][-1]
    assert loss_on_wrong_labels(model, table) == pytest.approx(last, rel=1e-4)
    assert last > min(result.history["val_loss"])


def test_small_improvements_do_not_count(small_net, table, train):
    """min_delta ends the training after the patience."""
    stopping = EarlyStopping(patience=2, min_delta=10.0)
    result = train(
        small_net(), validation_data=table, early_stopping=stopping, epochs=9
    )
    assert (result.n_epochs, result.best_epoch) == (3, 0)


def test_all_epochs_run_where_it_keeps_improving(small_net, table, train):
    """The best epoch is the last."""
    result = train(
        small_net(), validation_data=table, early_stopping=EarlyStopping(), epochs=4
    )
    assert (result.n_epochs, result.best_epoch) == (4, 3)


def test_without_stopping_there_is_no_best_epoch(small_net, train):
    """All epochs, and the last weights."""
    result = train(small_net())
    assert result.best_epoch is None
    assert result.n_epochs == 3
    assert not result.interrupted


class Break(keras.callbacks.Callback):
    """Presses Ctrl-C at the beginning of an epoch."""

    def __init__(self, at_epoch):
        super().__init__()
        self.at_epoch = at_epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.at_epoch:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_what_there_is(small_net, train, assert_same_weights):
    """The weights are those of the epochs that were completed."""
    model, expected = small_net(), small_net()
    with pytest.warns(SegmentLearnWarning, match="after 3 of 9 epochs"):
        result = train(model, callbacks=[Break(3)], epochs=9)
    assert result.interrupted
    assert result.n_epochs == len(result.history["loss"]) == 3
    train(expected, epochs=3)
    assert_same_weights(model, expected, atol=0)


def test_ctrl_c_keeps_the_best_epoch(small_net, table, train):
    """With early stopping the best epoch's weights, not the last one's."""
    stopping = EarlyStopping(patience=30)
    with pytest.warns(SegmentLearnWarning, match="interrupted"):
        model, result = overfitted(
            train, small_net, table, early_stopping=stopping, callbacks=[Break(20)]
        )
    best = min(result.history["val_loss"])
    assert result.history["val_loss"][-1] > best
    assert loss_on_wrong_labels(model, table) == pytest.approx(best, rel=1e-4)


def test_ctrl_c_before_the_first_epoch_is_over(small_net, train):
    """It goes through, and the model is as it was."""
    model = small_net()
    before = model.get_weights()
    with pytest.raises(KeyboardInterrupt):
        train(model, callbacks=[Break(0)])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_training_after_ctrl_c(small_net, train, assert_same_weights):
    """Nothing of a broken training is left in the program."""
    one, other = small_net(), small_net()
    train(one)
    with pytest.warns(SegmentLearnWarning):
        train(small_net(seed=5), callbacks=[Break(1)])
    train(other)
    assert_same_weights(one, other, atol=0)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_no_number_in_the_first_epoch(value, small_net, table):
    """An error that names the cure, and the model as it was."""
    X, _ = table
    model = small_net()
    before = model.get_weights()
    with pytest.raises(SegmentLearnError, match=r"lower the\s+learning rate"):
        engine.fit(
            model,
            X,
            np.full((70, 3), value),
            loss="mse",
            jit_compile=False,
        )
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_class_that_the_net_has_no_output_for(small_net, table, train):
    """Classes that count from one are a common slip, and the error hints at it."""
    X, y = table
    with pytest.raises(SegmentLearnError, match="targets"):
        engine.fit(
            small_net(),
            X,
            y + 1,
            loss="sparse_categorical_crossentropy",
            metrics=("accuracy",),
            batch_size=16,
        )


@pytest.mark.parametrize("stopping", [None, EarlyStopping(patience=5)])
def test_no_number_later(stopping, small_net, table, train, assert_same_weights):
    """The last good weights stay, and a warning says so."""
    model, expected = small_net(), small_net()
    rates = keras.callbacks.LearningRateScheduler(
        lambda epoch: 0.01 if epoch < 2 else np.inf
    )
    settings = {"validation_data": table, "early_stopping": stopping}
    with pytest.warns(SegmentLearnWarning, match=r"epoch 3.*best weights so far"):
        result = train(model, callbacks=[rates], epochs=9, **settings)
    assert result.n_epochs == 3
    assert not np.isfinite(result.history["loss"][-1])
    train(expected, epochs=2, optimizer=keras.optimizers.Adam(0.01))
    assert_same_weights(model, expected, atol=0)


def test_a_validation_loss_that_is_never_a_number(small_net, table, train):
    """The last weights are kept, and a warning points at the validation rows."""
    X, y = table
    with pytest.warns(SegmentLearnWarning, match="check the validation rows"):
        result = train(
            small_net(),
            validation_data=(X * np.nan, y),
            early_stopping=EarlyStopping(patience=2),
            epochs=9,
        )
    assert result.n_epochs == 2


MEMBERS = [np.arange(60), np.arange(10, 43), np.arange(50, 70)]


def test_members_train_as_nets_of_their_own(packed_net, table):
    """Each on its own rows, of which one may have more than another."""
    packed, singles = packed_net
    X, _ = table
    y = X @ np.array([[1.0], [2.0], [3.0]], np.float32)
    settings = {
        "loss": "mse",
        "optimizer": SGD(0.05),
        "batch_size": 16,
        "epochs": 3,
        "shuffle": False,
        "jit_compile": False,
    }
    result = engine.fit(packed, X, y, n_members=3, train_rows=MEMBERS, **settings)
    for number, single in enumerate(singles):
        alone = engine.fit(single, X, y, train_rows=MEMBERS[number], **settings)
        np.testing.assert_allclose(
            packed.get_weights()[0][number], single.get_weights()[0], atol=1e-5
        )
        losses = [loss[number] for loss in result.history["loss"]]
        np.testing.assert_allclose(losses, alone.history["loss"], rtol=1e-4)


def test_members_visit_their_own_rows_in_any_order(packed_net, table):
    """Shuffled, a member's mean loss is still that over its rows."""
    packed, _ = packed_net
    X, y = table
    result = engine.fit(
        packed,
        X,
        y,
        loss="mse",
        optimizer=SGD(0.0),
        n_members=3,
        train_rows=MEMBERS,
        jit_compile=False,
    )
    for number, rows in enumerate(MEMBERS):
        errors = (X[rows] @ packed.get_weights()[0][number]).ravel() - y[rows]
        loss = result.history["loss"][0][number]
        assert loss == pytest.approx(np.mean(errors**2), rel=1e-5)


def test_members_keep_their_own_best_epoch(packed_net, table):
    """Each member's weights come from the epoch with its lowest validation loss."""
    packed, singles = packed_net
    X, _ = table
    y = X @ np.array([[1.0], [2.0], [3.0]], np.float32)
    y[40:] *= -1  # what members learn from other rows is wrong here
    rows = [np.arange(40), np.arange(20, 60), np.arange(40, 70)]
    tests = [np.arange(40, 60), np.arange(10), np.arange(40, 50)]
    settings = {
        "loss": "mse",
        "optimizer": SGD(0.05),
        "batch_size": 16,
        "epochs": 8,
        "shuffle": False,
        "early_stopping": EarlyStopping(patience=8),
        "jit_compile": False,
    }
    result = engine.fit(
        packed,
        X,
        y,
        n_members=3,
        train_rows=rows,
        validation_rows=tests,
        **settings,
    )
    epochs = []
    for number, single in enumerate(singles):
        alone = engine.fit(
            single,
            X,
            y,
            train_rows=rows[number],
            validation_rows=tests[number],
            **settings,
        )
        epochs.append(alone.best_epoch)
        np.testing.assert_allclose(
            packed.get_weights()[0][number], single.get_weights()[0], atol=1e-5
        )
    assert result.best_epoch.tolist() == epochs
    assert len(set(epochs)) > 1


def test_a_member_that_diverges_does_not_stop_the_others(packed_net, table):
    """The others' losses stay numbers, and their best weights are theirs."""
    packed, _ = packed_net
    X, y = table
    X = X.copy()
    X[50:] *= 1e25
    rows = [np.arange(30), np.arange(20, 50), np.arange(50, 70)]
    result = engine.fit(
        packed,
        X,
        y,
        loss="mse",
        optimizer=SGD(0.01),
        n_members=3,
        train_rows=rows,
        validation_rows=rows,
        early_stopping=EarlyStopping(patience=3),
        epochs=4,
        jit_compile=False,
    )
    assert result.n_epochs == 4
    assert np.isfinite(result.history["loss"][-1]).tolist() == [True, True, False]
    assert np.isfinite(packed.get_weights()[0][:2]).all()
