"""A large table is trained on in chunks, with what a whole one would give."""

import numpy as np
import pytest

from segmentlearn import engine
from segmentlearn.engine import keras
from segmentlearn.engine._data import _adapters
from segmentlearn.engine._data._adapters import (
    ChunkedRows,
    WholeRows,
    make_data_adapter,
)
from segmentlearn.engine._data._rows import Rows
from segmentlearn.engine._program import _epoch_program
from segmentlearn.engine._program._compile_spec import CompileSpec

CHUNK = 16 * 20  # bytes: 20 rows of three numbers and a class, rounded up to 24


@pytest.fixture
def in_chunks(monkeypatch):
    """A function that makes every table a large one."""

    def set_up():
        engine.clear_cache()
        monkeypatch.setattr(_adapters, "_CACHED_UNTIL", 0)
        monkeypatch.setattr(_adapters, "_CHUNK", CHUNK)
        monkeypatch.setattr(_adapters, "_SMALLER", 1)
        monkeypatch.setattr(_adapters, "VALIDATION_CHUNK", 8)
        monkeypatch.setattr(_epoch_program, "VALIDATION_CHUNK", 8)

    yield set_up
    engine.clear_cache()


def spec(**changes):
    """Return a spec; the number of members matters here."""
    return CompileSpec("mse", keras.optimizers.SGD(), batch_size=8, **changes)


def both_ways(train, small_net, in_chunks, net=None, **settings):
    """Train the same net on the whole table and in chunks."""
    results = []
    for prepare in (lambda: None, in_chunks):
        prepare()
        model = small_net(**(net or {}))
        result = train(model, batch_size=8, **settings)
        results.append((result.history, model.get_weights()))
    return results


@pytest.mark.slow
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
def test_same_training(train, small_net, in_chunks, settings):
    """History and weights agree to rounding, the last and smaller chunk included."""
    whole, chunked = both_ways(train, small_net, in_chunks, **settings)
    assert whole[0].keys() == chunked[0].keys()
    for name, values in whole[0].items():
        np.testing.assert_allclose(chunked[0][name], values, rtol=2e-4, err_msg=name)
    for one, other in zip(whole[1], chunked[1], strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


@pytest.mark.slow
def test_same_batch_statistics(table, in_chunks):
    """The last batch is filled up with real rows, so its mean is theirs."""
    X, y = table
    statistics = []
    for prepare in (lambda: None, in_chunks):
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


@pytest.mark.slow
def test_tables_of_any_size_share_a_program(small_net, train, table, in_chunks):
    """The buffer's length depends on the rows' size only."""
    in_chunks()
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
    small = Rows([np.zeros((10, 3), np.float32)], [np.zeros(10, np.int32)])
    assert type(make_data_adapter(small, spec())) is WholeRows


def test_a_large_table_is_not_copied():
    """A map of a file stays one: rows are read when they are visited."""
    large = np.zeros((3_000_000, 4), np.float32)
    table = Rows([large], [np.zeros(3_000_000, np.int32)])
    held = make_data_adapter(table, spec())
    assert type(held) is ChunkedRows
    assert np.shares_memory(held._sources[0], large)
    assert held.tensors.n_rows * 20 < 9 * 2**20


def test_a_table_of_few_wide_rows_is_held_whole():
    """Two buffers of whole steps would take as much memory as a copy."""
    table = Rows([np.zeros((600, 10_000), np.float32)], [np.zeros(600, np.int32)])
    assert table.n_bytes > 16 * 2**20
    assert type(make_data_adapter(table, spec())) is WholeRows


@pytest.mark.slow
def test_rows_may_be_drawn_more_often_than_there_are(small_net, train):
    """A bootstrap of a small table fills more slots than the table has rows."""
    often = np.zeros(5000, int)
    result = train(small_net(), train_rows=often, epochs=1)
    assert np.isfinite(result.history["loss"][0])


def test_members_hold_the_whole_table():
    """Each visits rows of its own."""
    large = Rows([np.zeros((2_000_000, 3), np.float32)], [np.zeros(2_000_000)])
    assert type(make_data_adapter(large, spec(n_members=2))) is WholeRows


@pytest.mark.slow
def test_interrupting_an_epoch_keeps_the_one_before(
    small_net, train, in_chunks, monkeypatch
):
    """Ctrl-C between two chunks leaves no half-trained net."""
    in_chunks()
    whole = small_net()
    train(whole, epochs=1, batch_size=8)
    fill, calls = _adapters._Buffer.fill, []

    def stop(self, *arguments):
        calls.append(self)
        if len(calls) == 5:  # three chunks make an epoch
            raise KeyboardInterrupt
        return fill(self, *arguments)

    monkeypatch.setattr(_adapters._Buffer, "fill", stop)
    model = small_net()
    with pytest.warns(UserWarning, match="interrupted after 1 of 4 epochs"):
        result = train(model, epochs=4, batch_size=8)
    assert result.interrupted
    for one, other in zip(whole.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
