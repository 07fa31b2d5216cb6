"""What a table must look like: names, kinds, finite numbers."""

import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.tables._columns import (
    BOOLEAN,
    DATETIME,
    EMPTY,
    NUMBER,
    NUMERIC_KINDS,
    TIMEDELTA,
    Column,
    Factor,
)
from segmentlearn.tables._frames import Table
from segmentlearn.tables._names import closest_name
from segmentlearn.tables._rows import row_chunks

_KINDS_ACCEPTED_FOR = {
    NUMBER: (NUMBER, BOOLEAN, EMPTY),
    DATETIME: (DATETIME, EMPTY),
    TIMEDELTA: (TIMEDELTA, EMPTY),
}


def split_numeric_categorical(
    caller: str, table: Table, kinds: list[str], problems: Iterable[str] = ()
) -> tuple[np.ndarray, dict[str, Factor]]:
    """Return the numeric columns as one array and the others as factors.

    One error lists all columns that do not hold what they must, and other problems.
    """
    wrong, numeric, categorical = [], [], []
    for at, (column, kind) in enumerate(zip(table.columns, kinds, strict=True)):
        if kind not in NUMERIC_KINDS:
            categorical.append(column)
        elif column.kind in _KINDS_ACCEPTED_FOR[kind]:
            numeric.append(at)
        else:
            wrong.append(_kind_problem(column, kind))
    numbers = table.numbers(numeric)
    infinite = infinite_problems([table.columns[at].name for at in numeric], numbers)
    raise_schema_error(caller, [*problems, *wrong, *infinite])
    return numbers, {column.name: column.factor for column in categorical}


def match_columns(
    names: list[str], used: list[str], seen: list[str]
) -> tuple[list[int], list[str]]:
    """Find the columns in use by name; extra columns are warned about."""
    position_of = {name: position for position, name in enumerate(names)}
    known = set(seen)
    extra = [name for name in names if name not in known]
    missing = [name for name in used if name not in position_of]
    if extra and not missing:
        warnings.warn(
            f"The column(s) {extra} were not seen in fit and are ignored.",
            SegmentLearnWarning,
            stacklevel=4,
        )
    positions = [position_of[name] for name in used if name in position_of]
    problems = []
    for name in missing:
        close = closest_name(name, extra)
        hint = f"; is {close!r}, which is new, the same one?" if close else ""
        problems.append(f"column {name!r} is missing{hint}")
    return positions, problems


def infinite_problems(names: list[str], numbers: np.ndarray) -> list[str]:
    """List the numeric columns that hold infinite values."""
    infinite = np.zeros(numbers.shape[1], dtype=bool)
    for rows in row_chunks(numbers.shape[0]):
        infinite |= np.isinf(numbers[rows]).any(axis=0)
    return [
        f"column {names[position]!r} holds {np.isinf(numbers[:, position]).sum()} "
        f"infinite value(s); replace them, for example by missing values: "
        f"X.replace([numpy.inf, -numpy.inf], numpy.nan)"
        for position in np.flatnonzero(infinite)
    ]


def raise_schema_error(caller: str, problems: list[str]) -> None:
    """Raise one SchemaError that lists every problem, if there is any."""
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise SchemaError(f"{caller} cannot use this table:\n{listed}")


def _kind_problem(column: Column, expected: str) -> str:
    """Describe what a column holds instead, and the cure."""
    name, kind = column.name, column.kind
    was = f"column {name!r} held a {expected} in fit and holds {kind} values now"
    if expected != NUMBER:
        cure = "pandas.to_datetime" if expected == DATETIME else "pandas.to_timedelta"
        return f"{was}; convert it with {cure}"
    if kind in (DATETIME, TIMEDELTA):
        return f"{was}; pass the same numbers as in fit"
    cells = np.asarray(column.cells, dtype=object)
    cells = pd.Series(cells[~column.missing], dtype=object)
    wrong = cells[pd.to_numeric(cells.astype(str), errors="coerce").isna()]
    if len(wrong):
        return (
            f"column {name!r} held numbers in fit and holds text now: {len(wrong)} "
            f"value(s) are no number, the first is {wrong.iloc[0]!r}; correct them or "
            f"make them missing with pandas.to_numeric(column, errors='coerce')"
        )
    return (
        f"column {name!r} held numbers in fit and holds numbers written as text now; "
        f"convert it with pandas.to_numeric(column)"
    )
