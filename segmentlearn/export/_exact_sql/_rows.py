"""A row on its way through a model: operators of ONNX on arrays of scalars.

It stands in for a `Graph`, so that one description of a model gives ONNX and SQL.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from segmentlearn.export._exact_sql._scalars import Scalar, Scalars

_LARGEST = float(np.finfo(np.float64).max)
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


class Rows:
    """Computes with arrays whose axis of customers has the length 1.

    Parameters
    ----------
    most : int
        Operations that a row may cost.
    """

    def __init__(self, most: int) -> None:
        self.scalars = Scalars(most)
        self.inputs: dict[str, Any] = {}

    def op(self, kind: str, *inputs: Any, name: str = "", **how: Any) -> np.ndarray:
        """Return what an operator makes of arrays."""
        emit = getattr(self, f"_{kind.lower()}", None)
        if emit is None and kind not in _ELEMENTWISE:
            raise _refusal(kind)
        arrays = [_as_objects(value) for value in inputs]
        if emit is not None:
            return emit(*arrays, **how)
        function = functools.partial(_ELEMENTWISE[kind], self.scalars, **how)
        return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), object)

    def cast(self, value: np.ndarray, dtype: Any) -> np.ndarray:
        """Return truths as numbers; all numbers are doubles."""
        found = np.frompyfunc(self.scalars.as_number, 1, 1)(value)
        return np.asarray(found, object)

    def concat(self, values: Any, axis: int = 1) -> np.ndarray:
        """Put values side by side."""
        return self._concat(*values, axis=axis)

    def take(self, value: np.ndarray, positions: Any, width: int) -> np.ndarray:
        """Return some of the columns of a matrix."""
        return value[:, list(positions)]

    def known(self, numbers: np.ndarray) -> np.ndarray:
        """Return which numbers are neither missing nor infinite."""
        return self.op("Not", self.op("IsNaN", numbers))

    def _cast(self, value: np.ndarray, to: int) -> np.ndarray:
        return self.cast(value, float)

    def _identity(self, value: np.ndarray) -> np.ndarray:
        return value

    def _concat(self, *values: np.ndarray, axis: int) -> np.ndarray:
        return np.concatenate(values, axis=axis)

    def _reshape(self, value: np.ndarray, shape: np.ndarray) -> np.ndarray:
        known = [value.shape[at] if n == 0 else n for at, n in enumerate(shape)]
        return value.reshape([int(n) for n in known])

    def _transpose(self, value: np.ndarray, perm: list[int]) -> np.ndarray:
        return value.transpose(perm)

    def _unsqueeze(self, value: np.ndarray, axes: np.ndarray) -> np.ndarray:
        return np.expand_dims(value, tuple(map(int, axes)))

    def _squeeze(self, value: np.ndarray, axes: np.ndarray) -> np.ndarray:
        return value.squeeze(tuple(map(int, axes)))

    def _expand(self, value: np.ndarray, shape: np.ndarray) -> np.ndarray:
        whole = np.broadcast_shapes(value.shape, tuple(map(int, shape)))
        return np.broadcast_to(value, whole)

    def _pad(self, value: np.ndarray, pads: np.ndarray) -> np.ndarray:
        before, after = np.split(pads.astype(int), 2)
        widths = list(zip(before, after, strict=True))
        return np.pad(value, widths, constant_values=0.0)

    def _gather(
        self, data: np.ndarray, places: np.ndarray, axis: int = 0
    ) -> np.ndarray:
        if not any(isinstance(place, Scalar) for place in places.ravel()):
            return np.take(data, places.astype(np.int64), axis=axis)
        if data.ndim > 1:
            raise _refusal("rows that are found by their places")
        values = data.tolist()
        look = functools.partial(self.scalars.lookup, values=values)
        return np.asarray(np.frompyfunc(look, 1, 1)(places), object)

    def _matmul(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        s = self.scalars
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a = np.broadcast_to(a, (*batch, *a.shape[-2:]))
        b = np.broadcast_to(b, (*batch, *b.shape[-2:]))
        out = np.empty((*a.shape[:-1], b.shape[-1]), object)
        for *at, i, j in np.ndindex(out.shape):
            row, column = a[(*at, i)], b[(*at, slice(None), j)]
            out[(*at, i, j)] = s.add(*map(s.mul, row, column))
        return out

    def _reducesum(
        self, value: np.ndarray, axes: np.ndarray, keepdims: int = 1
    ) -> np.ndarray:
        return self._reduced(self.scalars.add, value, axes, keepdims)

    def _reducemean(
        self, value: np.ndarray, axes: np.ndarray, keepdims: int = 1
    ) -> np.ndarray:
        s, n = self.scalars, np.prod([value.shape[int(axis)] for axis in axes])
        total = self._reduced(s.add, value, axes, keepdims)
        mean = np.frompyfunc(lambda x: s.mul(1.0 / float(n), x), 1, 1)(total)
        return np.asarray(mean, object)

    def _reducemin(
        self, value: np.ndarray, axes: np.ndarray, keepdims: int = 1
    ) -> np.ndarray:
        return self._reduced(_least(self.scalars), value, axes, keepdims)

    def _reduced(
        self, how: Callable, value: np.ndarray, axes: np.ndarray, keepdims: int
    ) -> np.ndarray:
        places = sorted(int(axis) % value.ndim for axis in axes)
        last = np.moveaxis(value, places, range(-len(places), 0))
        shape = last.shape[: value.ndim - len(places)]
        out = np.empty(shape, object)
        for at in np.ndindex(shape):
            out[at] = how(*last[at].ravel())
        return np.expand_dims(out, tuple(places)) if keepdims else out

    def _argmax(self, value: np.ndarray, axis: int, keepdims: int = 1) -> np.ndarray:
        return self._place_of(_greatest(self.scalars), value, keepdims)

    def _argmin(self, value: np.ndarray, axis: int, keepdims: int = 1) -> np.ndarray:
        return self._place_of(_least(self.scalars), value, keepdims)

    def _place_of(self, how: Callable, value: np.ndarray, keepdims: int) -> np.ndarray:
        """Return the first place of an extreme along axis 1 of a matrix."""
        s, (row,) = self.scalars, value
        best, place = how(*row), len(row) - 1
        for at in reversed(range(len(row) - 1)):
            place = s.case(s.make("eq", row[at], best), at, place)
        return np.array([[place]] if keepdims else [place], object)

    def _softmax(self, value: np.ndarray, axis: int) -> np.ndarray:
        s, out = self.scalars, np.empty(value.shape, object)
        for at in np.ndindex(value.shape[:-1]):
            most = _greatest(s)(*value[at])
            powers = [_exp(s, s.sub(x, most)) for x in value[at]]
            total = s.add(*powers)
            out[at] = [s.make("div", power, total) for power in powers]
        return out


def _refusal(what: str) -> TypeError:
    return TypeError(
        f"model_to_sql cannot write this model: SQL has nothing for {what}, which its "
        "neighbours, imputation or activation need; export it with to_onnx."
    )


def _as_objects(value: Any) -> np.ndarray:
    """Return constants as Python's; of single precision the shortest text counts."""
    array = np.asarray(value)
    if array.dtype == np.float32:
        found = np.array([float(str(x)) for x in array.ravel()], object)
        return found.reshape(array.shape)
    return array.astype(object)


def _greatest(s: Scalars) -> Callable:
    return lambda *xs: xs[0] if len(xs) == 1 else s.make("greatest", *xs)


def _least(s: Scalars) -> Callable:
    return lambda *xs: xs[0] if len(xs) == 1 else s.make("least", *xs)


def _exp(s: Scalars, x: Any) -> Any:
    """Return a power of e; databases raise errors where a double has no number."""
    return s.make("exp", _clip(s, x, -700.0, 700.0))


def _clip(s: Scalars, x: Any, low: float, high: float) -> Any:
    if high < _LARGEST:
        x = s.make("least", x, high)
    return s.make("greatest", x, low) if low > -_LARGEST else x


def _sigmoid(s: Scalars, x: Any) -> Any:
    return s.make("div", 1.0, s.add(1.0, _exp(s, s.mul(-1.0, x))))


def _tanh(s: Scalars, x: Any) -> Any:
    return s.sub(s.mul(2.0, _sigmoid(s, s.mul(2.0, x))), 1.0)


def _elu(s: Scalars, x: Any, alpha: float = 1.0) -> Any:
    below = s.mul(alpha, s.sub(_exp(s, x), 1.0))
    return s.case(s.make("gt", x, 0.0), x, below)


def _softplus(s: Scalars, x: Any) -> Any:
    rest = _exp(s, s.mul(-1.0, s.make("abs", x)))
    return s.add(s.make("greatest", x, 0.0), s.make("ln", s.add(1.0, rest)))


def _isnan(s: Scalars, x: Any) -> Any:
    return s.make("missing", x) if isinstance(x, Scalar) else x != x


def _plain(op: str) -> Callable:
    return lambda s, *xs: s.make(op, *xs)


_ELEMENTWISE: dict[str, Callable] = {
    "Add": Scalars.add,
    "Sub": Scalars.sub,
    "Mul": Scalars.mul,
    "Div": _plain("div"),
    "Max": _plain("greatest"),
    "Min": _plain("least"),
    "Less": _plain("lt"),
    "LessOrEqual": _plain("le"),
    "Greater": _plain("gt"),
    "GreaterOrEqual": _plain("ge"),
    "Equal": _plain("eq"),
    "And": Scalars.both,
    "Or": Scalars.any,
    "Not": _plain("not"),
    "Abs": _plain("abs"),
    "Sqrt": _plain("sqrt"),
    "Log": _plain("ln"),
    "Exp": _exp,
    "Cos": _plain("cos"),
    "Where": Scalars.case,
    "Clip": _clip,
    "IsNaN": _isnan,
    "Sign": lambda s, x: s.case(
        s.make("gt", x, 0.0), 1.0, s.case(s.make("lt", x, 0.0), -1.0, 0.0)
    ),
    "Relu": lambda s, x: s.make("greatest", x, 0.0),
    "LeakyRelu": lambda s, x, alpha: s.make("greatest", x, s.mul(alpha, x)),
    "Sigmoid": _sigmoid,
    "Tanh": _tanh,
    "Elu": _elu,
    "Selu": lambda s, x: s.mul(_SELU_SCALE, _elu(s, x, _SELU_ALPHA)),
    "HardSigmoid": lambda s, x, alpha, beta: _clip(
        s, s.add(s.mul(alpha, x), beta), 0.0, 1.0
    ),
    "Softplus": _softplus,
    "Softsign": lambda s, x: s.make("div", x, s.add(1.0, s.make("abs", x))),
}
