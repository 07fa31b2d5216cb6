"""Pictures of a report: images inside the page, each with a text alternative."""

import base64
import dataclasses
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.plotting import (
    BLUE,
    ORANGE,
    cut,
    name_columns,
    open_axes,
    require_pyplot,
    tidy,
    wrap_name,
    write_cell,
)
from segmentlearn.report._suppression import ShownCount

_DPI = 160
_WIDTH = 4.8  # inches: legible on a telephone, too
_LABEL_WIDTH = 22
_MOST_LINES = 4
_TEXT_ROOM = 0.28  # of the axis, for the text at the end of a bar
_SMALLEST_SHARE = 0.55


@dataclasses.dataclass(frozen=True)
class Picture:
    """An image for a page that loads nothing.

    Parameters
    ----------
    source : str
        A data URI.
    words : str
        What it shows.
    """

    source: str
    words: str


def draw_bars(
    names: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    *,
    words: str,
    unit: str,
    longest: float = 100.0,
    ends: tuple[float, float] | None = None,
) -> Picture:
    """Draw one bar a name, the first at the top."""
    labels = [_row_label(name) for name in names]
    # as much height a row as the longest label needs
    row = max(0.52, 0.35 + 0.17 * max(label.count("\n") for label in labels))
    ax = open_axes(None, width=_WIDTH, height=0.9 + row * len(labels))
    lengths = np.clip(np.nan_to_num(np.asarray(values, float)), -longest, longest)
    start = 0.0 if ends is None else ends[0]
    colors = np.where(lengths >= 0, BLUE, ORANGE)
    ax.barh(range(len(names)), lengths - start, 0.6, start, color=colors)
    low, high = ends or (min(lengths.min(), 0.0), max(lengths.max(), 0.0))
    span = max(high - low, 1e-9)
    for place, (length, text) in enumerate(zip(lengths, texts, strict=True)):
        side, gap = ("right", -0.02) if length < 0 else ("left", 0.02)
        style: dict = {"va": "center", "ha": side, "parse_math": False}
        ax.text(length + gap * span, place, text, **style)
    room = _TEXT_ROOM * span
    if (lengths < 0).any():
        low -= room
        ax.axvline(0, color="#444444", linewidth=1)
    ax.set_xlim(low, high + room)
    if ends is not None:
        ax.set_xticks(np.linspace(*ends, 6))
        ax.spines["bottom"].set_bounds(*ends)
    ax.set_yticks(range(len(labels)), labels, parse_math=False)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(unit)
    tidy(ax, "x")
    return _finish(ax, words)


def draw_counts(labels: Sequence[str], shown: list[list[ShownCount]]) -> Picture:
    """Draw how often segments are taken for each other."""
    n = len(labels)
    counts = np.array([[cell.count or 0 for cell in row] for row in shown], float)
    side = max(_WIDTH, 1.8 + 0.75 * n)
    ax = open_axes(None, width=side, height=max(3.2, 1.3 + 0.55 * n))
    colors = counts / max(counts.max(), 1.0)
    ax.imshow(colors, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
    for row, column in np.ndindex(n, n):
        cell = shown[row][column]
        if not cell.is_shown:
            style = {"color": "#EEEEEE", "linewidth": 0}
            corner = (column - 0.5, row - 0.5)
            ax.add_patch(require_pyplot().Rectangle(corner, 1, 1, **style))
        text = str(cell) if cell.is_shown or cell.is_small else ""
        is_dark = colors[row, column] > _SMALLEST_SHARE
        write_cell(ax, (row, column), text, is_dark=is_dark)
    names = [wrap_name(label, 14) for label in labels]
    rotation = 0 if max(map(len, labels)) <= 8 else 40
    name_columns(ax, names, rotation, parse_math=False)
    ax.set_yticks(range(n), names, parse_math=False)
    ax.set(xlabel="predicted", ylabel="actual")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    taken_for = [
        ", ".join(f"{label} {cell}" for label, cell in zip(labels, row, strict=True))
        for row in shown
    ]
    rows = zip(labels, taken_for, strict=True)
    listed = "; ".join(f"{label}: {text}" for label, text in rows)
    return _finish(ax, f"How often each segment is taken for which. {listed}.")


def _row_label(name: str) -> str:
    """Break a name into lines short enough for the side of a picture."""
    lines = wrap_name(name, _LABEL_WIDTH).split("\n")
    # a single long word does not break
    lines = [cut(line, 26) for line in lines]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]} …"]
    return "\n".join(lines)


def _finish(ax: Any, words: str) -> Picture:
    return as_picture(ax.figure, words)


def as_picture(figure: Any, words: str) -> Picture:
    """Return a figure as an image, and close it."""
    plt = require_pyplot()
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
    plt.close(figure)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return Picture(f"data:image/png;base64,{data}", words)
