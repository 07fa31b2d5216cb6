"""Einstein sums as XLA runs them fastest on a CPU."""

from typing import Any

from segmentlearn.engine.backend import keras, tf

_SHORT = 16  # terms of a sum that a loop adds up faster than a matrix product


class FastEinsum(keras.layers.EinsumDense):
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
            x = tf.matmul(flat, kernel)
            x = tf.reshape(x, tf.concat([shape[:-1], tf.shape(x)[-1:]], axis=0))
            x.set_shape([*inputs.shape[:-1], kernel.shape[-1]])
        elif _is_small_sum(left, right, result, kernel.shape):
            letters = left + result[-1]
            x = _spread(inputs, left, letters) * _spread(kernel, right, letters)
            x = tf.reduce_sum(x, axis=len(left) - 1)
        else:
            x = keras.ops.einsum(self.equation, inputs, kernel)
        if self.bias is not None:
            x = x + self.bias
        return x if self.activation is None else self.activation(x)


def can_be_fast(layer: Any) -> bool:
    """Whether the engine's Einstein sum can stand in for a layer.

    Parameters
    ----------
    layer : keras.Layer

    Returns
    -------
    can : bool
        False for subclasses, quantized layers and equations with an ellipsis.
    """
    return (
        type(layer) is keras.layers.EinsumDense
        and getattr(layer, "quantization_mode", None) is None
        and not getattr(layer, "lora_enabled", False)
        and "." not in layer.equation
    )


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
    return (
        len(right) == 2
        and left[-1] == right[0]
        and right[1] not in left
        and result == left[:-1] + right[1]
    )


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
