"""A compiled epoch does what Keras' own ``fit`` does, to rounding."""

import numpy as np
import pytest

from segmentlearn import engine
from segmentlearn.engine import keras

SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam
Dense, Input = keras.layers.Dense, keras.Input


def sequential(*layers, width=3):
    """Return a built net over `width` columns."""
    return keras.Sequential([Input((width,)), *layers])


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [SGD(0.1, momentum=0.9), Adam(0.01)])
def test_weights_and_losses_equal_keras(
    optimizer, small_net, table, fit_both, assert_same_weights
):
    """Three epochs with a partial last batch, validation rows and a metric."""
    X, y = table
    result, ours, theirs, history = fit_both(
        small_net(),
        X,
        y,
        loss="sparse_categorical_crossentropy",
        optimizer=optimizer,
        metrics=("accuracy",),
        validation_data=(X[:25], y[:25]),
        epochs=3,
        jit_compile=True,
    )
    assert_same_weights(ours, theirs)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose(result.history[name], history[name], rtol=1e-4)


def test_a_batch_of_more_rows_than_there_are(
    small_net, table, fit_both, assert_same_weights
):
    """It is one step over all of them."""
    X, y = table
    _, ours, theirs, _ = fit_both(
        small_net(),
        X,
        y,
        loss="sparse_categorical_crossentropy",
        optimizer=SGD(0.1),
        batch_size=500,
    )
    assert_same_weights(ours, theirs)


def test_sample_weight(small_net, table, fit_both, assert_same_weights):
    """A row's weight is a factor on its loss, validation weights included."""
    X, y = table
    weights = np.linspace(0, 3, len(y)).astype(np.float32)
    result, ours, theirs, history = fit_both(
        small_net(),
        X,
        y,
        loss="sparse_categorical_crossentropy",
        optimizer=SGD(0.1),
        sample_weight=weights,
        validation_data=(X[:25], y[:25], weights[:25]),
    )
    assert_same_weights(ours, theirs)
    np.testing.assert_allclose(
        result.history["val_loss"], history["val_loss"], rtol=1e-4
    )


@pytest.mark.parametrize("kind", ["regression", "binary"])
def test_targets(kind, table, fit_both, assert_same_weights):
    """Several columns of numbers, and flat labels for one probability."""
    X, y = table
    if kind == "regression":
        layer, targets, loss = Dense(3), X[:, [1, 2, 0]] * 2, "mse"
    else:
        layer = Dense(1, activation="sigmoid")
        targets, loss = (y > 0).astype(int), "binary_crossentropy"
    _, ours, theirs, _ = fit_both(
        sequential(layer), X, targets, loss=loss, optimizer=SGD(0.1)
    )
    assert_same_weights(ours, theirs)


def test_a_function_as_loss(table, fit_both, assert_same_weights):
    """A user's own loss may give a value a row and column."""
    X, y = table

    def own(y_true, y_pred):
        return keras.ops.abs(y_true - y_pred) ** 1.5

    _, ours, theirs, _ = fit_both(
        sequential(Dense(1)), X, y, loss=own, optimizer=SGD(0.1), epochs=1
    )
    assert_same_weights(ours, theirs)


def test_a_loss_object(table, fit_both, assert_same_weights):
    """Its settings hold."""
    X, y = table
    _, ours, theirs, _ = fit_both(
        sequential(Dense(3, activation="softmax")),
        X,
        np.eye(3)[y],
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.2),
        optimizer=SGD(0.1),
    )
    assert_same_weights(ours, theirs)


def _two_headed(structure):
    """Return a net of two inputs and two outputs, called with lists or dicts."""
    left, right = Input((3,), name="right"), Input((2,), name="left")
    joint = keras.layers.Concatenate()([left, right])
    first = Dense(2, name="second")(joint)
    second = Dense(1, activation="sigmoid", name="first")(joint)
    if structure == "dict":
        inputs = {"right": left, "left": right}
        return keras.Model(inputs, {"second": first, "first": second})
    return keras.Model([left, right], [first, second])


@pytest.mark.slow
@pytest.mark.parametrize("structure", ["list", "dict", "dict for lists"])
def test_inputs_and_outputs_find_their_places(
    structure, table, fit_both, assert_same_weights
):
    """Dicts go by name, lists by order, whatever the alphabet says."""
    X, y = table
    left, right = X, X[:, :2] ** 2
    second, first = X[:, :2], (y > 0).astype(np.float32)
    model = _two_headed(structure)
    if structure == "list":
        features, targets = [left, right], [second, first]
        loss, weights = ["mse", "binary_crossentropy"], [0.5, 2.0]
    else:
        features = {"right": left, "left": right}
        targets = {"first": first, "second": second}
        loss = {"first": "binary_crossentropy", "second": "mse"}
        weights = {"first": 2.0, "second": 0.5}
    result, ours, theirs, history = fit_both(
        model,
        features,
        targets,
        loss=loss,
        loss_weights=weights,
        optimizer=SGD(0.1),
        validation_data=(features, targets),
    )
    assert_same_weights(ours, theirs)
    np.testing.assert_allclose(
        result.history["val_loss"], history["val_loss"], rtol=1e-4
    )


L1, L2, L1L2 = keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2

LAYERS = {
    "penalties": [
        Dense(4, kernel_regularizer=L2(0.1), bias_regularizer=L1(0.05)),
        Dense(3, activation="softmax", kernel_regularizer=L1L2(0.01, 0.02)),
    ],
    "other penalty": [
        Dense(
            3,
            activation="softmax",
            kernel_regularizer=keras.regularizers.OrthogonalRegularizer(0.1),
        )
    ],
    "constraint": [
        Dense(
            3,
            activation="softmax",
            kernel_constraint=keras.constraints.UnitNorm(axis=0),
        )
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("case", LAYERS)
def test_layers(case, table, fit_both, assert_same_weights):
    """Penalties and constraints on weights act as in Keras."""
    X, y = table
    layers = [type(one).from_config(one.get_config()) for one in LAYERS[case]]
    _, ours, theirs, _ = fit_both(
        sequential(*layers),
        X,
        y,
        loss="sparse_categorical_crossentropy",
        optimizer=SGD(0.1),
    )
    assert_same_weights(ours, theirs)


def test_activity_regularizer(table, fit_both, assert_same_weights):
    """A penalty on activities is divided by the rows of the batch, as in Keras."""
    X, y = table
    _, ours, theirs, _ = fit_both(
        sequential(Dense(3, activity_regularizer=L2(0.1)), Dense(3)),
        X,
        np.eye(3)[y],
        loss="mse",
        optimizer=SGD(0.1),
        batch_size=35,
    )
    assert_same_weights(ours, theirs)


@pytest.mark.slow
def test_batch_normalization(table, fit_both, assert_same_weights):
    """Moving statistics too are Keras' where the batches are full."""
    X, y = table
    layers = [
        Dense(4),
        keras.layers.BatchNormalization(),
        Dense(3, activation="softmax"),
    ]
    result, ours, theirs, history = fit_both(
        sequential(*layers),
        X,
        y,
        loss="sparse_categorical_crossentropy",
        optimizer=SGD(0.1),
        batch_size=35,
        validation_data=(X, y),
    )
    assert_same_weights(ours, theirs, atol=1e-4)
    np.testing.assert_allclose(
        result.history["val_loss"], history["val_loss"], rtol=1e-3
    )


@pytest.mark.slow
def test_embedding(table, fit_both, assert_same_weights):
    """Integer inputs reach an embedding as integers."""
    _, y = table
    codes = np.random.default_rng(1).integers(0, 5, (70, 2))
    model = keras.Sequential(
        [
            Input((2,), dtype="int32"),
            keras.layers.Embedding(5, 2),
            keras.layers.Flatten(),
            Dense(3, activation="softmax"),
        ]
    )
    _, ours, theirs, _ = fit_both(
        model, codes, y, loss="sparse_categorical_crossentropy", optimizer=SGD(0.5)
    )
    assert_same_weights(ours, theirs)


schedules = keras.optimizers.schedules

OPTIMIZERS = {
    "weight decay": keras.optimizers.AdamW(0.01, weight_decay=0.3),
    "weight decay by SGD": SGD(0.05, weight_decay=0.3),
    "clipped by weight": SGD(0.5, clipnorm=0.05),
    "clipped globally": SGD(0.5, global_clipnorm=0.05),
    "accumulated": SGD(0.1, gradient_accumulation_steps=2),
    "scaled loss": SGD(0.1, loss_scale_factor=64.0),
    "schedule": SGD(schedules.ExponentialDecay(0.5, 2, 0.5)),
    "pieces": Adam(schedules.PiecewiseConstantDecay([4, 9], [0.1, 0.01, 0.001])),
    "adafactor": keras.optimizers.Adafactor(0.05),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", OPTIMIZERS)
def test_optimizers(case, table, fit_both, assert_same_weights):
    """Every setting of an optimizer holds."""
    X, y = table
    _, ours, theirs, _ = fit_both(
        sequential(Dense(3, activation="softmax")),
        X,
        y,
        loss="sparse_categorical_crossentropy",
        optimizer=OPTIMIZERS[case],
    )
    assert_same_weights(ours, theirs, atol=2e-5)


@pytest.mark.slow
def test_weight_decay_of_zero_is_none(table):
    """AdamW without decay is Adam."""
    X, y = table
    weights = []
    for optimizer in (keras.optimizers.AdamW(0.01, weight_decay=0.0), Adam(0.01)):
        model = sequential(Dense(1, kernel_initializer="ones"))
        engine.fit(model, X, y, loss="mse", optimizer=optimizer, jit_compile=False)
        weights.append(model.get_weights()[0])
    np.testing.assert_allclose(weights[0], weights[1], atol=1e-6)


@pytest.mark.parametrize(
    "metric", ["mae", keras.metrics.MeanAbsoluteError(name="error")]
)
def test_metrics(metric, table, fit_both):
    """Names and objects report what Keras reports, under its names."""
    X, _ = table
    result, _, _, history = fit_both(
        sequential(Dense(3)),
        X,
        X * 2,
        loss="mse",
        optimizer=SGD(0.1),
        metrics=(metric,),
    )
    assert set(result.history) == {*history, "learning_rate"}
    for name in history:
        np.testing.assert_allclose(result.history[name], history[name], rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "optimizer", [Adam(0.0), SGD(0.0, clipnorm=1.0), keras.optimizers.Adafactor(0.0)]
)
def test_weights_come_back_in_the_models_order(optimizer, table):
    """Whatever is trained, frozen, moving or random state, in one vector or not."""
    X, y = table
    frozen = Dense(2)
    layers = [keras.layers.GaussianNoise(0.1), Dense(2), frozen, Dense(1)]
    model = sequential(*layers, keras.layers.BatchNormalization())
    frozen.trainable = False
    values = [np.full(weight.shape, n) for n, weight in enumerate(model.get_weights())]
    model.set_weights(values)
    engine.fit(model, X, y, loss="mse", optimizer=optimizer, jit_compile=False)
    for expected, found in zip(values[:8], model.get_weights()[:8], strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
