"""Which rows a training visits, at which rate, and what ends it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from segmentlearn.engine._stopping import EarlyStopping
from segmentlearn.engine._tensorboard_log import LogFolder, LogPart

Schedule = Callable[[np.ndarray], np.ndarray]


def constant(progress: np.ndarray) -> np.ndarray:
    """Keep the base rate from the first step to the last."""
    return np.ones_like(progress)


def cosine(progress: np.ndarray) -> np.ndarray:
    """Fall from the base rate to zero along half a cosine (Loshchilov and Hutter)."""
    return 0.5 * (1.0 + np.cos(np.pi * progress))


def flat_cosine(progress: np.ndarray) -> np.ndarray:
    """Keep the base rate for the first half, then fall to zero along a cosine."""
    return 0.5 * (1.0 + np.cos(np.pi * (np.maximum(1.0, 2.0 * progress) - 1.0)))


def coslog4(progress: np.ndarray) -> np.ndarray:
    """Four cosine cycles, each twice as long as the one before (RealMLP)."""
    return 0.5 * (1.0 - np.cos(2.0 * np.pi * np.log2(1.0 + 15.0 * progress)))


SCHEDULES: dict[str, Schedule] = {
    schedule.__name__: schedule for schedule in (constant, cosine, coslog4, flat_cosine)
}


def resolve_schedule(schedule: "str | Schedule | None") -> Schedule:
    """Return the function behind a schedule's name; a function passes through."""
    if schedule is None:
        return constant
    if callable(schedule):
        return schedule
    if schedule not in SCHEDULES:
        raise ValueError(
            f"learning_rate_schedule={schedule!r} is not known; use one of "
            f"{sorted(SCHEDULES)} or a function of the progress in [0, 1]."
        )
    return SCHEDULES[schedule]


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
