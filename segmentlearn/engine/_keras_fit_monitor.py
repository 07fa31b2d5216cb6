"""What keeps a training by Keras' own ``fit`` to the plan, and writes it down."""

from typing import TYPE_CHECKING, Any

import numpy as np

from segmentlearn.engine._backend import keras
from segmentlearn.engine._data._padding import longest
from segmentlearn.engine._program._epoch_program import Recipe
from segmentlearn.engine._schedules import constant
from segmentlearn.engine._stopping import BestEpoch
from segmentlearn.exceptions import SegmentLearnError

if TYPE_CHECKING:
    from segmentlearn.engine._trainer import Plan


class Watch(keras.callbacks.Callback):
    """Follows the plan during Keras' ``fit``, and writes down what happens."""

    def __init__(self, recipe: Recipe, plan: "Plan") -> None:
        super().__init__()
        self.history: dict[str, list] = {}
        self.diverged = False
        self._steps = -(-longest(plan.train_rows) // recipe.batch_size)
        self._plan = plan
        self._names = ["loss", *recipe.metric_names]
        self._base_rate = self._rate = 0.0
        self._last_weights: list | None = None
        self._best = None
        if plan.stopping is not None:
            growing = recipe.more_is_better(plan.stopping.monitor)
            self._best = BestEpoch(plan.stopping, None, growing)
        self._aside: list | None = None

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

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Validate the moving average of the weights, where the optimizer has one."""
        averages = self._averages()
        if averages:
            self._aside = [variable.numpy() for variable in self._trained()]
            _assign(self._trained(), averages)

    def on_test_end(self, logs: dict | None = None) -> None:
        """Go on with the weights themselves."""
        if self._aside is not None:
            _assign(self._trained(), self._aside)
            self._aside = None

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
            return
        self._last_weights = self._judged_weights()
        if self._best is None:
            return
        measured = self.history[self._best.rule.monitor][-1]
        self._best.update(epoch, np.array([measured]), [self._judged_weights])
        if self._best.is_exhausted(epoch):
            self.model.stop_training = True

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
    def best_epoch(self) -> int | None:
        """Epoch (from 0) that was best; None without early stopping."""
        return None if self._best is None else int(self._best.epoch[0])

    @property
    def kept_weights(self) -> list | None:
        """Weights of the best epoch where they were kept, else of the last finite."""
        if self._best is None or self._best.weights is None:
            return self._last_weights
        return self._best.weights[0]

    def _judged_weights(self) -> list:
        """Return the model's weights, the trained ones as their averages."""
        averages = self._averages()
        by_place = dict(zip(map(id, self._trained()), averages, strict=False))
        return [
            by_place[id(variable)] if id(variable) in by_place else variable.numpy()
            for variable in self.model.weights
        ]

    def _averages(self) -> list:
        """Return the moving averages of the trained weights; none without them."""
        optimizer = self.model.optimizer
        if not optimizer.use_ema:
            return []
        return [one.numpy() for one in optimizer._model_variables_moving_average]

    def _trained(self) -> list:
        return self.model.trainable_variables

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


def _assign(variables: list, values: list) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
