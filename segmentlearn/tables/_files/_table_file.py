"""A file of customers: its cells as they stand there, and what they mean."""

import contextlib
import dataclasses
import functools
import os
import pathlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, BinaryIO, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segmentlearn.exceptions import SchemaError, TableError
from segmentlearn.tables._files._csv import TextFile, read_csv
from segmentlearn.tables._files._databases import (
    database_batches,
    is_database,
    no_database,
)
from segmentlearn.tables._files._dialect import PARAMETERS, CsvOptions, Dialect
from segmentlearn.tables._files._formats import (
    damaged_arrow,
    no_rows,
    read_bytes,
    text_on_disk,
    typed_reader,
    unpack,
)
from segmentlearn.tables._names import closest_name, unique_names
from segmentlearn.tables._schema_reading import TableSchema
from segmentlearn.tables._text._marks import is_total
from segmentlearn.tables._unreadable import UnreadableCells

_ALL = 10**9  # rows
_MOST_DIGITS = 15  # of numbers that float64 tells apart


@dataclasses.dataclass(frozen=True)
class TableFile:
    """A table of customers and where it came from.

    Parameters
    ----------
    source : str
        The file, as errors name it.
    frame : pandas.DataFrame
        The table: numbers, dates, truth values and text, as `schema` says.
    schema : TableSchema
        How each column is understood.
    content : TextFile, pyarrow.Table or None, default=None
        What `cells` come from.
    dialect : Dialect or None, default=None
        How a text file is written.
    notes : sequence of str, default=()
        What was lost or doubtful, a sentence each.
    fractions : sequence of str, default=()
        Columns of a text file whose numbers are not whole in other batches.

    Examples
    --------
    >>> import io
    >>> from segmentlearn.tables import read_table
    >>> table = read_table(io.BytesIO(b"name;spend\\nAda;1,5\\nBob;2,5"))
    >>> table.describe()
    "the table: 2 rows, 2 columns (separator ';', utf-8)"
    >>> table.text("spend").tolist()
    ['1,5', '2,5']
    """

    source: str
    frame: pd.DataFrame
    schema: TableSchema
    content: TextFile | pa.Table | None = None
    dialect: Dialect | None = None
    notes: Sequence[str] = ()
    fractions: Sequence[str] = ()

    @property
    def path(self) -> pathlib.Path:
        """The file."""
        return pathlib.Path(self.source)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in the file's order."""
        return list(self.frame.columns)

    @functools.cached_property
    def cells(self) -> pa.Table | None:
        """Every cell as it stands in the file: text in a text file.

        None where the file holds no Arrow table, such as a workbook.
        """
        content = self.content
        return content.cells() if isinstance(content, TextFile) else content

    def text(self, name: str) -> pd.Series:
        """Return the cells of a column as text, as they stand in the file.

        Parameters
        ----------
        name : str
            The column.

        Returns
        -------
        cells : Series of str
            None where a cell is missing.
        """
        kind = None if self.cells is None else self.cells.schema.field(name).type
        if self.dialect is not None or (
            kind is not None
            and (
                pa.types.is_integer(kind)
                or pa.types.is_string(kind)
                or pa.types.is_large_string(kind)
            )
        ):
            texts = self.cells_of(name).cast(pa.large_string()).to_pandas()
        else:
            column = self.frame[name]
            if self.cells is None and _are_whole(column):
                # floats because one is missing
                texts = column.astype("Int64").astype("string")
            elif column.dtype.kind == "M":
                texts = column.astype("string")  # days alone where no cell has a time
            else:
                texts = column.map(str, na_action="ignore")
        texts = texts.astype(object)
        return texts.where(texts.notna(), None)

    def cells_of(self, name: str) -> pa.ChunkedArray:
        """Return the cells of a column of a text file or an Arrow table.

        Parameters
        ----------
        name : str
            The column.

        Returns
        -------
        cells : pyarrow.ChunkedArray
            As they stand there.
        """
        content: Any = self.content
        is_lazy = isinstance(content, TextFile)
        return content.text(name) if is_lazy else content.column(name)

    def with_types(
        self,
        numeric: Collection[str] = (),
        categorical: Collection[str] = (),
        dates: Mapping[str, str] | None = None,
    ) -> Self:
        """Return the table with other types of some columns.

        Parameters
        ----------
        numeric, categorical : collection of str, default=()
            Columns of numbers and of categories, whatever they look like.
        dates : dict of str to str, default=None
            Formats of columns of dates.

        Returns
        -------
        table : TableFile
            Its notes are about these columns.

        Raises
        ------
        TableError
            If no cell of a column can be read so.
        """
        names = [*numeric, *categorical, *(dates or ())]
        if self.dialect is not None:
            columns = {name: self.cells_of(name) for name in names}
        else:
            columns = {name: self.frame[name].array for name in names}
        schema = self.schema.with_types(columns, numeric, categorical, dates)
        tally: dict[str, UnreadableCells] = {}
        read, _ = schema.read(columns, tally)
        for name, cells in tally.items():
            if cells.n_unreadable == cells.n_present > 0:
                form = (dates or {}).get(name)
                raise TableError(
                    f"column {name!r} holds no {cells.what}"
                    f"{f' written as {form!r}' if form else ''}: its cells are "
                    f"{', '.join(map(repr, cells.examples))}, …"
                )
        notes = [
            cells.describe(name) for name, cells in tally.items() if cells.n_unreadable
        ]
        frame = self.frame.assign(**{name: read[name].array for name in names})
        return dataclasses.replace(self, frame=frame, schema=schema, notes=notes)

    @property
    def is_plain(self) -> bool:
        """Whether nothing had to be found out: typed cells, or commas and UTF-8."""
        return self.dialect is None or self.dialect.is_plain

    def describe(self, n_rows: int | None = None) -> str:
        """Return in one line how the file was read.

        Parameters
        ----------
        n_rows : int, default=None
            Rows of the file, where these are a batch of it.

        Returns
        -------
        line : str
            Rows, columns, and how a text file is written.
        """
        n_rows = len(self.frame) if n_rows is None else n_rows
        n_columns = self.frame.shape[1]
        how = f" ({self.dialect.describe()})" if self.dialect is not None else ""
        counts = [
            f"{number:,} {what}{'s' * (number != 1)}"
            for number, what in ((n_rows, "row"), (n_columns, "column"))
        ]
        return f"{self.source}: {', '.join(counts)}{how}"


def read_table(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    separator: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    skip_rows: int | None = None,
    quotes: bool | None = None,
    sheet: str | int | None = None,
    query: str | None = None,
    schema: TableSchema | None = None,
    labels: Mapping[str, str] | None = None,
) -> TableFile:
    """Read a table of customers from a file or a database.

    Text files (CSV, TSV and the like, also in gzip and zip files), Excel, Parquet,
    Feather, JSON lines, SQLite and DuckDB are recognized by what they hold, not by
    their name. How a text file is written is found out: separator, quotes, encoding,
    decimal mark, title lines above the names.

    Parameters
    ----------
    source : str, path-like or binary file
        A file, the address of a web page or a database, or "-" for standard input.
    separator : str, default=None
        What stands between cells of a text file; None finds it.
    encoding : str, default=None
        Encoding of a text file; None finds it.
    decimal : {".", ","}, default=None
        Decimal mark of numbers that could be read either way; None goes by the others.
    skip_rows : int, default=None
        Lines above the names; None finds title lines.
    quotes : bool, default=None
        Whether quotes may stand around cells; None finds out.
    sheet : str or int, default=None
        Sheet of a workbook with several.
    query : str, default=None
        SQL query for a database; None takes its only table.
    schema : TableSchema, default=None
        How columns are read, such as those of the training table; None infers it.
    labels : dict of str to str, default=None
        How messages call these parameters.

    Returns
    -------
    table : TableFile
        With the table in ``frame``.

    Raises
    ------
    TableError
        If the file cannot be read without losing something; the message names the line
        and the parameter that helps.

    Examples
    --------
    >>> import io
    >>> from segmentlearn.tables import read_table
    >>> table = read_table(io.BytesIO(b"name;spend\\nAda;1.234,50 EUR\\nBob;99,00 EUR"))
    >>> table.frame
      name   spend
    0  Ada  1234.5
    1  Bob    99.0
    """
    name = name_of(source)
    labels = labels or PARAMETERS
    if is_database(source):
        frame = next(database_batches(source, query, labels, _ALL))
        return typed_table(name, frame, reader_of(schema, decimal))
    if query is not None:
        raise no_database(query, name, labels)
    reopen = text_on_disk(source)
    if reopen is None:
        data = unpack(read_bytes(source), name)
        reader = typed_reader(data)
        if reader is not None:
            found = reader(data, name, sheet=sheet, skip_rows=skip_rows, labels=labels)
            return typed_table(name, found, reader_of(schema, decimal))
        reopen = functools.partial(contextlib.nullcontext, data)
    if sheet is not None:
        raise TableError(
            f"{labels['sheet']}{sheet!r} needs a workbook; {name} is text."
        )
    options = CsvOptions(separator, encoding, skip_rows, quotes, decimal, labels)
    plain = None if schema is None else schema.plain_numbers()
    file = read_csv(reopen, name, options, plain)
    if schema is None:
        found = TableSchema.infer_and_read(file.columns, decimal, file.plain)
    else:
        found = reader_of(schema, decimal)(file.columns)
    schema, frame, notes = found
    table = TableFile(name, frame, schema, file, file.dialect, notes)
    notes = [
        *options.doubts(name, file.dialect, frame),
        *table.notes,
        *_doubts(table, labels),
    ]
    return dataclasses.replace(table, notes=notes)


def _doubts(table: TableFile, labels: Mapping[str, str]) -> list[str]:
    """Return what may have been meant in another way, a sentence each."""
    notes = [
        f"column {name!r}: the point in {example!r} and the like is read as a decimal "
        f"mark; if it stands between thousands, say {labels['decimal']}','."
        for name, example in table.schema.ambiguous_numbers().items()
    ]
    totals = [cell for cell in table.frame.iloc[-1] if is_total(cell)]
    if totals and len(table.frame) > 1:
        notes.append(
            f"{table.source}: the last row, {totals[0]!r}, seems to hold totals and is "
            "read as a customer; remove it if it is none."
        )
    return notes


def select_columns(table: TableFile, names: Sequence[str]) -> pd.DataFrame:
    """Return columns by name, in the order asked for."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        unused = [name for name in table.columns if name not in names]
        close = {name: closest_name(name, unused) for name in missing}
        pairs = [(name, other) for name, other in close.items() if other]
        hint = f" Is {pairs[0][1]!r} meant to be {pairs[0][0]!r}?" if pairs else ""
        if 2 * len(missing) > len(names):
            hint = " The model was probably fitted to another table."
        raise SchemaError(
            f"{table.source} lacks {len(missing)} column(s) that the model was fitted "
            f"with: {', '.join(missing)}; columns it does not know: "
            f"{', '.join(unused) or 'none'}.{hint}"
        )
    return table.frame[list(names)]


def rows_to_write(
    table: TableFile,
    new: Mapping[str, np.ndarray],
    keep: Sequence[str] | None = None,
    *,
    as_text: bool,
) -> tuple[pa.Table, list[str]]:
    """Return the columns of a table and new ones behind them, and all their names.

    Parameters
    ----------
    table : TableFile
        The table.
    new : dict of str to array
        Columns to add; a name that the table has is changed.
    keep : sequence of str or None, default=None
        Columns of the table to write; None for all.
    as_text : bool
        Whether cells are written as text, as those of a text file stand there.
    """
    kept = table.columns if keep is None else list(keep)
    names = [*table.columns, *new]
    new_names = unique_names(names)[len(table.columns) :]
    header = [*kept, *new_names]
    if as_text:
        if table.cells is not None and table.dialect is not None:
            written = dict(zip(table.columns, table.dialect.header, strict=True))
            header = [*(written[name] for name in kept), *new_names]
            columns = [table.cells.column(name) for name in kept]
        else:
            columns = [
                pa.array(table.text(name).tolist(), pa.large_string()) for name in kept
            ]
        columns += [_as_text(values) for values in new.values()]
    else:
        columns = [_as_values(table, name) for name in kept]
        columns += [pa.array(values) for values in new.values()]
    # names of a file may be empty
    return pa.table(columns, names=list(map(str, range(len(columns))))), header


def _are_whole(column: pd.Series) -> bool:
    """Return whether all numbers of a column of floats are whole."""
    if column.dtype != np.float64:
        return False
    present = column.dropna()
    return bool((present % 1 == 0).all() and present.abs().max() < 2**53)


def _as_text(values: np.ndarray) -> pa.Array:
    """Write values as text, fractions with six digits."""
    if values.dtype.kind != "f":
        return pa.array([str(value) for value in values], pa.large_string())
    millionths = np.rint(values.astype(np.float64) * 1e6).astype(np.int64)
    whole, rest = (
        pc.cast(pa.array(part), pa.large_string())
        for part in np.divmod(millionths, 1_000_000)
    )
    return pc.binary_join_element_wise(
        whole, pc.utf8_lpad(rest, 6, "0"), pa.scalar(".", pa.large_string())
    )


def _as_values(table: TableFile, name: str) -> Any:
    """Return a column of typed cells."""
    if table.cells is not None and table.dialect is None:
        return table.cells.column(name)
    if table.dialect is not None and name in table.schema.plain_numbers():
        # a fraction of 53 bits would lose the last digits of a long number
        texts = table.cells_of(name)
        if name not in table.fractions:
            with contextlib.suppress(pa.ArrowInvalid):
                return texts.cast(pa.int64())
        digits = pc.utf8_length(pc.replace_substring_regex(texts, "[^0-9]", ""))
        if (pc.max(digits).as_py() or 0) > _MOST_DIGITS:
            return texts
    try:
        return pa.Array.from_pandas(table.frame[name])
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # cells of several types
        return pa.array(table.text(name).tolist(), pa.large_string())


Reader = Callable[[dict[str, Any]], tuple[TableSchema, pd.DataFrame, list[str]]]


def reader_of(schema: TableSchema | None, decimal: str | None) -> Reader:
    """Return what reads columns as a schema says, or as they look."""
    if schema is None:
        return lambda columns: TableSchema.infer_and_read(columns, decimal)

    def read(columns: dict[str, Any]) -> tuple[TableSchema, pd.DataFrame, list[str]]:
        whole = schema.completed(columns, decimal)
        return whole, *whole.read(columns)

    return read


def text_table(name: str, cells: pa.Table, dialect: Dialect, read: Reader) -> TableFile:
    """Return a table of cells of text."""
    columns = dict(zip(cells.column_names, cells.columns, strict=True))
    schema, frame, notes = read(columns)
    return TableFile(name, frame, schema, cells, dialect, notes)


def typed_table(name: str, found: pa.Table | pd.DataFrame, read: Reader) -> TableFile:
    """Return a table of typed cells."""
    if len(found) == 0:
        raise no_rows(name)
    cells = None
    if isinstance(found, pa.Table):
        cells = found.replace_schema_metadata()  # of pandas: an index is a column
        with damaged_arrow(name):
            cells.validate(full=True)
            found = cells.to_pandas()
    frame = found.set_axis([str(label) for label in found.columns], axis="columns")
    columns = {label: frame[label].array for label in frame.columns}
    schema, typed, notes = read(columns)
    return TableFile(name, typed, schema, cells, notes=notes)


def name_of(source: Any) -> str:
    if hasattr(source, "read"):
        return str(getattr(source, "name", "the table"))
    return "standard input" if str(source) == "-" else str(source)
