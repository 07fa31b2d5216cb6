"""The likelihood of mixed columns: what an autoencoder is trained on, and scores by."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

_LOG_SMALLEST_SCALE = float(np.log(0.1))
_LARGEST_LOGIT = 30.0  # e to it is a float32 with room for sums


def _keras_ops() -> Any:
    import keras

    return keras.ops


@functools.lru_cache(maxsize=256)
def mixed_likelihood(
    numeric: tuple[int, ...],
    categories: tuple[tuple[int, ...], ...],
    indicators: tuple[int, ...],
) -> Callable[[Any, Any], Any]:
    """Return the loss that treats each column by its type.

    Numbers have a Gaussian likelihood with a scale that is learnt for each column,
    categories the cross-entropy divided by that of a guess; cells that were missing do
    not count. The result is the mean over the cells that do.

    Parameters
    ----------
    numeric : tuple of int
        Positions of the numbers.
    categories : tuple of tuple of int
        Positions of the one-hot columns of each category.
    indicators : tuple of int
        For each number the position of the indicator of its missing cells, or -1.

    Returns
    -------
    loss : callable
        Of a prepared table, and of what an autoencoder with ``n_scales=len(numeric)``
        makes of it, both tensors or both arrays; gives one value a row. The same one
        for the same columns, so that fits share a compiled program.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import mixed_likelihood
    >>> loss = mixed_likelihood((0,), ((1, 2),), (-1,))
    >>> table = np.array([[1.0, 0.0, 1.0]], "float32")
    >>> output = np.array([[1.0, 0.0, 0.0, 0.0]], "float32")  # the last one a log-scale
    >>> loss(table, output).round(2)
    array([0.5], dtype=float32)
    """
    n_numbers = len(numeric)
    known_always = np.array([place < 0 for place in indicators], np.float32)
    places = [max(place, 0) for place in indicators]
    places_of_levels = [place for category in categories for place in category]
    lengths = [len(category) for category in categories]
    belongs = np.repeat(np.eye(len(categories), dtype=np.float32), lengths, axis=0)
    guesses = np.log(np.maximum(2.0, np.array(lengths, np.float32)))
    level_guesses = np.repeat(guesses, lengths)

    def loss(y_true: Any, y_pred: Any) -> Any:
        ops: Any = np if isinstance(y_pred, np.ndarray) else _keras_ops()
        total: Any = 0.0
        n_cells: Any = float(len(categories))
        if n_numbers:
            log_scale = ops.maximum(y_pred[..., -n_numbers:], _LOG_SMALLEST_SCALE)
            missing = ops.take(y_true, places, axis=-1) * (1.0 - known_always)
            error = ops.take(y_true, numeric, axis=-1)
            error -= ops.take(y_pred, numeric, axis=-1)
            cells = ops.square(error * ops.exp(-log_scale)) / 2.0 + log_scale
            total += ops.sum(cells * (1.0 - missing), axis=-1)
            n_cells += n_numbers - ops.sum(missing, axis=-1)
        if categories:
            # all categories at once: few operations, quickly compiled
            logits = ops.take(y_pred, places_of_levels, axis=-1)
            logits = ops.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT)
            sums = ops.log(ops.matmul(ops.exp(logits), belongs))
            total += ops.sum(sums / guesses, axis=-1)
            chosen = ops.take(y_true, places_of_levels, axis=-1)
            total -= ops.sum(chosen * logits / level_guesses, axis=-1)
        return total / ops.maximum(n_cells, 1.0)

    return loss
