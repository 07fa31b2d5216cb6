"""What TensorFlow gives back of compiled programs that have gone."""

import gc
import os
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
import tensorflow as tf

from segmentlearn import engine
from segmentlearn.engine import keras
from segmentlearn.engine._cache import PROGRAMS
from segmentlearn.engine._program import _reclaim as reclaiming

GROWTH = """
import ctypes, gc, sys
import numpy as np, psutil
from segmentlearn import SegmentClassifier
from segmentlearn.engine import _cache
from segmentlearn.engine._program import _reclaim

# few are kept, so that few fits fill the caches
_cache.PROGRAMS._size = _cache.PREDICTORS._size = _reclaim.EVERY = 2
rng = np.random.default_rng(0)
X, y = rng.normal(size=(120, 6)), np.arange(120) % 3

def fit(width):
    net = SegmentClassifier((width,), n_members=1, n_inner_folds=0, max_epochs=1,
        numeric_embedding=None, batch_size=16, random_state=0)
    net.fit(X, y).predict(X)

def resident():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return psutil.Process().memory_info().rss / 2**20

for width in range(4, 10):
    fit(width)
before = resident()
for width in range(10, 20):
    fit(width)
print(resident() - before)
"""


def n_gradients():
    """Count the gradients of ``tf.custom_gradient`` that TensorFlow knows."""
    names = list(reclaiming._gradient_registry())
    return sum(name.startswith("CustomGradient-") for name in names)


def traced_graphs():
    """Return weak references to the graphs of all programs that are kept."""
    return [
        weakref.ref(traced.graph)
        for pool in PROGRAMS.values()
        for program in pool.programs
        for traced in program._traced.values()
    ]


@pytest.mark.slow
def test_graphs_of_dropped_programs_die(small_net, train):
    """Gradients of one's own, as silu has, do not hold them."""
    engine.clear_cache()
    train(small_net(units=6, activation="silu"), epochs=1)
    graphs = traced_graphs()
    assert len(graphs) == 1
    engine.clear_cache()
    assert [graph() for graph in graphs] == [None]


@pytest.mark.slow
def test_functions_do_not_pile_up(small_net, train):
    """Neither TensorFlow's functions nor its gradients are more after a program."""
    from tensorflow.python.eager import context

    def counts():
        engine.clear_cache()
        gc.collect()
        return len(context.context().list_function_names()), n_gradients()

    train(small_net(units=6, activation="silu"), epochs=1)
    before = counts()
    for units in (7, 8):
        train(small_net(units=units, activation="silu"), epochs=1)
    assert counts() == before


@pytest.mark.slow
def test_gradients_live_as_long_as_their_graph():
    """A function of the user's own is differentiated after a reclaim as before it."""

    @tf.custom_gradient
    def tripled(x):
        return 3 * x, lambda upstream: 5 * upstream

    function = tf.function(tripled)
    x = tf.constant(2.0)
    function.get_concrete_function(x)
    reclaiming.reclaim()
    with tf.GradientTape() as tape:
        tape.watch(x)
        result = function(x)
    assert float(tape.gradient(result, x)) == 5


@pytest.mark.slow
def test_store_of_executables_is_found(small_net, train):
    """TensorFlow knows it by the name that the engine destroys it by."""
    train(small_net(), epochs=1)
    found = []
    for name in reclaiming._STORE_TYPES:
        handle = reclaiming._handle("/device:CPU:0", name)
        try:
            tf.raw_ops.DestroyResourceOp(resource=handle, ignore_lookup_error=False)
        except tf.errors.NotFoundError:
            continue
        found.append(name)
    assert len(found) == 1


@pytest.mark.slow
def test_bodies_of_loops_are_not_looked_into(small_net, train):
    """A compiled program holds XLA's own loop; only Keras' layers may have others."""
    engine.clear_cache()
    train(small_net(), epochs=1)
    (graph,) = traced_graphs()
    kinds = {operation.type for operation in graph().get_operations()}
    assert "XlaWhile" in kinds
    assert not kinds & {"While", "StatelessWhile"}


@pytest.mark.slow
def test_kept_programs_go_on(small_net, train, assert_same_weights):
    """A program gives the same result after a reclaim and is not traced again."""
    first, second = small_net(), small_net()
    train(first)
    compilations = engine.cache_info().compilations
    reclaiming.reclaim()
    train(second)
    assert engine.cache_info().compilations == compilations
    assert_same_weights(first, second, atol=0)


def test_what_has_gone_is_reclaimed(small_net, monkeypatch):
    """Every so many functions that went, and not before."""
    calls = []
    monkeypatch.setattr(reclaiming, "reclaim", lambda: calls.append(1))
    monkeypatch.setattr(reclaiming, "_n_gone", 0)
    reclaiming.note_gone(reclaiming.EVERY - 1)
    assert not reclaiming.reclaim_if_due()
    reclaiming.note_gone()
    assert reclaiming.reclaim_if_due()
    assert not reclaiming.reclaim_if_due()
    assert calls == [1]


@pytest.mark.slow
def test_threads_train_while_memory_is_reclaimed(small_net, train):
    """No executable is taken from under a program that runs."""
    results = {}

    def fit(number):
        model = small_net(seed=number)
        train(model, epochs=200, seed=number)
        results[number] = model.get_weights()

    fit(0)
    alone = results.pop(0)
    threads = [threading.Thread(target=fit, args=(number,)) for number in (0, 1, 0)]
    for thread in threads:
        thread.start()
    for _ in range(3):  # each makes the program compile anew
        reclaiming.reclaim()
    for thread in threads:
        thread.join()
    for one, other in zip(results[0], alone, strict=True):
        np.testing.assert_array_equal(one, other)


def test_gate_waits_for_who_is_inside():
    """Clearing up starts when the last program has ended."""
    gate, order = reclaiming.Gate(), []

    def clear():
        with gate.alone():
            order.append("cleared")

    with gate.run():
        thread = threading.Thread(target=clear)
        thread.start()
        thread.join(timeout=0.1)
        order.append("ran")
    thread.join(timeout=60)
    with gate.run():
        order.append("ran again")
    assert order == ["ran", "cleared", "ran again"]


@pytest.mark.slow
def test_programs_of_others_are_left_alone(monkeypatch):
    """While a thread is in a net's own ``fit``, its executables stay."""
    started, done = threading.Event(), threading.Event()

    class Waiting(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            started.set()
            done.wait(60)

    def fit():
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(loss="mse")
        model.fit(np.ones((4, 2)), np.ones(4), callbacks=[Waiting()], verbose=0)

    calls = []
    monkeypatch.setattr(reclaiming, "_drop_executables", lambda: calls.append(1))
    thread = threading.Thread(target=fit)
    thread.start()
    assert started.wait(60)
    try:
        reclaiming.reclaim()
    finally:
        done.set()
        thread.join(60)
    assert calls == []
    reclaiming.reclaim()
    assert calls == [1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc for its memory back")
def test_memory_is_flat_over_ever_new_architectures():
    """Ten more fits of nets unlike any before cost little memory for good."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", GROWTH],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
        # every net is compiled, as it is without a folder of compiled programs
        env={k: v for k, v in os.environ.items() if k != "SEGMENTLEARN_XLA_CACHE"},
    )
    assert float(run.stdout) < 60  # it is 160 without reclaiming
