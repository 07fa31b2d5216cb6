"""TableSchema: how each column of a table is understood, and read again."""

import concurrent.futures
import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from segmentlearn.tables._columns import NUMBER, Column, Factor, plain_level
from segmentlearn.tables._frames import Table
from segmentlearn.tables._text._dates import DateFormat
from segmentlearn.tables._text._marks import is_dictionary
from segmentlearn.tables._text._numbers import NumberFormat
from segmentlearn.tables._text._reading import (
    ReadCells,
    TextColumn,
    TextReading,
    infer_and_read,
    infer_reading,
    number_reading,
)
from segmentlearn.tables._unreadable import MOST_UNREADABLE, UnreadableCells

_SOME = 100_000  # rows
_MANY = 100_000


@dataclasses.dataclass(frozen=True)
class TableSchema:
    """How the columns of a table are understood.

    Attributes
    ----------
    readings : dict of str to TextReading
        How each column that holds text is read; other columns are what they are.
    """

    readings: dict[str, TextReading]

    @classmethod
    def infer(
        cls,
        columns: Mapping[str, Any],
        *,
        decimal: str | None = None,
    ) -> Self:
        """Find out what each column of text holds.

        Parameters
        ----------
        columns : dict of str to array
            Cells by the names of the columns.
        decimal : {".", ","}, default=None
            Decimal mark of numbers that could be read either way; None goes by the
            other columns.

        Returns
        -------
        schema : TableSchema
            How each column of text is read.
        """
        found = _infer(columns, decimal)
        return cls({name: reading for name, (reading, _) in found.items()})

    @classmethod
    def infer_and_read(
        cls,
        columns: Mapping[str, Any],
        decimal: str | None = None,
        plain: Collection[str] = (),
    ) -> tuple[Self, pd.DataFrame, list[str]]:
        """Find out what columns hold, and read them.

        Parameters
        ----------
        columns : dict of str to array
            Cells by the names of the columns.
        decimal : {".", ","}, default=None
            As `infer` takes it.
        plain : collection of str, default=()
            Columns of text that are read as plain numbers already.

        Returns
        -------
        schema : TableSchema
            How each column of text is read.
        frame : DataFrame
            The columns as they are understood.
        notes : list of str
            What was lost, a sentence each.
        """
        if decimal is None and any(map(_has_fractions, (columns[n] for n in plain))):
            decimal = "."  # which columns of amounts go by
        found = _infer(columns, decimal)
        notes: list[str] = []
        values = map_columns(_numpy_of, list(columns.values()))
        read = dict(zip(columns, values, strict=True))
        for name, (reading, cells) in found.items():
            read[name] = cells.values
            _note_unreadable(name, cells, reading, notes)
        readings = {name: reading for name, (reading, _) in found.items()}
        numbers = dict.fromkeys(plain, TextReading("number", NumberFormat()))
        schema = cls(
            {n: {**readings, **numbers}[n] for n in columns if n in {*readings, *plain}}
        )
        return schema, pd.DataFrame(read, copy=False), notes

    @classmethod
    def of_and_read(
        cls,
        table: Table,
        categorical: Collection[str] = (),
        dates: Mapping[str, str] | None = None,
        numeric: Collection[str] = (),
    ) -> tuple[Self, Table, list[str]]:
        """Find out how the columns of any table are read, and read them.

        Parameters
        ----------
        table : Table
            As other packages have it.
        categorical : collection of str, default=()
            Columns of levels, whatever they look like.
        dates : dict of str to str, default=None
            Formats of columns of dates.
        numeric : collection of str, default=()
            Columns of numbers, such as codes with leading zeros that are none.

        Returns
        -------
        schema : TableSchema
            How each column is read.
        table : Table
            The columns as they are understood.
        notes : list of str
            What was lost, a sentence each.
        """
        dates = dates or {}
        chosen = {*categorical, *dates}
        texts = {c.name: c.cells for c in table.columns if is_text(c.cells)}
        open_texts = {n: cells for n, cells in texts.items() if n not in chosen}
        found = _infer(open_texts, None)
        for name in {*numeric} & {*found}:
            if found[name][0].kind == "category":
                reading = number_reading(texts[name])
                found[name] = reading, reading.apply(texts[name])
        readings = {}
        for column in table.columns:
            if column.name in dates:
                form = DateFormat(dates[column.name])
                readings[column.name] = TextReading("datetime", form)
            elif column.name in found:
                readings[column.name] = found[column.name][0]
            elif column.name in texts:
                readings[column.name] = TextReading("category")
            else:
                readings[column.name] = TextReading(column.kind)
        schema = cls(readings)
        cells = {name: read for name, (_, read) in found.items()}
        return schema, *schema.read_columns(table, cells)

    def completed(self, columns: Mapping[str, Any], decimal: str | None) -> Self:
        """Return the schema with what it does not know of a table as that looks.

        These are columns, and numbers and dates that are written in another way.

        Parameters
        ----------
        columns : dict of str to array
            Cells by the names of the columns.
        decimal : {".", ","} or None
            As `infer` takes it.

        Returns
        -------
        schema : TableSchema
            Of all columns of text.
        """
        known = self.readings
        unknown = {
            name: cells
            for name, cells in columns.items()
            if is_text(cells) and not (name in known and known[name].fits(cells))
        }
        found = self.infer(unknown, decimal=decimal).readings
        kept = {
            name: reading
            for name, reading in found.items()
            if name not in known or known[name].kind == reading.kind
        }
        return type(self)({**known, **kept})

    def written(self, name: str) -> str:
        """Return how the text of a column is written.

        Parameters
        ----------
        name : str
            The column.

        Returns
        -------
        words : str
            Empty for what is usual.
        """
        return self.readings[name].describe() if name in self.readings else ""

    def plain_numbers(self) -> list[str]:
        """Return the columns of text that hold numbers as programs write them.

        Returns
        -------
        names : list of str
            The columns.
        """
        return [
            name
            for name, reading in self.readings.items()
            if isinstance(reading.format, NumberFormat) and reading.format.is_plain
        ]

    def ambiguous_dates(self) -> dict[str, str]:
        """Return the columns of dates that could be read in more than one way.

        Returns
        -------
        formats : dict of str to str
            The formats by column.
        """
        found = self.readings.items()
        return {
            name: one.ambiguous
            for name, one in found
            if one.ambiguous and one.kind != "number"
        }

    def ambiguous_numbers(self) -> dict[str, str]:
        """Return the columns of numbers whose marks may be decimal or of thousands.

        Returns
        -------
        examples : dict of str to str
            A number by column.
        """
        found = self.readings.items()
        return {
            name: one.ambiguous
            for name, one in found
            if one.ambiguous and one.kind == "number"
        }

    def read_columns(
        self, table: Table, found: Mapping[str, ReadCells] | None = None
    ) -> tuple[Table, list[str]]:
        """Read the columns of a table as those of the table that this is the schema of.

        Parameters
        ----------
        table : Table
            As other packages have it.
        found : dict of str to ReadCells, default=None
            Columns that have been read already.

        Returns
        -------
        table : Table
            Columns that could not be read are left as they are.
        notes : list of str
            What was lost, a sentence each.
        """
        notes: list[str] = []
        columns = []
        for column in table.columns:
            reading = self.readings.get(column.name)
            if reading is not None:
                read = (found or {}).get(column.name)
                column = _read_column(column, reading, notes, read)
            columns.append(column)
        if all(new is old for new, old in zip(columns, table.columns, strict=True)):
            return table, notes
        return dataclasses.replace(table, columns=columns, array=None), notes

    def read(
        self,
        columns: Mapping[str, Any],
        tally: dict[str, "UnreadableCells"] | None = None,
    ) -> tuple[pd.DataFrame, list[str]]:
        """Read columns.

        Parameters
        ----------
        columns : dict of str to array
            Cells by the names of the columns.
        tally : dict of str to UnreadableCells, default=None
            Where to count the cells that cannot be read, for a batch of a table: which
            columns hold something else now is known when all batches have been read.

        Returns
        -------
        frame : DataFrame
            The columns as they are understood.
        notes : list of str
            What was lost, a sentence each; none for a batch.
        """
        notes: list[str] = []
        read = {}
        for name, cells in columns.items():
            reading = self.readings.get(name)
            if not is_text(cells):
                read[name] = _as_read(name, _numpy_of(cells), reading)
                continue
            reading = reading or infer_reading(cells)
            found = reading.apply(cells)
            if tally is not None:
                tally.setdefault(name, UnreadableCells(reading.kind)).add(found)
            elif found.n_unreadable > MOST_UNREADABLE * found.n_present:
                # the column holds something else now, which a model will say
                found = TextReading("category").apply(cells)
            else:
                _note_unreadable(name, found, reading, notes)
            read[name] = found.values
        return pd.DataFrame(read, copy=False), notes

    def with_types(
        self,
        columns: Mapping[str, Any],
        numeric: Collection[str] = (),
        categorical: Collection[str] = (),
        dates: Mapping[str, str] | None = None,
    ) -> Self:
        """Return the schema with other types of some columns.

        Parameters
        ----------
        columns : dict of str to array
            Cells by the names of the columns.
        numeric, categorical : collection of str, default=()
            Columns of numbers and of levels, whatever they look like.
        dates : dict of str to str, default=None
            Formats of columns of dates.

        Returns
        -------
        schema : TableSchema
            How each column is read.
        """
        texts = [name for name in numeric if is_text(columns[name])]
        readings = {
            **self.readings,
            **{name: number_reading(columns[name]) for name in texts},
            **dict.fromkeys(categorical, TextReading("category")),
        }
        for name, form in (dates or {}).items():
            readings[name] = TextReading("datetime", DateFormat(form))
        return dataclasses.replace(self, readings=readings)

    def to_dict(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return how columns are read as plain values.

        Parameters
        ----------
        names : iterable of str
            The columns.

        Returns
        -------
        stored : dict of str to dict
            What JSON can hold.
        """
        return {
            name: dataclasses.asdict(self.readings[name])
            for name in names
            if name in self.readings
        }

    @classmethod
    def of_text(cls, names: Iterable[str]) -> Self:
        """Return the schema of columns that hold levels, whatever they look like.

        Parameters
        ----------
        names : iterable of str
            The columns.

        Returns
        -------
        schema : TableSchema
            Of these columns.
        """
        return cls(dict.fromkeys(names, TextReading("category")))

    @classmethod
    def from_dict(cls, stored: Mapping[str, Mapping[str, Any]]) -> Self:
        """Return the schema that `to_dict` has written.

        Parameters
        ----------
        stored : dict of str to dict
            What it returned.

        Returns
        -------
        schema : TableSchema
            The same.
        """
        readings = {}
        for name, values in stored.items():
            form = values["format"]
            if form is not None:
                form = (NumberFormat if "decimal" in form else DateFormat)(**form)
            readings[name] = TextReading(**{**values, "format": form})
        return cls(readings)


def _infer(
    columns: Mapping[str, Any], decimal: str | None
) -> dict[str, tuple[TextReading, ReadCells]]:
    """Return how each column of text is read, and its cells."""
    names = [name for name, cells in columns.items() if is_text(cells)]
    looked = map_columns(TextColumn.of, [columns[name] for name in names])
    is_open = False
    if decimal is None:
        proven = {column.decimal() for column in looked}
        is_open = not proven & {".", ","}
        # one column of amounts with a decimal comma decides for the others
        decimal = "," if "," in proven and "." not in proven else None
    read = functools.partial(infer_and_read, decimal=decimal)
    found = dict(zip(names, map_columns(read, looked), strict=True))
    if is_open:
        for name, column in zip(names, looked, strict=True):
            reading, cells = found[name]
            if reading.reads_point and (example := column.fraction()):
                reading = dataclasses.replace(reading, ambiguous=example)
                found[name] = reading, cells
    return found


def map_columns(read: Callable[[Any], Any], columns: list[Any]) -> list[Any]:
    """Read columns, in threads where they are long."""
    if len(columns) < 2 or len(columns[0]) < _MANY:
        return list(map(read, columns))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(read, columns))


def _read_column(
    column: Column, reading: TextReading, notes: list[str], found: ReadCells | None
) -> Column:
    if not is_text(column.cells):
        cells = _as_read(column.name, column.cells, reading)
        return column if cells is column.cells else Column(column.name, cells)
    if found is not None:
        pass
    elif reading.kind not in ("category", "boolean") and reading.format is None:
        # the column held numbers or dates, and now holds them as text
        inferred = infer_reading(column.cells)
        reading = inferred if inferred.kind == reading.kind else reading
        if reading.format is None:
            return column
    found = found or reading.apply(column.cells)
    if found.n_unreadable > MOST_UNREADABLE * found.n_present:
        return column
    _note_unreadable(column.name, found, reading, notes)
    factor = None if found.levels is None else Factor(*found.levels, False)
    return Column(column.name, found.values, factor=factor)


def _numpy_of(cells: Any) -> Any:
    """Return numbers of a text file as an array, others as they are."""
    if isinstance(cells, pa.ChunkedArray) and not is_text(cells):
        return cells.to_numpy().astype(np.float64, copy=False)
    return cells


def _has_fractions(cells: Any) -> bool:
    return bool(np.any(_numpy_of(cells[:_SOME]) % 1 > 0))


def _as_read(name: str, cells: Any, reading: TextReading | None) -> Any:
    """Return cells that are no text as those of the training table."""
    column = Column(name, cells)
    if reading is None or reading.kind != "category" or column.kind != NUMBER:
        return cells
    return _codes_as_text(column, reading.width)


def _codes_as_text(column: Column, width: int | None) -> np.ndarray:
    """Write whole numbers as the texts that they were in the training table."""
    texts = np.full(len(column), None, dtype=object)
    for row in np.flatnonzero(~column.missing):
        level = plain_level(column.cells[row])
        texts[row] = str(level) if width is None else str(level).zfill(width)
    return texts


def _note_unreadable(
    name: str, found: ReadCells, reading: TextReading, notes: list[str]
) -> None:
    if found.n_unreadable:
        cells = UnreadableCells(reading.kind)
        cells.add(found)
        notes.append(cells.describe(name))


def is_text(cells: Any) -> bool:
    """Return whether a column holds text, perhaps beside other values."""
    if is_dictionary(cells):
        return True
    if isinstance(cells, pa.Array | pa.ChunkedArray):
        return pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)
    dtype = cells.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return False
    if isinstance(dtype, pd.StringDtype):
        return True
    if isinstance(dtype, np.dtype) and dtype.kind in "US":
        return True
    if dtype.kind == "O":
        # of pandas' own wrapper of an array it answers "unknown-array"
        inferred = pd.api.types.infer_dtype(np.asarray(cells), skipna=True)
        return inferred in ("string", "mixed-integer", "mixed")
    return False


def stored_schema(metadata: dict[str, Any]) -> TableSchema | None:
    """Return how the table that a model was fitted to was read, from its archive."""
    stored = metadata.get("schema")
    if isinstance(stored, dict):
        return TableSchema.from_dict(stored)
    texts = metadata.get("text_columns")  # of archives before 0.2
    if isinstance(texts, list):
        return TableSchema.of_text(map(str, texts))
    return None
