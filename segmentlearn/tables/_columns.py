"""One column of a table: its kind, its numbers, its levels, what identifies rows."""

import datetime
import functools
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SchemaError
from segmentlearn.tables._identifiers import numbers_identify, text_identifies

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

_KIND_OF_DTYPE = {
    "i": NUMBER,
    "u": NUMBER,
    "f": NUMBER,
    "b": BOOLEAN,
    "M": DATETIME,
    "m": TIMEDELTA,
    "U": CATEGORY,
    "S": CATEGORY,
}

_KIND_OF_OBJECTS = {
    "integer": NUMBER,
    "floating": NUMBER,
    "mixed-integer-float": NUMBER,
    "decimal": NUMBER,
    "boolean": BOOLEAN,
    "string": CATEGORY,
    "bytes": CATEGORY,
    "categorical": CATEGORY,
    "interval": CATEGORY,
    "time": CATEGORY,
    "date": DATETIME,
    "datetime": DATETIME,
    "datetime64": DATETIME,
    "period": DATETIME,
    "timedelta": TIMEDELTA,
    "timedelta64": TIMEDELTA,
    "empty": EMPTY,
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
    if dtype.kind == "O":
        inferred = pd.api.types.infer_dtype(_as_objects(values), skipna=True)
        if inferred == "complex":
            raise ValueError("Complex data not supported")
        return _KIND_OF_OBJECTS.get(inferred, MIXED)
    if dtype.kind == "c":
        raise ValueError("Complex data not supported")
    return _KIND_OF_DTYPE.get(dtype.kind, MIXED)


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
        moments = np.full(len(values), "NaT", dtype="M8[us]")
        present = ~missing_mask(values)
        moments[present] = [
            _naive_moment(cell) for cell in _as_objects(values)[present]
        ]
        return moments
    moments = pd.to_datetime(pd.Series(values), utc=True)
    return moments.dt.tz_localize(None).to_numpy(dtype="M8[us]")


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
    """

    codes: np.ndarray
    levels: list
    ordered: bool

    def counts(self) -> np.ndarray:
        """Return the rows of each level, then those of missing cells."""
        counts = np.bincount(self.codes + 1, minlength=len(self.levels) + 1)
        return np.roll(counts, -1)

    def take(self, rows: Any) -> "Factor":
        """Return some rows; the levels stay the same."""
        return self._replace(codes=self.codes[rows])


class Column:
    """One column, read as far as it is asked for.

    Parameters
    ----------
    name : str
        Name of the column.
    cells : ndarray of shape (n_rows,) or pandas ExtensionArray
        As they came.
    kind : str or None
        What the column is taken for; None goes by the cells.
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
        """One of the kinds above."""
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
        n_present = int(np.count_nonzero(~self.missing))
        return self.n_distinct > 2 and text_identifies(
            self.name, self.n_distinct, n_present
        )

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
        cells = [
            cell if _is_scalar(cell) else str(cell) for cell in _as_objects(values)
        ]
        codes, uniques = pd.factorize(np.array(cells, dtype=object))
    return Factor(*_merge_equal(codes, uniques), False)


def level_counts(factor: Factor) -> dict[Any, int]:
    """Count the rows of each level that occurs, of missing cells under None."""
    counted = zip([*factor.levels, None], factor.counts().tolist(), strict=True)
    return {level: count for level, count in counted if count}


def plain_level(level: Any) -> Any:
    """Turn one level into a plain Python value that compares equal across dtypes.

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
    """Sort key that puts levels of mixed types into one lasting order."""
    if level is None:
        return (2, 0, "")
    if isinstance(level, str):
        return (1, 0, level)
    return (0, level, "")


def _merge_equal(codes: np.ndarray, uniques: Any) -> tuple[np.ndarray, list]:
    """Give levels that are equal as plain values one code."""
    levels = [plain_level(level) for level in uniques]
    first: dict[Any, int] = {}
    for level in levels:
        first.setdefault(level, len(first))
    if len(first) < len(levels):
        target = np.array([*(first[level] for level in levels), -1])
        codes = target[codes]
    return codes, list(first)


def _is_scalar(cell: Any) -> bool:
    """Return whether a cell is text, a number or missing, not a list or a dict."""
    return cell is None or pd.api.types.is_scalar(cell)


def _as_objects(values: Any) -> np.ndarray:
    """Return the cells as an object array, without a copy where they are one."""
    return np.asarray(values, dtype=object)


def _objects_to_floats(values: Any) -> np.ndarray:
    """Convert nullable numbers, truth values and objects; missing cells become NaN."""
    missing = missing_mask(values)
    numbers = np.full(len(values), np.nan)
    present = ~missing
    if isinstance(values.dtype, np.dtype | pd.SparseDtype):
        numbers[present] = np.asarray(values)[present].astype(np.float64)
    else:
        numbers[present] = values[present].to_numpy(dtype=np.float64)
    return numbers


def _naive_moment(cell: Any) -> np.datetime64:
    """Turn one date, time or period into a moment in UTC without a zone."""
    if isinstance(cell, pd.Period):
        cell = cell.to_timestamp()
    zone = getattr(cell, "tzinfo", None)
    if zone is not None:
        cell = cell.astimezone(datetime.UTC).replace(tzinfo=None)
    return np.datetime64(cell, "us")


def _days(moments: np.ndarray) -> np.ndarray:
    """Count days, fractions included; NaT becomes NaN."""
    days = moments.astype(np.int64) / _MICROSECONDS_A_DAY
    days[np.isnat(moments)] = np.nan
    return days
