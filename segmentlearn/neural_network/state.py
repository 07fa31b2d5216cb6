"""How a fitted net travels: pickled inside its estimator, or as a file of its own."""

import contextlib
import contextvars
from collections.abc import Iterator

from segmentlearn import networks

_collected: contextvars.ContextVar[list | None] = contextvars.ContextVar(
    "collected", default=None
)
_provided: contextvars.ContextVar[list | None] = contextvars.ContextVar(
    "provided", default=None
)


@contextlib.contextmanager
def networks_apart() -> Iterator[list[bytes]]:
    """Collect nets instead of writing them into their estimators' state.

    While it lasts, ``__getstate__`` of every estimator with a net leaves a number in
    the net's place: its position in the list.

    Yields
    ------
    archives : list of bytes
        Grows by one ``.keras`` archive for each net.
    """
    archives: list[bytes] = []
    token = _collected.set(archives)
    try:
        yield archives
    finally:
        _collected.reset(token)


@contextlib.contextmanager
def networks_given(archives: list[bytes]) -> Iterator[None]:
    """Put nets back into the estimators whose state is read while it lasts.

    Parameters
    ----------
    archives : list of bytes
        What :func:`networks_apart` collected.
    """
    token = _provided.set(archives)
    try:
        yield
    finally:
        _provided.reset(token)


class NetworkState:
    """Mixin for estimators with a Keras model in ``model_``: makes their state plain.

    Stands left of ``BaseEstimator``. A pickle then holds the model in Keras' own
    archive format, which is read back in safe mode.
    """

    def __getstate__(self) -> dict:
        state = dict(super().__getstate__())  # type: ignore[misc]
        if "model_" not in state:
            return state
        archive = networks.write_network(state["model_"])
        archives = _collected.get()
        if archives is None:
            state["model_"] = archive
        else:
            state["model_"] = len(archives)
            archives.append(archive)
        return state

    def __setstate__(self, state: dict) -> None:
        state = dict(state)
        archive = state.get("model_")
        if isinstance(archive, int):
            archives = _provided.get()
            if archives is None:
                raise ValueError("the net of this estimator is kept in another file.")
            archive = archives[archive]
        if archive is not None:
            state["model_"] = networks.read_network(archive)
        super().__setstate__(state)  # type: ignore[misc]
