"""Which rows a training visits, at which rate, and what ends it."""

import dataclasses
from typing import Any

import numpy as np

from segmentlearn.engine._schedules import Schedule
from segmentlearn.engine._stopping import EarlyStopping
from segmentlearn.engine._tensorboard_log import LogFolder, LogPart


@dataclasses.dataclass(frozen=True)
class FitSpec:
    """The arguments of a fit that its program does not depend on.

    Parameters
    ----------
    train_rows, validation_rows : ndarray of int or list of ndarray
        Row numbers; a list holds one array a member. Validation rows may be empty.
    epochs : int
    schedule : callable
    early_stopping : EarlyStopping or None
    seed : int
    shuffle : bool, default=True
    verbose : int, default=0
    log_folder : LogFolder, LogPart or None, default=None
        Where event files for TensorBoard are written.
    """

    train_rows: Any
    validation_rows: Any
    epochs: int
    schedule: Schedule
    early_stopping: EarlyStopping | None
    seed: int
    shuffle: bool = True
    verbose: int = 0
    log_folder: LogFolder | LogPart | None = None

    def visiting_order(self, rng: np.random.Generator) -> Any:
        """Return the training rows, those of each member, in the order of an epoch."""
        if not self.shuffle:
            return self.train_rows
        if isinstance(self.train_rows, list):
            return [rng.permutation(rows) for rows in self.train_rows]
        return rng.permutation(self.train_rows)

    def rate_factors(self, epoch: int, n_steps: int) -> np.ndarray:
        """Return what the schedule makes of the learning rate in an epoch's steps."""
        steps = np.arange(n_steps) + epoch * n_steps
        return self.schedule(steps / max(1, self.epochs * n_steps - 1))
