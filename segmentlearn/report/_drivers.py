"""Which columns tell the segments apart, as numbers and as a picture."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.inspection import associations
from segmentlearn.report._pictures import Picture, draw_bars

_MOST_DRIVERS = 10
_NOTHING, _EVERYTHING = 0.5, 1.0
_NO_DRIVER = 0.55  # an AUC below tells next to nothing


def find_drivers(
    X: pd.DataFrame, predicted: np.ndarray, random_state: Any
) -> list[tuple[str, float]]:
    """Return how well each column alone tells the segments apart."""
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
    frame = frame.sort_values(ascending=False, kind="stable").head(_MOST_DRIVERS)
    return [(str(name), float(auc)) for name, auc in frame.items()]


def telling(drivers: list[tuple[str, float]]) -> list[str]:
    """Return the two columns at most that tell the segments apart best."""
    return [name for name, auc in drivers[:2] if auc >= _NO_DRIVER]


def draw_drivers(drivers: list[tuple[str, float]]) -> Picture | None:
    """Draw areas under the ROC curve on an axis from 0.5 to 1."""
    if not drivers:
        return None
    said = ", ".join(f"{name} {auc:.2f}" for name, auc in drivers)
    return draw_bars(
        [name for name, _ in drivers],
        [max(round(auc, 2), _NOTHING) for _, auc in drivers],  # as long as they say
        [f"{auc:.2f}" for _, auc in drivers],
        words=f"How well each column alone tells the segments apart: {said}.",
        unit="from nothing (0.5) to everything (1)",
        ends=(_NOTHING, _EVERYTHING),
    )
