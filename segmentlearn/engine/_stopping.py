"""When to stop, and which epoch's weights to keep."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class EarlyStopping:
    """Stop when a measure has not improved for a while.

    Parameters
    ----------
    patience : int, default=5
        Epochs without an improvement after which training stops; 0 is as good as 1.
    min_delta : float, default=0.0
        How much better than the best a measure must be to count as an improvement.
    restore_best : bool, default=True
        Whether the model gets the weights of its best epoch, not of its last.
    monitor : str, default="val_loss"
        The name of a measure in the history; one without ``val_`` is of the training
        itself, and needs no validation rows. Losses have to fall, and so has a metric
        unless Keras says that it grows, as "accuracy" does.

    Examples
    --------
    >>> from segmentlearn.engine import EarlyStopping
    >>> EarlyStopping(patience=3)
    EarlyStopping(patience=3, min_delta=0.0, restore_best=True, monitor='val_loss')
    """

    patience: int = 5
    min_delta: float = 0.0
    restore_best: bool = True
    monitor: str = "val_loss"

    def check(self, metric_names: Sequence[str], validates: bool) -> None:
        """Check that `monitor` is measured.

        Parameters
        ----------
        metric_names : sequence of str
            What is measured beside the loss.
        validates : bool
            Whether there are validation rows.

        Raises
        ------
        ValueError
            If `monitor` is not among it.
        """
        names = ["loss", *metric_names]
        known = [*(f"val_{name}" for name in names), *names]
        if self.monitor not in known:
            raise ValueError(
                f"early_stopping.monitor={self.monitor!r} is not measured; it must be "
                f"one of {known}."
            )
        if self.monitor.startswith("val_") and not validates:
            raise ValueError(
                "early_stopping needs validation rows, because it monitors "
                f"{self.monitor!r}: pass validation_data or validation_rows, monitor="
                f"{self.monitor.removeprefix('val_')!r}, or early_stopping=None."
            )


class BestEpoch:
    """Keep the best epoch of each member, and know when all have run out of patience.

    A single net is one member. The leading axis of every weight is that of members, so
    the best weights of all of them fit into one list of arrays.
    """

    def __init__(
        self, rule: EarlyStopping, n_members: int | None, more_is_better: bool = False
    ) -> None:
        self.rule = rule
        self._sign = -1.0 if more_is_better else 1.0
        self.loss = np.full(n_members or 1, np.inf)
        self.epoch = np.full(n_members or 1, -1)
        self.weights: list | None = None

    def update(self, epoch: int, measures: Any, weights: list) -> None:
        """Compare the monitored measure of each member with the best so far."""
        losses = self._sign * np.atleast_1d(measures)
        better = losses < self.loss - self.rule.min_delta
        if not better.any():
            return
        self.loss = np.where(better, losses, self.loss)
        self.epoch = np.where(better, epoch, self.epoch)
        if not self.rule.restore_best:
            return
        if self.weights is not None and not better.all():
            pairs = zip(weights, self.weights, strict=True)
            weights = [_choose(better, new, kept) for new, kept in pairs]
        self.weights = weights

    def is_exhausted(self, epoch: int) -> bool:
        """Whether no member has improved for `patience` epochs, and at least one."""
        return bool((epoch - self.epoch >= max(1, self.rule.patience)).all())


def _choose(better: np.ndarray, new: object, kept: object) -> np.ndarray:
    """Take the improved members' weights from `new`, the others' from `kept`."""
    new, kept = np.asarray(new), np.asarray(kept)
    if new.shape[:1] != better.shape:  # shared by all members: follow the newest
        return new
    return np.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, kept)
