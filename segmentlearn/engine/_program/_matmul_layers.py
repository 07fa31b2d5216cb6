"""Products of layers as XLA runs them fastest on a CPU."""

from typing import Any

from segmentlearn.engine._keras_compat import (
    flatten_layers,
    keras,
    tf,
    xla_optimization_barrier,
)

_SHORT = 16  # terms of a sum that a loop adds up faster than a matrix product
_NARROWER = 2  # so many times fewer outputs than inputs make a layer a narrow one
_ENTRIES_PER_ROW = 64  # of a kernel that is cheaply transposed
_FEW_ROWS = 64  # of a step, which are cheaply transposed


class _Compiled:
    """A layer that behaves differently where XLA compiles it."""

    in_xla = False
    by_member = False
    bias: Any
    activation: Any

    def _finish(self, x: Any) -> Any:
        """Add the bias; activate."""
        if self.bias is not None:
            x = x + self.bias
        return x if self.activation is None else self.activation(x)


class FastDense(_Compiled, keras.layers.Dense):
    """``Dense`` with gradients that XLA's runtime is quick at.

    It stands in for ``keras.layers.Dense`` in the engine's own copy of a model: the
    same weights, the same result.
    """

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Multiply the inputs by the kernel; add the bias; activate."""
        if len(inputs.shape) != 2 or not self.in_xla:
            return super().call(inputs, training=training)
        return self._finish(_product(inputs, self.kernel, self.in_xla))


class FastEinsum(_Compiled, keras.layers.EinsumDense):
    """``EinsumDense`` that says what it means by plain products, where it can.

    It stands in for ``keras.layers.EinsumDense`` in the engine's own copy of a model:
    the same weights, the same result. A product of each row with one matrix becomes a
    single large matrix product, where a general Einstein sum, forwards and backwards,
    took two thirds longer for a whole epoch; a product without a sum becomes a
    multiplication, whose gradient is not a pile of tiny matrix products.
    """

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Multiply the inputs by the kernel; add the bias; activate."""
        kernel = self.kernel
        left, right, result = _operands(self.equation)
        if _is_elementwise(left, right, result):
            x = _spread(inputs, left, result) * _spread(kernel, right, result)
        elif _is_plain_product(left, right, result):
            shape = tf.shape(inputs)
            flat = tf.reshape(inputs, [-1, inputs.shape[-1]])
            x = _product(flat, kernel, self.in_xla)
            x = tf.reshape(x, tf.concat([shape[:-1], tf.shape(x)[-1:]], axis=0))
            x.set_shape([*inputs.shape[:-1], kernel.shape[-1]])
        elif self.by_member and _is_member_product(left, right, result):
            x = _product(inputs, kernel, self.in_xla)
        elif _is_small_sum(left, right, result, kernel.shape):
            letters = left + result[-1]
            x = _spread(inputs, left, letters) * _spread(kernel, right, letters)
            x = tf.reduce_sum(x, axis=len(left) - 1)
        else:
            x = keras.ops.einsum(self.equation, inputs, kernel)
        return self._finish(x)


def fast_type(layer: Any) -> type | None:
    """Return what can stand in for a layer in the engine's copy of a model."""
    is_quantized = getattr(layer, "quantization_mode", None) is not None
    if is_quantized or getattr(layer, "lora_enabled", False):
        return None
    if type(layer) is keras.layers.Dense:
        return FastDense
    if type(layer) is keras.layers.EinsumDense and "." not in layer.equation:
        return FastEinsum
    return None


def mark_compiled(model: Any, by_member: bool = False) -> None:
    """Mark the fast layers of a model as compiled by XLA.

    `by_member` says that each member's products have to be those of a net alone, to the
    last bit.
    """
    for layer in flatten_layers(model):
        if isinstance(layer, _Compiled):
            layer.in_xla = xla_optimization_barrier is not None
            layer.by_member = by_member


def _product(rows: Any, kernel: Any, in_xla: bool) -> Any:
    """Multiply rows by a matrix, with gradients that XLA's runtime is quick at.

    Both may have an axis of members in front, each of which has a matrix of its own.
    The gradient of the kernel is a product of two factors that both lie the wrong way
    round in memory, and turning the left one takes most of the time. A few rows are
    better turned beforehand, and so is a small kernel for the gradient of the rows.
    With many rows and a narrow layer, the outputs are the smaller factor, so they go
    left and the result is turned. Barriers keep XLA from undoing either.
    """
    kernel = tf.convert_to_tensor(kernel)
    n_rows, n_outputs = rows.shape[-2], kernel.shape[-1]
    if not rows.dtype.is_floating:  # whole numbers and truth values, as in Keras
        rows = tf.cast(rows, kernel.dtype)
    if not in_xla or n_rows is None:
        return tf.matmul(rows, kernel)
    n_inputs = rows.shape[-1]
    is_small = n_inputs * n_outputs <= n_rows * _ENTRIES_PER_ROW
    are_few = n_rows <= _FEW_ROWS
    if not are_few and not (is_small and n_outputs * _NARROWER <= n_inputs):
        return tf.matmul(rows, kernel)

    @tf.custom_gradient
    def product(rows: Any, kernel: Any) -> tuple:
        def gradient(upstream: Any) -> tuple:
            if are_few and is_small:
                of_rows = tf.matmul(upstream, _turn(kernel))
            else:
                of_rows = tf.matmul(upstream, kernel, transpose_b=True)
            if are_few:
                return of_rows, tf.matmul(_turn(rows), upstream)
            turned = tf.matmul(upstream, rows, transpose_a=True)
            (turned,) = xla_optimization_barrier([turned])
            return of_rows, tf.linalg.matrix_transpose(turned)

        return tf.matmul(rows, kernel), gradient

    return product(rows, kernel)


def _turn(matrix: Any) -> Any:
    """Transpose in memory, not only as an option of the next product."""
    (turned,) = xla_optimization_barrier([tf.linalg.matrix_transpose(matrix)])
    return turned


def _operands(equation: str) -> tuple[str, str, str]:
    """Split an equation into the letters of input, kernel and result."""
    operands, result = equation.replace(" ", "").split("->")
    left, right = operands.split(",")
    return left, right, result


def _is_elementwise(left: str, right: str, result: str) -> bool:
    """Whether nothing is summed, and both operands keep the order of their axes."""
    if set(left) | set(right) != set(result):
        return False
    return all(
        [letter for letter in result if letter in operand] == list(operand)
        for operand in (left, right)
    )


def _is_plain_product(left: str, right: str, result: str) -> bool:
    """Whether the last axis of the input is multiplied by one matrix."""
    is_matrix = len(right) == 2 and right[1] not in left
    return is_matrix and left[-1] == right[0] and result == left[:-1] + right[1]


def _is_member_product(left: str, right: str, result: str) -> bool:
    """Whether the rows of each member are multiplied by a matrix of its own."""
    if len(left) != 3 or len(right) != 3 or len({*left, *right}) != 4:
        return False
    return right[:2] == left[0] + left[2] and result == left[:2] + right[2]


def _is_small_sum(left: str, right: str, result: str, shape: tuple) -> bool:
    """Whether the last axis of the input, a short one, is summed against the kernel."""
    letters = left + result[-1]
    return (
        result == left[:-1] + right[-1]
        and right[-1] not in left
        and [letter for letter in letters if letter in right] == list(right)
        and right[-2:-1] == left[-1]
        and shape[-2] <= _SHORT
    )


def _spread(value: Any, letters: str, result: str) -> Any:
    """Insert axes of length one where the result has an axis of the other operand."""
    for axis, letter in enumerate(result):
        if letter not in letters:
            value = tf.expand_dims(value, axis)
    return value
