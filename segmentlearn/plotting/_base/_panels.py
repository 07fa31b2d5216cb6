"""Panels side by side: tables, axes, titles, notes, ticks, boxes and legends."""

import textwrap
from numbers import Integral
from typing import Any

import numpy as np

from segmentlearn._formatting import level_text, short_number_text
from segmentlearn.plotting._base._canvas import (
    SMALL,
    Axes,
    cut,
    laid_out_width,
    require_pyplot,
    wrap_name,
)
from segmentlearn.plotting._base._predictions import named
from segmentlearn.tables import as_table

ONLY_TABLE = "table"
STEPS = (1, 2, 5, 10)  # between ticks, times a power of ten
_LETTER = 0.56 * SMALL  # points of a letter of that size, about
_TICK = 30  # points of a number below an axis, with space around
_FEW_ROWS = 4  # have room for names of two lines


def read_tables(tables: Any, parameter: str, max_columns: int = 1) -> dict[str, dict]:
    """Read one table, or several by name, once it is sure that they can be drawn."""
    require_pyplot()
    is_whole = isinstance(max_columns, Integral) and not isinstance(max_columns, bool)
    if not is_whole or max_columns < 1:
        raise ValueError(
            f"max_columns={max_columns!r} is not a whole number of at least 1; pass "
            f"the number of columns to show at most."
        )
    read = {}
    for name, table in named(tables, ONLY_TABLE).items():
        shape = np.shape(table)
        if 0 in shape:
            raise ValueError(
                f"{parameter} has no cells to draw: table {name!r} has the shape "
                f"{shape}; leave it out or pass one with rows and columns."
            )
        read[str(name)] = as_table(table).by_name()
    return read


def union_of_columns(tables: Any) -> list[str]:
    """Return the names of all columns, in the order of their first table."""
    return list(dict.fromkeys(name for table in tables for name in table))


def choose_columns(names: Any, columns: list) -> list[str]:
    """Return the columns that a user chose, in the user's order."""
    if columns is None:
        return list(names)
    columns = [columns] if isinstance(columns, str) else list(columns)
    unknown = [column for column in columns if str(column) not in names]
    if unknown or not columns:
        raise ValueError(
            f"columns={columns!r} names {unknown or 'no column'}, and the columns "
            f"are {names}; choose some of them, or None for all."
        )
    return [str(column) for column in columns]


class PanelDisplay:
    """Base of displays of several panels."""

    def _take_axes(self, axes: Any, n_panels: int) -> np.ndarray:
        """Keep the axes of the panels, and raise unless there is one for each."""
        self.axes_ = np.ravel(np.array(axes))
        if len(self.axes_) != n_panels:
            raise ValueError(
                f"axes holds {len(self.axes_)} axes and there are {n_panels} panels to "
                f"draw; pass one for each, or None for a new figure."
            )
        self.figure_ = self.axes_[0].figure
        return self.axes_


def open_panels(
    n_panels: int, n_wide: int, *, width: float, height: float, extra: float = 0.0
) -> np.ndarray:
    """Return the axes of a new figure that panels of some size fit into."""
    n_wide = min(n_panels, n_wide)
    n_high = -(-n_panels // n_wide)
    size = (width * n_wide + extra, height * n_high)
    figure = require_pyplot().figure(figsize=size, layout="constrained")
    axes = figure.subplots(n_high, n_wide, squeeze=False).ravel()
    for left_over in axes[n_panels:]:
        left_over.remove()
    return axes[:n_panels]


def write_alone(ax: Axes, words: str) -> None:
    """Write a sentence in place of a picture, so that no empty axes is drawn."""
    ax.set_axis_off()
    style = {"ha": "center", "va": "center", "transform": ax.transAxes}
    ax.text(0.5, 0.5, words, fontsize=9, **style)


def column_title(name: str, width: int = 24) -> str:
    """Break a long name into two lines at most; what is longer is cut."""
    lines = wrap_name(str(name), width).split("\n")
    if len(lines) > 2:
        lines = [lines[0], f"{lines[1]}…"]
    return "\n".join(cut(line, width + 4) for line in lines).replace("$", r"\$")


def level_title(level: Any, flag_of: str | None = None) -> str:
    """Return a level as it is in the data, truth values and flags as yes and no."""
    return level if isinstance(level, str) else level_text(level, flag_of)


def row_titles(titles: list, sizes: Any = None) -> list[str]:
    """Return the names of rows, cut so that none reaches into the next panel."""
    if len(titles) <= _FEW_ROWS:
        ticks = [column_title(title, 14) for title in titles]
    else:
        ticks = [cut(str(title), 18).replace("$", r"\$") for title in titles]
    if sizes is None:
        return ticks
    return [f"{tick} ({size:,})" for tick, size in zip(ticks, sizes, strict=True)]


def write_around(axes: Any, titles: list, notes: list[str]) -> None:
    """Write titles and notes in lines that are not wider than their panel."""
    from matplotlib.ticker import MaxNLocator

    widths = laid_out_width(*axes)
    for ax, (name, *more), note, width in zip(axes, titles, notes, widths, strict=True):
        n_letters = max(12, int(width / _LETTER))
        title = column_title(name, min(34, n_letters))
        ax.set_title("\n".join([title, *more]), fontsize=SMALL + 1)
        lines = [textwrap.fill(line, n_letters) for line in note.split("\n")]
        style = {"fontsize": SMALL, "color": "#444444", "parse_math": False}
        ax.set_xlabel("\n".join(lines), **style)
        locator = ax.xaxis.get_major_locator()
        if width < 4 * _TICK and isinstance(locator, MaxNLocator):
            locator.set_params(nbins=max(1, int(width / _TICK)))


def write_numbers(axis: Any, kind: str = "number", n_ticks: int = 5) -> None:
    """Write few numbers, shares, dates or durations along an axis."""
    from matplotlib import dates, ticker

    if kind == "datetime":  # Matplotlib's dates are days since 1970-01-01, too
        locator = dates.AutoDateLocator(minticks=2, maxticks=4)
        axis.set_major_locator(locator)
        axis.set_major_formatter(dates.AutoDateFormatter(locator))
    else:
        n_steps = n_ticks if kind in ("number", "share") else 3
        axis.set_major_locator(ticker.MaxNLocator(n_steps, steps=STEPS))
        axis.set_major_formatter(lambda value, _: _tick(value, kind))
    axis.set_tick_params(labelsize=SMALL)


def finish(axes: Any, note: str, is_new: bool) -> None:
    """Write a note above all panels."""
    if note and is_new:
        width = int(11 * axes[0].figure.get_figwidth())
        axes[0].figure.suptitle(textwrap.fill(note, width), fontsize=9)
    elif note:
        axes[0].set_title(f"{note}\n{axes[0].get_title()}".strip(), fontsize=9)


def add_legend(axes: Any, names: Any, colors: Any, is_new: bool) -> None:
    """Add one legend for all panels; colours beyond the names are not needed."""
    from matplotlib.patches import Patch

    entries = zip(names, colors, strict=False)
    handles = [Patch(color=color, label=column_title(n, 20)) for n, color in entries]
    if not is_new:
        axes[0].legend(handles=handles, fontsize=SMALL)
        return
    style = {"loc": "outside lower center", "frameon": False, "fontsize": SMALL + 1}
    axes[0].figure.legend(handles=handles, ncols=min(len(handles), 5), **style)


def _tick(value: Any, kind: str) -> str:
    """Write a number of an axis, without zeros at its end."""
    if kind == "share":
        return f"{100 * value:.3g}%"
    text = short_number_text(value, kind)
    return text.rstrip("0").rstrip(".") if "." in text else text


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
