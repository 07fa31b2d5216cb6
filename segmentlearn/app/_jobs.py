"""Work in the background: a thread that shows its progress and can be stopped."""

import contextlib
import ctypes
import functools
import logging
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from segmentlearn import engine
from segmentlearn.exceptions import (
    ColumnWarning,
    SampledRowsWarning,
    SegmentLearnError,
    SegmentLearnWarning,
)

_LOG = logging.getLogger(__name__)

# One job at a time, whoever has started it: warnings are collected for the whole
# process, and one visitor must not read those about another visitor's customers.
_turn = threading.Lock()
_working: "Job | None" = None

DEFECT = (
    "This did not work because of a defect of the app, not of your table. What went "
    "wrong is in the log of the server."
)
OUT_OF_MEMORY = "There is not enough memory for this; try fewer customers or columns."


@functools.cache
def load_tensorflow() -> None:
    """Import TensorFlow in a thread, for a page on which nets may be trained.

    Not before: it takes as much memory as a large table.
    """
    threading.Thread(target=engine.cache_info, daemon=True).start()


class Job:
    """Work that runs in a thread of its own.

    Parameters
    ----------
    title : str
        What is done, for people.
    work : callable
        Called with the job, which it reports its steps to; returns the result.
    is_awaited : callable or None, default=None
        Returns whether somebody waits for the result. A job for which nobody does is
        stopped when another one waits for its turn. None is always.
    """

    def __init__(
        self,
        title: str,
        work: Callable[["Job"], Any],
        is_awaited: Callable[[], bool] | None = None,
    ) -> None:
        self.title, self.text, self.fraction = title, "beginning", 0.0
        self.is_awaited = is_awaited or (lambda: True)
        self.result: Any = None
        self.error: str | None = None
        self.is_stopped = False
        self.warnings: list[str] = []
        self.started = time.monotonic()
        self._work: Callable[[Job], Any] | None = work
        self._next_fraction = 0.0
        self._guard = threading.Lock()
        self._is_interruptible = False
        self._finished = threading.Event()
        # a server that ends does not wait for it
        self._thread = threading.Thread(target=self._run, daemon=True, name=title)

    def start(self) -> "Job":
        """Start the thread."""
        self._thread.start()
        return self

    @property
    def is_done(self) -> bool:
        """Whether the work has ended, in one way or another."""
        return self._finished.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; return whether it has come."""
        return self._finished.wait(seconds)

    def step(self, text: str, fraction: float, following: float) -> None:
        """Say what comes now, from which share of the work to which it goes."""
        self._check()
        self.text, self.fraction, self._next_fraction = text, fraction, following

    def stop(self) -> None:
        """Ask for the end: at the next step, or the next line of Python if there is."""
        self.is_stopped = True
        with self._guard:
            if self._is_interruptible and self._thread.ident is not None:
                # what Ctrl-C raises in a program; trainings restore their weights
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread.ident),
                    ctypes.py_object(KeyboardInterrupt),
                )

    def _check(self) -> None:
        if self.is_stopped:
            raise KeyboardInterrupt

    def _epoch(self, epoch: int, epochs: int) -> None:
        self._check()
        self.text = f"{self.text.partition(' (epoch')[0]} (epoch {epoch} of {epochs})"
        left = self._next_fraction - self.fraction
        self.fraction += left * 0.5 / max(1, epochs - epoch + 1)

    def _run(self) -> None:
        try:
            with contextlib.suppress(KeyboardInterrupt):  # of a stop at the very end
                self._run_in_turn()
        finally:
            self._work = None  # and the customers that it holds
            self._finished.set()

    def _run_in_turn(self) -> None:
        global _working
        try:
            while not _turn.acquire(timeout=0.1):
                self._check()
                self.text = "waiting until the work of another visitor has ended"
                other = _working
                if other and not other.is_stopped and not other.is_awaited():
                    other.stop()
            self.text, _working = "beginning", self
            try:
                with self._guard:
                    self._is_interruptible = True
                self._check()
                self.result = self._collecting_warnings()
            finally:
                with self._guard:
                    self._is_interruptible = False
                _working = None
                _turn.release()
        except KeyboardInterrupt:
            self.is_stopped = True
        except (SegmentLearnError, ValueError, OSError, ImportError) as error:
            _LOG.info("%s: %s", self.title, error, exc_info=error)
            self.error = " ".join(str(error).split()) or type(error).__name__
        except MemoryError:
            self.error = OUT_OF_MEMORY
        except Exception as error:
            _LOG.error("%s failed", self.title, exc_info=error)
            self.error = DEFECT

    def _collecting_warnings(self) -> Any:
        assert self._work is not None
        with (
            warnings.catch_warnings(),
            engine.pass_interrupts_on(),
            engine.report_epochs(self._epoch),
        ):
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", SegmentLearnWarning)
            warnings.showwarning = self._take_warning
            return self._work(self)

    def _take_warning(self, message: Warning | str, *args: Any, **kwargs: Any) -> None:
        """Keep a warning of this job, not one of a page that is drawn meanwhile."""
        text = _text_of(message)
        if threading.current_thread() is self._thread and text not in self.warnings:
            self.warnings.append(text)


def _text_of(message: Warning | str) -> str:
    """Return a warning with the cure that the app has."""
    if isinstance(message, SampledRowsWarning):
        return str(message).partition(" Set ")[0]
    if not isinstance(message, ColumnWarning):
        return str(message)
    from segmentlearn._formatting import names_text

    return (
        f"The column(s) {names_text(message.columns)} {message.reason}. The page Data "
        "says how each column is understood, and changes it."
    )
