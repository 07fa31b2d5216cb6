"""Scored tables of two periods, as a history has them."""

from collections.abc import Collection
from typing import Any

import pandas as pd

from segmentlearn._formatting import count_text, names_text
from segmentlearn.exceptions import SchemaError
from segmentlearn.monitoring._migration import SegmentMigration

SEGMENT_COLUMNS = ("segment_id", "segment")  # of scored files, what lasts first


def segment_column(*columns: Collection[str]) -> str | None:
    """Return the column of segments that all of several scored tables have."""
    shared = (n for n in SEGMENT_COLUMNS if all(n in names for names in columns))
    return next(shared, None)


def compare_scored(
    before: pd.DataFrame,
    now: pd.DataFrame,
    *,
    key: str,
    segment: str,
    value: str | None = None,
    periods: tuple[str, str] = ("before", "now"),
) -> SegmentMigration:
    """Count who moved between two scored tables.

    A key or segment that is text in one table and a number in the other is compared as
    text: files differ in that, customers do not.
    """
    tables = before, now
    for table, period in zip(tables, periods, strict=True):
        missing = [name for name in (key, segment) if name not in table.columns]
        if missing:
            raise SchemaError(
                f"{period} has no column {missing[0]!r}; it has "
                f"{names_text(map(repr, table.columns))}."
            )
        n_empty = int(table[segment].isna().sum())
        if n_empty:
            raise SchemaError(
                f"column {segment!r} of {period} is empty in "
                f"{count_text(n_empty, 'row')}; leave these out."
            )
    keys, segments = (_alike([t[name] for t in tables]) for name in (key, segment))
    parts = []
    for at, table in enumerate(tables):
        part = {
            key: keys[at],
            "period": periods[at],
            "segment": segments[at].astype(object),
        }
        for name in ("segment_name", value):
            if name is not None and name in table.columns:
                part[name] = table[name]
        parts.append(pd.DataFrame(part))
    return SegmentMigration.from_history(
        pd.concat(parts, ignore_index=True),
        key=key,
        value=value,
        old_period=periods[0],
        new_period=periods[1],
    )


def _alike(columns: list[pd.Series]) -> list[pd.Series]:
    """Return columns of both tables with cells that can be equal."""
    columns = [_whole(column) for column in columns]
    kinds = [pd.api.types.is_numeric_dtype(column) for column in columns]
    if kinds[0] == kinds[1]:
        return columns
    return [column.astype("string").astype(object) for column in columns]


def _whole(column: pd.Series) -> pd.Series:
    """Return whole numbers as such: a missing one has made them floats."""
    is_float: Any = pd.api.types.is_float_dtype(column)
    if is_float and (column.dropna() % 1 == 0).all():
        return column.astype("Int64")
    return column
