"""What a training step takes, and who watches: batch sizes and callbacks."""

from collections.abc import Sequence
from typing import Any

# rows up to which a step takes so many: larger tables bear less noisy steps
_BATCH_SIZES = ((1024, 64), (8192, 128), (30_000, 256), (100_000, 512))
_LARGEST_BATCH = 1024


def resolve_batch_size(batch_size: Any, n_rows: int) -> int:
    """Return the rows of one step.

    Parameters
    ----------
    batch_size : int or "auto"
        The estimator's parameter.
    n_rows : int
        Rows of the table.

    Returns
    -------
    size : int

    Examples
    --------
    >>> from segmentlearn.neural_network.steps import resolve_batch_size
    >>> resolve_batch_size("auto", 8068), resolve_batch_size(32, 8068)
    (128, 32)
    """
    if batch_size != "auto":
        return int(batch_size)
    fitting = (size for most, size in _BATCH_SIZES if n_rows <= most)
    return next(fitting, _LARGEST_BATCH)


def check_callbacks(callbacks: Sequence | None) -> Sequence:
    """Return the callbacks, which must be objects with Keras' hooks.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback or None
        The estimator's parameter.

    Returns
    -------
    callbacks : sequence

    Raises
    ------
    ValueError
        If one is a class or a plain function.
    """
    for position, callback in enumerate(callbacks or ()):
        if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
            raise ValueError(
                f"callbacks[{position}]={callback!r} is not a Keras callback; pass "
                "objects such as keras.callbacks.TerminateOnNaN()."
            )
    return callbacks or ()
