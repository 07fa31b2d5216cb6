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
    open_axes,
    require_pyplot,
    tidy,
    wrap_name,
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
    labels = [wrap_label(name) for name in names]
    ax = _axes(labels)
    lengths = np.clip(np.nan_to_num(np.asarray(values, float)), -longest, longest)
    places = np.arange(len(names))
    start = 0.0 if ends is None else ends[0]
    ax.barh(
        places,
        lengths - start,
        left=start,
        color=[BLUE if length >= 0 else ORANGE for length in lengths],
        height=0.6,
    )
    low, high = ends or (min(lengths.min(), 0.0), max(lengths.max(), 0.0))
    span = max(high - low, 1e-9)
    for place, length, text in zip(places, lengths, texts, strict=True):
        left = length < 0
        ax.text(
            length + (-0.02 if left else 0.02) * span,
            place,
            text,
            va="center",
            ha="right" if left else "left",
            parse_math=False,
        )
    room = _TEXT_ROOM * span
    ax.set_xlim(low - (room if (lengths < 0).any() else 0), high + room)
    if ends is not None:
        ax.set_xticks(np.linspace(*ends, 6))
        ax.spines["bottom"].set_bounds(*ends)
    _name_rows(ax, labels)
    if (lengths < 0).any():
        ax.axvline(0, color="#444444", linewidth=1)
    ax.set_xlabel(unit)
    tidy(ax, "x")
    return _finish(ax, words)


def draw_counts(labels: Sequence[str], shown: list[list[ShownCount]]) -> Picture:
    """Draw how often segments are taken for each other."""
    n = len(labels)
    counts = np.array([[cell.count or 0 for cell in row] for row in shown], float)
    hidden = np.array([[not cell.is_shown for cell in row] for row in shown])
    side = max(_WIDTH, 1.8 + 0.75 * n)
    ax = open_axes(None, width=side, height=max(3.2, 1.3 + 0.55 * n))
    colors = counts / max(counts.max(), 1.0)
    ax.imshow(colors, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
    for row, column in np.argwhere(hidden):
        ax.add_patch(
            require_pyplot().Rectangle(
                (column - 0.5, row - 0.5), 1, 1, color="#EEEEEE", linewidth=0
            )
        )
    for row, column in np.ndindex(n, n):
        one = shown[row][column]
        ax.text(
            column,
            row,
            str(one) if one.is_shown or one.is_small else "",
            ha="center",
            va="center",
            color="white" if colors[row, column] > _SMALLEST_SHARE else "black",
        )
    names = [wrap_name(label, 14) for label in labels]
    turned = 0 if max(map(len, labels)) <= 8 else 40
    ax.set_xticks(
        range(n),
        names,
        rotation=turned,
        ha="right" if turned else "center",
        rotation_mode="anchor",
        parse_math=False,
    )
    ax.set_yticks(range(n), names, parse_math=False)
    ax.set_xlabel("predicted")
    ax.set_ylabel("actual")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    listed = "; ".join(
        f"{labels[at]}: "
        + ", ".join(f"{labels[to]} {shown[at][to]}" for to in range(n))
        for at in range(n)
    )
    return _finish(ax, f"How often each segment is taken for which. {listed}.")


def wrap_label(name: str) -> str:
    """Break a name into lines short enough for the side of a picture."""
    lines = wrap_name(name, _LABEL_WIDTH).split("\n")
    # a single long word does not break
    lines = [cut(line, 26) for line in lines]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]} …"]
    return "\n".join(lines)


def _axes(labels: Sequence[str]) -> Any:
    """Open axes with as much height a row as its label needs."""
    most = max(label.count("\n") + 1 for label in labels)
    row = max(0.52, 0.18 + 0.17 * most)
    return open_axes(None, width=_WIDTH, height=0.9 + row * len(labels))


def _name_rows(ax: Any, labels: Sequence[str]) -> None:
    ax.set_yticks(range(len(labels)), labels, parse_math=False)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)


def _finish(ax: Any, words: str) -> Picture:
    plt = require_pyplot()
    file = io.BytesIO()
    ax.figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
    plt.close(ax.figure)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return Picture(f"data:image/png;base64,{data}", words)
