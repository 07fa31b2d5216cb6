"""What the columns of a large text file seem to hold, so that they are parsed as it."""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any

from segmentlearn.tables._files._dialect import Dialect
from segmentlearn.tables._text._marks import is_missing
from segmentlearn.tables._text._numbers import decimal_evidence, is_code

_SMALL = 2**20  # bytes of a file where it saves little
_WINDOWS = 16
_WINDOW = 2**13  # bytes
_ENOUGH = 200  # cells
_REPEATED = 0.1  # distinct texts a cell of a column of levels, at most
_PLAIN = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def guess_columns(
    data: Any, dialect: Dialect, names: Sequence[str], decimal: str | None
) -> tuple[list[str], list[str]]:
    """Return the columns of plain numbers, and those of few levels, in a large file.

    Numbers that could be read in another way, such as 1.234, are none of them.
    """
    if len(data) < _SMALL or dialect.encoding.startswith("utf-16") or decimal == ",":
        return [], []
    records = list(_some_records(data, dialect, len(names)))
    numbers, levels = [], []
    for name, cells in zip(names, zip(*records, strict=True), strict=False):
        texts = [text for cell in cells if not is_missing(text := cell.strip())]
        if texts and _are_plain(texts):
            numbers.append(name)
        elif len(texts) >= _ENOUGH and len(set(texts)) <= _REPEATED * len(texts):
            levels.append(name)
    return numbers, levels


def find_fractions(data: Any, dialect: Dialect, names: Sequence[str]) -> list[str]:
    """Return the columns of a file some of whose cells are no whole numbers."""
    if dialect.encoding.startswith("utf-16"):
        return []
    columns = zip(*_some_records(data, dialect, len(names)), strict=True)
    return [
        name
        for name, cells in zip(names, columns, strict=False)
        if not all(cell.strip().lstrip("+-").isdigit() for cell in cells if cell)
    ]


def _are_plain(texts: list[str]) -> bool:
    if not all(map(_PLAIN.fullmatch, texts)) or any(map(is_code, texts)):
        return False
    return decimal_evidence(texts) == "." or not any("." in text for text in texts)


def _some_records(data: Any, dialect: Dialect, width: int) -> Iterator[list[str]]:
    """Return records from all over a file, without those that a window cuts."""
    step = len(data) // _WINDOWS
    for start in range(0, len(data) - _WINDOW, step):
        window = data[start : start + _WINDOW].decode(dialect.encoding, "replace")
        lines = window.splitlines()[1:-1]  # the first of all holds names or a title
        reader = csv.reader(
            lines,
            delimiter=dialect.separator,
            quoting=csv.QUOTE_MINIMAL if dialect.has_quotes else csv.QUOTE_NONE,
        )
        try:
            for cells in reader:
                if len(cells) == width:
                    yield cells
        except csv.Error:  # a window that begins within quotes
            continue
