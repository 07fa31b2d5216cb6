"""The loop over epochs: order the rows, run the program, note, stop."""

import contextlib
import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._callbacks import EpochCallbacks
from segmentlearn.engine._data._adapters import SegmentedRows, WholeRows
from segmentlearn.engine._data._padding import longest
from segmentlearn.engine._interruption import ends_the_job
from segmentlearn.engine._program._architecture import FreeNumbers
from segmentlearn.engine._program._epoch_program import Program, Recipe
from segmentlearn.engine._progress import progress_bar
from segmentlearn.engine._schedules import Schedule
from segmentlearn.engine._stopping import BestEpoch, EarlyStopping
from segmentlearn.engine._tensorboard_log import EpochLog, LogFolder, LogPart
from segmentlearn.exceptions import SegmentLearnError, SegmentLearnWarning


@dataclasses.dataclass
class TrainingResult:
    """What a training leaves behind, beside the model's new weights.

    Attributes
    ----------
    history : dict of str to list
        One value an epoch: ``loss``, the metrics, the same with ``val_`` where there
        are validation rows, and ``learning_rate``. Losses are means over rows of the
        weighted loss, without penalties. With members, each value is an array of shape
        (n_members,).
    n_epochs : int
        Epochs run.
    best_epoch : int, ndarray of int or None
        Epoch (from 0) whose weights the model has been given; None without early
        stopping.
    interrupted : bool
        Whether Ctrl-C ended the training after its first epoch.
    compiled : bool
        Whether a compiled program ran; False where Keras' own ``fit`` did.
    optimizer_state : list of ndarray
        The optimizer's steps, moments and moving averages at the end, for another `fit`
        to go on with: its variables, in Keras' order, without the learning rate.
    """

    history: dict[str, list]
    n_epochs: int
    best_epoch: Any
    interrupted: bool
    compiled: bool
    optimizer_state: list


@dataclasses.dataclass(frozen=True)
class Plan:
    """Which rows are visited, at which rate, and what ends the training.

    Parameters
    ----------
    train_rows, validation_rows : ndarray of int or list of ndarray
        Row numbers; a list holds one array a member. Validation rows may be empty.
    epochs : int
    schedule : callable
    stopping : EarlyStopping or None
    shuffle : bool
    seed : int
    verbose : int
    log_folder : LogFolder, LogPart or None, default=None
        Where event files for TensorBoard are written.
    """

    train_rows: Any
    validation_rows: Any
    epochs: int
    schedule: Schedule
    stopping: EarlyStopping | None
    shuffle: bool
    seed: int
    verbose: int
    log_folder: LogFolder | LogPart | None = None


class Trainer:
    """Runs the epochs of one fit."""

    def __init__(
        self,
        model: Any,
        program: Program,
        rows: WholeRows | SegmentedRows,
        plan: Plan,
        free: FreeNumbers,
        recipe: Recipe,
        callbacks: Sequence,
    ) -> None:
        self.model = model
        self.program = program
        self.plan = plan
        self.history: dict[str, list] = {}
        self._optimizer = recipe.optimizer
        self._metric_names = recipe.metric_names
        self._callbacks = EpochCallbacks(
            callbacks, model, recipe, plan.epochs, plan.verbose
        )
        self._log = (
            EpochLog(plan.log_folder, model, recipe.n_members)
            if plan.log_folder is not None
            else None
        )
        self._first_step = int(program.optimizer.iterations.numpy())
        self._last_finite: list | None = None
        self._rng = np.random.default_rng(plan.seed)
        self._best = (
            BestEpoch(
                plan.stopping,
                recipe.n_members,
                recipe.more_is_better(plan.stopping.monitor),
            )
            if plan.stopping is not None
            else None
        )
        self._n_steps = -(-longest(plan.train_rows) // program.recipe.batch_size)
        self._pass = rows.bind(
            program, plan, free, float(recipe.optimizer.weight_decay or 0.0)
        )

    def run(self) -> TrainingResult:
        """Train until the plan, a callback, the stopping rule or the user says stop."""
        interrupted = False
        self._callbacks.on_train_begin()
        bar = progress_bar(self.plan.verbose, self.plan.epochs)
        with bar as report, self._log or contextlib.nullcontext():
            try:
                for epoch in range(self.plan.epochs):
                    self._callbacks.on_epoch_begin(epoch)
                    logs = self._run_epoch(epoch)
                    report(epoch, logs)
                    if not self._note(epoch, logs):
                        break
            except KeyboardInterrupt:
                if not self.history or ends_the_job():
                    raise
                interrupted = True
        n_epochs = len(self.history.get("loss", ()))
        if interrupted:
            self._warn_interrupted(n_epochs)
        self._hand_weights_over()
        state = self.program.state()
        self._callbacks.on_train_end()
        return TrainingResult(
            history=self.history,
            n_epochs=n_epochs,
            best_epoch=self._best_epoch(),
            interrupted=interrupted,
            compiled=True,
            optimizer_state=state,
        )

    def _run_epoch(self, epoch: int) -> dict[str, Any]:
        """Run the program once and name what it measured."""
        rates = self._learning_rates(epoch)
        train, validation = self._pass(self._visiting_order(), rates)
        names = ["loss", *self._metric_names]
        logs = dict(zip(names, map(_plain, train), strict=True))
        if longest(self.plan.validation_rows):
            logs |= {
                f"val_{name}": _plain(value)
                for name, value in zip(names, validation, strict=True)
            }
        logs["learning_rate"] = float(rates[0])
        return logs

    def _note(self, epoch: int, logs: dict[str, Any]) -> bool:
        """Write the epoch down; return whether to go on."""
        diverged = not np.isfinite(logs["loss"]).any()
        if diverged and not self.history:
            raise first_loss_error(logs["loss"])
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
        if diverged:
            if self._log is not None:
                self._log.write(logs)
            warn_of_divergence(epoch)
            return False
        self._last_finite = [read() for read in self.program.readers()]
        if self._log is not None:
            self._log.write(logs, self.program.in_model_order(self._last_finite))
        if self._best is not None:
            self._best.update(
                epoch, logs[self._best.rule.monitor], self.program.readers()
            )
        if self._callbacks.is_needed:
            assign_weights(self.model, self.program.weights())
            if self._callbacks.needs_state:
                self._callbacks.take_state(self.program.state())
            self._callbacks.on_epoch_end(epoch, logs)
        if self._best is not None and self._best.is_exhausted(epoch):
            return False
        return not self._callbacks.wants_stop

    def _visiting_order(self) -> Any:
        """Return the rows in the order of this epoch, for each member its own."""
        rows = self.plan.train_rows
        if not self.plan.shuffle:
            return rows
        if isinstance(rows, list):
            return [self._rng.permutation(one) for one in rows]
        return self._rng.permutation(rows)

    def _learning_rates(self, epoch: int) -> np.ndarray:
        """Return the rate of each step."""
        steps = np.arange(self._n_steps) + epoch * self._n_steps
        base = self._callbacks.learning_rate(self._optimizer, steps + self._first_step)
        total = max(1, self.plan.epochs * self._n_steps - 1)
        rates = base * self.plan.schedule(steps / total)
        return np.asarray(rates, np.float32)

    def _hand_weights_over(self) -> None:
        """Give the model the weights of the best epoch, else of the last."""
        weights = self._last_finite
        if self._best is not None and self._best.rule.restore_best:
            weights = self._best.weights
            if weights is None:
                warn_of_no_best_epoch(self._best.rule.monitor)
                weights = self._last_finite
        if weights is not None:
            assign_weights(self.model, self.program.in_model_order(weights))

    def _best_epoch(self) -> Any:
        if self._best is None:
            return None
        if self.program.recipe.n_members is None:
            return int(self._best.epoch[0])
        return self._best.epoch

    def _warn_interrupted(self, n_epochs: int) -> None:
        warnings.warn(
            f"training was interrupted after {n_epochs} of {self.plan.epochs} epochs; "
            "the best weights so far are kept and the model can be used.",
            SegmentLearnWarning,
            stacklevel=5,
        )


def assign_weights(model: Any, weights: Sequence) -> None:
    """Set a model's weights without the checks and copies of ``set_weights``."""
    for variable, value in zip(model.weights, weights, strict=True):
        variable.value.assign(value)


def first_loss_error(loss: Any) -> SegmentLearnError:
    """Return the error of a net that has diverged before it has learnt anything."""
    return SegmentLearnError(
        f"the training loss is {loss} in the first epoch; lower the "
        "learning rate, and check the features for very large numbers and the "
        "targets for classes that the net has no output for."
    )


def warn_of_divergence(epoch: int) -> None:
    """Warn that a training has ended because its loss is not finite any more."""
    warnings.warn(
        f"training stopped in epoch {epoch + 1}: the loss is not a finite "
        "number. The best weights so far are kept; lower the learning rate.",
        SegmentLearnWarning,
        stacklevel=6,
    )


def warn_of_no_best_epoch(monitor: str) -> None:
    """Warn that no epoch could be told to be the best."""
    rows = "validation" if monitor.startswith("val_") else "training"
    warnings.warn(
        f"{monitor} was never a finite number, so the weights of the last epoch are "
        f"kept; check the {rows} rows.",
        SegmentLearnWarning,
        stacklevel=6,
    )


def _plain(value: Any) -> Any:
    """Turn what has one element into a Python number; keep an array of members."""
    return value.item() if np.ndim(value) == 0 else np.array(value)
