"""population_stability_index: how far a column has moved."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn.metrics import population_stability_index


@pytest.fixture
def numbers():
    return np.random.default_rng(0).normal(size=400)


def test_a_column_has_not_moved_from_itself(numbers):
    """The index of equal columns is 0."""
    assert population_stability_index(numbers, numbers) == 0


def test_value_by_hand():
    """Two levels, counted with half a row more in each bin."""
    p, q = np.array([50.5, 50.5]) / 101, np.array([75.5, 25.5]) / 101
    found = population_stability_index(list("ab") * 50, ["a"] * 75 + ["b"] * 25)
    assert found == pytest.approx(((q - p) * np.log(q / p)).sum())


def test_grows_with_the_shift(numbers):
    """A larger shift has a larger index."""
    small, large = (
        population_stability_index(numbers, numbers + shift) for shift in (0.2, 1.0)
    )
    assert 0 < small < large


def test_gaps_count(numbers):
    """New missing values are a shift even where the numbers are the same."""
    new = np.where(np.arange(400) % 2, numbers, np.nan)
    assert population_stability_index(numbers, new) > 0.25


@pytest.mark.parametrize("dtype", ["object", "str", "category", "string"])
def test_text_of_any_dtype(dtype):
    """Levels count, not how they are stored."""
    old, new = pd.Series(["a", "b", None] * 20), pd.Series(["a", "a", "c"] * 20)
    found = population_stability_index(old.astype(dtype), new.astype(dtype))
    assert found == pytest.approx(population_stability_index(old, new))


def test_dates_are_numbers():
    """Moments fall into bins like the days that they stand for."""
    days = np.arange(100)
    dates = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(days, "D"))
    later = dates + pd.Timedelta(30, "D")
    assert population_stability_index(dates, later) == pytest.approx(
        population_stability_index(days, days + 30)
    )


def test_nullable_numbers():
    """pandas' own integers with missing values are read."""
    old = pd.Series([1, 2, None] * 10, dtype="Int64")
    assert population_stability_index(old, old) == 0


def test_empty_column_is_refused(numbers):
    """There is nothing to compare with."""
    with pytest.raises(ValueError, match="actual has no cells"):
        population_stability_index(numbers, [])


def test_numbers_and_text_are_refused(numbers):
    """A column that became text is another defect."""
    with pytest.raises(ValueError, match=r"pandas\.to_numeric"):
        population_stability_index(numbers, ["a", "b"])
