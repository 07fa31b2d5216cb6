"""Parameters that need more than a constraint: layers, batches, callbacks."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

# rows up to which a step takes so many: larger tables bear less noisy steps
_BATCH_SIZES = (
    (500, 16),
    (1000, 32),
    (2000, 64),
    (5000, 128),
    (20_000, 256),
    (100_000, 512),
)
_LARGEST_BATCH = 1024


def check_layer_sizes(hidden_layer_sizes: Any) -> list[int]:
    """Return the units of each hidden layer."""
    sizes = [hidden_layer_sizes]
    if not isinstance(hidden_layer_sizes, Integral):
        sizes = list(hidden_layer_sizes)
    if not all(isinstance(units, Integral) and int(units) >= 1 for units in sizes):
        raise ValueError(
            f"hidden_layer_sizes={hidden_layer_sizes!r} must be whole numbers above 0, "
            "one for each hidden layer, such as (64, 64)."
        )
    return [int(units) for units in sizes]


def resolve_batch_size(batch_size: Any, n_rows: int) -> int:
    """Return the rows of one step."""
    if batch_size != "auto":
        return int(batch_size)
    fitting = (size for most, size in _BATCH_SIZES if n_rows <= most)
    return next(fitting, _LARGEST_BATCH)


def check_callbacks(callbacks: Sequence | None) -> Sequence:
    """Return the callbacks, which must be objects with Keras' hooks."""
    for position, callback in enumerate(callbacks or ()):
        if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
            raise ValueError(
                f"callbacks[{position}]={callback!r} is not a Keras callback; pass "
                "objects such as keras.callbacks.TerminateOnNaN()."
            )
    return callbacks or ()
