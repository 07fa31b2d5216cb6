"""Numbers written as text: decimal marks, thousands, currencies, percent, units."""

import dataclasses
import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segmentlearn.tables._text._bytes import read_numbers
from segmentlearn.tables._text._marks import drop_where

_BLANKS = " \u00a0\u202f\u2009\u2007"  # plain, no-break, narrow, thin, figure space
_GROUPING = f"[{_BLANKS}'\u2019_]"
_PLAIN_MARK = "'"
_EXPONENT = r"([eE][+-]?[0-9]+)?"
_CURRENCY_CODES = (
    "usd eur gbp chf jpy cny inr rs rs. aud cad nzd sek nok dkk isk kr kr. pln zł czk "
    "kč huf ft ron lei bgn uah rub try tl ils nis aed sar zar r brl mxn ars clp cop "
    "krw twd hkd sgd myr rm thb idr rp rp. php vnd ngn kes egp fr fr. sfr sfr. tsd"
)
_CURRENCIES = frozenset(_CURRENCY_CODES.split())
_CELL = re.compile(
    rf"(?P<open>\()?(?P<sign>[+-]?)[{_BLANKS}]*(?P<prefix>[^\d+\-().,]*?(?:\.(?=[{_BLANKS}]))?)"
    rf"[{_BLANKS}]*(?P<inner_sign>[+-]?)[{_BLANKS}]*"
    rf"(?P<body>[.,]?\d(?:[\d.,'\u2019_{_BLANKS}]*\d)?[.,]?)(?P<exponent>[eE][+-]?\d+)?"
    rf"[{_BLANKS}]*(?P<suffix>[^\d+\-()]*?)(?P<minus>-?)(?(open)\))"
)
_LONGEST_UNIT = 12
_SHORTEST_STEM = 3  # of a unit that has a plural
_REMEMBERED = 4096  # texts
_LOOKED_AT = 200  # cells
_ENOUGH = 0.9  # of the sampled cells must be numbers for the format to be one
_MOST_DIGITS = 15  # longer ones are codes, which a float cannot hold


@dataclasses.dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : {".", ","}
        The decimal mark.
    prefix, suffix : str
        A currency before, a currency, a percent sign or a unit behind each number.
    is_plain : bool
        Whether the numbers are as programs write them.
    """

    decimal: str = "."
    prefix: str = ""
    suffix: str = ""
    is_plain: bool = True

    dtype: ClassVar = np.dtype(np.float64)

    def describe(self) -> str:
        """Return the format in words; empty for plain numbers."""
        parts = []
        if self.decimal == ",":
            parts.append("decimal comma")
        if self.prefix:
            parts.append(f"{self.prefix!r} before")
        if self.suffix:
            parts.append(f"{self.suffix!r} behind")
        if not parts and not self.is_plain:
            parts.append("thousands marks or signs of their own")
        return ", ".join(parts)

    def parse(self, cells: pa.Array) -> np.ndarray:
        """Return floats, NaN where a cell is missing or no number of this format."""
        if self.is_plain and (numbers := plain_numbers(cells)) is not None:
            return numbers
        cells = self._strip(cells)
        grammar = _grammar(self.decimal)
        is_number = pc.match_substring_regex(cells, f"^{grammar}$")
        cells = drop_where(pc.invert(is_number), cells)
        if self.decimal == ",":
            cells = pc.replace_substring_regex(cells, rf"\.|{_GROUPING}|^\+", "")
            cells = pc.replace_substring(cells, ",", ".")
        else:
            cells = pc.replace_substring_regex(cells, rf",|{_GROUPING}|^\+", "")
        numbers = _to_numpy(pc.cast(cells, pa.float64()))
        return numbers / 100 if self.suffix == "%" else numbers

    def parse_usual(self, cells: pa.Array) -> np.ndarray:
        """Return the floats of cells in the usual form, NaN for others: many times as
        fast as `parse`, with the same floats."""
        marks = self._grouping_marks(cells)
        for mark in marks:
            if not mark.isascii():
                cells = pc.replace_substring(cells, mark, _PLAIN_MARK)
                marks = marks.replace(mark, _PLAIN_MARK)
        numbers = read_numbers(cells, self.decimal, marks, self.prefix, self.suffix)
        return numbers / 100 if self.suffix == "%" else numbers

    def _grouping_marks(self, cells: pa.Array) -> str:
        """Return what stands between thousands in the first cells."""
        texts = {
            text.removeprefix(self.prefix).removesuffix(self.suffix).strip(_BLANKS)
            for text in cells.slice(0, _LOOKED_AT).to_pylist()
            if text is not None
        }
        other = "," if self.decimal == "." else "."
        return "".join(sorted({other, *_GROUPING[1:-1]} & {*"".join(texts)}))

    def _strip(self, cells: pa.Array) -> pa.Array:
        """Remove affixes; brackets and a minus behind become a minus before."""
        cells = pc.replace_substring(cells, "\u2212", "-")
        if self.prefix:
            affix = re.escape(self.prefix)
            pattern = rf"^(\(?)([+-]?)[{_BLANKS}]*{affix}[{_BLANKS}]*"
            cells = pc.replace_substring_regex(cells, pattern, r"\1\2")
        if self.suffix:
            plural = r"\pL{0,2}" if len(self.suffix) >= _SHORTEST_STEM else ""
            affix = re.escape(self.suffix) + plural
            pattern = rf"[{_BLANKS}]*{affix}[{_BLANKS}]*(-?\)?)$"
            cells = pc.replace_substring_regex(cells, pattern, r"\1")
        cells = pc.replace_substring_regex(cells, r"^\((.*)\)$", r"-\1")
        cells = pc.replace_substring_regex(cells, r"^(.*\d)-$", r"-\1")
        return pc.utf8_trim_whitespace(cells)


def plain_numbers(cells: pa.Array) -> np.ndarray | None:
    """Return numbers as programs write them; None where there is anything else."""
    try:
        return _to_numpy(pc.cast(cells, pa.float64()))
    except pa.ArrowInvalid:
        return None


def infer_number_format(
    sample: Iterable[str], decimal: str | None = None
) -> NumberFormat | None:
    """Return the format that the texts share; None where they are not numbers.

    Where "1,234" and "1.234" could be either, `decimal` decides: the mark that the user
    or other columns of the table name.
    """
    sample = list(sample)
    if any(map(is_code, sample)):
        return None
    enough = max(1, _ENOUGH * len(sample))
    found = [match for text in sample if (match := _match(text))]
    if len(found) < enough:
        return None
    prefix, suffix = _common_affixes(found)
    if not (_is_currency(prefix) or not prefix) or not (_is_unit(suffix) or not suffix):
        return None
    own = [m for m in found if _has_affixes(m, prefix, suffix)]
    bare = [m for m in found if not m["prefix"].strip() and not m["suffix"].strip()]
    if (prefix or suffix) and bare:
        # a currency is left out at times, a unit beside a zero only
        if not _is_currency(prefix or suffix) and any(
            m["body"].strip("0.,") for m in bare
        ):
            return None
        own += bare
    if len(own) < enough:
        return None
    mark = _decimal_mark([m["body"] for m in own], decimal)
    if mark is None:
        return None
    is_plain = not (prefix or suffix) and mark == "." and all(map(_is_plain, own))
    return NumberFormat(mark, prefix, suffix, is_plain)


def _common_affixes(found: list[re.Match]) -> tuple[str, str]:
    """Return what stands before and behind most of the numbers, if anything does."""
    affixes = Counter((m["prefix"].strip(), m["suffix"].strip()) for m in found)
    bare = affixes.pop(("", ""), 0)
    if not affixes or bare > _ENOUGH * len(found):
        return "", ""
    prefix, suffix = affixes.most_common(1)[0][0]
    # "1 year" beside "2 years"
    stems = [
        other
        for before, other in affixes
        if before == prefix and _is_plural(suffix, other)
    ]
    return prefix, min(stems, key=len, default=suffix)


def _is_plural(text: str, stem: str) -> bool:
    rest = text.removeprefix(stem)
    return len(stem) >= _SHORTEST_STEM and len(rest) <= 2 and rest.isalpha()


def _has_affixes(match: re.Match, prefix: str, suffix: str) -> bool:
    behind = match["suffix"].strip()
    return match["prefix"].strip() == prefix and (
        behind == suffix or _is_plural(behind, suffix)
    )


def decimal_evidence(sample: Iterable[str]) -> str | None:
    """Return the decimal mark that some text of a column can only have."""
    for text in dict.fromkeys(sample):
        match = _match(text)
        if match is None:
            continue
        point, comma = (_fits(match["body"], mark) for mark in ".,")
        if comma != point:
            return "," if comma else "."
    return None


def _decimal_mark(bodies: list[str], preferred: str | None) -> str | None:
    """Return the decimal mark with which most of the texts are numbers."""
    fits = {mark: sum(_fits(body, mark) for body in bodies) for mark in ".,"}
    best = max(fits.values())
    if best < _ENOUGH * len(bodies):
        return None
    if fits["."] == fits[","]:
        if not any(mark in body for body in bodies for mark in ".,"):
            return "."
        return preferred or _mark_of_rounded(bodies) or "."
    return max(fits, key=lambda mark: fits[mark])


def _mark_of_rounded(bodies: list[str]) -> str | None:
    """Return the decimal mark that numbers such as "999", "1.250" prove.

    A program that writes 1.25 as "1.250" writes 999 as "999.000".
    """
    bare = [body for body in bodies if body.isdigit()]
    grouped = [body for body in bodies if not body.isdigit()]
    marks = {*"".join(grouped)} & {".", ","}
    if not bare or len(marks) != 1 or max(map(len, bare)) > 3:
        return None
    is_rounded = any(body.endswith("0") for body in grouped)
    return "," if is_rounded and marks == {"."} else None


def _fits(body: str, decimal: str) -> bool:
    return re.fullmatch(_grammar(decimal), body) is not None


def _grammar(decimal: str) -> str:
    """Return the pattern of numbers with a decimal mark, thousands grouped or not."""
    grouping = rf"(,|{_GROUPING})" if decimal == "." else rf"(\.|{_GROUPING})"
    mark = re.escape(decimal)
    whole = rf"([0-9]{{1,3}}({grouping}[0-9]{{2,3}})*{grouping}[0-9]{{3}}|[0-9]+)"
    number = rf"({whole}({mark}[0-9]*)?|{mark}[0-9]+){_EXPONENT}"
    return rf"[+-]?[{_BLANKS}]*{number}"


def _is_plain(match: re.Match) -> bool:
    return re.fullmatch(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", match[0]) is not None


@functools.lru_cache(_REMEMBERED)
def _match(text: str) -> re.Match | None:
    """Return the parts of a number; most columns repeat their texts."""
    return _CELL.fullmatch(_minus(text))


@functools.lru_cache(_REMEMBERED)
def is_code(text: str) -> bool:
    """Return whether a text is a code of digits: leading zeros, or too many digits."""
    digits = text.lstrip("+-")
    if not digits.isdigit():
        return False
    is_phone = text.startswith("+") and len(digits) > 6
    return (
        is_phone or (digits[0] == "0" and len(digits) > 1) or len(digits) > _MOST_DIGITS
    )


def _is_currency(text: str) -> bool:
    folded = text.casefold().strip(_BLANKS)
    symbols = [char for char in folded if unicodedata.category(char) == "Sc"]
    letters = folded.strip("".join(symbols)) if symbols else folded
    return (bool(symbols) and len(letters) <= 3) or folded in _CURRENCIES


def _is_unit(text: str) -> bool:
    """Return whether a text can stand behind each number: a currency or a unit."""
    if text == "%" or _is_currency(text):
        return True
    is_word = text[:1].isalpha() or text[:1] in ("\u00b0", "/")
    return is_word and len(text) <= _LONGEST_UNIT and not set(text) & set(",;:")


def _minus(text: str) -> str:
    return text.replace("\u2212", "-")


def _to_numpy(numbers: Any) -> np.ndarray:
    return numbers.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
