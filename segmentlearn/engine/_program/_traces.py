"""Compiled functions without the stack trace of each of their operations."""

import contextlib
import sys
from contextlib import AbstractContextManager
from typing import Any

_PACKAGES = ("tensorflow", "keras", "segmentlearn", "sklearn", "scipy")


def short_traces() -> AbstractContextManager:
    """Return a context in which traced operations do not record who made them.

    TensorFlow keeps the graph of each function that XLA compiles until the process
    ends, and about half of a graph are the files and lines of the calls that led to its
    operations. They would only be shown by an error inside of a compiled epoch.
    """
    try:
        from tensorflow.python.util.tf_stack import StackTraceFilter
    except ImportError:  # pragma: no cover
        return contextlib.nullcontext()

    filenames = {
        getattr(module, "__file__", None) or ""
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in _PACKAGES
    }
    frame: Any = sys._getframe()
    while frame is not None:
        filenames.add(frame.f_code.co_filename)
        frame = frame.f_back

    class ShortTraces(StackTraceFilter):
        def get_filtered_filenames(self) -> set[str]:
            return filenames

    return ShortTraces()
