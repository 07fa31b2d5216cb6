"""Compiled programs, kept for the next fit of the same architecture."""

import collections
import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

from segmentlearn._building import BUILDING
from segmentlearn._cores import n_threads
from segmentlearn._forks import check_not_forked
from segmentlearn.engine._data._rows import Rows
from segmentlearn.engine._program._architecture import (
    NotCloneableError,
    architecture_key,
)
from segmentlearn.engine._program._compile_spec import CompileSpec
from segmentlearn.engine._program._epoch_program import Program
from segmentlearn.engine._program._reclaim import note_gone, reclaim, reclaim_if_due

MAX_PROGRAMS = 16


class CacheInfo(NamedTuple):
    """What the cache of compiled programs holds and has done since it was cleared.

    Attributes
    ----------
    programs : int
        Programs kept now.
    hits, misses : int
        Fits that found their program, and fits that had to make one.
    compilations : int
        Times that a program was compiled: once for each of its table sizes.
    """

    programs: int
    hits: int
    misses: int
    compilations: int


class LeastRecentlyUsed:
    """A bounded table of things that are costly to make, safe between threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.RLock()
        self._entries: collections.OrderedDict[Hashable, Any] = (
            collections.OrderedDict()
        )
        self.hits = self.misses = self.dropped_compilations = 0

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the entry of a key, made where there is none."""
        found = self._find(key)
        if found is not None:
            return found
        with BUILDING:
            found = self._find(key)  # another thread may have made it meanwhile
            if found is not None:
                return found
            entry = make()
            with self._lock:
                self.misses += 1
                self._entries[key] = entry
                while len(self._entries) > self._size:
                    _, gone = self._entries.popitem(last=False)
                    self.dropped_compilations += getattr(gone, "n_compiled", 0)
                    note_gone()
        reclaim_if_due()
        return entry

    def _find(self, key: Hashable) -> Any:
        """Return the entry of a key and count it; None where there is none."""
        with self._lock:
            if key not in self._entries:
                return None
            self.hits += 1
            self._entries.move_to_end(key)
            return self._entries[key]

    def values(self) -> list:
        """Return the entries, the one unused for longest first."""
        with self._lock:
            return list(self._entries.values())

    def clear(self) -> None:
        """Forget every entry and start counting anew."""
        with self._lock:
            self._entries.clear()
            self.hits = self.misses = self.dropped_compilations = 0


PROGRAMS = LeastRecentlyUsed(MAX_PROGRAMS)
PREDICTORS = LeastRecentlyUsed(MAX_PROGRAMS)


class ProgramPool:
    """Programs of one architecture: one for each fit that runs at the same time.

    They share what is compiled. Fits beyond those that may be under way wait for one.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._free: list[Program] = []
        self._borrowers: list[int] = []  # threads
        self.programs: list[Program] = []

    @property
    def n_compiled(self) -> int:
        """How many times its programs were compiled."""
        return sum(program.n_compiled for program in self.programs)

    @contextlib.contextmanager
    def borrow(self, make: Callable[[Program | None], Program]) -> Iterator[Program]:
        """Have a program for one fit, the one that was used last if one is free."""
        thread = threading.get_ident()
        with self._changed:
            # whoever waited for a program of its own would wait for ever
            self._changed.wait_for(
                lambda: (
                    self._free
                    or thread in self._borrowers
                    or len(self._borrowers) < n_threads()
                )
            )
            self._borrowers.append(thread)
            program = self._free.pop() if self._free else None
        try:
            if program is None:
                with BUILDING:
                    program = make(self.programs[0] if self.programs else None)
                    self.programs.append(program)
                reclaim_if_due()
            yield program
        finally:
            with self._changed:
                self._borrowers.remove(thread)
                if program is not None:
                    self._free.append(program)
                self._changed.notify()


@contextlib.contextmanager
def borrow_program(model: Any, spec: CompileSpec, rows: Rows) -> Iterator[Program]:
    """Have a program of a model for one fit, made where none is free.

    A model that cannot be rebuilt from its configuration gets a program of its own,
    which is not kept.
    """
    try:
        key = architecture_key(model), spec.key, rows.shapes, repr(rows.structure)
        pool = PROGRAMS.get(key, ProgramPool)
    except NotCloneableError:
        note_gone()  # when this fit is over
        reclaim_if_due()
        yield Program(model, spec, rows, copy=False)
        return
    with pool.borrow(lambda first: Program(model, spec, rows, first=first)) as program:
        yield program


def cache_info() -> CacheInfo:
    """Count the compiled programs of this process.

    Returns
    -------
    info : CacheInfo
        Named tuple of programs, hits, misses and compilations.

    Examples
    --------
    >>> from segmentlearn import engine
    >>> engine.clear_cache()
    >>> engine.cache_info()
    CacheInfo(programs=0, hits=0, misses=0, compilations=0)
    """
    check_not_forked()
    pools = PROGRAMS.values()
    n_programs = sum(len(pool.programs) for pool in pools)
    compilations = sum(pool.n_compiled for pool in pools)
    compilations += PROGRAMS.dropped_compilations
    return CacheInfo(n_programs, PROGRAMS.hits, PROGRAMS.misses, compilations)


def clear_cache() -> None:
    """Forget every compiled program of this process and free its memory.

    The next fit of each architecture compiles again.

    Examples
    --------
    >>> from segmentlearn import engine
    >>> engine.clear_cache()
    >>> engine.cache_info().programs
    0
    """
    check_not_forked()
    PROGRAMS.clear()
    PREDICTORS.clear()
    reclaim()
