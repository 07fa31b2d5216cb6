"""The tables that are audited: columns as numbers, levels and hashes of cells."""

import dataclasses
import functools

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from segmentlearn.tables import (
    NUMBER,
    NUMERIC_KINDS,
    factorize,
    kind_of,
    missing_mask,
    numbers_identify,
    read_table,
    text_identifies,
    to_numbers,
)

_MISSING = np.uint64(0x9E3779B97F4A7C15)


class Auditor(BaseEstimator):
    """Stands for the audit where a table reader wants an estimator."""


@dataclasses.dataclass
class AuditedColumn:
    """One column, read as far as it is asked for.

    Attributes
    ----------
    name : str
        Name of the column.
    kind : str
        One of the constants of ``segmentlearn.tables._columns``.
    cells : ndarray of shape (n_rows,) or pandas ExtensionArray
        As they came.
    """

    name: str
    kind: str
    cells: object

    @property
    def is_numeric(self):
        """Whether the column holds numbers, dates or durations."""
        return self.kind in NUMERIC_KINDS

    @functools.cached_property
    def missing(self):
        """True where a cell is missing."""
        return missing_mask(self.cells)

    @functools.cached_property
    def numbers(self):
        """The cells of a numeric column as float64, NaN where missing."""
        return to_numbers(self.cells, self.name).astype(np.float64, copy=False)

    @functools.cached_property
    def factor(self):
        """The cells as codes of levels."""
        return factorize(self.cells)

    @functools.cached_property
    def level_counts(self):
        """Rows of each level of ``factor``, those without a row too."""
        codes, levels = self.factor.codes, self.factor.levels
        return np.bincount(codes + 1, minlength=len(levels) + 1)[1:]

    @functools.cached_property
    def n_distinct(self):
        """Number of distinct values, missing cells left out."""
        if self.is_numeric:
            return len(pd.unique(self.numbers[~self.missing]))
        return int(np.count_nonzero(self.level_counts))

    def identifies(self):
        """Tell whether the column names its row."""
        if self.is_numeric:
            return self.kind == NUMBER and numbers_identify(self.name, self.numbers)
        n_present = int(np.count_nonzero(~self.missing))
        return self.n_distinct > 2 and text_identifies(
            self.name, self.n_distinct, n_present
        )

    def hashes(self):
        """Return one number a cell, the same for equal cells of any table."""
        if self.is_numeric:
            # 0.0 and -0.0 are equal and differ in a bit
            hashed = (self.numbers + 0.0).view(np.uint64).copy()
            hashed[self.missing] = _MISSING
            return mix(hashed)
        levels = np.array([repr(one) for one in self.factor.levels], dtype=object)
        of_levels = np.append(
            pd.util.hash_array(levels, categorize=False).astype(np.uint64), _MISSING
        )
        return mix(of_levels[self.factor.codes])


def read_columns(X, names=None):
    """Read a table column by column."""
    if isinstance(X, pd.DataFrame) and not all(
        isinstance(name, str) for name in X.columns
    ):
        X = X.set_axis([str(name) for name in X.columns], axis="columns")
    table = read_table(Auditor(), X, reset=True)
    if names is not None and table.container == "array":
        if len(names) != len(table.names):
            raise ValueError(
                f"X_new has {len(table.names)} columns and X has {len(names)}; an "
                f"array has no names to match them by, so hand over frames."
            )
        table.names = names
    columns = {
        str(name): AuditedColumn(str(name), kind_of(cells), cells)
        for name, cells in zip(table.names, table.columns, strict=True)
    }
    return columns, table.n_rows


def mix(values):
    """Spread the bits of whole numbers (the finalizer of SplitMix64)."""
    z = values + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def salted(column, position):
    """Return the hashes of a column, so that sums over columns name a row."""
    return mix(column.hashes() ^ mix(np.array([position], dtype=np.uint64)))
