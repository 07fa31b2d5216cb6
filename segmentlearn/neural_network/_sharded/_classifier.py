"""A classifier fitted to a table larger than memory."""

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn import engine
from segmentlearn.neural_network import _labels
from segmentlearn.neural_network._log_folders import parts_of_log
from segmentlearn.neural_network._segment_classifier import _ensemble
from segmentlearn.neural_network._segment_classifier._calibration import calibrate_nets
from segmentlearn.neural_network._segment_classifier._classifier import (
    SegmentClassifier,
)
from segmentlearn.neural_network._segment_classifier._construction import build_model
from segmentlearn.neural_network._segment_classifier._presets import PRESETS
from segmentlearn.neural_network._segment_classifier._training_data import TrainingData
from segmentlearn.neural_network._settings import sizes_of_counts
from segmentlearn.neural_network._sharded._fit import ShardedFit, epochs_for
from segmentlearn.neural_network._sharded._plan import MOST_HELD_OUT, ShardPlan
from segmentlearn.neural_network._split import Split, check_no_single_row
from segmentlearn.preprocessing import TableStatistics


class ShardedClassifierFit(ShardedFit):
    """The fit of a classifier to a table that is read in partitions.

    Parameters
    ----------
    estimator : SegmentClassifier
        What is fitted, in place.
    """

    estimator: SegmentClassifier
    presets = PRESETS

    def plan(self, statistics: TableStatistics, labels: Any = None) -> ShardPlan:
        """Fit the preprocessor, and decide where each row goes.

        Parameters
        ----------
        statistics : TableStatistics
            Of the whole table.
        labels : array-like, default=None
            What each of ``statistics.label_counts`` stands for, where it is not itself.

        Returns
        -------
        plan : ShardPlan
            What writes the shards of any partition.
        """
        classifier = self.estimator
        raw = list(statistics.label_counts)
        known = np.empty(len(raw), dtype=object)
        known[:] = raw
        known = _labels.read_labels(known if labels is None else labels, "the target")
        order = np.argsort(known, kind="stable")
        classes = _labels.learn_classes(known[order], known)
        raw = [raw[place] for place in order]
        counts = np.array([statistics.label_counts[label] for label in raw])
        statistics.order_classes(raw, classes.tolist())
        classifier.classes_, classifier.class_count_ = classes, counts
        weights = None
        factors = _labels.factors_of_classes(counts, classes, classifier.class_weight)
        if classifier.class_weight is not None:
            present = factors > 0
            if np.count_nonzero(present) < 2:
                raise ValueError("class_weight leaves rows of fewer than 2 classes.")
            mean = factors @ counts / counts[present].sum()
            weights, counts = factors / mean, counts * present
        if classifier.early_stopping:
            check_no_single_row(counts, classes)
        self.sizes = sizes_of_counts(classifier, counts, classifier.early_stopping)
        class_of = {label: number for number, label in enumerate(raw)}
        means = self._fit_preprocessor(statistics, classes, class_of)
        n_rows, n_folds = int(counts.sum()), self.sizes.n_inner_folds
        share = 1.0 if n_folds else classifier.validation_fraction
        share = min(share, MOST_HELD_OUT / n_rows)
        return self._set_plan(
            means,
            n_rows,
            n_folds=n_folds,
            held_out_share=share if classifier.early_stopping else 0.0,
            class_of=class_of,
            weights=weights,
        )

    @property
    def n_nets(self) -> int:
        """Nets that are trained, each without another fold."""
        return max(1, self.sizes.n_inner_folds)

    def train_net(self, number: int) -> tuple[list[np.ndarray], Any]:
        """Train one of the nets, as it comes out whoever trains the others.

        Parameters
        ----------
        number : int
            Its number.

        Returns
        -------
        weights : list of ndarray
            Those of the net.
        result : TrainingResult
            Its history.
        """
        classifier, sizes = self.estimator, self.sizes
        _, nets = self._build()
        net, is_last = nets[number], number == self.n_nets - 1
        data, rows = self._held_out()
        validation: tuple | None = None
        if classifier.early_stopping:
            own = rows[number].validation_rows
            validation = data.features[own], data.y_encoded[own]
            if data.sample_weight is not None:
                validation = *validation, data.sample_weight[own]
        train = self.plan_.shards_without(number)
        n_rows = int(self.shards_.sizes[train].sum())
        rule = _ensemble.stopping_rule(classifier, sizes)
        settings = _ensemble.fit_arguments(classifier, data, sizes)
        settings["sample_weight"] = None  # the shards hold them
        log = parts_of_log(self.log, self.n_nets, 0)[number]
        with contextlib.nullcontext() if is_last else engine.pass_interrupts_on():
            result = engine.fit(
                net,
                self.shards_,
                None,
                train_rows=train,
                validation_data=validation,
                seed=_ensemble.net_seed(classifier._seed, number),
                log_dir=log,
                **epochs_for(classifier, n_rows, rule),
                **settings,
            )
        return net.get_weights(), result

    def finish(self, trained: Sequence[tuple]) -> SegmentClassifier:
        """Calibrate the nets, and set what a fitted classifier has.

        Parameters
        ----------
        trained : list of (list of ndarray, TrainingResult)
            What `train_net` has returned for each net.

        Returns
        -------
        classifier : SegmentClassifier
            Fitted.
        """
        classifier = self.estimator
        model, nets = self._build()
        for net, (weights, _) in zip(nets, trained, strict=True):
            net.set_weights(weights)
        classifier._set_fitted(model, [result for _, result in trained], {})
        data, rows = self._held_out()
        oof_proba = calibrate_nets(classifier, nets, data, rows)
        counts = classifier.class_count_
        classifier._set_counted(data.y_encoded, oof_proba)
        classifier.oof_proba_, classifier.class_count_ = None, counts
        return classifier

    def _held_out(self) -> tuple[TrainingData, list[Split]]:
        """Return the rows that are held out, and those that each net stops on."""
        features, y_encoded, *weights = self.held_out_
        data = TrainingData(features, y_encoded, weights[0] if weights else None)
        rows = [np.flatnonzero(self.folds_ == net) for net in range(self.n_nets)]
        return data, [Split(validation_rows=own) for own in rows]

    def _draw_seed(self) -> int:
        self.estimator._start_training()
        return self.estimator._seed

    def _build_nets(self) -> tuple[Any, list]:
        classifier = self.estimator
        model, nets = build_model(classifier, self.sizes, self.sample_, self.n_nets)
        classifier._is_packed = nets[0] is not model
        return model, nets
