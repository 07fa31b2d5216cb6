"""Load TensorFlow once, quietly and with sane threads; everything here imports it so."""

import contextlib
import os
import pathlib
import stat
import sys
from collections.abc import Iterator

from segmentlearn.exceptions import SegmentLearnError


def _prepare_environment() -> None:
    """Set what TensorFlow reads only once, before it is imported."""
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    # joblib's worker processes announce their share of the cores in OMP_NUM_THREADS,
    # which TensorFlow does not read: without this, n_jobs workers fight for the cores
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit():
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", threads)
    folder = os.environ.get("SEGMENTLEARN_XLA_CACHE")
    if folder:
        _enable_persistent_cache(pathlib.Path(folder))


def _enable_persistent_cache(folder: pathlib.Path) -> None:
    """Let XLA keep compiled programs in a folder that belongs to the user alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.stat()
    foreign = hasattr(os, "getuid") and facts.st_uid != os.getuid()
    if foreign or stat.S_IMODE(facts.st_mode) & 0o077:
        raise SegmentLearnError(
            f"SEGMENTLEARN_XLA_CACHE={folder}: the folder will hold executable code, so "
            f"it must belong to you alone; run 'chmod 700 {folder}' or name another one."
        )
    flag = f"--tf_xla_persistent_cache_directory={folder}"
    present = os.environ.get("TF_XLA_FLAGS", "")
    if "tf_xla_persistent_cache_directory" not in present:
        os.environ["TF_XLA_FLAGS"] = f"{present} {flag}".strip()


@contextlib.contextmanager
def _quiet_start() -> Iterator[None]:
    """Keep what TensorFlow's C++ code says about absent GPUs off the user's screen.

    It writes to the file descriptor, before any log level is read. Python's errors are
    exceptions and get through; so does everything where the user has set the log level.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


_prepare_environment()

with _quiet_start():
    import keras
    import tensorflow as tf

    tf.config.list_physical_devices()

if keras.backend.backend() != "tensorflow":
    raise SegmentLearnError(
        f"Keras runs on the {keras.backend.backend()!r} backend here, and segmentlearn "
        "trains on TensorFlow; start Python with KERAS_BACKEND=tensorflow."
    )

__all__ = ["keras", "tf"]
