"""A net's graph, evaluated by NumPy in chunks of rows and in threads."""

import contextlib
import itertools
import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from segmentlearn._cores import n_cores
from segmentlearn.networks._numpy._layers import (
    LARGEST_OUTPUT,
    Function,
    NotEvaluableError,
    activation,
    equation_of,
    layer_function,
)

_CHUNK = 1024  # rows: what they become on their way stays in the processor's cache
_FEWEST_FOR_THREADS = 4 * _CHUNK
# numbers in the weights: the calls of a smaller net are too short for two threads,
# which take turns in Python
_FEWEST_WEIGHTS_FOR_THREADS = 20_000
# The last bit of a matrix product depends on which rows a kernel of the processor takes
# together. Chunks are filled up to whole ones, so a row is the same in any company.
_MULTIPLE = 16


class Evaluator:
    """A net of segmentlearn as a list of NumPy calls.

    Parameters
    ----------
    config : dict
        Of a functional model, as Keras serializes it.
    weights : dict
        For each layer's name its arrays; for that of a model in the net a dict.

    Raises
    ------
    NotEvaluableError
        If the net has a part that only Keras can compute.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn import networks
    >>> spec = networks.ClassifierSpec(3, 2, hidden_layer_sizes=(4,))
    >>> model = networks.build_classifier(spec, seed=0)
    >>> stored = networks.StoredNetwork.from_file(networks.write_network(model))
    >>> evaluator = networks.Evaluator(stored.config, stored.layer_weights())
    >>> evaluator.predict(np.zeros((1, 3)))
    array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, config: dict[str, Any], weights: Mapping[str, Any]) -> None:
        try:
            self._graph = _Graph(config, weights)
            (shape,) = [
                layer["config"]["batch_shape"]
                for layer in config["config"]["layers"]
                if layer["class_name"] == "InputLayer"
            ]
            self._n_inputs, self._n_weights = shape[-1], _count(weights)
            self._graph.check(np.zeros((1, self._n_inputs), np.float32))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise NotEvaluableError(f"an unknown configuration ({error!r})") from error

    def predict(self, X: np.ndarray, dtype: Any = np.float32) -> np.ndarray:
        """Return the outputs of every row.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Numbers of any type; converted a chunk at a time.
        dtype : dtype, default=float32
            Of the result; what is computed is float32.

        Returns
        -------
        outputs : ndarray of shape (n_samples, ...)
            A row's outputs depend on that row alone, to the last bit.

        Raises
        ------
        ValueError
            If the rows are not as wide as the net's input.
        """
        if X.ndim != 2 or X.shape[1] != self._n_inputs:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}; the model takes "
                f"{(self._n_inputs,)}."
            )
        starts = range(0, max(len(X), 1), _CHUNK)
        with _one_blas_thread():
            first = self._run(X[:_CHUNK])
            outputs = np.empty((len(X), *first.shape[1:]), dtype)
            outputs[:_CHUNK] = first

            def fill(start: int) -> None:
                rows = slice(start, start + _CHUNK)
                outputs[rows] = self._run(X[rows])

            is_long = len(X) >= _FEWEST_FOR_THREADS
            is_large = self._n_weights >= _FEWEST_WEIGHTS_FOR_THREADS
            n_threads = n_cores() if is_long and is_large else 1
            if n_threads == 1:
                for start in starts[1:]:
                    fill(start)
            else:
                with ThreadPoolExecutor(n_threads) as pool:
                    list(pool.map(fill, starts[1:]))
        return outputs

    def _run(self, rows: np.ndarray) -> np.ndarray:
        n_rows = max(_MULTIPLE, -(-len(rows) // _MULTIPLE) * _MULTIPLE)
        filled = np.zeros((n_rows, self._n_inputs), np.float32)
        filled[: len(rows)] = rows
        with np.errstate(all="ignore"):  # as Keras: what is not finite says so itself
            return self._graph(filled)[: len(rows)]


class _Graph:
    """The calls of a functional model, in the order of its layers."""

    def __init__(self, config: dict[str, Any], weights: Mapping[str, Any]) -> None:
        layers = {layer["name"]: layer for layer in config["config"]["layers"]}
        self._input, self._output, sources = layer_calls(config)
        self._calls: list[tuple[str, Function, list[str]]] = []
        fused = _fuse_views(layers, sources, weights)
        for name in sources:
            if name in fused.absorbed:
                continue
            layer = layers[name]
            function: Function
            if name in fused.functions:
                function = fused.functions[name]
            elif layer["class_name"] == "Functional":
                function = _Graph(layer, weights[name])
            else:
                function = layer_function(layer, weights.get(name, []))
            self._calls.append((name, function, sources[name]))

    def check(self, row: np.ndarray) -> np.ndarray:
        """Evaluate a row to see that all shapes fit, and refuse what would be huge."""
        values = {self._input: row}
        with np.errstate(all="ignore"):
            for name, function, sources in self._calls:
                inputs = [values[source] for source in sources]
                evaluate = function.check if isinstance(function, _Graph) else function
                values[name] = evaluate(*inputs)
                if values[name].size > LARGEST_OUTPUT:
                    raise NotEvaluableError(f"the size of layer {name!r}")
        return values[self._output]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        values = {self._input: x}
        for name, function, sources in self._calls:
            values[name] = function(*[values[source] for source in sources])
        return values[self._output]


def layer_calls(config: dict[str, Any]) -> tuple[str, str, dict[str, list[str]]]:
    """Return a functional model's input, its output, and what each layer is called on.

    Parameters
    ----------
    config : dict
        As Keras serializes the model.

    Returns
    -------
    input, output : str
        Names of layers.
    sources : dict of str to list of str
        For each layer that a prediction needs, in the order of their calls.

    Raises
    ------
    NotEvaluableError
        If it is no functional model, or has several inputs or outputs.

    Examples
    --------
    >>> from segmentlearn import networks
    >>> spec = networks.ClassifierSpec(3, 2, hidden_layer_sizes=(4,))
    >>> model = networks.build_classifier(spec, seed=0)
    >>> config, _ = networks.configuration_and_weights(model)
    >>> networks.layer_calls(config)[2]
    {'hidden_1': ['features'], 'probabilities': ['hidden_1']}
    """
    if config["class_name"] != "Functional":
        raise NotEvaluableError(f"model {config['class_name']}")
    layers = {layer["name"]: layer for layer in config["config"]["layers"]}
    first, last = (
        _only(config["config"][f"{at}_layers"]) for at in ("input", "output")
    )
    sources: dict[str, list[str]] = {}
    pending = [last]
    while pending:
        name = pending.pop()
        if name == first or name in sources:
            continue
        sources[name] = _sources(layers[name])
        if name == "encoder" and "kept_cells" in layers:  # noise, for training
            sources[name] = [first]
        pending += sources[name]
    return first, last, {name: sources[name] for name in layers if name in sources}


def _count(weights: Mapping[str, Any]) -> int:
    return sum(
        _count(own) if isinstance(own, Mapping) else sum(array.size for array in own)
        for own in weights.values()
    )


def _only(ends: Any) -> str:
    """Return the name of a model's one input or output."""
    if not isinstance(ends[0], str):
        (ends,) = ends
    name, _, tensor_index = ends
    if tensor_index or not isinstance(name, str):
        raise NotEvaluableError("a model with several inputs or outputs")
    return name


def _sources(layer: dict[str, Any]) -> list[str]:
    """Return the names of the layers that a layer is called with, once."""
    (node,) = layer["inbound_nodes"]
    arguments = node["args"]
    if any(value for value in node["kwargs"].values()):
        raise NotEvaluableError("an argument of a call")
    if len(arguments) == 1 and isinstance(arguments[0], list):
        arguments = arguments[0]
    names = []
    for argument in arguments:
        name, _, tensor_index = argument["config"]["keras_history"]
        if tensor_index:
            raise NotEvaluableError("a layer with several outputs")
        names.append(name)
    return names


class _Fused:
    """Layers that are computed as part of another one."""

    def __init__(self) -> None:
        self.absorbed: set[str] = set()
        self.functions: dict[str, Function] = {}


def _fuse_views(
    layers: dict[str, Any], sources: dict[str, list[str]], weights: Mapping[str, Any]
) -> _Fused:
    """Join factors of features, signs of members and the kernel that members share.

    A packed net's members see the features under signs of their own. Written out, that
    is as many rows as there are members; with the signs in the kernel, it is one
    product.
    """
    fused = _Fused()
    users = Counter(itertools.chain.from_iterable(sources.values()))

    def is_plain(name: str, equation: str) -> bool:
        layer = layers[name]
        if name not in sources:
            return False
        return (
            layer["class_name"] == "EinsumDense"
            and equation_of(layer["config"]) == equation
            and layer["config"]["bias_axes"] is None
            and layer["config"]["activation"] == "linear"
            and users[name] == 1
        )

    for name in list(sources):
        layer = layers[name]
        is_shared = layer["class_name"] == "EinsumDense"
        if not is_shared or equation_of(layer["config"]) != "abc,cd->abd":
            continue
        (views,) = sources[name]
        if not is_plain(views, "ab,cb->acb"):
            continue
        for part in (name, views, *sources[views]):
            if part in weights and layers[part]["class_name"] == "EinsumDense":
                layer_function(layers[part], weights[part])  # checks it
        signs = weights[views][0]
        absorbed, features = {views}, sources[views]
        if is_plain(features[0], "ab,b->ab"):
            signs = signs * weights[features[0]][0]
            absorbed.add(features[0])
            features = sources[features[0]]
        kernel, *bias = weights[name]
        if signs.size * kernel.shape[-1] > LARGEST_OUTPUT:
            continue
        fused.functions[name] = _members_product(
            np.einsum("mi,ih->imh", signs, kernel), bias, layer["config"]
        )
        fused.absorbed |= absorbed
        sources[name] = features
    return fused


def _members_product(
    kernel: np.ndarray, bias: list[np.ndarray], config: dict[str, Any]
) -> Function:
    activate = activation(config)
    n_members, n_units = kernel.shape[1:]
    flat = np.ascontiguousarray(kernel.reshape(len(kernel), -1))
    shift = np.broadcast_to(bias[0], (n_members, n_units)).ravel() if bias else None

    def apply(x: np.ndarray) -> np.ndarray:
        y = x @ flat
        if shift is not None:
            y += shift
        return activate(y.reshape(len(x), n_members, n_units))

    return apply


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


_lock = threading.Lock()
_n_users = 0
_limit: Any = None


@contextlib.contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Keep the matrix products of this process on their own threads.

    Products are small here, and the library's threads would fight with ours. The limit
    is one for the whole process, so the last that leaves takes it back.
    """
    global _n_users, _limit
    with _lock:
        if _n_users == 0:
            _limit = _blas().limit(limits=1)
        _n_users += 1
    try:
        yield
    finally:
        with _lock:
            _n_users -= 1
            if _n_users == 0:
                _limit.restore_original_limits()


def _reset_after_fork() -> None:
    global _n_users, _lock
    _lock, _n_users = threading.Lock(), 0


if hasattr(os, "register_at_fork"):  # another thread may be predicting at that moment
    os.register_at_fork(after_in_child=_reset_after_fork)
