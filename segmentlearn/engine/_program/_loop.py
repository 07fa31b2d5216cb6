"""A loop that sums, as a compiled program runs it."""

from collections.abc import Callable
from typing import Any

from segmentlearn.engine._keras_compat import tf

try:  # has no public name
    from tensorflow.compiler.tf2xla.ops.gen_xla_ops import xla_while
except ImportError:  # pragma: no cover
    xla_while = None


def sum_over_steps(n_steps: Any, body: Callable, zeros: Any, in_xla: bool) -> Any:
    """Run `body` for each step and return the sum that it carries.

    Before XLA compiles a program, TensorFlow looks into the body of each
    ``tf.while_loop`` for constants, and keeps the graph that it made for that until the
    process ends: several megabytes for each architecture. XLA's own loop is the same
    program and is not looked into.
    """
    if not in_xla or xla_while is None:
        _, total = tf.while_loop(
            lambda step, total: step < n_steps,
            body,
            (tf.constant(0), zeros),
            parallel_iterations=1,
        )
        return total
    specs = tf.TensorSpec([], tf.int32), tf.TensorSpec.from_tensor(zeros)
    traced = tf.function(body, autograph=False).get_concrete_function(*specs)
    # both functions of the loop take all that either needs, and XLA wants the variables
    # to come last
    held = list({id(one): one for one in (n_steps, *traced.captured_inputs)}.values())
    held.sort(key=lambda one: one.dtype == tf.resource)
    place = next(index for index, one in enumerate(held) if one is n_steps)

    def close(function: Callable) -> Any:
        def closed(step: Any, total: Any) -> Any:
            graph = tf.compat.v1.get_default_graph()
            return function(step, total, [graph.capture(one) for one in held])

        return tf.function(closed, autograph=False).get_concrete_function(*specs)

    return xla_while(
        [tf.constant(0), zeros, *held],
        cond=close(lambda step, total, inputs: step < inputs[place]),
        body=close(lambda step, total, inputs: [*traced(step, total), *inputs]),
    )[1]
