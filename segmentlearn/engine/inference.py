"""Predict with a Keras model: compiled once an architecture, in bounded memory."""

import collections
import threading
from collections.abc import Hashable
from typing import Any

import numpy as np

from segmentlearn.engine import architecture
from segmentlearn.engine.backend import keras, tf

_CHUNKS = (256, 4096, 65536)  # a call is padded to one of these, so few are compiled
_MAX_PREDICTORS = 16

_predictors: collections.OrderedDict[Hashable, Any] = collections.OrderedDict()
_lock = threading.Lock()


def predict(model: Any, X: Any, *, batch_size: int = 65536, dtype: Any = None) -> Any:
    """Return a model's outputs for every row, chunk by chunk.

    Parameters
    ----------
    model : keras.Model
        A built model; its weights are read at each call.
    X : array, or list or dict of arrays, each of shape (n_samples, ...)
        Features, in the structure that the model is called with. Read a chunk at a
        time: float64 input is never copied whole.
    batch_size : int, default=65536
        Rows of a chunk at most.
    dtype : dtype, default=None
        Of the result; None keeps the model's own (float32).

    Returns
    -------
    outputs : ndarray of shape (n_samples, ...), or a list of them
        A list where the model has several outputs.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from segmentlearn import engine
    >>> layer = keras.layers.Dense(1, kernel_initializer="ones")
    >>> model = keras.Sequential([keras.Input((2,)), layer])
    >>> engine.predict(model, np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[3.],
           [7.]], dtype=float32)
    """
    leaves = [np.asarray(leaf) for leaf in keras.tree.flatten(X)]
    n_rows = len(leaves[0])
    predictor = _predictor(model)
    weights = [variable.value for variable in model.weights]
    results: list[np.ndarray] | None = None
    for start in range(0, max(n_rows, 1), batch_size):
        chunk = [_as_number(leaf[start : start + batch_size]) for leaf in leaves]
        n_chunk = len(chunk[0])
        size = next((size for size in _CHUNKS if size >= n_chunk), n_chunk)
        padded = [_pad(leaf, size) for leaf in chunk]
        outputs = predictor(weights, keras.tree.pack_sequence_as(X, padded))
        if results is None:
            results = [
                np.empty((n_rows, *out.shape[1:]), dtype or out.dtype.as_numpy_dtype)
                for out in outputs
            ]
        for result, out in zip(results, outputs, strict=True):
            result[start : start + n_chunk] = out.numpy()[:n_chunk]
    assert results is not None
    return results[0] if len(results) == 1 else results


def _predictor(model: Any) -> Any:
    """Return the compiled forward pass of an architecture; weights are arguments."""
    try:
        key = architecture.architecture_key(model)
    except architecture.NotCloneableError:
        return lambda weights, X: keras.tree.flatten(model(X, training=False))
    with _lock:
        if key in _predictors:
            _predictors.move_to_end(key)
            return _predictors[key]
        _predictors[key] = _compile(architecture.copy_architecture(model))
        while len(_predictors) > _MAX_PREDICTORS:
            _predictors.popitem(last=False)
        return _predictors[key]


def _compile(model: Any) -> Any:
    """Trace the forward pass of the engine's own copy of a model."""
    is_trainable = {id(variable) for variable in model.trainable_weights}
    trainable = [i for i, v in enumerate(model.weights) if id(v) in is_trainable]
    fixed = [i for i, v in enumerate(model.weights) if id(v) not in is_trainable]
    known = {id(variable) for variable in model.weights}
    seeds = [variable for variable in model.variables if id(variable) not in known]

    def forward(weights: list, X: Any) -> list:
        outputs, _ = model.stateless_call(
            [weights[i] for i in trainable],
            [weights[i] for i in fixed] + [variable.value for variable in seeds],
            X,
            training=False,
        )
        return keras.tree.flatten(outputs)

    return tf.function(forward, autograph=False, reduce_retracing=True)


def _as_number(leaf: np.ndarray) -> np.ndarray:
    if leaf.dtype.kind in "biu":
        return leaf.astype(np.int32, copy=False)
    return leaf.astype(np.float32, copy=False)


def _pad(leaf: np.ndarray, size: int) -> np.ndarray:
    if len(leaf) == size:
        return np.ascontiguousarray(leaf)
    padded = np.zeros((size, *leaf.shape[1:]), leaf.dtype)
    padded[: len(leaf)] = leaf
    return padded
