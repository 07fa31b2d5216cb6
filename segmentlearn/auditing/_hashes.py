"""Cells and rows as 64-bit numbers, equal for equal cells of any table."""

import functools

import numpy as np
import pandas as pd

from segmentlearn.tables import Column

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # the increment of SplitMix64


def cell_hashes(column: Column) -> np.ndarray:
    """Return one number for each cell."""
    if column.is_numeric:
        # 0.0 and -0.0 are equal and differ in a bit
        hashed = (column.numbers + 0.0).view(np.uint64).copy()
        hashed[column.missing] = _GOLDEN
        return _mix(hashed)
    levels = np.array([repr(level) for level in column.factor.levels], dtype=object)
    hashed = pd.util.hash_array(levels, categorize=False).astype(np.uint64)
    return _mix(np.append(hashed, _GOLDEN)[column.factor.codes])


def salted_hashes(columns: list[Column]) -> list[np.ndarray]:
    """Return the hashes of each column, different for the same cell in another one."""
    salts = _mix(np.arange(len(columns), dtype=np.uint64))
    return [
        _mix(cell_hashes(column) ^ salt)
        for column, salt in zip(columns, salts, strict=True)
    ]


def row_hashes(hashed: list[np.ndarray]) -> np.ndarray:
    """Return one number for each row, from which a column can be subtracted again."""
    return functools.reduce(np.add, hashed)


def _mix(values: np.ndarray) -> np.ndarray:
    """Scatter the bits of whole numbers (the finalizer of SplitMix64)."""
    z = values + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
