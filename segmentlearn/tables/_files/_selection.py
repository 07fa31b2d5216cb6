"""Some rows of a table, in an order of their own."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from segmentlearn.exceptions import TableError
from segmentlearn.tables._files._table_file import TableFile


def take_rows(table: TableFile, rows: np.ndarray) -> TableFile:
    """Return rows of a table by their numbers."""
    cells = None if table.cells is None else table.cells.take(pa.array(rows))
    frame = table.frame.iloc[rows].reset_index(drop=True)
    return dataclasses.replace(table, frame=frame, content=cells)


def join_rows(
    parts: Sequence[tuple[pa.Table, list[str]]], order: np.ndarray
) -> tuple[pa.Table, list[str]]:
    """Return rows to write as one table in another order, and the names of its columns.

    The parts come from batches or files of the same columns.
    """
    _, header = parts[0]
    tables = []
    for table, names in parts:
        if sorted(names) != sorted(header):
            raise TableError(
                f"the columns {', '.join(names)} cannot be written below "
                f"{', '.join(header)}: the files must have the same columns."
            )
        places = [names.index(name) for name in header]
        plain = table if names == header else table.select(places)
        tables.append(plain.rename_columns(list(map(str, range(len(header))))))
    try:
        whole = pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TableError(
            f"the files have columns of other types ({error}); write .csv."
        ) from None
    return whole.take(pa.array(order)).combine_chunks(), header
