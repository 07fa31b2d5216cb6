"""Train nets side by side as if each were alone: own numbers, own epochs, own end.

A compiled program has places for a few nets. A net that has run out of patience leaves
its place to the next one that waits, so that no place is idle as long as nets wait.
"""

import dataclasses
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn._forks import check_not_forked
from segmentlearn.engine import _keras_fit as fallback
from segmentlearn.engine._backend import keras, tf
from segmentlearn.engine._cache import PROGRAMS
from segmentlearn.engine._data._padding import (
    Table,
    as_leaves,
    capacity_for,
    index_table,
    pad_rows,
)
from segmentlearn.engine._program._architecture import FreeNumbers, NotCompilableError
from segmentlearn.engine._program._epoch_program import (
    VALIDATION_CHUNK,
    Program,
    Recipe,
    Settings,
)
from segmentlearn.engine._schedules import Schedule, resolve_schedule
from segmentlearn.engine._stopping import BestEpoch, EarlyStopping
from segmentlearn.engine._tensorboard_log import EpochLog, LogFolder
from segmentlearn.engine._trainer import (
    TrainingResult,
    first_loss_error,
    warn_of_divergence,
    warn_of_no_best_epoch,
)
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
    """What became of a net.

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
        A packed model: input (n_places, n_rows, n_features), output likewise, all
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
    recipe = Recipe(
        loss=loss,
        optimizer=keras.optimizers.get(optimizer),
        metrics=tuple(metrics),
        weighted_metrics=(),
        loss_weights=None,
        batch_size=int(batch_size),
        n_members=int(model.inputs[0].shape[0]),
        jit_compile=True,
        by_member=True,
    )
    for member in members:
        if member.early_stopping is not None:
            validates = len(member.validation_rows) > 0
            member.early_stopping.check(recipe.metric_names, validates)
    reason = fallback.reason_not_to_compile(model, recipe.optimizer, (), loss, metrics)
    if reason is not None:
        raise NotCompilableError(reason)
    table = Table(as_leaves(X, "X"), as_leaves(y, "y"), sample_weight)
    rows = pad_rows(table)
    program = PROGRAMS.find(model, recipe, rows)
    with program.lock:
        return _Places(model, program, rows, recipe, members).run()


class _Place:
    """A net in training, and what is known of it."""

    def __init__(
        self,
        number: int,
        member: Member,
        n_steps: int,
        program: Program,
        recipe: Recipe,
        model: Any,
    ) -> None:
        self.number = number
        self.member = member
        self.history: dict[str, list] = {}
        self.last_finite: np.ndarray | None = None
        self.n_steps = n_steps
        self._rate = float(np.float32(member.learning_rate))
        self._schedule = resolve_schedule(member.learning_rate_schedule)
        self._rng = np.random.default_rng(member.seed)
        rule = member.early_stopping
        self.best = None
        if rule is not None:
            self.best = BestEpoch(rule, None, recipe.more_is_better(rule.monitor))
        self._split = program.member_weights
        folder = member.log_folder
        self.log = None if folder is None else EpochLog(folder, model)

    @property
    def n_epochs(self) -> int:
        return len(self.history.get("loss", ()))

    def order(self) -> np.ndarray:
        return self._rng.permutation(self.member.train_rows)

    def rates(self) -> np.ndarray:
        """Return the learning rate of each step of the present epoch."""
        steps = np.arange(self.n_steps) + self.n_epochs * self.n_steps
        total = max(1, self.member.epochs * self.n_steps - 1)
        return np.asarray(self._rate * self._schedule(steps / total), np.float32)

    def note(self, logs: dict[str, float], row: np.ndarray) -> bool:
        """Write an epoch down; return whether to go on."""
        epoch = self.n_epochs
        is_finite = bool(np.isfinite(logs["loss"]))
        if not is_finite and not self.history:
            raise first_loss_error(logs["loss"])
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
        if self.log is not None:
            self.log.write(logs, self._split(row) if is_finite else None)
        if not is_finite:
            warn_of_divergence(epoch)
            return False
        self.last_finite = row
        if self.best is not None:
            measure = np.asarray(logs[self.best.rule.monitor])
            self.best.update(epoch, measure, [row.copy])
            if self.best.is_exhausted(epoch):
                return False
        return self.n_epochs < self.member.epochs

    def weights(self) -> np.ndarray:
        """Return what the net takes home: its best epoch, else its last one."""
        assert self.last_finite is not None
        if self.best is None or not self.best.rule.restore_best:
            return self.last_finite
        if self.best.weights is None:
            warn_of_no_best_epoch(self.best.rule.monitor)
            return self.last_finite
        return self.best.weights[0]


class _Places:
    """The places of a program, the nets in them, and those that wait."""

    def __init__(
        self,
        model: Any,
        program: Program,
        rows: Any,
        recipe: Recipe,
        members: Sequence[Member],
    ) -> None:
        assert recipe.n_members is not None
        self._program, self._rows, self._recipe = program, rows, recipe
        self._model = model
        self._waiting = deque(enumerate(members))
        self._places: list[_Place | None] = [None] * recipe.n_members
        self._results: list[Any] = [None] * len(members)
        self._n_steps = _n_steps(members[0], recipe.batch_size)
        row_bytes = 4
        longest = max(len(member.train_rows) for member in members)
        slots = capacity_for(longest, row_bytes)
        self._n_slots = -(-slots // recipe.batch_size) * recipe.batch_size
        longest = max(len(member.validation_rows) for member in members)
        slots = capacity_for(longest, row_bytes)
        self._n_validation_slots = -(-slots // VALIDATION_CHUNK) * VALIDATION_CHUNK
        program.start([np.zeros(weight.shape) for weight in model.weights], None, 0)

    def run(self) -> list:
        """Train until nobody waits and all places are empty."""
        self._fill()
        try:
            while any(self._places):
                self._train_epoch()
        finally:
            for slot in range(len(self._places)):
                self._empty(slot)
        return self._results

    def _empty(self, slot: int) -> None:
        """Let a place go, and close what it has written."""
        place, self._places[slot] = self._places[slot], None
        if place is not None and place.log is not None:
            place.log.close()

    def _fill(self) -> None:
        """Give empty places to those who wait, and tell the program who is there."""
        for slot, place in enumerate(self._places):
            if place is None and self._waiting:
                number, member = self._waiting.popleft()
                self._places[slot] = _Place(
                    number,
                    member,
                    self._n_steps,
                    self._program,
                    self._recipe,
                    self._model,
                )
                self._program.start_member(slot, member.weights)
        present = [place.member if place else None for place in self._places]
        known = next((member for member in present if member), None)
        if known is None:
            return
        members = [member or known for member in present]
        none = np.arange(0)
        validation = [one.validation_rows if one else none for one in present]
        train = [len(one.train_rows) if one else 0 for one in present]
        self._n_train = tf.constant(np.array(train, np.int32))
        self._n_validation = np.array([len(rows) for rows in validation], np.int32)
        order = index_table(validation, VALIDATION_CHUNK, self._n_validation_slots)
        rates = [member.dropout_rates for member in members]
        penalties = [member.penalties for member in members]
        settings = Settings(
            n_slots=self._n_slots,
            n_steps=self._n_slots // self._recipe.batch_size,
            validation_order=order,
            weight_decay=np.array([one.weight_decay for one in members], np.float32),
            free=FreeNumbers(
                np.moveaxis(np.array(rates, np.float32), 0, -1),  # type: ignore[arg-type]
                np.moveaxis(np.array(penalties, np.float32), 0, -1),  # type: ignore[arg-type]
            ),
            seed=np.array([one.seed & 0x7FFFFFFF for one in members], np.int32),
        )
        self._epoch = self._program.bind(self._rows, settings)

    def _train_epoch(self) -> None:
        """Train every place for an epoch; send home who has finished."""
        n_places = len(self._places)
        order = np.zeros((n_places, self._n_slots), np.int32)
        rates = np.zeros((self._n_slots // self._recipe.batch_size, n_places))
        for slot, place in enumerate(self._places):
            if place is not None:
                order[slot] = index_table(
                    place.order(), self._recipe.batch_size, self._n_slots
                )
                rates[: self._n_steps, slot] = place.rates()
        sums = self._epoch(
            self._rows,
            order,
            rates.astype(np.float32),
            self._n_train,
            tf.constant(self._n_validation),
        )
        weights = np.asarray(self._program.readers()[0]())
        names = ["loss", *self._recipe.metric_names]
        is_changed = False
        for slot, place in enumerate(self._places):
            if place is None:
                continue
            n_train, n_validation = (
                len(place.member.train_rows),
                self._n_validation[slot],
            )
            logs = _means(names, sums[0, :, slot], n_train)
            if n_validation:
                names_there = [f"val_{name}" for name in names]
                logs |= _means(names_there, sums[1, :, slot], n_validation)
            logs["learning_rate"] = float(np.float32(rates[0, slot]))
            try:
                if place.note(logs, weights[slot]):
                    continue
                self._results[place.number] = self._result(place)
            except SegmentLearnError as error:
                self._results[place.number] = error
            self._empty(slot)
            is_changed = True
        if is_changed:
            self._fill()

    def _result(self, place: _Place) -> MemberResult:
        flat = self._program.member_weights(place.weights())
        shapes = [np.shape(weight) for weight in place.member.weights]
        return MemberResult(
            weights=[
                np.array(array).reshape(shape)
                for array, shape in zip(flat, shapes, strict=True)
            ],
            training=TrainingResult(
                history=place.history,
                n_epochs=place.n_epochs,
                best_epoch=None if place.best is None else int(place.best.epoch[0]),
                interrupted=False,
                compiled=True,
                optimizer_state=[],
            ),
        )


def _n_steps(member: Member, batch_size: int) -> int:
    return -(-len(member.train_rows) // batch_size)


def _means(names: list[str], sums: np.ndarray, n_rows: int) -> dict[str, float]:
    """Divide sums over rows as a net alone does it."""
    means = sums / np.array(max(n_rows, 1), np.int32)
    return {name: value.item() for name, value in zip(names, means, strict=True)}
