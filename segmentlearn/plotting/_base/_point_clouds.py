"""Legible scatter plots: jitter, limits without outliers, separate labels."""

import numpy as np

from segmentlearn._formatting import percent
from segmentlearn.plotting._base._canvas import Axes

_FEWEST_TO_JITTER = 500
_MOST_VALUES_TO_JITTER = 25


def jitter(points: np.ndarray) -> np.ndarray:
    """Return points that do not hide each other where an axis has few values."""
    moved = np.array(points, dtype=np.float64)
    if len(moved) < _FEWEST_TO_JITTER:
        return moved
    rng = np.random.default_rng(0)
    for axis in moved.T:
        values = np.unique(axis[~np.isnan(axis)])
        if 1 < len(values) <= _MOST_VALUES_TO_JITTER:
            axis += rng.uniform(-0.35, 0.35, len(axis)) * np.diff(values).min()
    return moved


def leave_out_far_points(
    ax: Axes, points: np.ndarray, centres: np.ndarray
) -> list[str]:
    """End axes where nearly all points do, if some lie far from them."""
    notes = ["", ""]
    for at, set_limits in enumerate((ax.set_xlim, ax.set_ylim)):
        values = points[:, at][np.isfinite(points[:, at])]
        if len(values) < _FEWEST_TO_JITTER:
            continue
        low, high = np.quantile(values, [0.002, 0.998])
        low = min(low, np.nanmin(centres[:, at]))
        high = max(high, np.nanmax(centres[:, at]))
        if not 0 < (high - low) * 1.5 < np.ptp(values):
            continue
        low, high = (max(low, values.min()), min(high, values.max()))
        margin = 0.04 * (high - low)
        set_limits(low - margin, high + margin)
        outside = np.mean((values < low - margin) | (values > high + margin))
        notes[at] = f" ({percent(outside)} of the points lie outside)"
    return notes


def push_apart(places: np.ndarray, distance: float) -> np.ndarray:
    """Move places that are nearer to each other than some distance."""
    places = places.copy()
    for _ in range(100):
        apart = places[:, None] - places[None, :]
        near = np.hypot(*np.moveaxis(apart, 2, 0))
        np.fill_diagonal(near, np.inf)
        if (near >= distance).all():
            break
        first, second = np.unravel_index(np.argmin(near), near.shape)
        way = apart[first, second] if near[first, second] > 0 else np.array([1.0, 0.3])
        step = way / np.hypot(*way) * (distance - near[first, second] + 1) / 2
        places[first] += step
        places[second] -= step
    return places
