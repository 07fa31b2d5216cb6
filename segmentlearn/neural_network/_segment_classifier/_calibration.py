"""Calibration of logits on rows that no net was trained on, and of their average."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp, softmax

from segmentlearn import networks
from segmentlearn.neural_network._segment_classifier._ensemble import (
    clip_probabilities,
    predict_logits,
)
from segmentlearn.neural_network._segment_classifier._training_data import TrainingData
from segmentlearn.neural_network._split import Split

if TYPE_CHECKING:
    from segmentlearn.neural_network import SegmentClassifier

# fewer rows would say more about themselves than about new customers
_FEWEST_ROWS = 300
_FEWEST_IN_A_CLASS = 50  # for a shift between two classes
# pseudo-rows that pull towards no change
_PRIOR_ROWS = 10
_MOST_GAIN = 1.5  # in slope, that an average may have over its nets
_MOST_ROWS = 10_000  # that show how far the average of the nets is from each of them


def calibrate_nets(
    classifier: "SegmentClassifier",
    nets: Sequence,
    data: TrainingData,
    splits: Sequence[Split],
) -> np.ndarray | None:
    """Calibrate a trained model; return the out-of-fold probabilities if any.

    Each row is held out of one net, so a net's calibration is found on all held-out
    rows, and that of the average follows from it.
    """
    model, n_classes = classifier._network.model, len(classifier.classes_)
    slope, shift = 1.0, np.zeros(n_classes)
    if not classifier.early_stopping:  # no row was held out
        if classifier._is_packed:
            networks.calibrate(model, slope, shift)
        return None
    weights = data.sample_weight
    if data.validation_data is not None:
        features, y_encoded, weights_of_rows = data.validation_data
        logits, rows = predict_logits(nets[0], features), np.arange(len(features))
    else:
        logits = np.full((len(data.features), n_classes), np.nan)
        for net, split in zip(nets, splits, strict=True):
            if len(split.validation_rows):
                features = data.features[split.validation_rows]
                logits[split.validation_rows] = predict_logits(net, features)
        rows = np.flatnonzero(np.isfinite(logits).all(axis=1))
        y_encoded = data.y_encoded[rows]
        weights_of_rows = None if weights is None else weights[rows]
    if classifier._is_packed:
        if classifier.calibration is not None:
            slope, shift = fit_calibration(
                logits[rows], y_encoded, weights_of_rows, classifier.calibration
            )
        average = slope, shift
        if len(nets) > 1 and (slope != 1.0 or shift.any()):
            some = data.rows
            if len(some) > _MOST_ROWS:  # drawn: a fixed step may follow a pattern
                random = np.random.default_rng(classifier._seed)
                some = random.choice(some, _MOST_ROWS)
            average = calibrate_average(
                np.stack([predict_logits(net, data.features[some]) for net in nets]),
                slope,
                shift,
                None if weights is None else weights[some],
            )
        networks.calibrate(model, *average)
    if data.validation_data is not None or not len(rows):
        return None
    return clip_probabilities(softmax(slope * logits + shift, axis=1))


def held_out_scores(
    probabilities: np.ndarray | None, y_encoded: np.ndarray
) -> dict[str, float] | None:
    """Return how good the out-of-fold probabilities are, without weights."""
    if probabilities is None:
        return None
    rows = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    known, found = y_encoded[rows], probabilities[rows]
    hits = found.argmax(axis=1) == known
    counts = np.bincount(known)
    own = np.bincount(known, hits)[counts > 0] / counts[counts > 0]
    return {
        "n_samples": len(rows),
        "accuracy": float(hits.mean()),
        "balanced_accuracy": float(own.mean()),
        "largest_class": float(counts.max() / len(rows)),
        "log_loss": float(-np.log(found[np.arange(len(rows)), known]).mean()),
    }


def _shares(weights: np.ndarray | None, n_rows: int) -> np.ndarray:
    weights = np.full(n_rows, 1.0) if weights is None else weights
    return weights / weights.sum()


def fit_calibration(
    logits: np.ndarray, y_encoded: np.ndarray, weights: np.ndarray | None, method: str
) -> tuple[float, np.ndarray]:
    """Find the slope and shift of logits with the lowest log-loss on held-out rows."""
    n_rows, n_classes = logits.shape
    unchanged = 1.0, np.zeros(n_classes)
    rarest = np.bincount(y_encoded, minlength=n_classes).min() if n_rows else 0
    enough = n_rows >= _FEWEST_ROWS
    if n_rows == 0 or (method == "auto" and not enough):
        return unchanged
    shifts = n_classes == 2 and (
        method == "affine" or (method == "auto" and rarest >= _FEWEST_IN_A_CLASS)
    )
    share = _shares(weights, n_rows)

    def log_loss(parameters: np.ndarray) -> float:
        scaled = np.exp(parameters[0]) * logits
        if shifts:
            scaled = scaled + np.array([0.0, parameters[1]])
        by_row = -log_softmax(scaled, axis=1)[np.arange(n_rows), y_encoded]
        prior = _PRIOR_ROWS / n_rows * np.sum(parameters**2)
        return float(share @ by_row + prior)

    start = np.zeros(2 if shifts else 1)
    bounds = [(-1.5, 1.5), (-3.0, 3.0)][: len(start)]
    found = minimize(log_loss, start, method="L-BFGS-B", bounds=bounds)
    if not np.isfinite(found.fun) or found.fun > log_loss(start):
        return unchanged
    shift = np.array([0.0, found.x[1]]) if shifts else np.zeros(n_classes)
    return float(np.exp(found.x[0])), shift


def calibrate_average(
    logits: np.ndarray, slope: float, shift: np.ndarray, weights: np.ndarray | None
) -> tuple[float, np.ndarray]:
    """Find the slope and shift of an average of nets, from those of a net alone.

    Held-out rows show how one net is calibrated, since each row is held out of one. An
    average has less noise, so it deserves more confidence. How much more follows
    without labels: if the average were calibrated by the slope and shift returned, and
    each net is the average and noise, then the nets alone would be calibrated by the
    slope and shift that were found for them. For two classes both are solved for; for
    more, the slope.
    """
    n_nets, n_rows, n_classes = logits.shape
    share = _shares(weights, n_rows)
    average = logits.mean(axis=0)
    probabilities = softmax(slope * logits + shift, axis=2)
    # what the average's probabilities have to have in common with those of the nets
    agreement = np.einsum("mik,mik,i->", probabilities, logits, share) / n_nets
    wanted = np.einsum("mik,i->k", probabilities, share) / n_nets
    shifts = n_classes == 2

    def apart(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """Return what is smallest where both agree, and its slope."""
        moved = np.append(0.0, parameters[1:]) if shifts else shift
        scaled = parameters[0] * average + moved
        found = softmax(scaled, axis=1)
        value = share @ logsumexp(scaled, axis=1)
        value -= parameters[0] * agreement + wanted @ moved
        slopes = [share @ (found * average).sum(axis=1) - agreement]
        if shifts:
            slopes.append(share @ found[:, 1] - wanted[1])
        return float(value), np.array(slopes)

    start = np.array([slope, shift[1] - shift[0]] if shifts else [slope])
    bounds = [(slope, _MOST_GAIN * slope), (None, None)][: len(start)]
    found = minimize(
        apart, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"gtol": 1e-8}
    )
    if not np.isfinite(found.x).all():
        return slope, shift
    if shifts:
        return float(found.x[0]), np.array([0.0, found.x[1]])
    return float(found.x[0]), shift
