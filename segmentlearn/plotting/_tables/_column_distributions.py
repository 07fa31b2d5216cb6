"""Histogram or level counts of one column, in one table or in several."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn._formatting import count_text, short_number_text
from segmentlearn.inspection import OTHER_LEVELS, fewer_levels, is_flag
from segmentlearn.plotting._base import _panels
from segmentlearn.tables import EMPTY, Factor

_FAR = 3.0  # interquartile ranges from the box
_TAIL = 0.01  # of values that are never far
_MOST_WHOLE = 40  # whole numbers with a bin each
_FEWEST_BINS, _MOST_BINS = 8, 30


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class _Distribution:
    """What distributions of all kinds have in common."""

    name: str
    n_values: np.ndarray
    n_rows: np.ndarray
    counts: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Share of each table's values in each bin, or at each level."""
        return self.counts / np.maximum(self.n_values, 1)[:, np.newaxis]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class NumberDistribution(_Distribution):
    """A column of numbers, dates (days since 1970-01-01) or durations (days).

    Attributes
    ----------
    name : str
        The column.
    kind : {"number", "datetime", "timedelta"}
        What it holds.
    edges : ndarray of float of shape (n_bins + 1,)
        Of the bins, which are as wide as each other.
    counts : ndarray of int of shape (n_tables, n_bins)
        Values in each.
    boxes : ndarray of float of shape (n_tables, 5)
        Of `five_numbers`.
    n_below, n_above : ndarray of int of shape (n_tables,)
        Values outside the bins.
    n_values, n_rows : ndarray of int of shape (n_tables,)
        Cells that are there, and all; no rows where a table lacks the column.
    """

    kind: str
    edges: np.ndarray
    boxes: np.ndarray
    n_below: np.ndarray
    n_above: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LevelDistribution(_Distribution):
    """A column of categories.

    Attributes
    ----------
    name : str
        The column.
    levels : list of str
        The most frequent ones, and "n others" for the rest.
    counts : ndarray of int of shape (n_tables, n_levels)
        Values of each.
    n_values, n_rows : ndarray of int of shape (n_tables,)
        Cells that are there, and all; no rows where a table lacks the column.
    """

    levels: list


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class NoDistribution:
    """A column of which there is nothing to draw.

    Attributes
    ----------
    name : str
        The column.
    words : str
        Why.
    n_values, n_rows : ndarray of int of shape (n_tables,)
        Cells that are there, and all; no rows where a table lacks the column.
    """

    name: str
    words: str
    n_values: np.ndarray
    n_rows: np.ndarray


def distribute(
    name: str, columns: list, n_levels: int
) -> NumberDistribution | LevelDistribution | NoDistribution:
    """Count the values of a column."""
    there = [column for column in columns if column is not None]
    missing = [np.ones(0, bool) if c is None else c.missing for c in columns]
    n_values = np.array([np.count_nonzero(~mask) for mask in missing])
    n_rows = np.array([len(mask) for mask in missing])
    sizes: dict = {"name": name, "n_values": n_values, "n_rows": n_rows}
    words = _nothing_to_draw(there, n_values.sum(), n_rows.sum())
    if words:
        return NoDistribution(words=words, **sizes)
    if holds_numbers(there):
        return _distribute_numbers(columns, sizes)
    factor = pool_levels(there, n_levels)
    # rows of a table that lacks the column are none
    by_table = np.split(factor.codes, np.cumsum(n_rows)[:-1])
    counts = np.array([factor._replace(codes=own).counts()[:-1] for own in by_table])
    levels = level_titles(there, factor, name)
    return LevelDistribution(levels=levels, counts=counts, **sizes)


def holds_numbers(columns: list) -> bool:
    """Return whether a column is one of numbers, and not of 0 and 1 alone."""
    filled = [column for column in columns if column.kind != EMPTY]
    if not all(column.is_numeric for column in filled):
        return False
    return not all(of.kind == "number" and is_flag(of.numbers) for of in filled)


def pool_levels(columns: list, n_levels: int) -> Factor:
    """Put the levels of a column in several tables together."""
    places: dict = {}
    codes = []
    for column in columns:
        own, levels, _ = column.factor
        of_table = [places.setdefault(name, len(places)) for name in levels]
        codes.append(np.append(of_table, -1).astype(np.intp)[own])
    ordered = all(column.factor.ordered for column in columns)
    factor = Factor(np.concatenate(codes), list(places), ordered)
    # a single further level is shown itself, not as "1 others"
    n_there = len(_levels_there(columns))
    return fewer_levels(factor, n_levels if n_there > n_levels + 1 else n_there)


def level_titles(columns: list, factor: Factor, name: str) -> list[str]:
    """Return what levels are called in a picture."""
    rest = f"{len(_levels_there(columns)) - len(factor.levels) + 1:,} others"
    return [
        rest if level == OTHER_LEVELS else _panels.level_title(_whole(level), name)
        for level in factor.levels
    ]


def _levels_there(columns: list) -> set:
    """Return the levels that have a row in some table."""
    return {
        level
        for column in columns
        for level, n in zip(column.factor.levels, column.level_counts, strict=True)
        if n
    }


def _robust_range(tables: Any) -> tuple[float, float]:
    """Return where nearly all values lie."""
    tables = [values for values in tables if len(values)]
    lowest = min(values.min() for values in tables)
    highest = max(values.max() for values in tables)
    low, high = np.inf, -np.inf
    for values in tables:
        tail, lower, upper, head = np.quantile(values, [_TAIL, 0.25, 0.75, 1 - _TAIL])
        reach = _FAR * (upper - lower)
        low, high = min(low, tail, lower - reach), max(high, head, upper + reach)
    low, high = max(low, lowest), min(high, highest)
    if low == high or 1.5 * (high - low) >= highest - lowest:
        return lowest, highest
    return low, high


def _distribute_numbers(columns: list, sizes: dict) -> NumberDistribution:
    """Count numbers in bins, the same of all tables."""
    filled = [None if c is None or c.kind == EMPTY else c for c in columns]
    numbers = [np.empty(0) if c is None else c.numbers for c in filled]
    finite = [values[np.isfinite(values)] for values in numbers]
    edges = _bins(finite)
    return NumberDistribution(
        kind=next(column.kind for column in filled if column is not None),
        edges=edges,
        counts=np.array([np.histogram(values, edges)[0] for values in finite]),
        boxes=np.array([_panels.five_numbers(values) for values in finite]),
        n_below=np.array([np.count_nonzero(own < edges[0]) for own in numbers]),
        n_above=np.array([np.count_nonzero(own > edges[-1]) for own in numbers]),
        **sizes,
    )


def _bins(tables: Any) -> np.ndarray:
    """Return the edges of bins that suit numbers; of whole ones whole bins."""
    low, high = _robust_range(tables)
    if all((values == np.round(values)).all() for values in tables):
        low, high = np.floor(low), np.ceil(high)
        width = 1 if high - low <= _MOST_WHOLE else np.ceil((high - low) / _MOST_BINS)
        return low - 0.5 + width * np.arange(np.ceil((high - low + 1) / width) + 1)
    most = max(len(values) for values in tables)
    n_bins = int(np.clip(np.ceil(2 * most ** (1 / 3)), _FEWEST_BINS, _MOST_BINS))
    return np.linspace(low, high, n_bins + 1)


def _nothing_to_draw(columns: list, n_values: int, n_rows: int) -> str:
    """Return why there is nothing to draw; "" where there is."""
    if not n_values:
        return f"all {count_text(int(n_rows), 'cell')} missing"
    if holds_numbers(columns):
        values = pd.unique(np.concatenate([column.numbers for column in columns]))
        values = values[~np.isnan(values)]
        if not np.isfinite(values).any():
            return "no finite number"
        if len(values) == 1:
            kind = next(column.kind for column in columns if column.kind != EMPTY)
            return f"always {short_number_text(values[0], kind)}"
    elif len(levels := _levels_there(columns)) == 1:
        return f"always {str(_whole(levels.pop()))[:40]}"
    if any(column.identifies for column in columns):
        n_distinct = max(column.n_distinct for column in columns)
        return f"an identifier:\n{n_distinct:,} distinct values"
    return ""


def _whole(level: Any) -> Any:
    """Return a float that is a whole number as such, so that 1.0 is a flag."""
    if isinstance(level, float) and level.is_integer():
        return int(level)
    return level
