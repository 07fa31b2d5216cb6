"""A column of a table: its kind, numbers and levels, and whether it identifies rows."""

import datetime
import functools
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SchemaError
from segmentlearn.tables._identifiers import numbers_identify, text_identifies
from segmentlearn.tables._implausible import implausible_cells

NUMBER = "number"
DATETIME = "datetime"
TIMEDELTA = "timedelta"
BOOLEAN = "boolean"
CATEGORY = "category"
MIXED = "mixed"
EMPTY = "empty"

NUMERIC_KINDS = (NUMBER, DATETIME, TIMEDELTA)

_MICROSECONDS_A_DAY = 86_400_000_000
_LARGEST_EXACT = 2**53  # above it two whole numbers can be the same float

# letters of numpy's dtypes, and what pandas infers from objects
_NAMES_OF_KIND = {
    NUMBER: "i u f integer floating mixed-integer-float decimal",
    BOOLEAN: "b boolean",
    CATEGORY: "U S string bytes categorical interval time",
    DATETIME: "M date datetime datetime64 period",
    TIMEDELTA: "m timedelta timedelta64",
    EMPTY: "empty",
}
_KINDS = {
    name: kind for kind, names in _NAMES_OF_KIND.items() for name in names.split()
}


def kind_of(values: Any) -> str:
    """Return the kind of a column, from its dtype or from the cells of objects."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype | pd.StringDtype | pd.IntervalDtype):
        return CATEGORY
    if isinstance(dtype, pd.PeriodDtype):
        return DATETIME
    if isinstance(dtype, pd.SparseDtype):
        dtype = dtype.subtype
    name = dtype.kind
    if name == "O":
        name = pd.api.types.infer_dtype(_as_objects(values), skipna=True)
    if name in ("c", "complex"):
        raise ValueError("Complex data not supported")
    return _KINDS.get(name, MIXED)


def missing_mask(values: Any) -> np.ndarray:
    """Mark the missing cells: None, NaN, NaT and pandas' NA."""
    return np.asarray(pd.isna(values), dtype=bool)


def to_numbers(values: Any, name: str) -> np.ndarray:
    """Read a numeric column as floats, missing cells as NaN.

    Dates become days since 1970-01-01 (UTC), durations days, truth values 0 and 1.
    """
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "fiub":
        if dtype.kind == "f" and dtype.itemsize <= 4:
            return values.astype(np.float32, copy=False)
        return np.asarray(values).astype(np.float64, copy=False)
    kind = kind_of(values)
    try:
        if kind == DATETIME:
            return _days(_to_datetimes(values))
        if kind == TIMEDELTA:
            return _days(np.asarray(pd.to_timedelta(values), dtype="m8[us]"))
        return _objects_to_floats(values)
    except (OverflowError, pd.errors.OutOfBoundsDatetime) as error:
        raise SchemaError(
            f"Column {name!r} holds a value that is out of range: {error}. Remove or "
            f"correct it."
        ) from error


def _to_datetimes(values: Any) -> np.ndarray:
    """Read dates of any origin as UTC microseconds without a time zone."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
        return np.asarray(values).astype("M8[us]", copy=False)
    if isinstance(values.dtype, pd.PeriodDtype):
        return np.asarray(values.to_timestamp(), dtype="M8[us]")
    if values.dtype.kind == "O":
        dates = np.full(len(values), "NaT", dtype="M8[us]")
        present = ~missing_mask(values)
        dates[present] = [_naive_utc(cell) for cell in _as_objects(values)[present]]
        return dates
    dates = pd.to_datetime(pd.Series(values), utc=True)
    return dates.dt.tz_localize(None).to_numpy(dtype="M8[us]")


class Factor(NamedTuple):
    """A column of categories as numbers.

    Attributes
    ----------
    codes : ndarray of int of shape (n_rows,)
        Index of each cell's level, -1 where the cell is missing.
    levels : list
        The levels as plain str, int, float or bool; each one once.
    ordered : bool
        True where the order of the levels means something.
    whole : ndarray of int of shape (n_levels + 1, n_folds, n_classes) or None
        Of a column whose cells were drawn from a larger table, the rows of that table
        with each level, then with missing cells, by fold and class.
    """

    codes: np.ndarray
    levels: list
    ordered: bool
    whole: np.ndarray | None = None

    def counts(self) -> np.ndarray:
        """Return the rows of each level, then those of missing cells."""
        if self.whole is not None:
            return self.whole.sum(axis=(1, 2))
        counts = np.bincount(self.codes + 1, minlength=len(self.levels) + 1)
        return np.append(counts[1:], counts[0])

    def take(self, rows: Any) -> "Factor":
        """Return some rows; the levels stay the same."""
        return self._replace(codes=self.codes[rows], whole=None)

    def filled(self, level: Any) -> "Factor":
        """Return the column with a level in its missing cells."""
        missing, whole = self.codes < 0, self.whole
        if not (missing.any() or (whole is not None and whole[-1].any())):
            return self
        levels = self.levels if level in self.levels else [*self.levels, level]
        place = levels.index(level)
        if whole is not None:
            rows = np.zeros((len(levels) + 1, *whole.shape[1:]), np.int64)
            rows[: len(self.levels)] = whole[:-1]
            rows[place] += whole[-1]
            whole = rows
        codes = np.where(missing, place, self.codes)
        return Factor(codes, levels, self.ordered, whole)


class Column:
    """A column, whose properties are computed when they are first used.

    Parameters
    ----------
    name : str
        Name of the column.
    cells : ndarray of shape (n_rows,) or pandas ExtensionArray
        The cells in their own dtype.
    kind : str or None
        Kind of the column; None infers it from the cells.
    factor : Factor or None
        Its levels where they are not those of the cells, such as after rare levels
        were merged.
    """

    def __init__(
        self,
        name: str,
        cells: Any,
        kind: str | None = None,
        factor: Factor | None = None,
    ) -> None:
        self.name, self.cells = name, cells
        if kind is not None:
            self.kind = kind
        if factor is not None:
            self.factor = factor

    def __len__(self) -> int:
        return len(self.cells)

    @functools.cached_property
    def kind(self) -> str:
        """Kind of the column, such as NUMBER."""
        return kind_of(self.cells)

    @property
    def is_numeric(self) -> bool:
        """Whether the column holds numbers, dates or durations."""
        return self.kind in NUMERIC_KINDS

    @functools.cached_property
    def missing(self) -> np.ndarray:
        """True where a cell is missing."""
        return missing_mask(self.cells)

    @functools.cached_property
    def numbers(self) -> np.ndarray:
        """The cells of a numeric column as float64, NaN where missing."""
        return to_numbers(self.cells, self.name).astype(np.float64, copy=False)

    @functools.cached_property
    def factor(self) -> Factor:
        """The cells as codes of levels."""
        return factorize(self.cells)

    @property
    def level_counts(self) -> np.ndarray:
        """Rows of each level of ``factor``, those without a row too."""
        return self.factor.counts()[:-1]

    @functools.cached_property
    def n_distinct(self) -> int:
        """Number of distinct values, missing cells left out."""
        if self.is_numeric:
            return len(pd.unique(self.numbers[~self.missing]))
        return int(np.count_nonzero(self.level_counts))

    @property
    def identifies(self) -> bool:
        """Whether the column looks like an identifier."""
        if self.is_numeric:
            return self.kind == NUMBER and numbers_identify(self.name, self.numbers)
        if self.n_distinct <= 2:
            return False
        counts = self.level_counts
        levels = [self.factor.levels[at] for at in np.flatnonzero(counts)]
        return text_identifies(self.name, levels, int(counts.sum()))

    @functools.cached_property
    def implausible(self) -> dict[str, np.ndarray]:
        """Masks of the cells of a numeric column that are probably wrong, by reason."""
        if not self.is_numeric:
            return {}
        return implausible_cells(self.name, self.numbers, self.kind)

    def take(self, rows: Any) -> "Column":
        """Return some rows; levels that are known already stay the same."""
        factor = self.factor.take(rows) if "factor" in vars(self) else None
        return Column(self.name, self.cells[rows], self.kind, factor)

    def binned(self, n_bins: int, method: Any = "linear") -> np.ndarray:
        """Return a code for each level or quantile bin, 0 where a cell is missing."""
        if not self.is_numeric:
            return self.factor.codes + 1
        present = self.numbers[~np.isnan(self.numbers)]
        if not len(present):
            return np.zeros(len(self), dtype=np.intp)
        shares = np.arange(1, n_bins) / n_bins
        edges = np.unique(np.quantile(present, shares, method=method))
        codes = np.searchsorted(edges, self.numbers) + 1
        codes[np.isnan(self.numbers)] = 0
        return codes


def factorize(values: Any) -> Factor:
    """Number the levels of a column."""
    if isinstance(values, pd.arrays.NumpyExtensionArray):
        values = values.to_numpy()  # pandas 2.2 does not factorize its own
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = np.asarray(values.codes, dtype=np.intp)
        return Factor(*_merge_equal(codes, values.categories), bool(values.ordered))
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "b":
        return Factor(np.asarray(values).astype(np.intp), [False, True], False)
    if isinstance(values.dtype, pd.SparseDtype):
        values = np.asarray(values)
    if values.dtype.kind == "c":
        raise ValueError("Complex data not supported")
    if isinstance(values.dtype, np.dtype):  # pandas hashes the native byte order only
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
    try:
        codes, uniques = pd.factorize(values)
    except TypeError:
        # lists, dicts and the like cannot be hashed
        objects = _as_objects(values)
        cells = [
            cell if pd.api.types.is_scalar(cell) else str(cell) for cell in objects
        ]
        codes, uniques = pd.factorize(np.array(cells, dtype=object))
    return Factor(*_merge_equal(codes, uniques), False)


def level_counts(factor: Factor) -> dict[Any, int]:
    """Count the rows of each level that occurs, of missing cells under None."""
    counted = zip([*factor.levels, None], factor.counts().tolist(), strict=True)
    return {level: count for level, count in counted if count}


def plain_level(level: Any) -> Any:
    """Turn a level into a plain Python value that compares equal across dtypes.

    A whole float becomes an int: an integer column turns into floats as soon as one
    cell is missing, and its levels must stay the same.
    """
    if isinstance(level, str):
        return str(level)
    if isinstance(level, bool | np.bool_):
        return bool(level)
    if isinstance(level, np.datetime64 | np.timedelta64):
        kind = pd.Timestamp if isinstance(level, np.datetime64) else pd.Timedelta
        return kind(level).isoformat()
    if isinstance(level, int | np.integer):
        return int(level)
    if isinstance(level, float | np.floating):
        level = float(level)
        exact = level.is_integer() and abs(level) <= _LARGEST_EXACT
        return int(level) if exact else level
    if isinstance(level, bytes):
        return level.decode("utf-8", errors="replace")
    if hasattr(level, "isoformat"):
        return level.isoformat()
    return str(level)


def level_order(level: Any) -> tuple:
    """Sort key that gives levels of mixed types a fixed order."""
    if isinstance(level, str):
        return (1, 0, level)
    return (2, 0, "") if level is None else (0, level, "")


def _merge_equal(codes: np.ndarray, uniques: Any) -> tuple[np.ndarray, list]:
    """Give levels that are equal as plain values one code."""
    levels = [plain_level(level) for level in uniques]
    distinct = list(dict.fromkeys(levels))
    if len(distinct) < len(levels):
        code_of = {level: code for code, level in enumerate(distinct)}
        codes = np.array([*map(code_of.__getitem__, levels), -1])[codes]
    return codes, distinct


def _as_objects(values: Any) -> np.ndarray:
    """Return the cells as an object array, without a copy where they are one."""
    return np.asarray(values, dtype=object)


def _objects_to_floats(values: Any) -> np.ndarray:
    """Convert nullable numbers, truth values and objects; missing cells become NaN."""
    numbers = np.full(len(values), np.nan)
    present = ~missing_mask(values)
    if isinstance(values.dtype, np.dtype | pd.SparseDtype):
        numbers[present] = np.asarray(values)[present].astype(np.float64)
    else:
        numbers[present] = values[present].to_numpy(dtype=np.float64)
    return numbers


def _naive_utc(cell: Any) -> np.datetime64:
    """Turn a date, time or period into a time in UTC without a zone."""
    if isinstance(cell, pd.Period):
        cell = cell.to_timestamp()
    if getattr(cell, "tzinfo", None) is not None:
        cell = cell.astimezone(datetime.UTC).replace(tzinfo=None)
    return np.datetime64(cell, "us")


def _days(times: np.ndarray) -> np.ndarray:
    """Count days, fractions included; NaT becomes NaN."""
    days = times.astype(np.int64) / _MICROSECONDS_A_DAY
    days[np.isnat(times)] = np.nan
    return days
