"""Give back what TensorFlow keeps of functions that nobody can call any more.

TensorFlow never forgets a compiled program: XLA's executables, the kernels that ran
eagerly and the gradients of ``tf.custom_gradient`` stay until the process ends, even
where the function they belong to is gone. A search over hundreds of architectures would
take gigabytes, so from time to time these stores are emptied. What is still in use is
filled in again by its next call: results are the same, and a kept program compiles once
more.
"""

import collections
import contextlib
import ctypes
import functools
import gc
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any

from segmentlearn._cores import n_cores
from segmentlearn.engine._keras_compat import eager_context, keras, tf

EVERY = 4  # functions that went since the stores were last emptied

# the store of XLA's executables, under the name by which TensorFlow looks it up; both
# are checked by its destroying op, which passes over what is not there
_STORE = "xla_device_compiler"
_STORE_TYPES = (
    "N10tensorflow14DeviceCompilerIN3xla15LocalExecutableENS1_11LocalClientEEE",
    "class tensorflow::DeviceCompiler<class xla::LocalExecutable,"
    "class xla::LocalClient>",  # as Windows spells it
)


class Gate:
    """Lets compiled programs run side by side, or one thread clear up alone.

    There run as many as there are cores. Further ones wait in a queue: trainings that
    were started together then end together, and no core is idle before that.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: collections.deque[object] = collections.deque()
        self._n_inside = self._n_waiting = 0

    @contextlib.contextmanager
    def run(self) -> Iterator[None]:
        """Run a program; waits for a core, and while somebody clears up."""
        with self._changed:
            self._queue.append(ticket := object())
            try:
                self._changed.wait_for(lambda: self._may_run(ticket))
                self._n_inside += 1
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._n_inside -= 1
                self._changed.notify_all()

    def _may_run(self, ticket: object) -> bool:
        is_free = not self._n_waiting and self._n_inside < n_cores()
        return is_free and self._queue[0] is ticket

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Clear up: waits for the programs that run and keeps others from starting."""
        with self._changed:  # held all the while, so that nobody gets in
            self._n_waiting += 1
            try:
                self._changed.wait_for(lambda: self._n_inside == 0)
                yield
            finally:
                self._n_waiting -= 1
                self._changed.notify_all()


GATE = Gate()
_lock = threading.Lock()
_n_gone = 0


def note_gone(n_functions: int = 1) -> None:
    """Take note of functions that are compiled and will not be called again."""
    global _n_gone
    with _lock:
        _n_gone += n_functions


def reclaim_if_due() -> bool:
    """Empty TensorFlow's stores once enough has gone; return whether that was now."""
    global _n_gone
    with _lock:
        if _n_gone < EVERY:
            return False
        _n_gone = 0
    reclaim()
    return True


def reclaim() -> None:
    """Empty TensorFlow's stores and return the memory to the operating system."""
    tie_gradients_to_graphs()
    gc.collect()  # programs, layers and graphs refer to each other in circles
    eager_context().clear_kernel_cache()
    with GATE.alone():
        # those that another thread may be running now, and the engine did not start,
        # would be taken from under it; the engine's own wait at the gate
        frames = sys._current_frames()
        del frames[threading.get_ident()]
        if not any(map(_is_foreign, frames.values())):
            _drop_executables()
    if sys.platform == "linux":  # where the C library has to be asked to
        with contextlib.suppress(AttributeError, OSError):  # not glibc
            ctypes.CDLL(None).malloc_trim(0)


def tie_gradients_to_graphs() -> None:
    """Let each gradient of ``tf.custom_gradient`` live as long as its graph.

    TensorFlow registers them under names of their own for good, and each one holds the
    graph that it was traced in: silu in a hidden layer is enough.
    """
    registry = _gradient_registry()
    for name in [key for key in list(registry) if key.startswith("CustomGradient-")]:
        entry = registry.get(name)
        graph = entry and _graph_of(entry["type"])
        if not entry or graph is None:  # that of a stand-in is not found
            continue
        graph._held_gradients = [*getattr(graph, "_held_gradients", ()), entry["type"]]
        entry["type"] = _GradientOfLiveGraph(entry["type"])
        weakref.finalize(graph, registry.pop, name, None).atexit = False


class _GradientOfLiveGraph:
    """Stands in the registry for a gradient that its graph holds."""

    def __init__(self, function: Any) -> None:
        self.function = weakref.ref(function)

    def __call__(self, *arguments: Any) -> Any:
        return self.function()(*arguments)  # type: ignore[misc]


def _graph_of(function: Any) -> Any:
    """Return the graph that a registered gradient holds; None where it is unlike."""
    try:
        (inner,) = function.__closure__
        names = inner.cell_contents.__code__.co_freevars
        cells = dict(zip(names, inner.cell_contents.__closure__, strict=True))
        return keras.tree.flatten(cells["result"].cell_contents)[0].graph
    except Exception:
        return None


def _gradient_registry() -> dict:
    try:
        from tensorflow.python.framework.ops import gradient_registry
    except ImportError:  # pragma: no cover
        return {}
    return getattr(gradient_registry, "_registry", {})


def _is_foreign(frame: Any) -> bool:
    """Whether a thread is in Keras or TensorFlow, and not by way of the engine."""
    names = []
    while frame is not None:
        names.append(frame.f_globals.get("__name__") or "")
        frame = frame.f_back
    if any(name.endswith("tensorflow.trainer") for name in names):  # Keras' own fit
        return True
    if any(name.startswith("segmentlearn.engine.") for name in names):
        return False
    return any(name.partition(".")[0] in ("tensorflow", "keras") for name in names)


def _drop_executables() -> None:
    """Destroy the store of XLA's executables; the next call makes a new one."""
    for device in tf.config.list_logical_devices("CPU"):
        for name in _STORE_TYPES:
            with tf.device(device.name):
                tf.raw_ops.DestroyResourceOp(
                    resource=_handle(device.name, name), ignore_lookup_error=True
                )


@functools.lru_cache(maxsize=8)
def _handle(device: str, type_name: str) -> Any:
    """Return a handle on the store."""
    from tensorflow.core.framework import tensor_pb2, types_pb2

    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_RESOURCE)
    handle = proto.resource_handle_val.add()
    handle.device = f"/job:localhost/replica:0/task:0{device}"
    handle.container = "localhost"
    handle.name = _STORE
    handle.hash_code = _hash(type_name)
    handle.maybe_type_name = type_name
    return tf.raw_ops.ParseTensor(
        serialized=proto.SerializeToString(), out_type=tf.resource
    )


def _hash(text: str) -> int:
    """Return TensorFlow's 64-bit hash, put together from two remainders of it."""
    most, rest = 2**63 - 1, 2**32
    high, low = (
        int(tf.raw_ops.StringToHashBucket(string_tensor=text, num_buckets=divisor))
        for divisor in (most, rest)
    )
    wholes = range(high, 2**64, most)
    return next(whole for whole in wholes if whole % rest == low)
