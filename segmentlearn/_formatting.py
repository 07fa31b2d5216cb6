"""Numbers, levels and tables as text: the one place where values become words."""

import re
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

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
_BLOCKS, _DIGITS = "▁▂▃▄▅▆▇█", "01234567"
MINUS = "\N{MINUS SIGN}"  # as wide as a plus; consoles may lack it, pictures do not

# underscores within a word are no markup
_MARKUP = re.compile(r"[\\|*`]|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?])")
_SHORT = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))


def level_text(level: Any, flag_of: str | None = None) -> str:
    """Return a level as text; truth values and flags as yes and no."""
    is_flag = flag_of is not None and isinstance(level, int) and level in (0, 1)
    if isinstance(level, bool) or is_flag:
        return "yes" if level else "no"
    text = str(level)
    return text.lower() if text.lower() in BARE_LEVELS else text


def number_text(value: float, kind: str = "number") -> str:
    """Return a number with three significant digits, a date or a duration."""
    if np.isnan(value):
        return "unknown"
    if kind == "datetime" and np.isfinite(value):
        return f"{pd.Timestamp(0) + pd.Timedelta(days=float(value)):%Y-%m-%d}"
    size = abs(value)
    if not np.isfinite(value):
        text = "∞" if value > 0 else "-∞"
    elif size >= 100:
        text = f"{value:,.0f}"
    elif value == round(value):
        text = f"{value:.0f}"
    else:
        text = f"{value:.{'1f' if size >= 10 else '2f' if size >= 0.1 else '2g'}}"
    return f"{text} days" if kind == "timedelta" else text


def short_number_text(value: float, kind: str = "number") -> str:
    """Return a number for a picture: large ones by k, M and G, with a true minus."""
    for least, unit, letter in _SHORT if kind == "number" else ():
        if least <= abs(value) < 1e12:
            return with_minus(f"{value / unit:.4g}{letter}")
    return with_minus(number_text(float(value), kind))


def effect_text(effect: float) -> str:
    """Return an effect size with its sign."""
    if np.isinf(effect):
        return "+∞" if effect > 0 else "-∞"
    return "0.0" if abs(effect) < 0.05 else f"{effect:+.1f}"


def with_minus(text: str) -> str:
    """Return the text of a number with a true minus."""
    return f"{MINUS}{text[1:]}" if text.startswith("-") else text


def percent(share: float) -> str:
    """Return a share as whole percent, with a digit more below one percent."""
    if np.isnan(share):
        return "unknown"
    n_digits = int(0 < share < 0.01 or 0.99 < share < 1)
    return f"{share:.{n_digits}%}"


def share_text(share: float) -> str:
    """Return a share in tenths of a percent; 0% and 100% only for none and all."""
    if share in (0, 1):
        return f"{share:.0%}"
    if share < 0.001:
        return "<0.1%"
    return ">99.9%" if share > 0.999 else f"{share:.1%}"


def value_text(
    segments: Sequence[str], shares: Any, value_shares: Any, column: str | None
) -> str:
    """Return which segment has most of the value beyond its share of the customers."""
    at = int(np.argmax(np.subtract(value_shares, shares)))
    return (
        f"{segments[at]}: {percent(shares[at])} of the customers, "
        f"{percent(value_shares[at])} of {column or 'the value'}."
    )


def count_text(number: int, noun: str) -> str:
    """Return a number and a noun that agrees with it."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def names_text(names: Iterable[Any], most: int = 6) -> str:
    """Return names in a row; of many the first ones, and how many are left."""
    names = [str(name) for name in names]
    shown, n_left = ", ".join(names[:most]), len(names) - most
    return f"{shown} and {n_left} more" if n_left > 0 else shown


def cell_text(value: Any, digits: int = 3) -> str:
    """Return a cell of a table as text: floats with few digits, "-" for none."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return "-"
    if isinstance(value, Integral) and not isinstance(value, bool):
        return f"{value:,}"
    if not isinstance(value, float | np.floating):
        return str(value)
    number = float(value)
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    n_whole = len(str(int(abs(number)))) if abs(number) >= 1 else 0
    return f"{number:.{max(0, digits - n_whole)}f}"


def escape_markdown(text: str) -> str:
    """Return text on one line in which nothing is read as markup."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def markdown_table(frame: pd.DataFrame, digits: int = 3) -> str:
    """Return a frame without its index as a Markdown table, cells escaped."""
    rows = [map(str, frame), *frame.itertuples(index=False, name=None)]
    cells = [[escape_markdown(cell_text(cell, digits)) for cell in row] for row in rows]
    cells.insert(1, ["--:" if t.kind in "iuf" else "---" for t in frame.dtypes])
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def sparkline(values: Any, low: float, high: float, has_blocks: bool = True) -> str:
    """Draw values between two limits from left to right, as blocks or digits."""
    marks = _BLOCKS if has_blocks else _DIGITS
    shares = (np.asarray(values, dtype=np.float64) - low) / ((high - low) or 1.0)
    return "".join(marks[round(share * (len(marks) - 1))] for share in shares)
