"""Numbers, levels and tables as text: the one place where values become words."""

import numpy as np
import pandas as pd

FILLER_LEVELS = {"none", "unknown", "other", "others", "missing"}
BARE_LEVELS = FILLER_LEVELS | {
    *("yes", "no", "true", "false"),
    *("low", "lower", "medium", "average", "mean", "normal", "high", "higher"),
    *("small", "middle", "large", "big", "short", "long", "good", "bad", "poor"),
    *("never", "rarely", "sometimes", "often", "always", "default", "failure"),
    *("success", "not", "very", "nonexistent", "basic", "standard", "premium"),
}


def level_text(level, flag_of=None):
    """Return a level as text; truth values and flags as yes and no."""
    if isinstance(level, bool):
        return "yes" if level else "no"
    if flag_of is not None and isinstance(level, int) and level in (0, 1):
        return "yes" if level else "no"
    text = str(level)
    return text.lower() if text.lower() in BARE_LEVELS else text


def number_text(value, kind="number"):
    """Return a number with about three telling digits, a date or a duration."""
    if np.isnan(value):
        return "unknown"
    if kind == "datetime" and np.isfinite(value):
        return f"{pd.Timestamp(0) + pd.Timedelta(days=float(value)):%Y-%m-%d}"
    if not np.isfinite(value):
        text = "∞" if value > 0 else "-∞"
    elif abs(value) >= 100:
        text = f"{value:,.0f}"
    elif value == round(value):
        text = f"{value:.0f}"
    elif abs(value) >= 10:
        text = f"{value:.1f}"
    elif abs(value) >= 0.1:
        text = f"{value:.2f}"
    else:
        text = f"{value:.2g}"
    return f"{text} days" if kind == "timedelta" else text


def percent(share):
    """Return a share as whole percent, with a digit more below one percent."""
    if np.isnan(share):
        return "unknown"
    if 0 < share < 0.01 or 0.99 < share < 1:
        return f"{share:.1%}"
    return f"{share:.0%}"


def markdown_table(frame, digits=3):
    """Return a frame without its index as a Markdown table."""
    is_number = [dtype.kind in "iufb" for dtype in frame.dtypes]
    cells = [[str(name) for name in frame]]
    cells += [
        [format_cell(value, digits) for value in row]
        for row in frame.itertuples(index=False, name=None)
    ]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(cells[0]))]
    lines = [_line(row, widths, is_number) for row in cells]
    rule = [
        "-" * (width - 1) + ":" if number else "-" * width
        for width, number in zip(widths, is_number, strict=True)
    ]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def format_cell(value, digits=3):
    """Return a value as text, floats with few digits."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return "-"
    if not isinstance(value, float | np.floating):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:.{max(0, digits - whole)}f}"


def _line(row, widths, is_number):
    padded = [
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(row, widths, is_number, strict=True)
    ]
    return "| " + " | ".join(padded) + " |"
