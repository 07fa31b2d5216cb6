"""How each column of a file is understood, in words."""

from collections.abc import Collection
from typing import Any

import pandas as pd

from segmentlearn.tables._columns import NUMERIC_KINDS, Column
from segmentlearn.tables._files._table_file import TableFile
from segmentlearn.tables._frames import as_table


def describe_columns(table: TableFile, ids: Collection[str] = ()) -> pd.DataFrame:
    """Return a row for each column: what it is read as, how it is written, examples."""
    lines = []
    for column in as_table(table.frame, "describe").columns:
        n_present = int((~column.missing).sum())
        lines.append(
            {
                "column": column.name,
                "read as": "identifier" if column.name in ids else _kind(column, table),
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
    texts: Any = table.text(column.name).dropna()
    texts = texts[texts.str.strip() != ""].drop_duplicates().head(3)
    shown = ", ".join(texts)
    return shown if len(shown) <= 30 else f"{shown[:29]}…"
