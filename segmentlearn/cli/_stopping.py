"""What stops a command from outside: Ctrl-C, and the system's request to end.

It imports little: a signal that comes before it works is met by Python itself.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # not all systems have the last
_FIRST_CODE = 128  # a shell's exit code of what a signal has ended, less its number

_received: list[int] = []
_is_finished = False


class Stopped(BaseException):
    """A signal asks for the end.

    It is no ``KeyboardInterrupt``: a training that meets one keeps its best weights and
    goes on as if it had finished.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def stopping_signals() -> Iterator[None]:
    """Raise `Stopped` wherever a signal arrives that asks for the end.

    Afterwards such signals are ignored: what is left is the end of the process, and
    TensorFlow takes its time for it.
    """
    global _is_finished
    _is_finished = False
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks for
            signal.signal(number, _stop)
    sys.unraisablehook = _show_lost
    try:
        yield
    except Exception:
        check_not_stopped()
        raise
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        _received.clear()


def check_not_stopped() -> None:
    """Stop now if a signal has come and its exception was lost in foreign code, or
    turned into an error of that."""
    if _received:
        raise Stopped(_received[0])


def ignore_signals() -> None:
    """Let a command that has done its work end as it would have ended."""
    global _is_finished
    _is_finished = True


def exit_code(stop: BaseException) -> int:
    """Return what a shell expects of a command that a signal has ended."""
    return _FIRST_CODE + getattr(stop, "number", signal.SIGINT)


class Outputs:
    """Files that a command is to write, and what became of them."""

    def __init__(self, paths: Sequence[os.PathLike[str] | None]) -> None:
        self._before = {path: _identity(path) for path in paths if path is not None}

    def describe(self) -> str:
        """Return a sentence on each file, after the command was stopped."""
        sentences = []
        for path, before in self._before.items():
            if _identity(path) != before:
                sentences.append(f"{path} had been written and is whole.")
            elif before is None:
                sentences.append(f"{path} was not written.")
            else:
                sentences.append(f"{path} is still the old file.")
        return " ".join(sentences) or "Nothing was written."

    def written(self) -> str:
        """Return a sentence on each file that was written, after the command failed."""
        return "".join(
            f" {path} had been written and is whole."
            for path, before in self._before.items()
            if _identity(path) != before and not os.path.isdir(path)
        )


def _identity(path: os.PathLike[str]) -> tuple[int, int] | None:
    """Return what tells a file from the one that takes its place."""
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns


def keep_destructors_quiet() -> None:
    """Say nothing more, after a command was stopped or its error shown in a line."""
    if sys.unraisablehook is _show_lost:
        sys.unraisablehook = lambda lost: None


def _show_lost(lost: "sys.UnraisableHookArgs") -> None:
    """Show an exception that a destructor has met, unless a signal raised it."""
    if not isinstance(lost.exc_value, Stopped):
        sys.__unraisablehook__(lost)


def _stop(number: int, frame: object) -> None:
    if not _is_finished:
        _received.append(number)
        raise Stopped(number)
