"""Text files as Arrow tables of text: every line is a customer, or an error."""

import csv
import dataclasses
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pa_csv

from segmentlearn.exceptions import TableError
from segmentlearn.tables._files._dialect import (
    PARAMETERS,
    SEPARATORS,
    Dialect,
    detect_dialect,
    is_number,
)

_BLOCK = 2**23


def read_csv(
    data: bytes,
    source: str,
    *,
    separator: str | None = None,
    encoding: str | None = None,
    skip_rows: int | None = None,
    quotes: bool | None = None,
    labels: Mapping[str, str] = PARAMETERS,
) -> tuple[pa.Table, Dialect]:
    """Return the cells of a file as text, and how it is written."""
    dialect = detect_dialect(
        data,
        source,
        separator=separator,
        encoding=encoding,
        skip_rows=skip_rows,
        labels=labels,
    )
    try:
        return _read_text(data, source, dialect, quotes, labels)
    except UnicodeError:
        # the first line in another encoding lies behind what was looked at
        dialect = dataclasses.replace(dialect, encoding="cp1252")
        return _read_text(data, source, dialect, quotes, labels)


def _read_text(
    data: bytes,
    source: str,
    dialect: Dialect,
    quotes: bool | None,
    labels: Mapping[str, str],
) -> tuple[pa.Table, Dialect]:
    if quotes is not None:
        dialect = dataclasses.replace(dialect, has_quotes=quotes)
    _check_header(dialect, source, labels)
    names = unnamed_filled(dialect.header)
    if b'"' not in data or not dialect.has_quotes:
        return _parse(data, dialect, names, source, labels), dialect
    problem = None
    try:
        table = _parse(data, dialect, names, source, labels)
        swallowed = _swallowed_line(table, dialect)
        if swallowed is None:
            return table, dialect
        column, cell = swallowed
        problem = TableError(
            f"{source}: a quote that is never closed swallows lines: a cell of column "
            f"{column!r} holds {cell!r}. Remove the quote, or read quotes as text with "
            f"{labels['quotes']}no."
        )
    except TableError as error:
        problem = error
    literal = dataclasses.replace(dialect, has_quotes=False)
    try:
        return _parse(data, literal, names, source, labels), literal
    except TableError:
        raise problem from None


def unnamed_filled(header: Sequence[str]) -> list[str]:
    """Return the names with one for each column that has none, as pandas has it."""
    return [name or f"Unnamed: {at}" for at, name in enumerate(header)]


def write_csv(table: pa.Table, header: Sequence[str], dialect: Dialect) -> bytes:
    """Write text cells as the file that they come from was written."""
    separator, newline = dialect.separator, dialect.newline
    special = f'["\\r\\n{re.escape(separator)}]'
    quote, nothing = (pa.scalar(text, pa.large_string()) for text in ('"', ""))
    columns = []
    for column in table.columns:
        cells = pc.fill_null(column.combine_chunks().cast(pa.large_string()), "")
        if dialect.has_quotes:
            needs = pc.match_substring_regex(cells, special)
            if pc.any(needs).as_py():
                quoted = pc.replace_substring(cells, '"', '""')
                quoted = pc.binary_join_element_wise(quote, quoted, quote, nothing)
                cells = pc.if_else(needs, quoted, cells)
        columns.append(cells)
    if len(columns) == 1:  # an empty line would be no customer
        columns[0] = pc.if_else(pc.equal(columns[0], ""), '""', columns[0])
    lines = pc.binary_join_element_wise(
        *columns, pa.scalar(separator, pa.large_string())
    )
    first = io.StringIO()
    writer = csv.writer(first, delimiter=separator, lineterminator="")
    if dialect.has_quotes:
        writer.writerow(header)
    else:
        first.write(separator.join(header))
    text = newline.join([first.getvalue(), *lines.to_pylist(), ""])
    return text.encode(dialect.encoding)


def _parse(
    data: bytes,
    dialect: Dialect,
    names: list[str],
    source: str,
    labels: Mapping[str, str],
    *,
    use_threads: bool = True,
) -> pa.Table:
    wrong: list[Any] = []

    def refuse(row: Any) -> str:
        wrong.append(row)
        return "error"

    try:
        table = pa_csv.read_csv(
            pa.BufferReader(data),
            read_options=pa_csv.ReadOptions(
                use_threads=use_threads,
                block_size=_BLOCK,
                skip_rows=dialect.n_skipped,
                column_names=names,
                encoding=dialect.encoding,
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=dialect.separator,
                quote_char='"' if dialect.has_quotes else False,
                newlines_in_values=dialect.has_quotes and b'"' in data,
                ignore_empty_lines=len(names) > 1,
                invalid_row_handler=refuse,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise TableError(f"{source} has column names but no rows.") from None
        if "UTF8" in str(error) and dialect.encoding.startswith("utf-8"):
            raise UnicodeError from None
        if not wrong:
            raise TableError(f"{source} cannot be read: {error}.") from None
        if use_threads:  # in one thread lines have numbers
            return _parse(data, dialect, names, source, labels, use_threads=False)
        row = wrong[0]
        raise TableError(
            f"{source}, line {row.number}: {row.actual_columns} cell(s) and "
            f"{row.expected_columns} names: {row.text[:80]!r}. {_cure(row, labels)}"
        ) from None
    if table.num_rows == 0:
        raise TableError(f"{source} has column names but no rows.")
    return table.combine_chunks()


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


def _swallowed_line(table: pa.Table, dialect: Dialect) -> tuple[str, str] | None:
    """Return a cell that holds whole lines of the table, and its column."""
    n_separators = len(dialect.header) - 1
    if n_separators == 0:
        return None
    for name, column in zip(table.column_names, table.columns, strict=True):
        long = column.filter(pc.match_substring(column, "\n"))
        for cell in long.slice(0, 1000).to_pylist():
            inner = cell.splitlines()[1:]
            if any(line.count(dialect.separator) >= n_separators for line in inner):
                return name, cell[:40]
    return None


def _check_header(dialect: Dialect, source: str, labels: Mapping[str, str]) -> None:
    names = list(dialect.header)
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise TableError(
            f"{source}, line {dialect.n_skipped}: the column name(s) "
            f"{', '.join(map(repr, repeated))} stand there more than once; rename them."
        )
    if len(names) == 1:
        for other in SEPARATORS:
            if other in names[0] and other != dialect.separator:
                raise TableError(
                    f"{source} has one column only, {names[0]!r}; its cells seem to be "
                    f"separated by {other!r}: use {labels['separator']}{other!r}."
                )
    n_numbers = sum(map(is_number, names))
    if n_numbers > len(names) / 2:
        raise TableError(
            f"{source}, line {dialect.n_skipped}: there are numbers where column names "
            f"belong ({', '.join(names[:3])}); write a line of names above them, or "
            f"say how many lines stand above the names ({labels['skip_rows']}1)."
        )
