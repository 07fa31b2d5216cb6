"""What the fits of tables larger than memory have in common."""

import abc
import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from segmentlearn import engine
from segmentlearn._compat import validate_data
from segmentlearn._forks import check_not_forked
from segmentlearn.neural_network import _table
from segmentlearn.neural_network._log_folders import start_log
from segmentlearn.neural_network._sharded._plan import PartitionShards, ShardPlan
from segmentlearn.preprocessing import (
    TableStatistics,
    TabularPreprocessor,
    fit_statistics,
    transform_folds,
)

# of a table so large that a net sees as many rows in a few epochs as it would see
# until early stopping; docs/benchmarks/out_of_core.py
_ROWS_VISITED = 20_000_000
_FEW_EPOCHS = 10


class ShardedFit(abc.ABC):
    """The fit of an estimator to a table that is read in partitions.

    It goes through four steps: statistics of the partitions, merged; a plan; the
    partitions written to shards; training. Between them it can be sent elsewhere.

    Parameters
    ----------
    estimator : SegmentClassifier or Autoencoder
        What is fitted, in place.
    """

    presets: dict[str, dict] = {}
    plan_: ShardPlan
    shards_: Any
    sample_: np.ndarray
    held_out_: list[np.ndarray]
    folds_: np.ndarray

    def __init__(self, estimator: Any) -> None:
        check_not_forked()
        estimator._validate_params()
        self.estimator = estimator
        self.log = start_log(estimator, self.presets)
        self.seed = self._draw_seed()
        self._nets: tuple[Any, Any] | None = None

    def statistics(self) -> TableStatistics:
        """Return statistics of no rows, for a part of the table.

        Returns
        -------
        statistics : TableStatistics
            To be updated, and merged with those of other parts.
        """
        categorical = getattr(self.estimator.preprocessor, "categorical", "auto")
        return TableStatistics(self.seed, categorical)

    def take(self, parts: Iterable[PartitionShards]) -> None:
        """Train on these partitions.

        Parameters
        ----------
        parts : iterable of PartitionShards
            All of them, in any order.
        """
        parts = sorted(parts, key=lambda part: part.partition)
        self.shards_ = self.plan_.shards([part.file for part in parts])
        leaves = zip(*(part.held_out for part in parts), strict=True)
        self.held_out_ = list(map(np.concatenate, leaves))
        self.folds_ = np.concatenate([part.folds for part in parts])

    def _fit_preprocessor(
        self, statistics: TableStatistics, classes: Any = None, class_of: Any = None
    ) -> dict[str, np.ndarray]:
        """Fit the preprocessor; return target means by fold."""
        estimator, sample = self.estimator, statistics.sample
        frame, means = sample.frame, {}
        estimator.preprocessor_ = _table.resolve_preprocessor(
            estimator.preprocessor, frame
        )
        preprocessor = estimator.preprocessor_
        if preprocessor is None:
            features = _table.read_numbers(estimator, frame, reset=True)
        elif isinstance(preprocessor, TabularPreprocessor):
            means = fit_statistics(preprocessor, statistics)
            features = transform_folds(preprocessor, frame, sample.folds, means)
        else:
            y, labels = None, sample.labels
            if labels is not None:
                y = classes[[class_of[label] for label in labels]]
            features = _table.as_matrix(preprocessor.fit(frame, y).transform(frame))
        validate_data(estimator, frame, skip_check_array=True)
        self.sample_ = np.asarray(features, np.float32)
        return means

    def _set_plan(self, means: dict, n_rows: int, **drawn: Any) -> ShardPlan:
        self.plan_ = ShardPlan(
            self.estimator.preprocessor_,
            means,
            n_rows,
            self.sample_.shape[1],
            self.seed,
            **drawn,
        )
        return self.plan_

    def _build(self) -> tuple[Any, Any]:
        """Return the model, and what belongs to its training."""
        if self._nets is None:
            self._nets = self._build_nets()
        return self._nets

    @abc.abstractmethod
    def _draw_seed(self) -> int:
        """Return the seed of the first net, drawn as the estimator's fit draws it."""

    @abc.abstractmethod
    def _build_nets(self) -> tuple[Any, Any]:
        """Return a new model, and what belongs to its training."""

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_nets": None}


def epochs_for(
    estimator: Any, n_rows: int, rule: engine.EarlyStopping | None
) -> dict[str, Any]:
    """Return the epochs that a table of so many rows needs, as `engine.fit` takes them.

    Few epochs are all trained, with a rate that falls to zero: there is none left in
    which to find out that the loss no longer falls.
    """
    epochs, schedule = estimator.max_epochs, estimator.learning_rate_schedule
    few = max(1, round(_ROWS_VISITED / n_rows))
    if few <= _FEW_EPOCHS and few < epochs:
        epochs, schedule = few, "flat_cosine" if schedule == "constant" else schedule
        rule = rule and dataclasses.replace(rule, patience=few)
    return {
        "epochs": epochs,
        "learning_rate_schedule": schedule,
        "early_stopping": rule,
    }
