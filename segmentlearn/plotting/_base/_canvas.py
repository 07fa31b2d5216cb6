"""Axes to draw on, and colours that colour-blind readers can distinguish."""

from typing import Any

Axes = Any  # of Matplotlib, which is imported only when something is drawn

# M. Okabe and K. Ito, "Color universal design", 2008, without yellow and black
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#7F7F7F")
BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, GREY = COLORS


def require_pyplot() -> Any:
    """Import and return `matplotlib.pyplot`."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Displays need Matplotlib; install it with: "
            "pip install 'segmentlearn[plot]'"
        ) from error
    return plt


def open_axes(ax: Axes, *, width: float = 6.4, height: float = 4.0) -> Axes:
    """Return the axes to draw on, new ones in a figure of their own for None."""
    plt = require_pyplot()
    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def laid_out_width(*all_axes: Axes) -> list[float]:
    """Lay a figure out, and return how wide axes in it are."""
    figure = all_axes[0].figure.canvas.figure  # of a subfigure the whole one
    figure.draw_without_rendering()
    return [72 * ax.bbox.width / figure.dpi for ax in all_axes]


def lasting_width(ax: Axes, *beside: Axes) -> float:
    """Return how wide axes stay when others in the figure get labels as they have."""
    width = laid_out_width(ax)[0]
    figure, place = ax.figure, ax.get_subplotspec()
    if place is None or figure.get_layout_engine() is None:
        return width  # nothing moves any more
    boxes = [one.get_tightbbox() for one in (ax, *beside)]
    labels = max(box.x1 for box in boxes) - min(box.x0 for box in boxes)
    labels -= ax.bbox.width
    edges = figure.subplotpars
    share = place.get_position(figure).width / (edges.right - edges.left)
    in_points = 72 / figure.canvas.figure.dpi
    return min(width, in_points * (share * figure.bbox.width - labels))


def tidy(ax: Axes, grid: str = "y") -> None:
    """Take the box of axes away and lay a light grid behind what is drawn."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(True, axis=grid, color="#E5E5E5", linewidth=0.8)
    ax.set_axisbelow(True)
