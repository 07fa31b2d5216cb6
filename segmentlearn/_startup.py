"""What must happen before Keras is imported, wherever that is done first.

TensorFlow reads its threads, its log level and its compiler flags once, while it is
being imported. Nothing here imports it.
"""

import contextlib
import gc
import importlib
import os
import pathlib
import stat
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from segmentlearn.exceptions import SegmentLearnError

# worker processes inherit what was set here, not by the user
_OWN_LOG_LEVEL = "SEGMENTLEARN_SETS_LOG_LEVEL"
_OWN_THREADS = "SEGMENTLEARN_SETS_THREADS"
_USER_SETS_LOG_LEVEL = (
    "TF_CPP_MIN_LOG_LEVEL" in os.environ and _OWN_LOG_LEVEL not in os.environ
)


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Prepare the environment, and keep C++ start-up messages off the screen.

    TensorFlow writes about absent GPUs to the file descriptor, before any log level is
    read. Python's errors are exceptions and get through; so does everything where the
    user has set ``TF_CPP_MIN_LOG_LEVEL``.
    """
    _prepare_environment()
    if _USER_SETS_LOG_LEVEL:
        with _uncollected():
            yield
        return
    _silence.enter()
    try:
        with _uncollected():
            yield
        tensorflow = sys.modules.get("tensorflow")
        if tensorflow is not None and hasattr(tensorflow, "config"):
            # unless another thread is importing it, it looks for a GPU once, quietly
            tensorflow.config.list_physical_devices()
    finally:
        _silence.leave()


class _Silence:
    """Keeps file descriptor 2 off the screen while any thread is within."""

    def __init__(self) -> None:
        self._lock, self._n_within, self._kept = threading.Lock(), 0, -1

    def enter(self) -> None:
        with self._lock:
            self._n_within += 1
            if self._n_within == 1:
                sys.stderr.flush()
                self._kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, 2)
                os.close(nowhere)

    def leave(self) -> None:
        with self._lock:
            self._n_within -= 1
            if self._n_within == 0:
                os.dup2(self._kept, 2)
                os.close(self._kept)


_silence = _Silence()
_counting = threading.Lock()
_n_importing, _collects = 0, False  # threads within, whether Python collected before


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector off while any thread is within.

    Modules are objects that stay: looking for garbage among them over and over takes a
    quarter of TensorFlow's import.
    """
    global _n_importing, _collects
    with _counting:
        if not _n_importing:
            _collects = gc.isenabled()
            gc.disable()
        _n_importing += 1
    try:
        yield
    finally:
        with _counting:
            _n_importing -= 1
            if not _n_importing and _collects:
                gc.enable()


def load_lazily(package: str, modules: Mapping[str, tuple[str, ...]], name: str) -> Any:
    """Import a name of a package's face at its first use, as `modules` says whence."""
    for module, names in modules.items():
        if name in names:
            with quiet_start():
                found = getattr(importlib.import_module(f"{package}.{module}"), name)
            setattr(sys.modules[package], name, found)  # the next time without this
            return found
    raise AttributeError(f"module {package!r} has no attribute {name!r}")


def _prepare_environment() -> None:
    if "TF_CPP_MIN_LOG_LEVEL" not in os.environ:
        os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "2", _OWN_LOG_LEVEL: "1"})
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    # joblib's worker processes announce their share of the cores in OMP_NUM_THREADS,
    # which TensorFlow does not read: without this, n_jobs workers fight for the cores
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit():
        # a worker inherits its parent's settings, which were for the parent
        inherited = os.environ.get(_OWN_THREADS)
        os.environ[_OWN_THREADS] = threads
        for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            if os.environ.get(name, inherited) == inherited:
                os.environ[name] = threads
    folder = os.environ.get("SEGMENTLEARN_XLA_CACHE")
    if folder and "tensorflow" not in sys.modules:
        _enable_persistent_cache(pathlib.Path(folder))


def _enable_persistent_cache(folder: pathlib.Path) -> None:
    """Let XLA keep compiled programs in a folder that belongs to the user alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.stat()
    foreign = hasattr(os, "getuid") and facts.st_uid != os.getuid()
    if foreign or stat.S_IMODE(facts.st_mode) & 0o077:
        raise SegmentLearnError(
            f"SEGMENTLEARN_XLA_CACHE={folder}: the folder will hold executable code, "
            "so it must belong to you alone; run "
            f"'chmod 700 {folder}' or name another one."
        )
    flag = f"--tf_xla_persistent_cache_directory={folder}"
    present = os.environ.get("TF_XLA_FLAGS", "")
    if "tf_xla_persistent_cache_directory" not in present:
        os.environ["TF_XLA_FLAGS"] = f"{present} {flag}".strip()
