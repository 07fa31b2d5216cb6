"""Texts of Arrow as bytes: many cells are looked at by one call of NumPy."""

import functools
from collections.abc import Sequence
from typing import Self

import numpy as np
import pyarrow as pa

_LONGEST = 40  # bytes of a number; longer ones are looked at in another way
_MOST_DIGITS = 15  # of whole numbers that float64 tells apart
_ZERO, _BLANK = ord("0"), ord(" ")
_POWERS = 10.0 ** np.arange(_MOST_DIGITS + 1)
# digits of the fields of a moment, as ``strptime`` calls them
FIELDS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
_TIMES = {"%H": (24, 3600), "%M": (60, 60), "%S": (60, 1)}  # below, in seconds


class CellBytes:
    """The bytes of cells of text, by where each cell starts and ends.

    Parameters
    ----------
    starts, ends : ndarray of shape (n_cells,)
        Places in `data`.
    data : ndarray of uint8
        The texts one after the other.
    """

    def __init__(self, starts: np.ndarray, ends: np.ndarray, data: np.ndarray) -> None:
        self.starts, self.ends, self.data = starts, ends, data

    @classmethod
    def of(cls, cells: pa.Array) -> Self:
        """Look at large strings; a missing cell has bytes that mean nothing."""
        _, bounds, data = cells.buffers()
        places = np.frombuffer(bounds, np.int64, len(cells) + 1, 8 * cells.offset)
        has_bytes = data is not None and data.size > 0
        own = np.frombuffer(data, np.uint8) if has_bytes else np.zeros(1, np.uint8)
        return cls(places[:-1], places[1:], own)

    @property
    def lengths(self) -> np.ndarray:
        """Bytes of each cell."""
        return self.ends - self.starts

    def at(self, places: np.ndarray) -> np.ndarray:
        """Return the bytes at some places; outside of the data the nearest."""
        return self.data.take(places, mode="clip")

    def by_place(self, rows: np.ndarray, n_bytes: int) -> np.ndarray:
        """Return the bytes of cells that have so many, a row for each place."""
        starts = self.starts[rows]
        block = self.data[starts[0] : starts[-1] + n_bytes]
        if len(block) == len(rows) * n_bytes:  # with nothing between them
            return np.ascontiguousarray(block.reshape(len(rows), n_bytes).T)
        return self.data.take(starts + np.arange(n_bytes)[:, np.newaxis])

    def starting_with(self, text: bytes) -> np.ndarray:
        """Return which cells start with a text."""
        found = self.lengths >= len(text)
        for place, sign in enumerate(text):
            found &= self.at(self.starts + place) == sign
        return found

    def ending_with(self, text: bytes) -> np.ndarray:
        """Return which cells end with a text."""
        found = self.lengths >= len(text)
        for place, sign in enumerate(reversed(text), start=1):
            found &= self.at(self.ends - place) == sign
        return found

    def without(self, prefix: bytes, suffix: bytes) -> tuple[Self, np.ndarray]:
        """Return the cells without a minus, an affix and a blank beside that, and
        which had a minus."""
        starts, ends = self.starts, self.ends
        is_negative = self.starting_with(b"-")
        starts = starts + is_negative
        for affix, is_before in ((prefix, True), (suffix, False)):
            if not affix:
                continue
            rest = type(self)(starts, ends, self.data)
            if is_before:
                found = rest.starting_with(affix)
                starts = starts + len(affix) * found
                starts += found & (self.at(starts) == _BLANK) & (starts < ends)
            else:
                found = rest.ending_with(affix)
                ends = ends - len(affix) * found
                ends -= found & (self.at(ends - 1) == _BLANK) & (starts < ends)
        return type(self)(starts, ends, self.data), is_negative


def read_numbers(
    cells: pa.Array, decimal: str, marks: str, prefix: str, suffix: str
) -> np.ndarray:
    """Return numbers in their usual form, NaN for other cells.

    A sign, an affix, and digits, in groups or not: the nearest float, as `float` has
    it.
    """
    own, is_negative = CellBytes.of(cells).without(prefix.encode(), suffix.encode())
    lengths = own.lengths
    is_number = (lengths > 0) & (lengths <= _LONGEST)
    shortest, longest = 0, 0
    if is_number.any():
        shortest, longest = lengths[is_number].min(), lengths[is_number].max()
    values, scale = np.zeros(len(lengths)), np.ones(len(lengths))
    # digits in all, of the fraction, since the last mark or point; marks
    n_digits, n_fraction, n_since, n_marks = np.zeros((4, len(lengths)), np.uint8)
    has_point = np.zeros(len(lengths), bool)
    for place in range(1, longest + 1):  # from the end, where columns are alike
        signs = own.at(own.ends - place)
        digits = signs - _ZERO  # of other signs 10 or more: bytes have no minus
        is_digit = digits < 10
        is_other = ~is_digit
        if place > shortest:
            is_inside = lengths >= place
            is_digit &= is_inside
            is_other &= is_inside
        values += scale * (digits * is_digit)
        n_digits += is_digit
        n_since += is_digit
        if not is_other.any():
            scale *= 10
            continue
        scale *= np.where(is_digit, 10, 1)
        is_point = is_other & (signs == ord(decimal))
        is_mark = np.zeros_like(is_other)
        for mark in marks:
            is_mark |= is_other & (signs == ord(mark))
        is_number &= ~is_other | is_point | is_mark
        is_number &= ~is_point | ~(has_point | (n_marks > 0))
        has_group = (n_since == 3) | ((n_since == 2) & (n_marks > 0))
        is_number &= ~is_mark | has_group
        has_point |= is_point
        n_fraction[is_point] = n_digits[is_point]
        n_marks += is_mark
        n_since[is_other] = 0
    is_number &= (n_digits > 0) & (n_digits <= _MOST_DIGITS)
    is_number &= (n_marks == 0) | ((n_since > 0) & (n_since <= 3))
    values /= _POWERS.take(n_fraction, mode="clip")
    np.negative(values, out=values, where=is_negative)
    values[~is_number] = np.nan
    return values


def read_moments(cells: pa.Array, parts: Sequence[str], moments: np.ndarray) -> None:
    """Write the moments of cells with fields of a fixed number of digits.

    ``parts`` are these fields, and between them the signs that may stand there.
    """
    own = CellBytes.of(cells)
    n_bytes = sum(FIELDS.get(part, 1) for part in parts)
    rows = np.flatnonzero(own.lengths == n_bytes)
    if not len(rows):
        return
    places = iter(own.by_place(rows, n_bytes))
    is_right = np.ones(len(rows), bool)
    fields: dict[str, np.ndarray] = {}
    for part in parts:
        if part not in FIELDS:
            signs = next(places)
            is_right &= np.logical_or.reduce([signs == ord(sign) for sign in part])
            continue
        field = np.zeros(len(rows), np.int32)
        for _ in range(FIELDS[part] // 2):
            tens, ones = next(places) - _ZERO, next(places) - _ZERO
            is_right &= (tens < 10) & (ones < 10)
            field *= 100
            field += 10 * tens + ones
        # a field that stands there twice has one value
        is_right &= fields.setdefault(part, field) == field
    first_days, n_days = _calendar()
    is_right &= (fields["%Y"] >= 1000) & (fields["%m"] >= 1) & (fields["%m"] <= 12)
    month = 12 * fields["%Y"] + fields["%m"] - 1
    is_right &= fields["%d"] >= 1
    is_right &= fields["%d"] <= n_days.take(month, mode="clip")
    seconds = 86_400 * (first_days.take(month, mode="clip") + fields["%d"] - 1)
    for field_name, (limit, length) in _TIMES.items():
        if field_name in fields:
            is_right &= fields[field_name] < limit
            seconds += length * fields[field_name]
    found = (seconds * 1_000_000).view("M8[us]")
    if is_right.all() and len(rows) == len(moments):
        moments[:] = found
    else:
        moments[rows[is_right]] = found[is_right]


@functools.lru_cache(maxsize=1)
def _calendar() -> tuple[np.ndarray, np.ndarray]:
    """Return the first day, from 1970, and the number of days of each month."""
    months = np.arange("0000-01", "10000-02", dtype="M8[M]")
    first_days = months.astype("M8[D]").astype(np.int64)
    return first_days[:-1], np.diff(first_days)
