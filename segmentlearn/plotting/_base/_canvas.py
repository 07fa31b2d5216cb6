"""Axes to draw on; colours, marks and captions, the same in every picture."""

import textwrap
from itertools import cycle
from typing import Any, Self

from segmentlearn._formatting import percent
from segmentlearn.inspection import is_noise

Axes = Any  # of Matplotlib, which is imported only when something is drawn

# M. Okabe and K. Ito, "Color universal design", 2008, without yellow and black
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#7F7F7F")
BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, GREY = COLORS
SMALL = 8  # points of what is written into panels
_FEW = COLORS[:-1]  # grey is that of noise
# P. Tol, "Colour schemes", 2021, muted
_MANY = (
    *("#332288", "#CC6677", "#117733", "#DDCC77", "#88CCEE"),
    *("#882255", "#44AA99", "#AA4499", "#999933", "#555555"),
)
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")
_NOISE_COLOR = "#BBBBBB"


class Display:
    """Base of displays that are drawn on a single axes."""

    def _drawn_on(self, ax: Axes) -> Self:
        """Keep the axes and its figure."""
        self.ax_, self.figure_ = ax, ax.figure
        return self


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
    """Lay a figure out, and return how wide axes in it are, in points."""
    figure = all_axes[0].figure.canvas.figure  # of a subfigure the whole one
    figure.draw_without_rendering()
    return [72 * ax.bbox.width / figure.dpi for ax in all_axes]


def lasting_width(ax: Axes, *beside: Axes) -> float:
    """Return how wide axes stay when others in the figure get labels as they have."""
    width = laid_out_width(ax)[0]
    figure, place = ax.figure, ax.get_subplotspec()
    if place is None or figure.get_layout_engine() is None:
        return width  # nothing moves any more
    boxes = [axes.get_tightbbox() for axes in (ax, *beside)]
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


def name_rows(ax: Axes, names: Any, *, room: float = 0.0, **style: Any) -> None:
    """Write names at the left of rows, the first on top."""
    ax.set_yticks(range(len(names)), names, **style)
    ax.set_ylim(len(names) - 0.5 + room, -0.5 - room)
    ax.tick_params(axis="y", length=0)


def name_columns(ax: Axes, names: Any, rotation: Any = 0, **style: Any) -> None:
    """Write names below columns; slanted ones end at their column."""
    if rotation not in (0, 90, "horizontal", "vertical"):
        style |= {"ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(names)), names, rotation=rotation, **style)


def write_cell(ax: Axes, place: Any, text: str, *, is_dark: bool, **style: Any) -> None:
    """Write into the middle of a cell of a heatmap, given by row and column."""
    (row, column), style["color"] = place, "white" if is_dark else "black"
    ax.text(column, row, text, ha="center", va="center", **style)


def add_colorbar(
    ax: Axes, image: Any, label: str, *, size: float = SMALL, **placing: Any
) -> Any:
    """Add the scale of the colours of an image."""
    bar = image.figure.colorbar(image, ax=ax, **placing)
    bar.set_label(label, fontsize=SMALL)
    bar.ax.tick_params(labelsize=size)
    bar.outline.set_visible(False)
    return bar


def segment_colors(labels: list) -> tuple[list[str], list[str]]:
    """Return a colour and a mark for each segment."""
    palette = _FEW if len(labels) <= len(_FEW) else _MANY
    colors, marks = [], []
    for label, color, mark in zip(labels, cycle(palette), cycle(_MARKS), strict=False):
        colors.append(_NOISE_COLOR if is_noise(label) else color)
        marks.append("." if is_noise(label) else mark)
    return colors, marks


def cut(text: str, width: int) -> str:
    """Return a text of at most so many letters."""
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


def wrap_name(name: str, width: int) -> str:
    """Break a column's name into lines, after underscores too."""
    lines = textwrap.wrap(name.replace("_", "_\0 "), width, break_long_words=False)
    return "\n".join(lines).replace("_\0 ", "_").replace("\0", "")


def segment_caption(
    label: Any, name: str, share: float, width: int, most_lines: int = 5
) -> str:
    """Return label, name and share in lines of some width."""
    text = name if name == str(label) else f"{label}: {name}"
    lines = textwrap.wrap(f"{text} ({percent(share)})", width)
    if len(lines) > most_lines:
        n_letters = width * most_lines - width // 2 - 8
        text = textwrap.shorten(text, n_letters, placeholder=" …")
        lines = textwrap.wrap(f"{text} ({percent(share)})", width)
    return "\n".join(lines)


def segment_tick(label: Any, names: Any, facts: str = "") -> str:
    """Return label, name and facts as a tick at the left of a picture."""
    name, facts = (names or {}).get(label, label), f"({facts})" if facts else ""
    if name == label:
        return f"{label}  {facts}".rstrip()
    text = textwrap.shorten(f"{label}: {name}", 88, placeholder=" …")
    return "\n".join([*textwrap.wrap(text, 32), facts]).rstrip()
