"""Which fits share a compiled program, and how many programs are kept."""

import gc
import threading
import weakref

import numpy as np
import pytest

from segmentlearn import engine
from segmentlearn.engine import keras

Adam, AdamW = keras.optimizers.Adam, keras.optimizers.AdamW


def compilations(function):
    """Count what a call compiles."""
    before = engine.cache_info().compilations
    function()
    return engine.cache_info().compilations - before


SHARED = {
    "weights": ({"seed": 7}, {}),
    "learning rate": ({}, {"optimizer": Adam(0.5)}),
    "schedule by name": ({}, {"learning_rate_schedule": "cosine"}),
    "schedule object": (
        {},
        {"optimizer": Adam(keras.optimizers.schedules.CosineDecay(0.1, 9))},
    ),
    "seed": ({}, {"seed": 9}),
    "epochs": ({}, {"epochs": 1}),
    "a fold": ({}, {"train_rows": np.arange(56), "validation_rows": np.arange(56, 70)}),
    "another fold": ({}, {"train_rows": np.arange(55)}),
    "half the rows": ({}, {"train_rows": np.arange(35)}),
    "early stopping": (
        {},
        {
            "validation_rows": np.arange(9),
            "early_stopping": engine.EarlyStopping(patience=1),
        },
    ),
    "sample weights": ({}, {"sample_weight": np.ones(70)}),
    "validation table": ({}, {"validation_data": (np.ones((5, 3)), np.ones(5, int))}),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", SHARED)
def test_what_shares_a_program(case, small_net, train):
    """The numbers of a fit are arguments of one program."""
    net, settings = SHARED[case]
    train(small_net(), epochs=1)
    assert compilations(lambda: train(small_net(**net), **settings)) == 0


def test_other_tables_share_a_program(small_net, table, train):
    """Tables of other lengths are padded to the same one."""
    X, y = table
    train(small_net(), epochs=1)

    def fit_on(n_rows):
        rows = np.resize(X, (n_rows, 3)), np.resize(y, n_rows)
        engine.fit(
            small_net(),
            *rows,
            loss="sparse_categorical_crossentropy",
            metrics=("accuracy",),
            batch_size=16,
        )

    assert compilations(lambda: [fit_on(n) for n in (1, 35, 69, 1000)]) == 0


def test_candidates_of_a_search_share_a_program(small_net, train):
    """Dropout, penalty, learning rate and weight decay may all be searched."""

    def candidate(number):
        optimizer = AdamW(10.0**-number, weight_decay=0.1 * number)
        train(
            small_net(dropout=0.1 * number, l2=0.01 * number),
            optimizer=optimizer,
            jit_compile=False,
        )

    assert compilations(lambda: [candidate(number) for number in (1, 2, 3)]) == 1


def test_candidates_keep_their_own_numbers(small_net, train, assert_same_weights):
    """A shared program trains each candidate as one of its own would."""

    def fit(number):
        model = small_net(dropout=0.2 * number, l2=0.1 * number)
        optimizer = AdamW(0.01 * number, weight_decay=0.1 * number)
        train(model, optimizer=optimizer, jit_compile=False)
        return model

    shared = [fit(number) for number in (1, 2, 1)]
    assert not np.allclose(shared[0].get_weights()[0], shared[1].get_weights()[0])
    assert_same_weights(shared[0], shared[2], atol=0)


OTHER = {
    "units": ({"units": 5}, {}),
    "loss": ({}, {"loss": keras.losses.SparseCategoricalCrossentropy(ignore_class=0)}),
    "batch size": ({}, {"batch_size": 17}),
    "optimizer": ({}, {"optimizer": "sgd"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", OTHER)
def test_what_needs_another_program(case, small_net, train):
    """What is compiled in makes another program."""
    net, settings = OTHER[case]
    train(small_net(), jit_compile=False, epochs=1)
    settings = {**settings, "jit_compile": False, "epochs": 1}
    misses = engine.cache_info().misses
    assert compilations(lambda: train(small_net(**net), **settings)) == 1
    assert engine.cache_info().misses == misses + 1


@pytest.mark.slow
def test_a_layer_defined_anew_gets_a_program_of_its_own(table):
    """The old class of the same name is not used any more."""
    X, _ = table

    def fit(factor):
        class Scaling(keras.layers.Layer):
            def call(self, inputs):
                return inputs * factor

        model = keras.Sequential([keras.Input((3,)), Scaling()])
        return engine.fit(
            model, X, X, loss="mse", optimizer="sgd", jit_compile=False
        ).history["loss"][0]

    assert fit(1.0) == pytest.approx(0.0)
    assert fit(2.0) == pytest.approx((X**2).mean(), rel=1e-4)


@pytest.mark.slow
def test_dict_and_list_inputs_do_not_mix(table):
    """A program made for a dict does not take a list's arrays in its order."""
    _, y = table
    kernel = keras.initializers.Constant([[1.0], [0.0]])

    def fit(X):
        inputs = keras.Input((1,), name="b"), keras.Input((1,), name="a")
        joint = keras.layers.Concatenate()(inputs)
        dense = keras.layers.Dense(1, kernel_initializer=kernel)
        model = keras.Model(list(inputs), dense(joint))
        optimizer = keras.optimizers.SGD(0.0)
        return engine.fit(
            model, X, 0 * y, loss="mae", optimizer=optimizer, jit_compile=False
        ).history["loss"]

    ones, zeros = np.ones((70, 1)), np.zeros((70, 1))
    assert fit({"a": zeros, "b": ones}) == fit([ones, zeros]) == [1.0]


@pytest.mark.slow
def test_a_cached_program_does_not_keep_the_table(small_net, table):
    """Nor the model that it was made for."""
    X, y = table
    X, model = X.copy(), small_net(units=6)
    gone = [weakref.ref(X), weakref.ref(model)]
    engine.fit(model, X, y, loss="sparse_categorical_crossentropy", jit_compile=False)
    engine.predict(model, X)
    del X, model
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


@pytest.mark.slow
def test_programs_are_bounded(table):
    """Sixteen are kept; the one unused for longest goes, and stays counted."""
    X, y = table

    def fit(batch_size):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        settings = {"batch_size": batch_size, "jit_compile": False}
        engine.fit(model, X, y, loss="mse", optimizer="sgd", **settings)

    engine.clear_cache()
    for batch_size in (*range(1, 17), 1, 17):
        fit(batch_size)
    assert engine.cache_info() == (16, 1, 17, 17)
    fit(1)
    assert engine.cache_info().hits == 2
    fit(2)
    assert engine.cache_info() == (16, 2, 18, 18)


@pytest.mark.slow
def test_clearing_forgets_all(table):
    """Counts start anew, and the next fit compiles again."""
    X, y = table

    def fit():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        engine.fit(model, X, y, loss="mse", optimizer="sgd", jit_compile=False)

    fit()
    assert compilations(fit) == 0
    engine.clear_cache()
    assert engine.cache_info() == (0, 0, 0, 0)
    assert compilations(fit) == 1


@pytest.mark.slow
def test_threads_give_what_one_after_another_gives(small_net, train):
    """Three threads, two of them with the same architecture."""
    nets = [{"seed": 1}, {"seed": 2}, {"seed": 3, "units": 5}]

    def fit(number, results):
        model = small_net(**nets[number])
        train(model, epochs=20, seed=number, jit_compile=False)
        results[number] = model.get_weights()

    together, alone = {}, {}
    threads = [threading.Thread(target=fit, args=(n, together)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(3):
        fit(number, alone)
        for one, other in zip(together[number], alone[number], strict=True):
            np.testing.assert_array_equal(one, other)
