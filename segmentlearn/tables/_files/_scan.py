"""Tables larger than memory: files read batch by batch, in their order."""

import dataclasses
import glob
import os
import pathlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa

from segmentlearn.exceptions import SchemaError, TableError
from segmentlearn.tables._files._databases import is_database, no_database
from segmentlearn.tables._files._dialect import PARAMETERS, CsvOptions, Dialect
from segmentlearn.tables._files._formats import NoRowsError, no_rows
from segmentlearn.tables._files._parts import Part, open_part
from segmentlearn.tables._files._table_file import (
    Reader,
    TableFile,
    name_of,
    read_table,
    reader_of,
    text_table,
    typed_table,
)
from segmentlearn.tables._schema_reading import TableSchema
from segmentlearn.tables._unreadable import UnreadableCells

_BATCH = 65_536
_SEVERAL = (None, None)  # kinds of files


class TableScan:
    """Tables of customers, read batch by batch in memory that does not grow with them.

    Returned by `scan_table`. Iterate over it for the batches of all files, or over
    ``files()`` to know where one file ends. It can be iterated once.

    Attributes
    ----------
    sources : list
        The files, in the order in which they are read.
    is_expanded : bool
        Whether they are those of a folder or a pattern.
    name : str
        The files, folder or pattern, as messages name them.
    n_rows : int
        Rows read so far.
    schema : TableSchema
        How columns of text have been read so far.

    Examples
    --------
    >>> import io
    >>> from segmentlearn.tables import scan_table
    >>> scan = scan_table(io.BytesIO(b"name;spend\\nAda;1,5\\nBob;2,5"))
    >>> [batch.frame["spend"].sum().item() for batch in scan]
    [4.0]
    """

    def __init__(
        self,
        given: list[Any],
        options: CsvOptions,
        typed: Mapping[str, Any],
        schema: TableSchema | None,
        batch_size: int,
        row_groups: Sequence[int] | None,
    ) -> None:
        self.sources = [path for source in given for path in _expanded(source)]
        self.is_expanded = self.sources != given
        self.name = ", ".join(map(name_of, given))
        self.n_rows = 0
        self._options, self._typed, self._given = options, typed, schema
        self.schema = TableSchema({}) if schema is None else schema
        self._batch_size, self._row_groups = batch_size, row_groups
        self._tally: dict[str, UnreadableCells] = {}
        self._notes: list[str] = []
        self._sizes = [_size(source) for source in self.sources]
        self._finished = 0.0
        self._fraction: Any = lambda: 0.0

    def again(self) -> "TableScan":
        """Return a scan of the same files, which reads columns as this one has.

        Returns
        -------
        scan : TableScan
            From the first batch on.

        Raises
        ------
        TableError
            If a source is a stream, which is gone when it has been read.
        """
        for source in self.sources:
            if hasattr(source, "read") or str(source) == "-":
                raise TableError(
                    f"{name_of(source)} can be read once only; write it to a file."
                )
        how = (self._typed, self.schema, self._batch_size, self._row_groups)
        scan = TableScan(self.sources, self._options, *how)
        scan.name, scan.is_expanded = self.name, self.is_expanded
        return scan

    @property
    def n_bytes(self) -> int:
        """Bytes of all files, packed ones as they are."""
        return sum(self._sizes)

    @property
    def fraction(self) -> float:
        """Share of all bytes that has been read, between 0 and 1."""
        return min(1.0, self._finished + self._fraction())

    @property
    def notes(self) -> list[str]:
        """What was lost or doubtful in the batches so far, a sentence each."""
        found = self._tally.items()
        return [
            *dict.fromkeys(self._notes),
            *(cells.describe(name) for name, cells in found if cells.n_unreadable),
        ]

    def __iter__(self) -> Iterator[TableFile]:
        for file in self.files():
            yield from file

    def files(self) -> Iterator["ScannedFile"]:
        """Open the files one after the other; each is closed before the next.

        Yields
        ------
        file : ScannedFile
            Iterate over it for its batches.
        """
        for source, part in self._parts():
            name = name_of(source)
            yield ScannedFile(name, source, self._batches(name, part, source))
        if not self.n_rows:
            raise NoRowsError(f"{self.name} holds no rows.")

    def check_readable(self, columns: Collection[str]) -> None:
        """Refuse a table whose columns turned out to hold something else.

        Parameters
        ----------
        columns : collection of str
            The columns that matter; call it when all batches have been read.

        Raises
        ------
        SchemaError
            If more than one in twenty cells of a column could not be read.
        """
        problems = [
            f"{name!r} holds a {cells.what} in the training table, and "
            f"{cells.n_unreadable:,} of {cells.n_present:,} cells here hold none, such "
            f"as {', '.join(map(repr, cells.examples))}"
            for name, cells in self._tally.items()
            if name in columns and cells.are_many
        ]
        if problems:
            raise SchemaError(f"{'; '.join(problems)}.")

    def sample(
        self,
        n_rows: int,
        random_state: int = 0,
        *,
        progress: Callable[[], None] | None = None,
    ) -> TableFile:
        """Read all batches, and keep rows drawn at random.

        Parameters
        ----------
        n_rows : int
            Rows to keep; all where there are fewer.
        random_state : int, default=0
            Seed of the draw.
        progress : callable, default=None
            Called after each batch.

        Returns
        -------
        table : TableFile
            The rows in their order. Their types are inferred from them where
            `scan_table` was given no schema.
        """
        generator = np.random.default_rng(random_state)
        kept: list[Any] = []
        keys = np.empty(0)
        kind: Any = None
        dialect, first = None, ""
        for source, part in self._parts():
            name, read = name_of(source), self._reader()
            for at, rows in enumerate(self._raw(part, source)):
                own = part.dialect
                if isinstance(rows, TableFile):
                    own = rows.dialect
                    rows = rows.frame if rows.cells is None else rows.cells
                if own is not None and at == 0:
                    self._notes += self._options.doubts(name, own, rows)
                own_kind = type(rows), own and own.separator
                if not kept:
                    kind, dialect, first = own_kind, own, name
                else:
                    _check_same_columns(name, rows, first, kept[0])
                if own_kind != kind:
                    # files of several kinds are joined by what their cells mean
                    if kind != _SEVERAL:
                        whole, keys = _smallest(kept, keys, n_rows, first)
                        kept = [_as_frame(first, whole, dialect, self._reader())]
                        kind, dialect = _SEVERAL, None
                    rows = _as_frame(name, rows, own, read)
                self.n_rows += len(rows)
                kept.append(rows)
                keys = np.concatenate([keys, generator.random(len(rows))])
                if len(keys) > 2 * n_rows:
                    whole, keys = _smallest(kept, keys, n_rows, first)
                    kept = [whole]
                if progress is not None:
                    progress()
        if not kept:
            raise NoRowsError(f"{self.name} holds no rows.")
        whole, _ = _smallest(kept, keys, n_rows, self.name)
        understand = reader_of(self._given, self._options.decimal)
        if dialect is not None:
            table = text_table(self.name, whole, dialect, understand)
        else:
            table = typed_table(self.name, whole, understand)
        notes = list(dict.fromkeys([*self._notes, *table.notes]))
        return dataclasses.replace(table, notes=notes)

    def _parts(self) -> Iterator[tuple[Any, Part]]:
        """Open the files one after the other."""
        how = (self._typed["query"], self._batch_size, self._row_groups)
        for source, size in zip(self.sources, self._sizes, strict=True):
            name, share, before = name_of(source), size / self.n_bytes, self._finished
            with open_part(source, name, self._options, *how) as part:
                self._fraction = lambda part=part, share=share: share * part.fraction()
                yield source, part
            self._fraction = lambda: 0.0
            self._finished = before + share

    def _raw(self, part: Part, source: Any) -> Iterator[Any]:
        """Return what a file holds; a table that is read at once as `TableFile`."""
        n_rows = 0
        try:
            for rows in self._unchecked(part, source):
                size = len(rows.frame) if isinstance(rows, TableFile) else len(rows)
                n_rows += size
                if size:
                    yield rows
            if not n_rows:
                raise no_rows(name_of(source))
        except NoRowsError as error:
            if len(self.sources) == 1:
                raise
            self._notes.append(str(error))

    def _unchecked(self, part: Part, source: Any) -> Iterator[Any]:
        if part.batches is not None:
            yield from part.batches()
            return
        known = self.schema.readings
        table = read_table(
            source if part.file is None else part.file,
            **self._options.of_reading(),
            schema=self.schema if known else self._given,
            **self._typed,
        )
        self.schema = TableSchema({**table.schema.readings, **known})
        yield table

    def _batches(self, name: str, part: Part, source: Any) -> Iterator[TableFile]:
        read = self._reader()
        for at, rows in enumerate(self._raw(part, source)):
            if isinstance(rows, TableFile):
                self._notes += rows.notes
                batch = rows
            elif part.dialect is None:
                batch = typed_table(name, rows, read)
            else:
                batch = text_table(name, rows, part.dialect, read)
                batch = dataclasses.replace(batch, fractions=part.fractions)
                if at == 0:
                    self._notes += self._options.doubts(name, part.dialect, rows)
            self.n_rows += len(batch.frame)
            yield batch

    def _reader(self) -> Reader:
        """Return what reads the batches of a file, all of them as its first."""
        schema: TableSchema | None = None

        def read(columns: Mapping[str, Any]) -> Any:
            nonlocal schema
            if schema is None:
                schema = self.schema.completed(columns, self._options.decimal)
                known = self.schema.readings
                self.schema = TableSchema({**schema.readings, **known})
            return schema, *schema.read(columns, self._tally)

        return read


@dataclasses.dataclass(frozen=True)
class ScannedFile:
    """A file of a scan.

    Attributes
    ----------
    name : str
        The file, as errors name it.
    source : object
        What `scan_table` was given.
    batches : iterator of TableFile
        Its rows.
    """

    name: str
    source: Any
    batches: Iterator[TableFile]

    def __iter__(self) -> Iterator[TableFile]:
        return self.batches


def scan_table(
    source: str | os.PathLike[str] | BinaryIO | Sequence[Any],
    *,
    batch_size: int = _BATCH,
    separator: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    skip_rows: int | None = None,
    quotes: bool | None = None,
    sheet: str | int | None = None,
    query: str | None = None,
    schema: TableSchema | None = None,
    row_groups: Sequence[int] | None = None,
    labels: Mapping[str, str] | None = None,
) -> TableScan:
    """Read tables of customers in batches, however large they are.

    Text files, JSON lines, Parquet, Feather and databases are read batch by batch.
    Workbooks and small text files are read at once.

    Parameters
    ----------
    source : str, path-like, binary file, or a list of them
        What `read_table` takes, a folder, or a pattern such as ``customers/*.parquet``.
        Files and folders whose names begin with a dot or an underscore are left out of
        a folder.
    batch_size : int, default=65536
        Rows of a batch at most.
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
        How columns are read, such as those of the training table. A column that it does
        not know is read as its first batch looks.
    row_groups : sequence of int, default=None
        Row groups of a Parquet file to read, for workers that share a file.
    labels : dict of str to str, default=None
        How messages call these parameters.

    Returns
    -------
    scan : TableScan
        Iterate over it for its batches.

    Raises
    ------
    TableError
        If nothing is there to read; while iterating, if a file cannot be read without
        losing something.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from segmentlearn.tables import scan_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("may.csv", "june.csv"):
    ...         _ = pathlib.Path(folder, name).write_text("name,spend\\nAda,1.5\\n")
    ...     scan = scan_table(f"{folder}/*.csv")
    ...     print(sum(len(batch.frame) for batch in scan), "rows")
    2 rows
    """
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size!r} must be 1 or more.")
    labels = labels or PARAMETERS
    options = CsvOptions(separator, encoding, skip_rows, quotes, decimal, labels)
    given = list(source) if isinstance(source, list | tuple) else [source]
    typed = {"sheet": sheet, "query": query}
    scan = TableScan(given, options, typed, schema, batch_size, row_groups)
    if query is not None:
        for file in scan.sources:
            if not is_database(file):
                raise no_database(query, name_of(file), labels)
    return scan


def _expanded(source: Any) -> list[Any]:
    """Return the files that a folder or a pattern stands for, in their order."""
    if hasattr(source, "read") or "://" in str(source) or str(source) == "-":
        return [source]
    path = pathlib.Path(source)
    if path.is_dir():
        names = [
            os.path.join(path, inner)
            for file in sorted(path.rglob("*"))
            if file.is_file()
            for inner in [file.relative_to(path)]
            if not any(part.startswith((".", "_")) for part in inner.parts)
        ]
        message = f"{path} is a folder without files."
    elif path.exists() or not glob.has_magic(str(source)):
        return [source]
    else:
        found = sorted(glob.glob(str(source), recursive=True))
        names = [name for name in found if os.path.isfile(name)]
        message = f"no file matches {str(source)!r}."
    if not names:
        raise TableError(message)
    # "-" alone would be standard input
    return [os.path.join(".", name) if name == "-" else name for name in names]


def _size(source: Any) -> int:
    """Return the bytes of a file; 1 for what has no size."""
    try:
        return max(1, os.stat(source).st_size)
    except (OSError, TypeError, ValueError):
        return 1


def _smallest(
    tables: list[Any], keys: np.ndarray, n_rows: int, name: str
) -> tuple[Any, np.ndarray]:
    """Return the rows with the smallest keys, in their order, as one table."""
    if isinstance(tables[0], pa.Table):
        try:
            whole = pa.concat_tables(tables, promote_options="permissive")
        except pa.ArrowException as error:
            raise TableError(f"{name}: files of other types ({error}).") from None
    else:
        whole = pd.concat(tables, ignore_index=True)
    if len(keys) > n_rows:
        rows = np.sort(np.argpartition(keys, n_rows)[:n_rows])
        keys = keys[rows]
        whole = whole.take(pa.array(rows) if isinstance(whole, pa.Table) else rows)
    return whole, keys


def _check_same_columns(name: str, rows: Any, first: str, above: Any) -> None:
    """Refuse files of other columns, which would get missing cells in silence."""
    own, wanted = (
        table.column_names if isinstance(table, pa.Table) else [*map(str, table)]
        for table in (rows, above)
    )
    differences = [
        f"only {file} has {', '.join(n for n in names if n not in others)}"
        for file, names, others in ((first, wanted, own), (name, own, wanted))
        if not set(names) <= set(others)
    ]
    if differences:
        raise TableError(
            f"{name} has other columns than {first}: {'; '.join(differences)}."
        )


def _as_frame(
    name: str, rows: Any, dialect: Dialect | None, read: Reader
) -> pd.DataFrame:
    """Return rows as what their cells mean."""
    if dialect is None:
        return typed_table(name, rows, read).frame
    return text_table(name, rows, dialect, read).frame
