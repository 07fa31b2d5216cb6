"""How a fitted net travels: pickled inside its estimator, or as a file of its own."""

import contextlib
import contextvars
import dataclasses
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


def _read(archive: bytes) -> Any:
    """Return a pickled net."""
    if lacks_tensorflow_threads():
        return UnreadNetwork(archive)
    return networks.read_network(archive)


@dataclasses.dataclass(frozen=True)
class _Collection:
    """Nets on their way out of their estimators."""

    archives: list[bytes]
    encode: StateFunction
    positions: dict[int, int] = dataclasses.field(default_factory=dict)

    def place(self, model: Any) -> int:
        """Return the net's position; one asked for twice is written once."""
        if isinstance(model, int):
            return model
        if id(model) not in self.positions:
            self.positions[id(model)] = len(self.archives)
            self.archives.append(_write(model))
        return self.positions[id(model)]


@dataclasses.dataclass(frozen=True)
class _Supply:
    """Nets on their way back into their estimators."""

    archives: Sequence[bytes | None]
    decode: StateFunction
    models: dict[int, Any] = dataclasses.field(default_factory=dict)

    def fetch(self, position: Any) -> Any:
        """Return a net, read once; its position where the net itself is not wanted."""
        if type(position) is not int or not 0 <= position < len(self.archives):
            raise ValueError(
                f"there is no net {position!r} among {len(self.archives)}."
            )
        if position not in self.models:
            archive = self.archives[position]
            self.models[position] = (
                position if archive is None else networks.read_network(archive)
            )
        return self.models[position]


_collection: contextvars.ContextVar[_Collection | None] = contextvars.ContextVar(
    "collection", default=None
)
_supply: contextvars.ContextVar[_Supply | None] = contextvars.ContextVar(
    "supply", default=None
)


@contextlib.contextmanager
def externalize_networks(encode: StateFunction = dict) -> Iterator[list[bytes]]:
    """Collect nets instead of writing them into their estimators' state.

    While it lasts, ``__getstate__`` of every estimator with a net leaves a number in
    the net's place: its position in the list.
    """
    archives: list[bytes] = []
    token = _collection.set(_Collection(archives, encode))
    try:
        yield archives
    finally:
        _collection.reset(token)


def is_externalizing_networks() -> bool:
    """Whether estimators are written into an archive, not a pickle."""
    return _collection.get() is not None


@contextlib.contextmanager
def restore_networks(
    archives: Sequence[bytes | None], decode: StateFunction = dict
) -> Iterator[None]:
    """Put nets back into the estimators whose state is read while it lasts."""
    token = _supply.set(_Supply(archives, decode))
    try:
        yield
    finally:
        _supply.reset(token)


def state_with_network(state: dict[str, Any]) -> dict[str, Any]:
    """Return an estimator's state with its net as bytes, or as a position."""
    model = state.pop("model_", None)
    collection = _collection.get()
    if collection is not None:
        state = collection.encode(state)
    if model is not None:
        write = _write if collection is None else collection.place
        state["model_"] = write(model)
    return state


def network_from_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return a stored state with its net as a model."""
    stored = state.pop("model_", None)
    supply = _supply.get()
    if supply is not None:
        state = supply.decode(state)
    if stored is not None:
        if supply is None and isinstance(stored, int):
            raise ValueError("The net of this estimator is kept in another file.")
        read = _read if supply is None else supply.fetch
        state["model_"] = read(stored)
    return state
