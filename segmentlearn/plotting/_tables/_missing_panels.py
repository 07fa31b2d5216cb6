"""Panels of missing cells: a matrix over the rows, or a bar chart."""

from typing import Any

import numpy as np

from segmentlearn._formatting import share_text
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import BLUE, SMALL, Axes
from segmentlearn.plotting._base._panels import column_title

_PRESENT, _MISSING, _PALE, _GREY = "#EDEDED", "#00304D", "#F7F7F7", "#666666"


def draw_missing_matrix(
    ax: Axes, cells: Any, columns: list[str], why: dict[str, str]
) -> None:
    """Draw a line a column, from the first row of the table to the last."""
    from matplotlib import colors, ticker

    n_rows, shares = cells.n_rows, cells.shares
    for at, column in enumerate(columns):
        if column in why:
            _write_why(ax, at, why[column], n_rows / 2, "center")
            continue
        style = {"fontsize": SMALL, "color": "black" if shares[column] else _GREY}
        place = (1.015, at, share_text(shares[column]))
        ax.text(*place, va="center", transform=ax.get_yaxis_transform(), **style)
    ax.imshow(
        np.ma.masked_invalid(cells.bands.reindex(columns=columns).to_numpy().T),
        aspect="auto",
        interpolation="nearest",  # what is blended would run into other columns
        extent=(0, n_rows, len(columns) - 0.5, -0.5),
        cmap=colors.LinearSegmentedColormap.from_list(
            "missing", [_PRESENT, BLUE, _MISSING]
        ),
        norm=colors.PowerNorm(0.5, 0, 1),  # few missing cells are seen too
    )
    lines = np.arange(1, len(columns)) - 0.5
    ax.hlines(lines, 0, n_rows, color="white", linewidth=2)
    ax.spines[:].set_visible(False)
    ax.xaxis.set_major_locator(ticker.MaxNLocator(4, integer=True))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlim(0, n_rows)
    ax.set_xlabel("row", fontsize=SMALL)
    _label(ax, columns)


def add_shades(axes: np.ndarray, condensed: bool) -> None:
    """Add the scale of shades below panels of rows."""
    width, height = axes[0].figure.get_size_inches()
    placing: dict = {"location": "bottom", "shrink": min(1.0, 3.0 / width)}
    placing |= {"fraction": 0.08 / height, "pad": 0.1 / height, "aspect": 25}
    bands = "share missing, in bands of successive rows"
    label = bands if condensed else "missing"
    bar = _canvas.add_colorbar(list(axes), axes[0].images[0], label, **placing)
    bar.set_ticks([0, 0.05, 0.25, 1] if condensed else [0, 1])
    bar.ax.xaxis.set_major_formatter("{x:.0%}")


def draw_missing_bars(
    ax: Axes, cells: Any, columns: list[str], why: dict[str, str], widest: float
) -> None:
    """Draw the share of each column that is missing, and write how many cells it is."""
    from matplotlib import ticker

    for at, column in enumerate(columns):
        if column in why:
            _write_why(ax, at, why[column], 0, "left")
            continue
        count, share = cells.counts[column], cells.shares[column]
        text = f" {count:,} ({share_text(share)})" if count else " 0"
        ax.barh(at, share, color=BLUE, height=0.7)
        ax.text(share, at, text, va="center", fontsize=SMALL)
    _canvas.tidy(ax, grid="x")
    reach = float(widest) or 1.0
    ax.set_xlim(0, reach * 1.75)
    ticks = ticker.MaxNLocator(4).tick_values(0, reach)
    ax.set_xticks([tick for tick in ticks if 0 <= tick <= min(1, reach * 1.3)])
    ax.xaxis.set_major_formatter(ticker.PercentFormatter(1.0, 0 if reach > 0.04 else 2))
    ax.set_xlabel("share of the cells that are missing", fontsize=SMALL)
    _label(ax, columns)


def _write_why(ax: Axes, at: int, why: str, x: float, side: str) -> None:
    """Write in a column's place why it is not in a table."""
    ax.axhspan(at - 0.4, at + 0.4, color=_PALE, zorder=0)
    style: dict = {"fontsize": SMALL, "fontstyle": "italic", "color": _GREY}
    why = why if side == "center" else f" {why}"
    ax.text(x, at, why, ha=side, va="center", **style)


def _label(ax: Axes, columns: list[str]) -> None:
    """Write the names at the left."""
    _canvas.name_rows(ax, [column_title(name) for name in columns], linespacing=1.0)
    ax.tick_params(labelsize=SMALL)
