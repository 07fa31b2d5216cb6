"""Trainings side by side, in threads whose compiled epochs share the cores."""

import contextvars
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from segmentlearn._cores import n_threads

_lock = threading.Lock()
_n_busy = 0  # threads of this process that train in here
_stopping = contextvars.ContextVar[threading.Event | None]("stopping", default=None)


class StoppedError(BaseException):
    """A training ends because another one of the same job has failed."""


def stop_if_asked() -> None:
    """End a training, between two epochs, whose job has failed elsewhere."""
    event = _stopping.get()
    if event is not None and event.is_set():
        raise StoppedError


def run_side_by_side(jobs: Sequence[Callable[[], Any]]) -> list:
    """Run functions that train nets, in threads where there are several cores.

    The calling thread takes part and runs the last job, so that Ctrl-C reaches a
    training. When a job fails the others stop after their epoch, and the error is
    raised.

    Parameters
    ----------
    jobs : sequence of callable
        Without arguments. They have the context variables of the caller.

    Returns
    -------
    results : list
        What each has returned, in the order of `jobs`.
    """
    with _busy(len(jobs)) as n_helpers:
        if not n_helpers:
            return [job() for job in jobs]
        return _Job(jobs).run(n_helpers)


class _Job:
    """Jobs that wait, their results, and what stops them."""

    def __init__(self, jobs: Sequence[Callable[[], Any]]) -> None:
        self._jobs = jobs
        self._results: list[Any] = [None] * len(jobs)
        self._waiting = iter(range(len(jobs) - 1))
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def run(self, n_helpers: int) -> list:
        token = _stopping.set(self._stop)
        pool = ThreadPoolExecutor(n_helpers)
        helpers: list[Future] = []
        try:
            for _ in range(n_helpers):
                helpers.append(pool.submit(contextvars.copy_context().run, self._help))
            if n_helpers < len(self._jobs) - 1:
                self._work()
            self._results[-1] = self._jobs[-1]()
            for helper in helpers:
                helper.result()
        except BaseException as error:
            self._stop.set()
            wait(helpers)
            causes = [helper.exception() for helper in helpers]
            real = [cause for cause in causes if not isinstance(cause, StoppedError)]
            if isinstance(error, StoppedError) and any(real):
                raise next(filter(None, real)) from None
            raise
        finally:
            pool.shutdown(wait=False)
            _stopping.reset(token)
        return self._results

    def _help(self) -> None:
        try:
            self._work()
        except BaseException:
            self._stop.set()
            raise

    def _work(self) -> None:
        while True:
            stop_if_asked()
            with self._lock:
                number = next(self._waiting, None)
            if number is None:
                return
            self._results[number] = self._jobs[number]()


@contextmanager
def _busy(n_jobs: int) -> Iterator[int]:
    """Count this thread and its helpers as busy; yield how many helpers it may have."""
    global _n_busy
    with _lock:
        n_helpers = max(0, min(n_jobs - 1, n_threads() - _n_busy - 1))
        _n_busy += 1 + n_helpers
    try:
        yield n_helpers
    finally:
        with _lock:
            _n_busy -= 1 + n_helpers
