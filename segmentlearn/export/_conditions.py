"""Rules as data: conditions on raw columns, and the text of both."""

import dataclasses
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

LEVEL = "level"
ASK = "ask the model"
_LARGEST_PLAIN, _SMALLEST_PLAIN = 1e15, 1e-6
_MOST_DIGITS = 17


@dataclasses.dataclass(frozen=True)
class RuleColumn:
    """A raw column that rules look at.

    Attributes
    ----------
    name : str
        Name of the column.
    kind : {"number", "datetime", "timedelta", "level"}
        What its cells are compared as; dates and durations as days.
    is_text : bool
        Whether levels are texts, which are compared without blanks around them.
    is_written : bool
        Whether it held text that was read as numbers, dates or durations.
    reading : dict or None
        How such text is read, as `TableSchema` stores it.
    spellings : dict of level to tuple of str
        Of levels of text, the texts that stand for each.
    missing_texts : tuple of str
        Of levels of text, the texts that count as missing; the empty one always does.
    """

    name: str
    kind: str
    is_text: bool = False
    is_written: bool = False
    reading: Any = None
    spellings: Any = dataclasses.field(default_factory=dict)
    missing_texts: tuple = ("",)

    def texts_of(self, levels: Iterable) -> tuple:
        """Return what stands in cells of these levels."""
        if not self.is_text:
            return tuple(levels)
        return tuple(text for level in levels for text in self.spellings[level])

    def is_missing_text(self, cell: Any) -> bool:
        """Return whether a cell that is not NULL counts as missing."""
        return self.is_text and stripped(cell) in self.missing_texts


@dataclasses.dataclass(frozen=True)
class Condition:
    """What a rule asks of one column.

    Attributes
    ----------
    column : str
        Name of the column.
    low, high : float
        Numbers above ``low`` and not above ``high`` fulfil it.
    levels : tuple or None
        Levels that fulfil it; None for a column of numbers.
    excluded : bool
        Whether all levels but ``levels`` fulfil it, unknown ones too.
    known, missing : bool
        Whether any known cell, and whether missing cells fulfil it.
    """

    column: str
    low: float = -math.inf
    high: float = math.inf
    levels: tuple | None = None
    excluded: bool = False
    known: bool = True
    missing: bool = False

    @property
    def is_vacuous(self) -> bool:
        """Whether every cell fulfils it."""
        is_open = (self.low, self.high) == (-math.inf, math.inf)
        if self.levels is not None:
            is_open = self.excluded and not self.levels
        return is_open and self.known and self.missing

    def __and__(self, other: "Condition") -> "Condition":
        """Join two conditions on one column."""
        levels, excluded = self.levels, self.excluded
        if levels is not None and other.levels is not None:
            levels, excluded = _joined_levels(self, other)
        return Condition(
            self.column,
            max(self.low, other.low),
            min(self.high, other.high),
            levels,
            excluded,
            self.known and other.known,
            self.missing and other.missing,
        )

    def accepts_numbers(self, numbers: np.ndarray) -> np.ndarray:
        """Return which numbers fulfil it; NaN is a missing cell."""
        found = (numbers > self.low) | (self.low == -math.inf)
        found &= (numbers <= self.high) & self.known
        return np.where(np.isnan(numbers), self.missing, found)

    def accepts_level(self, level: Any, column: RuleColumn) -> bool:
        """Return whether a cell of a column of levels fulfils it."""
        if level is None or column.is_missing_text(level):
            return self.missing
        cell = stripped(level) if column.is_text else level
        return (
            self.known and (cell in column.texts_of(self.levels or ())) != self.excluded
        )

    def text(self, kind: str) -> str:
        """Return the condition in words."""
        if not self.known:
            return f"{self.column} is missing"
        text = self._level_text() if self.levels is not None else self._bounds(kind)
        return f"({text} or missing)" if self.missing else text

    def _bounds(self, kind: str) -> str:
        low, high = (bound_text(value, kind) for value in (self.low, self.high))
        if math.isinf(self.low) and math.isinf(self.high):
            return f"{self.column} is known"
        if math.isinf(self.low):
            return f"{self.column} <= {high}"
        if math.isinf(self.high):
            return f"{self.column} > {low}"
        return f"{low} < {self.column} <= {high}"

    def _level_text(self) -> str:
        levels: Any = self.levels
        if not levels:
            return f"{self.column} is {'known' if self.excluded else 'nothing'}"
        names = ", ".join(map(_level_text, levels))
        if len(levels) == 1:
            return f"{self.column} is {'not ' if self.excluded else ''}{names}"
        return f"{self.column} {'not ' if self.excluded else ''}in {{{names}}}"


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule: its segment, what it asks for, and whom it finds.

    Attributes
    ----------
    segment : int, str, bool, float or None
        Label of the segment; None asks the model.
    conditions : tuple of Condition
        One for each column that it looks at; all have to be fulfilled.
    customers : int
        Number of customers that it was made from.
    precision, recall, value_share : float or None
        Of these customers those in the segment, of the segment's those found by the
        rule, and the rule's share of the value of all.
    """

    segment: Any
    conditions: tuple
    customers: int = 0
    precision: float | None = None
    recall: float | None = None
    value_share: float | None = None

    def text(self, columns: dict[str, RuleColumn]) -> str:
        """Return the conditions in words."""
        texts = [c.text(columns[c.column].kind) for c in self.conditions]
        return " and ".join(texts) or "every customer"


def _joined_levels(one: Condition, other: Condition) -> tuple[tuple, bool]:
    """Return the levels that fulfil two conditions, or none of which does."""
    first, second = one.levels or (), other.levels or ()
    if one.excluded and other.excluded:
        return tuple(dict.fromkeys([*first, *second])), True
    if one.excluded:
        return tuple(level for level in second if level not in first), False
    if other.excluded:
        return tuple(level for level in first if level not in second), False
    return tuple(level for level in first if level in second), False


def join_conditions(path: Iterable[Condition]) -> tuple[Condition, ...]:
    """Join the conditions of a path to one for each column."""
    columns: dict[str, Condition] = {}
    for condition in path:
        name = condition.column
        columns[name] = columns[name] & condition if name in columns else condition
    return tuple(joined for joined in columns.values() if not joined.is_vacuous)


def _level_text(level: Any) -> str:
    """Return a level as it is spelt; truth values as yes and no."""
    if isinstance(level, bool):
        return "yes" if level else "no"
    return str(level)


def stripped(cell: Any) -> str:
    """Return a cell as text without blanks around it, as TRIM does in SQL."""
    return str(cell).strip(" ")


def threshold_between(low: float, high: float) -> float:
    """Return a number between two others with as few digits as possible.

    No value of the table is equal to it. Two numbers without another in between give
    the lower one, so that ``<=`` still keeps them apart.
    """
    if math.isinf(low) or math.isinf(high):
        return low if math.isfinite(low) else -math.inf
    middle = low / 2 + high / 2
    for n_digits in range(1, _MOST_DIGITS + 1):
        rounded = float(f"{middle:.{n_digits}g}")
        if low < rounded < high:
            return rounded + 0.0  # no negative zero
    return middle if low < middle < high else low


def date_between(low: float, high: float) -> float:
    """Return a moment between two others, in days: a whole day, hour or second."""
    for steps in (1, 24, 1440, 86_400):
        rounded = round((low / 2 + high / 2) * steps) / steps
        if low < rounded < high:
            return rounded
    middle = low / 2 + high / 2
    return middle if low < middle < high else low


def decimal_text(value: float) -> str:
    """Return the shortest decimal literal that reads back as the same number.

    Numbers of many digits are written with an exponent, which databases read as
    floating point.
    """
    digits = Decimal(repr(float(value)))
    size = abs(value)
    is_short = len(digits.as_tuple().digits) <= 15
    if is_short and (size == 0 or _SMALLEST_PLAIN <= size < _LARGEST_PLAIN):
        text = format(digits, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{digits:E}" if "E" in f"{digits:E}" else f"{digits}E0"


def moment(days: float) -> pd.Timestamp:
    """Return the moment so many days after 1970-01-01, to the microsecond."""
    return pd.Timestamp(round(days * 86_400_000_000), unit="us")


def bound_text(value: float, kind: str) -> str:
    """Return a threshold in words: a number, a date or days."""
    if math.isinf(value):
        return ""
    if kind == "datetime":
        at = moment(value)
        return f"{at:%Y-%m-%d}" if at == at.normalize() else at.isoformat(sep=" ")
    text = decimal_text(value)
    if abs(value) >= 10_000 and "E" not in text:
        whole, point, fraction = text.partition(".")
        text = f"{int(whole):,}{point}{fraction}"
    return f"{text} days" if kind == "timedelta" else text
