"""How a text file of customers is written: encoding, separator, quotes, header."""

import codecs
import csv
import dataclasses
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from segmentlearn.exceptions import TableError

SEPARATORS = (",", ";", "\t", "|")
_NAMED_SEPARATORS = {
    "\\t": "\t",
    "tab": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
}
_SAMPLE = 2**16  # bytes that are looked at
_LARGEST_SAMPLE = 2**26
_ENOUGH_LINES = 30
_MOST_TITLES = 20  # lines above the names
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NO_TABLES = {
    re.compile(r"\s*<(!doctype|html|\?xml)", re.IGNORECASE): (
        "is a web page or XML; save its table as CSV"
    ),
    re.compile(r"\s*\[\s*[{\[]"): (
        "is a JSON array; write JSON lines, one object a line"
    ),
    re.compile(r"[^\n]*\|[^\n]*\n\|?( *:?-+:? *\|)+( *:?-+:? *)?\r?\n"): (
        "is a table in Markdown; save it as CSV"
    ),
    re.compile(r'\s*\{\s*"[^"]*"\s*:'): "is JSON in another encoding; save it in UTF-8",
}
_OTHER_FILES = {
    b"%PDF": "a PDF; save its table as CSV",
    b"BZh": "packed by bzip2; unpack it, or pack it by gzip",
    b"\xfd7zXZ": "packed by xz; unpack it, or pack it by gzip",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it, or pack it by gzip",
    b"7z\xbc\xaf": "packed by 7-Zip; unpack it",
}
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)  # Excel's
# bytes that cp1252 does not know
_NOT_CP1252 = bytes([0x81, 0x8D, 0x8F, 0x90, 0x9D])

PARAMETERS: Mapping[str, str] = {
    name: f"{name}="
    for name in (
        "separator",
        "encoding",
        "decimal",
        "skip_rows",
        "sheet",
        "query",
        "quotes",
    )
}
_ROWS_LOOKED_AT = 1000
_SHARE = 0.2  # of the texts that are beyond ASCII look wrong
_FOREIGN = 4  # letters and signs beyond ASCII, at least half of a text
_QUOTES = re.compile(r"[\s'\"\u2018-\u201e\u00ab\u00bb\u2013\u2014]")
# a sign, or a capital, between letters
_WITHIN_A_WORD = re.compile(
    r"[^\W\d_](?:[\u00a1-\u00a9\u00ab-\u00af\u00b1-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u0192\u02c6"
    r"\u02dc\u201a\u201c\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122\u00d7\u00f7](?=[^\W\d_])"
    r"|[À-ÖØ-ÞŒŠŽŸ](?=[a-z]))"
)


@dataclasses.dataclass(frozen=True)
class Dialect:
    """How a text file is written.

    Attributes
    ----------
    separator : str
        What stands between cells.
    encoding : str
        A codec of Python's; "utf-8-sig" has a byte order mark.
    header : tuple of str
        The names, as they stand in the file.
    n_skipped : int
        Lines before the first customer: titles and the header.
    has_quotes : bool
        Whether quotes may stand around a cell; otherwise they are text.
    newline : str
        What ends a line.
    """

    separator: str
    encoding: str
    header: tuple[str, ...]
    n_skipped: int
    has_quotes: bool = True
    newline: str = "\n"

    @property
    def is_plain(self) -> bool:
        """Whether the file is written as programs write it."""
        is_usual = self.separator == "," and self.encoding in ("utf-8", "utf-8-sig")
        return is_usual and self.n_skipped == 1 and self.has_quotes

    def describe(self) -> str:
        """Return the dialect in words."""
        name = {"\t": "tab"}.get(self.separator, repr(self.separator))
        parts = [f"separator {name}", self.encoding.removesuffix("-sig")]
        if self.n_skipped > 1:
            parts.append(f"names in line {self.n_skipped}")
        if not self.has_quotes:
            parts.append("quotes taken as text")
        return ", ".join(parts)


@dataclasses.dataclass(frozen=True)
class CsvOptions:
    """What a user says about a text file; None is found out.

    Attributes
    ----------
    separator, encoding : str or None
        What stands between cells, and the encoding.
    skip_rows : int or None
        Lines above the names.
    quotes : bool or None
        Whether quotes may stand around cells.
    decimal : str or None
        The decimal mark.
    labels : dict of str to str
        How messages call these parameters.
    """

    separator: str | None = None
    encoding: str | None = None
    skip_rows: int | None = None
    quotes: bool | None = None
    decimal: str | None = None
    labels: Mapping[str, str] = dataclasses.field(default_factory=lambda: PARAMETERS)

    def of_reading(self) -> dict[str, Any]:
        """Return what `read_table` takes."""
        names = ("separator", "encoding", "skip_rows", "quotes", "decimal", "labels")
        return {name: getattr(self, name) for name in names}

    def doubts(self, source: str, dialect: Dialect, rows: Any) -> list[str]:
        """Return a sentence on title lines that were left out, and on texts that seem
        to be in another encoding than was taken."""
        notes = []
        if dialect.n_skipped > 1 and self.skip_rows is None:
            notes.append(
                f"{source}: the column names are taken from line {dialect.n_skipped}; "
                f"what stands above is left out ({self.labels['skip_rows']}0 takes the "
                "first line)."
            )
        if dialect.encoding == "cp1252" and self.encoding is None:
            if not isinstance(rows, pd.DataFrame):  # of Arrow
                rows = rows.slice(0, _ROWS_LOOKED_AT).to_pandas()
            texts = {*map(str, rows.columns)}
            for _, cells in rows.head(_ROWS_LOOKED_AT).items():
                if not pd.api.types.is_numeric_dtype(cells.dtype):
                    texts.update(cell for cell in cells if isinstance(cell, str))
            if example := _garbled_text(sorted(texts)):
                notes.append(
                    f"{source} is read in the encoding cp1252, which gives texts such "
                    f"as {example[:40]!r}; if they are garbled, name its own "
                    f"({self.labels['encoding']}cp1251, cp1250, mac_roman or "
                    "shift_jis, say)."
                )
        return notes

    def fallback(self, source: str) -> str:
        """Return the encoding of a text that is not in UTF-8."""
        if self.encoding is not None:
            raise TableError(
                f"{source} is not a text in {self.encoding}; name another encoding "
                f"with {self.labels['encoding']}cp1252, say."
            )
        return "cp1252"


def _garbled_text(texts: Iterable[str]) -> str | None:
    """Return one of the texts if they seem to be of another encoding than cp1252.

    Western texts have few letters beyond ASCII in a row, and neither signs nor capitals
    within a word.
    """
    beyond = [text for text in texts if not text.isascii()]
    wrong = [text for text in beyond if _is_garbled(text)]
    return wrong[0] if wrong and len(wrong) >= _SHARE * len(beyond) else None


def _is_garbled(text: str) -> bool:
    signs = _QUOTES.sub("", text)
    n_beyond = sum(not sign.isascii() for sign in signs)
    is_foreign = n_beyond >= _FOREIGN and 2 * n_beyond >= len(signs)
    return is_foreign or _WITHIN_A_WORD.search(text) is not None


def is_number(text: str) -> bool:
    """Return whether a name is a number, which names no column."""
    return _NUMBER.fullmatch(text) is not None


def named_separator(text: str, label: str) -> str:
    """Return a separator that may be given by its name."""
    separator = _NAMED_SEPARATORS.get(text.lower(), text)
    if len(separator) != 1 or separator in '"\r\n':
        raise TableError(f"{label}{text!r} must be one character, or 'tab'.")
    return separator


def detect_encoding(data: bytes, is_whole: bool = True) -> str:
    """Return the encoding of a text; cp1252 where it is not UTF-8."""
    for mark, encoding in _BOMS.items():
        if data.startswith(mark):
            return encoding
    head = data[:4096]
    if len(head) > 1 and head.count(0) > len(head) // 4:
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        # what lies behind is checked where it is parsed
        decoder.decode(data, final=is_whole)
    except UnicodeDecodeError:
        return "latin-1" if any(byte in data for byte in _NOT_CP1252) else "cp1252"
    return "utf-8"


def detect_dialect(
    read: Callable[[int], bytes], source: str, options: CsvOptions
) -> Dialect:
    """Find out how a file is written; what is given is kept.

    ``read`` returns so many bytes from its beginning.
    """
    data, is_whole = _sample(read)
    labels, skip_rows = options.labels, options.skip_rows
    for beginning, what in _OTHER_FILES.items():
        if data.startswith(beginning):
            raise TableError(f"{source} is {what}.")
    if options.encoding:
        encoding = _checked(options.encoding, labels)
    else:
        encoding = detect_encoding(data, is_whole)
    text = _decode(data, encoding, source, labels)
    if not text.strip():
        raise TableError(f"{source} is empty.")
    for pattern, what in _NO_TABLES.items():
        if pattern.match(text):
            raise TableError(f"{source} {what}.")
    if encoding == "latin-1" and not options.encoding:
        raise TableError(
            f"{source} is neither in UTF-8 nor in cp1252; name its encoding "
            f"({labels['encoding']}cp850, say)."
        )
    hint = _SEPARATOR_LINE.match(text)
    if hint and skip_rows is None:
        skip_rows = 1
    if hint and options.separator is None:
        separator = named_separator(hint[1], labels["separator"])
    elif options.separator is not None:
        separator = named_separator(options.separator, labels["separator"])
    else:
        separator = _detect_separator(text, is_whole, skip_rows or 0)
    records = _records(text, separator, is_whole)
    skip = _n_titles(records) if skip_rows is None else skip_rows
    records = [record for record in records if record[0] > skip]
    if not records:
        raise TableError(f"{source} has no line of names after {skip} skipped line(s).")
    end, header = records[0]
    width = len(header) + 1
    rows = [cells for _, cells in records[1:]]
    # some programs end each line but the first with a separator
    if rows and all(len(cells) == width and not cells[-1] for cells in rows):
        header = [*header, ""]
    newline = "\r\n" if "\r\n" in text else "\n"
    return Dialect(separator, encoding, tuple(header), end, newline=newline)


def _sample(read: Callable[[int], bytes]) -> tuple[bytes, bool]:
    """Return the beginning of a file with some whole lines, and whether it is all."""
    size = _SAMPLE
    while True:
        data = read(size + 1)
        is_whole = len(data) <= size
        if is_whole or data.count(b"\n") > _ENOUGH_LINES or size >= _LARGEST_SAMPLE:
            return data[:size], is_whole
        size *= 4


def _checked(encoding: str, labels: Mapping[str, str]) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise TableError(
            f"{labels['encoding']}{encoding!r} is no encoding; use utf-8, utf-16, "
            "cp1252 or another name of Python's."
        ) from None
    return name


def _decode(data: bytes, encoding: str, source: str, labels: Mapping[str, str]) -> str:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(data)
    except UnicodeError as error:
        raise TableError(
            f"{source} is not a text in {encoding} ({error}); name another encoding "
            f"with {labels['encoding']}cp1252, say."
        ) from None
    if "\0" in text:
        raise TableError(
            f"{source} is no text file: it holds zero bytes. Is it a spreadsheet or a "
            "database under another name?"
        )
    return text.removeprefix("\ufeff")


def _records(text: str, separator: str, is_whole: bool) -> list[tuple[int, list[str]]]:
    """Return the records of a sample with the number of the line that each ends in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    records = []
    try:
        for cells in reader:
            if cells:
                records.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error:
        pass  # a cell of more than 128 KB
    if not is_whole and len(records) > 1:
        records.pop()  # the sample ends within it
    return records


def _detect_separator(text: str, is_whole: bool, skip: int) -> str:
    """Return the separator that cuts most lines into the same number of cells."""
    best, found = 0.0, SEPARATORS[0]
    for separator in SEPARATORS:
        counts = Counter(
            len(cells)
            for line, cells in _records(text, separator, is_whole)
            if line > skip
        )
        counts.pop(1, None)
        if not counts:
            continue
        width, n_records = counts.most_common(1)[0]
        # more cells prove more, but not as much as lines that differ disprove
        score = n_records / max(1, text.count("\n")) * (1 + min(width, 20) / 100)
        if score > best * 1.0001:
            best, found = score, separator
    return found


def _n_titles(records: list[tuple[int, list[str]]]) -> int:
    """Return the number of lines above the names: titles, which fill fewer cells."""
    widths = Counter(len(cells) for _, cells in records[:1000])
    width = max(widths, key=lambda n: (widths[n], n))
    first = records[0][1]
    if width < 2 or (len(first) >= width and sum(map(bool, first)) >= width - 1):
        return 0  # a saved index has no name
    skip = 0
    for line, cells in records[:_MOST_TITLES]:
        if len(cells) == width and all(cells):
            return 0 if any(map(is_number, cells)) else skip
        skip = line
    return 0
