"""One compiled epoch: training steps and validation of an architecture in one call."""

import dataclasses
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._backend import keras, tf
from segmentlearn.engine._data._padding import Rows
from segmentlearn.engine._optimizer_state import StateLayout
from segmentlearn.engine._program import (
    _architecture as architecture,
)
from segmentlearn.engine._program import (
    _losses as losses,
)
from segmentlearn.engine._program import (
    _matmul_layers as products,
)
from segmentlearn.engine._program import (
    _member_optimizer as members,
)
from segmentlearn.engine._program._loop import sum_over_steps
from segmentlearn.engine._program._reclaim import GATE, note_gone
from segmentlearn.engine._program._traces import short_traces
from segmentlearn.engine._program._weights import Weights

_MAX_SIZES = 16  # table sizes a program keeps compiled
VALIDATION_CHUNK = 512  # rows of one validation step; its count is a tensor


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How rows become one loss: all that a program depends on beside the model.

    Parameters
    ----------
    loss : object
        A Keras loss, its name, or one for each output.
    optimizer : keras.optimizers.Optimizer
        Its learning rate and weight decay are free numbers: a program holds those of
        the fit that made it, so they are always read from the present fit's recipe.
    metrics, weighted_metrics : tuple
        Names or functions, evaluated on the first output; the weighted ones count each
        row by its weight.
    loss_weights : tuple of float or None
        One for each output.
    batch_size : int
        Rows of one step.
    n_members : int or None
        Length of the leading member axis of a packed model; None without one.
    jit_compile : bool
        Whether XLA compiles the epoch.
    output_names : tuple of str, default=()
        Of several outputs, whose losses are measured one by one as well.
    by_member : bool, default=False
        Whether each member has numbers of its own (learning rate, decay, dropout rates,
        penalties, seed, steps so far) and must become what it would become alone.
    """

    loss: Any
    optimizer: Any
    metrics: tuple
    weighted_metrics: tuple
    loss_weights: tuple[float, ...] | None
    batch_size: int
    n_members: int | None
    jit_compile: bool
    output_names: tuple[str, ...] = ()
    by_member: bool = False

    @property
    def all_metrics(self) -> tuple:
        """The plain metrics, then the weighted ones."""
        return (*self.metrics, *self.weighted_metrics)

    @property
    def metric_names(self) -> list[str]:
        """What is measured beside the loss, as the history calls it.

        First the losses of several outputs, then the metrics; a weighted double is told
        apart, as in Keras.
        """
        names = [f"{output}_loss" for output in self.output_names]
        names += [losses.metric_name(metric) for metric in self.metrics]
        for metric in self.weighted_metrics:
            name = losses.metric_name(metric)
            names.append(f"weighted_{name}" if name in names else name)
        return names

    @property
    def n_sums(self) -> int:
        """How many sums over the rows an epoch keeps."""
        return 1 + len(self.metric_names) + bool(self.weighted_metrics)

    def more_is_better(self, monitor: str) -> bool:
        """Whether a measure of the history has to grow."""
        metrics = dict(
            zip(
                self.metric_names[len(self.output_names) :],
                self.all_metrics,
                strict=True,
            )
        )
        metric = metrics.get(monitor.removeprefix("val_"))
        return metric is not None and losses.more_is_better(metric)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What stays the same from the first epoch of a fit to the last.

    Parameters
    ----------
    n_slots, n_steps : int
        Lengths of the order of an epoch and of its table of learning rates. An order
        without slots stands for rows that are visited where they stand.
    validation_order : ndarray of int32
        Index table, (slots,) or (n_members, slots); likewise.
    weight_decay : float or ndarray of shape (n_members,)
    free : FreeNumbers
        Of members with numbers of their own, each number is an array of them.
    seed : int or ndarray of shape (n_members,)
        Tells this fit's dropout masks from another's.
    """

    n_slots: int
    n_steps: int
    validation_order: np.ndarray
    weight_decay: Any
    free: architecture.FreeNumbers
    seed: Any


class Program:
    """A model of the engine's own, its optimizer, and the compiled epoch over both.

    A fit lends its weights to the program, runs epochs, and takes the weights back.
    One fit at a time: hold `lock` from the first to the last.
    """

    def __init__(
        self, model: Any, recipe: Recipe, rows: Rows, copy: bool = True
    ) -> None:
        self.lock = threading.RLock()
        self.recipe = recipe
        self.model = architecture.copy_architecture(model) if copy else model
        self.optimizer = _fresh_optimizer(recipe.optimizer)
        self._traced: dict[tuple, Any] = {}
        self._n_compiled = 0
        self._structure = rows.structure
        self._n_features = len(rows.features)
        self._penalised = architecture.take_penalties_over(self.model) if copy else []
        if recipe.jit_compile:
            products.tell_compiled(self.model, recipe.by_member)
        self._dropout = architecture.dropout_layers(self.model)
        self._losses = losses.row_losses(recipe.loss, len(rows.targets))
        self._weights = Weights(self.model, self.optimizer, recipe.n_members)
        state = self.optimizer.variables
        if recipe.by_member:
            if recipe.n_members is None or not self._weights.is_by_member:
                raise architecture.NotCompilableError("members are not told apart")
            state = members.widen_scalars(self.optimizer, recipe.n_members)
        self._state = [variable.value for variable in state]
        self._initial_state = [value.numpy() for value in self._state]
        self._layout = StateLayout(self.optimizer, self._weights, self.model)
        self._epoch = tf.function(
            self._run_epoch, jit_compile=recipe.jit_compile, autograph=False
        )

    def start(self, weights: Sequence, state: Sequence | None, seed: int) -> None:
        """Take over a net's weights and reset, or take over, the optimizer's state."""
        self._weights.assign(weights, seed)
        for variable, value in zip(self._state, self._initial_state, strict=True):
            variable.assign(value)
        if state is not None:
            self._layout.write(state)

    def start_member(self, member: int, weights: Sequence) -> None:
        """Let a member start anew, as `start` lets a net, while the others go on."""
        self._weights.assign_member(member, weights)
        for variable, value in zip(self._state, self._initial_state, strict=True):
            state = variable.numpy()
            state[member] = value[member]
            variable.assign(state)

    def member_weights(self, row: np.ndarray) -> list[np.ndarray]:
        """Cut a member's row of what the first reader gives into flat arrays."""
        return self._weights.split_row(row)

    def readers(self) -> list:
        """Return functions that give the present values of what the program holds."""
        return self._weights.readers()

    def in_model_order(self, values: Sequence) -> list[np.ndarray]:
        """Turn what the readers gave into weights in the order of ``model.weights``."""
        return self._weights.restore_order(values)

    def weights(self) -> list[np.ndarray]:
        """Return the present weights, in the order of ``model.weights``."""
        return self.in_model_order([read() for read in self.readers()])

    def state(self) -> list[np.ndarray]:
        """Return the optimizer's state as Keras lays it out."""
        return self._layout.read()

    def bind(
        self, rows: Rows, settings: Settings
    ) -> Callable[[Rows, np.ndarray, np.ndarray, Any, Any], np.ndarray]:
        """Return the epoch as a function of what changes from one to the next.

        The traced function is called directly: looking it up by its arguments would
        cost a tenth of a small net's epoch.
        """
        free = settings.free
        lead = self._member_shape()
        own = lead if self.recipe.by_member else []
        rates = [len(free.dropout_rates), *own]
        penalties = [len(free.penalties), 2, *own]
        constants = (
            tf.constant(settings.validation_order),
            tf.constant(settings.weight_decay, tf.float32, own),
            tf.constant(np.asarray(free.dropout_rates, np.float32), shape=rates),
            tf.constant(np.asarray(free.penalties, np.float32), shape=penalties),
            tf.constant(settings.seed, tf.int32, own),
        )
        epoch = self._trace(
            [*rows.features, *rows.targets],
            rows.weights,
            tf.TensorSpec([*lead, settings.n_slots], tf.int32),
            tf.TensorSpec([settings.n_steps, *own], tf.float32),
            tf.TensorSpec(lead, tf.int32),
            tf.TensorSpec(lead, tf.int32),
            *constants,
        )

        def run(
            rows: Rows,
            order: np.ndarray,
            learning_rates: np.ndarray,
            n_train: Any,
            n_validation: Any,
        ) -> np.ndarray:
            with GATE.run():
                result = epoch(
                    [*rows.features, *rows.targets],
                    rows.weights,
                    tf.constant(order),
                    tf.constant(learning_rates),
                    n_train,
                    n_validation,
                    *constants,
                )
                return result.numpy()

        return run

    @property
    def n_compiled(self) -> int:
        """How many table sizes the epoch has been compiled for."""
        return self._n_compiled

    def _trace(self, *arguments: Any) -> Callable[..., Any]:
        """Return the epoch traced for arguments of these shapes, once for each."""
        leaves = tf.nest.flatten(arguments)
        key = tuple((tuple(leaf.shape), leaf.dtype.name) for leaf in leaves)
        if key not in self._traced:
            if len(self._traced) >= _MAX_SIZES:  # the size made first goes
                del self._traced[next(iter(self._traced))]
                note_gone()
            with short_traces():
                self._traced[key] = self._epoch.get_concrete_function(*arguments)
            self._n_compiled += 1
        return self._traced[key]

    def _run_epoch(
        self,
        data: list,
        weights: Any,
        order: Any,
        learning_rates: Any,
        n_train: Any,
        n_validation: Any,
        validation_order: Any,
        weight_decay: Any,
        rates: Any,
        penalties: Any,
        seed: Any,
    ) -> Any:
        """Trace the epoch: a loop over training steps, then one over validation."""
        if self.optimizer.weight_decay is not None:
            self.optimizer.weight_decay = self._for_weights(weight_decay)
        zeros = tf.zeros([self.recipe.n_sums, *self._member_shape()])
        n_steps = _n_chunks(n_train, self.recipe.batch_size)

        def train_step(step: Any, total: Any) -> tuple:
            n_done = tf.cast(self.optimizer.iterations, tf.int32)
            for layer in self._dropout:
                layer.set_source(
                    rates[layer.stream], seed, tf.reshape(n_done, seed.shape)
                )
            chunk = self._chunk(
                data, weights, order, n_train, step, self.recipe.batch_size
            )
            self.optimizer.learning_rate.assign(self._for_weights(learning_rates[step]))
            held = [variable.value.read_value() for variable in self._weights.variables]
            with tf.GradientTape() as tape:
                tape.watch(held)
                trained = self._weights.unpack(held)
                measures, objective, updates = self._measure(chunk, trained, True)
                objective += architecture.penalty(self._penalised, trained, penalties)
                objective = self.optimizer.scale_loss(objective)
            gradients = tape.gradient(objective, held)
            self.optimizer.apply(gradients, self._weights.variables)
            for variable, value in zip(self._weights.updated, updates, strict=True):
                variable.assign(value)
            return step + 1, total + measures

        def validation_step(step: Any, total: Any) -> tuple:
            chunk = self._chunk(
                data, weights, validation_order, n_validation, step, VALIDATION_CHUNK
            )
            held = [variable.value.read_value() for variable in self._weights.judged]
            trained = self._weights.unpack(held)
            return step + 1, total + self._measure(chunk, trained, False)[0]

        in_xla = self.recipe.jit_compile
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
        if self.recipe.n_members is None:
            index = tf.slice(table, [step * size], [size])
        else:
            index = tf.slice(table, [0, step * size], [self.recipe.n_members, size])
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
        fixed = [variable.value.read_value() for variable in self._weights.updated]
        outputs, updates, extra = self.model.stateless_call(
            trained,
            fixed,
            inputs,
            return_losses=True,
            **architecture.told_training(self.model, training),
        )
        predictions = keras.tree.flatten(outputs)
        if any(getattr(one, "_keras_mask", None) is not None for one in predictions):
            raise architecture.NotCompilableError("the model masks time steps")
        axes = 1 if self.recipe.n_members is None else 2
        shares = self.recipe.loss_weights or (1.0,) * len(predictions)
        parts = [
            losses.apply_by_row(function, target, prediction, axes)
            for function, target, prediction in zip(
                self._losses, targets, predictions, strict=True
            )
        ]
        by_row = sum(share * part for share, part in zip(shares, parts, strict=True))
        total = tf.reduce_sum(by_row * weights, axis=-1)
        sums = [total]
        if self.recipe.output_names:
            sums += [tf.reduce_sum(part * weights, axis=-1) for part in parts]
        plain, weighted = self.recipe.metrics, self.recipe.weighted_metrics
        for metric, counts in (
            *((metric, real) for metric in plain),
            *((metric, weights) for metric in weighted),
        ):
            function = losses.row_metric(metric, targets[0], predictions[0])
            values = losses.apply_by_row(function, targets[0], predictions[0], axes)
            sums.append(tf.reduce_sum(values * counts, axis=-1))
        if weighted:
            sums.append(tf.reduce_sum(weights, axis=-1))
        objective = tf.reduce_sum(total / n_real)
        if extra:  # penalties of the model's own, on weights or activities
            objective += tf.add_n(extra)
        return tf.stack(sums), objective, updates

    def _for_weights(self, number: Any) -> Any:
        """Shape numbers of the members' own like the weights, member first."""
        return number[:, tf.newaxis] if self.recipe.by_member else number

    def _member_shape(self) -> list[int]:
        return [] if self.recipe.n_members is None else [self.recipe.n_members]


def _fresh_optimizer(optimizer: Any) -> Any:
    """Return an optimizer of the same kind whose learning rate is a variable."""
    config = {**optimizer.get_config(), "learning_rate": 0.001}
    return type(optimizer).from_config(config)


def _n_chunks(n_rows: Any, size: int) -> Any:
    """Return the steps that the longest member needs."""
    return (tf.reduce_max(n_rows) + (size - 1)) // size


def _rows_from(leaf: Any, start: Any, size: int) -> Any:
    """Return rows that stand side by side."""
    shape = leaf.shape[1:]
    return tf.slice(leaf, [start, *[0] * len(shape)], [size, *shape])
