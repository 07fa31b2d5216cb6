"""Keras and TensorFlow as the engine imports them, and the private names used of them.

Replace an entry as soon as it becomes public.
"""

import contextlib
import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

from segmentlearn._startup import quiet_start
from segmentlearn.exceptions import SegmentLearnError

with quiet_start():
    import keras
    import tensorflow as tf

if keras.backend.backend() != "tensorflow":
    raise SegmentLearnError(
        f"Keras runs on the {keras.backend.backend()!r} backend here, and segmentlearn "
        "trains on TensorFlow; start Python with KERAS_BACKEND=tensorflow."
    )

try:  # what TensorFlow's own recomputed gradients use
    from tensorflow.compiler.tf2xla.ops.gen_xla_ops import xla_optimization_barrier
except ImportError:  # pragma: no cover
    xla_optimization_barrier = None

# of optimizers; not part of their configuration
EXCLUSIONS = ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern")


def raw_learning_rate(optimizer: Any) -> Any:
    """Return an optimizer's rate as it holds it: a variable, schedule or function."""
    return optimizer._learning_rate


def has_schedule(optimizer: Any) -> bool:
    """Whether an optimizer has a ``LearningRateSchedule``, so its rate can't be set."""
    return isinstance(
        raw_learning_rate(optimizer), keras.optimizers.schedules.LearningRateSchedule
    )


def averaged_weights(optimizer: Any) -> list:
    """Return the variables of a built optimizer's moving averages; none without."""
    return list(optimizer._model_variables_moving_average) if optimizer.use_ema else []


def compile_config(model: Any) -> dict | None:
    """Return the arguments of ``model.compile``; None for a compile of its own."""
    return getattr(getattr(model, "_compile_config", None), "config", None)


def flatten_layers(layer: Any) -> list:
    """Return a layer and all layers within it."""
    return list(layer._flatten_layers())


def listed_layers(model: Any) -> list:
    """Return the layers of a Sequential model with its input layers."""
    return model._layers


def takes_training(model: Any) -> bool:
    """Whether a model can be called with ``training=``."""
    return model._call_has_training_arg


def is_masked(output: Any) -> bool:
    """Whether Keras would leave parts of an output out of the loss."""
    return getattr(output, "_keras_mask", None) is not None


def averaged_function(metric: Any) -> Callable[[Any, Any], Any]:
    """Return the function whose values a ``MeanMetricWrapper`` averages."""
    return functools.partial(metric._fn, **metric._fn_kwargs)


def grows(metric: Any) -> bool:
    """Whether Keras says that a metric grows as a net gets better."""
    return getattr(metric, "_direction", "down") == "up"


def eager_context() -> Any:
    """Return what TensorFlow keeps of the process and the present thread."""
    from tensorflow.python.eager import context

    return context.context()


@contextlib.contextmanager
def without_fused_layers() -> Iterator[None]:
    """Let what this thread runs first in here keep a layer's product and bias apart.

    TensorFlow fuses them into kernels of oneDNN, of which each thread keeps the last
    1,024 shapes: a search over many architectures grows by 0.7 MB a fit.
    """
    context = eager_context()
    options = context.function_call_options
    unfused = copy.copy(options)
    unfused.config_proto_serialized = _unfused(options.config_proto_serialized)
    context.function_call_options = unfused
    try:
        yield
    finally:
        context.function_call_options = options


@functools.lru_cache(maxsize=8)
def _unfused(config: bytes) -> Any:
    """Return a configuration of TensorFlow's without the fusing of layers."""
    proto = tf.compat.v1.ConfigProto.FromString(config)
    rewrites = proto.graph_options.rewrite_options
    rewrites.remapping = type(rewrites).OFF
    return proto
