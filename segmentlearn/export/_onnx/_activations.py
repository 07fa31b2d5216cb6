"""Activations by Keras' names."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from segmentlearn.export._onnx._graph import Graph

Activation = Callable[[Graph, str], str]


def _plain(kind: str, **attributes: Any) -> Activation:
    """Return an activation that ONNX has."""
    return lambda g, x: g.op(kind, x, **attributes)


def _times(activation: Activation) -> Activation:
    """Return an activation times its argument."""
    return lambda g, x: g.op("Mul", x, activation(g, x))


def _gelu(g: Graph, x: str) -> str:
    phi = g.op("Erf", g.op("Mul", x, np.float32(1 / math.sqrt(2))))
    phi = g.op("Mul", g.op("Add", phi, np.float32(1)), np.float32(0.5))
    return g.op("Mul", x, phi)


_HARD_SIGMOID = _plain("HardSigmoid", alpha=1 / 6, beta=0.5)

ACTIVATIONS: dict[str, Activation] = {
    "linear": lambda g, x: x,
    "relu": _plain("Relu"),
    "relu6": lambda g, x: g.op("Clip", x, np.float32(0), np.float32(6)),
    "leaky_relu": _plain("LeakyRelu", alpha=0.2),
    "elu": _plain("Elu"),
    "selu": _plain("Selu"),
    "silu": _times(_plain("Sigmoid")),
    "swish": _times(_plain("Sigmoid")),
    "gelu": _gelu,
    "mish": _times(lambda g, x: g.op("Tanh", g.op("Softplus", x))),
    "tanh": _plain("Tanh"),
    "sigmoid": _plain("Sigmoid"),
    "hard_sigmoid": _HARD_SIGMOID,
    "hard_silu": _times(_HARD_SIGMOID),
    "softplus": _plain("Softplus"),
    "softsign": _plain("Softsign"),
    "exponential": _plain("Exp"),
    "softmax": _plain("Softmax", axis=-1),
}
