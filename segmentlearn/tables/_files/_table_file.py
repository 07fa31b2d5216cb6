"""A file of customers: its cells as they stand there, and what they mean."""

import dataclasses
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa

from segmentlearn.exceptions import SchemaError, TableError
from segmentlearn.tables._files._csv import read_csv, write_csv
from segmentlearn.tables._files._dialect import PARAMETERS, Dialect
from segmentlearn.tables._files._formats import (
    is_database,
    read_bytes,
    read_database,
    typed_reader,
    unpack,
)
from segmentlearn.tables._names import closest_name, unique_names
from segmentlearn.tables._schema_reading import TableSchema


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
    cells : pyarrow.Table or None, default=None
        Every cell as it stands in a text file; None for files of typed cells.
    dialect : Dialect or None, default=None
        How a text file is written.
    notes : sequence of str, default=()
        What was lost or doubtful, a sentence each.

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
    cells: pa.Table | None = None
    dialect: Dialect | None = None
    notes: Sequence[str] = ()

    @property
    def path(self) -> pathlib.Path:
        """The file."""
        return pathlib.Path(self.source)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in the file's order."""
        return list(self.frame.columns)

    def text(self, name: str) -> pd.Series:
        """Return the cells of a column as text, as they stand in the file.

        Parameters
        ----------
        name : str
            The column.

        Returns
        -------
        cells : Series of str
            None where a file of typed cells has none.
        """
        if self.cells is not None:
            return self.cells.column(name).to_pandas().astype(object)
        column = self.frame[name]
        return column.map(str, na_action="ignore").astype(object)

    @property
    def is_plain(self) -> bool:
        """Whether nothing had to be found out: typed cells, or commas and UTF-8."""
        return self.dialect is None or self.dialect.is_plain

    def describe(self) -> str:
        """Return in one line how the file was read.

        Returns
        -------
        line : str
            Rows, columns, and how a text file is written.
        """
        n_rows, n_columns = self.frame.shape
        how = f" ({self.dialect.describe()})" if self.dialect is not None else ""
        return f"{self.source}: {n_rows:,} rows, {n_columns} columns{how}"


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
    name = _name_of(source)
    labels = labels or PARAMETERS
    if is_database(source):
        return _typed(name, read_database(source, query, labels), schema, decimal)
    if query is not None:
        raise TableError(
            f"{labels['query']}{query!r} needs a database; {name} is a file."
        )
    data = unpack(read_bytes(source), name)
    reader = typed_reader(data, name)
    if reader is not None:
        frame = reader(data, name, **_of_workbooks(reader, sheet, skip_rows, labels))
        return _typed(name, frame, schema, decimal)
    cells, dialect = read_csv(
        data,
        name,
        separator=separator,
        encoding=encoding,
        skip_rows=skip_rows,
        quotes=quotes,
        labels=labels,
    )
    columns = dict(zip(cells.column_names, cells.columns, strict=True))
    schema, frame, notes = _understand(columns, name, schema, decimal)
    if dialect.n_skipped > 1 and skip_rows is None:
        notes.insert(
            0,
            f"{name}: the column names are taken from line {dialect.n_skipped}; what "
            f"stands above is left out ({labels['skip_rows']}0 takes the first line).",
        )
    return TableFile(name, frame, schema, cells, dialect, notes)


def select_columns(table: TableFile, names: Sequence[str]) -> pd.DataFrame:
    """Return columns by name, in the order asked for."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        unused = [name for name in table.columns if name not in names]
        close = {name: closest_name(name, unused) for name in missing}
        pairs = [(name, other) for name, other in close.items() if other]
        hint = f" Is {pairs[0][1]!r} meant to be {pairs[0][0]!r}?" if pairs else ""
        if 2 * len(missing) > len(names):
            hint = " The model seems to be that of another table."
        raise SchemaError(
            f"{table.source} lacks {len(missing)} column(s) that the model was fitted "
            f"with: {', '.join(missing)}; columns it does not know: "
            f"{', '.join(unused) or 'none'}.{hint}"
        )
    return table.frame[list(names)]


def table_to_bytes(
    table: TableFile, new: dict[str, Sequence[str]]
) -> tuple[bytes, dict[str, str]]:
    """Write a table as it was, with new columns at its end.

    Returns the file, and the new columns that were renamed because the table has one
    of that name.
    """
    names = unique_names([*table.columns, *new])[len(table.columns) :]
    renamed = {
        name: free for name, free in zip(new, names, strict=True) if free != name
    }
    cells, dialect = table.cells, table.dialect
    if cells is None or dialect is None:
        texts = {name: table.text(name).tolist() for name in table.columns}
        cells = pa.table(
            {name: pa.array(text, pa.string()) for name, text in texts.items()}
        )
        dialect = Dialect(",", "utf-8", tuple(table.columns), 1)
    for name, values in zip(names, new.values(), strict=True):
        cells = cells.append_column(name, pa.array(list(values), pa.large_string()))
    header = [*dialect.header, *names]
    return write_csv(cells, header, dialect), renamed


def _typed(
    name: str, frame: pd.DataFrame, schema: TableSchema | None, decimal: str | None
) -> TableFile:
    if len(frame) == 0:
        raise TableError(f"{name} has column names but no rows.")
    frame = frame.set_axis([str(label) for label in frame.columns], axis="columns")
    columns = {label: frame[label].array for label in frame.columns}
    schema, typed, notes = _understand(columns, name, schema, decimal)
    return TableFile(name, typed, schema, notes=notes)


def _understand(
    columns: dict[str, Any], name: str, schema: TableSchema | None, decimal: str | None
) -> tuple[TableSchema, pd.DataFrame, list[str]]:
    """Read columns as a schema says, or as they look."""
    if schema is None:
        return TableSchema.infer_and_read(columns, decimal)
    return schema, *schema.read(columns, name)


def _of_workbooks(
    reader: Any, sheet: Any, skip_rows: int | None, labels: Mapping[str, str]
) -> dict[str, Any]:
    return {"sheet": sheet, "skip_rows": skip_rows, "labels": labels}


def _name_of(source: Any) -> str:
    if hasattr(source, "read"):
        return str(getattr(source, "name", "the table"))
    return "standard input" if str(source) == "-" else str(source)
