"""What a user sees while a net trains: nothing, a bar, or a line an epoch."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


@contextlib.contextmanager
def progress_bar(
    verbose: int, epochs: int
) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    """Give a function that reports an epoch, for as long as the training lasts."""
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
        TextColumn("training"),
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


def describe(logs: dict[str, Any]) -> str:
    """Write losses and metrics on one line; members are averaged."""
    return "  ".join(
        f"{name} {np.mean(value):.4f}"
        for name, value in logs.items()
        if name != "learning_rate"
    )
