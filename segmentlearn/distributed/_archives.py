"""Archives that this process holds, and the models that it has loaded from them.

The scheduler imports this and the tasks: no more than a graph of tasks needs.
"""

import dataclasses
import functools
import hashlib
import io
import threading
from collections.abc import Sequence
from typing import Any

from segmentlearn.exceptions import SegmentLearnError


@dataclasses.dataclass(frozen=True)
class Archive:
    """The bytes of an archive.

    Parameters
    ----------
    data : bytes
        As `segmentlearn.save` wrote them.
    trusted : sequence of str
        As `segmentlearn.load` takes it.
    """

    data: bytes
    trusted: Sequence[str] = ()

    @functools.cached_property
    def key(self) -> str:
        """What tasks name the archive by."""
        names = "\n".join(sorted(self.trusted))
        return hashlib.sha256(names.encode() + b"\0" + self.data).hexdigest()[:32]


@dataclasses.dataclass
class _Held:
    archive: Archive
    n_holders: int = 0
    model: Any = None


_lock = threading.Lock()
_held: dict[str, _Held] = {}


def hold(archive: Archive) -> None:
    """Keep an archive; workers that are threads of one process share it."""
    with _lock:
        _held.setdefault(archive.key, _Held(archive)).n_holders += 1


def release(archive: Archive) -> None:
    """Let go of an archive when nobody else holds it."""
    with _lock:
        found = _held.get(archive.key)
        if found is not None:
            found.n_holders -= 1
            if found.n_holders <= 0:
                del _held[archive.key]


def held_model(archive: Archive) -> Any:
    """Return the model of an archive that comes with the work, as in Spark."""
    if archive.key not in _held:
        hold(archive)
    return model_of(archive.key)


def model_of(key: str) -> Any:
    """Return the model of an archive, which is loaded at the first call."""
    with _lock:
        found = _held.get(key)
        if found is None:
            raise SegmentLearnError(
                "this process has no archive of the model: the DistributedModel was "
                "closed before its results were computed, or made for another client."
            )
        if found.model is None:
            from segmentlearn.persistence import load

            archive = found.archive
            found.model = load(io.BytesIO(archive.data), trusted=archive.trusted)
        return found.model
