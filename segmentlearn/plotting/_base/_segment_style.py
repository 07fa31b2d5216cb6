"""Colours, markers and captions of segments, the same in every picture."""

import textwrap
from itertools import cycle
from typing import Any

from segmentlearn._formatting import percent
from segmentlearn.inspection import is_noise
from segmentlearn.plotting._base._canvas import COLORS

_FEW = COLORS[:-1]  # grey is that of noise
# P. Tol, "Colour schemes", 2021, muted
_MANY = (
    *("#332288", "#CC6677", "#117733", "#DDCC77", "#88CCEE"),
    *("#882255", "#44AA99", "#AA4499", "#999933", "#555555"),
)
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")
_NOISE_COLOR = "#BBBBBB"


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


def segment_tick(label: Any, names: Any, facts: str, width: int = 32) -> str:
    """Return label, name and facts as a tick at the left of a picture."""
    name = (names or {}).get(label, label)
    if name == label:
        return f"{label}  ({facts})"
    text = textwrap.shorten(f"{label}: {name}", 3 * width - 8, placeholder=" …")
    return "\n".join([*textwrap.wrap(text, width), f"({facts})"])
