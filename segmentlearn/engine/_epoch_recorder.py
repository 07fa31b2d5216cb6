"""What is kept of each epoch: history, weights, and whether training goes on."""

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._fit_spec import FitSpec
from segmentlearn.engine._interruption import ends_the_job
from segmentlearn.engine._program._compile_spec import CompileSpec
from segmentlearn.engine._stopping import BestEpoch
from segmentlearn.engine._tensorboard_log import EpochLog
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


class EpochRecorder:
    """Records the epochs of one training, whoever runs them.

    Weights are recorded in the layout of whoever trains; `in_model_order` turns them
    into those of ``model.weights``.
    """

    def __init__(
        self,
        model: Any,
        spec: CompileSpec,
        fit_spec: FitSpec,
        in_model_order: Callable[[Sequence], list] = list,
    ) -> None:
        self.history: dict[str, list] = {}
        self.diverged = self.interrupted = False
        self._fit_spec = fit_spec
        self._in_model_order = in_model_order
        self._is_packed = spec.n_members is not None and not spec.by_member
        n_members = spec.n_members if self._is_packed else None
        self._last_finite: list | None = None
        self._best: BestEpoch | None = None
        if (rule := fit_spec.early_stopping) is not None:
            grows = spec.more_is_better(rule.monitor)
            self._best = BestEpoch(rule, n_members, grows)
        folder = fit_spec.log_folder
        self._log = None if folder is None else EpochLog(folder, model, n_members)

    def close(self) -> None:
        """Close the files of the log."""
        if self._log is not None:
            self._log.close()

    @property
    def n_epochs(self) -> int:
        """Epochs recorded."""
        return len(self.history.get("loss", ()))

    def record(self, logs: dict[str, Any], weights: list) -> bool:
        """Record an epoch; return whether training may go on."""
        epoch = self.n_epochs
        self.diverged = not np.isfinite(logs["loss"]).any()
        if self.diverged and not self.history:
            raise SegmentLearnError(
                f"the training loss is {logs['loss']} in the first epoch; lower the "
                "learning rate, and check the features for very large numbers and the "
                "targets for classes that the net has no output for."
            )
        before = self.history  # replaced at once: Ctrl-C may come anywhere
        self.history = {name: [*before.get(name, ()), logs[name]] for name in logs}
        if not self.diverged:
            self._last_finite = weights
        if self._log is not None:
            kept = None if self.diverged else self._in_model_order(weights)
            self._log.write(logs, kept)
        if self.diverged:
            return False
        if self._best is not None:
            self._best.update(epoch, logs[self._best.rule.monitor], weights)
            if self._best.is_exhausted(epoch):
                return False
        return self.n_epochs < self._fit_spec.epochs

    def interrupt(self) -> bool:
        """Note Ctrl-C; return whether to keep what has been trained until then."""
        self.interrupted = self._last_finite is not None and not ends_the_job()
        return self.interrupted

    def kept_weights(self) -> list:
        """Return the weights of the best epoch, else of the last finite one.

        Warns of a training that has ended before its time.
        """
        epochs = self._fit_spec.epochs
        if self.interrupted:
            _warn(
                f"training was interrupted after {self.n_epochs} of {epochs} epochs; "
                "the best weights so far are kept and the model can be used."
            )
        elif self.diverged:
            _warn(
                f"training stopped in epoch {self.n_epochs}: the loss is not a finite "
                "number. The best weights so far are kept; lower the learning rate."
            )
        weights = self._last_finite
        if self._best is not None and self._best.rule.restore_best:
            if self._best.weights is not None:
                weights = self._best.weights
            else:
                monitor = self._best.rule.monitor
                rows = "validation" if monitor.startswith("val_") else "training"
                _warn(
                    f"{monitor} was never a finite number, so the weights of the last "
                    f"epoch are kept; check the {rows} rows."
                )
        assert weights is not None
        return self._in_model_order(weights)

    def result(self, compiled: bool, optimizer_state: list) -> TrainingResult:
        """Return what the training leaves behind."""
        best: Any = None if self._best is None else self._best.epoch
        if best is not None and not self._is_packed:
            best = int(best[0])
        return TrainingResult(
            self.history,
            self.n_epochs,
            best,
            self.interrupted,
            compiled,
            optimizer_state,
        )


def _warn(message: str) -> None:
    warnings.warn(message, SegmentLearnWarning, stacklevel=5)
