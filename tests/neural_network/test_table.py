"""Which tables a net takes as they come, and what is made of the others."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from segmentlearn import SegmentClassifier
from segmentlearn.exceptions import SchemaError
from segmentlearn.neural_network import as_matrix, check_finite, is_frame, is_ready

SMALL = pd.DataFrame({"a": [0.5, -1.0, 2.0], "b": [0.0, 1.0, 1.0]})


@pytest.mark.parametrize(
    "X",
    [
        SMALL.to_numpy(),
        SMALL.to_numpy() * 1000,
        SMALL.to_numpy().tolist(),
        SMALL.to_numpy().astype(object),
        SMALL.to_numpy() > 0,
        sparse.csr_matrix(SMALL.to_numpy()),
    ],
    ids=["array", "large array", "list", "object", "bool", "sparse"],
)
def test_numbers_are_ready(X):
    """Complete numbers are used as they come, but for frames."""
    assert is_ready(X)


@pytest.mark.parametrize(
    "X",
    [
        SMALL,
        SMALL.assign(c="text"),
        SMALL.assign(c=pd.Series([1, 2, 1], dtype="category")),
        SMALL.assign(c=[True, False, True]),
        SMALL.assign(c=pd.Series([1, 2, None], dtype="Int64")),
        SMALL.assign(c=[1.0, None, 2.0]),
        SMALL.assign(c=[1.0, np.inf, 2.0]),
        SMALL.assign(income=[40_000, 45_000, 50_000]),
        SMALL.assign(change=[-40.0, 0.0, 40.0]),
        SMALL.assign(score=[1, 5, 3]),
        pl.from_pandas(SMALL),
        np.array([[1.0, np.nan]]),
        [[1.0, None]],
        [[1.0, "text"]],
        np.array([["1", "2"]]),
    ],
    ids=[
        "small numbers",
        "text",
        "category",
        "bool",
        "nullable",
        "missing",
        "infinite",
        "far from zero",
        "wide",
        "whole numbers",
        "polars",
        "missing in array",
        "None in list",
        "text in list",
        "text array",
    ],
)
def test_raw_tables_are_prepared(X):
    """Text, categories, missing values and large numbers call for a preprocessor."""
    assert not is_ready(X)


def test_opposite_infinities_are_no_gap():
    """An array with inf and -inf is not taken for one with missing values."""
    assert is_ready(np.array([[np.inf], [-np.inf]]))


def test_what_a_frame_is():
    """pandas and polars frames have named columns; arrays and Series do not."""
    assert is_frame(SMALL)
    assert is_frame(pl.from_pandas(SMALL))
    assert not is_frame(SMALL.to_numpy())
    assert not is_frame(SMALL["a"])


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array, np.asarray])
def test_preprocessor_may_give_a_sparse_matrix(kind):
    """Sparse output, the default of one-hot encoders, is made dense."""
    matrix = as_matrix(kind(np.eye(2)))
    assert matrix.tolist() == [[1, 0], [0, 1]]
    assert matrix.dtype == np.float32


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (pd.DataFrame({"job": ["Artist"]}), "must give numbers only"),
        (np.zeros(3), r"gave shape \(3,\)"),
        (pd.DataFrame({"a": [1.0], "b": [np.nan]}), r"NaN.*\['b'\]"),
        (np.array([[1e300]]), r"too large for float32.*\[0\]"),
    ],
)
def test_preprocessor_that_leaves_work_undone(features, message):
    """Text, missing values and wrong shapes after a preprocessor are errors."""
    with pytest.raises(ValueError, match=message):
        as_matrix(features)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, r"X holds missing values \(NaN\) in column\(s\) \['b'\]"),
        (np.inf, r"X holds infinite values \(inf\).*\['b'\]"),
        (-np.inf, r"X holds infinite values \(inf\).*\['b'\]"),
        (-1e39, r"too large for float32, in column\(s\) \['b'\]"),
    ],
)
def test_columns_a_net_cannot_take_are_named(value, message):
    """Missing, infinite and too large numbers are reported with their columns."""
    matrix = np.array([[1.0, 2.0, 3.0], [1.0, value, 3.0]])
    with pytest.raises(SchemaError, match=message):
        check_finite(matrix, ["a", "b", "c"])


def test_columns_without_names_are_numbered():
    """The columns of an array are reported by position."""
    with pytest.raises(SchemaError, match=r"column\(s\) \[0, 1\]"):
        check_finite(np.array([[np.inf, -np.inf, 1.0]]))


def test_what_a_net_can_take_passes():
    """The largest float32, and a table without rows, are no error."""
    check_finite(np.array([[3.4e38, -3.4e38]]))
    check_finite(np.empty((0, 3)))


@pytest.mark.slow
def test_probabilities_that_are_no_numbers():
    """A row whose features are too much for the net is named."""
    X = np.linspace(-1, 1, 40).reshape(-1, 1)
    settings = {"max_epochs": 1, "n_inner_folds": 0, "n_members": 1}
    settings |= {"activation": "exponential", "random_state": 0}
    classifier = SegmentClassifier(numeric_embedding=None, **settings)
    classifier.fit(X, np.arange(40) % 2)
    with pytest.raises(ValueError, match=r"row 1, whose largest feature is 1e\+38"):
        classifier.predict_proba(np.array([[1.0], [-1e38]]))
