"""How an ensemble is trained: sizes, inner folds, nets, calibration."""

import functools

import numpy as np
from scipy.special import softmax
from sklearn.utils import check_random_state

from segmentlearn import engine, networks
from segmentlearn.neural_network._labels import (
    encode_labels,
    read_labels,
    rows_that_count,
)
from segmentlearn.neural_network._log_folders import parts_of_log
from segmentlearn.neural_network._segment_classifier._calibration import (
    calibrate_average,
    fit_calibration,
)
from segmentlearn.neural_network._segment_classifier._construction import build_model
from segmentlearn.neural_network._segment_classifier._effort import resolve_sizes
from segmentlearn.neural_network._segment_classifier._ensemble import (
    Fold,
    held_out_logits,
    inner_folds,
    net_seed,
    never_impossible,
    predict_logits,
    train_nets,
)
from segmentlearn.neural_network._settings import check_callbacks

_MOST_ROWS = 10_000  # that tell how far the average of the nets is from each of them


class EnsembleTraining:
    """Mixin for a classifier that trains a net for each inner fold.

    Stands left of ``BaseEstimator``, beside ``TableInput`` and ``Continuation``.
    """

    def _draw_seed(self):
        """Set the seed of a training that starts; return what else is drawn from."""
        random_state = check_random_state(self.random_state)
        self._seed = int(random_state.randint(np.iinfo(np.int32).max))
        self._optimizer_states = None
        return random_state

    def _resolve_sizes(self, codes, weights, X_val):
        """Replace every "auto" by what the table and the effort ask for."""
        counts = np.bincount(codes[rows_that_count(weights, len(codes))])
        present = np.flatnonzero(counts)
        rarest = present[counts[present].argmin()]
        return resolve_sizes(
            self,
            n_rows=int(counts.sum()),
            fewest_in_a_class=int(counts[rarest]),
            may_hold_out=self.early_stopping and X_val is None,
            rarest_class=self.classes_.tolist()[rarest],
        )

    def _choose_rows(self, codes, weights, factors, X_val, y_val, sizes, random_state):
        """Return the rows that each net learns from and stops on."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be passed together.")
        rows = rows_that_count(weights, len(codes))
        nothing = np.arange(0)
        if X_val is not None:
            y_val = read_labels(y_val, "y_val")
            codes_val = encode_labels(X_val, y_val, self.classes_, "_val")
            data = self._read_table(X_val), codes_val, factors[codes_val]
            return [Fold(rows, nothing, data)]
        if not self.early_stopping:
            return [Fold(rows, nothing)]
        return inner_folds(
            codes,
            rows,
            sizes.n_inner_folds,
            self.validation_fraction,
            random_state,
            self.classes_,
        )

    def _stopping_rule(self, sizes):
        """Return when to stop, and what to look at: packed nets count as one."""
        if not self.early_stopping:
            return None
        return engine.EarlyStopping(
            patience=sizes.n_iter_no_change,
            min_delta=self.tol,
            monitor="val_log_loss" if self._is_packed else "val_loss",
        )

    def _build(self, features, sizes, n_nets):
        """Return a model with fresh weights, and the nets in it."""
        model, nets = build_model(self, sizes, features, n_nets, len(self.classes_))
        self._is_packed = nets[0] is not model
        return model, nets

    def _train_folds(self, nets, folds, features, codes, weights, sizes, n_before):
        """Train each net on its fold until it is time to stop."""
        train = functools.partial(
            self._train,
            features=features,
            codes=codes,
            weights=weights,
            sizes=sizes,
            epochs=self.max_epochs,
            learning_rate_schedule=self.learning_rate_schedule,
            early_stopping=self._stopping_rule(sizes),
        )
        logs = parts_of_log(self._log, len(nets), n_before)
        return train_nets(nets, folds, train, self._seed, logs)

    @engine.pass_interrupts_on()
    def _train_one_epoch(self, model, history, features, codes, weights):
        """Go on with every net of a model, on all rows."""
        sizes = self._resolve_sizes(codes, None, X_val=features)
        nets = networks.packed_nets(model)
        states = self._optimizer_states or [None] * len(nets)
        n_before = len(history.get("loss", ()))
        logs = parts_of_log(self._log, len(nets), n_before)
        seed = (self._seed + n_before) % 2**31
        before = model.get_weights()
        try:
            results = []
            for number, (net, state, log) in enumerate(
                zip(nets, states, logs, strict=True)
            ):
                result = self._train(
                    net,
                    features=features,
                    codes=codes,
                    weights=weights,
                    sizes=sizes,
                    epochs=1,
                    optimizer_state=state,
                    log_dir=log,
                    train_rows=rows_that_count(weights, len(codes)),
                    seed=net_seed(seed, number),
                )
                results.append(result)
        except BaseException:
            model.set_weights(before)  # the nets are trained in place
            raise
        self._keep(model, results, history, len(nets))
        self._optimizer_states = [result.optimizer_state for result in results]

    def _train(self, net, *, features, codes, weights, sizes, **plan):
        """Hand a net and rows to the engine."""
        measures = {
            "loss": "sparse_categorical_crossentropy",
            "metrics": ("accuracy",),
        }
        if self._is_packed:
            measures = {
                "loss": networks.member_log_loss,
                "metrics": (networks.accuracy,),
                "weighted_metrics": (networks.log_loss,),
            }
        return engine.fit(
            net,
            features,
            codes,
            **measures,
            optimizer=networks.build_optimizer(
                self.optimizer,
                sizes.learning_rate,
                self.weight_decay,
                self.ema_momentum,
            ),
            batch_size=sizes.batch_size,
            sample_weight=weights,
            callbacks=check_callbacks(self.callbacks),
            verbose=int(self.verbose),
            **plan,
        )

    def _calibrate(self, nets, folds, features, codes, weights, is_fresh):
        """Calibrate on held-out rows, and keep what was said about them.

        Weights that an earlier fit has trained may have learnt from these rows, so
        there is nothing honest to keep after a warm start.
        """
        n_classes = len(self.classes_)
        self.oof_proba_ = None
        slope, shift = 1.0, np.zeros(n_classes)
        if not self.early_stopping:  # no row was held out
            if self._is_packed:
                networks.calibrate(self.model_, slope, shift)
            return
        if folds[0].validation_data is not None:
            table, labels, factors = folds[0].validation_data
            logits, held_out = predict_logits(nets[0], table), slice(None)
        else:
            logits = held_out_logits(nets, folds, features, n_classes)
            held_out = np.flatnonzero(np.isfinite(logits).all(axis=1))
            labels, factors = codes[held_out], weights
            factors = None if weights is None else weights[held_out]
        if self._is_packed:
            if self.calibration is not None:
                slope, shift = fit_calibration(
                    logits[held_out], labels, factors, self.calibration
                )
            networks.calibrate(
                self.model_,
                *self._average_calibration(nets, features, weights, slope, shift),
            )
        if folds[0].validation_data is None and len(held_out) and is_fresh:
            self.oof_proba_ = never_impossible(softmax(slope * logits + shift, axis=1))

    def _average_calibration(self, nets, features, weights, slope, shift):
        """Return the calibration of all nets together, from that of a net alone."""
        if len(nets) == 1 or (slope == 1.0 and not shift.any()):
            return slope, shift
        rows = rows_that_count(weights, len(features))
        if len(rows) > _MOST_ROWS:  # drawn: any step may be in step with the rows
            rows = np.random.default_rng(self._seed).choice(rows, _MOST_ROWS)
        logits = np.stack([predict_logits(net, features[rows]) for net in nets])
        return calibrate_average(
            logits, slope, shift, None if weights is None else weights[rows]
        )
