"""Dates written as text."""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segmentlearn.tables._text._bytes import FIELDS, read_moments
from segmentlearn.tables._text._months import in_english

_ENOUGH = 0.9
_PROBED = 40  # texts
ISO = "ISO8601"
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%m-%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y")
_UNAMBIGUOUS = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y"),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y", "%b %d, %Y", "%b %d %Y"),
    *("%d %B %Y", "%B %d, %Y", "%d. %B %Y", "%d. %b %Y", "%b-%d-%Y", "%Y-%b-%d"),
    *("%Y-%m", "%b %Y", "%B %Y", "%b-%Y"),
)
_TIME = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
_USUAL_ISO = rf"[1-9]\d{{3}}-\d\d-\d\d([T ]{_TIME})?"
_DAY = ("%Y", "%m", "%d")
_ISO_DAY = ("%Y", "-", "%m", "-", "%d")
_ISO_MINUTE = (*_ISO_DAY, "T ", "%H", ":", "%M")
_ISO_PARTS = (_ISO_DAY, (*_ISO_MINUTE, ":", "%S"), _ISO_MINUTE)
_LOOKS_ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?")
LOOKS_DATE = re.compile(
    r"(\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\.?[ -][A-Za-z]{3,9}[ -]\d{2,4}"
    r"|[A-Za-z]{3,9}[ -]\d{1,2},?[ -]\d{4}|\d{4}-[A-Za-z]{3}-\d{1,2}"
    r"|(19|20)\d\d-(0[1-9]|1[0-2])|[A-Za-z]{3,9}[ -](19|20)\d\d)([T ].*)?"
)


@dataclasses.dataclass(frozen=True)
class DateFormat:
    """How the dates of a column are written.

    Attributes
    ----------
    format : str
        As ``datetime.strptime`` takes it, or "ISO8601".
    """

    format: str = ISO

    dtype: ClassVar = np.dtype("M8[us]")

    def describe(self) -> str:
        """Return the format in words."""
        return "ISO dates" if self.format == ISO else f"dates written {self.format}"

    def parse(self, cells: pa.Array) -> np.ndarray:
        """Return moments in UTC, NaT where a cell is missing or no such date."""
        if names := re.search("%[bB]", self.format):
            is_short = names[0] == "%b"
            texts = [text and in_english(text, is_short) for text in cells.to_pylist()]
            cells = pa.array(texts, pa.large_string())
        series = pd.Series(cells.to_pandas(), dtype=object)
        read = pd.to_datetime(series, format=self.format, errors="coerce", utc=True)
        moments = read.dt.tz_localize(None).to_numpy(dtype=self.dtype, copy=True)
        is_open = np.isnat(moments) & series.notna().to_numpy()
        if is_open.any():  # pandas 2 has nothing after 2262, such as 9999-12-31
            moments[is_open] = self.parse_usual(cells.filter(pa.array(is_open)))
        return moments

    def parse_usual(self, cells: pa.Array) -> np.ndarray:
        """Return the moments of cells in the usual form, NaT for others: many times as
        fast as `parse`, with the same moments."""
        moments = np.full(len(cells), "NaT", self.dtype)
        if self.format != ISO:
            parts = tuple(re.findall("%.|[^%]", self.format))
            fields = {part for part in parts if part[0] == "%"}
            if {*_DAY} <= fields <= {*FIELDS} and self.format.isascii():
                read_moments(cells, parts, moments)
            return moments
        for iso_parts in _ISO_PARTS:
            read_moments(cells, iso_parts, moments)
        is_open = pc.and_(pa.array(np.isnat(moments)), cells.is_valid())
        for zone, pattern in ((None, ""), ("UTC", r"(Z|[+-]\d\d:?\d\d)")):
            if not pc.any(is_open).as_py():
                break
            found = pc.match_substring_regex(cells, f"^{_USUAL_ISO}{pattern}$")
            _fill_moments(moments, cells, pc.and_(is_open, found), zone)
        return moments


def _fill_moments(
    moments: np.ndarray, cells: pa.Array, mask: pa.Array, zone: str | None
) -> None:
    """Read some cells, unless one of them is no moment, such as 31 February."""
    cells = cells.filter(mask)
    if not len(cells):
        return
    try:
        read = cells.cast(pa.timestamp("us", zone)).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return
    moments[np.flatnonzero(mask.fill_null(False))] = read


class AmbiguousDates(ValueError):
    """Dates whose first number may be the day or the month."""


def reads_as_date(text: Any) -> bool:
    """Return whether a cell is text that looks like a date."""
    return isinstance(text, str) and LOOKS_DATE.fullmatch(text.strip()) is not None


def infer_date_format(sample: Iterable[str]) -> DateFormat | None:
    """Return the format that the texts share; None where they are not dates.

    Raises `AmbiguousDates` where day and month could be either way round.
    """
    texts = list(sample)
    some = texts[:: max(1, len(texts) // _PROBED)]
    if any(in_english(text) != text for text in some):
        texts = list(map(in_english, texts))
    if sum(LOOKS_DATE.fullmatch(text) is not None for text in texts) < max(
        1, _ENOUGH * len(texts)
    ):
        return None
    if sum(_LOOKS_ISO.fullmatch(text) is not None for text in texts) >= _ENOUGH * len(
        texts
    ):
        return DateFormat() if _share(texts, ISO) >= _ENOUGH else None
    plain = _best(texts, _UNAMBIGUOUS)
    if plain is not None:
        return DateFormat(plain)
    day, month = _best(texts, _DAY_FIRST), _best(texts, _MONTH_FIRST)
    if day is None or month is None:
        only = day or month
        return None if only is None else DateFormat(only)
    shares = _share(texts, day), _share(texts, month)
    if shares[0] != shares[1]:
        return DateFormat(day if shares[0] > shares[1] else month)
    day_first = _which_varies(texts)
    if day_first is None:
        raise AmbiguousDates(f"{day} or {month}")
    return DateFormat(day if day_first else month)


def _which_varies(texts: Sequence[str]) -> bool | None:
    """Return whether the day comes first where one of the two is always 1."""
    pairs = [re.split(r"[/-]", text)[:2] for text in texts]
    first, second = ({int(pair[at]) for pair in pairs} for at in (0, 1))
    if first == {1} and len(second) > 1:
        return True
    if second == {1} and len(first) > 1:
        return False
    return None


def _best(texts: list[str], formats: Sequence[str]) -> str | None:
    """Return the first format that all texts have, or else one that most have."""
    most, found = _ENOUGH, None
    for form in formats:
        for time in _TIMES:
            share = _share(texts, form + time)
            if share > most or (found is None and share >= most):
                most, found = share, form + time
            if share == 1:
                return found
    return found


def _share(texts: list[str], form: str) -> float:
    """Return the share of the texts that a format reads."""
    probe = texts[:20]
    for part in (probe, texts):
        read = DateFormat(form).parse(pa.array(part, pa.large_string()))
        share = 1 - float(np.isnat(read).mean())
        if share < _ENOUGH:
            return 0.0 if part is probe and share == 0 else share
    return share
