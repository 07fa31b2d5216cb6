"""Sets of segments that hold the true one with a given probability."""

import dataclasses
from typing import Any, Self

import numpy as np
import pandas as pd

FEWEST_ROWS = 100  # a threshold from fewer says little about the next customers
OUT_OF_FOLD, HELD_OUT = "out-of-fold", "held-out"


@dataclasses.dataclass(frozen=True)
class Conformity:
    """How improbable the known segments of calibration rows were.

    Parameters
    ----------
    scores : ndarray of float, shape (n_rows,)
        One minus the probability of the known segment.
    codes : ndarray of int, shape (n_rows,)
        Class number of that segment.
    source : {"held-out", "out-of-fold"}
        Whether no part of the training has seen these rows, or no weight has.
    """

    scores: np.ndarray
    codes: np.ndarray
    source: str

    @classmethod
    def of(cls, proba: np.ndarray, y_encoded: np.ndarray, source: str) -> Self:
        """Return the scores of rows with known segments; rows of NaN are left out."""
        rows = np.flatnonzero(np.isfinite(proba).all(axis=1))
        codes = np.asarray(y_encoded, dtype=np.int64)[rows]
        return cls(1 - proba[rows, codes], codes, source)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return what `to_state` has written."""
        return cls(**state)

    def to_state(self) -> dict[str, Any]:
        """Return plain values, for an estimator's attribute."""
        return dict(vars(self))

    def thresholds(
        self, classes: np.ndarray, coverage: float, per_class: bool
    ) -> pd.DataFrame:
        """Return up to which score a class is in a set, and what is guaranteed."""
        alpha = 1 - coverage
        counts = np.bincount(self.codes, minlength=len(classes))
        fewest = max(FEWEST_ROWS, int(np.ceil(1 / alpha)) - 1)
        is_own = (counts >= fewest) & per_class
        # rare classes share a threshold, so that frequent ones don't decide on it
        rest = self.scores[~is_own[self.codes]]
        scope = "other classes" if is_own.any() else "all classes"
        if len(rest) < fewest:
            rest, scope = self.scores, "all classes"
        shared = _quantile(rest, alpha)
        of_class = (self.scores[self.codes == code] for code in range(len(classes)))
        values = [
            _quantile(scores, alpha) if own else shared
            for scores, own in zip(of_class, is_own, strict=True)
        ]
        return pd.DataFrame(
            {
                "n_rows": counts,
                "threshold": values,
                "guarantee": np.where(is_own, "class", scope),
                "calibration": self.source,
            },
            index=pd.Index(classes, name="class"),
        )


def thresholds_of(
    state: dict[str, Any] | None,
    classes: np.ndarray,
    coverage: float,
    per_class: bool,
) -> pd.DataFrame:
    """Return the thresholds that a classifier's calibration rows give."""
    if not 0 < coverage < 1:
        raise ValueError(f"coverage={coverage!r} must lie between 0 and 1.")
    if state is None:
        raise ValueError(
            "no rows were held out in fit that sets could be calibrated on; call "
            "conformalize(X, y) with customers that fit has not seen."
        )
    return Conformity.from_state(state).thresholds(classes, coverage, per_class)


def _quantile(scores: np.ndarray, alpha: float) -> float:
    """Return the score that the next one exceeds with a chance of alpha at most."""
    # in exact arithmetic; 101 * (1 - 0.1) in floats is a little more than 90.9
    rank = int(np.ceil(round((len(scores) + 1) * (1 - alpha), 9)))
    if rank > len(scores):
        return float("inf")
    return float(np.partition(scores, rank - 1)[rank - 1])
