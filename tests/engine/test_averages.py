"""Averages of weights, weighted measures, and stopping on any of them."""

import numpy as np
import pytest

from segmentlearn import engine
from segmentlearn.engine import EarlyStopping, keras

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(-1, 1)
Y = 3 * X + 1


def line(**settings):
    """Return a straight line that starts flat."""
    layer = keras.layers.Dense(1, kernel_initializer="zeros", **settings)
    return keras.Sequential([keras.Input((1,)), layer])


def averaged(**settings):
    """Return plain gradient descent with a moving average of the weights."""
    return keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9, **settings)


def fit(model, optimizer, **settings):
    """Train for three epochs of two steps each, in the order of the rows."""
    plan = {
        "loss": "mse",
        "epochs": 3,
        "batch_size": 6,
        "shuffle": False,
        **settings,
    }
    return engine.fit(model, X, Y, optimizer=optimizer, **plan)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"clipnorm": 100.0}], ids=["flat", "apart"])
def test_the_average_is_taken_home(settings):
    """The model gets what Keras' own training ends with, by a compiled program."""
    ours, theirs = line(), line()
    assert fit(ours, averaged(**settings)).compiled
    theirs.compile(averaged(**settings), "mse")
    theirs.fit(X, Y, epochs=3, batch_size=6, shuffle=False, verbose=0)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.slow
def test_a_constraint_holds_under_the_average():
    """A bounded slope is averaged as Keras averages it."""
    ours, theirs, free = (
        line(kernel_constraint=bound)
        for bound in (
            keras.constraints.MaxNorm(0.3),
            keras.constraints.MaxNorm(0.3),
            None,
        )
    )
    assert fit(ours, averaged()).compiled
    fit(free, averaged())
    theirs.compile(averaged(), "mse")
    theirs.fit(X, Y, epochs=3, batch_size=6, shuffle=False, verbose=0)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert ours.get_weights()[0] < 0.3 < free.get_weights()[0]


def test_the_average_by_hand():
    """The first step is the average; each later one moves it by a tenth."""
    model = line(use_bias=False)
    fit(model, averaged(), epochs=2, batch_size=12)
    rate, curvature = 0.1, 2 * np.mean(X**2)
    first = rate * curvature * 3
    second = first + rate * curvature * (3 - first)
    expected = 0.9 * first + 0.1 * second
    assert model.get_weights()[0].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_members_are_averaged_apart(packed_net, table):
    """Each net in a pack gets the average that it would get alone."""
    packed, singles = packed_net
    features, target = table[0], table[0][:, :1]
    plan = {"loss": "mse", "epochs": 2, "batch_size": 35, "shuffle": False}
    for model in singles:
        engine.fit(model, features, target, optimizer=averaged(), **plan)
    engine.fit(packed, features, target, optimizer=averaged(), n_members=3, **plan)
    for kernel, single in zip(packed.get_weights()[0], singles, strict=True):
        np.testing.assert_allclose(kernel, single.get_weights()[0], rtol=1e-5)


def test_the_best_average_is_kept():
    """Stopping early takes home the average whose validation was the best."""
    model = line()
    result = fit(
        model,
        averaged(),
        epochs=8,
        validation_data=(X, Y / 6),
        early_stopping=EarlyStopping(patience=8),
    )
    losses = result.history["val_loss"]
    found = np.mean((model.predict(X, verbose=0) - Y / 6) ** 2)
    assert 0 < result.best_epoch < 7
    assert found == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.slow
def test_going_on_as_keras_does():
    """A second training starts from the average and the state of the first."""
    ours, theirs = line(), line()
    state = fit(ours, averaged()).optimizer_state
    fit(ours, averaged(), optimizer_state=state)
    theirs.compile(averaged(), "mse")
    for _ in range(2):
        theirs.fit(X, Y, epochs=3, batch_size=6, shuffle=False, verbose=0)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.slow
def test_it_is_not_the_last_step():
    """The weights themselves have come further than their average."""
    average, last = line(), line()
    fit(average, averaged())
    fit(last, keras.optimizers.SGD(0.1))
    assert average.get_weights()[0] < last.get_weights()[0]


def test_the_average_is_validated():
    """The validation loss of the last epoch is that of the model taken home."""
    model = line()
    result = fit(model, averaged(), validation_data=(X, Y))
    found = np.mean((model.predict(X, verbose=0) - Y) ** 2)
    assert result.history["val_loss"][-1] == pytest.approx(found, rel=1e-5)


@pytest.mark.slow
def test_weighted_metrics_count_rows_by_weight():
    """A plain measure is a mean of rows, a weighted one a weighted mean."""
    weights = np.where(X[:, 0] > 0, 2.0, 0.5)
    result = fit(
        line(),
        keras.optimizers.SGD(0.0),
        epochs=1,
        metrics="mse",
        weighted_metrics="mae",
        sample_weight=weights,
    )
    assert result.history["mse"][0] == pytest.approx(np.mean(Y**2), rel=1e-5)
    expected = np.average(np.abs(Y[:, 0]), weights=weights)
    assert result.history["mae"][0] == pytest.approx(expected, rel=1e-5)


def test_stopping_follows_the_monitored_measure():
    """A measure that rises at once stops a training whose loss goes on falling."""

    def slope(y_true, y_pred):
        """Give the square of each prediction: it grows while a flat line tilts."""
        return keras.ops.square(y_pred[:, 0])

    rule = EarlyStopping(patience=2, monitor="val_slope")
    result = fit(
        line(),
        keras.optimizers.SGD(0.01),
        epochs=20,
        metrics=(slope,),
        validation_data=(X, Y),
        early_stopping=rule,
    )
    assert (result.best_epoch, result.n_epochs) == (0, 3)
    assert result.history["val_loss"][-1] < result.history["val_loss"][0]


def test_an_unknown_measure_is_named():
    """A measure that cannot be monitored is an error before anything is trained."""
    with pytest.raises(ValueError, match=r"'val_nonsense' is .*'val_loss'"):
        fit(
            line(),
            "sgd",
            validation_data=(X, Y),
            early_stopping=EarlyStopping(monitor="val_nonsense"),
        )


@pytest.mark.slow
def test_stopping_can_look_at_training_rows():
    """A measure without val_ is that of the rows trained on."""
    result = fit(
        line(),
        keras.optimizers.SGD(0.01),
        epochs=4,
        metrics="mae",
        validation_data=(X, -Y),
        early_stopping=EarlyStopping(patience=2, monitor="mae"),
    )
    assert (result.best_epoch, result.n_epochs) == (3, 4)
    assert result.history["val_mae"][0] < result.history["val_mae"][3]


def test_each_member_stops_on_its_own_measure(packed_net, table):
    """The best epoch of each net in a pack is that of the monitored measure."""
    features, target = table[0], 9 * table[0][:, :1]

    def size(y_true, y_pred):
        """Give squares of predictions: they fall for one net, grow for another."""
        return keras.ops.square(y_pred[..., 0])

    result = engine.fit(
        packed_net[0],
        features,
        target,
        loss="mse",
        metrics=(size,),
        optimizer=keras.optimizers.SGD(0.01),
        n_members=3,
        epochs=4,
        batch_size=35,
        validation_rows=np.arange(70),
        early_stopping=EarlyStopping(patience=4, monitor="val_size"),
    )
    measures = np.array(result.history["val_size"])
    np.testing.assert_array_equal(result.best_epoch, measures.argmin(axis=0))
    assert len(set(result.best_epoch.tolist())) > 1


def without_compiler(model):
    """Make a model that only Keras' own fit can train."""
    model.run_eagerly = True
    return model


@pytest.mark.filterwarnings("ignore:training with Keras' own fit")
class TestKerasOwnFit:
    """What cannot be compiled is averaged, measured and stopped in the same way."""

    def pair(self, optimizer, **settings):
        """Train both ways; return the results and the models."""
        models = [line(), without_compiler(line())]
        return [fit(model, optimizer(), **settings) for model in models], models

    @pytest.mark.slow
    def test_averages_are_validated_and_kept(self):
        """Not the weights that they are averages of."""
        (ours, theirs), models = self.pair(
            averaged,
            epochs=8,
            validation_data=(X, Y / 6),
            early_stopping=EarlyStopping(patience=8),
        )
        assert (ours.compiled, theirs.compiled) == (True, False)
        assert 0 < theirs.best_epoch == ours.best_epoch < 7
        np.testing.assert_allclose(
            ours.history["val_loss"], theirs.history["val_loss"], rtol=1e-4
        )
        for one, other in zip(*(m.get_weights() for m in models), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4)

    @pytest.mark.slow
    def test_weighted_measures_divide_by_the_weights(self):
        """A weight of two for every row leaves a weighted metric where it was."""
        (ours, theirs), _ = self.pair(
            lambda: keras.optimizers.SGD(0.1),
            metrics=["mae"],
            weighted_metrics=["mae"],
            sample_weight=np.linspace(1, 3, 12),
        )
        assert set(ours.history) >= {"mae", "weighted_mae"}
        for name in ("loss", "mae", "weighted_mae"):
            np.testing.assert_allclose(
                ours.history[name], theirs.history[name], rtol=1e-4
            )
        assert ours.history["mae"] != ours.history["weighted_mae"]

    def test_a_loss_is_a_metric_of_rows(self):
        """A loss object that is called averages over rows; as a metric it does not."""
        (ours, theirs), _ = self.pair(
            lambda: keras.optimizers.SGD(0.1),
            metrics=[keras.losses.MeanAbsoluteError(name="far")],
        )
        np.testing.assert_allclose(
            ours.history["far"], theirs.history["far"], rtol=1e-4
        )


def test_a_metric_of_all_rows_is_left_to_keras():
    """One number for a whole batch cannot be averaged row by row."""

    def largest_error(y_true, y_pred):
        return keras.ops.max(keras.ops.abs(y_true - y_pred))

    with pytest.warns(UserWarning, match="one number for all rows"):
        result = fit(line(), keras.optimizers.SGD(0.1), metrics=[largest_error])
    assert not result.compiled
    assert len(result.history["largest_error"]) == 3


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.filterwarnings("ignore:training with Keras' own fit")
def test_accuracy_has_to_grow(compiled):
    """Stopping on it keeps its best epoch, not its worst."""
    labels = (X > 0).astype(np.int32)
    net = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, "sigmoid", bias_initializer="ones")]
    )
    result = engine.fit(
        net if compiled else without_compiler(net),
        X,
        labels,
        loss="binary_crossentropy",
        metrics=["accuracy"],
        optimizer=keras.optimizers.SGD(3.0),
        epochs=6,
        validation_rows=np.arange(12),
        early_stopping=EarlyStopping(patience=6, monitor="val_accuracy"),
        shuffle=False,
    )
    accuracies = result.history["val_accuracy"]
    assert min(accuracies) < max(accuracies)
    assert result.best_epoch == int(np.argmax(accuracies))
