"""Keras callbacks around a compiled epoch."""

import numpy as np
import pytest

from segmentlearn.engine import keras, reason_not_to_compile

callbacks = keras.callbacks
Adam = keras.optimizers.Adam


class Recorder(callbacks.Callback):
    """Records its calls, and the weights it sees."""

    def __init__(self):
        super().__init__()
        self.calls = []
        self.weights = []
        self.logs = []

    def on_train_begin(self, logs=None):
        self.calls.append("train begin")

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch} begin")

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch} end")
        self.weights.append(self.model.get_weights())
        self.logs.append(logs)

    def on_train_end(self, logs=None):
        self.calls.append("train end")


@pytest.mark.slow
def test_the_order_of_calls(small_net, train):
    """As in Keras, without batches."""
    recorder = Recorder()
    train(small_net(), callbacks=[recorder], epochs=2)
    assert recorder.calls == [
        "train begin",
        "epoch 0 begin",
        "epoch 0 end",
        "epoch 1 begin",
        "epoch 1 end",
        "train end",
    ]
    assert recorder.params["epochs"] == 2


def test_logs_are_the_history(small_net, table, train):
    """Each epoch's losses, metrics and learning rate."""
    recorder = Recorder()
    result = train(small_net(), callbacks=[recorder], validation_data=table)
    names = {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}
    assert all(set(logs) == names for logs in recorder.logs)
    for name in names:
        assert [logs[name] for logs in recorder.logs] == result.history[name]


def test_the_model_has_each_epochs_weights(small_net, train, assert_same_weights):
    """A callback sees what training for so many epochs gives."""
    recorder = Recorder()
    train(small_net(), callbacks=[recorder], epochs=3)
    model = small_net()
    train(model, epochs=2)
    for seen, expected in zip(recorder.weights[1], model.get_weights(), strict=True):
        np.testing.assert_array_equal(seen, expected)


def test_checkpoints_are_written(small_net, train, tmp_path):
    """The file of an epoch holds that epoch's weights."""
    path = str(tmp_path / "{epoch}.weights.h5")
    recorder = Recorder()
    checkpoint = callbacks.ModelCheckpoint(path, save_weights_only=True)
    train(small_net(), callbacks=[checkpoint, recorder], epochs=2)
    model = small_net(seed=5)
    model.load_weights(tmp_path / "1.weights.h5")
    for seen, stored in zip(recorder.weights[0], model.get_weights(), strict=True):
        np.testing.assert_array_equal(seen, stored)


def test_a_whole_model_is_written(small_net, table, train, tmp_path, recwarn):
    """It can be loaded again without a complaint, and predicts as this one."""
    model, path = small_net(), tmp_path / "model.keras"
    train(model, callbacks=[callbacks.ModelCheckpoint(path)])
    loaded = keras.saving.load_model(path)
    expected = np.asarray(model(table[0]))
    np.testing.assert_allclose(np.asarray(loaded(table[0])), expected, atol=1e-6)
    assert not [one for one in recwarn if "optimizer" in str(one.message)]


def test_a_scheduler_sets_the_rate(small_net, train):
    """A rate of zero in the second epoch leaves the weights where they are."""
    recorder = Recorder()
    scheduler = callbacks.LearningRateScheduler(lambda epoch: 0.05 * (epoch == 0))
    result = train(small_net(), callbacks=[scheduler, recorder], epochs=2)
    assert result.history["learning_rate"] == pytest.approx([0.05, 0.0])
    for one, other in zip(*recorder.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_plateau_lowers_the_rate(small_net, train):
    """The rate falls for the next epoch."""
    plateau = callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=9)
    result = train(small_net(), callbacks=[plateau], optimizer=Adam(0.1), epochs=3)
    assert result.history["learning_rate"] == pytest.approx([0.1, 0.1, 0.01])


def test_the_users_optimizer_is_left_alone(small_net, train):
    """Callbacks set the rate of a copy."""
    optimizer = Adam(0.1)
    scheduler = callbacks.LearningRateScheduler(lambda epoch: 0.001)
    train(small_net(), callbacks=[scheduler], optimizer=optimizer)
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
    assert int(optimizer.iterations) == 0


def test_a_compiled_model_stays_as_it_was_compiled(small_net, train):
    """Its optimizer, loss and metrics are not this training's."""
    model, own = small_net(), keras.optimizers.SGD(0.3)
    model.compile(optimizer=own, loss="mae", metrics=["mse"])
    scheduler = callbacks.LearningRateScheduler(lambda epoch: 0.001)
    train(model, callbacks=[scheduler])
    assert model.optimizer is own
    assert float(own.learning_rate) == pytest.approx(0.3)
    assert model.loss == "mae"


def test_keras_early_stopping_stops_and_restores(small_net, table, train):
    """The weights of its best epoch are the model's at the end."""
    recorder = Recorder()
    stopping = callbacks.EarlyStopping(
        "val_loss", mode="max", patience=2, restore_best_weights=True
    )
    model = small_net()
    hooks = [stopping, recorder]
    result = train(model, callbacks=hooks, validation_data=table, epochs=9)
    assert result.n_epochs == 3
    for best, kept in zip(recorder.weights[0], model.get_weights(), strict=True):
        np.testing.assert_array_equal(best, kept)


@pytest.mark.parametrize("monitor", ["val_accuracy", "accuracy", "val_loss", "loss"])
def test_callbacks_know_which_way_is_better(monitor, small_net, table, train):
    """mode="auto" works although Keras has computed no metric."""
    stopping = callbacks.EarlyStopping(monitor, min_delta=100, patience=2)
    result = train(small_net(), callbacks=[stopping], validation_data=table, epochs=9)
    assert result.n_epochs == 3


def test_the_best_checkpoint_by_accuracy(small_net, table, train, tmp_path):
    """More is better, also for a checkpoint."""
    path = str(tmp_path / "best.weights.h5")
    checkpoint = callbacks.ModelCheckpoint(
        path, "val_accuracy", save_best_only=True, save_weights_only=True
    )
    recorder = Recorder()
    rate = callbacks.LearningRateScheduler(lambda epoch: [0.5, 0.0, 5.0, 5.0][epoch])
    history = train(
        small_net(),
        callbacks=[rate, checkpoint, recorder],
        validation_data=table,
        epochs=4,
    ).history
    best = int(np.argmax(history["val_accuracy"]))
    model = small_net(seed=5)
    model.load_weights(path)
    for seen, kept in zip(recorder.weights[best], model.get_weights(), strict=True):
        np.testing.assert_array_equal(seen, kept)


def test_stop_training_is_honoured(small_net, train):
    """Any callback may end the training."""

    class Stop(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    assert train(small_net(), callbacks=[Stop()], epochs=9).n_epochs == 2


def test_an_error_in_a_callback_changes_nothing(small_net, train):
    """The model is as before, and the next training starts as ever."""

    class Fail(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise RuntimeError("no space left")

    model = small_net()
    before = model.get_weights()
    with pytest.raises(RuntimeError, match="no space left"):
        train(model, callbacks=[Fail()])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert train(model).n_epochs == 3


class Batches(callbacks.Callback):
    """Wants to be called after each step."""

    def on_train_batch_end(self, batch, logs=None):
        """Do nothing."""


class Validation(callbacks.Callback):
    """Wants to be called before the validation."""

    def on_test_begin(self, logs=None):
        """Do nothing."""


@pytest.mark.parametrize(
    ("callback", "wants"),
    [
        (Recorder(), False),
        (callbacks.EarlyStopping(), False),
        (callbacks.ReduceLROnPlateau(), False),
        (callbacks.ModelCheckpoint("x.weights.h5", save_weights_only=True), False),
        (callbacks.ModelCheckpoint("x.keras", save_freq=10), True),
        (callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None), False),
        (callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None), True),
        (Batches(), True),
        (Validation(), True),
    ],
)
def test_which_callbacks_want_to_see_batches(callback, wants, small_net):
    """Only those have to be left to Keras' own fit."""
    reason = reason_not_to_compile(small_net(), Adam(), [callback], "mse")
    assert bool(reason and "wants to see batches" in reason) == wants
