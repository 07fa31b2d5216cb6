"""Texts that a column may hold, as regular expressions of JSON Schema.

Python and JavaScript read them the same. They are a little wider than what is read:
they know no calendar, and no thousands.
"""

import re
from collections.abc import Iterable

from segmentlearn.tables._text._dates import ISO, LOOKS_DATE
from segmentlearn.tables._text._marks import MARKS

NUMBER = (
    r"\(?[+\-\u2212]?\s*([^0-9+\-\u2212().,\s]{1,4}\.?)?\s*[+\-\u2212]?\s*[.,]?[0-9]"
    r"([0-9.,'\u2019_\s]*[0-9])?[.,]?([eE][+\-]?[0-9]+)?\s*"
    r"([^0-9+\-\u2212(),;:]{1,14})?-?\)?"
)
# what pandas takes for ISO 8601
_ISO = r"[0-9]{4}([\-.\/\\ ]?[0-9]{1,2}){0,2}([T ].*)?"
_DIRECTIVES = {
    **dict.fromkeys("dmHIMS", "[0-9]{1,2}"),
    **{"Y": "[0-9]{4}", "y": "[0-9]{2}", "f": "[0-9]{1,9}", "p": "[AaPp][Mm]"},
    **dict.fromkeys("aAbB", "[^0-9]+"),
}
# JavaScript refuses other escapes than these
_SYNTAX = re.compile(r"[\^$\\.*+?()\[\]{}|/]")


def date_pattern(form: str | None) -> str:
    """Return the pattern of dates of a format, of any where it is not known."""
    if form is None:
        return f"{_ISO}|{LOOKS_DATE.pattern}"
    if form == ISO:
        return _ISO
    parts = re.split(r"%(.)", form)
    parts[::2] = map(_literal, parts[::2])
    parts[1::2] = [_DIRECTIVES.get(letter, ".+") for letter in parts[1::2]]
    return "".join(parts)


def any_case(text: str) -> str:
    """Return the pattern of a text in upper or lower case."""
    return "".join(
        f"[{letter.lower()}{letter.upper()}]"
        if letter.isascii() and letter.isalpha()
        else _literal(letter)
        for letter in text
    )


def whole_cell(patterns: Iterable[str]) -> str:
    """Return the pattern of a cell that is one of these, blanks around it."""
    return rf"^\s*({'|'.join(patterns)})\s*$"


def missing_pattern() -> str:
    """Return the pattern of blank cells and marks of missing values."""
    return whole_cell(map(any_case, ("", *MARKS)))


def _literal(text: str) -> str:
    return _SYNTAX.sub(r"\\\g<0>", text)
