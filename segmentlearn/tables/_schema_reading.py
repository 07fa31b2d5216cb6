"""TableSchema: how each column of a table is understood, and read again."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from segmentlearn.tables._text._dates import DateFormat
from segmentlearn.tables._text._numbers import NumberFormat
from segmentlearn.tables._text._reading import (
    TextReading,
    column_decimal,
    infer_reading,
)


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
        """Find out what each column of text holds."""
        texts = {name: cells for name, cells in columns.items() if is_text(cells)}
        if decimal is None:
            proven = {column_decimal(cells) for cells in texts.values()}
            # one column of amounts with a decimal comma tells of the others
            decimal = "," if "," in proven and "." not in proven else None
        return cls(
            {
                name: infer_reading(cells, decimal=decimal, day_first=day_first)
                for name, cells in texts.items()
            }
        )

    def read(
        self, columns: Mapping[str, Any], source: str
    ) -> tuple[pd.DataFrame, list[str]]:
        """Return the columns as they are understood, and sentences on what was lost."""
        notes, read = [], {}
        for name, cells in columns.items():
            if not is_text(cells):
                read[name] = cells
                continue
            reading = self.readings.get(name) or infer_reading(cells)
            found = reading.apply(cells)
            read[name] = found.values
            if found.n_unreadable:
                notes.append(
                    f"{found.n_unreadable:,} of {len(cells):,} cells of column {name!r} "
                    f"are no {reading.kind} and are taken as missing: "
                    f"{', '.join(map(repr, found.examples))}."
                )
        return pd.DataFrame(read), notes

    def to_dict(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return how columns are read as plain values, for an archive."""
        return {
            name: dataclasses.asdict(self.readings[name])
            for name in names
            if name in self.readings
        }

    @classmethod
    def of_text(cls, names: Iterable[str]) -> Self:
        """Return the schema of columns that hold levels, whatever they look like."""
        return cls(dict.fromkeys(names, TextReading("category")))

    @classmethod
    def from_dict(cls, stored: Mapping[str, Mapping[str, Any]]) -> Self:
        """Return the schema that `to_dict` has written."""
        readings = {}
        for name, values in stored.items():
            form = values["format"]
            if form is not None:
                form = (NumberFormat if "decimal" in form else DateFormat)(**form)
            readings[name] = TextReading(**{**values, "format": form})
        return cls(readings)


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
    if dtype == object:
        inferred = pd.api.types.infer_dtype(cells, skipna=True)
        return inferred in ("string", "mixed-integer", "mixed")
    return False
