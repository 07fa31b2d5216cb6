"""What keeps a training by Keras' own ``fit`` to the plan, and writes it down."""

from typing import TYPE_CHECKING, Any

import numpy as np

from segmentlearn.engine import losses
from segmentlearn.engine.backend import keras
from segmentlearn.engine.data import longest
from segmentlearn.engine.program import Recipe
from segmentlearn.engine.schedules import constant
from segmentlearn.exceptions import SegmentLearnError

if TYPE_CHECKING:
    from segmentlearn.engine.trainer import Plan


class Watch(keras.callbacks.Callback):
    """Follows the plan during Keras' ``fit``, and writes down what happens.

    Parameters
    ----------
    recipe : Recipe
    plan : Plan
    """

    def __init__(self, recipe: Recipe, plan: "Plan") -> None:
        super().__init__()
        self.history: dict[str, list] = {}
        self.diverged = False
        self._steps = -(-longest(plan.train_rows) // recipe.batch_size)
        self._plan = plan
        self._names = ["loss", *map(losses.metric_name, recipe.all_metrics)]
        self._base_rate = self._rate = 0.0
        self._last_weights: list | None = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Note the rate that the plan's schedule is a factor on."""
        self._base_rate = self._present_rate()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Follow the plan's schedule, at the grain of epochs."""
        if self._plan.schedule is constant or self._has_schedule_object():
            return  # the user's own callbacks or schedule may want to set the rate
        total = max(1, self._plan.epochs * self._steps - 1)
        progress = np.array([epoch * self._steps / total])
        factor = float(self._plan.schedule(progress)[0])
        self.model.optimizer.learning_rate = self._base_rate * factor

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Note the rate of the epoch's first step."""
        if batch == 0:
            self._rate = self._present_rate()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write the epoch down; end the training where its loss is not finite."""
        logs = logs or {}
        for prefix in ("", "val_"):
            for name in self._names:
                value = _find(logs, prefix, name)
                if value is not None:
                    self.history.setdefault(prefix + name, []).append(float(value))
        self.history.setdefault("learning_rate", []).append(self._rate)
        self.diverged = not np.isfinite(self.history["loss"][-1])
        if self.diverged:
            self.model.stop_training = True
        elif self._plan.stopping is None:
            self._last_weights = self.model.get_weights()

    def check_first_epoch(self) -> None:
        """Raise if there is no epoch whose weights could be kept."""
        if self.diverged and self.n_epochs == 1:
            raise SegmentLearnError(
                f"the training loss is {self.history['loss'][0]} in the first epoch; "
                "lower the learning rate, and check features and targets."
            )

    @property
    def n_epochs(self) -> int:
        """Epochs run."""
        return len(self.history.get("loss", ()))

    @property
    def last_weights(self) -> list | None:
        """Weights after the last epoch whose loss was a finite number."""
        return self._last_weights

    def _has_schedule_object(self) -> bool:
        """Whether the optimizer has a schedule of its own, which cannot be set."""
        rate = self.model.optimizer._learning_rate
        return isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)

    def _present_rate(self) -> float:
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))


def _find(logs: dict, prefix: str, name: str) -> Any:
    """Look a measure up; of several outputs the first one has it under its name."""
    if prefix + name in logs:
        return logs[prefix + name]
    ends = [
        key
        for key in logs
        if key.endswith(f"_{name}") and key.startswith("val_") == bool(prefix)
    ]
    return logs[ends[0]] if ends and name != "loss" else None


def stopping_hook(plan: "Plan") -> Any:
    """Return Keras' early stopping under the plan's rule, or None."""
    if plan.stopping is None:
        return None
    return keras.callbacks.EarlyStopping(
        monitor=plan.stopping.monitor,
        mode="min",
        patience=plan.stopping.patience,
        min_delta=plan.stopping.min_delta,
        restore_best_weights=plan.stopping.restore_best,
    )
