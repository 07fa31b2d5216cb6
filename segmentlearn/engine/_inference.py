"""Predict with a Keras model: compiled once an architecture, in bounded memory."""

from typing import Any

import numpy as np

from segmentlearn._forks import check_not_forked
from segmentlearn.engine._cache import PREDICTORS
from segmentlearn.engine._data._rows import as_number, is_plain_list, skeleton
from segmentlearn.engine._keras_compat import keras, tf, without_fused_layers
from segmentlearn.engine._program import _architecture

_CHUNKS = (256, 4096, 65536)  # a call is padded to one of these, so few are compiled


def predict(
    model: Any,
    X: Any,
    *,
    batch_size: int = 65536,
    dtype: Any = None,
    n_members: int | None = None,
) -> Any:
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
    n_members : int, default=None
        Length of the member axis of a model that `fit` has trained with one: each
        member sees all rows.

    Returns
    -------
    outputs : ndarray of shape (n_samples, ...), or a list, tuple or dict of them
        Nested as ``model.predict`` nests them; with a member axis
        (n_members, n_samples, ...).

    Raises
    ------
    ValueError
        If the rows are not of the shape that the model takes.
    ForkedProcessError
        In a process that was forked while TensorFlow was running.

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
    check_not_forked()
    if is_plain_list(X):
        X = np.asarray(X)
    leaves = [np.asarray(leaf) for leaf in keras.tree.flatten(X)]
    _check_rows(model, leaves, batch_size, lead=0 if n_members is None else 1)
    n_rows = len(leaves[0])
    if any(len(leaf) != n_rows for leaf in leaves):
        lengths = [len(leaf) for leaf in leaves]
        raise ValueError(f"the arrays of X have different lengths: {lengths}.")
    predictor = _predictor(model)
    weights = [tf.convert_to_tensor(variable.value) for variable in model.weights]
    results: list[np.ndarray] = []
    all_members = () if n_members is None else (slice(None),)
    for start in range(0, max(n_rows, 1), batch_size):
        chunk = [as_number(leaf[start : start + batch_size], "X") for leaf in leaves]
        n_chunk = len(chunk[0])
        size = next((size for size in _CHUNKS if size >= n_chunk), n_chunk)
        padded = [_pad(leaf, size) for leaf in chunk]
        if n_members is not None:
            padded = [np.broadcast_to(x, (n_members, *x.shape)) for x in padded]
        outputs = predictor(weights, keras.tree.pack_sequence_as(X, padded))
        found = [np.asarray(out) for out in keras.tree.flatten(outputs)]
        if not results:
            axis = len(all_members)
            shapes = [(*x.shape[:axis], n_rows, *x.shape[axis + 1 :]) for x in found]
            kinds = [dtype or out.dtype for out in found]
            results = list(map(np.empty, shapes, kinds))
        for result, out in zip(results, found, strict=True):
            at = (*all_members, slice(start, start + n_chunk))
            result[at] = out[(*all_members, slice(n_chunk))]
    return keras.tree.pack_sequence_as(outputs, results)


def _check_rows(
    model: Any, leaves: list[np.ndarray], batch_size: int, lead: int
) -> None:
    """Say what is wrong with a table before the graph meets it."""
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size!r} must be 1 or more.")
    if not leaves or any(leaf.ndim == 0 for leaf in leaves):
        raise ValueError("X must be an array of rows, or a list or dict of them.")
    inputs: Any = getattr(model, "inputs", None) or ()
    if len(inputs) != 1 or len(leaves) != 1:
        return
    wanted, given = tuple(inputs[0].shape[1 + lead :]), leaves[0].shape[1:]
    taken = given
    if given == wanted[:-1] and wanted[-1:] == (1,):
        taken = (*given, 1)  # Keras adds, or drops, an axis of length one
    elif given == (*wanted, 1):
        taken = given[:-1]
    pairs = zip(wanted, taken, strict=False)
    if len(wanted) != len(taken) or any(a not in (None, b) for a, b in pairs):
        raise ValueError(f"X has rows of shape {given}; the model takes {wanted}.")


def _predictor(model: Any) -> Any:
    """Return the compiled forward pass of an architecture; weights are arguments."""
    try:
        key = _architecture.architecture_key(model)
        return PREDICTORS.get(
            key, lambda: _compile(_architecture.copy_architecture(model))
        )
    except _architecture.NotCloneableError:
        mode = _architecture.training_argument(model, False)
        return lambda weights, X: model(X, **mode)


def _compile(model: Any) -> Any:
    """Trace the forward pass of the engine's own copy of a model."""
    position = {id(variable): index for index, variable in enumerate(model.weights)}

    def values(variables: list, weights: list) -> list:
        return [
            weights[position[id(v)]] if id(v) in position else v.value
            for v in variables
        ]

    def forward(weights: list, X: Any) -> Any:
        outputs, _ = model.stateless_call(
            values(model.trainable_variables, weights),
            values(model.non_trainable_variables, weights),
            X,
            **_architecture.training_argument(model, False),
        )
        return outputs

    function = tf.function(forward, autograph=False)
    traced: dict[tuple, Any] = {}

    def predict_chunk(weights: list, X: Any) -> Any:
        # traced for each size and nesting on purpose; called directly TensorFlow would
        # warn of it
        leaves = [tf.convert_to_tensor(leaf) for leaf in keras.tree.flatten(X)]
        key = (repr(skeleton(X)), *((leaf.shape, leaf.dtype) for leaf in leaves))
        X = keras.tree.pack_sequence_as(X, leaves)
        if key not in traced:
            specs = list(map(tf.TensorSpec.from_tensor, weights))
            traced[key] = function.get_concrete_function(
                specs, keras.tree.map_structure(tf.TensorSpec.from_tensor, X)
            )
        with without_fused_layers():
            return traced[key](weights, X)

    return predict_chunk


def _pad(leaf: np.ndarray, size: int) -> np.ndarray:
    if len(leaf) == size:
        return np.ascontiguousarray(leaf)
    padded = np.zeros((size, *leaf.shape[1:]), leaf.dtype)
    padded[: len(leaf)] = leaf
    return padded
