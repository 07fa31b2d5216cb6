"""How each column of a table is understood, and what to write to change it."""

import shlex
from collections.abc import Collection
from typing import Any

import pandas as pd

from segmentlearn.tables import NUMERIC_KINDS, Column, TableFile, as_table


def describe_columns(table: TableFile, ids: Collection[str] = ()) -> str:
    """Return a table with a line for each column."""
    lines = []
    for column in as_table(table.frame, "describe").columns:
        n_present = int((~column.missing).sum())
        lines.append(
            {
                "column": column.name,
                "read as": "identifier" if column.name in ids else _kind(column, table),
                "written": table.schema.written(column.name),
                "missing": f"{len(column) - n_present:,}",
                "values": f"{column.n_distinct:,}",
                "examples": _examples(column, table),
            }
        )
    frame = pd.DataFrame(lines)
    for name in ("column", "read as", "written", "examples"):
        width = max(len(name), *frame[name].str.len())
        frame[name] = frame[name].str.ljust(width)
        frame = frame.rename(columns={name: name.ljust(width)})
    return str(frame.to_string(index=False))


def cures(table: TableFile) -> list[str]:
    """Return what the options of fit and cluster would change, a sentence each."""
    columns = as_table(table.frame, "describe").columns
    names = [c.name for c in columns if c.n_distinct and c.identifies]
    sentences = [
        f"--numeric {shlex.quote(name)} or --categorical {shlex.quote(name)} uses "
        f"{name!r}, which looks like an identifier and is left out."
        for name in names
    ]
    sentences += [
        f"--date {shlex.quote(name + '=%d/%m/%Y')} says that the day comes first in "
        f"{name!r}, whose dates are {formats}."
        for name, formats in table.schema.ambiguous_dates().items()
    ]
    return sentences


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
