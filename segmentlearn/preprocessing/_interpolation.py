"""Columns as floats that can be interpolated, and the results as the column's cells."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.tables import NUMBER, kind_of, to_numbers

_DAY = pd.Timedelta(days=1)


def is_interpolable(values: Any) -> bool:
    """Return whether a value between two cells of a column can be one of its cells."""
    return kind_of(values) == NUMBER or values.dtype.kind in "mM"


class InterpolatedColumn:
    """A column without missing cells, as floats and back.

    Attributes
    ----------
    numbers : ndarray of float64 of shape (n_rows,)
        The cells; dates and durations are days since the first.
    is_whole : bool
        Whether all numbers are whole. What is made of them is rounded, so that a count
        stays a count, a date without a time a date, and a 0/1 column one of 0 and 1.
    """

    def __init__(self, values: Any, name: str) -> None:
        self._values = values
        self._is_time = values.dtype.kind in "mM"
        if self._is_time:
            times = pd.Series(values)
            self._start = times.min()
            self.numbers = ((times - self._start) / _DAY).to_numpy(dtype=np.float64)
        else:
            self.numbers = to_numbers(values, name).astype(np.float64, copy=False)
        self.is_whole = bool((self.numbers == np.rint(self.numbers)).all())

    @property
    def is_flag(self) -> bool:
        """Whether the column holds 0 and 1 only."""
        return not self._is_time and bool(np.isin(self.numbers, (0, 1)).all())

    def cells(self, numbers: np.ndarray) -> Any:
        """Return numbers between those of the column as cells of its dtype."""
        numbers = np.clip(numbers, self.numbers.min(), self.numbers.max())
        if self.is_whole:
            numbers = np.rint(numbers)
        if self._is_time:
            times = pd.Series(self._start + pd.to_timedelta(numbers, unit="D"))
            return times.astype(pd.Series(self._values).dtype).array
        dtype = self._values.dtype
        if dtype == np.dtype(object):
            return self._objects(numbers)
        if dtype.kind in "iu":
            numbers = self._integers(numbers)
        if isinstance(dtype, np.dtype):
            return numbers.astype(dtype, copy=False)
        return pd.array(numbers, dtype=dtype)

    def _integers(self, whole: np.ndarray) -> np.ndarray:
        """Return integers; a float near the end of their range might not fit."""
        given = np.asarray(self._values)
        if given.dtype.kind not in "iu":  # a nullable column in an older pandas
            given = given.astype(np.int64)
        low, high = given.min(), given.max()
        with np.errstate(invalid="ignore"):
            integers = whole.astype(given.dtype)
        integers[whole <= float(low)] = low
        integers[whole >= float(high)] = high
        return integers

    def _objects(self, numbers: np.ndarray) -> np.ndarray:
        """Return Python numbers of the kind that the column holds."""
        kind = pd.api.types.infer_dtype(np.asarray(self._values, dtype=object))
        make: dict[str, Any] = {"integer": int, "decimal": lambda x: Decimal(repr(x))}
        cells = np.empty(len(numbers), dtype=object)
        cells[:] = [make.get(kind, float)(number) for number in numbers.tolist()]
        return cells
