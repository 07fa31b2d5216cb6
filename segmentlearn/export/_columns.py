"""Raw columns as rules compare them: numbers, and levels by their texts."""

import dataclasses
import warnings
from typing import Any

import numpy as np

from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.export._conditions import LEVEL, RuleColumn, stripped
from segmentlearn.inspection import used_columns
from segmentlearn.tables import (
    BOOLEAN,
    EMPTY,
    NUMERIC_KINDS,
    Column,
    Table,
    TableSchema,
    closest_name,
    infinite_problems,
    listed_columns,
    raise_schema_error,
    to_numbers,
)

CALLER = "segment_rules"


@dataclasses.dataclass
class TreeColumn:
    """A column that the tree may split.

    Attributes
    ----------
    meaning : RuleColumn
        How its cells are compared.
    numbers : ndarray of float of shape (n_rows,) or None
        Its numbers, NaN where missing.
    codes : ndarray of int of shape (n_rows,) or None
        Number of each cell's level; ``len(levels)`` for rare ones, -1 where missing.
    levels : list
        The levels that rules may name, those of enough customers.
    """

    meaning: RuleColumn
    numbers: Any = None
    codes: Any = None
    levels: list = dataclasses.field(default_factory=list)

    def take(self, rows: np.ndarray) -> "TreeColumn":
        """Return some rows."""
        if self.numbers is not None:
            return dataclasses.replace(self, numbers=self.numbers[rows])
        return dataclasses.replace(self, codes=self.codes[rows])


def read_columns(
    model: Any, table: Table, columns: Any, min_customers: int
) -> list[TreeColumn]:
    """Return the columns that rules may use, as ``tables`` reads them."""
    wanted = listed_columns(table.names, columns, "columns")
    names = [name for name in table.names if name in wanted]
    if not names:
        names = used_columns(model, table.names)
    schema, read, notes = TableSchema.of_and_read(table)
    for note in notes:
        warnings.warn(note, SegmentLearnWarning, stacklevel=4)
    raw, found, identifiers = table.by_name(), [], []
    stored = schema.to_dict(names)
    for name, column in read.by_name().items():
        if name not in names or column.kind == EMPTY or column.missing.all():
            continue
        if name not in wanted and column.identifies:
            identifiers.append(name)
        elif column.is_numeric:
            found.append(_numbers(raw[name], column, stored.get(name)))
        else:
            levels = _levels(raw[name], column, min_customers)
            found += [levels] if levels.levels else []
    if identifiers:
        warnings.warn(
            f"The column(s) {identifiers} look like identifiers and are left out of "
            f"the rules; list them in columns to have them used.",
            SegmentLearnWarning,
            stacklevel=4,
        )
    if not found:
        raise SchemaError(f"{CALLER} finds no column in X that rules could use.")
    numbers = [column for column in found if column.numbers is not None]
    problems = [
        problem
        for column in numbers
        for problem in infinite_problems(
            [column.meaning.name], column.numbers[:, np.newaxis]
        )
    ]
    raise_schema_error(CALLER, problems)
    return found


def _numbers(raw: Column, read: Column, reading: Any) -> TreeColumn:
    """Return a column of numbers, dates or durations."""
    is_written = raw.cells is not read.cells and raw.kind not in NUMERIC_KINDS
    how = reading if is_written else None
    meaning = RuleColumn(read.name, read.kind, False, is_written, how)
    return TreeColumn(meaning, numbers=read.numbers)


def _levels(raw: Column, read: Column, min_customers: int) -> TreeColumn:
    """Return a column of levels; the rare ones, which could give a customer away, as
    one."""
    raw_factor, factor = raw.factor, read.factor
    is_text = any(isinstance(level, str) for level in raw_factor.levels)
    level_of = dict(enumerate(raw_factor.levels))
    if is_text:
        level_of = _levels_of_texts(raw_factor, factor, raw.cells is not read.cells)
    counts = raw_factor.counts()
    rows_of: dict[Any, int] = {}
    for at, level in level_of.items():
        rows_of[level] = rows_of.get(level, 0) + int(counts[at])
    known = raw_factor.levels if raw_factor.ordered else factor.levels
    ordered = dict.fromkeys(
        [level for level in known if level in rows_of] + list(level_of.values())
    )
    named = [
        level
        for level in ordered
        if level is not None and rows_of[level] >= min_customers
    ]
    code_of = {level: code for code, level in enumerate(named)} | {None: -1}
    table = np.array(
        [code_of.get(level_of[at], len(named)) for at in range(len(level_of))] + [-1],
        dtype=np.intp,
    )
    spellings: dict[Any, list[str]] = {level: [] for level in named}
    missing = [""]
    if is_text:
        for at, level in level_of.items():
            text = stripped(raw_factor.levels[at])
            if level is None:
                missing.append(text)
            elif level in spellings:
                spellings[level].append(text)
    meaning = RuleColumn(
        read.name,
        LEVEL,
        is_text,
        spellings={level: tuple(dict.fromkeys(s)) for level, s in spellings.items()},
        missing_texts=tuple(dict.fromkeys(missing)),
    )
    return TreeColumn(meaning, codes=table[raw_factor.codes], levels=named)


def _levels_of_texts(raw: Any, read: Any, was_read: bool) -> dict[int, Any]:
    """Return the level that each raw text stands for; None for a missing cell."""
    first = np.zeros(len(raw.levels), dtype=np.intp)
    present = np.flatnonzero(raw.codes >= 0)[::-1]
    first[raw.codes[present]] = present
    found: dict[str, Any] = {}
    levels = {}
    for at, level in enumerate(raw.levels):
        text = stripped(level)
        if text not in found:
            code = int(read.codes[first[at]])
            known = None if code < 0 else read.levels[code]
            found[text] = (known if was_read else text) if text else None
        levels[at] = found[text]
    return levels


def numbers_of_rows(table: Table, columns: list[RuleColumn]) -> dict[str, np.ndarray]:
    """Return the columns of numbers of new rows by name, NaN where missing."""
    numeric = [column for column in columns if column.kind != LEVEL]
    readings = {c.name: c.reading for c in numeric if c.reading is not None}
    schema = TableSchema.from_dict(readings)
    found, problems = {}, []
    read, notes = schema.read_columns(table)
    for note in notes:
        warnings.warn(note, SegmentLearnWarning, stacklevel=4)
    by_name = read.by_name()
    for column in numeric:
        cells = by_name[column.name]
        accepted = {column.kind, EMPTY}
        accepted |= {BOOLEAN} if column.kind == "number" else set()
        if cells.kind not in accepted:
            problems.append(
                f"column {column.name!r} held a {column.kind} when the rules were made "
                f"and holds {cells.kind} values now"
            )
        elif cells.kind == EMPTY:
            found[column.name] = np.full(table.n_rows, np.nan)
        else:
            numbers = to_numbers(cells.cells, column.name)
            found[column.name] = numbers.astype(np.float64, copy=False)
    raise_schema_error("predict", problems)
    return found


def check_columns(names: list[str], columns: list[RuleColumn]) -> None:
    """Refuse rows without a column that a rule looks at."""
    problems = []
    for column in columns:
        if column.name not in names:
            close = closest_name(column.name, names)
            hint = f"; is {close!r} the same one?" if close else ""
            problems.append(f"column {column.name!r} is missing{hint}")
    raise_schema_error("predict", problems)
