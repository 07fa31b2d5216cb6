"""Columns as floats between which there is something, and back."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from segmentlearn.preprocessing import InterpolatedColumn, is_interpolable


@pytest.mark.parametrize(
    ("values", "middle"),
    [
        (np.array([1.5, 4.0]), 2.75),
        (np.array([1, 5], dtype=np.int8), 3),
        (np.array([Decimal("1.5"), Decimal("2.5")], dtype=object), Decimal("2.0")),
        (
            pd.array(pd.to_datetime(["2024-01-01", "2024-01-04"])),
            pd.Timestamp(2024, 1, 3),
        ),
    ],
)
def test_middle_of_two_cells(values, middle):
    """The mean of two cells is a cell of the same dtype, whole where both are whole."""
    column = InterpolatedColumn(values, "x")
    cells = column.cells(np.array([column.numbers.mean()]))
    assert cells.dtype == values.dtype
    assert cells[0] == middle


def test_text_has_nothing_in_between():
    """Text and truth values are no numbers."""
    assert not is_interpolable(np.array(["a"], dtype=object))
    assert not is_interpolable(np.array([True]))
