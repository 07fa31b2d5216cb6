"""Trainings side by side: in threads where there are cores, and all or none."""

import contextvars
import threading

import numpy as np
import pytest

from segmentlearn import SegmentClassifier, engine, make_customers
from segmentlearn.engine import keras, run_side_by_side

NAME = contextvars.ContextVar("name", default="nobody")


@pytest.fixture
def two_cores(monkeypatch):
    """A process that may use two cores, whatever the machine has."""
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def meeting(n_threads):
    """Return a job that ends when as many threads are in it, and a list of them."""
    barrier, threads = threading.Barrier(n_threads, timeout=60), []

    def job():
        threads.append(threading.get_ident())
        barrier.wait()

    return job, threads


@pytest.mark.usefixtures("two_cores")
def test_results_are_in_the_order_of_the_jobs():
    """Whoever has run a job, its result is where the job was."""
    jobs = [lambda number=number: number for number in range(7)]
    assert run_side_by_side(jobs) == list(range(7))


@pytest.mark.usefixtures("two_cores")
def test_two_jobs_run_at_once():
    """The caller has helpers where there are two cores."""
    job, threads = meeting(2)
    run_side_by_side([job, job])
    assert len(set(threads)) == 2
    assert threading.get_ident() in threads


@pytest.mark.usefixtures("two_cores")
def test_jobs_in_jobs_take_no_more_cores():
    """Helpers count for the whole process: on two cores five trainings at most."""
    job, _ = meeting(5)

    def outer():
        job()
        inner = [threading.get_ident] * 3
        return set(run_side_by_side(inner)) == {threading.get_ident()}

    assert run_side_by_side([outer] * 5) == [True] * 5


def test_one_core_runs_them_in_turn(monkeypatch):
    """Where one core may be used, no thread is started."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    found = run_side_by_side([threading.get_ident] * 3)
    assert set(found) == {threading.get_ident()}


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize("failing", range(4))
def test_error_of_a_job_is_raised(failing):
    """It is the job's own error, whichever thread it comes from."""

    def job(number):
        if number == failing:
            raise LookupError(f"job {number}")

    jobs = [lambda number=number: job(number) for number in range(4)]
    with pytest.raises(LookupError, match=f"job {failing}"):
        run_side_by_side(jobs)


@pytest.mark.usefixtures("two_cores")
def test_context_variables_are_the_callers():
    """A helper sees what the caller has set."""
    job, _ = meeting(2)
    token = NAME.set("caller")
    try:
        found = run_side_by_side([lambda: (job(), NAME.get())[1]] * 2)
    finally:
        NAME.reset(token)
    assert found == ["caller", "caller"]


@pytest.mark.usefixtures("two_cores")
def test_training_stops_when_another_job_fails(small_net, train):
    """It ends after its epoch, and the net has the weights it had before."""
    net, started = small_net(), threading.Event()
    before = net.get_weights()

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            started.set()

    def failing():
        assert started.wait(60)
        raise LookupError("no more")

    def training():
        train(net, epochs=100_000, callbacks=[Watch()])

    with pytest.raises(LookupError, match="no more"):
        run_side_by_side([failing, training])
    for array, old in zip(net.get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, old)


@pytest.mark.slow
@pytest.mark.usefixtures("two_cores")
def test_fits_of_one_architecture_have_programs_of_their_own(small_net, train):
    """Two trainings of one architecture run at once, on two programs."""
    job, _ = meeting(2)
    engine.clear_cache()

    class Meeting(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 0:
                job()

    def fit(seed):
        return lambda: train(small_net(seed), epochs=2, callbacks=[Meeting()])

    run_side_by_side([fit(0), fit(1)])
    assert engine.cache_info().programs == 2
    assert engine.cache_info().compilations == 1
    train(small_net(2))
    assert engine.cache_info().programs == 2


def test_fit_within_a_fit_of_the_same_architecture(small_net, train, monkeypatch):
    """A callback may train another net, on one core as well."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone, inner, outer = small_net(1), small_net(1), small_net(2)
    train(alone)

    class Nested(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                train(inner)

    train(outer, callbacks=[Nested()])
    reference = small_net(2)
    train(reference)
    for net, wanted in ((inner, alone), (outer, reference)):
        for array, other in zip(net.get_weights(), wanted.get_weights(), strict=True):
            np.testing.assert_array_equal(array, other)


@pytest.mark.slow
def test_ensemble_is_the_same_on_one_core_and_on_two(monkeypatch):
    """The number of threads decides about time alone."""
    X, y = make_customers("automobile", 300, random_state=0)

    def fit():
        classifier = SegmentClassifier((8,), max_epochs=4, random_state=0)
        return classifier.fit(X, y).predict_proba(X)

    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    on_two = fit()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    np.testing.assert_array_equal(fit(), on_two)
