"""The columns of a table that a profile describes."""

import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.tables import (
    CATEGORY,
    EMPTY,
    NUMERIC,
    Column,
    Factor,
    as_table,
    infinite_problems,
    raise_schema_error,
    resolve_roles,
)

OTHER_LEVELS = "(all others)"
_MOST_OUTLIERS = 0.25  # of a segment: where there are more, they describe it


class Described:
    """The columns of X that are described, read one at a time."""

    def __init__(
        self, X: Any, feature_names: Any, wanted: Any, categorical: Any, max_levels: int
    ) -> None:
        table = as_table(X, "segment_profile")
        if feature_names is not None:
            names, n_columns = [str(name) for name in feature_names], len(table.columns)
            if len(names) != n_columns:
                raise ValueError(
                    f"feature_names has {len(names)} names for the {n_columns} columns "
                    f"of X."
                )
            if len(set(names)) < len(names):
                raise ValueError("feature_names has a name more than once.")
            table.rename(names)
        self.n_rows = table.n_rows
        self.names = table.names
        self._columns = table.by_name()
        self._roles, _ = resolve_roles(self.names, table.kinds, categorical)
        self._max_levels = max_levels
        self._wanted = None if wanted is None else _chosen(self.names, wanted)
        self._index = table.index

    def rows(self, at: np.ndarray, names: list[str]) -> pd.DataFrame:
        """Return some rows as they came, with the index of X."""
        index = at if self._index is None else self._index[at]
        cells = {name: self._columns[name].cells[at] for name in names}
        return pd.DataFrame(cells, index=index)

    def columns(
        self, codes: np.ndarray, n_segments: int
    ) -> Iterator[tuple[Column, np.ndarray]]:
        """Yield the columns, and which of their cells are left out as implausible.

        Identifiers and empty columns are left out with a warning.
        """
        identifiers, empty = [], []
        for name, role in zip(self.names, self._roles, strict=True):
            column = self._columns[name]
            if self._wanted is not None and name not in self._wanted:
                continue
            if column.kind == EMPTY or column.missing.all():
                empty.append(name)
                continue
            # a column of its own: what is derived from it is let go after its turn
            kind = column.kind if role == NUMERIC else CATEGORY
            column = Column(name, column.cells, kind)
            outliers = np.zeros(self.n_rows, dtype=bool)
            if column.is_numeric:
                problems = infinite_problems([name], column.numbers[:, None])
                raise_schema_error("segment_profile", problems)
                outliers = _outliers(column, codes, n_segments)
            described = self._describe(column, outliers)
            # 0 and 1 are a flag, whatever the name, and in few rows too
            flag = column.is_numeric and not described.is_numeric
            if self._wanted is None and not flag and column.identifies:
                identifiers.append(name)
            else:
                yield described, outliers
        if identifiers:
            message = (
                f"The column(s) {identifiers} look like identifiers (nearly one value "
                f"a row) and are left out; list them in columns to have them described."
            )
            warnings.warn(message, SegmentLearnWarning, stacklevel=4)
        if empty:
            message = f"The column(s) {empty} hold no value and are left out."
            warnings.warn(message, SegmentLearnWarning, stacklevel=4)

    def numbers_of(self, name: str, parameter: str) -> np.ndarray:
        """Return one column as numbers, for a parameter that names it."""
        if name not in self._columns:
            raise ValueError(
                f"{parameter}={name!r} is not a column of X; its columns are "
                f"{self.names}."
            )
        column = self._columns[name]
        if not column.is_numeric:
            raise ValueError(f"{parameter}={name!r} is a column without numbers.")
        return column.numbers

    def _describe(self, column: Column, outliers: np.ndarray) -> Column:
        """Return a column as numbers, or as the levels that are shown."""
        if column.is_numeric:
            numbers = column.numbers
            if outliers.any():
                numbers = np.where(outliers, np.nan, numbers)
                column = Column(column.name, numbers, column.kind)
            if not is_flag(numbers):
                return column
        factor = fewer_levels(column.factor, self._max_levels)
        return Column(column.name, column.cells, CATEGORY, factor)


def _outliers(column: Column, codes: np.ndarray, n_segments: int) -> np.ndarray:
    """Return which cells are implausible, unless they are what a segment is made of."""
    masks = list(column.implausible.values())
    if not masks:
        return np.zeros(len(column), dtype=bool)
    outliers = np.any(masks, axis=0)
    present = np.bincount(codes[~column.missing], minlength=n_segments)
    own = np.bincount(codes[outliers], minlength=n_segments)
    return outliers & (own <= _MOST_OUTLIERS * present)[codes]


def _chosen(names: list[str], columns: Any) -> set[str]:
    """Return the names of the columns to describe."""
    columns = [columns] if isinstance(columns, str | Integral) else list(columns)
    known: dict[Any, str] = {name: name for name in names}
    known |= dict(enumerate(names))
    unknown = [column for column in columns if column not in known]
    if unknown:
        raise ValueError(
            f"columns lists {unknown}, which X does not have; its columns are {names}."
        )
    return {known[column] for column in columns}


def is_flag(numbers: np.ndarray) -> bool:
    """Return whether a column holds 0 and 1 alone."""
    return all(
        bool((np.isnan(part) | (part == 0) | (part == 1)).all())
        for part in (numbers[:1_000], numbers)  # most columns show it in their head
    )


def fewer_levels(factor: Factor, max_levels: int) -> Factor:
    """Drop levels without a row; sort by size and put the rarest together."""
    counts = factor.counts()[:-1]
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    kept = np.sort(order[:max_levels]) if factor.ordered else order[:max_levels]
    levels = [factor.levels[at] for at in kept]
    target = np.full(len(factor.levels) + 1, -1, dtype=np.intp)
    target[order] = len(kept)
    target[kept] = np.arange(len(kept))
    if len(order) > len(kept):
        levels.append(OTHER_LEVELS)
    return Factor(target[factor.codes], levels, factor.ordered)
