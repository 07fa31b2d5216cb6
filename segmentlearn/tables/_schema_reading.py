"""TableSchema: how each column of a table is understood, and read again."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from segmentlearn.tables._columns import NUMBER, Column, Factor, plain_level
from segmentlearn.tables._frames import Table
from segmentlearn.tables._text._dates import DateFormat
from segmentlearn.tables._text._numbers import NumberFormat
from segmentlearn.tables._text._reading import (
    ReadCells,
    TextReading,
    column_decimal,
    infer_and_read,
    infer_reading,
)

_MOST_UNREADABLE = 0.05  # of the cells of a new file that are not missing


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
        day_first: bool | None = None,
    ) -> Self:
        """Find out what each column of text holds.

        Parameters
        ----------
        columns : dict of str to array
            Cells by the names of the columns.
        decimal : {".", ","}, default=None
            Decimal mark of numbers that could be read either way; None goes by the
            other columns.
        day_first : bool, default=None
            Whether the day is first in dates that could be read either way; None leaves
            them as they are.

        Returns
        -------
        schema : TableSchema
            How each column of text is read.
        """
        found = _infer(columns, decimal, day_first)
        return cls({name: reading for name, (reading, _) in found.items()})

    @classmethod
    def infer_and_read(
        cls, columns: Mapping[str, Any], decimal: str | None = None
    ) -> tuple[Self, pd.DataFrame, list[str]]:
        """Find out what columns hold, and read them.

        Parameters
        ----------
        columns : dict of str to array
            Cells by the names of the columns.
        decimal : {".", ","}, default=None
            As `infer` takes it.

        Returns
        -------
        schema : TableSchema
            How each column of text is read.
        frame : DataFrame
            The columns as they are understood.
        notes : list of str
            What was lost, a sentence each.
        """
        found = _infer(columns, decimal, None)
        notes: list[str] = []
        read = dict(columns)
        for name, (reading, cells) in found.items():
            read[name] = cells.values
            _note_unreadable(name, cells, reading, notes)
        schema = cls({name: reading for name, (reading, _) in found.items()})
        return schema, pd.DataFrame(read, copy=False), notes

    @classmethod
    def of(
        cls,
        table: Table,
        categorical: Collection[str] = (),
        dates: Mapping[str, str] | None = None,
    ) -> Self:
        """Find out how the columns of any table are read.

        Parameters
        ----------
        table : Table
            As other packages have it.
        categorical : collection of str, default=()
            Columns of levels, whatever they look like.
        dates : dict of str to str, default=None
            Formats of columns of dates.

        Returns
        -------
        schema : TableSchema
            How each column is read.
        """
        chosen = {*categorical, *(dates or ())}
        texts = {c.name: c.cells for c in table.columns if is_text(c.cells)}
        found = cls.infer({n: cells for n, cells in texts.items() if n not in chosen})
        readings = {}
        for column in table.columns:
            if dates is not None and column.name in dates:
                form = DateFormat(dates[column.name])
                readings[column.name] = TextReading("datetime", form)
            elif column.name in found.readings:
                readings[column.name] = found.readings[column.name]
            elif column.name in texts:
                readings[column.name] = TextReading("category")
            else:
                readings[column.name] = TextReading(column.kind)
        return cls(readings)

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

    def ambiguous_dates(self) -> dict[str, str]:
        """Return the columns of dates that could be read in more than one way.

        Returns
        -------
        formats : dict of str to str
            The formats by column.
        """
        found = self.readings.items()
        return {name: one.ambiguous for name, one in found if one.ambiguous}

    def read_columns(self, table: Table) -> tuple[Table, list[str]]:
        """Read the columns of a table as those of the table that this is the schema of.

        Parameters
        ----------
        table : Table
            As other packages have it.

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
                column = _read_column(column, reading, notes)
            columns.append(column)
        if all(new is old for new, old in zip(columns, table.columns, strict=True)):
            return table, notes
        return dataclasses.replace(table, columns=columns, array=None), notes

    def read(
        self, columns: Mapping[str, Any], source: str
    ) -> tuple[pd.DataFrame, list[str]]:
        """Read columns.

        Parameters
        ----------
        columns : dict of str to array
            Cells by the names of the columns.
        source : str
            Where they are from.

        Returns
        -------
        frame : DataFrame
            The columns as they are understood.
        notes : list of str
            What was lost, a sentence each.
        """
        notes: list[str] = []
        read = {}
        for name, cells in columns.items():
            if not is_text(cells):
                read[name] = cells
                continue
            reading = self.readings.get(name) or infer_reading(cells)
            found = reading.apply(cells)
            if found.n_unreadable > _MOST_UNREADABLE * found.n_present:
                # the column holds something else now, which a model will say
                found = TextReading("category").apply(cells)
            read[name] = found.values
            _note_unreadable(name, found, reading, notes)
        return pd.DataFrame(read, copy=False), notes

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
    columns: Mapping[str, Any], decimal: str | None, day_first: bool | None
) -> dict[str, tuple[TextReading, ReadCells]]:
    """Return how each column of text is read, and its cells."""
    texts = {name: cells for name, cells in columns.items() if is_text(cells)}
    if decimal is None:
        proven = {column_decimal(cells) for cells in texts.values()}
        # one column of amounts with a decimal comma decides for the others
        decimal = "," if "," in proven and "." not in proven else None
    return {
        name: infer_and_read(cells, decimal=decimal, day_first=day_first)
        for name, cells in texts.items()
    }


def _read_column(column: Column, reading: TextReading, notes: list[str]) -> Column:
    if not is_text(column.cells):
        if reading.kind == "category" and column.kind == NUMBER:
            return Column(column.name, _codes_as_text(column, reading.width))
        return column
    if reading.kind not in ("category", "boolean") and reading.format is None:
        # the column held numbers or dates, and now holds them as text
        inferred = infer_reading(column.cells)
        reading = inferred if inferred.kind == reading.kind else reading
        if reading.format is None:
            return column
    found = reading.apply(column.cells)
    if found.n_unreadable > _MOST_UNREADABLE * found.n_present:
        return column
    _note_unreadable(column.name, found, reading, notes)
    factor = None if found.levels is None else Factor(*found.levels, False)
    return Column(column.name, found.values, factor=factor)


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
        notes.append(
            f"{found.n_unreadable:,} of {len(found.values):,} cells of column {name!r} "
            f"hold no {reading.kind} and count as missing: "
            f"{', '.join(map(repr, found.examples))}."
        )


def is_text(cells: Any) -> bool:
    """Return whether a column holds text, perhaps beside other values."""
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
        inferred = pd.api.types.infer_dtype(cells, skipna=True)
        return inferred in ("string", "mixed-integer", "mixed")
    return False
