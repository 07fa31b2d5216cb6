"""What reaches the screen: results on stdout, all else on stderr, errors in a line."""

import contextlib
import pathlib
import shlex
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import typer

from segmentlearn._steps import report_steps
from segmentlearn.cli._stopping import (
    Outputs,
    Stopped,
    check_not_stopped,
    exit_code,
    ignore_signals,
    keep_destructors_quiet,
)
from segmentlearn.engine import pass_interrupts_on
from segmentlearn.exceptions import (
    ColumnWarning,
    CountWarning,
    SegmentLearnError,
    SegmentLearnWarning,
)

NO_SEGMENTS, BAD_INPUT = 1, 2

_thread = threading.local()


class InputError(SegmentLearnError):
    """What the user asked for cannot be done with these files and options."""


def echo(text: str = "") -> None:
    """Show a result."""
    typer.echo(text)


def note(text: str) -> None:
    """Show something worth knowing that is not the result."""
    typer.echo(text, err=True)


def is_watched() -> bool:
    """Whether somebody looks at stderr, so that a progress bar makes sense."""
    return sys.stderr.isatty()


@contextlib.contextmanager
def row_progress(task: str, scan: Any) -> Iterator[Callable[[], None]]:
    """Give a function that shows how far the scan of a table has come."""
    if not is_watched():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(task),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%  {task.fields[rows]}"),
        TimeRemainingColumn(compact=True),
    )
    started = time.perf_counter()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=1.0, rows="")

        def show() -> None:
            speed = scan.n_rows / (time.perf_counter() - started)
            rows = f"{scan.n_rows:,} rows, {speed:,.0f} rows/s"
            progress.update(bar, completed=scan.fraction, rows=rows)

        yield show


@contextlib.contextmanager
def waiting(task: str, *, unless: bool = False) -> Iterator[None]:
    """Show that something is being done that takes a while, and at what it is."""
    if unless or not is_watched():
        yield
        return
    from rich.console import Console

    with (
        Console(stderr=True).status(task) as status,
        report_steps(lambda words: status.update(f"{task}: {words}")),
    ):
        yield


def shows_blocks() -> bool:
    """Whether stdout can show the characters that small curves are drawn with."""
    try:
        "▁█→".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


@contextlib.contextmanager
def plain_errors(command: str, *outputs: pathlib.Path | None) -> Iterator[None]:
    """Show warnings, errors about the input and an interruption as one line each.

    Errors of other kinds are defects; they keep their traceback.
    """
    files = Outputs(outputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", SegmentLearnWarning)
        shown = _OncePerText()
        warnings.showwarning = shown
        try:
            try:
                with pass_interrupts_on():
                    yield
                    check_not_stopped()
            except Exception:
                check_not_stopped()
                raise
            finally:
                shown.show_counts()
            ignore_signals()
        except (Stopped, KeyboardInterrupt) as stop:
            note(f"Stopped: {command} has not finished. {files.describe()}")
            keep_destructors_quiet()
            raise typer.Exit(exit_code(stop)) from None
        except BrokenPipeError:  # as by head; click ends without a word
            raise
        except (SegmentLearnError, ValueError, OSError) as error:
            note(f"Error: {_one_line(_describe(error))}{files.written()}")
            keep_destructors_quiet()
            raise typer.Exit(BAD_INPUT) from error


@contextlib.contextmanager
def warned_before() -> Iterator[None]:
    """Leave out warnings of this thread: another reading of the rows has raised them.

    Rows that are counted in warnings would be counted twice.
    """
    _thread.is_muted = True
    try:
        yield
    finally:
        _thread.is_muted = False


class _OncePerText:
    """Shows a warning as one line, and the same line only once.

    Warnings that count rows are added up over the batches of a table, and shown last.
    """

    def __init__(self) -> None:
        self._shown: set[str] = set()
        self._counts: dict[str, CountWarning] = {}
        self._lock = threading.Lock()  # batches are scored in threads

    def __call__(self, message: Warning | str, *args: Any, **kwargs: Any) -> None:
        if getattr(_thread, "is_muted", False):
            return
        with self._lock:
            if isinstance(message, CountWarning):
                before = self._counts.get(message.before)
                self._counts[message.before] = before + message if before else message
                return
            text = _one_line(_in_words_of_options(message))
            if text not in self._shown:
                self._shown.add(text)
                note(f"Warning: {text}")

    def show_counts(self) -> None:
        """Show the warnings that were added up."""
        for message in self._counts.values():
            note(f"Warning: {_one_line(str(message))}")


def _in_words_of_options(message: Warning | str) -> str:
    """Return a warning with the cure that the command line has."""
    if not isinstance(message, ColumnWarning):
        return str(message)
    first = shlex.quote(message.columns[0])
    return (
        f"The column(s) {message.columns} {message.reason}. --numeric {first} uses one "
        f"as a number, --categorical {first} as a category; --drop {first} leaves it "
        "out."
    )


def _describe(error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and not error.strerror:
        return f"{error}: there is no such file or folder."
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def _one_line(text: str) -> str:
    return " ".join(text.split())
