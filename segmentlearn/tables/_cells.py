"""Columns with their missing cells filled, in the dtype they had."""

from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.tables._columns import (
    BOOLEAN,
    CATEGORY,
    DATETIME,
    EMPTY,
    NUMBER,
    TIMEDELTA,
    Factor,
    kind_of,
    plain_level,
)

_MICROSECONDS_A_DAY = 86_400_000_000


def restore_numbers(values: Any, numbers: np.ndarray, kind: str) -> Any:
    """Convert filled numbers back to the kind and dtype of their column."""
    if kind not in (DATETIME, TIMEDELTA):
        single = isinstance(values.dtype, np.dtype) and values.dtype == np.float32
        return numbers.astype(np.float32, copy=False) if single else numbers
    microseconds = np.round(numbers * _MICROSECONDS_A_DAY).astype(np.int64)
    if kind == TIMEDELTA:
        return microseconds.astype("m8[us]")
    dates = microseconds.astype("M8[us]")
    zone = getattr(values.dtype, "tz", None)
    if zone is None:
        return dates
    return pd.DatetimeIndex(dates).tz_localize("UTC").tz_convert(zone).array


def can_hold(values: Any, fill: Any) -> bool:
    """Return whether a column of categories stays of one type with its fill."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return True
    kind = kind_of(values)
    if kind == EMPTY:
        return isinstance(values.dtype, np.dtype)
    if isinstance(fill, str):
        # objects of this kind may be bytes, times or intervals too
        inferred = pd.api.types.infer_dtype(values, skipna=True)
        return kind == CATEGORY and inferred == "string"
    return kind == NUMBER or (kind == BOOLEAN and isinstance(fill, bool))


def fill_categories(values: Any, missing: np.ndarray, fill: Any) -> Any:
    """Return a column of categories with its missing cells filled."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        plain = [plain_level(category) for category in values.categories]
        if fill not in plain:
            values = values.add_categories([fill])
            plain.append(fill)
        if missing.any():
            codes = np.where(missing, plain.index(fill), values.codes)
            values = pd.Categorical.from_codes(codes, dtype=values.dtype)
    elif missing.any():
        values = values.copy()
        values[missing] = fill
    return values


def as_text(factor: Factor, fill: Any) -> np.ndarray:
    """Write every level as text and fill the missing cells."""
    texts = [*map(str, factor.levels), str(fill)]
    return np.array(texts, dtype=object)[factor.codes]
