"""Compiled functions with shorter stack traces of their operations."""

import contextlib
import sys
import threading
from contextlib import AbstractContextManager
from typing import Any

# Keras, the engine and the user's code stay: XLA crashes at an operation whose trace
# has no frame outside of TensorFlow, which keeps the innermost frames alone
_LEFT_OUT = ("tensorflow", "sklearn", "joblib")

_of_thread = threading.local()


def short_traces() -> AbstractContextManager[Any]:
    """Return a context in which traced operations record fewer stack frames.

    TensorFlow keeps the graph of each function that XLA compiles until the process
    ends, and about half of a graph are the files and lines of the calls that led to its
    operations. They are only shown by an error inside of a compiled epoch.
    """
    if not hasattr(_of_thread, "context"):
        _of_thread.context = _make_context()
    return _of_thread.context


def _make_context() -> AbstractContextManager[Any]:
    try:
        from tensorflow.python.util.tf_stack import StackTraceFilter
    except ImportError:  # pragma: no cover
        return contextlib.nullcontext()

    class ShortTraces(StackTraceFilter):
        def __init__(self) -> None:
            super().__init__()
            self.internal_set.update_to(
                {
                    getattr(module, "__file__", None) or ""
                    for name, module in list(sys.modules.items())
                    if name.partition(".")[0] in _LEFT_OUT
                }
            )

        def update(self) -> None:
            """Leave the set as it is: every trace would keep one of its own."""

    return ShortTraces()
