"""Panels side by side: axes, titles, notes, ticks and legends."""

import textwrap
from typing import Any

import numpy as np

from segmentlearn._formatting import level_text, short_number_text
from segmentlearn.plotting._base._canvas import (
    SMALL,
    Axes,
    laid_out_width,
    require_pyplot,
)
from segmentlearn.plotting._base._segment_style import cut, wrap_name

STEPS = (1, 2, 5, 10)  # between ticks, times a power of ten
_LETTER = 0.56 * SMALL  # points of a letter of that size, about
_TICK = 30  # points of a number below an axis, with space around
_FEW_ROWS = 4  # have room for names of two lines


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
    """Write few numbers, dates or durations along an axis."""
    from matplotlib import dates, ticker

    if kind == "datetime":  # Matplotlib's dates are days since 1970-01-01, too
        locator = dates.AutoDateLocator(minticks=2, maxticks=4)
        axis.set_major_locator(locator)
        axis.set_major_formatter(dates.AutoDateFormatter(locator))
    else:
        n_steps = n_ticks if kind == "number" else 3
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
    text = short_number_text(value, kind)
    return text.rstrip("0").rstrip(".") if "." in text else text
