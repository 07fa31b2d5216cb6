"""What Keras' layers compute, in NumPy: each function takes arrays and gives a new one.

Only the layers that nets of segmentlearn are made of. What is in here agrees with
Keras' own layers to rounding; anything else raises `NotEvaluableError`.
"""

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import erf

Function = Callable[..., np.ndarray]

_MOST_IN_ONE = 2**16  # numbers in a kernel that holds several, zeros between them
_IN_CACHE = 16384  # numbers of what is written and read again at once
LARGEST_OUTPUT = 2**22  # numbers of a row on its way through a net
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


class NotEvaluableError(Exception):
    """A net has a layer or a connection that only Keras can compute.

    Examples
    --------
    >>> import keras
    >>> from segmentlearn import networks
    >>> inputs = keras.Input((3,))
    >>> model = keras.Model(inputs, keras.layers.LayerNormalization()(inputs))
    >>> try:
    ...     networks.Evaluator(*networks.configuration_and_weights(model))
    ... except networks.NotEvaluableError as error:
    ...     print(error)
    layer LayerNormalization
    """


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0, out=x)


def _relu6(x: np.ndarray) -> np.ndarray:
    return np.clip(x, 0, 6, out=x)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    np.negative(x, out=x)
    np.exp(x, out=x)
    x += 1
    return np.reciprocal(x, out=x)


def _silu(x: np.ndarray) -> np.ndarray:
    numbers = x.reshape(-1)
    for start in range(0, numbers.size, _IN_CACHE):
        part = numbers[start : start + _IN_CACHE]
        divisor = np.negative(part)
        np.exp(divisor, out=divisor)
        divisor += 1
        np.divide(part, divisor, out=part)
    return x


def _gelu(x: np.ndarray) -> np.ndarray:
    return np.multiply(x, 0.5 * (1 + erf(x / np.float32(np.sqrt(2)))), out=x)


def _elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, np.float32(alpha) * np.expm1(np.minimum(x, 0)))


def _softmax(x: np.ndarray) -> np.ndarray:
    # column by column: few columns, and NumPy is slow along a short last axis
    columns = np.moveaxis(x, -1, 0)
    largest = columns[0].copy()
    for column in columns[1:]:
        np.maximum(largest, column, out=largest)
    x -= largest[..., np.newaxis]
    np.exp(x, out=x)
    total = columns[0].copy()
    for column in columns[1:]:
        total += column
    x /= total[..., np.newaxis]
    return x


def _hard_sigmoid(x: np.ndarray) -> np.ndarray:
    return np.clip(x / 6 + np.float32(0.5), 0, 1)


# by Keras' names; each may write into its argument
_ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda x: x,
    "relu": _relu,
    "relu6": _relu6,
    "leaky_relu": lambda x: np.where(x > 0, x, np.float32(0.2) * x),
    "elu": _elu,
    "selu": lambda x: np.float32(_SELU_SCALE) * _elu(x, _SELU_ALPHA),
    "silu": _silu,
    "swish": _silu,
    "gelu": _gelu,
    "mish": lambda x: x * np.tanh(np.logaddexp(x, np.float32(0))),
    "tanh": lambda x: np.tanh(x, out=x),
    "sigmoid": _sigmoid,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda x: x * _hard_sigmoid(x),
    "softplus": lambda x: np.logaddexp(x, np.float32(0)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": lambda x: np.exp(x, out=x),
    "softmax": _softmax,
}


def activation(config: dict[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    """Return the activation of a layer; it may write into its argument."""
    name = config.get("activation") or "linear"
    if not isinstance(name, str) or name not in _ACTIVATIONS:
        raise NotEvaluableError(f"activation {name!r}")
    return _ACTIVATIONS[name]


def _affine(product: Function, weights: Sequence[np.ndarray], config: dict) -> Function:
    """Return a product with a kernel, plus a bias, through an activation."""
    activate = activation(config)
    kernel = weights[0]
    if len(weights) == 1:
        return lambda x: activate(product(x, kernel))
    bias = weights[1]

    def apply(x: np.ndarray) -> np.ndarray:
        y = product(x, kernel)
        y += bias
        return activate(y)

    return apply


def _dense(config: dict, weights: Sequence[np.ndarray]) -> Function:
    _require(weights[0].ndim == 2 and not config.get("lora_rank"))
    bias = [config["units"]] if config["use_bias"] else None
    _check_shapes(weights, [config["units"]], bias)
    return _affine(_matrix_product, weights, config)


def _matrix_product(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    _require(x.ndim == 2)
    return x @ kernel


def _check_shapes(
    weights: Sequence[np.ndarray], units: list, bias: list | None
) -> None:
    """Check the last axes of a kernel, and a bias, if there is to be one."""
    _require(len(weights) == 1 + (bias is not None))
    _require(list(weights[0].shape[-len(units) :]) == units)
    _require(bias is None or list(weights[1].shape) == bias)


def _shared_kernel(
    x: np.ndarray, kernel: np.ndarray, n_members: int | None = None
) -> np.ndarray:
    _require(n_members in (None, x.shape[1]))
    y = x.reshape(-1, x.shape[-1]) @ kernel  # one product in place of many
    return y.reshape(*x.shape[:-1], -1)


def _own_kernels(x: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    y = np.empty((len(x), len(kernels), kernels.shape[-1]), np.float32)
    for number, kernel in enumerate(kernels):
        y[:, number] = np.ascontiguousarray(x[:, number]) @ kernel
    return y


def _one_kernel(kernels: np.ndarray) -> np.ndarray:
    """Lay kernels along the diagonal of one, of shape (members, inputs, outputs)."""
    n_members, n_inputs, n_outputs = kernels.shape
    whole = np.zeros((n_members, n_inputs, n_members, n_outputs), np.float32)
    members = np.arange(n_members)
    whole[members, :, members] = kernels
    return whole.reshape(n_members * n_inputs, n_members * n_outputs)


# equations of EinsumDense, letters in the order in which they appear
_PRODUCTS: dict[str, Function] = {
    "ab,b->ab": operator.mul,
    "ab,bc->abc": lambda x, kernel: x[:, :, np.newaxis] * kernel,
    "ab,cb->acb": lambda x, kernel: x[:, np.newaxis] * kernel,
    "abc,cd->abd": _shared_kernel,
    "abc,bcd->abd": _own_kernels,
}


def equation_of(config: dict[str, Any]) -> str:
    """Return the equation of an EinsumDense, its letters renamed by their order."""
    letters: dict[str, str] = {}
    return "".join(
        letters.setdefault(sign, "abcdefgh"[len(letters)]) if sign.isalpha() else sign
        for sign in config["equation"]
    )


def _einsum_dense(config: dict, weights: Sequence[np.ndarray]) -> Function:
    equation, units, bias = equation_of(config), list(config["output_shape"]), None
    _require(equation in _PRODUCTS and not config.get("lora_rank"))
    _require(math.prod(units) <= LARGEST_OUTPUT)
    if config["bias_axes"]:
        # as Keras shapes it: from the first of its axes on
        axes = config["equation"].partition("->")[2][1:]
        first = min(axes.index(axis) for axis in config["bias_axes"])
        pairs = list(zip(units, axes, strict=True))[first:]
        bias = [n if axis in config["bias_axes"] else 1 for n, axis in pairs]
    own = {"ab,b->ab": units, "ab,cb->acb": units, "abc,cd->abd": units[-1:]}
    own |= {"ab,bc->abc": units, "abc,bcd->abd": units[-1:]}
    _check_shapes(weights, own[equation], bias)
    if equation in ("ab,bc->abc", "abc,bcd->abd"):
        is_outer = equation == "ab,bc->abc"
        kernels = weights[0][:, np.newaxis] if is_outer else weights[0]
        if len(kernels) * kernels.size > _MOST_IN_ONE:
            return _affine(_PRODUCTS[equation], weights, config)
        # zeros cost less than loops along short axes
        shape = len(kernels), kernels.shape[-1]
        weights = [_one_kernel(kernels), *(w.reshape(1, *w.shape) for w in weights[1:])]
        return _affine(
            lambda x, kernel: (x.reshape(len(x), -1) @ kernel).reshape(-1, *shape),
            weights,
            config,
        )
    product = _PRODUCTS[equation]
    if equation == "abc,cd->abd":
        product = functools.partial(_shared_kernel, n_members=units[0])
    return _affine(product, weights, config)


def _batch_normalization(config: dict, weights: Sequence[np.ndarray]) -> Function:
    own = [config["scale"], config["center"], True, True]
    names = [n for n, is_own in zip(("g", "b", "m", "v"), own, strict=True) if is_own]
    _require(len(weights) == len(names) and config["axis"] == -1)
    values = dict(zip(names, weights, strict=True))
    factor = 1 / np.sqrt(values["v"] + np.float32(config["epsilon"]))
    factor *= values.get("g", np.float32(1))
    shift = values.get("b", np.float32(0)) - values["m"] * factor
    return lambda x: x * factor + shift


def _relu_layer(config: dict, weights: Sequence[np.ndarray]) -> Function:
    _require(not config["negative_slope"] and not config["threshold"])
    largest = np.float32(np.inf if config["max_value"] is None else config["max_value"])

    def apply(x: np.ndarray) -> np.ndarray:
        y = np.maximum(x, 0)
        return np.minimum(y, largest, out=y)

    return apply


def _concatenate(config: dict, weights: Sequence[np.ndarray]) -> Function:
    _require(config["axis"] == -1)
    return lambda *parts: np.concatenate(parts, axis=-1)


def _mean(*arrays: np.ndarray) -> np.ndarray:
    return _total(*arrays) / np.float32(len(arrays))


def _total(*arrays: np.ndarray) -> np.ndarray:
    _require(len({array.shape for array in arrays}) == 1)
    return sum(arrays[1:], arrays[0])


def _average_members(config: dict, weights: Sequence[np.ndarray]) -> Function:
    _require(not config.get("keepdims"))
    _require(config.get("data_format") in (None, "channels_last"))
    return lambda x: _mean(*np.moveaxis(x, 1, 0))


def _activation_layer(config: dict, weights: Sequence[np.ndarray]) -> Function:
    activate = activation(config)
    return lambda x: activate(x.copy())


def _rescaling(config: dict, weights: Sequence[np.ndarray]) -> Function:
    scale, offset = np.float32(config["scale"]), np.float32(config["offset"])
    return lambda x: x * scale + offset


def _same(config: dict, weights: Sequence[np.ndarray]) -> Function:
    return lambda x: x


# classes of layers and operations: what makes a function of their settings and weights
_MAKERS: dict[str, Callable[[dict, Sequence[np.ndarray]], Function]] = {
    "Activation": _activation_layer,
    "Add": lambda config, weights: _total,
    "Average": lambda config, weights: _mean,
    "BatchNormalization": _batch_normalization,
    "Concatenate": _concatenate,
    "Cos": lambda config, weights: np.cos,
    "Dense": _dense,
    "Dropout": _same,
    "EinsumDense": _einsum_dense,
    "Flatten": lambda config, weights: lambda x: x.reshape(len(x), -1),
    "GlobalAveragePooling1D": _average_members,
    "ReLU": _relu_layer,
    "Rescaling": _rescaling,
}


def layer_function(layer: dict[str, Any], weights: Sequence[np.ndarray]) -> Function:
    """Return what a layer, or an operation of Keras, computes."""
    module, name = str(layer.get("module")), str(layer["class_name"])
    config = layer["config"]
    is_operation = name == "Cos" and module.startswith("keras.src.ops")
    if name not in _MAKERS or not (is_operation or module == "keras.layers"):
        raise NotEvaluableError(f"layer {name}")
    policy = config.get("dtype", "float32")
    if isinstance(policy, dict):
        policy = policy.get("config", {}).get("name")
    if not is_operation:
        _require(policy == "float32")
    if any(array.dtype != np.float32 for array in weights) and name != "Dropout":
        raise NotEvaluableError(f"weights of {name}")
    return _MAKERS[name](config, weights)


def _require(condition: Any) -> None:
    if not condition:
        raise NotEvaluableError("a setting of a layer")
