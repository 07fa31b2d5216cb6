"""How well each column alone separates the segments, as numbers and a picture."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.inspection import associations
from segmentlearn.report._pictures import Picture, draw_bars

_MOST_COLUMNS = 10
_NOTHING, _EVERYTHING = 0.5, 1.0
_LEAST_AUC = 0.55  # a column below is hardly better than chance


def find_importances(
    X: pd.DataFrame, predicted: np.ndarray, random_state: Any
) -> list[tuple[str, float]]:
    """Return the AUC of each column, the highest first."""
    if len(np.unique(predicted)) < 2:
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SegmentLearnWarning)
            found = associations(
                X, predicted, target_type="classes", random_state=random_state
            )
    except ValueError:  # nothing but identifiers
        return []
    frame = found.to_frame("target")["auc"].dropna()
    frame = frame.sort_values(ascending=False, kind="stable").head(_MOST_COLUMNS)
    return [(str(name), float(auc)) for name, auc in frame.items()]


def most_important(importances: list[tuple[str, float]]) -> list[str]:
    """Return the two columns at most that separate the segments best."""
    return [name for name, auc in importances[:2] if auc >= _LEAST_AUC]


def draw_importances(importances: list[tuple[str, float]]) -> Picture | None:
    """Draw areas under the ROC curve on an axis from 0.5 to 1."""
    if not importances:
        return None
    listed = ", ".join(f"{name} {auc:.2f}" for name, auc in importances)
    return draw_bars(
        [name for name, _ in importances],
        # as long as their rounded texts
        [max(round(auc, 2), _NOTHING) for _, auc in importances],
        [f"{auc:.2f}" for _, auc in importances],
        words=f"How well each column alone separates the segments: {listed}.",
        unit="from nothing (0.5) to everything (1)",
        ends=(_NOTHING, _EVERYTHING),
    )
