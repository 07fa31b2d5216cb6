"""How each column of a file is understood, in words."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from segmentlearn.tables._columns import NUMERIC_KINDS, Column
from segmentlearn.tables._files._table_file import TableFile
from segmentlearn.tables._frames import as_table

_SOME = 10_000  # rows


def describe_columns(table: TableFile) -> pd.DataFrame:
    """Return a row for each column: what it is read as, how it is written, examples."""
    lines = []
    for column in as_table(table.frame, "describe").columns:
        n_present = int((~column.missing).sum())
        lines.append(
            {
                "column": column.name,
                "read as": _kind(column, table),
                "written": table.schema.written(column.name),
                "missing": len(column) - n_present,
                "values": column.n_distinct,
                "examples": _examples(column, table),
            }
        )
    return pd.DataFrame(lines)


def _kind(column: Column, table: TableFile) -> str:
    if not column.n_distinct:
        return "nothing"
    if column.identifies:
        return "identifier"
    if column.kind in NUMERIC_KINDS:
        return {"datetime": "date"}.get(column.kind, column.kind)
    if column.name in table.schema.ambiguous_dates():
        return "date or text?"
    return "category"


def _examples(column: Column, table: TableFile) -> str:
    texts: Any = _first_texts(column, table).dropna()
    texts = texts[texts.str.strip() != ""].drop_duplicates().head(3)
    shown = ", ".join(texts)
    return shown if len(shown) <= 30 else f"{shown[:29]}…"


def _first_texts(column: Column, table: TableFile) -> Any:
    """Return cells as they stand in the file; of a long one as few as will do."""
    present = np.flatnonzero(~column.missing)[:_SOME]
    if len(column) <= _SOME or len(present) == 0:
        return table.text(column.name)
    if column.name in table.schema.plain_numbers():
        # the file would have to be parsed again for the text of a plain number
        numbers = column.numbers[present]
        return pd.Series([f"{number:.15g}" for number in numbers], dtype=object)
    if table.dialect is None:
        return table.frame[column.name].iloc[present].map(str)
    cells = table.cells_of(column.name).slice(0, int(present[-1]) + 1)
    return cells.cast(pa.large_string()).to_pandas().astype(object)
