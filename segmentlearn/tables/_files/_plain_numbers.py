"""Columns of numbers as programs write them, which are parsed without being text."""

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from segmentlearn.tables._files._dialect import Dialect
from segmentlearn.tables._text._marks import is_missing
from segmentlearn.tables._text._numbers import infer_number_format

_SMALL = 2**20  # bytes of a file where it saves little
_WINDOWS = 16
_WINDOW = 2**14  # bytes


def find_plain_numbers(
    data: bytes, dialect: Dialect, names: Sequence[str], decimal: str | None
) -> list[str]:
    """Return the columns of a large file that hold plain numbers in all its parts."""
    if len(data) < _SMALL or dialect.encoding.startswith("utf-16"):
        return []
    records = list(_some_records(data, dialect, len(names)))
    plain = []
    for name, cells in zip(names, zip(*records, strict=True), strict=False):
        texts = [text for cell in cells if not is_missing(text := cell.strip())]
        form = infer_number_format(texts, decimal) if texts else None
        if form is not None and form.is_plain:
            plain.append(name)
    return plain


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
