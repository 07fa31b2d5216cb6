"""What a long piece of work is at, for whoever shows it."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator

_listener: contextvars.ContextVar[Callable[[str], None] | None] = (
    contextvars.ContextVar("listener", default=None)
)


@contextlib.contextmanager
def report_steps(listener: Callable[[str], None]) -> Iterator[None]:
    """Call a function with a few words on each step, as long as it lasts."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def begin_step(words: str) -> None:
    """Say what begins; nobody hears it in another process."""
    listener = _listener.get()
    if listener is not None:
        listener(words)
