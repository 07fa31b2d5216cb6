"""Lines of a text file: how many, and what would be read as customers and is none."""

import codecs
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from segmentlearn.exceptions import TableError
from segmentlearn.tables._files._dialect import (
    SEPARATORS,
    CsvOptions,
    Dialect,
    is_number,
)
from segmentlearn.tables._files._formats import refuse_repeated

_LARGEST_HEADER = 2**20
_BLOCK = 2**20  # bytes
_COLUMN_GAP = re.compile(" {2,}")
_SOME_CELLS = 3  # two quotes that are by chance around lines make one


def check_names(data: Any, dialect: Dialect, source: str) -> None:
    """Refuse lines of names among those of customers."""
    if dialect.encoding.startswith("utf-16"):
        return
    above = bytes(data[:_LARGEST_HEADER]).split(b"\n", dialect.n_skipped)
    if len(above) <= dialect.n_skipped:
        return
    separator = dialect.separator.encode()
    names = above[-2].removeprefix(codecs.BOM_UTF8).rstrip(b"\r")
    n_names = len(dialect.header)
    if n_names == 1 or names.count(separator) != n_names - 1:
        return
    start = sum(map(len, above[:-1])) + len(above) - 2
    for line in (names, codecs.BOM_UTF8 + names):
        at = data.find(b"\n" + line, start)
        if at >= 0 and data[at + len(line) + 1 : at + len(line) + 2] in b"\r\n":
            raise TableError(
                f"{source}, line {_line_of(data, at + 1)}, repeats the column "
                "names: files were joined there. Remove the line."
            )


def check_quotes(data: Any, dialect: Dialect, source: str, options: CsvOptions) -> None:
    """Refuse quotes within a cell in quotes that end no cell."""
    if dialect.encoding.startswith("utf-16") or options.quotes is False:
        return
    if data.find(b"\\") < 0 or data.find(b'\\"') < 0:  # one sign is found faster
        return
    separator = re.escape(dialect.separator.encode())
    cell = rb'(?:\A|[\r\n]|%(mark)s)"(?:[^"\\]|\\[^"]|"")*\\"(?!["\r\n]|%(mark)s|\Z)'
    if found := re.search(cell % {b"mark": separator}, data):
        text = found[0][1:][-40:].decode(errors="replace")
        raise TableError(
            f"{source}, line {_line_of(data, found.end())}: a quote behind a backslash "
            f"within a cell in quotes: {text!r}. "
            'Write quotes within a cell twice (""), or read all quotes as text with '
            f"{options.labels['quotes']}no."
        )


def count_lines(data: Any) -> float:
    """Return how many lines there are; infinity where they do not end alike."""
    n_ends = {b"\n": 0, b"\r": 0}
    signs = np.frombuffer(data, np.uint8)
    for start in range(0, len(signs), _BLOCK):
        block = signs[start : start + _BLOCK]
        for end in n_ends:
            n_ends[end] += int(np.count_nonzero(block == ord(end)))
    n_lines, n_returns = n_ends.values()
    if n_returns not in (0, n_lines):
        return math.inf
    return n_lines + (data[-1:] not in (b"\n", b"\r"))


def are_cells_closed(data: Any, separator: str) -> bool:
    """Return whether all quotes of a file stand around cells, and around some."""
    mark = re.escape(separator).encode()
    cell = re.compile(
        rb'(?:\A(?:\xef\xbb\xbf)?|%s|[\r\n])("(?:[^"]|"")*")(?=%s|[\r\n]|\Z)'
        % (mark, mark)
    )
    n_cells = n_quotes = 0
    for match in cell.finditer(data):
        n_cells += 1
        n_quotes += match[1].count(b'"')
    n_all = sum(1 for _ in re.finditer(rb'"', data))
    return n_cells >= _SOME_CELLS and n_quotes == n_all


def check_header(dialect: Dialect, source: str, labels: Mapping[str, str]) -> None:
    """Refuse a line of names that is none, or of which the separator is another."""
    names = list(dialect.header)
    refuse_repeated(names, f"{source}, line {dialect.n_skipped}")
    if len(names) == 1:
        for other in SEPARATORS:
            if other in names[0] and other != dialect.separator:
                raise TableError(
                    f"{source} has one column only, {names[0]!r}; its cells seem to be "
                    f"separated by {other!r}: use {labels['separator']}{other!r}."
                )
        if len(_COLUMN_GAP.split(names[0].strip())) > 2:
            raise TableError(
                f"{source} has one column only, {names[0]!r}; its cells seem to be set "
                "in columns by blanks: save it as CSV."
            )
    n_numbers = sum(map(is_number, names))
    if n_numbers > len(names) / 2:
        raise TableError(
            f"{source}, line {dialect.n_skipped}: there are numbers where column names "
            f"belong ({', '.join(names[:3])}); write a line of names above them, or "
            f"say how many lines stand above the names ({labels['skip_rows']}1)."
        )


def _line_of(data: Any, at: int) -> int:
    return sum(1 for _ in re.finditer(rb"\n", data[:at])) + 1
