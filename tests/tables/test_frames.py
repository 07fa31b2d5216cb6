"""Tables: what can be read, without a copy where that is possible."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from segmentlearn.exceptions import SchemaError
from segmentlearn.tables import (
    as_table,
    check_input_features,
    check_table,
    to_container,
    unique_names,
)


def test_a_float_array_is_not_copied():
    """Millions of rows stay where they are."""
    X = np.ones((3, 2), dtype=np.float32)
    assert np.shares_memory(as_table(X).numbers(), X)


def test_a_frame_of_one_float_block_is_not_copied():
    """The same for a frame made from an array."""
    X = np.ones((3, 2), dtype=np.float32)
    assert np.shares_memory(as_table(pd.DataFrame(X, copy=False)).numbers(), X)


def test_a_frame_of_single_precision_stays_so():
    """Also where it has other columns."""
    X = pd.DataFrame({"a": np.ones(2, dtype=np.float32), "b": ["x", "y"]})
    assert as_table(X).numbers([0]).dtype == np.float32


def test_columns_are_selected_in_the_order_asked_for():
    """By position."""
    table = as_table(pd.DataFrame({"a": [1], "b": ["x"], "c": [2.5]}))
    assert table.select([2, 0]).names == ["c", "a"]
    assert table.numbers([2, 0]).tolist() == [[2.5, 1.0]]


def test_lists_keep_the_types_of_their_cells():
    """numpy would turn the numbers into text."""
    assert as_table([[1, "a"], [2, "b"]]).kinds == ["number", "category"]


def test_anything_with_to_pandas_is_a_frame():
    """Tables of Arrow, for example."""
    pa = pytest.importorskip("pyarrow")
    table = as_table(pa.table({"a": [1, None], "b": ["x", "y"]}))
    assert table.names == ["a", "b"]
    assert table.kinds == ["number", "category"]


def test_lazy_frames_are_refused_with_the_cure():
    """They hold no rows yet."""
    pl = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"X\.collect\(\)"):
        as_table(pl.DataFrame({"a": [1]}).lazy())


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
    assert as_table(X).kinds == [
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
    check_table(estimator, pd.DataFrame({"a": [1], "b": [2]}), reset=True)
    with pytest.raises(ValueError, match=message):
        check_input_features(estimator, names)


def test_arrays_hold_what_columns_hold():
    """Floats give floats, anything else objects."""
    floats = [np.array([1.0]), np.array([2.0])]
    assert to_container(floats, ["a", "b"], "array").dtype == np.float64
    mixed = [np.array([1.0]), np.array(["x"], dtype=object)]
    assert to_container(mixed, ["a", "b"], "array").tolist() == [[1.0, "x"]]


def test_columns_without_a_name_are_numbered():
    """An array has none; numbers in a frame's header are names as text."""
    assert as_table(np.eye(2)).names == ["x0", "x1"]
    assert as_table(pd.DataFrame([[1, 2]], columns=[3, "a"])).names == ["3", "a"]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (pd.DataFrame({"a": []}), r"0 sample\(s\).* is required by audit\."),
        (pd.DataFrame(index=[0]), r"0 feature\(s\).* is required by audit\."),
        ([1, 2], "Expected 2D array"),
    ],
)
def test_what_is_no_table_is_refused(X, message):
    """In scikit-learn's words; who asked is named."""
    with pytest.raises(ValueError, match=message):
        as_table(X, "audit")


def test_repeated_names_are_refused():
    """Also where they are the same only as text."""
    with pytest.raises(SchemaError, match="occur more than once in X"):
        as_table(pd.DataFrame([[1, 2]], columns=[1, "1"]))


def test_names_are_those_of_fit():
    """A frame with other columns is another schema, an array another width."""
    estimator = BaseEstimator()
    table = check_table(estimator, pd.DataFrame({"a": [1], "b": [2]}), reset=True)
    assert table.names == ["a", "b"]
    with pytest.raises(SchemaError, match="feature names should match"):
        check_table(estimator, pd.DataFrame({"b": [1], "a": [2]}), reset=False)
    with pytest.raises(ValueError, match="X has 1 features"):
        check_table(estimator, np.eye(1), reset=False)
