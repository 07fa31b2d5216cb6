"""One column of a table: its kind, its numbers, its levels."""

import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SchemaError

NUMBER = "number"
DATETIME = "datetime"
TIMEDELTA = "timedelta"
BOOLEAN = "boolean"
CATEGORY = "category"
MIXED = "mixed"
EMPTY = "empty"

NUMERIC_KINDS = (NUMBER, DATETIME, TIMEDELTA)

_MICROSECONDS_A_DAY = 86_400_000_000
_LARGEST_EXACT = 2**53  # floats above don't tell neighbouring whole numbers apart

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


def kind_of(values):
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


def missing_mask(values):
    """Mark the missing cells: None, NaN, NaT and pandas' NA."""
    return np.asarray(pd.isna(values), dtype=bool)


def to_numbers(values, name):
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
            return _days(to_datetimes(values))
        if kind == TIMEDELTA:
            return _days(np.asarray(pd.to_timedelta(values), dtype="m8[us]"))
        return _objects_to_floats(values)
    except (OverflowError, pd.errors.OutOfBoundsDatetime) as error:
        raise SchemaError(
            f"Column {name!r} holds a value that is out of range: {error}. Remove or "
            f"correct it."
        ) from error


def to_datetimes(values):
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


def factorize(values):
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


def level_counts(factor):
    """Count the rows of each level that occurs."""
    counts = np.bincount(factor.codes + 1, minlength=len(factor.levels) + 1)
    counted = {
        level: int(count)
        for level, count in zip(factor.levels, counts[1:], strict=True)
        if count
    }
    if counts[0]:
        counted[None] = int(counts[0])
    return counted


def plain_level(level):
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


def level_order(level):
    """Sort key that puts levels of mixed types into one lasting order."""
    if level is None:
        return (2, 0, "")
    if isinstance(level, str):
        return (1, 0, level)
    return (0, level, "")


def _merge_equal(codes, uniques):
    """Give levels that are equal as plain values one code."""
    levels = [plain_level(level) for level in uniques]
    first = {}
    for level in levels:
        first.setdefault(level, len(first))
    if len(first) < len(levels):
        target = np.array([*(first[level] for level in levels), -1])
        codes = target[codes]
    return codes, list(first)


def _is_scalar(cell):
    """Tell text, numbers and missing markers from lists, dicts and arrays."""
    return cell is None or pd.api.types.is_scalar(cell)


def _as_objects(values):
    """Return the cells as an object array, without a copy where they are one."""
    return np.asarray(values, dtype=object)


def _objects_to_floats(values):
    """Convert nullable numbers, truth values and objects; missing cells become NaN."""
    missing = missing_mask(values)
    numbers = np.full(len(values), np.nan)
    present = ~missing
    if isinstance(values.dtype, np.dtype | pd.SparseDtype):
        numbers[present] = np.asarray(values)[present].astype(np.float64)
    else:
        numbers[present] = values[present].to_numpy(dtype=np.float64)
    return numbers


def _naive_moment(cell):
    """Turn one date, time or period into a moment in UTC without a zone."""
    if isinstance(cell, pd.Period):
        cell = cell.to_timestamp()
    zone = getattr(cell, "tzinfo", None)
    if zone is not None:
        cell = cell.astimezone(datetime.UTC).replace(tzinfo=None)
    return np.datetime64(cell, "us")


def _days(moments):
    """Count days, fractions included; NaT becomes NaN."""
    days = moments.astype(np.int64) / _MICROSECONDS_A_DAY
    days[np.isnat(moments)] = np.nan
    return days
