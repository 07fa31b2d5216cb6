"""What a fit leaves behind is what Keras' own leaves: nets, metrics, optimizers."""

import pickle
import warnings
from unittest import mock

import keras
import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from segmentlearn import KerasClassifier, KerasRegressor
from segmentlearn.engine import warn_once
from segmentlearn.exceptions import SegmentLearnWarning

SETTINGS = {
    "loss": "sparse_categorical_crossentropy",
    "batch_size": 16,
    "epochs": 2,
    "verbose": 0,
    "random_state": 0,
}
NESTED = {
    "bare": lambda value: value,
    "list": lambda value: [value],
    "tuple": lambda value: (value,),
    "dict": lambda value: {"a": value},
}


@pytest.fixture(autouse=True)
def fresh_warnings():
    """Each test is warned anew."""
    warn_once.cache_clear()


def net(meta):
    """Build a net whose only output stands in a list, as SciKeras' own examples do."""
    inputs = keras.Input((5,))
    outputs = keras.layers.Dense(meta["n_classes_"], activation="softmax")(inputs)
    return keras.Model(inputs, [outputs])


def linear():
    """Build a net of one number."""
    inputs = keras.Input((5,))
    return keras.Model(inputs, [keras.layers.Dense(1)(inputs)])


def two_headed():
    """Build a net of two numbers, "a" and "b"."""
    inputs = keras.Input((5,))
    return keras.Model(
        inputs, [keras.layers.Dense(1, name=name)(inputs) for name in "ab"]
    )


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


class Nested(KerasClassifier):
    """Hands X over in a list, a tuple or a dict."""

    def __init__(self, model, nesting="bare", **kwargs):
        super().__init__(model, **kwargs)
        self.nesting = nesting

    @property
    def feature_encoder(self):
        return FunctionTransformer(NESTED[self.nesting])


@pytest.mark.slow
def test_one_output_in_a_list(numbers):
    """Keras unpacks it, and so does a prediction."""
    classifier = KerasClassifier(net, **SETTINGS).fit(*numbers)
    assert classifier.predict(numbers[0]).shape == (60,)
    np.testing.assert_allclose(
        classifier.predict_proba(numbers[0]),
        classifier.model_.predict(numbers[0], verbose=0),
        rtol=1e-5,
    )


@pytest.mark.slow
@pytest.mark.parametrize("nesting", NESTED)
def test_one_input_in_a_container(numbers, nesting):
    """A net of one architecture is fed bare arrays here and nested ones there."""

    def build(meta):
        inputs = keras.Input((5,), name="a")
        outputs = keras.layers.Dense(meta["n_classes_"], activation="softmax")(inputs)
        return keras.Model(NESTED[nesting](inputs), outputs)

    classifier = Nested(build, nesting, **SETTINGS).fit(*numbers)
    bare = KerasClassifier(build, **SETTINGS).initialize(*numbers)
    bare.model_.set_weights(classifier.model_.get_weights())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of Keras, of another nesting
        expected = bare.predict_proba(numbers[0])
    np.testing.assert_allclose(classifier.predict_proba(numbers[0]), expected)


@pytest.mark.slow
@pytest.mark.parametrize("monitor", ["loss", "acc", "accuracy"])
@pytest.mark.parametrize("baseline", [None, 0.0])
def test_stopping_on_the_training_itself(numbers, monitor, baseline):
    """No validation rows are needed, by the engine's rule and by Keras' callback."""
    stop = keras.callbacks.EarlyStopping(
        monitor, patience=2, min_delta=10.0, baseline=baseline
    )
    settings = {**SETTINGS, "epochs": 9, "metrics": ["acc", "accuracy"]}
    classifier = KerasClassifier(net, callbacks=stop, **settings).fit(*numbers)
    assert len(classifier.history_["loss"]) in (2, 3)


@pytest.mark.slow
def test_stopping_restores_the_best_epoch_of_the_training(numbers):
    """The weights are those at the end of the epoch whose training loss was lowest."""
    X, y = numbers[0], numbers[0][:, 0]
    weights = []

    class Keeping(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            weights.append(self.model.get_weights()[0])

    stop = keras.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    rates = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 * 3.0**epoch)
    settings = {**SETTINGS, "loss": "mse", "optimizer": "sgd", "epochs": 12}
    callbacks = [stop, rates, Keeping()]
    regressor = KerasRegressor(linear, callbacks=callbacks, **settings).fit(X, y)
    best = int(np.argmin(regressor.history_["loss"]))
    assert best == len(regressor.history_["loss"]) - 3
    np.testing.assert_array_equal(regressor.model_.get_weights()[0], weights[best])


@pytest.mark.slow
def test_stopping_on_the_loss_of_one_of_several_outputs(numbers):
    """The losses of the outputs are in the history, as Keras calls them."""
    X, _ = numbers
    stop = keras.callbacks.EarlyStopping("a_loss", mode="min", min_delta=100.0)
    settings = {**SETTINGS, "loss": ["mse", "mae"], "epochs": 9}
    regressor = TwoOutputs(two_headed, callbacks=stop, **settings).fit(X, X[:, :2])
    history = regressor.history_
    assert set(history) == {"loss", "a_loss", "b_loss"}
    assert len(history["loss"]) == 2
    np.testing.assert_allclose(
        np.add(history["a_loss"], history["b_loss"]), history["loss"], rtol=1e-6
    )


def test_the_metric_of_one_of_several_outputs(numbers):
    """It stands in the history under the output's name."""
    X, _ = numbers
    settings = {**SETTINGS, "loss": "mse", "metrics": [["mae"], None]}
    regressor = TwoOutputs(two_headed, validation_split=0.2, **settings)
    names = {"loss", "a_loss", "b_loss", "a_mean_absolute_error"}
    history = regressor.fit(X, X[:, :2]).history_
    assert set(history) == names | {f"val_{name}" for name in names}


def test_the_rate_is_in_the_history_where_a_callback_decides_it(numbers):
    """Keras' other callbacks leave it out."""
    quiet = keras.callbacks.Callback()
    classifier = KerasClassifier(net, callbacks=quiet, **SETTINGS).fit(*numbers)
    assert set(classifier.history_) == {"loss"}


class OnlyCall(keras.losses.Loss):
    """Has no `call`, which Keras does not ask for where there is a `__call__`."""

    def __call__(self, y_true, y_pred, sample_weight=None):
        return keras.ops.mean(keras.ops.square(y_true - y_pred))


def test_a_loss_with_a_call_of_its_own(numbers):
    """Keras' own fit takes over."""
    X, _ = numbers
    settings = {**SETTINGS, "loss": OnlyCall}
    with pytest.warns(SegmentLearnWarning, match="loss is not a mean over rows"):
        regressor = KerasRegressor(linear, **settings).fit(X, X[:, 0])
    assert len(regressor.history_["loss"]) == 2


@pytest.mark.slow
def test_a_fit_replaced_on_the_net(numbers):
    """It is called, and not passed over; so is a prediction."""
    regressor = KerasRegressor(linear, warm_start=True, **{**SETTINGS, "loss": "mse"})
    X, y = numbers[0], numbers[0][:, 0]
    model = regressor.initialize(X, y).model_
    with (
        mock.patch.object(model, "fit", side_effect=model.fit) as fit,
        pytest.warns(SegmentLearnWarning, match="a fit of its own"),
    ):
        regressor.fit(X, y, batch_size=7)
    assert fit.call_args.kwargs["batch_size"] == 7
    with mock.patch.object(model, "predict", side_effect=model.predict) as predict:
        regressor.predict(X)
    assert predict.call_count == 1


@pytest.mark.slow
def test_the_metrics_of_the_trained_net(numbers):
    """They are there, without a value of a row that they were made by."""
    settings = {**SETTINGS, "metrics": ["accuracy"]}
    classifier = KerasClassifier(net, **settings).fit(*numbers)
    model = classifier.model_
    assert model.metrics_names == ["loss", "compile_metrics"]
    assert [metric.name for metric in model.metrics[1].metrics] == ["accuracy"]
    assert model.get_metrics_result()["accuracy"] == 0
    codes = np.searchsorted(classifier.classes_, numbers[1])
    found = model.evaluate(numbers[0], codes, verbose=0, return_dict=True)
    expected = (classifier.predict(numbers[0]) == numbers[1]).mean()
    assert found["accuracy"] == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:training with Keras")
def test_the_optimizer_of_the_trained_net(numbers):
    """Keras goes on from the state that the engine leaves, and the engine from his."""
    X, y = numbers[0].astype("float32"), numbers[0][:, 0]
    settings = {**SETTINGS, "loss": "mse", "optimizer": "adam", "shuffle": False}
    ours = KerasRegressor(linear, **settings).fit(X, y)
    theirs = KerasRegressor(linear, run_eagerly=True, **settings).fit(X, y)
    assert ours.model_.optimizer.iterations == 8
    for regressor in (ours, theirs):
        regressor.set_params(run_eagerly=False, epochs=1).partial_fit(X, y)
        regressor.model_.fit(X, y, batch_size=16, shuffle=False, verbose=0)
    for one, other in zip(
        ours.model_.optimizer.variables, theirs.model_.optimizer.variables, strict=True
    ):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_an_optimizer_object_is_a_parameter(numbers):
    """A fit does not touch it, nor lose what it excludes from weight decay."""
    optimizer = keras.optimizers.AdamW(1e-6, weight_decay=1e4)
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    settings = {**SETTINGS, "loss": "mse", "optimizer": optimizer}
    X, y = numbers[0], numbers[0][:, 0]
    regressor = KerasRegressor(linear, **settings)
    for _ in range(2):
        with pytest.warns(SegmentLearnWarning, match="weight decay"):
            regressor.fit(X, y)
        warn_once.cache_clear()
        assert np.abs(regressor.model_.get_weights()[0]).max() > 0.1
    assert not optimizer.built


@pytest.mark.parametrize("stage", ["initialize", "fit", "partial_fit"])
def test_a_pickle_is_read_without_a_word(numbers, stage):
    """Net and optimizer have the variables that were stored."""

    classifier = KerasClassifier(compiled_net, **SETTINGS)
    getattr(classifier, stage)(*numbers)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        again = pickle.loads(pickle.dumps(classifier))
    assert not [one for one in caught if issubclass(one.category, UserWarning)]
    steps = again.model_.optimizer.iterations
    assert int(steps) == int(classifier.model_.optimizer.iterations)


def compiled_net(meta, compile_kwargs):
    """Build a net that is compiled before it is trained."""
    model = net(meta)
    model.compile(**compile_kwargs)
    return model


@pytest.mark.slow
def test_no_optimizer_is_needed_for_a_compiled_net(numbers):
    """None leaves the net its own, and is an error for a net that has none."""

    def build(meta, compiled):
        model = net(meta)
        if compiled:
            model.compile("sgd", SETTINGS["loss"])
        return model

    settings = {**SETTINGS, "optimizer": None}
    classifier = KerasClassifier(build, model__compiled=True, **settings).fit(*numbers)
    assert isinstance(classifier.model_.optimizer, keras.optimizers.SGD)
    with pytest.raises(ValueError, match="optimizer"):
        classifier.set_params(model__compiled=False).fit(*numbers)


@pytest.mark.slow
@pytest.mark.parametrize("n_rows", [1, 60])
@pytest.mark.parametrize("labels", [["A"], ["A", "B"], ["A", "B", "C"]])
def test_the_shape_of_probabilities(numbers, n_rows, labels):
    """A column for each class, also of one row and of one class."""
    y = np.resize(labels, 60)
    classifier = KerasClassifier(net, **SETTINGS).fit(numbers[0], y)
    proba = classifier.predict_proba(numbers[0][:n_rows])
    assert proba.shape == (n_rows, len(labels))


def test_what_is_no_model(numbers):
    """The error names the parameter and what it may be."""
    with pytest.raises(ValueError, match="'model' parameter of KerasClassifier must"):
        KerasClassifier(model=object(), **SETTINGS).fit(*numbers)
