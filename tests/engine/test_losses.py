"""Losses and metrics a row at a time give what Keras gives for the table."""

import numpy as np
import pytest
import tensorflow as tf

from segmentlearn.engine import keras
from segmentlearn.engine._program._losses import (
    apply_by_row,
    identity_key,
    is_mean_loss,
    is_mean_over_rows,
    metric_name,
    more_is_better,
    per_output,
    row_losses,
    row_metric,
)

RNG = np.random.default_rng(0)
SCORES = RNG.uniform(0.1, 0.9, (20, 3)).astype(np.float32)
SHARES = SCORES / SCORES.sum(axis=1, keepdims=True)
CLASSES = RNG.integers(0, 3, 20)

CASES = [
    ("sparse_categorical_crossentropy", CLASSES, SHARES),
    ("sparse_categorical_crossentropy", CLASSES[:, None], SHARES),
    ("categorical_crossentropy", np.eye(3)[CLASSES], SHARES),
    (
        keras.losses.CategoricalCrossentropy(label_smoothing=0.3),
        np.eye(3)[CLASSES],
        SHARES,
    ),
    (keras.losses.SparseCategoricalCrossentropy(from_logits=True), CLASSES, SCORES),
    ("binary_crossentropy", CLASSES > 0, SCORES[:, :1]),
    ("binary_crossentropy", (CLASSES > 0)[:, None], SCORES[:, :1]),
    ("binary_crossentropy", np.eye(3)[CLASSES], SCORES),
    (keras.losses.BinaryFocalCrossentropy(gamma=3.0), CLASSES > 0, SCORES[:, :1]),
    ("mse", CLASSES, SCORES[:, :1]),
    ("mae", SCORES + 1, SCORES),
    (keras.losses.Huber(delta=0.1), SCORES + 1, SCORES),
    ("kl_divergence", SHARES[::-1].copy(), SHARES),
    ("cosine_similarity", SCORES[::-1].copy(), SCORES),
    ("mse", SCORES.reshape(5, 4, 3) + 1, SCORES.reshape(5, 4, 3)),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_the_mean_over_rows_is_keras_loss(case):
    """For every loss and shape of targets, sequences included."""
    loss, target, prediction = CASES[case]
    (function,) = row_losses(loss, 1)
    target, prediction = tf.constant(target), tf.constant(prediction)
    by_row = apply_by_row(function, target, prediction, 1)
    assert by_row.shape == (len(target),)
    model = keras.Sequential([keras.Input(prediction.shape[1:])])
    model.compile(loss=loss)
    expected = model.compute_loss(y=target, y_pred=prediction)
    np.testing.assert_allclose(np.mean(by_row), expected, rtol=1e-5)


def test_members_have_losses_of_their_own():
    """With a member axis the rows of each member are kept apart."""
    (function,) = row_losses("mse", 1)
    target = tf.zeros((2, 4))
    prediction = tf.constant([[[1.0]] * 4, [[3.0]] * 4])
    assert apply_by_row(function, target, prediction, 2).numpy().tolist() == [
        [1.0] * 4,
        [9.0] * 4,
    ]


def test_a_function_gets_floats():
    """Keras turns every target into a float before a loss sees it."""
    (function,) = row_losses(lambda y_true, y_pred: tf.square(y_true - y_pred), 1)
    values = function(tf.constant([[1], [2]]), tf.constant([[0.5], [0.5]]))
    assert values.numpy().tolist() == [[0.25], [2.25]]


def test_no_loss_is_refused():
    """There is nothing to train on then."""
    with pytest.raises(ValueError, match="loss=None"):
        row_losses(None, 1)


def test_an_unknown_loss_is_refused():
    """The name is in the error."""
    with pytest.raises(ValueError, match="mean_of_nothing"):
        row_losses("mean_of_nothing", 1)


def test_one_loss_serves_all_outputs():
    """And a list gives each its own."""
    assert per_output("mse", 2, "loss") == ["mse", "mse"]
    assert per_output(["mse", "mae"], 2, "loss") == ["mse", "mae"]


def test_losses_that_do_not_fit_the_outputs():
    """Too few."""
    with pytest.raises(ValueError, match="loss has 1 entries, and the model has 2"):
        per_output(["mse"], 2, "loss")


@pytest.mark.parametrize(
    ("target", "prediction", "expected"),
    [
        (CLASSES, SHARES, "sparse"),
        (CLASSES[:, None], SHARES, "sparse"),
        (np.eye(3)[CLASSES], SHARES, "onehot"),
        (CLASSES > 0, SCORES[:, :1], "binary"),
        ((CLASSES > 0)[:, None], SCORES[:, :1], "binary"),
    ],
)
def test_accuracy_follows_the_targets(target, prediction, expected):
    """One word for three metrics, as in Keras."""
    target, prediction = tf.constant(target), tf.constant(prediction)
    function = row_metric("accuracy", target, prediction)
    hits = apply_by_row(function, target, prediction, 1).numpy()
    if expected == "binary":
        right = (SCORES[:, 0] > 0.5) == (CLASSES > 0)
    else:
        right = SHARES.argmax(axis=1) == CLASSES
    assert hits.tolist() == right.astype(float).tolist()


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("mae", "mae"),
        (keras.metrics.BinaryAccuracy(name="share"), "share"),
        (keras.losses.mean_squared_error, "mean_squared_error"),
    ],
)
def test_metric_names(metric, name):
    """A metric stands in the history under Keras' name for it."""
    assert metric_name(metric) == name


@pytest.mark.parametrize("metric", ["AUC", keras.metrics.F1Score()])
def test_a_metric_of_the_whole_table_is_no_mean(metric):
    """Such a metric cannot be added up batch by batch."""
    assert not is_mean_over_rows(metric)
    with pytest.raises(ValueError, match="not a mean over rows"):
        row_metric(metric, tf.zeros((2, 1)), tf.zeros((2, 1)))


@pytest.mark.parametrize("metric", ["accuracy", "mae", "mean_squared_error"])
def test_a_mean_over_rows(metric):
    """These can."""
    assert is_mean_over_rows(metric)


def test_an_unknown_metric_is_refused():
    """The name and what may stand there are in the error."""
    with pytest.raises(ValueError, match="metric 'acuracy' is not known; use"):
        is_mean_over_rows("acuracy")


def test_which_way_a_metric_is_better():
    """As callbacks with mode="auto" ask."""
    assert more_is_better("accuracy")
    assert more_is_better(keras.metrics.TopKCategoricalAccuracy(2))
    assert not more_is_better("mae")


@pytest.mark.parametrize(
    ("loss", "is_mean"),
    [
        ("mse", True),
        (keras.losses.MeanSquaredError(), True),
        (keras.losses.MeanSquaredError(reduction="sum"), False),
        (["mse", keras.losses.MeanSquaredError(reduction="none")], False),
        ({"a": keras.losses.MeanSquaredError(reduction="sum")}, False),
    ],
)
def test_losses_that_are_means(loss, is_mean):
    """Another reduction is another training."""
    assert is_mean_loss(loss) == is_mean


def test_equal_losses_have_equal_keys():
    """Two objects of the same settings share a program, whatever their names."""
    one = keras.losses.CategoricalCrossentropy(label_smoothing=0.1, name="one")
    other = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    assert identity_key([one, "mse"]) == identity_key([other, "mse"])


def test_other_losses_have_other_keys():
    """By a setting, by the function, by the class."""

    class Own(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return y_pred - y_true

    keys = [
        identity_key(loss)
        for loss in (
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
            keras.losses.CategoricalCrossentropy(label_smoothing=0.2),
            lambda y_true, y_pred: y_pred,
            lambda y_true, y_pred: y_true,
            Own(),
            Own(),
            "mse",
        )
    ]
    assert len(set(keys)) == len(keys)


class OwnCall(keras.losses.MeanSquaredError):
    """Adds something where Keras would only average."""

    def __call__(self, y_true, y_pred, sample_weight=None):
        return 1 + super().__call__(y_true, y_pred, sample_weight)


class OwnUpdate(keras.metrics.MeanAbsoluteError):
    """Counts in its own way."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(2 * y_true, y_pred, sample_weight)


class OwnResult(keras.metrics.MeanAbsoluteError):
    """Reports in its own way."""

    def result(self):
        return 2 * super().result()


def test_a_loss_called_in_its_own_way_is_no_mean():
    """Neither alone nor for one of several outputs, nor as a metric."""
    assert not is_mean_loss(OwnCall())
    assert not is_mean_loss(["mse", OwnCall()])
    assert not is_mean_over_rows(OwnCall())


@pytest.mark.parametrize("metric", [OwnUpdate, OwnResult])
def test_a_metric_kept_in_its_own_way_is_no_mean(metric):
    """Keras' own class is one."""
    assert not is_mean_over_rows(metric())
    assert is_mean_over_rows(keras.metrics.MeanAbsoluteError())
