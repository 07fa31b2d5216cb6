"""Columns: kinds, numbers and levels of every dtype."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from segmentlearn.exceptions import SchemaError
from segmentlearn.tables import (
    Column,
    factorize,
    kind_of,
    level_counts,
    level_order,
    to_numbers,
)

EAST = datetime.timezone(datetime.timedelta(hours=1))


def objects(*cells):
    """An object column."""
    values = np.empty(len(cells), dtype=object)
    values[:] = cells
    return values


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([1, 2]), "number"),
        (objects(1, None, 2.5), "number"),
        (objects(decimal.Decimal(1), None), "number"),
        (objects(True, None), "boolean"),
        (objects("a", None), "category"),
        (objects(b"a"), "category"),
        (objects(datetime.time(1)), "category"),
        (objects(datetime.date(2020, 1, 1), None), "datetime"),
        (objects(pd.Period("2020")), "datetime"),
        (objects(datetime.timedelta(1)), "timedelta"),
        (objects(1, "a"), "mixed"),
        (objects({"a": 1}), "mixed"),
        (objects(None, np.nan, pd.NA), "empty"),
        (pd.array([1, None], dtype="Int8"), "number"),
        (pd.array([True, None], dtype="boolean"), "boolean"),
        (pd.array(["a", None], dtype="string"), "category"),
        (pd.arrays.SparseArray([0, 1]), "number"),
    ],
)
def test_kinds(values, kind):
    """From the dtype, or from the cells where it says nothing."""
    assert kind_of(values) == kind


@pytest.mark.parametrize("values", [np.array([1j]), objects(1j, 2j)])
def test_complex_numbers_are_refused(values):
    """No net here takes them."""
    with pytest.raises(ValueError, match="Complex data not supported"):
        kind_of(values)


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (objects(1, None, 2.5), [1.0, np.nan, 2.5]),
        (objects(decimal.Decimal("1.5"), pd.NA), [1.5, np.nan]),
        (pd.array([1, None], dtype="Int64"), [1.0, np.nan]),
        (pd.array([True, None], dtype="boolean"), [1.0, np.nan]),
        (np.array([True, False]), [1.0, 0.0]),
        (np.array(["1970-01-02T12", "NaT"], dtype="M8[s]"), [1.5, np.nan]),
        (objects(datetime.date(1969, 12, 31), None), [-1.0, np.nan]),
        (objects(datetime.datetime(9999, 1, 1)), [2932532.0]),
        (
            objects(datetime.datetime(1970, 1, 2, 1, tzinfo=EAST), pd.Timestamp(0)),
            [1.0, 0.0],
        ),
        (objects(pd.Period("1970-02", "M"), None), [31.0, np.nan]),
        (objects(datetime.timedelta(hours=6)), [0.25]),
        (pd.period_range("1970-01", periods=2, freq="M").array, [0.0, 31.0]),
    ],
)
def test_numbers(values, numbers):
    """Missing cells are NaN, dates are days."""
    np.testing.assert_array_equal(to_numbers(values, "c"), numbers)


def test_single_precision_is_kept_without_a_copy():
    """A float32 column is returned as it is."""
    values = np.ones(2, dtype=np.float32)
    assert to_numbers(values, "c") is values


def test_numbers_beyond_floats_are_refused_by_name():
    """Python's integers know no bound."""
    with pytest.raises(SchemaError, match="'c' holds a value that is out of range"):
        to_numbers(objects(10**400, 1), "c")


@pytest.mark.parametrize(
    ("level", "plain"),
    [
        (np.str_("a"), "a"),
        (np.int8(3), 3),
        (3.0, 3),
        (2.5, 2.5),
        (1e300, 1e300),
        (np.bool_(True), True),
        (b"a", "a"),
        (pd.Interval(0, 1), "(0, 1]"),
        (pd.Timestamp("2020-01-01"), "2020-01-01T00:00:00"),
        (np.datetime64("2020-01-01"), "2020-01-01T00:00:00"),
        (np.timedelta64(1, "D"), "P1DT0H0M0S"),
        (datetime.time(1), "01:00:00"),
    ],
)
def test_plain_levels(level, plain):
    """Plain Python values that compare equal across dtypes."""
    (found,) = factorize(objects(level)).levels
    assert found == plain
    assert type(found) is type(plain)


def test_levels_in_order_of_appearance():
    """-1 marks the missing cells."""
    factor = factorize(objects("b", None, "a", "b", pd.NA))
    assert factor.codes.tolist() == [0, -1, 1, 0, -1]
    assert factor.levels == ["b", "a"]


def test_unhashable_cells_count_as_their_text():
    """Lists and dicts have levels too."""
    assert factorize(objects(["a"], {"b": 1}, ["a"])).levels == ["['a']", "{'b': 1}"]


def test_cells_with_the_same_text_are_one_level():
    """Merged in the codes as well."""
    factor = factorize(objects(datetime.time(1), "01:00:00", "x"))
    assert factor.codes.tolist() == [0, 0, 1]
    assert factor.levels == ["01:00:00", "x"]


def test_more_than_127_categories():
    """The codes of a categorical dtype are as small as they can be."""
    values = pd.Categorical([str(number) for number in range(128)])
    assert len(level_counts(factorize(values))) == 128


def test_other_byte_orders_are_read():
    """A column from an old binary file."""
    assert factorize(np.array([2.0, 1.0], dtype=">f8")).levels == [2, 1]


def test_counts_leave_out_levels_without_rows():
    """None counts the missing cells."""
    values = pd.Categorical(["a", None, "a"], ["z", "a"])
    assert level_counts(factorize(values)) == {"a": 2, None: 1}


def test_levels_of_mixed_types_have_an_order():
    """Numbers before text, missing last."""
    assert sorted([None, "b", 2, "a", True], key=level_order) == [
        True,
        2,
        "a",
        "b",
        None,
    ]


def test_a_column_is_read_as_what_it_is_taken_for():
    """Codes written as numbers have levels, where somebody says so."""
    assert Column("store", np.array([7, 7, 9])).is_numeric
    column = Column("store", np.array([7, 7, 9]), "category")
    assert not column.is_numeric
    assert column.factor.levels == [7, 9]
    assert column.n_distinct == 2


def test_some_rows_of_a_column_keep_the_levels():
    """Codes of a sample stand for the same levels as those of the table."""
    column = Column("job", objects("a", "b", None, "b"))
    assert column.level_counts.tolist() == [1, 2]
    taken = column.take(np.array([1, 2]))
    assert taken.factor.levels == ["a", "b"]
    assert taken.factor.codes.tolist() == [1, -1]
    assert taken.missing.tolist() == [False, True]


def test_bins_of_numbers_and_levels():
    """Codes from 1 on; 0 is missing."""
    numbers = Column("age", np.array([1.0, 2.0, np.nan, 3.0, 4.0]))
    assert numbers.binned(2).tolist() == [1, 1, 0, 2, 2]
    assert Column("job", objects("a", None)).binned(2).tolist() == [1, 0]
    assert Column("none", np.full(2, np.nan)).binned(2).tolist() == [0, 0]
