"""Dates written as text."""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

_ENOUGH = 0.9
ISO = "ISO8601"
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%m-%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y")
_UNAMBIGUOUS = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y"),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y", "%b %d, %Y", "%b %d %Y"),
    *("%d %B %Y", "%B %d, %Y", "%d. %B %Y", "%d. %b %Y", "%b-%d-%Y", "%Y-%b-%d"),
)
_LOOKS_ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?")
LOOKS_DATE = re.compile(
    r"(\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\.?[ -][A-Za-z]{3,9}[ -]\d{2,4}"
    r"|[A-Za-z]{3,9}[ -]\d{1,2},?[ -]\d{4}|\d{4}-[A-Za-z]{3}-\d{1,2})([T ].*)?"
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

    def describe(self) -> str:
        """Return the format in words."""
        return "ISO dates" if self.format == ISO else f"dates written {self.format}"

    def parse(self, cells: pa.Array) -> np.ndarray:
        """Return moments in UTC, NaT where a cell is missing or no such date."""
        series = pd.Series(cells.to_pandas(), dtype=object)
        moments = pd.to_datetime(series, format=self.format, errors="coerce", utc=True)
        return moments.dt.tz_localize(None).to_numpy(dtype="M8[us]")


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
        read = pd.to_datetime(
            pd.Series(part, dtype=object), format=form, errors="coerce", utc=True
        )
        share = float(read.notna().mean())
        if share < _ENOUGH:
            return 0.0 if part is probe and share == 0 else share
    return share
