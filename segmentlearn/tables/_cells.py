"""The cells of one column without their gaps, in the dtype they came in."""

import numpy as np
import pandas as pd

from segmentlearn.tables._columns import (
    BOOLEAN,
    CATEGORY,
    DATETIME,
    EMPTY,
    NUMBER,
    TIMEDELTA,
    factorize,
    kind_of,
    plain_level,
)

_MICROSECONDS_A_DAY = 86_400_000_000


def restore_numbers(values, numbers, kind):
    """Turn filled numbers back into what their column held."""
    if kind not in (DATETIME, TIMEDELTA):
        single = isinstance(values.dtype, np.dtype) and values.dtype == np.float32
        return numbers.astype(np.float32, copy=False) if single else numbers
    microseconds = np.round(numbers * _MICROSECONDS_A_DAY).astype(np.int64)
    if kind == TIMEDELTA:
        return microseconds.astype("m8[us]")
    moments = microseconds.astype("M8[us]")
    zone = getattr(values.dtype, "tz", None)
    if zone is None:
        return moments
    return pd.DatetimeIndex(moments).tz_localize("UTC").tz_convert(zone).array


def can_hold(values, fill, own_level):
    """Tell whether a column of categories stays of one type with its fill."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return True
    kind = kind_of(values)
    if kind == CATEGORY:
        is_text = isinstance(values.dtype, pd.StringDtype) or values.dtype.kind == "U"
        if values.dtype.kind == "O" and not is_text:
            is_text = pd.api.types.infer_dtype(values, skipna=True) == "string"
        return is_text and isinstance(fill, str)
    if kind == EMPTY:
        return isinstance(values.dtype, np.dtype)
    if fill == own_level or isinstance(fill, str):
        return False
    return kind == NUMBER or (kind == BOOLEAN and isinstance(fill, bool))


def fill_categories(values, missing, fill):
    """Return a column of categories with its gaps filled."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _fill_categorical(values, missing, fill)
    if not missing.any():
        return values
    filled = values.copy()
    filled[missing] = fill
    return filled


def as_text(values, fill):
    """Write every level as text and fill the gaps."""
    factor = factorize(values)
    texts = np.array(
        [*(str(level) for level in factor.levels), str(fill)], dtype=object
    )
    return texts[factor.codes]


def _fill_categorical(values, missing, fill):
    """Fill a categorical dtype, adding the fill to its categories where it is new."""
    plain = [plain_level(category) for category in values.categories]
    if fill not in plain:
        values = values.add_categories([fill])
        plain.append(fill)
    if not missing.any():
        return values
    codes = np.where(missing, plain.index(fill), values.codes)
    return pd.Categorical.from_codes(codes, dtype=values.dtype)
