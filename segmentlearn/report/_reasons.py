"""Which columns bring customers into their segments, by the model itself."""

from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.inspection import explain
from segmentlearn.report._suppression import THRESHOLD
from segmentlearn.tables import draw_rows, draw_sample

_EXPLAINED, _BACKGROUND = 300, 100
_MOST_COLUMNS = 3
_LEAST = 0.01


def segment_reasons(
    model: Any, X: pd.DataFrame, segments: np.ndarray, rng: np.random.RandomState
) -> dict[str, str]:
    """Return the columns that raise a segment's probability most, by its label.

    Means of ten customers or more, without a cell of any.
    """
    codes, labels = pd.factorize(segments, sort=True)
    rows, _ = draw_sample(codes, np.bincount(codes), rng, _EXPLAINED)
    parts = X.iloc[rows], X.iloc[draw_rows(len(X), _BACKGROUND, rng)]
    if not hasattr(model, "feature_names_in_"):  # fitted to an array
        parts = tuple(part.to_numpy() for part in parts)
    found = explain(model, parts[0], background=parts[1], random_state=rng)
    means = found.by_segment().set_axis(X.columns, axis=1)
    sizes = pd.Series(found.segments).value_counts()
    return {
        str(label): _listed(means.loc[label])
        for label in labels
        if sizes.get(label, 0) >= THRESHOLD
    }


def _listed(means: pd.Series) -> str:
    """Return the columns with the largest means, and these in percent."""
    means = means[means >= _LEAST].sort_values(ascending=False, kind="stable")
    top = means.head(_MOST_COLUMNS)
    return ", ".join(f"{name} (+{100 * value:.0f})" for name, value in top.items())
