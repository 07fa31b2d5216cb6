"""Lines of a text file that would be read as customers and are none."""

import codecs
import re
from typing import Any

from segmentlearn.exceptions import TableError
from segmentlearn.tables._files._dialect import CsvOptions, Dialect

_LARGEST_HEADER = 2**20


def check_lines(data: Any, dialect: Dialect, source: str, options: CsvOptions) -> None:
    """Refuse lines of names among those of customers, and quotes that end no cell."""
    if dialect.encoding.startswith("utf-16"):
        return
    above = bytes(data[:_LARGEST_HEADER]).split(b"\n", dialect.n_skipped)
    if len(above) <= dialect.n_skipped:
        return
    separator = dialect.separator.encode()
    names = above[-2].removeprefix(codecs.BOM_UTF8).rstrip(b"\r")
    if len(dialect.header) > 1 and names.count(separator) == len(dialect.header) - 1:
        start = sum(map(len, above[:-1])) + len(above) - 2
        for line in (names, codecs.BOM_UTF8 + names):
            at = data.find(b"\n" + line, start)
            if at >= 0 and data[at + len(line) + 1 : at + len(line) + 2] in b"\r\n":
                raise TableError(
                    f"{source}, line {_line_of(data, at + 1)}, repeats the column "
                    "names: files were joined there. Remove the line."
                )
    if options.quotes is False or data.find(b'\\"') < 0:
        return
    cell = rb'(?:\A|[\r\n]|%(mark)s)"(?:[^"\\]|\\[^"]|"")*\\"(?!["\r\n]|%(mark)s|\Z)'
    if found := re.search(cell % {b"mark": re.escape(separator)}, data):
        text = found[0][1:][-40:].decode(errors="replace")
        raise TableError(
            f"{source}, line {_line_of(data, found.end())}: a quote behind a backslash "
            f"within a cell in quotes: {text!r}. "
            'Write quotes within a cell twice (""), or read all quotes as text with '
            f"{options.labels['quotes']}no."
        )


def _line_of(data: Any, at: int) -> int:
    return sum(1 for _ in re.finditer(rb"\n", data[:at])) + 1
