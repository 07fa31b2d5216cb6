"""P-values corrected for multiple tests."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def adjust(p_values: ArrayLike, correction: str | None) -> np.ndarray:
    """Correct p-values for their number; NaN is left out of the count."""
    adjusted = np.array(p_values, dtype=np.float64)
    given = ~np.isnan(adjusted)
    flat = adjusted[given]
    if correction is None or not len(flat):
        return adjusted
    if correction == "fdr_bh":
        flat = stats.false_discovery_control(flat)
    else:  # Holm's step-down procedure
        order = np.argsort(flat)
        stepped = np.maximum.accumulate(flat[order] * np.arange(len(flat), 0, -1))
        flat[order] = np.minimum(stepped, 1.0)
    adjusted[given] = flat
    return adjusted
