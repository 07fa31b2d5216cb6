"""Compiled programs, kept for the next fit of the same architecture."""

import collections
import json
import threading
from collections.abc import Hashable
from typing import Any, NamedTuple

from segmentlearn.engine import architecture, losses
from segmentlearn.engine.data import Rows
from segmentlearn.engine.program import Program, Recipe

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


class ProgramCache:
    """Least-recently-used programs by architecture, safe to use from several threads.

    Parameters
    ----------
    size : int
        Most programs kept; the one unused for longest goes first.
    """

    def __init__(self, size: int = MAX_PROGRAMS) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._programs: collections.OrderedDict[Hashable, Program] = (
            collections.OrderedDict()
        )
        self._hits = self._misses = self._gone = 0

    def get(self, model: Any, recipe: Recipe, rows: Rows) -> Program:
        """Return the program of a model, made where the cache has none.

        A model that cannot be rebuilt from its configuration gets a program of its own,
        which is not kept.
        """
        try:
            key = (
                architecture.architecture_key(model),
                *_recipe_key(recipe),
                rows.shapes,
            )
        except architecture.NotCloneableError:
            return Program(model, recipe, rows, copy=False)
        with self._lock:
            program = self._programs.get(key)
            if program is not None:
                self._hits += 1
                self._programs.move_to_end(key)
                return program
            self._misses += 1
            try:
                program = Program(model, recipe, rows)
            except architecture.NotCloneableError:
                return Program(model, recipe, rows, copy=False)
            self._programs[key] = program
            while len(self._programs) > self._size:
                _, oldest = self._programs.popitem(last=False)
                self._gone += len(oldest.shapes_compiled)
            return program

    def info(self) -> CacheInfo:
        """Count programs, hits, misses and compilations."""
        with self._lock:
            compiled = sum(len(p.shapes_compiled) for p in self._programs.values())
            return CacheInfo(
                len(self._programs), self._hits, self._misses, self._gone + compiled
            )

    def clear(self) -> None:
        """Forget every program and start counting anew."""
        with self._lock:
            self._programs.clear()
            self._hits = self._misses = self._gone = 0


PROGRAMS = ProgramCache()


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
    return PROGRAMS.info()


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
    PROGRAMS.clear()


def _recipe_key(recipe: Recipe) -> tuple:
    """Return what the compiled epoch depends on, free numbers left out."""
    config = {**recipe.optimizer.get_config(), "learning_rate": None, "name": None}
    config["weight_decay"] = config.get("weight_decay") is not None
    return (
        type(recipe.optimizer),
        json.dumps(config, sort_keys=True, default=str),
        losses.identity_key(recipe.loss),
        losses.identity_key(recipe.metrics),
        recipe.loss_weights,
        recipe.batch_size,
        recipe.n_members,
        recipe.jit_compile,
    )
