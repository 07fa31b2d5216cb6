"""Input of one table, or of several by name."""

from numbers import Integral
from typing import Any

import numpy as np

from segmentlearn.plotting._base._canvas import require_pyplot
from segmentlearn.plotting._base._predictions import named
from segmentlearn.tables import as_table

ONLY_TABLE = "table"


def read_tables(tables: Any, parameter: str, max_columns: int = 1) -> dict[str, dict]:
    """Read one table, or several by name, once it is sure that they can be drawn."""
    require_pyplot()
    is_whole = isinstance(max_columns, Integral) and not isinstance(max_columns, bool)
    if not is_whole or max_columns < 1:
        raise ValueError(
            f"max_columns={max_columns!r} is not a whole number of at least 1; pass "
            f"the number of columns to show at most."
        )
    read = {}
    for name, table in named(tables, ONLY_TABLE).items():
        shape = np.shape(table)
        if 0 in shape:
            raise ValueError(
                f"{parameter} has no cells to draw: table {name!r} has the shape "
                f"{shape}; leave it out or pass one with rows and columns."
            )
        read[str(name)] = as_table(table).by_name()
    return read


def union_of_columns(tables: Any) -> list[str]:
    """Return the names of all columns, in the order of their first table."""
    return list(dict.fromkeys(name for table in tables for name in table))


def choose_columns(names: Any, columns: list) -> list[str]:
    """Return the columns that a user chose, in the user's order."""
    if columns is None:
        return list(names)
    columns = [columns] if isinstance(columns, str) else list(columns)
    unknown = [column for column in columns if str(column) not in names]
    if unknown or not columns:
        raise ValueError(
            f"columns={columns!r} names {unknown or 'no column'}, and the columns "
            f"are {names}; choose some of them, or None for all."
        )
    return [str(column) for column in columns]
