"""Loss, optimizer and metrics: what a program depends on beside the model."""

import dataclasses
import json
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._program import _losses


@dataclasses.dataclass(frozen=True)
class CompileSpec:
    """How rows become one loss, and what is measured beside it.

    Parameters
    ----------
    loss : object
        A Keras loss, its name, or one for each output.
    optimizer : keras.optimizers.Optimizer
        A program holds the learning rate and weight decay of the fit that made it, so
        these are always read from the present fit's spec.
    metrics, weighted_metrics : tuple, default=()
        Names or functions, evaluated on the first output; the weighted ones count each
        row by its weight.
    loss_weights : tuple of float or None, default=None
        One for each output.
    batch_size : int, default=32
        Rows of one step.
    n_members : int or None, default=None
        Length of the leading member axis of a packed model; None without one.
    jit_compile : bool, default=True
        Whether XLA compiles the epoch.
    output_names : tuple of str, default=()
        Of several outputs, whose losses are measured one by one as well.
    by_member : bool, default=False
        Whether each member has numbers of its own (learning rate, decay, dropout rates,
        penalties, seed, steps so far) and must become what it would become alone.
    """

    loss: Any
    optimizer: Any
    metrics: tuple = ()
    weighted_metrics: tuple = ()
    loss_weights: tuple[float, ...] | None = None
    batch_size: int = 32
    n_members: int | None = None
    jit_compile: bool = True
    output_names: tuple[str, ...] = ()
    by_member: bool = False

    @property
    def all_metrics(self) -> tuple:
        """The plain metrics, then the weighted ones."""
        return (*self.metrics, *self.weighted_metrics)

    @property
    def metric_names(self) -> list[str]:
        """What is measured beside the loss, as the history calls it.

        First the losses of several outputs, then the metrics; a weighted double has a
        name of its own, as in Keras.
        """
        names = [f"{output}_loss" for output in self.output_names]
        names += map(_losses.metric_name, self.metrics)
        for name in map(_losses.metric_name, self.weighted_metrics):
            names.append(f"weighted_{name}" if name in names else name)
        return names

    @property
    def n_sums(self) -> int:
        """How many sums over the rows an epoch keeps."""
        return 1 + len(self.metric_names) + bool(self.weighted_metrics)

    @property
    def key(self) -> Hashable:
        """What the compiled epoch depends on, without runtime hyperparameters."""
        config = {**self.optimizer.get_config(), "learning_rate": None, "name": None}
        config["weight_decay"] = config.get("weight_decay") is not None
        return (
            type(self.optimizer),
            json.dumps(config, sort_keys=True, default=str),
            _losses.identity_key((self.loss, self.metrics, self.weighted_metrics)),
            self.loss_weights,
            len(self.output_names),
            self.batch_size,
            self.n_members,
            self.jit_compile,
            self.by_member,
        )

    def more_is_better(self, monitor: str) -> bool:
        """Whether a measure of the history has to grow."""
        names = self.metric_names[len(self.output_names) :]
        metrics = dict(zip(names, self.all_metrics, strict=True))
        metric = metrics.get(monitor.removeprefix("val_"))
        return metric is not None and _losses.more_is_better(metric)

    def name_means(self, sums: np.ndarray, counts: Sequence) -> dict[str, Any]:
        """Return means over training rows, and over validation rows if there are any.

        `sums` and `counts` of rows are those of training, then those of validation.
        """
        means = self._name_means(sums[0], counts[0], "")
        if np.any(counts[1]):
            means |= self._name_means(sums[1], counts[1], "val_")
        return means

    def _name_means(self, sums: np.ndarray, n_rows: Any, prefix: str) -> dict[str, Any]:
        """Divide sums by the rows, those of weighted metrics by the rows' weights.

        That is how Keras does it: a weighted loss is divided by the number of rows.
        """
        names = [prefix + name for name in ("loss", *self.metric_names)]
        means = sums[: len(names)] / np.maximum(n_rows, 1)
        if self.weighted_metrics:
            first = len(names) - len(self.weighted_metrics)
            means[first:] = sums[first:-1] / np.where(sums[-1] == 0, 1, sums[-1])
        values = (mean.item() if np.ndim(mean) == 0 else mean for mean in means)
        return dict(zip(names, values, strict=True))
