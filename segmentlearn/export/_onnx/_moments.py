"""Dates written as ISO text, as days since 1970-01-01."""

from typing import Any

import numpy as np

from segmentlearn.export._onnx._graph import Graph

ISO = (
    r" *\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)? *"
)
_SOME_DATE = "1970-01-01 00:00"  # a row that has all parts
_DAYS_BEFORE = 719_468  # from 0000-03-01 to 1970-01-01
_DAYS_OF_ERA = 146_097  # 400 years
_MICROSECONDS_A_DAY = 86_400_000_000
_LENGTHS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def days_of(g: Graph, texts: str, n_columns: int) -> str:
    """Return the days of columns of texts; NaN where there is no such date."""
    is_date = g.op("RegexFullMatch", texts, pattern=ISO)
    some_date = np.array(_SOME_DATE, object)
    flat = g.op("Reshape", g.op("Where", is_date, texts, some_date), _ints([-1]))
    rows = g.op("Concat", flat, some_date.reshape(1), axis=0)
    # a T between date and time becomes a blank
    parts = [g.op("StringConcat", x, _text(" ")) for x in _split(g, rows, "T", 2)]
    day, clock = _split(g, g.op("StringConcat", *parts), "", 2)
    year, month, day_of_month = (
        g.cast(part, np.int64) for part in _split(g, day, "-", 3)
    )
    clock = _split(g, clock, "Z", 2)[0]
    clock, ahead = _split(g, clock, "+", 2)
    clock, behind = _split(g, clock, "-", 2)
    day_number = _day_number(g, year, month, day_of_month)
    moment = g.op("Mul", day_number, _int(_MICROSECONDS_A_DAY))
    moment = g.op("Add", moment, _microseconds(g, clock))
    moment = g.op("Sub", moment, _microseconds(g, ahead))
    moment = g.op("Add", moment, _microseconds(g, behind))
    days = g.op("Div", g.cast(moment, np.float64), np.float64(_MICROSECONDS_A_DAY))
    # no calendar has dates such as 30 February
    exists = g.op("LessOrEqual", day_of_month, _length(g, year, month))
    days = g.op("Where", exists, days, np.float64(np.nan))
    days = g.op("Slice", days, _ints([0]), _ints([-1]), _ints([0]))
    days = g.op("Reshape", days, _ints([-1, n_columns]))
    return g.op("Where", is_date, days, np.float64(np.nan))


def _split(g: Graph, texts: str, mark: str, n_parts: int) -> list[str]:
    """Return the first parts of texts, empty where there are fewer."""
    if mark:  # there are at least so many
        texts = g.op("StringConcat", texts, _text(mark * (n_parts - 1)))
    parts, _ = g.op("StringSplit", texts, n_outputs=2, delimiter=mark)
    return [g.op("Gather", parts, _int(at), axis=1) for at in range(n_parts)]


def _microseconds(g: Graph, clock: str) -> str:
    """Return the microseconds of hours, minutes and seconds; of no text 0."""
    total = None
    for part, factor in zip(_split(g, clock, ":", 3), (3.6e9, 6e7, 1e6), strict=True):
        digits = g.op("Where", g.op("Equal", part, _text("")), _text("0"), part)
        number = g.op("Mul", g.cast(digits, np.float64), np.float64(factor))
        total = number if total is None else g.op("Add", total, number)
    # further digits are cut off; the fraction makes up for rounding
    whole = g.op("Floor", g.op("Add", total, np.float64(1e-3)))
    return g.cast(whole, np.int64)


def _day_number(g: Graph, year: str, month: str, day: str) -> str:
    """Return days since 1970-01-01 in the Gregorian calendar.

    Years begin in March, so that the leap day is the last one (H. Hinnant,
    "chrono-compatible low-level date algorithms", 2013).
    """
    is_early = g.cast(g.op("Less", month, _int(3)), np.int64)
    year = g.op("Sub", year, is_early)
    month = g.op("Add", month, g.op("Mul", is_early, _int(12)))  # 3 to 14
    era, of_era = _divided(g, g.op("Add", year, _int(400)), 400)
    before = g.op("Mul", g.op("Sub", month, _int(3)), _int(153))
    before = g.op("Div", g.op("Add", before, _int(2)), _int(5))
    terms = [
        g.op("Mul", g.op("Sub", era, _int(1)), _int(_DAYS_OF_ERA)),
        g.op("Mul", of_era, _int(365)),
        g.op("Div", of_era, _int(4)),
        before,
        day,
    ]
    total = g.op("Sub", terms[0], g.op("Div", of_era, _int(100)))
    for term in terms[1:]:
        total = g.op("Add", total, term)
    return g.op("Sub", total, _int(_DAYS_BEFORE + 1))


def _length(g: Graph, year: str, month: str) -> str:
    """Return the days of a month."""
    by = {n: g.op("Equal", _divided(g, year, n)[1], _int(0)) for n in (4, 100, 400)}
    is_leap = g.op("Or", by[400], g.op("And", by[4], g.op("Not", by[100])))
    extra = g.op("And", is_leap, g.op("Equal", month, _int(2)))
    length = g.op("Gather", _LENGTHS.astype(np.int64), month)
    return g.op("Add", length, g.cast(extra, np.int64))


def _divided(g: Graph, number: str, divisor: int) -> tuple[str, str]:
    """Return quotient and remainder of numbers that are not negative."""
    quotient = g.op("Div", number, _int(divisor))
    return quotient, g.op("Sub", number, g.op("Mul", quotient, _int(divisor)))


def _int(number: int) -> Any:
    return np.int64(number)


def _ints(numbers: list[int]) -> np.ndarray:
    return np.array(numbers, np.int64)


def _text(text: str) -> np.ndarray:
    return np.array(text, object)
