"""MixedImputer: every strategy, frames that stay frames, and what new data may hold."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.compose import make_column_transformer
from sklearn.impute import KNNImputer

from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.preprocessing import MixedImputer


@pytest.fixture
def table():
    """Four customers, a missing cell in each of two columns."""
    return pd.DataFrame(
        {
            "age": [20.0, np.nan, 40.0, 90.0],
            "job": ["Artist", "Judge", None, "Artist"],
            "cars": [1, 2, 3, 4],
        }
    )


@pytest.mark.parametrize(("strategy", "filled"), [("median", 40.0), ("mean", 50.0)])
def test_numbers_get_the_median_or_mean(table, strategy, filled):
    """Of 20, 40 and 90."""
    Xt = MixedImputer(strategy).fit_transform(table)
    assert Xt["age"].tolist() == [20.0, filled, 40.0, 90.0]


def test_categories_get_the_most_frequent_level(table):
    """Artist occurs twice."""
    assert MixedImputer().fit_transform(table)["job"].tolist()[2] == "Artist"


def test_a_tie_goes_to_the_first_level_in_order():
    """Equally frequent levels: the answer does not depend on the order of rows."""
    for jobs in (["b", "a", None], ["a", "b", None]):
        Xt = MixedImputer().fit_transform(pd.DataFrame({"job": jobs}))
        assert Xt["job"][2] == "a"


def test_categories_may_get_a_level_of_their_own(table):
    """The level is called "missing"."""
    Xt = MixedImputer(categorical="missing").fit_transform(table)
    assert Xt["job"].tolist() == ["Artist", "Judge", "missing", "Artist"]


def test_knn_takes_the_nearest_rows_whatever_the_units():
    """In raw units the incomes next to 50,000 would decide, not the age."""
    X = pd.DataFrame(
        {
            "age": [20.0, 21.0, 60.0, 62.0, 20.0, 60.0, 61.0],
            "income": [50_100.0, 49_900.0, 52_000.0, 48_000.0, 9e4, 1e4, 50_000.0],
            "cars": [1.0, 1.0, 3.0, 3.0, 1.0, 3.0, np.nan],
        }
    )
    imputer = MixedImputer("knn", n_neighbors=2, add_indicator=False)
    assert imputer.fit_transform(X)["cars"][6] == 3.0


def test_iterative_predicts_from_the_other_numbers():
    """A column that doubles another one is filled with the double."""
    a = np.arange(20.0)
    b = 2 * a
    b[7] = np.nan
    Xt = MixedImputer("iterative", random_state=0).fit_transform(
        np.column_stack([a, b])
    )
    assert Xt[7, 1] == pytest.approx(14.0, abs=0.1)


def test_iterative_stays_in_the_range_seen_in_fit():
    """A customer far outside gets no prediction outside."""
    a = np.arange(20.0)
    imputer = MixedImputer("iterative", add_indicator=False, random_state=0)
    imputer.fit(np.column_stack([a, 2 * a]))
    with pytest.warns(SegmentLearnWarning, match="no missing values in fit"):
        Xt = imputer.transform([[1e6, np.nan]])
    assert Xt[0, 1] <= 38.0 + 1e-9


def test_auto_adds_an_indicator_where_no_level_tells(table):
    """The level "missing" shows a missing cell, medians and frequent levels hide it."""
    names = MixedImputer().fit(table).get_feature_names_out().tolist()
    assert names[3:] == ["missingindicator_age", "missingindicator_job"]
    own = MixedImputer(categorical="missing").fit(table).get_feature_names_out()
    assert own.tolist()[3:] == ["missingindicator_age"]


@pytest.mark.parametrize(
    ("add_indicator", "added"),
    [(False, []), (True, ["missingindicator_age", "missingindicator_job"])],
)
def test_indicators_can_be_forced_or_left_out(table, add_indicator, added):
    """True and False go for every column with a missing cell."""
    imputer = MixedImputer(categorical="missing", add_indicator=add_indicator)
    assert imputer.fit(table).get_feature_names_out().tolist()[3:] == added


def test_indicators_mark_the_gaps(table):
    """1 where the cell was missing."""
    Xt = MixedImputer().fit_transform(table)
    assert Xt["missingindicator_age"].tolist() == [0.0, 1.0, 0.0, 0.0]


def test_rows_index_and_order_of_columns_stay(table):
    """No row is dropped, even one without a single value."""
    table.loc[9] = [np.nan, None, np.nan]
    Xt = MixedImputer().fit_transform(table)
    assert Xt.index.tolist() == [0, 1, 2, 3, 9]
    assert Xt.columns.tolist()[:3] == ["age", "job", "cars"]
    assert not Xt.isna().any(axis=None)


def test_new_rows_get_the_values_of_fit(table):
    """The median of the training rows, not of the new ones."""
    new = pd.DataFrame({"age": [np.nan, 5.0], "job": ["Judge", None], "cars": [1, 1]})
    Xt = MixedImputer(add_indicator=False).fit(table).transform(new)
    assert Xt["age"].tolist() == [40.0, 5.0]
    assert Xt["job"].tolist() == ["Judge", "Artist"]


def test_a_gap_in_a_column_that_had_none_is_filled_counted_and_reported(table):
    """Cars were known for everybody in fit."""
    imputer = MixedImputer().fit(table)
    with pytest.warns(SegmentLearnWarning, match=r"'cars' \(2 rows\)"):
        Xt = imputer.transform(table.assign(cars=[None, 1, 2, None]))
    assert Xt["cars"].tolist() == [2.5, 1.0, 2.0, 2.5]


def test_the_level_missing_is_not_invented_for_columns_without_gaps():
    """No training row could teach a net what it means."""
    imputer = MixedImputer(categorical="missing").fit(pd.DataFrame({"job": ["a", "a"]}))
    with pytest.warns(SegmentLearnWarning, match="'job'"):
        Xt = imputer.transform(pd.DataFrame({"job": [None, "b"]}))
    assert Xt["job"].tolist() == ["a", "b"]


def test_an_all_missing_column_is_dropped_with_a_warning(table):
    """The warning names it, and new data may hold values in it."""
    with pytest.warns(SegmentLearnWarning, match="'fax'"):
        imputer = MixedImputer().fit(table.assign(fax=np.nan))
    assert "fax" not in imputer.transform(table.assign(fax=1.0)).columns


def test_a_table_without_any_value_is_refused():
    """There is nothing to learn from."""
    with pytest.raises(SchemaError, match=r"None of the columns \['a', 'b'\]"):
        MixedImputer().fit(pd.DataFrame({"a": [None, None], "b": [np.nan, np.nan]}))


def test_text_in_a_numeric_column_is_refused_with_the_cure(table):
    """The message names the column, counts the cells and shows one."""
    imputer = MixedImputer().fit(table)
    bad = table.assign(age=["20", "unknown", "40", "?"])
    with pytest.raises(
        SchemaError, match=r"'age'.*2 value\(s\).*'unknown'.*to_numeric"
    ):
        imputer.transform(bad)


def test_infinite_values_are_refused(table):
    """Every column that holds some is named at once."""
    bad = table.assign(age=np.inf, cars=-np.inf)
    with pytest.raises(SchemaError, match=r"(?s)'age'.*'cars'"):
        MixedImputer().fit(bad)


def test_a_renamed_column_is_a_schema_error(table):
    """scikit-learn's own message, as a SchemaError."""
    imputer = MixedImputer().fit(table)
    with pytest.raises(SchemaError, match="unseen at fit time"):
        imputer.transform(table.rename(columns={"age": "years"}))


def test_the_table_is_not_changed(table):
    """Neither fit nor transform writes into X."""
    before = table.copy(deep=True)
    array = np.array([[1.0, np.nan], [2.0, 3.0]])
    MixedImputer().fit_transform(table)
    MixedImputer().fit_transform(array)
    assert_frame_equal(table, before)
    assert np.isnan(array[0, 1])


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (pd.array([True, None, True], dtype="boolean"), "boolean"),
        (pd.array(["a", None, "a"], dtype="string"), "string"),
        (pd.Categorical(["lo", None, "lo"], ["lo", "hi"], ordered=True), "category"),
        (np.array(["a", None, "a"], dtype=object), None),
        (np.array([True, None, True], dtype=object), None),
        (pd.cut([1.0, np.nan, 1.5], [0, 2, 4]), "category"),
    ],
)
def test_categories_stay_what_they_were(values, dtype):
    """The dtype is the same after the cell has been filled."""
    X = pd.DataFrame({"c": values})
    Xt = MixedImputer(add_indicator=False).fit_transform(X)
    assert Xt["c"].dtype == X["c"].dtype
    assert dtype is None or Xt["c"].dtype.name == dtype
    assert Xt["c"][1] == Xt["c"][0]


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1, None, 3], dtype="Int64"),
        pd.array([1.0, None, 3.0], dtype="Float64"),
        np.array([1, None, 3], dtype=object),
        np.array([1, pd.NA, 3], dtype=object),
    ],
)
def test_nullable_numbers_become_floats(values):
    """pd.NA and None are missing numbers like NaN."""
    Xt = MixedImputer(add_indicator=False).fit_transform(pd.DataFrame({"n": values}))
    assert Xt["n"].dtype == np.float64
    assert Xt["n"].tolist() == [1.0, 2.0, 3.0]


def test_truth_values_with_a_level_of_their_own_become_text():
    """A column can't hold True and "missing" in one type, and all chunks must agree."""
    X = pd.DataFrame({"b": pd.array([True, False, None], dtype="boolean")})
    imputer = MixedImputer(categorical="missing").fit(X)
    assert imputer.transform(X)["b"].tolist() == ["True", "False", "missing"]
    assert imputer.transform(X[:1])["b"].tolist() == ["True"]


def test_codes_can_be_declared_categories():
    """A zip code has a most frequent value, not a median."""
    X = pd.DataFrame({"zip": [10.0, 10.0, 90.0, 91.0, np.nan]})
    Xt = MixedImputer(categorical_features=["zip"], add_indicator=False).fit_transform(
        X
    )
    assert Xt["zip"].tolist() == [10.0, 10.0, 90.0, 91.0, 10.0]


@pytest.mark.parametrize("zone", [None, "Europe/Rome"])
def test_dates_stay_dates(zone):
    """The median of the first and third of January is the second."""
    dates = pd.to_datetime(["2020-01-01", None, "2020-01-03"]).tz_localize(zone)
    Xt = MixedImputer(add_indicator=False).fit_transform(pd.DataFrame({"d": dates}))
    assert Xt["d"][1] == pd.Timestamp("2020-01-02", tz=zone)


def test_a_float_array_gives_a_float_array():
    """As scikit-learn's imputers do, in the precision of the input."""
    X = np.array([[1.0, np.nan], [3.0, 4.0]], dtype=np.float32)
    Xt = MixedImputer().fit_transform(X)
    assert isinstance(Xt, np.ndarray)
    assert Xt.dtype == np.float32
    assert Xt.tolist() == [[1.0, 4.0, 1.0], [3.0, 4.0, 0.0]]


def test_a_mixed_array_gives_an_object_array():
    """Numbers stay numbers and text stays text."""
    X = np.array([[1.0, "a"], [None, "a"], [3.0, None]], dtype=object)
    Xt = MixedImputer(add_indicator=False).fit_transform(X)
    assert Xt.tolist() == [[1.0, "a"], [2.0, "a"], [3.0, "a"]]


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output_has_the_last_word(table, container):
    """Arrays and frames of either library come out as asked for."""
    pytest.importorskip("polars")
    imputer = MixedImputer().set_output(transform=container).fit(table)
    Xt = imputer.transform(table)
    assert type(Xt).__module__.split(".")[0] == container
    assert list(Xt.columns) == imputer.get_feature_names_out().tolist()
    assert Xt["job"].to_list() == ["Artist", "Judge", "Artist", "Artist"]


def test_a_polars_frame_stays_one():
    """Nulls and NaN are both missing."""
    pl = pytest.importorskip("polars")
    X = pl.DataFrame({"n": [1.0, None, float("nan"), 3.0], "c": ["a", None, "a", "b"]})
    Xt = MixedImputer(add_indicator=False).fit_transform(X)
    assert isinstance(Xt, pl.DataFrame)
    assert Xt["n"].to_list() == [1.0, 2.0, 2.0, 3.0]
    assert Xt["c"].to_list() == ["a", "a", "a", "b"]


def test_it_composes_in_a_column_transformer(table):
    """Names come out prefixed, and columns keep their types."""
    transformer = make_column_transformer((MixedImputer(), ["age", "job"]))
    transformer.set_output(transform="pandas")
    Xt = transformer.fit_transform(table)
    assert Xt.columns.tolist()[:2] == ["mixedimputer__age", "mixedimputer__job"]
    assert Xt["mixedimputer__job"].tolist() == ["Artist", "Judge", "Artist", "Artist"]


def test_learnt_state_is_plain(table):
    """Dicts of plain values, so that an archive can hold it."""
    imputer = MixedImputer().fit(table)
    assert imputer.fill_values_ == {"age": 40.0, "cars": 2.5, "job": "Artist"}
    assert imputer.n_missing_ == {"age": 1, "job": 1, "cars": 0}
    assert imputer.column_roles_ == {
        "age": "numeric",
        "job": "categorical",
        "cars": "numeric",
    }
    assert isinstance(MixedImputer("knn").fit(table).numeric_imputer_, KNNImputer)
