"""The arguments of ``engine.fit``: what they do, and what bad ones get."""

import random

import numpy as np
import pandas as pd
import pytest
from packaging.version import Version

from segmentlearn import engine
from segmentlearn.engine import keras, warn_once
from segmentlearn.exceptions import SegmentLearnWarning

Dense, Input = keras.layers.Dense, keras.Input


def weights_of(model):
    """Return all weights as one list of numbers."""
    return np.concatenate([weight.ravel() for weight in model.get_weights()]).tolist()


def linear(**settings):
    """Return a built net of one output."""
    return keras.Sequential([Input((3,)), Dense(1, **settings)])


def test_the_seed_decides(small_net, train):
    """The same seed gives the same weights bit for bit, another one others."""
    weights = []
    for seed in (3, 3, 4):
        model = small_net()
        train(model, seed=seed)
        weights.append(weights_of(model))
    assert weights[0] == weights[1] != weights[2]


@pytest.mark.slow
def test_the_seed_decides_dropout_masks(small_net, train):
    """Also where the order of the rows is the same."""
    weights = []
    for seed in (3, 3, 4):
        model = small_net(dropout=0.5)
        train(model, seed=seed, shuffle=False, jit_compile=False)
        weights.append(weights_of(model))
    assert weights[0] == weights[1] != weights[2]


@pytest.mark.slow
@pytest.mark.skipif(
    Version(keras.__version__) < Version("3.13"),
    reason="set_random_seed of Keras 3.12 does not start its generator anew",
)
def test_global_generators_are_left_alone(small_net, table, train):
    """Those of Python, NumPy and Keras go on as if there had been no training."""

    def draw(has_training):
        model = small_net(units=7)
        keras.utils.set_random_seed(1)
        if has_training:
            train(model, jit_compile=False)
            engine.predict(model, table[0])
        numbers = [random.random(), np.random.mtrand.random_sample()]
        return [*numbers, float(keras.random.uniform(()))]

    python, numpy = random.getstate(), np.random.mtrand.get_state()
    try:
        assert draw(True) == draw(False)
    finally:
        random.setstate(python)
        np.random.mtrand.set_state(numpy)


def test_inputs_are_left_alone(small_net, table, train):
    """Neither features, targets, weights nor row numbers change."""
    X, y = (array.copy() for array in table)
    weight, rows = np.linspace(0, 1, 70), np.arange(70)[::-1].copy()
    train(small_net(), sample_weight=weight, train_rows=rows)
    np.testing.assert_array_equal(X, table[0])
    np.testing.assert_array_equal(y, table[1])
    assert weight.tolist() == np.linspace(0, 1, 70).tolist()
    assert rows.tolist() == list(range(69, -1, -1))


def test_the_model_need_not_be_compiled(small_net, train):
    """And is not afterwards."""
    model = small_net()
    train(model)
    assert not model.compiled


def test_shuffling_visits_every_row(table):
    """Each epoch in an order of its own: the losses differ, their mean does not."""
    X, y = table
    model = linear()
    optimizer = keras.optimizers.SGD(0.0)
    history = engine.fit(
        model, X, y, loss="mse", optimizer=optimizer, epochs=3, jit_compile=False
    ).history
    expected = float(np.mean((engine.predict(model, X).ravel() - y) ** 2))
    assert history["loss"] == pytest.approx([expected] * 3, rel=1e-5)


def test_rows_are_chosen_by_number(small_net, table, train, assert_same_weights):
    """Training on some rows is training on a table of these rows."""
    X, y = table
    rows = np.arange(60, 5, -1)
    chosen, cut = small_net(), small_net()
    train(chosen, train_rows=rows, shuffle=False)
    engine.fit(
        cut,
        X[rows],
        y[rows],
        loss="sparse_categorical_crossentropy",
        metrics=("accuracy",),
        batch_size=16,
        epochs=3,
        shuffle=False,
    )
    assert_same_weights(chosen, cut, atol=0)


@pytest.mark.parametrize(
    "rows",
    [np.arange(70) % 2 == 0, list(range(0, 70, 2)), np.arange(0, 70, 2, np.uint8)],
)
def test_rows_as_a_mask_or_a_list(rows, small_net, train, assert_same_weights):
    """Masks and lists choose the same rows as an array of numbers."""
    one, other = small_net(), small_net()
    train(one, train_rows=rows, epochs=1)
    train(other, train_rows=np.arange(0, 70, 2), epochs=1)
    assert_same_weights(one, other, atol=0)


def test_validation_rows_and_data_say_the_same(small_net, table, train):
    """Row numbers of X, or a table of these rows."""
    X, y = table
    rows = np.arange(40, 70)
    settings = {"train_rows": np.arange(40)}
    by_number = train(small_net(), validation_rows=rows, **settings)
    by_table = train(small_net(), validation_data=(X[rows], y[rows]), **settings)
    for name in ("val_loss", "val_accuracy"):
        assert by_number.history[name] == pytest.approx(by_table.history[name])


def test_validation_rows_are_only_looked_at(small_net, table, train):
    """Weights are the same with them and without."""
    one, other = small_net(), small_net()
    train(one)
    train(other, validation_data=table)
    assert weights_of(one) == weights_of(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda X, y: (pd.DataFrame(X), pd.Series(y)),
        lambda X, y: (X.astype(np.float64), y.astype(np.int8)),
        lambda X, y: (X.tolist(), y.tolist()),
        lambda X, y: (np.asfortranarray(X), y.astype(float)),
    ],
)
def test_tables_of_other_kinds(change, small_net, table, assert_same_weights):
    """Frames, lists and other precisions train as arrays do."""
    one, other = small_net(), small_net()
    for model, (X, y) in ((one, table), (other, change(*table))):
        engine.fit(
            model, X, y, loss="sparse_categorical_crossentropy", jit_compile=False
        )
    assert_same_weights(one, other, atol=1e-6)


def test_a_learning_rate_schedule_by_name(small_net, train):
    """The rate follows the cosine from step to step."""
    optimizer = keras.optimizers.Adam(0.1)
    history = train(
        small_net(), optimizer=optimizer, learning_rate_schedule="cosine", epochs=4
    ).history
    steps = 4 * 5 - 1
    expected = [0.05 * (1 + np.cos(np.pi * 5 * epoch / steps)) for epoch in range(4)]
    assert history["learning_rate"] == pytest.approx(expected, rel=1e-5)


def test_a_schedule_of_ones_changes_nothing(small_net, train, assert_same_weights):
    """A function of the progress is a factor on the optimizer's own rate."""
    one, other = small_net(), small_net()
    train(one)
    train(other, learning_rate_schedule=np.ones_like)
    assert_same_weights(one, other, atol=0)


def test_an_optimizer_is_left_alone(small_net, train):
    """It is not built, counts no steps, and serves a second fit as well."""
    optimizer = keras.optimizers.Adam(0.05)
    weights = []
    for _ in range(2):
        model = small_net()
        train(model, optimizer=optimizer)
        weights.append(weights_of(model))
    assert weights[0] == weights[1]
    assert not optimizer.built
    assert float(optimizer.learning_rate) == pytest.approx(0.05)


@pytest.mark.parametrize("optimizer", ["adam", keras.optimizers.Adafactor(0.05)])
def test_going_on(optimizer, small_net, train, assert_same_weights):
    """Two epochs and one more are three, by the state that was handed on."""
    once, twice = small_net(), small_net()
    settings = {"optimizer": optimizer, "shuffle": False, "jit_compile": False}
    train(once, epochs=3, **settings)
    state = train(twice, epochs=2, **settings).optimizer_state
    train(twice, epochs=1, optimizer_state=state, **settings)
    assert_same_weights(once, twice, atol=1e-6)


def test_going_on_along_a_schedule_object(small_net, train, assert_same_weights):
    """The schedule goes on where the first training ended."""
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5)
    once, twice = small_net(), small_net()
    settings = {"optimizer": keras.optimizers.Adam(decay), "shuffle": False}
    train(once, epochs=3, **settings)
    state = train(twice, epochs=2, **settings).optimizer_state
    train(twice, epochs=1, optimizer_state=state, **settings)
    assert_same_weights(once, twice, atol=1e-6)


def test_without_the_compiler(small_net, train, assert_same_weights):
    """jit_compile=False is slower and the same."""
    one, other = small_net(), small_net()
    assert train(one).compiled
    assert train(other, jit_compile=False).compiled
    assert_same_weights(one, other)


@pytest.mark.slow
def test_a_subclassed_model(table, train, assert_same_weights):
    """Compiled, though nothing can be kept for the next one; its dropout works."""

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = Dense(4, kernel_initializer="ones")
            self.dropout = keras.layers.Dropout(0.5)
            self.head = Dense(3, activation="softmax", kernel_initializer="ones")

        def call(self, inputs, training=False):
            return self.head(self.dropout(self.hidden(inputs), training=training))

    trained = []
    before = engine.cache_info().programs
    for seed in (1, 1, 2):
        model = Own()
        model(table[0])
        model.compile(metrics=["accuracy"])
        assert train(model, seed=seed, jit_compile=False).compiled
        trained.append(weights_of(model))
    assert trained[0] == trained[1] != trained[2]
    assert engine.cache_info().programs == before


def test_a_net_built_by_its_first_call(table):
    """A Sequential model without an Input layer will do once it has weights."""
    X, y = table
    model = keras.Sequential([Dense(1)])
    model(X[:5])
    before = weights_of(model)
    engine.fit(model, X, y, loss="mse", jit_compile=False)
    assert weights_of(model) != before


def test_members_share_rows_by_default(packed_net, table):
    """Without lists of rows, every member trains on all of them."""
    packed, _ = packed_net
    X, y = table
    result = engine.fit(
        packed,
        X,
        y,
        loss="mse",
        n_members=3,
        validation_rows=np.arange(9),
        jit_compile=False,
    )
    assert result.history["loss"][0].shape == (3,)
    assert result.history["val_loss"][0].shape == (3,)


X_BAD, Y_BAD = np.ones((6, 3)), np.ones(6)

BAD = {
    "text": ({"X": np.full((6, 3), "a")}, r"X has dtype <U1; .* Encode text"),
    "objects": ({"y": np.array([None] * 6)}, r"y has dtype object"),
    "lengths": ({"y": np.ones(5)}, r"X has 6 rows and y has 5"),
    "no rows": ({"X": X_BAD[:0], "y": Y_BAD[:0]}, "no rows to train on"),
    "a number": ({"y": 1.0}, "y must be an array of rows"),
    "weights": ({"sample_weight": np.ones(5)}, r"sample_weight has shape \(5,\)"),
    "rows beyond": ({"train_rows": [0, 6]}, "train_rows runs from 0 to 6; X has rows"),
    "rows before": ({"validation_rows": [-1]}, "validation_rows runs from -1 to -1"),
    "rows between": ({"train_rows": [0.5]}, "train_rows has dtype float64"),
    "short mask": ({"train_rows": np.array([True])}, r"mask of shape \(1,\); X has 6"),
    "empty choice": ({"train_rows": []}, "no rows to train on"),
    "both validations": (
        {"validation_data": (X_BAD, Y_BAD), "validation_rows": [0]},
        "not both",
    ),
    "validation width": (
        {"validation_data": (np.ones((6, 2)), Y_BAD)},
        r"rows of shape \(2,\) where training has \(3,\)",
    ),
    "validation lengths": (
        {"validation_data": (X_BAD, np.ones(5))},
        "validation_data has 6 rows of X and 5 of y",
    ),
    "validation weights": (
        {"validation_data": (X_BAD, Y_BAD, np.ones(5))},
        r"validation.* weight",
    ),
    "validation parts": (
        {"validation_data": (X_BAD,)},
        r"must be \(X, y\) or \(X, y, sample_weight\)",
    ),
    "loss weights": ({"loss_weights": [1.0, 2.0]}, "loss_weights has 2"),
    "rows of members": ({"train_rows": [np.arange(2), np.arange(3)]}, "n_members"),
    "rows in a square": ({"train_rows": np.zeros((2, 2), int)}, "train_rows"),
    "stopping": (
        {"early_stopping": engine.EarlyStopping()},
        "early_stopping needs validation rows",
    ),
    "schedule": ({"learning_rate_schedule": "cos"}, "'cos' is not known"),
    "metric": ({"metrics": ["acuracy"]}, "metric 'acuracy' is not known"),
    "metric as a word": ({"metrics": "acuracy"}, "metric 'acuracy' is not known"),
    "loss": ({"loss": "mean_of_nothing"}, "mean_of_nothing"),
    "no loss": ({"loss": None}, "loss=None"),
    "optimizer": ({"optimizer": "adamant"}, "adamant"),
    "too many losses": ({"loss": ["mse", "mse"]}, "loss has 2 entries"),
    "epochs": ({"epochs": 0}, "epochs=0"),
    "batch size": ({"batch_size": 0}, "batch_size=0"),
    "members": ({"n_members": 2, "train_rows": [[0], [1], [2]]}, "3 arrays for 2"),
    "state": ({"optimizer_state": [np.ones(7)]}, "another optimizer or another net"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    """A ValueError that names the argument and what is wrong, before training."""
    changes, message = BAD[case]
    settings = {"X": X_BAD, "y": Y_BAD, "loss": "mse", "jit_compile": False, **changes}
    model = linear()
    before = weights_of(model)
    with pytest.raises(ValueError, match=message):
        engine.fit(model, settings.pop("X"), settings.pop("y"), **settings)
    assert weights_of(model) == before


def test_a_net_without_weights_yet(table):
    """The error says how to build it."""
    model = keras.Sequential([Dense(1)])
    with pytest.raises(ValueError, match=r"not built .* Input"):
        engine.fit(model, *table, loss="mse")


def test_outputs_under_other_names(table):
    """A dict of targets has to name the model's outputs."""
    inputs = Input((3,))
    model = keras.Model(inputs, Dense(1, name="score")(inputs))
    with pytest.raises(ValueError, match=r"y has the keys \['segment'\].*'score'"):
        engine.fit(model, table[0], {"segment": table[1]}, loss="mse")


def test_too_few_targets(table):
    """One array for each output: an error before anything is traced."""
    inputs = Input((3,))
    model = keras.Model(inputs, [Dense(1)(inputs), Dense(1)(inputs)])
    with pytest.raises(ValueError, match="output"):
        engine.fit(model, table[0], table[1], loss="mse", jit_compile=False)


@pytest.mark.slow
@pytest.mark.parametrize("is_compiled", [True, False])
@pytest.mark.parametrize("monitor", ["loss", "accuracy"])
def test_stopping_on_the_training_itself(is_compiled, monitor, small_net, train):
    """Without validation rows; the weights are those of the best epoch."""
    model = small_net()
    if not is_compiled:
        model.run_eagerly = True
    rule = engine.EarlyStopping(patience=2, min_delta=10.0, monitor=monitor)
    result = train(model, early_stopping=rule, epochs=9, jit_compile=False)
    alone = small_net()
    train(alone, epochs=1, jit_compile=False)
    assert result.compiled == is_compiled
    assert (result.n_epochs, result.best_epoch) == (3, 0)
    if is_compiled:
        np.testing.assert_allclose(model.get_weights()[0], alone.get_weights()[0])


def test_members_stop_on_their_training(packed_net, table):
    """Each at its own epoch, without validation rows."""
    packed, _ = packed_net
    result = engine.fit(
        packed,
        table[0],
        table[0][:, :1],
        loss="mse",
        n_members=3,
        early_stopping=engine.EarlyStopping(patience=1, monitor="loss"),
        optimizer=keras.optimizers.SGD(0.1),
        epochs=3,
        jit_compile=False,
    )
    assert result.best_epoch.tolist() == [2, 2, 2]


@pytest.mark.slow
def test_outputs_in_a_dict(table):
    """Targets, losses and the history go by its keys, not by the layers' names."""
    X, _ = table
    inputs = Input((3,))
    outputs = {"b": Dense(1, name="one")(inputs), "a": Dense(2, name="two")(inputs)}
    result = engine.fit(
        keras.Model(inputs, outputs),
        X,
        {"b": X[:, :1], "a": X[:, 1:]},
        loss={"a": "mse", "b": "mae"},
        loss_weights={"a": 3.0, "b": 1.0},
        jit_compile=False,
    )
    history = {name: values[0] for name, values in result.history.items()}
    assert set(history) == {"loss", "a_loss", "b_loss", "learning_rate"}
    expected = 3 * history["a_loss"] + history["b_loss"]
    assert history["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_a_loss_with_a_call_of_its_own(table):
    """It is left to Keras, which calls it; the engine would pass it over."""

    class OnlyCall(keras.losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return 5.0 + 0.0 * keras.ops.mean(y_pred)

    warn_once.cache_clear()
    with pytest.warns(SegmentLearnWarning, match="not a mean over rows"):
        result = engine.fit(linear(), X_BAD, Y_BAD, loss=OnlyCall())
    assert result.history["loss"] == [5.0]
