"""What a user sees while a net trains: nothing, a bar, or a line an epoch."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_listener: contextvars.ContextVar[Callable[[int, int], None] | None] = (
    contextvars.ContextVar("listener", default=None)
)

_title: contextvars.ContextVar[str] = contextvars.ContextVar(
    "title", default="training"
)


@contextlib.contextmanager
def progress_title(title: str) -> Iterator[None]:
    """Name what is trained in the bars that are shown as long as it lasts."""
    token = _title.set(title)
    try:
        yield
    finally:
        _title.reset(token)


@contextlib.contextmanager
def report_epochs(listener: Callable[[int, int], None]) -> Iterator[None]:
    """Call a function with the epochs done and all epochs, as long as it lasts.

    For what shows several trainings in one place. The listener may raise
    ``KeyboardInterrupt``, which ends a training as Ctrl-C does.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextlib.contextmanager
def progress_bar(
    verbose: int, epochs: int
) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    """Give a function that reports an epoch, for as long as the training lasts."""
    listener = _listener.get()
    with _shown(verbose, epochs) as show:

        def report(epoch: int, logs: dict[str, Any]) -> None:
            show(epoch, logs)
            if listener is not None:
                listener(epoch + 1, epochs)

        yield report


@contextlib.contextmanager
def _shown(
    verbose: int, epochs: int
) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    if verbose == 0:
        yield lambda epoch, logs: None
    elif verbose == 1:
        with _bar(epochs) as report:
            yield report
    else:
        from rich.console import Console

        console = Console(stderr=True, highlight=False)
        width = len(str(epochs))
        yield lambda epoch, logs: console.print(
            f"epoch {epoch + 1:>{width}}/{epochs}  {describe(logs)}"
        )


@contextlib.contextmanager
def _bar(epochs: int) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn(_title.get()),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("compiling", total=epochs)

        def report(epoch: int, logs: dict[str, Any]) -> None:
            # the losses alone, so that a line holds it: rich would cut the count off
            losses = {name: logs[name] for name in logs if name.endswith("loss")}
            progress.update(task, completed=epoch + 1, description=describe(losses))

        yield report
        # where training has stopped early, that was all of it
        progress.update(task, total=progress.tasks[task].completed or epochs)


def describe(logs: dict[str, Any]) -> str:
    """Write losses and metrics on one line; members are averaged."""
    return "  ".join(
        f"{name} {np.mean(value):.4f}"
        for name, value in logs.items()
        if name != "learning_rate"
    )
