"""Train nets side by side as if each were alone: own numbers, own epochs, own end.

A compiled program has slots for a few nets. A net that has run out of patience leaves
its slot to the next one that waits, so that no slot is idle as long as nets wait.
"""

import dataclasses
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn._forks import check_not_forked
from segmentlearn.engine import _keras_fit
from segmentlearn.engine._cache import borrow_program
from segmentlearn.engine._data._rows import (
    Rows,
    as_leaves,
    capacity_for,
    index_table,
    lengths,
    longest,
    pad_rows,
)
from segmentlearn.engine._epoch_recorder import EpochRecorder, TrainingResult
from segmentlearn.engine._fit_spec import FitSpec, Schedule, resolve_schedule
from segmentlearn.engine._keras_compat import keras, tf
from segmentlearn.engine._program import _architecture
from segmentlearn.engine._program._compile_spec import CompileSpec
from segmentlearn.engine._program._epoch_program import (
    VALIDATION_CHUNK,
    Program,
)
from segmentlearn.engine._stopping import EarlyStopping
from segmentlearn.engine._tensorboard_log import LogFolder
from segmentlearn.exceptions import SegmentLearnError


@dataclasses.dataclass(frozen=True)
class Member:
    """One of the nets: where it starts, what it learns from, and how.

    Parameters
    ----------
    weights : list of ndarray
        Initial weights of the net alone, in the order of its ``weights``.
    train_rows, validation_rows : ndarray of int
        Its rows of the table that all share.
    learning_rate : float
        Step size at the start of the schedule.
    weight_decay : float, default=0.0
        Decoupled weight decay, where the optimizer has one.
    dropout_rates : tuple of float, default=()
        One for each ``Dropout`` layer.
    penalties : tuple of (float, float), default=()
        L1 and L2 strength for each penalised weight.
    epochs : int, default=1
        Epochs at most.
    learning_rate_schedule : str, callable or None, default=None
        As `fit` takes it.
    early_stopping : EarlyStopping, default=None
        When to stop; as `fit` takes it.
    seed : int, default=0
        Decides the order of the rows and the dropout masks.
    log_folder : LogFolder, default=None
        Where event files for TensorBoard are written.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn import engine
    >>> weights = [np.ones((3, 2)), np.zeros(2)]
    >>> engine.Member(weights, np.arange(8), np.arange(8, 10), 0.01).epochs
    1
    """

    weights: list
    train_rows: np.ndarray
    validation_rows: np.ndarray
    learning_rate: float
    weight_decay: float = 0.0
    dropout_rates: tuple[float, ...] = ()
    penalties: tuple[tuple[float, float], ...] = ()
    epochs: int = 1
    learning_rate_schedule: str | Schedule | None = None
    early_stopping: EarlyStopping | None = None
    seed: int = 0
    log_folder: LogFolder | None = None


@dataclasses.dataclass(frozen=True)
class MemberResult:
    """The outcome of a net.

    Attributes
    ----------
    weights : list of ndarray
        In the order of the net's ``weights``.
    training : TrainingResult
        As `fit` returns it, without the optimizer's state.
    """

    weights: list
    training: TrainingResult


def fit_members(
    model: Any,
    X: Any,
    y: Any,
    members: Sequence[Member],
    *,
    loss: Any,
    optimizer: Any = "adam",
    metrics: Sequence = (),
    batch_size: int = 32,
    sample_weight: np.ndarray | None = None,
) -> list[MemberResult | SegmentLearnError]:
    """Train nets of one architecture side by side, each as if `fit` had it alone.

    Parameters
    ----------
    model : keras.Model
        A packed model: input (n_slots, n_rows, n_features), output likewise, all
        weights with that axis first. Its own weights are neither read nor changed.
    X : ndarray of shape (n_samples, n_features)
        Rows of all members; each visits its own.
    y : ndarray of shape (n_samples,)
        Targets.
    members : sequence of Member
        As many as there are; all must have the same number of steps an epoch.
    loss : str or keras.losses.Loss
        The loss of all members.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        One that treats every number alone; learning rate and weight decay are the
        members'.
    metrics : sequence of str or callable, default=()
        As `fit` takes them.
    batch_size : int, default=32
        Rows of one step.
    sample_weight : ndarray of shape (n_samples,), default=None
        Factor on each row's loss.

    Returns
    -------
    results : list of MemberResult or SegmentLearnError
        In the order of `members`; an error where `fit` would have raised it.

    Raises
    ------
    ValueError
        If the members have different numbers of steps, or one monitors what is not
        measured.
    NotCompilableError
        If model or optimizer cannot be trained in this way.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from segmentlearn import engine
    >>> X = np.linspace(0, 1, 64, dtype="float32").reshape(-1, 1)
    >>> inputs = keras.Input(batch_shape=(2, None, 1))
    >>> layer = keras.layers.EinsumDense("mbi,mio->mbo", (None, 1))
    >>> model = keras.Model(inputs, layer(inputs))
    >>> members = [
    ...     engine.Member([np.ones((1, 1))], np.arange(64), np.arange(0), rate)
    ...     for rate in (0.1, 0.2, 0.3)
    ... ]
    >>> results = engine.fit_members(model, X, 2 * X, members, loss="mse")
    >>> len(results), results[0].training.n_epochs
    (3, 1)
    """
    check_not_forked()
    if len({_n_steps(member, batch_size) for member in members}) > 1:
        raise ValueError("members trained side by side need as many steps an epoch.")
    spec = CompileSpec(
        loss=loss,
        optimizer=keras.optimizers.get(optimizer),
        metrics=tuple(metrics),
        batch_size=int(batch_size),
        n_members=int(model.inputs[0].shape[0]),
        by_member=True,
    )
    for member in members:
        if member.early_stopping is not None:
            validates = len(member.validation_rows) > 0
            member.early_stopping.check(spec.metric_names, validates)
    reason = _keras_fit.reason_not_to_compile(model, spec.optimizer, (), loss, metrics)
    if reason is not None:
        raise _architecture.NotCompilableError(reason)
    rows = pad_rows(Rows(as_leaves(X, "X"), as_leaves(y, "y"), sample_weight))
    with borrow_program(model, spec, rows) as program:
        return _Slots(model, program, rows, members).run()


class _Slot:
    """A net in training, and its recorder."""

    def __init__(
        self, number: int, member: Member, model: Any, program: Program
    ) -> None:
        self.number, self.member = number, member
        self._split_row = program.weights.split_row
        self.fit_spec = FitSpec(
            member.train_rows,
            member.validation_rows,
            member.epochs,
            resolve_schedule(member.learning_rate_schedule),
            member.early_stopping,
            member.seed,
            log_folder=member.log_folder,
        )
        self.recorder = EpochRecorder(
            model, program.spec, self.fit_spec, self._in_model_order
        )
        self.rng = np.random.default_rng(member.seed)

    def rates(self, n_steps: int) -> np.ndarray:
        """Return the learning rate of each step of the present epoch."""
        base = float(np.float32(self.member.learning_rate))
        return base * self.fit_spec.rate_factors(self.recorder.n_epochs, n_steps)

    def _in_model_order(self, rows: Sequence) -> list[np.ndarray]:
        """Turn the net's row of the program's weights into those of the net alone."""
        pairs = zip(self._split_row(rows[0]), self.member.weights, strict=True)
        return [array.reshape(np.shape(weight)) for array, weight in pairs]


class _Slots:
    """The slots of a program, the nets in them, and those that wait."""

    def __init__(
        self, model: Any, program: Program, rows: Rows, members: Sequence[Member]
    ) -> None:
        self._model, self._program, self._rows = model, program, rows
        self._batch_size = batch_size = program.spec.batch_size
        self._waiting = deque(enumerate(members))
        self._slots: list[_Slot | None] = [None] * (program.spec.n_members or 0)
        self._results: list[Any] = [None] * len(members)
        self._n_steps = _n_steps(members[0], batch_size)
        self._n_slots, self._n_validation_slots = (
            -(-capacity_for(longest(own), bytes_per_row=4) // size) * size
            for own, size in (
                ([member.train_rows for member in members], batch_size),
                ([member.validation_rows for member in members], VALIDATION_CHUNK),
            )
        )
        program.start([np.zeros(weight.shape) for weight in model.weights], None, 0)

    def run(self) -> list:
        """Train until nobody waits and all slots are empty."""
        self._fill()
        try:
            while any(self._slots):
                self._train_epoch()
        finally:
            for slot in filter(None, self._slots):
                slot.recorder.close()
        return self._results

    def _fill(self) -> None:
        """Give empty slots to those who wait, and bind the program to all nets."""
        for position, slot in enumerate(self._slots):
            if slot is None and self._waiting:
                number, member = self._waiting.popleft()
                self._slots[position] = _Slot(
                    number, member, self._model, self._program
                )
                self._program.start_member(position, member.weights)
        known = next(filter(None, self._slots), None)
        if known is None:
            return
        none = np.arange(0)
        idle = dataclasses.replace(known.member, train_rows=none, validation_rows=none)
        members = [slot.member if slot else idle for slot in self._slots]
        train = [member.train_rows for member in members]
        validation = [member.validation_rows for member in members]
        self._counts = tf.constant(lengths(train)), tf.constant(lengths(validation))
        rates = np.array([member.dropout_rates for member in members], np.float32)
        penalties = np.array([member.penalties for member in members], np.float32)
        self._epoch = self._program.bind(
            self._rows,
            self._n_slots,
            self._n_slots // self._batch_size,
            index_table(validation, VALIDATION_CHUNK, self._n_validation_slots),
            _architecture.RuntimeHyperparameters(
                np.moveaxis(rates, 0, -1),
                np.moveaxis(penalties, 0, -1),
                np.array([member.weight_decay for member in members], np.float32),
            ),
            np.array([member.seed & 0x7FFFFFFF for member in members], np.int32),
        )

    def _train_epoch(self) -> None:
        """Train the nets in all slots for an epoch; let those leave that have ended."""
        present = [(at, slot) for at, slot in enumerate(self._slots) if slot]
        order = np.zeros((len(self._slots), self._n_slots), np.int32)
        rates = np.zeros((self._n_slots // self._batch_size, len(order)), np.float32)
        for at, slot in present:
            rows = slot.fit_spec.visiting_order(slot.rng)
            order[at] = index_table(rows, self._batch_size, self._n_slots)
            rates[: self._n_steps, at] = slot.rates(self._n_steps)
        sums = self._epoch(self._rows, order, rates, *self._counts)
        weights = np.asarray(self._program.weights.read()[0])
        for at, slot in present:
            own, member = sums[:, :, at], slot.member
            counts = len(member.train_rows), len(member.validation_rows)
            logs = self._program.spec.name_means(own, counts)
            logs["learning_rate"] = float(rates[0, at])
            result: Any
            try:
                if slot.recorder.record(logs, [weights[at].copy()]):
                    continue
                kept = slot.recorder.kept_weights()
                result = MemberResult(kept, slot.recorder.result(True, []))
            except SegmentLearnError as error:
                result = error
            self._results[slot.number] = result
            slot.recorder.close()
            self._slots[at] = None
        if not all(self._slots[at] for at, _ in present):
            self._fill()


def _n_steps(member: Member, batch_size: int) -> int:
    return -(-len(member.train_rows) // batch_size)
