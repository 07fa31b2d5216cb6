"""Work in the background: progress, stopping, warnings, errors as sentences."""

import threading
import time
import warnings

import pytest

from segmentlearn import Autoencoder, make_customers
from segmentlearn.app._jobs import Job
from segmentlearn.exceptions import ColumnWarning, SegmentLearnWarning


def test_a_result_and_its_warnings(start):
    """Warnings of the library are kept, each once; others are not shown."""

    def work(job):
        job.step("counting", 0.2, 0.9)
        for _ in range(2):
            warnings.warn("few customers", SegmentLearnWarning, stacklevel=1)
        warnings.warn("of another library", UserWarning, stacklevel=1)
        return 3

    job = start("a task", work)
    assert job.wait(10)
    assert (job.result, job.warnings, job.error) == (3, ["few customers"], None)
    assert (job.text, job.fraction) == ("counting", 0.2)


def test_errors_are_sentences(start):
    """Those about the input say what is wrong; others that the app is."""
    job = start("a", lambda job: int("x"))
    defect = start("b", lambda job: {}["x"])
    assert job.wait(10)
    assert defect.wait(10)
    assert "invalid literal" in job.error
    assert defect.error.startswith("This did not work because of a defect of the app")


def test_work_can_be_stopped(start):
    """Also where it reports no step."""
    begun = threading.Event()

    def work(job):
        begun.set()
        while True:
            time.sleep(0.01)

    job = start("endless", work)
    assert begun.wait(10)
    job.stop()
    assert job.wait(10)
    assert job.is_stopped
    assert job.error is None
    after = start("the next", lambda job: 1)
    assert after.wait(10)
    assert after.result == 1


def test_work_that_nobody_awaits_makes_room():
    """Such as that of a page that was reloaded; as soon as another job waits."""
    begun = threading.Event()

    def work(job):
        begun.set()
        while True:
            time.sleep(0.01)

    left = Job("endless", work, is_awaited=lambda: False).start()
    assert begun.wait(10)
    assert not left.wait(0.2)
    after = Job("the next", lambda job: 1).start()
    assert after.wait(10)
    assert after.result == 1
    assert left.is_stopped


def test_one_job_at_a_time(start):
    """A second one waits for its turn, and can be stopped while it does."""
    go_on = threading.Event()
    first = start("first", lambda job: go_on.wait(10))
    second = start("second", lambda job: 1)
    assert not second.wait(0.3)
    second.stop()
    assert second.wait(10)
    go_on.set()
    assert first.wait(10)
    assert (second.is_stopped, second.result) == (True, None)


@pytest.mark.slow
def test_a_training_shows_its_epochs_and_stops_between_them(start):
    """The net keeps nothing of a training that was stopped."""
    X, _ = make_customers("mall", 60, random_state=0)
    net = Autoencoder(hidden_layer_sizes=(8,), max_epochs=100_000, random_state=0)
    net.set_params(early_stopping=False)
    job = start("training", lambda job: net.fit(X))
    deadline = time.monotonic() + 120
    while "epoch" not in job.text and time.monotonic() < deadline:
        time.sleep(0.05)
    job.stop()
    assert job.wait(30)
    assert job.is_stopped
    assert not hasattr(net, "history_")


def test_a_warning_about_columns_names_the_page(start):
    """Not a parameter that the visitor cannot set."""

    def work(job):
        warnings.warn(ColumnWarning(["ID"], "looks so", "cure"), stacklevel=1)

    job = start("a", work)
    assert job.wait(10)
    assert "page Data" in job.warnings[0]
