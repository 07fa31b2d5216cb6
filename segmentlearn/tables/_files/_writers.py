"""Tables written to files batch by batch, in the format that a file's name says."""

import codecs
import contextlib
import dataclasses
import gzip
import pathlib
import re
import tempfile
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segmentlearn.exceptions import TableError
from segmentlearn.tables._files._dialect import Dialect
from segmentlearn.tables._files._formats import need

TEXT = "text"
_KINDS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".xlsx": "excel",
    ".jsonl": "json",
    ".ndjson": "json",
}
_UNWRITABLE = {
    *(".xls", ".xlsb", ".xlsm", ".ods", ".zip", ".json", ".pdf", ".html"),
    *(".db", ".sqlite", ".sqlite3", ".duckdb", ".seg", ".pkl", ".bz2", ".xz", ".7z"),
}
_ROW_GROUP = 2**18  # rows
_MOST_EXCEL_ROWS = 2**20 - 1
_LONGEST_EXCEL_CELL = 32767


def output_kind(name: str, label: str) -> str:
    """Return the format that the name of a file asks for; text where it is none."""
    suffixes = [suffix.lower() for suffix in pathlib.PurePath(name).suffixes[-2:]]
    last = suffixes[-1] if suffixes else ""
    inner = suffixes[0] if last == ".gz" and len(suffixes) > 1 else last
    if inner in _UNWRITABLE or (inner != last and inner in _KINDS):
        ending = inner if inner == last else inner + last
        raise TableError(
            f"{label}{name}: {ending} files are not written; use .csv, .csv.gz, .tsv, "
            ".parquet, .feather, .xlsx or .jsonl."
        )
    return _KINDS.get(last, TEXT)


def open_writer(stream: BinaryIO, name: str, dialect: Dialect | None) -> "Writer":
    """Return what writes tables to a stream, in the format of a file's name.

    Text is written as ``dialect`` says, with tabs where the name ends in .tsv.
    """
    kind = output_kind(name, "")
    if kind != TEXT:
        return _WRITERS[kind](stream)
    lower = name.lower()
    dialect = dialect or Dialect(",", "utf-8", (), 1)
    if lower.removesuffix(".gz").endswith(".tsv"):
        dialect = dataclasses.replace(dialect, separator="\t", has_quotes=True)
    return _TextWriter(stream, dialect, is_packed=lower.endswith(".gz"))


class Writer:
    """Writes tables of the same columns one after the other.

    Parameters
    ----------
    stream : binary file
        Where to.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._schema: pa.Schema | None = None

    def write(self, table: pa.Table, header: Sequence[str]) -> None:
        """Write rows below those there are; the first call writes the names."""
        if self._schema is not None:
            table, header = _in_order(table, list(header), self._schema.names)
        table = table.rename_columns(list(header))
        if self._schema is None:
            self._schema = _plain_schema(table)
            self._begin(self._schema)
        self._rows(_cast(table, self._schema))

    def close(self) -> None:
        """Finish the file; the stream stays open."""

    def _begin(self, schema: pa.Schema) -> None:
        pass

    def _rows(self, table: pa.Table) -> None:
        raise NotImplementedError


class _TextWriter(Writer):
    def __init__(self, stream: Any, dialect: Dialect, is_packed: bool) -> None:
        if is_packed:
            # without a date, so that equal rows give equal bytes
            stream = gzip.GzipFile("", "wb", 6, stream, mtime=0)
        super().__init__(stream)
        self._is_packed = is_packed
        self._dialect = dialect
        self._encoder = codecs.getincrementalencoder(dialect.encoding)()
        self._header: list[str] | None = None

    def write(self, table: pa.Table, header: Sequence[str]) -> None:
        if self._header is None:
            self._header = list(header)
            places = map(str, range(len(header)))
            self._lines(pa.table([[name] for name in header], names=list(places)))
        table, _ = _in_order(table, list(header), self._header)
        if table.num_rows:
            self._lines(table)

    def close(self) -> None:
        if self._is_packed:
            self._stream.close()

    def _lines(self, table: pa.Table) -> None:
        lines = text_lines(table, self._dialect)
        if self._dialect.encoding == "utf-8":
            self._stream.write(lines)
            return
        text = lines.to_pybytes().decode()
        try:
            self._stream.write(self._encoder.encode(text))
        except UnicodeEncodeError as error:
            raise TableError(
                f"the file is written in {self._dialect.encoding}, as the input is, "
                f"which has no {text[error.start]!r}; write .parquet or .xlsx, or "
                "convert the input to UTF-8."
            ) from None


class _ParquetWriter(Writer):
    def _begin(self, schema: pa.Schema) -> None:
        from pyarrow import parquet

        texts = [
            field.name
            for field in schema
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        ]
        # numbers hardly repeat: looking for repeated ones takes most of the time
        self._file = parquet.ParquetWriter(
            self._stream, schema, use_dictionary=texts or False
        )
        self._waiting: list[pa.Table] = []

    def _rows(self, table: pa.Table) -> None:
        # row groups of a few rows would make a slow file
        self._waiting.append(table)
        if sum(waiting.num_rows for waiting in self._waiting) >= _ROW_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        if self._waiting:
            self._file.write_table(pa.concat_tables(self._waiting))
            self._waiting = []


class _FeatherWriter(Writer):
    def _begin(self, schema: pa.Schema) -> None:
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._file = pa.ipc.new_file(self._stream, schema, options=options)

    def _rows(self, table: pa.Table) -> None:
        self._file.write_table(table)

    def close(self) -> None:
        self._file.close()


class _JsonWriter(Writer):
    def _rows(self, table: pa.Table) -> None:
        frame = table.to_pandas(ignore_metadata=True)
        text = frame.to_json(
            orient="records",
            lines=True,
            date_format="iso",
            force_ascii=False,
            double_precision=15,
        )
        self._stream.write((text.rstrip("\n") + "\n").encode())


class _ExcelWriter(Writer):
    def _begin(self, schema: pa.Schema) -> None:
        need("xlsxwriter", "Excel files")
        import xlsxwriter

        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        # text that looks like a formula or an address stays text
        self._book = xlsxwriter.Workbook(
            self._stream,
            {
                "constant_memory": True,
                "tmpdir": self._folder.name,  # else its files outlive a failure
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "remove_timezone": True,
                "default_date_format": "yyyy-mm-dd hh:mm:ss",
            },
        )
        self._sheet = self._book.add_worksheet("customers")
        self._n_rows = 0
        for at, name in enumerate(schema.names):
            self._sheet.write_string(0, at, name)

    def _rows(self, table: pa.Table) -> None:
        if self._n_rows + table.num_rows > _MOST_EXCEL_ROWS:
            raise TableError(
                f"an Excel sheet holds {_MOST_EXCEL_ROWS:,} rows at most; write "
                ".parquet or .csv."
            )
        columns = [column.to_pylist() for column in table.columns]
        for values in zip(*columns, strict=True):
            self._n_rows += 1
            for at, value in enumerate(values):
                if value is not None:
                    self._cell(at, value, table.column_names[at])

    def _cell(self, at: int, value: Any, name: str) -> None:
        if isinstance(value, float) and not np.isfinite(value):
            value = None if np.isnan(value) else str(value)
        elif isinstance(value, int) and abs(value) >= 2**53:
            value = str(value)  # a number would lose its last digits
        elif isinstance(value, bytes):
            value = value.decode(errors="backslashreplace")
        if isinstance(value, str):
            if len(value) > _LONGEST_EXCEL_CELL:
                raise TableError(
                    f"row {self._n_rows}, column {name!r}: a cell of Excel holds "
                    f"{_LONGEST_EXCEL_CELL:,} characters at most; write .parquet or "
                    ".csv."
                )
            self._sheet.write_string(self._n_rows, at, value)
        else:
            self._sheet.write(self._n_rows, at, value)

    def close(self) -> None:
        from xlsxwriter.exceptions import FileCreateError

        try:
            self._book.close()
        except FileCreateError as error:  # it holds the system's error
            reason = error.args[0]
            raise (reason if isinstance(reason, OSError) else error) from None
        finally:
            self._folder.cleanup()


_WRITERS: dict[str, Callable[[Any], Writer]] = {
    "parquet": _ParquetWriter,
    "feather": _FeatherWriter,
    "json": _JsonWriter,
    "excel": _ExcelWriter,
}


def text_lines(table: pa.Table, dialect: Dialect) -> pa.Buffer:
    """Write cells of text as lines in UTF-8, with quotes where a cell needs them."""
    separator = dialect.separator
    special = f'["\\r\\n{re.escape(separator)}]'
    quote, nothing, newline = map(_scalar, ('"', "", dialect.newline))
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
    columns[-1] = pc.binary_join_element_wise(columns[-1], nothing, newline)
    lines = pc.binary_join_element_wise(*columns, _scalar(separator))
    if isinstance(lines, pa.ChunkedArray):
        lines = lines.combine_chunks()
    _, offsets, data = lines.buffers()
    places = np.frombuffer(offsets, np.int64)[lines.offset :]
    return data.slice(places[0], places[len(lines)] - places[0])


def _scalar(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _plain_schema(table: pa.Table) -> pa.Schema:
    """Return types that later rows can have too: values, and none that is null."""
    fields = []
    for field in table.schema:
        kind = field.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        fields.append(pa.field(field.name, pa.string() if kind == pa.null() else kind))
    return pa.schema(fields)


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = []
    for name, column, kind in zip(
        schema.names, table.columns, schema.types, strict=True
    ):
        with contextlib.suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            columns.append(column.cast(kind))
            continue
        raise TableError(
            f"column {name!r} holds {column.type} here and {kind} above; write .csv."
        )
    return pa.table(columns, schema=schema)


def _in_order(
    table: pa.Table, names: list[str], above: list[str]
) -> tuple[pa.Table, list[str]]:
    """Return a table with its columns in the order of those above it."""
    if names == above:
        return table, names
    if sorted(names) != sorted(above) or len(set(names)) < len(names):
        raise TableError(
            f"the columns {', '.join(names)} cannot be written below "
            f"{', '.join(above)}; write a folder, with a file for each."
        )
    return table.select([names.index(name) for name in above]), above
