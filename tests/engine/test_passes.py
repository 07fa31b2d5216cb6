"""A large table is trained on in segments, with what a whole one would give."""

import numpy as np
import pytest

from segmentlearn import engine
from segmentlearn.engine._backend import keras
from segmentlearn.engine._data import _adapters as passes
from segmentlearn.engine._data._adapters import SegmentedRows, WholeRows, hold_rows
from segmentlearn.engine._data._padding import Table
from segmentlearn.engine._program import _epoch_program as program
from segmentlearn.engine._program._epoch_program import Recipe

SEGMENT = 16 * 20  # bytes: 20 rows of three numbers and a class, rounded up to 24


@pytest.fixture
def in_segments(monkeypatch):
    """A function that makes every table a large one."""

    def set_up():
        engine.clear_cache()
        monkeypatch.setattr(passes, "_CACHED_UNTIL", 0)
        monkeypatch.setattr(passes, "_SEGMENT", SEGMENT)
        monkeypatch.setattr(passes, "_SMALLER", 1)
        monkeypatch.setattr(passes, "VALIDATION_CHUNK", 8)
        monkeypatch.setattr(program, "VALIDATION_CHUNK", 8)

    yield set_up
    engine.clear_cache()


def recipe(**changes):
    """Return a recipe; the number of members matters here."""
    settings = {
        "loss": "mse",
        "optimizer": keras.optimizers.SGD(),
        "metrics": (),
        "weighted_metrics": (),
        "loss_weights": None,
        "batch_size": 8,
        "n_members": None,
        "jit_compile": False,
    }
    return Recipe(**{**settings, **changes})


def both_ways(train, small_net, in_segments, net=None, **settings):
    """Train the same net on the whole table and in segments."""
    results = []
    for prepare in (lambda: None, in_segments):
        prepare()
        model = small_net(**(net or {}))
        result = train(model, batch_size=8, **settings)
        results.append((result.history, model.get_weights()))
    return results


@pytest.mark.parametrize(
    "settings",
    [
        {"shuffle": False},
        {"shuffle": False, "sample_weight": np.linspace(0.5, 2, 70)},
        {"shuffle": False, "learning_rate_schedule": "cosine"},
        {"shuffle": False, "validation_rows": np.arange(5, 64)},
        {"shuffle": False, "optimizer": keras.optimizers.Adam(use_ema=True)},
        {"seed": 3},
    ],
    ids=["plain", "weights", "schedule", "validation", "average", "shuffled"],
)
def test_same_training(train, small_net, in_segments, settings):
    """History and weights agree to rounding, the last and smaller segment included."""
    whole, segmented = both_ways(train, small_net, in_segments, **settings)
    assert whole[0].keys() == segmented[0].keys()
    for name, values in whole[0].items():
        np.testing.assert_allclose(segmented[0][name], values, rtol=2e-4, err_msg=name)
    for one, other in zip(whole[1], segmented[1], strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


def test_same_batch_statistics(table, in_segments):
    """The last batch is filled up with real rows, so its mean is theirs."""
    X, y = table
    statistics = []
    for prepare in (lambda: None, in_segments):
        prepare()
        net = keras.Sequential(
            [
                keras.Input((3,)),
                keras.layers.BatchNormalization(),
                keras.layers.Dense(3, "softmax", kernel_initializer="zeros"),
            ]
        )
        engine.fit(
            net,
            X,
            y,
            loss="sparse_categorical_crossentropy",
            batch_size=8,
            shuffle=False,
            optimizer="sgd",
        )
        statistics.append(net.layers[0].moving_mean.numpy())
    np.testing.assert_allclose(*statistics, atol=1e-6)


def test_tables_of_any_size_share_a_program(small_net, train, table, in_segments):
    """The buffer's length depends on the rows' size only."""
    in_segments()
    X, y = table
    engine.clear_cache()
    for n_rows in (30, 70):
        engine.fit(
            small_net(),
            X[:n_rows],
            y[:n_rows],
            loss="sparse_categorical_crossentropy",
            batch_size=8,
        )
    assert engine.cache_info().compilations == 1


def test_a_small_table_is_held_whole():
    """Rows that fit into the processor's cache are quickly found."""
    small = Table([np.zeros((10, 3), np.float32)], [np.zeros(10, np.int32)])
    assert type(hold_rows(small, recipe())) is WholeRows


def test_a_large_table_is_not_copied():
    """A map of a file stays one: rows are read when they are visited."""
    large = np.zeros((3_000_000, 4), np.float32)
    table = Table([large], [np.zeros(3_000_000, np.int32)])
    held = hold_rows(table, recipe())
    assert type(held) is SegmentedRows
    assert np.shares_memory(held._sources[0], large)
    assert held.tensors.capacity * 20 < 9 * 2**20


def test_a_table_of_few_wide_rows_is_held_whole():
    """Two buffers of whole steps would take as much memory as a copy."""
    table = Table([np.zeros((600, 10_000), np.float32)], [np.zeros(600, np.int32)])
    assert table.n_bytes > 16 * 2**20
    assert type(hold_rows(table, recipe())) is WholeRows


def test_rows_may_be_drawn_more_often_than_there_are(small_net, train):
    """A bootstrap of a small table fills more slots than the table has rows."""
    often = np.zeros(5000, int)
    result = train(small_net(), train_rows=often, epochs=1)
    assert np.isfinite(result.history["loss"][0])


def test_members_hold_the_whole_table():
    """Each visits rows of its own."""
    large = Table([np.zeros((2_000_000, 3), np.float32)], [np.zeros(2_000_000)])
    assert type(hold_rows(large, recipe(n_members=2))) is WholeRows


def test_interrupting_an_epoch_keeps_the_one_before(
    small_net, train, in_segments, monkeypatch
):
    """Ctrl-C between two segments leaves no half-trained net."""
    in_segments()
    whole = small_net()
    train(whole, epochs=1, batch_size=8)
    fill, calls = passes._Buffer.fill, []

    def stop(self, *arguments):
        calls.append(self)
        if len(calls) == 5:  # three segments make an epoch
            raise KeyboardInterrupt
        return fill(self, *arguments)

    monkeypatch.setattr(passes._Buffer, "fill", stop)
    model = small_net()
    with pytest.warns(UserWarning, match="interrupted after 1 of 4 epochs"):
        result = train(model, epochs=4, batch_size=8)
    assert result.interrupted
    for one, other in zip(whole.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
