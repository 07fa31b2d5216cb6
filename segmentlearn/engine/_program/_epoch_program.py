"""One compiled epoch: training steps and validation of an architecture in one call."""

import copy as copying
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._data._rows import Rows
from segmentlearn.engine._keras_compat import is_masked, keras, tf
from segmentlearn.engine._program import _architecture, _losses, _matmul_layers
from segmentlearn.engine._program._compile_spec import CompileSpec
from segmentlearn.engine._program._reclaim import GATE, note_gone
from segmentlearn.engine._program._weights import Weights, widen_scalars

try:  # has no public name
    from tensorflow.compiler.tf2xla.ops.gen_xla_ops import xla_while
except ImportError:  # pragma: no cover
    xla_while = None


_MAX_SIZES = 16  # table sizes a program keeps compiled
VALIDATION_CHUNK = 512  # rows of one validation step; its count is a tensor


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
    inputs = [n_steps, *traced.captured_inputs]
    held = list({id(tensor): tensor for tensor in inputs}.values())
    held.sort(key=lambda tensor: tensor.dtype == tf.resource)
    place = list(map(id, held)).index(id(n_steps))

    def close(function: Callable) -> Any:
        def closed(step: Any, total: Any) -> Any:
            graph = tf.compat.v1.get_default_graph()
            return function(step, total, list(map(graph.capture, held)))

        return tf.function(closed, autograph=False).get_concrete_function(*specs)

    return xla_while(
        [tf.constant(0), zeros, *held],
        cond=close(lambda step, total, inputs: step < inputs[place]),
        body=close(lambda step, total, inputs: [*traced(step, total), *inputs]),
    )[1]


class Program:
    """A model of the engine's own, its optimizer, and the compiled epoch over both.

    A fit lends its weights to the program, runs epochs, and takes the weights back.
    It serves one fit at a time. Another program of the same architecture may be given
    as `first`: they share what is traced and compiled, each with variables of its own.
    """

    def __init__(
        self,
        model: Any,
        spec: CompileSpec,
        rows: Rows,
        copy: bool = True,
        first: "Program | None" = None,
    ) -> None:
        self._first: Program | None = first
        self._tracing = threading.Lock()
        self.spec = spec
        self._member_shape = [] if spec.n_members is None else [spec.n_members]
        if first is not None:
            model = first.model
        elif copy:
            model = _architecture.copy_architecture(model)
        self.model: Any = model
        # one of the same kind whose learning rate is a variable
        config = {**spec.optimizer.get_config(), "learning_rate": 0.001}
        self.optimizer = type(spec.optimizer).from_config(config)
        self._traced: dict[tuple, Any] = {}
        self.n_compiled = 0  # table sizes that the epoch has been compiled for
        self._structure = rows.structure
        self._n_features = len(rows.features)
        if first is None:
            self._penalised = _architecture.take_penalties_over(model) if copy else []
            if spec.jit_compile:
                _matmul_layers.mark_compiled(model, spec.by_member)
            self._dropout = _architecture.dropout_layers(model)
            self._losses = _losses.row_losses(spec.loss, len(rows.targets))
        is_shared = first is not None
        self.weights = Weights(model, self.optimizer, spec.n_members, is_shared)
        state = self.optimizer.variables
        if spec.by_member:
            if spec.n_members is None or not self.weights.is_by_member:
                raise _architecture.NotCompilableError("members share weights")
            state = widen_scalars(self.optimizer, spec.n_members)
        self._state = [variable.value for variable in state]
        self._initial_state = [value.numpy() for value in self._state]
        self._epoch = tf.function(
            self._run_epoch, jit_compile=spec.jit_compile, autograph=False
        )

    def start(self, weights: Sequence, state: Sequence | None, seed: int) -> None:
        """Take over a net's weights and reset, or take over, the optimizer's state."""
        self.weights.assign(weights, seed)
        for variable, value in zip(self._state, self._initial_state, strict=True):
            variable.assign(value)
        if state is not None:
            self.weights.write_state(state)

    def start_member(self, member: int, weights: Sequence) -> None:
        """Let a member start anew, as `start` lets a net, while the others go on."""
        self.weights.assign_member(member, weights)
        for variable, value in zip(self._state, self._initial_state, strict=True):
            state = variable.numpy()
            state[member] = value[member]
            variable.assign(state)

    def bind(
        self,
        rows: Rows,
        n_slots: int,
        n_steps: int,
        validation_order: np.ndarray,
        numbers: _architecture.RuntimeHyperparameters,
        seed: Any,
    ) -> Callable[[Rows, np.ndarray, np.ndarray, Any, Any], np.ndarray]:
        """Return the epoch as a function of what changes from one to the next.

        `n_slots` and `n_steps` are the lengths of an epoch's order and of its table of
        learning rates. An order without slots, and one of validation rows, stands for
        rows that are visited where they stand. `seed` is a number, or one a member.

        The traced function is called directly: looking it up by its arguments would
        cost a tenth of a small net's epoch.
        """
        lead = self._member_shape
        own = lead if self.spec.by_member else []
        rates = [len(numbers.dropout_rates), *own]
        penalties = [len(numbers.penalties), 2, *own]
        same = (
            tf.constant(validation_order),
            tf.constant(numbers.weight_decay, tf.float32, own),
            tf.constant(np.asarray(numbers.dropout_rates, np.float32), shape=rates),
            tf.constant(np.asarray(numbers.penalties, np.float32), shape=penalties),
            tf.constant(seed, tf.int32, own),
        )
        epoch = self._trace(
            rows.leaves,
            rows.weights,
            tf.TensorSpec([*lead, n_slots], tf.int32),
            tf.TensorSpec([n_steps, *own], tf.float32),
            (tf.TensorSpec(lead, tf.int32),) * 2,
            same,
        )

        def run(
            rows: Rows, order: np.ndarray, rates: np.ndarray, *counts: Any
        ) -> np.ndarray:
            with GATE.run():
                changing = tf.constant(order), tf.constant(rates), counts
                return epoch(rows.leaves, rows.weights, *changing, same).numpy()

        return run

    def _trace(self, *arguments: Any) -> Callable[..., Any]:
        """Return the epoch traced for arguments of these shapes, once for each."""
        leaves = tf.nest.flatten(arguments)
        key = tuple((tuple(leaf.shape), leaf.dtype.name) for leaf in leaves)
        with self._tracing:
            if key not in self._traced:
                if len(self._traced) >= _MAX_SIZES:  # the size made first goes
                    del self._traced[next(iter(self._traced))]
                    note_gone(self._first is None)
                self._traced[key] = self._make_epoch(arguments)
            return self._traced[key]

    def _make_epoch(self, arguments: tuple) -> Callable[..., Any]:
        """Trace the epoch, or let the first program's work on variables of its own."""
        if self._first is not None:
            shared: Any = self._first._trace(*arguments)
            pairs = zip(self._first._variables(), self._variables(), strict=True)
            own = {id(theirs.value.handle): ours.value.handle for theirs, ours in pairs}
            captured = [
                own.get(id(tensor), tensor) for tensor in shared.captured_inputs
            ]
            epoch = copying.copy(shared)
            epoch.set_external_captures(captured)
            return epoch
        self.n_compiled += 1
        return self._epoch.get_concrete_function(*arguments)

    def _variables(self) -> list:
        """List what the epoch reads and changes, each variable once."""
        weights = (*self.weights.variables, *self.weights.updated)
        found = (*weights, *self.optimizer.variables)
        return list({id(variable): variable for variable in found}.values())

    def _run_epoch(
        self,
        data: list,
        weights: Any,
        order: Any,
        learning_rates: Any,
        counts: tuple,
        same: tuple,
    ) -> Any:
        """Trace the epoch: a loop over training steps, then one over validation."""
        n_train, n_validation = counts
        validation_order, weight_decay, rates, penalties, seed = same
        if self.optimizer.weight_decay is not None:
            self.optimizer.weight_decay = self._for_weights(weight_decay)
        zeros = tf.zeros([self.spec.n_sums, *self._member_shape])
        batch_size = self.spec.batch_size
        n_steps = _n_chunks(n_train, batch_size)

        def train_step(step: Any, total: Any) -> tuple:
            n_done = tf.cast(self.optimizer.iterations, tf.int32)
            n_done = tf.reshape(n_done, seed.shape)
            for layer in self._dropout:
                layer.set_source(rates[layer.stream], seed, n_done)
            chunk = self._chunk(data, weights, order, n_train, step, batch_size)
            self.optimizer.learning_rate.assign(self._for_weights(learning_rates[step]))
            held = [variable.value.read_value() for variable in self.weights.variables]
            with tf.GradientTape() as tape:
                tape.watch(held)
                trained = self.weights.unpack(held)
                measures, objective, updates = self._measure(chunk, trained, True)
                objective += _architecture.penalty(self._penalised, trained, penalties)
                objective = self.optimizer.scale_loss(objective)
            gradients = tape.gradient(objective, held)
            self.optimizer.apply(gradients, self.weights.variables)
            for variable, value in zip(self.weights.updated, updates, strict=True):
                variable.assign(value)
            return step + 1, total + measures

        def validation_step(step: Any, total: Any) -> tuple:
            chunk = self._chunk(
                data, weights, validation_order, n_validation, step, VALIDATION_CHUNK
            )
            held = [variable.value.read_value() for variable in self.weights.evaluated]
            trained = self.weights.unpack(held)
            return step + 1, total + self._measure(chunk, trained, False)[0]

        in_xla = self.spec.jit_compile
        train = sum_over_steps(n_steps, train_step, zeros, in_xla)
        n_chunks = _n_chunks(n_validation, VALIDATION_CHUNK)
        validation = sum_over_steps(n_chunks, validation_step, zeros, in_xla)
        return tf.stack([train, validation])

    def _chunk(
        self, data: list, weights: Any, table: Any, n_rows: Any, step: Any, size: int
    ) -> tuple:
        """Gather one step's rows, their weights, which slots are real, and how many."""
        slots = tf.range(size) + step * size
        n_real = tf.cast(tf.clip_by_value(n_rows - step * size, 1, size), tf.float32)
        real = tf.cast(slots < n_rows[..., tf.newaxis], tf.float32)
        if table.shape[-1] == 0:  # in place, which is faster
            chunk = [_rows_from(leaf, step * size, size) for leaf in (*data, weights)]
            return chunk[:-1], chunk[-1] * real, real, n_real
        lead = self._member_shape
        index = tf.slice(table, [*[0] * len(lead), step * size], [*lead, size])
        gathered = [tf.gather(leaf, index) for leaf in data]
        return gathered, tf.gather(weights, index) * real, real, n_real

    def _measure(self, chunk: tuple, trained: list, training: bool) -> tuple:
        """Return sums over rows (loss, metrics, weights), the objective, and updates.

        Updates are the new values of what a step changes without a gradient, such as
        the moving statistics of batch normalization.
        """
        gathered, weights, real, n_real = chunk
        features, targets = gathered[: self._n_features], gathered[self._n_features :]
        inputs = keras.tree.pack_sequence_as(self._structure, features)
        fixed = [variable.value.read_value() for variable in self.weights.updated]
        outputs, updates, extra = self.model.stateless_call(
            trained,
            fixed,
            inputs,
            return_losses=True,
            **_architecture.training_argument(self.model, training),
        )
        predictions = keras.tree.flatten(outputs)
        if any(map(is_masked, predictions)):
            raise _architecture.NotCompilableError("the model masks time steps")
        axes = 1 + len(self._member_shape)
        shares = self.spec.loss_weights or (1.0,) * len(predictions)
        of_outputs = zip(self._losses, targets, predictions, strict=True)
        parts = [_losses.apply_by_row(*of_output, axes) for of_output in of_outputs]
        by_row = sum(share * part for share, part in zip(shares, parts, strict=True))
        total = tf.reduce_sum(by_row * weights, axis=-1)
        sums = [total]
        if self.spec.output_names:
            sums += [tf.reduce_sum(part * weights, axis=-1) for part in parts]
        counts = [real] * len(self.spec.metrics)
        counts += [weights] * len(self.spec.weighted_metrics)
        for metric, count in zip(self.spec.all_metrics, counts, strict=True):
            function = _losses.row_metric(metric, targets[0], predictions[0])
            values = _losses.apply_by_row(function, targets[0], predictions[0], axes)
            sums.append(tf.reduce_sum(values * count, axis=-1))
        if self.spec.weighted_metrics:
            sums.append(tf.reduce_sum(weights, axis=-1))
        objective = tf.reduce_sum(total / n_real)
        if extra:  # penalties of the model's own, on weights or activities
            objective += tf.add_n(extra)
        return tf.stack(sums), objective, updates

    def _for_weights(self, number: Any) -> Any:
        """Shape numbers of the members' own like the weights, member first."""
        return number[:, tf.newaxis] if self.spec.by_member else number


def _n_chunks(n_rows: Any, size: int) -> Any:
    """Return the steps that the longest member needs."""
    return (tf.reduce_max(n_rows) + (size - 1)) // size


def _rows_from(leaf: Any, start: Any, size: int) -> Any:
    """Return rows that stand side by side."""
    shape = leaf.shape[1:]
    return tf.slice(leaf, [start, *[0] * len(shape)], [size, *shape])
