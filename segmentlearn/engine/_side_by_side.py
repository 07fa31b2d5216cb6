"""Trainings side by side, in threads whose compiled epochs share the cores."""

import contextvars
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
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


def run_side_by_side(
    jobs: Sequence[Callable[[], Any]],
    around: Callable[[int], AbstractContextManager] = nullcontext,
    in_turn: bool = False,
) -> list:
    """Run functions that train nets, in threads where there are several cores.

    The calling thread takes part and runs the last job, so that Ctrl-C reaches a
    training. When a job fails the others stop after their epoch, and the error is
    raised.

    Parameters
    ----------
    jobs : sequence of callable
        Without arguments. They have the context variables of the caller.
    around : callable, default=nullcontext
        Returns the context manager that a job runs in, by the job's number.
    in_turn : bool, default=False
        Whether to run one after the other, in this thread.

    Returns
    -------
    results : list
        What each has returned, in the order of `jobs`.
    """
    shared = _SharedJobs(jobs, around)
    n_at_once = 1 if in_turn else len(jobs)
    with _busy(n_at_once) as n_helpers, shared.helped_by(n_helpers):
        # with a thread for each other job, this one has the last to do
        rest = shared.take() if n_helpers < len(jobs) - 1 else ()
        # a net is trained from here and not in a method: a frame less to read
        for number in itertools.chain(rest, range(len(jobs))[-1:]):
            with around(number):
                shared.results[number] = jobs[number]()
    return shared.results


class _SharedJobs:
    """Jobs that wait, all but the last, their results, and what stops them."""

    def __init__(
        self,
        jobs: Sequence[Callable[[], Any]],
        around: Callable[[int], AbstractContextManager],
    ) -> None:
        self.results: list[Any] = [None] * len(jobs)
        self._jobs = jobs
        self._around = around
        self._waiting = iter(range(len(jobs) - 1))
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def take(self) -> Iterator[int]:
        """Give the numbers of jobs that nobody has taken yet."""
        while True:
            stop_if_asked()
            with self._lock:
                number = next(self._waiting, None)
            if number is None:
                return
            yield number

    @contextmanager
    def helped_by(self, n_helpers: int) -> Iterator[None]:
        """Have threads take jobs, too, until all are done or one fails."""
        if not n_helpers:
            yield
            return
        token = _stopping.set(self._stop)
        pool = ThreadPoolExecutor(n_helpers)
        helpers: list[Future] = []
        try:
            for _ in range(n_helpers):
                helpers.append(pool.submit(contextvars.copy_context().run, self._help))
            yield
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

    def _help(self) -> None:
        try:
            for number in self.take():
                with self._around(number):
                    self.results[number] = self._jobs[number]()
        except BaseException:
            self._stop.set()
            raise


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
