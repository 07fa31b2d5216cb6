"""How a fitted net travels: pickled inside its estimator, or as a file of its own."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from segmentlearn._forks import check_not_forked
from segmentlearn.neural_network._fitted_network import FittedNetwork

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


def _read(file: Any) -> FittedNetwork:
    """Return a pickled net."""
    if isinstance(file, int):
        raise ValueError("The net of this estimator is kept in another file.")
    return FittedNetwork.from_file(file)


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

    def place(network: Any) -> int:
        """Return the net's position; one asked for twice is written once."""
        if isinstance(network, int):
            return network
        if id(network) not in positions:
            positions[id(network)] = len(archives)
            archives.append(network.to_file())
        return positions[id(network)]

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
    networks: Sequence[Any], decode: StateFunction = dict
) -> Iterator[None]:
    """Put nets back into the estimators whose state is read while it lasts.

    A net is a `StoredNetwork`, or None where the net itself is not wanted.
    """
    restored: dict[int, Any] = {}

    def fetch(position: Any) -> Any:
        """Return a net, the same one each time; its position where it is not wanted."""
        if type(position) is not int or not 0 <= position < len(networks):
            raise ValueError(f"there is no net {position!r} among {len(networks)}.")
        if position not in restored:
            stored = networks[position]
            restored[position] = position
            if stored is not None:
                restored[position] = FittedNetwork(stored=stored)
                restored[position].check()
        return restored[position]

    token = _reading.set((decode, fetch))
    try:
        yield
    finally:
        _reading.reset(token)


def state_with_network(state: dict[str, Any]) -> dict[str, Any]:
    """Return an estimator's state with its net as bytes, or as a position."""
    encode, of_net = _writing.get() or (dict, FittedNetwork.to_file)
    network = state.pop("_network", None)
    return encode(state) | ({} if network is None else {"model_": of_net(network)})


def network_from_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return a stored state with its net as a `FittedNetwork`."""
    decode, of_net = _reading.get() or (dict, _read)
    stored = state.pop("model_", None)
    return decode(state) | ({} if stored is None else {"_network": of_net(stored)})
