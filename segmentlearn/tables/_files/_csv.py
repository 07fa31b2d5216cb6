"""Text files as Arrow tables of text: every line is a customer, or an error."""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pa_csv

from segmentlearn.exceptions import TableError
from segmentlearn.tables._files._dialect import (
    CsvOptions,
    Dialect,
    detect_dialect,
)
from segmentlearn.tables._files._formats import no_rows
from segmentlearn.tables._files._guesses import guess_columns
from segmentlearn.tables._files._lines import (
    are_cells_closed,
    check_header,
    check_names,
    check_quotes,
    count_lines,
)
from segmentlearn.tables._schema_reading import is_text, map_columns

_BLOCK = 2**20  # bytes; larger ones leave the processor's cache
_LARGEST_BLOCK = 2**28

_LEVELS = pa.dictionary(pa.int32(), pa.string())

T = TypeVar("T")
Reopen = Callable[[], contextlib.AbstractContextManager[Any]]


@dataclasses.dataclass(frozen=True)
class TextFile:
    """A text file and how it is written.

    Attributes
    ----------
    reopen : callable
        Return a context with the bytes of the file.
    dialect : Dialect
        How it is written.
    columns : dict of str to array
        Its cells by the names of the columns: float64 in those of `plain`, else text or
        a dictionary of text.
    plain : list of str
        Columns of plain numbers.
    parser : CsvParser
        What reads its lines.
    """

    reopen: Reopen
    dialect: Dialect
    columns: dict[str, Any]
    plain: list[str]
    parser: "CsvParser"

    def cells(self) -> pa.Table:
        """Return all cells as text."""
        with self.reopen() as data:
            return self.parser.parse(data)

    def text(self, name: str) -> pa.ChunkedArray:
        """Return the cells of a column as text."""
        if name not in self.plain:
            return self.columns[name].cast(pa.large_string())
        with self.reopen() as data:
            return self.parser.parse(data, names=[name]).column(name)


def read_csv(
    reopen: Reopen,
    source: str,
    options: CsvOptions,
    plain: Collection[str] | None = None,
) -> TextFile:
    """Read a text file, whose bytes ``reopen`` gives.

    Columns of plain numbers, which are looked for where ``plain`` does not name them,
    are parsed as numbers, and as text where that fails.
    """
    with reopen() as data:
        dialect = detect_dialect(lambda size: data[:size], source, options)
        try:
            return _read_text(data, reopen, source, dialect, options, plain)
        except UnicodeError:
            # the first line in another encoding lies behind what was looked at
            dialect = dataclasses.replace(dialect, encoding=options.fallback(source))
            return _read_text(data, reopen, source, dialect, options, plain)


def _read_text(
    data: Any,
    reopen: Reopen,
    source: str,
    dialect: Dialect,
    options: CsvOptions,
    plain: Collection[str] | None,
) -> TextFile:
    def parse(dialect: Dialect) -> TextFile:
        parser = CsvParser(dialect, source, options.labels, may_quote)
        names = unnamed_filled(dialect.header)
        numbers, levels = guess_columns(data, dialect, names, options.decimal)
        if plain is not None:
            numbers = [name for name in numbers if name in plain]
        table, numbers = parser.parse_numbers(data, numbers, levels)
        if not any(_is_no_number(dialect.header[names.index(n)]) for n in numbers):
            check_names(data, dialect, source)  # could be a customer's line
        has_quotes = may_quote and options.quotes is None
        if has_quotes and table.num_rows + dialect.n_skipped < count_lines(data):
            parser.check_quotes(table, data)
        columns = dict(zip(table.column_names, table.columns, strict=True))
        return TextFile(reopen, dialect, columns, numbers, parser)

    may_quote = data.find(b'"') >= 0
    if may_quote:
        check_quotes(data, dialect, source, options)
    return read_with_quotes(parse, dialect, options.quotes, may_quote)[0]


def read_with_quotes(
    parse: Callable[[Dialect], T],
    dialect: Dialect,
    quotes: bool | None,
    may_quote: bool,
) -> tuple[T, Dialect]:
    """Parse with quotes around cells, or as text where that fails."""
    if quotes is not None:
        dialect = dataclasses.replace(dialect, has_quotes=quotes)
    try:
        return parse(dialect), dialect
    except TableError as error:
        if quotes is not None or not may_quote:
            raise
        literal = dataclasses.replace(dialect, has_quotes=False)
        try:
            return parse(literal), literal
        except TableError:
            raise error from None


def unnamed_filled(header: Sequence[str]) -> list[str]:
    """Return the names with one for each column that has none, as pandas has it."""
    return [name or f"Unnamed: {at}" for at, name in enumerate(header)]


class _NoNumberError(Exception):
    """A column of numbers holds something else."""


class CsvParser:
    """Reads lines of one dialect as cells of text, or names the line it cannot.

    Parameters
    ----------
    dialect : Dialect
        How the file is written.
    source : str
        The file, as errors name it.
    labels : dict of str to str
        How messages call parameters.
    may_quote : bool
        Whether there is a quote anywhere in the file.
    """

    def __init__(
        self, dialect: Dialect, source: str, labels: Mapping[str, str], may_quote: bool
    ) -> None:
        self._dialect, self._source, self._labels = dialect, source, labels
        self._quotes = dialect.has_quotes and may_quote
        self._names = unnamed_filled(dialect.header)
        self._wrong: list[Any] = []
        self._are_cells_closed = False
        check_header(dialect, source, labels)

    def parse(
        self,
        data: Any,
        names: Sequence[str] | None = None,
        numbers: Sequence[str] = (),
        levels: Sequence[str] = (),
        block_size: int = _BLOCK,
    ) -> pa.Table:
        """Return the columns of some names, or all.

        Those of numbers are float64, those of levels dictionaries, and others text.
        """
        options = self._options(True, block_size, names, numbers, levels)
        data = pa.py_buffer(data)
        try:
            table = pa_csv.read_csv(pa.BufferReader(data), **options)
        except pa.ArrowInvalid as error:
            if "straddling" in str(error) and block_size < _LARGEST_BLOCK:
                # a line is longer than a block
                return self.parse(data, names, numbers, levels, 16 * block_size)
            if numbers and not self._wrong and "CSV conversion error" in str(error):
                raise _NoNumberError from None
            self._raise(error, lambda: pa.BufferReader(data))
        if table.num_rows == 0:
            raise no_rows(self._source)
        return table

    def parse_numbers(
        self, data: Any, numbers: list[str], levels: list[str]
    ) -> tuple[pa.Table, list[str]]:
        """Return all columns, and which of those named hold numbers alone."""
        try:
            table = self.parse(data, numbers=numbers, levels=levels)
        except _NoNumberError:
            check_names(data, self._dialect, self._source)
            table = self.parse(data, levels=levels)
        columns = [table.column(name) for name in numbers]
        found = dict(zip(numbers, map_columns(_as_numbers, columns), strict=True))
        others = [name for name, cells in found.items() if cells is None]
        if any(not is_text(table.column(name)) for name in others):
            texts = self.parse(data, names=others)
            found |= {name: texts.column(name) for name in others}
        for at, name in enumerate(table.column_names):
            if found.get(name) is not None:
                table = table.set_column(at, name, found[name])
        return table, [name for name in numbers if name not in others]

    def batches(
        self, open_stream: Callable[[], Any], block_size: int
    ) -> Iterator[pa.Table]:
        """Read a stream in blocks of so many bytes."""
        n_rows = 0
        options = self._options(block_size=block_size)
        try:
            for batch in pa_csv.open_csv(open_stream(), **options):
                n_rows += batch.num_rows
                yield pa.Table.from_batches([batch])
        except pa.ArrowInvalid as error:
            self._raise(error, open_stream)
        if not n_rows:
            raise no_rows(self._source)

    def check_quotes(self, table: pa.Table, data: Any) -> None:
        """Refuse a table one of whose cells has swallowed lines of its file."""
        n_separators = len(self._dialect.header) - 1
        if not self._quotes or n_separators == 0 or self._are_cells_closed:
            return
        for name, column in zip(table.column_names, table.columns, strict=True):
            if column.type == _LEVELS:
                column = pa.chunked_array(
                    [chunk.dictionary for chunk in column.chunks], pa.string()
                )
            elif not pa.types.is_large_string(column.type):
                continue
            long = column.filter(pc.match_substring(column, "\n"))
            for cell in long.slice(0, 1000).to_pylist():
                separator = self._dialect.separator
                inner = cell.splitlines()[1:]
                if not any(line.count(separator) >= n_separators for line in inner):
                    continue
                if are_cells_closed(data, separator):
                    self._are_cells_closed = True
                    return
                label = self._labels["quotes"]
                raise TableError(
                    f"{self._source}: a quote that is never closed swallows lines: a "
                    f"cell of column {name!r} holds {cell[:40]!r}. Remove the quote, "
                    f"or read quotes as text with {label}no; {label}yes reads cells of "
                    "several lines."
                )

    def _options(
        self,
        use_threads: bool = True,
        block_size: int = _BLOCK,
        names: Sequence[str] | None = None,
        numbers: Sequence[str] = (),
        levels: Sequence[str] = (),
    ) -> dict[str, Any]:
        return {
            "read_options": pa_csv.ReadOptions(
                use_threads=use_threads,
                block_size=block_size,
                skip_rows=self._dialect.n_skipped,
                column_names=self._names,
                encoding=self._dialect.encoding,
            ),
            "parse_options": pa_csv.ParseOptions(
                delimiter=self._dialect.separator,
                quote_char='"' if self._dialect.has_quotes else False,
                newlines_in_values=self._quotes,
                ignore_empty_lines=len(self._names) > 1,
                invalid_row_handler=self._refuse,
            ),
            "convert_options": pa_csv.ConvertOptions(
                column_types={
                    **dict.fromkeys(self._names, pa.large_string()),
                    **dict.fromkeys(numbers, pa.float64()),
                    **dict.fromkeys(levels, _LEVELS),
                },
                include_columns=names,
                null_values=[""],
                strings_can_be_null=True,
            ),
        }

    def _refuse(self, row: Any) -> str:
        self._wrong.append(row)
        return "error"

    def _raise(
        self, error: pa.ArrowInvalid, open_stream: Callable[[], Any]
    ) -> NoReturn:
        """Say what is wrong with a file in words of its lines."""
        if "Empty CSV" in str(error) or "Could not skip" in str(error):
            raise no_rows(self._source) from None
        if "UTF8" in str(error) and self._dialect.encoding.startswith("utf-8"):
            raise UnicodeError from None
        if not self._wrong:
            raise TableError(f"{self._source} cannot be read: {error}.") from None
        self._wrong.clear()
        with contextlib.suppress(pa.ArrowInvalid):  # in one thread lines have numbers
            for _ in pa_csv.open_csv(open_stream(), **self._options(use_threads=False)):
                pass
        row = self._wrong[0]
        raise TableError(
            f"{self._source}, line {row.number}: {row.actual_columns} cell(s) and "
            f"{row.expected_columns} names: {row.text[:80]!r}. "
            f"{_cure(row, self._labels)}"
        ) from None


def _is_no_number(name: str) -> bool:
    """Return whether the name of a column could not stand in a column of numbers."""
    try:
        float(name or "nan")
    except ValueError:
        return True
    return False


def _as_numbers(cells: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column as finite floats; None where it holds something else."""
    try:
        numbers = cells.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    bounds = pc.min_max(numbers).as_py().values()
    is_finite = all(bound is None or math.isfinite(bound) for bound in bounds)
    return numbers if is_finite else None


def _cure(row: Any, labels: Mapping[str, str]) -> str:
    """Return what helps against a line with another number of cells."""
    if '"' in row.text:
        return (
            "A quote that is never closed may join it with the next: remove it, or "
            f"read quotes as text with {labels['quotes']}no."
        )
    if row.expected_columns == 1:
        return f"Name the separator ({labels['separator']}';')."
    if row.number is not None and row.number < 5:
        return (
            "Correct the line, or say how many lines stand above the names "
            f"({labels['skip_rows']}1)."
        )
    return "Correct the line."
