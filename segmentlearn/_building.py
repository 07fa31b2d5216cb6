"""Building Keras models: one at a time, and seeded.

What has no seed of its own gets one from Python's generator, initializers of weights
that are replaced at once among them. Threads that build at the same time would draw
from each other's sequence, and a seed would decide nothing.
"""

import contextlib
import os
import random
import threading
from collections.abc import Iterator

import numpy as np

from segmentlearn._forks import check_not_forked

BUILDING = threading.RLock()  # taken before any other lock
if hasattr(os, "register_at_fork"):  # another thread may hold it at that moment
    os.register_at_fork(after_in_child=BUILDING._at_fork_reinit)  # type: ignore[attr-defined]


@contextlib.contextmanager
def building(seed: int | None = 0) -> Iterator[None]:
    """Seed what Keras and a build function draw, and restore the state afterwards."""
    check_not_forked()
    with BUILDING:
        if seed is None:
            yield
            return
        of_python = random.getstate()
        of_numpy = np.random.get_state()  # noqa: NPY002
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(of_python)
            np.random.set_state(of_numpy)  # noqa: NPY002
