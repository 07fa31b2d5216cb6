"""Tables: what can be read, without a copy where that is possible."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from segmentlearn.tables._containers import put_together
from segmentlearn.tables._frames import read_table
from segmentlearn.tables._schema import check_input_features, unique_names


def read(X):
    """Read a table for an estimator of no kind."""
    return read_table(BaseEstimator(), X, reset=True)


def test_a_float_array_is_not_copied():
    """Millions of rows stay where they are."""
    X = np.ones((3, 2), dtype=np.float32)
    assert np.shares_memory(read(X).numbers(), X)


def test_a_frame_of_one_float_block_is_not_copied():
    """The same for a frame made from an array."""
    X = np.ones((3, 2), dtype=np.float32)
    assert np.shares_memory(read(pd.DataFrame(X, copy=False)).numbers(), X)


def test_a_frame_of_single_precision_stays_so():
    """Also where it has other columns."""
    X = pd.DataFrame({"a": np.ones(2, dtype=np.float32), "b": ["x", "y"]})
    assert read(X).numbers([0]).dtype == np.float32


def test_columns_are_selected_in_the_order_asked_for():
    """By position."""
    table = read(pd.DataFrame({"a": [1], "b": ["x"], "c": [2.5]}))
    assert table.select([2, 0]).names == ["c", "a"]
    assert table.numbers([2, 0]).tolist() == [[2.5, 1.0]]


def test_lists_keep_the_types_of_their_cells():
    """numpy would turn the numbers into text."""
    assert read([[1, "a"], [2, "b"]]).kinds() == ["number", "category"]


def test_anything_with_to_pandas_is_a_frame():
    """Tables of Arrow, for example."""
    pa = pytest.importorskip("pyarrow")
    table = read(pa.table({"a": [1, None], "b": ["x", "y"]}))
    assert table.names == ["a", "b"]
    assert table.kinds() == ["number", "category"]


def test_lazy_frames_are_refused_with_the_cure():
    """They hold no rows yet."""
    pl = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"X\.collect\(\)"):
        read(pl.DataFrame({"a": [1]}).lazy())


def test_polars_needs_no_pyarrow(monkeypatch):
    """Every dtype is read with polars alone."""
    pl = pytest.importorskip("polars")
    import datetime
    import decimal
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    moment = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    X = pl.DataFrame(
        {
            "whole": pl.Series([1, None], dtype=pl.Int32),
            "text": ["a", None],
            "truth": [True, None],
            "category": pl.Series(["a", None], dtype=pl.Categorical),
            "enum": pl.Series(["a", None], dtype=pl.Enum(["b", "a"])),
            "date": [moment.date(), None],
            "moment": pl.Series([moment, None], dtype=pl.Datetime("us", "UTC")),
            "duration": [datetime.timedelta(1), None],
            "time": [datetime.time(1), None],
            "decimal": pl.Series([decimal.Decimal("1.5"), None]),
            "nothing": [None, None],
            "list": [["a"], None],
        }
    )
    assert read(X).kinds() == [
        "number",
        "category",
        "boolean",
        "category",
        "category",
        "datetime",
        "datetime",
        "timedelta",
        "category",
        "number",
        "empty",
        "mixed",
    ]


def test_names_are_made_unique():
    """A name that is wanted elsewhere is not taken."""
    assert unique_names(["a", "a", "a_2", "a"]) == ["a", "a_3", "a_2", "a_4"]


@pytest.mark.parametrize(
    ("names", "message"),
    [(["a"], "not equal to feature_names_in_"), (["b", "a"], "not equal")],
)
def test_input_features_must_be_those_of_fit(names, message):
    """As scikit-learn has it."""
    estimator = BaseEstimator()
    read_table(estimator, pd.DataFrame({"a": [1], "b": [2]}), reset=True)
    with pytest.raises(ValueError, match=message):
        check_input_features(estimator, names)


def test_arrays_are_put_together_by_what_columns_hold():
    """Floats give floats, anything else objects."""
    floats = [np.array([1.0]), np.array([2.0])]
    assert put_together(floats, ["a", "b"], "array").dtype == np.float64
    mixed = [np.array([1.0]), np.array(["x"], dtype=object)]
    assert put_together(mixed, ["a", "b"], "array").tolist() == [[1.0, "x"]]
