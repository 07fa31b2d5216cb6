"""What cannot be compiled is trained by Keras' own ``fit``, and looks the same."""

import warnings

import numpy as np
import pytest
import tensorflow as tf

from segmentlearn import engine
from segmentlearn.engine import keras, reason_not_to_compile, warn_once
from segmentlearn.exceptions import SegmentLearnError, SegmentLearnWarning

Dense, Input = keras.layers.Dense, keras.Input
SLOWER = "Keras' own fit, which is slower, because"


@pytest.fixture(autouse=True)
def _warn_again():
    """Each reason is warned about once in a process; let it be once in a test."""
    warn_once.cache_clear()


class Batches(keras.callbacks.Callback):
    """Wants to be called after each step; may break off."""

    def __init__(self, error=None, epoch=0):
        super().__init__()
        self.error = error
        self.at_epoch = epoch
        self.epoch = self.n_calls = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self.n_calls += 1
        if self.error is not None and self.epoch == self.at_epoch:
            raise self.error


def own_step():
    """Return a net with a training step of its own."""

    class OwnStep(keras.Model):
        def train_step(self, data):
            return super().train_step(data)

    return _built(OwnStep)


def own_loss():
    """Return a net with a way of its own to compute its loss."""

    class OwnLoss(keras.Model):
        def compute_loss(self, *args, **kwargs):
            return 2 * super().compute_loss(*args, **kwargs)

    return _built(OwnLoss)


def _built(kind):
    inputs = Input((3,))
    return kind(inputs, Dense(3, activation="softmax")(inputs))


def eager():
    """Return a net that its user wants to run line by line."""
    model = _built(keras.Model)
    model.compile(run_eagerly=True)
    return model


def uncompilable():
    """Return a net with a layer that the compiler does not know."""

    class Python(keras.layers.Layer):
        def call(self, inputs):
            result = tf.py_function(lambda x: x * 2, [inputs], tf.float32)
            return tf.ensure_shape(result, inputs.shape)

        def compute_output_shape(self, input_shape):
            return input_shape

    layers = [Input((3,)), Dense(3, activation="softmax"), Python()]
    return keras.Sequential(layers)


def line_by_line(model):
    """Return the model as a user wants to run it without any compiling."""
    model.compile(run_eagerly=True)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (own_step, "OwnStep has a train_step of its own"),
        (uncompilable, "the compiler refused the model"),
    ],
)
def test_models_that_cannot_be_compiled(build, reason, table, train):
    """They are trained all the same, and the warning says why it is slower."""
    model, (X, _) = build(), table
    before = engine.predict(model, X)
    with pytest.warns(SegmentLearnWarning, match=f"{SLOWER} .*{reason}"):
        result = train(model)
    assert not result.compiled
    assert np.abs(engine.predict(model, X) - before).max() > 1e-4


def excluding():
    """Return an optimizer that spares some variables its weight decay."""
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


REASONS = {
    "batches": ({"callbacks": [Batches()]}, "Batches wants to see batches"),
    "moving average": (
        {"optimizer": keras.optimizers.Adam(use_ema=True, ema_overwrite_frequency=2)},
        "by their average",
    ),
    "exclusions": ({"optimizer": excluding()}, "excludes single variables"),
    "sum": ({"loss": keras.losses.MeanSquaredError(reduction="sum")}, "not a mean"),
    "metric": ({"metrics": ["AUC"]}, "metric AUC is not a mean over rows"),
    "own loss": ({"model": own_loss()}, "OwnLoss has a compute_loss of its own"),
    "eager": ({"model": eager()}, "run_eagerly=True"),
}


@pytest.mark.parametrize("case", REASONS)
def test_reasons(case, small_net):
    """What the engine does not do is not silently left out."""
    changes, reason = REASONS[case]
    settings = {
        "model": small_net(),
        "optimizer": keras.optimizers.Adam(),
        "callbacks": [],
        "loss": "mse",
        **changes,
    }
    assert reason in reason_not_to_compile(**settings)


def test_no_reason(small_net):
    """An ordinary training is compiled."""
    optimizer = keras.optimizers.AdamW(clipnorm=1.0)
    callbacks = [keras.callbacks.EarlyStopping()]
    assert (
        reason_not_to_compile(
            small_net(), optimizer, callbacks, "mse", ("accuracy", "mae")
        )
        is None
    )


@pytest.mark.slow
def test_a_metric_of_the_whole_table(table):
    """The area under a curve is not a mean; Keras reports it."""
    X, y = table
    model = keras.Sequential([Input((3,)), Dense(1, activation="sigmoid")])
    with pytest.warns(SegmentLearnWarning, match="metric AUC is not a mean over rows"):
        result = engine.fit(
            model, X, y > 0, loss="binary_crossentropy", metrics=["AUC"], epochs=1
        )
    assert 0 <= result.history["AUC"][0] <= 1


def test_masked_steps_are_left_out():
    """A mask on the output changes the loss; Keras knows how."""
    layers = [
        Input((4, 1)),
        keras.layers.Masking(),
        keras.layers.TimeDistributed(
            Dense(1, kernel_initializer="ones", bias_initializer="ones")
        ),
    ]
    X = np.repeat([[[1.0], [1.0], [0.0], [0.0]]], 8, axis=0)
    optimizer = keras.optimizers.SGD(0.0)
    model = keras.Sequential(layers)
    with pytest.warns(SegmentLearnWarning, match="mask"):
        result = engine.fit(
            model, X, np.zeros((8, 4, 1)), loss="mse", optimizer=optimizer
        )
    assert result.history["loss"][0] == pytest.approx(4.0)


def test_the_warning_comes_once():
    """A search over many candidates says it a single time for each reason."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for reason in ("one reason", "one reason", "another", "one reason"):
            warn_once(reason)
    assert [str(one.message).split("because ")[1] for one in caught] == [
        "one reason.",
        "another.",
    ]


@pytest.mark.filterwarnings(f"ignore:.*{SLOWER}")
class TestSameResult:
    """A training by Keras' own fit gives what a compiled one gives."""

    @pytest.mark.slow
    @pytest.mark.parametrize("schedule", [None, lambda progress: 0.5 + 0 * progress])
    def test_history_and_weights(
        self, schedule, small_net, table, train, assert_same_weights
    ):
        """The same names, numbers and weights, where the order of rows is."""
        compiled, uncompiled = small_net(), line_by_line(small_net())
        settings = {
            "validation_data": table,
            "shuffle": False,
            "learning_rate_schedule": schedule,
        }
        ours = train(compiled, **settings)
        theirs = train(uncompiled, **settings)
        assert (ours.compiled, theirs.compiled) == (True, False)
        assert_same_weights(compiled, uncompiled)
        assert set(ours.history) == set(theirs.history)
        for name, values in ours.history.items():
            np.testing.assert_allclose(values, theirs.history[name], rtol=1e-4)
        assert ours.n_epochs == theirs.n_epochs == 3
        assert ours.best_epoch is theirs.best_epoch is None

    @pytest.mark.slow
    def test_rows_and_weights(self, small_net, train, assert_same_weights):
        """Row numbers, weights and validation rows are kept to."""
        compiled, uncompiled = small_net(), line_by_line(small_net())
        settings = {
            "train_rows": np.arange(40, 3, -1),
            "validation_rows": np.arange(50, 70),
            "sample_weight": np.linspace(0, 2, 70),
            "shuffle": False,
        }
        ours = train(compiled, **settings).history["val_loss"]
        theirs = train(uncompiled, **settings)
        assert_same_weights(compiled, uncompiled)
        np.testing.assert_allclose(ours, theirs.history["val_loss"], rtol=1e-4)

    @pytest.mark.slow
    def test_the_schedule_is_followed_by_epochs(self, small_net, train):
        """Each epoch has the rate of its first step."""
        settings = {"learning_rate_schedule": "cosine", "epochs": 4}
        ours = train(small_net(), **settings).history["learning_rate"]
        theirs = train(line_by_line(small_net()), **settings).history["learning_rate"]
        assert theirs == pytest.approx(ours)

    def test_a_schedule_object_is_left_alone(self, small_net, train):
        """Keras does not let its rate be set."""
        decay = keras.optimizers.schedules.ExponentialDecay(0.25, 5, 0.5)
        result = train(
            line_by_line(small_net()),
            optimizer=keras.optimizers.SGD(decay),
            learning_rate_schedule="cosine",
            epochs=2,
        )
        assert result.history["learning_rate"] == pytest.approx([0.25, 0.125])

    @pytest.mark.slow
    def test_several_outputs(self, table):
        """The first output's metric stands under its own name."""
        X, _ = table
        histories = []
        for is_compiled in (True, False):
            inputs = [Input((2,), name="b"), Input((1,), name="a")]
            joint = keras.layers.Concatenate()(inputs)
            outputs = [
                Dense(2, name="z", kernel_initializer="ones")(joint),
                Dense(1, name="y", kernel_initializer="ones")(joint),
            ]
            model = keras.Model(inputs, outputs)
            result = engine.fit(
                model if is_compiled else line_by_line(model),
                {"a": X[:, :1], "b": X[:, 1:]},
                [X[:, :2], X[:, 2:]],
                loss="mse",
                loss_weights=[1.0, 3.0],
                metrics=["mae"],
                validation_rows=np.arange(9),
                shuffle=False,
                jit_compile=False,
            )
            histories.append(result.history)
        assert set(histories[0]) == set(histories[1])
        for name, values in histories[0].items():
            np.testing.assert_allclose(values, histories[1][name], rtol=1e-4)

    def test_stopping_on_the_first_of_several_outputs(self, table):
        """A metric is monitored under the name that the history has for it."""
        X, _ = table
        joint = Input((3,))
        model = keras.Model(joint, [Dense(1, name="z")(joint), Dense(1)(joint)])
        result = engine.fit(
            line_by_line(model),
            X,
            [X[:, :1], X[:, 1:2]],
            loss="mse",
            metrics=["mae"],
            validation_rows=np.arange(9),
            early_stopping=engine.EarlyStopping(monitor="val_mae"),
            epochs=2,
        )
        assert result.best_epoch == int(np.argmin(result.history["val_mae"]))

    @pytest.mark.slow
    def test_early_stopping(self, small_net, table, train):
        """The best epoch's weights are the model's."""
        model, (X, y) = line_by_line(small_net()), table
        result = train(
            model,
            optimizer=keras.optimizers.SGD(5.0),
            validation_data=(X[:20], y[::-1][:20]),
            early_stopping=engine.EarlyStopping(patience=2),
            epochs=20,
        )
        losses = result.history["val_loss"]
        assert result.best_epoch == int(np.argmin(losses))
        assert result.n_epochs == result.best_epoch + 3
        probabilities = engine.predict(model, X[:20])
        kept = -np.log(probabilities[np.arange(20), y[::-1][:20]]).mean()
        assert kept == pytest.approx(min(losses), rel=1e-4)

    @pytest.mark.slow
    def test_the_seed_decides(self, small_net, train):
        """The order of the rows and the dropout masks, as in a compiled training."""
        weights = []
        for seed in (1, 1, 2):
            model = line_by_line(small_net(dropout=0.5))
            train(model, seed=seed, epochs=1)
            weights.append(model.get_weights()[0].tolist())
        assert weights[0] == weights[1] != weights[2]

    def test_exclusions_from_weight_decay(self, table):
        """They are not part of an optimizer's configuration, and hold."""
        X, y = table
        layer = Dense(1, bias_initializer="ones")
        model = line_by_line(keras.Sequential([Input((3,)), layer]))
        optimizer = keras.optimizers.AdamW(1e-6, weight_decay=1e5)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        engine.fit(model, X, y, loss="mse", optimizer=optimizer, batch_size=70)
        kernel, bias = model.get_weights()
        assert bias[0] == pytest.approx(1.0, abs=1e-4)
        assert np.isfinite(kernel).all()

    @pytest.mark.slow
    def test_going_on(self, small_net, train, assert_same_weights):
        """Two epochs and one more are three, by the state that was handed on."""
        once, twice = line_by_line(small_net()), line_by_line(small_net())
        settings = {"shuffle": False}
        train(once, epochs=3, **settings)
        state = train(twice, epochs=2, **settings).optimizer_state
        train(twice, epochs=1, optimizer_state=state, **settings)
        assert_same_weights(once, twice)

    def test_ctrl_c_keeps_what_there_is(self, small_net, train):
        """After whole epochs the model can be used, and a warning says so."""
        model = line_by_line(small_net())
        breaking = Batches(KeyboardInterrupt(), epoch=2)
        with pytest.warns(SegmentLearnWarning, match="after 2 of 5 epochs"):
            result = train(model, callbacks=[breaking], epochs=5)
        assert result.interrupted
        assert len(result.history["loss"]) == result.n_epochs == 2
        assert np.isfinite(model.get_weights()[0]).all()

    @pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
    def test_breaking_off_in_the_first_epoch(self, error, small_net, train):
        """Nothing half-trained is left behind."""
        model = line_by_line(small_net())
        before = model.get_weights()
        with pytest.raises(error):
            train(model, callbacks=[Batches(error())])
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    def test_no_number_in_the_first_epoch(self, small_net, table):
        """An error that names the cure, and the model as it was."""
        X, y = table
        model = line_by_line(small_net())
        before = model.get_weights()
        with pytest.raises(SegmentLearnError, match="lower the learning rate"):
            engine.fit(
                model,
                X * np.nan,
                y,
                loss="sparse_categorical_crossentropy",
            )
        np.testing.assert_array_equal(before[0], model.get_weights()[0])

    @pytest.mark.slow
    def test_no_number_later(self, small_net, train):
        """The last good weights stay, and a warning says so."""
        model = line_by_line(small_net())
        rates = keras.callbacks.LearningRateScheduler(
            lambda epoch: 0.01 if epoch < 2 else np.inf
        )
        with pytest.warns(SegmentLearnWarning, match="stopped in epoch 3"):
            result = train(model, callbacks=[rates], epochs=9)
        assert result.n_epochs == 3
        assert all(np.isfinite(weight).all() for weight in model.get_weights())

    def test_members_cannot_fall_back(self, packed_net, table):
        """Keras' fit does not know of a member axis."""
        X, y = table
        with pytest.raises(ValueError, match="only be trained compiled"):
            engine.fit(
                packed_net[0], X, y, loss="mse", n_members=3, callbacks=[Batches()]
            )
