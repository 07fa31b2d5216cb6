"""How the Keras wrappers train: validation rows, callbacks, nets of every shape."""

import keras
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from segmentlearn import KerasClassifier, KerasRegressor
from segmentlearn.engine import warn_once
from segmentlearn.exceptions import SegmentLearnWarning
from tests.neural_network.nets import small_net

SETTINGS = {"batch_size": 16, "epochs": 4, "verbose": 0, "random_state": 0}


@pytest.fixture
def classifier():
    """A small compiled net."""
    return KerasClassifier(small_net, **SETTINGS)


@pytest.fixture(autouse=True)
def fresh_warnings():
    """Each test is warned anew."""
    warn_once.cache_clear()


def val_losses(estimator):
    """Return the validation losses of the last fit."""
    return estimator.history_["val_loss"]


@pytest.mark.slow
def test_validation_split_holds_out_every_class(numbers, classifier):
    """On a table sorted by label the held-out rows are of every class, not the last."""
    X, y = numbers
    order = np.argsort(y, kind="stable")
    weights = np.where(y[order] == "A", 1e6, 1.0)  # a held-out A is seen in the loss
    classifier.set_params(validation_split=0.2)
    classifier.fit(X[order], y[order], sample_weight=weights)
    assert val_losses(classifier)[0] > 1e3


@pytest.mark.slow
def test_regressor_holds_the_last_rows_out(numbers):
    """As in Keras: the order of rows may be that of time."""
    X, _ = numbers
    y = X[:, 0].copy()
    regressor = KerasRegressor(small_net, validation_split=0.2, **SETTINGS)
    plain = val_losses(regressor.fit(X, y))
    y[-12:] = 1e3
    assert val_losses(regressor.fit(X, y))[0] > 1e5 > plain[0]


def test_validation_rows_pass_the_encoders(numbers):
    """Text labels and features are encoded as the others (SciKeras issue 289)."""

    class Scaled(KerasClassifier):
        @property
        def feature_encoder(self):
            return StandardScaler()

    X, y = numbers
    X = X * 1000 + 5000
    by_keyword = Scaled(small_net, **SETTINGS).fit(X, y, X_val=X[:20], y_val=y[:20])
    routed = Scaled(small_net, fit__validation_data=(X[:20], y[:20]), **SETTINGS)
    assert val_losses(by_keyword)[-1] < 1.5
    assert val_losses(routed.fit(X, y)) == val_losses(by_keyword)


def test_validation_rows_pass_the_pipeline(numbers, classifier):
    """transform_input sends them through the earlier steps (SciKeras issue 131)."""
    X, y = numbers
    far = X * 1000 + 5000
    with sklearn.config_context(enable_metadata_routing=True):
        classifier.set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline(
            [("scale", StandardScaler()), ("net", classifier)],
            transform_input=["X_val"],
        )
        pipeline.fit(far, y, X_val=far[:20], y_val=y[:20])
    assert val_losses(pipeline[-1])[-1] < 1.5


def test_half_of_the_validation_rows_is_told(numbers, classifier):
    """X_val without y_val names what is missing."""
    X, y = numbers
    with pytest.raises(ValueError, match="X_val needs y_val"):
        classifier.fit(X, y, X_val=X)


@pytest.mark.parametrize(
    "parameters",
    [
        {"callbacks": keras.callbacks.EarlyStopping(patience=1, min_delta=10.0)},
        {
            "callbacks": keras.callbacks.EarlyStopping,
            "callbacks__patience": 1,
            "callbacks__min_delta": 10.0,
        },
        {
            "callbacks": {"stop": keras.callbacks.EarlyStopping},
            "callbacks__stop__patience": 1,
            "callbacks__stop__min_delta": 10.0,
        },
        {
            "callbacks": [[keras.callbacks.EarlyStopping]],
            "callbacks__0__0__patience": 1,
            "callbacks__0__0__min_delta": 10.0,
        },
        {
            "fit__callbacks": keras.callbacks.EarlyStopping(
                patience=1, min_delta=10.0, baseline=0.0
            )
        },
    ],
    ids=["object", "class", "dict", "nested", "callback"],
)
def test_early_stopping_in_each_of_scikeras_forms(numbers, parameters):
    """Objects, classes with routed parameters, dicts and lists stop the training."""
    classifier = KerasClassifier(
        small_net, validation_split=0.2, **SETTINGS, **parameters
    )
    classifier.fit(*numbers)
    assert 1 <= len(classifier.history_["loss"]) <= 2


def test_early_stopping_restores_the_best_weights(numbers):
    """The net keeps the weights of the epoch whose validation loss is lowest."""
    X, y = numbers
    stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    classifier = KerasClassifier(
        small_net, callbacks=stop, **{**SETTINGS, "epochs": 200}
    )
    classifier.fit(X, y, X_val=X[:20], y_val=y[::-1][:20])
    proba = classifier.predict_proba(X[:20])
    codes = np.searchsorted(classifier.classes_, y[::-1][:20])
    loss = -np.log(proba[np.arange(20), codes]).mean()
    assert loss == pytest.approx(min(val_losses(classifier)), rel=1e-3)
    assert stop.best == pytest.approx(min(val_losses(classifier)))
    assert stop.stopped_epoch == len(val_losses(classifier)) - 1


def test_stopping_without_validation_rows_is_keras_own_warning(numbers):
    """Keras warns that val_loss is not there, and goes on; so does the wrapper."""
    stop = keras.callbacks.EarlyStopping(patience=1)
    classifier = KerasClassifier(small_net, callbacks=stop, **SETTINGS)
    with pytest.warns(UserWarning, match="val_loss"):
        classifier.fit(*numbers)
    assert len(classifier.history_["loss"]) == 4


def test_learning_rate_callbacks_are_followed(numbers):
    """ReduceLROnPlateau and LearningRateScheduler change the compiled training."""
    plateau = keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=100.0)
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    classifier = KerasClassifier(small_net, callbacks=plateau, **SETTINGS)
    assert classifier.fit(*numbers).history_["learning_rate"][-1] < 0.03
    classifier.set_params(callbacks=scheduler).fit(*numbers)
    np.testing.assert_allclose(
        classifier.history_["learning_rate"], [0.1, 0.05, 0.1 / 3, 0.025], rtol=1e-6
    )


def test_epochs_are_counted_on_by_partial_fit(numbers):
    """A schedule sees the epochs of all calls, not the first again."""
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    classifier = KerasClassifier(small_net, callbacks=scheduler, **SETTINGS)
    for _ in range(2):
        classifier.partial_fit(*numbers)
    np.testing.assert_allclose(
        classifier.history_["learning_rate"], [0.1, 0.05], rtol=1e-6
    )


@pytest.mark.slow
def test_files_of_callbacks_are_written(numbers, tmp_path):
    """ModelCheckpoint, CSVLogger and TerminateOnNaN work at the ends of epochs."""
    callbacks = [
        keras.callbacks.ModelCheckpoint(tmp_path / "net.keras", monitor="loss"),
        keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
    ]
    classifier = KerasClassifier(small_net, callbacks=callbacks, **SETTINGS)
    classifier.fit(*numbers)
    stored = keras.models.load_model(tmp_path / "net.keras")
    np.testing.assert_allclose(
        stored.predict(numbers[0], verbose=0),
        classifier.predict_proba(numbers[0]),
        rtol=1e-4,
        atol=1e-6,
    )
    assert stored.optimizer.iterations == 16
    assert len(pd.read_csv(tmp_path / "log.csv")) == 4


def test_an_infinite_loss_ends_the_training(numbers):
    """TerminateOnNaN does not leave the training to Keras; the weights are finite."""
    X, _ = numbers

    def jump(epoch):
        return 0.01 if epoch < 2 else 1e30

    regressor = KerasRegressor(
        small_net,
        callbacks=[
            keras.callbacks.TerminateOnNaN(),
            keras.callbacks.LearningRateScheduler(jump),
        ],
        **{**SETTINGS, "epochs": 20},
    )
    with pytest.warns(SegmentLearnWarning, match="not a finite number"):
        regressor.fit(X, X[:, 0])
    assert len(regressor.history_["loss"]) < 20
    assert np.isfinite(regressor.predict(X)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"callbacks": keras.callbacks.ProgbarLogger}, "wants to see batches"),
        ({"fit__validation_freq": 2, "validation_split": 0.2}, "validation_freq"),
        ({"run_eagerly": True}, "run_eagerly"),
        ({"metrics": ["AUC"]}, "not a mean over rows"),
    ],
    ids=["batches", "argument", "eager", "metric"],
)
def test_what_only_keras_can_do_is_left_to_it(two_groups, parameters, reason):
    """Keras' own fit does the rest, and a warning says why."""

    def build():
        return keras.Sequential(
            [keras.Input((5,)), keras.layers.Dense(1, activation="sigmoid")]
        )

    classifier = KerasClassifier(
        build,
        loss="binary_crossentropy",
        optimizer="adam",
        **{**SETTINGS, "epochs": 2},
        **parameters,
    )
    with pytest.warns(SegmentLearnWarning, match=reason):
        classifier.fit(*two_groups)
    assert len(classifier.history_["loss"]) == 2
    assert classifier.predict_proba(two_groups[0]).shape == (200, 2)


@pytest.mark.slow
def test_metrics_stand_in_the_history(numbers):
    """Under the names that SciKeras gives them."""

    def build(meta, compile_kwargs):
        net = keras.Sequential(
            [keras.Input((5,)), keras.layers.Dense(meta["n_classes_"], "softmax")]
        )
        net.compile(**compile_kwargs)
        return net

    classifier = KerasClassifier(
        build,
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy],
        metrics__1__k=2,
        validation_split=0.2,
        **SETTINGS,
    )
    classifier.fit(*numbers)
    names = {"loss", "accuracy", "sparse_top_k_categorical_accuracy"}
    assert set(classifier.history_) == names | {f"val_{name}" for name in names}


class TwoInputs(KerasClassifier):
    """The first two columns are one input, the others another."""

    @property
    def feature_encoder(self):
        return FunctionTransformer(lambda X: {"left": X[:, :2], "right": X[:, 2:]})


@pytest.mark.slow
def test_several_inputs_and_embeddings(numbers):
    """A functional net of two inputs is fed by a feature encoder."""

    def build(meta):
        left, right = keras.Input((2,), name="left"), keras.Input((3,), name="right")
        codes = keras.layers.Embedding(4, 2)(keras.ops.cast(left > 0, "int32"))
        both = keras.layers.Concatenate()([keras.layers.Flatten()(codes), right])
        both = keras.layers.BatchNormalization()(both)
        output = keras.layers.Dense(meta["n_classes_"], "softmax")(both)
        return keras.Model({"left": left, "right": right}, output)

    classifier = TwoInputs(
        build, loss="sparse_categorical_crossentropy", optimizer="adam", **SETTINGS
    )
    assert classifier.fit(*numbers).predict_proba(numbers[0]).shape == (60, 3)


class TwoOutputs(KerasRegressor):
    """Each column of y is an output of its own."""

    @property
    def target_encoder(self):
        encoder = FunctionTransformer(
            lambda y: [y[:, :1], y[:, 1:]],
            inverse_func=lambda outputs: np.column_stack(outputs),
        )
        encoder.get_metadata = lambda: {"n_outputs_": 2, "n_outputs_expected_": 2}
        return encoder


@pytest.mark.slow
def test_several_outputs(numbers):
    """Each output has its loss; a target encoder joins the predictions."""

    def build():
        inputs = keras.Input((5,))
        outputs = [keras.layers.Dense(1, name=name)(inputs) for name in "ab"]
        return keras.Model(inputs, outputs)

    X, _ = numbers
    regressor = TwoOutputs(
        build, loss=["mse", "mae"], optimizer="adam", **{**SETTINGS, "epochs": 2}
    )
    assert regressor.fit(X, X[:, :2]).predict(X).shape == (60, 2)


class OwnNet(keras.Model):
    """A subclassed net, which has no graph."""

    def __init__(self, n_classes):
        super().__init__()
        self.dense = keras.layers.Dense(n_classes, activation="softmax")

    def call(self, inputs):
        return self.dense(inputs)


@pytest.mark.slow
def test_subclassed_net(numbers):
    """A net without an input layer gets its weights from the first row."""
    classifier = KerasClassifier(
        lambda meta: OwnNet(meta["n_classes_"]),
        loss="sparse_categorical_crossentropy",
        **SETTINGS,
    )
    proba = classifier.fit(*numbers).predict_proba(numbers[0])
    assert proba.shape == (60, 3)
    again = clone(classifier).fit(*numbers).predict_proba(numbers[0])
    np.testing.assert_array_equal(proba, again)


@pytest.mark.slow
def test_a_model_itself_is_trained_in_place(numbers):
    """As in SciKeras: the user's own object gets the weights."""
    net = small_net(
        {
            "target_type_": "multiclass",
            "n_outputs_": 1,
            "n_classes_": 3,
            "X_shape_": (60, 5),
        }
    )
    before = net.get_weights()[0].copy()
    classifier = KerasClassifier(net, **SETTINGS).fit(*numbers)
    assert classifier.model_ is net
    assert not np.allclose(net.get_weights()[0], before)


@pytest.mark.slow
def test_sequences_and_their_shape(numbers):
    """Rows may have two dimensions; others of another shape are refused."""
    X, y = numbers
    X = np.repeat(X[:, :, None], 3, axis=2)
    classifier = KerasClassifier(small_net, **SETTINGS).fit(X, y)
    assert classifier.predict_proba(X).shape == (60, 3)
    with pytest.raises(ValueError, match=r"rows of shape \(5, 2\)"):
        classifier.predict(X[:, :, :2])
