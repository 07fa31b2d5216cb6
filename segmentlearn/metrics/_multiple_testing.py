"""P-values corrected for their number."""

import numpy as np
from scipy import stats


def adjust(p_values, correction):
    """Correct p-values for their number; NaN is left out of the count."""
    adjusted = np.array(p_values, dtype=np.float64)
    given = ~np.isnan(adjusted)
    flat = adjusted[given]
    if correction is None or not len(flat):
        return adjusted
    if correction == "fdr_bh":
        adjusted[given] = stats.false_discovery_control(flat)
        return adjusted
    order = np.argsort(flat)
    stepped = np.maximum.accumulate(flat[order] * np.arange(len(flat), 0, -1))
    flat[order] = np.minimum(stepped, 1.0)
    adjusted[given] = flat
    return adjusted
