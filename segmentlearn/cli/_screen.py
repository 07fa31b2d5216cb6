"""What reaches the screen: results on stdout, all else on stderr, errors in a line."""

import contextlib
import pathlib
import shlex
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import typer

from segmentlearn.cli._stopping import Outputs, Stopped, exit_code, ignore_signals
from segmentlearn.engine import pass_interrupts_on
from segmentlearn.exceptions import (
    ColumnWarning,
    SegmentLearnError,
    SegmentLearnWarning,
)

NO_SEGMENTS, BAD_INPUT = 1, 2


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
        warnings.showwarning = _OncePerText()
        try:
            with pass_interrupts_on():
                yield
            ignore_signals()
        except (Stopped, KeyboardInterrupt) as stop:
            note(f"Stopped: {command} has not finished. {files.describe()}")
            raise typer.Exit(exit_code(stop)) from None
        except (SegmentLearnError, ValueError, OSError) as error:
            note(f"Error: {_one_line(_describe(error))}")
            raise typer.Exit(BAD_INPUT) from error


class _OncePerText:
    """Shows a warning as one line, and the same line only once."""

    def __init__(self) -> None:
        self._shown: set[str] = set()

    def __call__(self, message: Warning | str, *args: Any, **kwargs: Any) -> None:
        text = _one_line(_in_words_of_options(message))
        if text not in self._shown:
            self._shown.add(text)
            note(f"Warning: {text}")


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
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def _one_line(text: str) -> str:
    return " ".join(text.split())
