"""What Ctrl-C ends: one training, or the whole job that the training is a part of."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator

_is_part_of_job = contextvars.ContextVar[Callable[[], bool]](
    "is_part_of_job", default=lambda: False
)


@contextlib.contextmanager
def pass_interrupts_on(unless: Callable[[], bool] | None = None) -> Iterator[None]:
    """Let Ctrl-C end the job, not only the training that it meets.

    While it lasts, a training that is interrupted raises ``KeyboardInterrupt``, and its
    model has the weights that it had before. Otherwise `fit` returns, and the model has
    the best weights so far: right for a training that somebody watches, and wrong for a
    search, a comparison or an ensemble, which would go on as if nothing had happened.

    Parameters
    ----------
    unless : callable, default=None
        Asked when Ctrl-C comes: whether the training may return after all, because it
        is the last one to do. It may not where a job around this one passes on. None:
        never.

    Yields
    ------
    None

    Examples
    --------
    >>> from segmentlearn import engine
    >>> with engine.pass_interrupts_on():
    ...     pass  # several calls of engine.fit
    """
    around = _is_part_of_job.get()
    token = _is_part_of_job.set(lambda: around() or unless is None or not unless())
    try:
        yield
    finally:
        _is_part_of_job.reset(token)


def ends_the_job() -> bool:
    """Whether an interrupted training must not return."""
    return _is_part_of_job.get()()
