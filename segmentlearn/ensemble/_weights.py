"""Weights of classifiers in a blend, found on rows that none of them was fitted to."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from segmentlearn.neural_network import fit_calibration

_SMALLEST_PROBABILITY = 1e-9
# a smaller weight costs an estimator's prediction and changes nothing
_SMALLEST_WEIGHT = 0.02
# rows that pull the weights towards the best estimator: few rows say little
_PRIOR_ROWS = 5


def log_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Return logarithms of probabilities, none of which is zero."""
    logs = np.log(np.maximum(probabilities, _SMALLEST_PROBABILITY))
    return log_softmax(logs, axis=-1)


def find_weights(
    logs: np.ndarray, y_encoded: np.ndarray, sample_weight: np.ndarray | None
) -> np.ndarray:
    """Return weights of at least 0 and sum 1 with the lowest log-loss.

    What is averaged are logarithms (shape of `logs`: estimators, rows, classes), so the
    loss has one minimum. The best estimator alone is the prior.
    """
    n_parts, n_rows, _ = logs.shape
    share = _shares(sample_weight, n_rows)
    true = logs[:, np.arange(n_rows), y_encoded]
    scores = true @ share
    best = np.isclose(scores, scores.max(), rtol=0, atol=1e-12) * 1.0
    best /= best.sum()
    if n_parts == 1:
        return best

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        blended = np.tensordot(weights, logs, axes=1)
        pull = _PRIOR_ROWS / n_rows
        value = -share @ log_softmax(blended, axis=1)[np.arange(n_rows), y_encoded]
        slope = np.einsum("kic,ic,i->k", logs, softmax(blended, axis=1), share)
        slope += 2 * pull * (weights - best) - scores
        return float(value + pull * np.sum((weights - best) ** 2)), slope

    found = minimize(
        loss,
        np.full(n_parts, 1.0 / n_parts),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * n_parts,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-10, "maxiter": 500},
    )
    weights = np.clip(found.x, 0.0, 1.0)
    if not np.isfinite(found.fun) or found.fun > loss(best)[0] or not weights.any():
        return best
    weights[weights < _SMALLEST_WEIGHT] = 0.0
    return weights / weights.sum()


class Blend:
    """How the probabilities of several classifiers become one.

    Parameters
    ----------
    weights : ndarray of shape (n_estimators,)
    slope : float
    shift : ndarray of shape (n_classes,)
        Calibration of the weighted mean of the logarithms.
    """

    def __init__(self, weights: np.ndarray, slope: float, shift: np.ndarray) -> None:
        self.weights, self.slope, self.shift = weights, slope, shift

    @classmethod
    def of(
        cls,
        logs: np.ndarray,
        y_encoded: np.ndarray,
        sample_weight: np.ndarray | None,
        calibration: str | None,
    ) -> "Blend":
        """Return the blend with the lowest log-loss on held-out rows."""
        weights = find_weights(logs, y_encoded, sample_weight)
        blend = cls(weights, 1.0, np.zeros(logs.shape[2]))
        if calibration is None:
            return blend
        blended = np.tensordot(weights, logs, axes=1)
        return cls(
            weights, *fit_calibration(blended, y_encoded, sample_weight, calibration)
        )

    def apply(self, logs: np.ndarray) -> np.ndarray:
        """Return the probabilities of the blend."""
        blended = np.tensordot(self.weights, logs, axes=1)
        found = softmax(self.slope * blended + self.shift, axis=1)
        found = np.maximum(found, _SMALLEST_PROBABILITY)
        return found / found.sum(axis=1, keepdims=True)


def cross_apply(
    logs: np.ndarray,
    y_encoded: np.ndarray,
    sample_weight: np.ndarray | None,
    folds: Sequence[np.ndarray],
    calibration: str | None,
) -> np.ndarray:
    """Return the probabilities of blends that were found on other folds' rows."""
    probabilities = np.empty(logs.shape[1:])
    for fold in folds:
        others = np.setdiff1d(np.arange(len(y_encoded)), fold)
        own = None if sample_weight is None else sample_weight[others]
        blend = Blend.of(logs[:, others], y_encoded[others], own, calibration)
        probabilities[fold] = blend.apply(logs[:, fold])
    return probabilities


def mean_log_loss(
    probabilities: np.ndarray, y_encoded: np.ndarray, sample_weight: np.ndarray | None
) -> float:
    """Return the weighted log-loss of held-out rows."""
    logs = log_probabilities(probabilities)[np.arange(len(y_encoded)), y_encoded]
    return float(-_shares(sample_weight, len(y_encoded)) @ logs)


def _shares(weights: np.ndarray | None, n_rows: int) -> np.ndarray:
    weights = np.ones(n_rows) if weights is None else weights
    return weights / weights.sum()
