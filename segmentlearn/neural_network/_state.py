"""How a fitted net travels: pickled inside its estimator, or as a file of its own."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from segmentlearn import networks
from segmentlearn._forks import check_not_forked, lacks_tensorflow_threads

StateFunction = Callable[[dict[str, Any]], dict[str, Any]]


class UnreadNetwork:
    """A pickled net in a process that can use none.

    Unpickling succeeds there, since a pool of processes waits for ever for a worker
    that fails to read its task. Whatever is then done with the net fails.
    """

    def __init__(self, archive: bytes) -> None:
        self.archive = archive

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):  # which copy and pickle ask for
            check_not_forked()
        raise AttributeError(name)


def _write(model: Any) -> bytes:
    """Return a net's archive."""
    if isinstance(model, UnreadNetwork):
        return model.archive
    return networks.write_network(model)


def _read(archive: Any) -> Any:
    """Return a pickled net."""
    if isinstance(archive, int):
        raise ValueError("The net of this estimator is kept in another file.")
    if lacks_tensorflow_threads():
        return UnreadNetwork(archive)
    return networks.read_network(archive)


# how states and their nets are written and read: a pickle holds the nets themselves
_Ways = contextvars.ContextVar[tuple[StateFunction, Callable] | None]
_writing: _Ways = contextvars.ContextVar("writing", default=None)
_reading: _Ways = contextvars.ContextVar("reading", default=None)


@contextlib.contextmanager
def externalize_networks(encode: StateFunction = dict) -> Iterator[list[bytes]]:
    """Collect nets instead of writing them into their estimators' state.

    While it lasts, ``__getstate__`` of every estimator with a net leaves a number in
    the net's place: its position in the list.
    """
    archives: list[bytes] = []
    positions: dict[int, int] = {}

    def place(model: Any) -> int:
        """Return the net's position; one asked for twice is written once."""
        if isinstance(model, int):
            return model
        if id(model) not in positions:
            positions[id(model)] = len(archives)
            archives.append(_write(model))
        return positions[id(model)]

    token = _writing.set((encode, place))
    try:
        yield archives
    finally:
        _writing.reset(token)


def is_externalizing_networks() -> bool:
    """Whether estimators are written into an archive, not a pickle."""
    return _writing.get() is not None


@contextlib.contextmanager
def restore_networks(
    archives: Sequence[Any], decode: StateFunction = dict
) -> Iterator[None]:
    """Put nets back into the estimators whose state is read while it lasts.

    An archive is bytes, a function that returns them, or None for a net that is not
    wanted itself.
    """
    models: dict[int, Any] = {}

    def fetch(position: Any) -> Any:
        """Return a net, read once; its position where the net itself is not wanted."""
        if type(position) is not int or not 0 <= position < len(archives):
            raise ValueError(f"there is no net {position!r} among {len(archives)}.")
        if position not in models:
            archive = archives[position]
            archive = archive() if callable(archive) else archive
            models[position] = (
                position if archive is None else networks.read_network(archive)
            )
        return models[position]

    token = _reading.set((decode, fetch))
    try:
        yield
    finally:
        _reading.reset(token)


def state_with_network(state: dict[str, Any]) -> dict[str, Any]:
    """Return an estimator's state with its net as bytes, or as a position."""
    return _with_model(state, *(_writing.get() or (dict, _write)))


def network_from_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return a stored state with its net as a model."""
    return _with_model(state, *(_reading.get() or (dict, _read)))


def _with_model(state: dict[str, Any], of_rest: StateFunction, of_net: Callable) -> Any:
    net = state.pop("model_", None)
    return of_rest(state) | ({} if net is None else {"model_": of_net(net)})
