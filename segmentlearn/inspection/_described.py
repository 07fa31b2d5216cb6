"""The columns of a table that a profile describes."""

import dataclasses
import warnings
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.tables import (
    CATEGORY,
    EMPTY,
    NUMERIC,
    NUMERIC_KINDS,
    Factor,
    factorize,
    infinite_problems,
    numbers_identify,
    raise_schema_error,
    read_table,
    resolve_roles,
    text_identifies,
    to_numbers,
)

OTHER_LEVELS = "(all others)"


class SegmentProfiler(BaseEstimator):
    """Stands for the profile where a table reader wants an estimator."""


@dataclasses.dataclass
class DescribedColumn:
    """One column as numbers or as categories.

    Attributes
    ----------
    name : str
        Name of the column.
    kind : {"number", "datetime", "timedelta", "category"}
        What is described; dates are days since 1970-01-01, durations days.
    numbers : ndarray of float of shape (n_rows,) or None
        NaN where missing.
    factor : Factor or None
        Of a category.
    """

    name: str
    kind: str
    numbers: np.ndarray | None = None
    factor: Factor | None = None


class Described:
    """The columns of X that are described, read one at a time."""

    def __init__(self, X, feature_names, columns, categorical_features, max_levels):
        table = read_table(SegmentProfiler(), X, reset=True)
        names = table.names
        if hasattr(X, "columns") and not hasattr(X.columns, "dtype"):
            names = [str(name) for name in X.columns]  # polars
        elif hasattr(X, "columns"):
            names = X.columns.astype(str).tolist()
        if feature_names is not None:
            names = [str(name) for name in feature_names]
            if len(names) != len(table.names):
                raise ValueError(
                    f"feature_names has {len(names)} names for the "
                    f"{len(table.names)} columns of X."
                )
            if len(set(names)) < len(names):
                raise ValueError("feature_names has a name more than once.")
        self.n_rows = table.n_rows
        self.names = names
        self._cells = dict(zip(names, table.columns, strict=True))
        self._kinds = table.kinds()
        self._roles, _ = resolve_roles(names, self._kinds, categorical_features)
        self._max_levels = max_levels
        self._wanted = None if columns is None else _chosen(names, columns)
        self._index = table.index

    def rows(self, at, names):
        """Return some rows as they came, with the index of X."""
        index = at if self._index is None else self._index[at]
        cells = {name: self._cells[name][at] for name in names}
        return pd.DataFrame(cells, index=index)

    def __iter__(self):
        """Yield the columns, identifiers and empty ones left out with a warning."""
        identifiers, empty = [], []
        for at, name in enumerate(self.names):
            if self._wanted is not None and at not in self._wanted:
                continue
            column = self._read(at)
            if column is None:
                empty.append(name)
            elif self._wanted is None and self._identifies(column, at):
                identifiers.append(name)
            else:
                yield column
        if identifiers:
            warnings.warn(
                f"The column(s) {identifiers} look like identifiers (nearly one value "
                f"a row) and are left out; list them in columns to have them "
                f"described.",
                SegmentLearnWarning,
                stacklevel=4,
            )
        if empty:
            warnings.warn(
                f"The column(s) {empty} hold no value and are left out.",
                SegmentLearnWarning,
                stacklevel=4,
            )

    def numbers_of(self, name, parameter):
        """Return one column as numbers, for a parameter that names it."""
        if name not in self._cells:
            raise ValueError(
                f"{parameter}={name!r} is not a column of X; its columns are "
                f"{self.names}."
            )
        kind = self._kinds[self.names.index(name)]
        if kind not in NUMERIC_KINDS:
            raise ValueError(f"{parameter}={name!r} is a column without numbers.")
        return to_numbers(self._cells[name], name)

    def _read(self, at):
        """Return one column; None where it holds no value."""
        name, kind, cells = self.names[at], self._kinds[at], self._cells[self.names[at]]
        if kind == EMPTY:
            return None
        if self._roles[at] == NUMERIC:
            numbers = to_numbers(cells, name)
            problems = infinite_problems([name], numbers[:, None])
            raise_schema_error(SegmentProfiler(), problems)
            if np.isnan(numbers).all():
                return None
            if not is_flag(numbers):
                return DescribedColumn(name, kind, numbers=numbers)
        factor = factorize(cells)
        if (factor.codes < 0).all():
            return None
        return DescribedColumn(
            name, CATEGORY, factor=fewer_levels(factor, self._max_levels)
        )

    def _identifies(self, column, at):
        """Tell whether a column names its row."""
        if column.kind == CATEGORY:
            if self._roles[at] == NUMERIC:
                return False
            n_levels = len(column.factor.levels)
            if n_levels <= self._max_levels:
                return n_levels > 2 and self._text_identifies(column, n_levels)
            return self._text_identifies(
                column, len(factorize(self._cells[column.name]).levels)
            )
        return column.kind == "number" and numbers_identify(column.name, column.numbers)

    def _text_identifies(self, column, n_levels):
        present = int(np.count_nonzero(column.factor.codes >= 0))
        return text_identifies(column.name, n_levels, present)


def _chosen(names, columns):
    """Return the positions of the columns to describe."""
    columns = [columns] if isinstance(columns, str | Integral) else list(columns)
    positions = range(len(names))
    place = {**dict(zip(names, positions, strict=True)), **dict(enumerate(positions))}
    unknown = [column for column in columns if column not in place]
    if unknown:
        raise ValueError(
            f"columns lists {unknown}, which X does not have; its columns are {names}."
        )
    return {place[column] for column in columns}


def is_flag(numbers):
    """Tell whether a column holds 0 and 1 alone."""
    head = numbers[:1_000]
    if not (np.isnan(head) | (head == 0) | (head == 1)).all():
        return False
    return bool((np.isnan(numbers) | (numbers == 0) | (numbers == 1)).all())


def fewer_levels(factor, max_levels):
    """Drop levels without a row; sort by size and put the rarest together."""
    counts = np.bincount(factor.codes + 1, minlength=len(factor.levels) + 1)[1:]
    kept = [at for at in np.argsort(-counts, kind="stable") if counts[at]]
    rest = kept[max_levels:] if len(kept) > max_levels else []
    kept = kept[:max_levels] if rest else kept
    if factor.ordered:
        kept = sorted(kept)
    levels = [factor.levels[at] for at in kept]
    target = np.full(len(factor.levels) + 1, -1, dtype=np.intp)
    target[kept] = np.arange(len(kept))
    if rest:
        target[rest] = len(kept)
        levels.append(OTHER_LEVELS)
    target[-1] = -1
    return Factor(target[factor.codes], levels, factor.ordered)
