"""What is counted of a table that is larger than memory, by parts that are merged."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SchemaError
from segmentlearn.preprocessing._statistics._level_statistics import (
    MOST_COUNTS,
    DistinctSketch,
    LevelStatistics,
    RowGroups,
    in_order,
)
from segmentlearn.tables import (
    NUMBER,
    Column,
    Factor,
    Table,
    TableSchema,
    as_table,
    hash_rows,
    is_text,
    listed_columns,
    numbers_identify,
    text_identifies,
)

N_FOLDS = 5  # of target means
_MOST_SAMPLED = 200_000  # rows
_MOST_LABELS = 1000  # more are no classes, and their counts would fill the memory
_ROWS_AT_ONCE = 65_536
_SAMPLE, _FOLD = range(2)  # what is drawn for each row
_IN_PLACE = np.uint64(2**40)  # more rows than a partition has


def target_folds(seed: int, partition: int, rows: np.ndarray) -> np.ndarray:
    """Return the fold of each row whose target means come from the other folds."""
    return (hash_rows((seed, _FOLD, partition), rows) % N_FOLDS).astype(np.intp)


class RowSample:
    """Rows drawn at random from a table that is read in parts.

    Each row has a random number, and those with the smallest are kept.

    Attributes
    ----------
    frame : DataFrame
        The rows, in the order of the table.
    labels : ndarray or None
        Their labels.
    folds : ndarray of int
        Their folds.
    """

    def __init__(self, most: int = _MOST_SAMPLED) -> None:
        self._most = most
        self._bound: Any = np.uint64(2**64 - 1)  # of the numbers that may be kept
        self._parts: list[tuple] = []
        self._n_rows = 0

    def update(
        self,
        frame: pd.DataFrame,
        labels: np.ndarray | None,
        folds: np.ndarray,
        drawn: np.ndarray,
        places: np.ndarray,
    ) -> None:
        """Draw from further rows by their random numbers."""
        labels = np.zeros(len(frame), np.int8) if labels is None else labels
        columns = frame, labels, folds, drawn, places
        rows = np.flatnonzero(drawn <= self._bound)
        if len(rows) < len(frame):
            columns = frame.take(rows), *(array[rows] for array in columns[1:])
        if len(rows):
            self._parts.append(columns)
            self._n_rows += len(rows)
        if self._n_rows > 2 * self._most:
            self._shrink()

    def merge(self, other: "RowSample") -> None:
        """Draw from the rows of another part of the table."""
        for columns in other._parts:
            self.update(*columns)

    @property
    def frame(self) -> pd.DataFrame:
        return self._shrink()[0]

    @property
    def labels(self) -> np.ndarray | None:
        labels = self._shrink()[1]
        return None if labels.dtype == np.int8 else labels

    @property
    def folds(self) -> np.ndarray:
        return self._shrink()[2]

    def _shrink(self) -> tuple:
        """Join all parts, keep the rows with the smallest numbers, and sort them."""
        if len(self._parts) == 1 and self._n_rows <= self._most:
            return self._parts[0]
        frames, *others = zip(*self._parts, strict=True)
        drawn, places = map(np.concatenate, others[2:])
        rows = np.argsort(drawn, kind="stable")[: self._most]
        rows = rows[np.argsort(places[rows])]
        labels, folds = map(np.concatenate, others[:2])
        frame = pd.concat(frames, ignore_index=True).take(rows)
        frame = frame.reset_index(drop=True)
        arrays = (array[rows] for array in (labels, folds, drawn, places))
        self._parts = [(frame, *arrays)]
        self._n_rows = len(rows)
        if self._n_rows == self._most:
            self._bound = drawn[rows].max()
        return self._parts[0]


@dataclasses.dataclass
class ColumnStatistics:
    """What is counted of a column.

    Parameters
    ----------
    n_present : int
        Cells that are not missing.
    n_numbers : int
        Those that are numbers, dates or durations.
    low, high : float
        The smallest and the largest of these.
    levels : LevelStatistics
        Rows of each level by fold and class, as long as there are not too many.
    distinct : DistinctSketch
        About how many different levels there are.
    """

    n_present: int = 0
    n_numbers: int = 0
    low: float = np.inf
    high: float = -np.inf
    levels: LevelStatistics = dataclasses.field(default_factory=LevelStatistics)
    distinct: DistinctSketch = dataclasses.field(default_factory=DistinctSketch)

    def update(self, column: Column, as_levels: bool, groups: RowGroups) -> None:
        """Count the cells of further rows."""
        n_present = len(column) - int(np.count_nonzero(column.missing))
        self.n_present += n_present
        if column.is_numeric and n_present:
            self.n_numbers += n_present
            self.low = min(self.low, float(np.nanmin(column.numbers)))
            self.high = max(self.high, float(np.nanmax(column.numbers)))
            if not as_levels:
                return
        self.levels.add(*_counted(column.factor, groups))
        self.distinct.add(column.factor.levels)

    def merge(self, other: "ColumnStatistics") -> None:
        """Add the cells of another part of the column."""
        self.n_present += other.n_present
        self.n_numbers += other.n_numbers
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.levels.merge(other.levels)
        self.distinct.merge(other.distinct)


class TableStatistics:
    """What a preprocessor has to know of a table, counted part by part.

    Statistics of parts are merged to those of all, in any order and with the same
    result. A row is known by the number of its partition and its own number in it.

    Parameters
    ----------
    seed : int
        Draws the sample and the folds.
    categorical : "auto" or list of str or int, default="auto"
        Columns, by name or position, that hold levels whatever their dtype.
    most_sampled : int, default=200000
        Rows of the sample, from which quantiles come.

    Attributes
    ----------
    n_rows : int
        Rows counted.
    n_unlabelled : int
        Rows that were left out because they have no label.
    label_counts : dict of object to int
        Rows of each label; empty without labels.
    classes : list or None
        The classes in their order; None before that is known.
    columns : dict of str to ColumnStatistics
        Of each column.
    sample : RowSample
        Rows drawn at random.
    """

    def __init__(
        self, seed: int, categorical: Any = "auto", most_sampled: int = _MOST_SAMPLED
    ) -> None:
        self.seed, self.categorical = seed, categorical
        self.n_rows = self.n_unlabelled = 0
        self.label_counts: dict[Any, int] = {}
        self._labels: list = [None]  # in the order of the classes
        self.classes: list | None = None
        self.columns: dict[str, ColumnStatistics] = {}
        self.sample = RowSample(most_sampled)

    def update(
        self, frame: pd.DataFrame, labels: Any = None, *, partition: int, start: int = 0
    ) -> None:
        """Count further rows.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
            The rows, without the target.
        labels : array-like of shape (n_rows,), default=None
            Their labels; rows without one are left out.
        partition : int
            Number of the part of the table that they are from.
        start : int, default=0
            Number of the first row in its part.
        """
        for at in range(0, len(frame), _ROWS_AT_ONCE):
            rows = slice(at, at + _ROWS_AT_ONCE)
            own = None if labels is None else np.asarray(labels, dtype=object)[rows]
            self._update(frame.iloc[rows], own, partition, start + at)

    def merge(self, other: Self) -> Self:
        """Add the statistics of another part of the table.

        Parameters
        ----------
        other : TableStatistics
            With the same seed and columns.

        Returns
        -------
        self : TableStatistics
            Of both parts.
        """
        self.n_unlabelled += other.n_unlabelled
        if not other.n_rows:
            return self
        if not self.n_rows:
            self.columns = {name: ColumnStatistics() for name in other.columns}
        self._check_columns(list(other.columns))
        for name, column in other.columns.items():
            self.columns[name].merge(column)
        self._count_labels(other.label_counts)
        self.n_rows += other.n_rows
        self.sample.merge(other.sample)
        return self

    def order_classes(self, labels: Sequence[Any], classes: Sequence[Any]) -> None:
        """Give the classes of all counts the order of their labels.

        `classes` are what these labels stand for.
        """
        self._labels, self.classes = list(labels), list(classes)
        for column in self.columns.values():
            column.levels.order_labels(labels)

    def identifies(self, column: Column) -> bool:
        """Whether a column of the sample looks like an identifier of the table."""
        known = self.columns[column.name]
        if column.is_numeric:
            of_all = (known.n_numbers, known.low, known.high)
            return column.kind == NUMBER and numbers_identify(
                column.name, column.numbers, of_all if known.n_numbers else None
            )
        n_levels = known.distinct.estimate()
        if known.levels.is_complete:
            n_levels = len({*known.levels.levels} - {None})
        if column.n_distinct <= 2 or not n_levels:
            return column.identifies
        counted = zip(column.factor.levels, column.level_counts, strict=True)
        levels = [level for level, n_rows in counted if n_rows]
        return text_identifies(column.name, levels, known.n_present, n_levels)

    def n_missing(self, names: list[str], numbers: np.ndarray) -> dict[str, int]:
        """Return the missing cells of numeric columns, of which there is a sample."""
        missing = np.isnan(numbers).mean(axis=0) if len(numbers) else []
        counts = {}
        for name, share in zip(names, missing, strict=True):
            known = self.columns[name]
            is_typed = known.n_numbers == known.n_present
            counts[name] = self.n_rows - known.n_present
            if not is_typed:  # numbers as text: cells may be marks of missing ones
                counts[name] = max(counts[name], round(float(share) * self.n_rows))
        return counts

    def ranges(self, names: list[str]) -> list[tuple[float, float] | None]:
        """Return the extremes of numeric columns; None where they hold text."""
        found = (self.columns[name] for name in names)
        return [
            (known.low, known.high) if known.n_numbers == known.n_present else None
            for known in found
        ]

    def count_factors(
        self, factors: dict[str, Factor], schema: TableSchema
    ) -> dict[str, Factor]:
        """Return columns of levels of the sample with the counts of the table."""
        return {
            name: self._count_factor(name, factor, schema)
            for name, factor in factors.items()
        }

    def _count_factor(self, name: str, factor: Factor, schema: TableSchema) -> Factor:
        known = self.columns[name].levels
        if known.n_rows != self.n_rows:  # too many levels: those of the sample
            sample = self.sample
            groups = RowGroups.of(sample.folds, N_FOLDS, sample.labels)
            n_groups = groups.n_folds * len(groups.labels)
            factor = _with_most_frequent(factor, max(1, MOST_COUNTS // n_groups - 1))
            _, counts, labels = _counted(factor, groups)
            return factor._replace(whole=in_order(counts, labels, self._labels))
        levels, counts = known.levels, known.counts
        raw = np.empty(len(levels), dtype=object)
        raw[:] = levels
        codes = np.arange(len(raw))
        place = list(self.columns).index(name)
        if is_text(as_table(self.sample.frame.iloc[:, [place]]).columns[0].cells):
            read, _ = schema.read_columns(Table([Column(name, raw)], len(raw), "array"))
            own = read.columns[0].factor
            levels = [*own.levels, None]
            codes = np.where(own.codes < 0, len(own.levels), own.codes)
        every = dict.fromkeys([*factor.levels, *levels])
        every.pop(None, None)
        place_of = {level: place for place, level in enumerate(every)}
        places = np.array([place_of.get(level, len(every)) for level in levels])
        whole = np.zeros((len(every) + 1, *counts.shape[1:]), np.int64)
        np.add.at(whole, places[codes], counts)
        return factor._replace(levels=list(every), whole=whole)

    def _update(
        self, frame: pd.DataFrame, labels: Any, partition: int, start: int
    ) -> None:
        places = np.arange(start, start + len(frame), dtype=np.uint64)
        if labels is not None:
            known = ~pd.isna(labels)
            if not known.all():
                self.n_unlabelled += int(np.count_nonzero(~known))
                frame, labels, places = frame[known], labels[known], places[known]
        if not len(frame):
            return
        table = as_table(frame)
        if not self.n_rows:
            self.columns = {name: ColumnStatistics() for name in table.names}
        self._check_columns(table.names)
        if labels is not None:
            self._count_labels(pd.Series(labels).value_counts(sort=False).to_dict())
        folds = target_folds(self.seed, partition, places)
        groups = RowGroups.of(folds, N_FOLDS, labels)
        as_levels = listed_columns(table.names, self.categorical, "categorical")
        for column in table.columns:
            known_column = self.columns[column.name]
            known_column.update(column, column.name in as_levels, groups)
        drawn = hash_rows((self.seed, _SAMPLE, partition), places)
        places = places + np.uint64(partition) * _IN_PLACE
        self.sample.update(frame, labels, folds, drawn, places)
        self.n_rows += len(frame)

    def _count_labels(self, counts: dict[Any, int]) -> None:
        """Add rows of labels; refuse a target that is no class."""
        for label, count in counts.items():
            self.label_counts[label] = self.label_counts.get(label, 0) + count
        if len(self.label_counts) > _MOST_LABELS:
            some = ", ".join(map(repr, list(self.label_counts)[:3]))
            raise SchemaError(
                f"the target has more than {_MOST_LABELS:,} different values, such as "
                f"{some}; cut an amount into a few classes, or name another column."
            )

    def _check_columns(self, names: list[str]) -> None:
        """Refuse a part of other columns, which would get missing cells in silence."""
        if names != list(self.columns):
            other = sorted({*names} ^ {*self.columns})
            raise SchemaError(
                f"a part of the table has the columns {names}, and those before it "
                f"have {list(self.columns)}; "
                + (f"{other} are not in all of them." if other else "sort them.")
            )


def _with_most_frequent(factor: Factor, most: int) -> Factor:
    """Return a column with so many levels, of which the last stands for all others."""
    if len(factor.levels) <= most:
        return factor
    order = np.argsort(-factor.counts()[:-1], kind="stable")
    place = np.full(len(order) + 1, most - 1)
    place[order[:most]], place[-1] = np.arange(most), -1
    return Factor(
        place[factor.codes], [factor.levels[at] for at in order[:most]], False
    )


def _counted(factor: Factor, groups: RowGroups) -> tuple[list, Any, list]:
    """Return levels, missing cells as None, and their rows by fold and class."""
    levels = [*factor.levels, None]
    codes = np.where(factor.codes < 0, len(factor.levels), factor.codes)
    return levels, groups.count(codes, len(levels)), groups.labels
