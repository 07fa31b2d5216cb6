"""Whether this process is a fork of one in which TensorFlow was running.

A forked process has TensorFlow's locks and queues and none of its threads, so whatever
waits for one of these threads waits for ever. Having imported TensorFlow does no harm:
the threads start with the first operation.
"""

import os
import sys
import threading

from segmentlearn.exceptions import ForkedProcessError

_is_fork_of_running = False


def lacks_tensorflow_threads() -> bool:
    """Whether this process, or one before it, was forked while TensorFlow ran."""
    return _is_fork_of_running


def check_not_forked() -> None:
    """Refuse to call TensorFlow where it would wait for threads that are not there."""
    if _is_fork_of_running:
        raise ForkedProcessError(
            f"process {os.getpid()} was forked while TensorFlow was running; its "
            "threads are missing here, so nets cannot be trained, nor Keras models "
            "built or used; fitted estimators predict. Start worker processes with "
            "multiprocessing.get_context('spawn') or 'forkserver', keep joblib's "
            "default backend 'loky', or load and use Keras in each worker and not "
            "before the fork (gunicorn: without --preload)."
        )


def _context_handle() -> object:
    """Return what stands for TensorFlow's threads; None before they are started."""
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    # a context that does not tell is taken for one that has started
    return None if context is None else getattr(context, "_context_handle", context)


def _has_python_threads_only() -> bool:
    """Whether no thread was started outside Python; only Linux can tell."""
    try:
        return len(os.listdir("/proc/self/task")) <= threading.active_count()
    except OSError:
        return False


def _note_fork() -> None:
    global _is_fork_of_running
    handle = _context_handle()
    if handle is not None:
        import ctypes  # which TensorFlow has imported; at the start it takes time

        _is_fork_of_running = True
        # never freed: at the end of the process it would wait for its threads, too
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(handle))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
if _context_handle() is not None and _has_python_threads_only():
    _note_fork()  # imported for the first time, in a fork of a process that ran Keras
