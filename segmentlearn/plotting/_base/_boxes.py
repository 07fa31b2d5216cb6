"""Horizontal box plots, slim enough to stand above a histogram."""

from typing import Any

import numpy as np

from segmentlearn.plotting._base._canvas import Axes


def five_numbers(values: np.ndarray) -> np.ndarray:
    """Return what a box shows of some values."""
    from matplotlib.cbook import boxplot_stats

    if not len(values):
        return np.full(5, np.nan)
    [found] = boxplot_stats(values)
    return np.array([found[name] for name in ("whislo", "q1", "med", "q3", "whishi")])


def draw_box(
    ax: Axes, five: np.ndarray, y: Any, height: float, color: str, transform: Any = None
) -> None:
    """Draw a box that lies on its side."""
    if np.isnan(five).any():
        return
    low, lower, median, upper, high = five
    transform = ax.transData if transform is None else transform
    style = {"edgecolor": "#444444", "linewidth": 0.8, "zorder": 2.5}
    box = {"left": lower, "height": height, "transform": transform}
    ax.plot([low, high], [y, y], color="#444444", linewidth=1, transform=transform)
    ax.barh(y, upper - lower, color=color, **box, **style)
    ends = [y - height / 2, y + height / 2]
    line = {"color": "black", "linewidth": 2, "solid_capstyle": "butt", "zorder": 3}
    ax.plot([median, median], ends, transform=transform, **line)
