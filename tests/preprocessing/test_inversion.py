"""From the prepared matrix back to columns: what comes back, and what cannot."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentlearn.preprocessing import TabularPreprocessor


@pytest.fixture
def table():
    """Customers with numbers, text, truth values, dates and codes of their own."""
    return pd.DataFrame(
        {
            "age": [20.0, 30.0, 25.0, 40.0, 35.0, 30.0],
            "job": ["Artist", "Judge", "Artist", "Judge", "Artist", "Judge"],
            "member": [True, False, True, True, False, False],
            "since": pd.to_datetime(pd.Series(["2020-01-01", "2021-06-30"] * 3)),
            "region": pd.Categorical([3, 1, 2, 1, 2, 3]),
        }
    )


def there_and_back(table, **parameters):
    """Return what is left of a table after both ways."""
    preprocessor = TabularPreprocessor(min_frequency=None, **parameters).fit(table)
    return preprocessor.inverse_transform(preprocessor.transform(table))


def test_columns_come_back(table):
    """Numbers in their unit, levels as themselves, dates as dates, in their order."""
    found = there_and_back(table)
    assert list(found) == list(table)
    np.testing.assert_allclose(found["age"], table["age"], rtol=1e-5)
    for name in ("job", "member", "region"):
        assert found[name].tolist() == table[name].tolist()
    errors = found["since"] - table["since"]
    assert errors.abs().max() < pd.Timedelta("1h")  # float32 holds days, not seconds


def test_a_level_of_missing_cells_comes_back_as_a_gap(table):
    """The level was made up; the most frequent one is what it says."""
    table.loc[0, "job"] = None
    assert there_and_back(table)["job"].isna().tolist() == [True] + [False] * 5
    filled = there_and_back(table, categorical_imputation="most_frequent")["job"]
    assert filled.tolist()[0] == "Judge"


def test_a_missing_number_comes_back_as_what_filled_it(table):
    """The median of the others."""
    table.loc[0, "age"] = np.nan
    assert there_and_back(table)["age"][0] == pytest.approx(30.0, rel=1e-5)


def test_merged_levels_come_back_as_other():
    """Nothing distinguishes them."""
    table = pd.DataFrame({"job": ["Artist"] * 5 + ["Judge"] * 5 + ["Clown", "Pilot"]})
    preprocessor = TabularPreprocessor(min_frequency=3).fit(table)
    found = preprocessor.inverse_transform(preprocessor.transform(table))
    assert found["job"].tolist()[-2:] == ["other", "other"]


@pytest.mark.parametrize("encoding", ["onehot", "ordinal", "target"])
def test_every_encoding_finds_its_level(table, encoding):
    """The nearest code is that of the level."""
    y = [0, 1, 0, 1, 0, 1]
    preprocessor = TabularPreprocessor(
        encoding=encoding, min_frequency=None, categorical=["job"]
    ).fit(table[["age", "job"]], y)
    prepared = preprocessor.transform(table[["age", "job"]])
    found = preprocessor.inverse_transform(prepared)
    assert found["job"].tolist() == table["job"].tolist()


def test_shares_go_to_the_largest(table):
    """A model's softmax over levels is as good as columns of 0 and 1."""
    preprocessor = TabularPreprocessor(min_frequency=None).fit(table[["age", "job"]])
    found = preprocessor.inverse_transform([[0.0, 0.4, 0.6], [0.0, 0.9, 0.1]])
    assert found["job"].tolist() == ["Judge", "Artist"]


def test_an_array_comes_back_as_an_array():
    """Without names there is no frame."""
    X = np.arange(12.0).reshape(6, 2)
    preprocessor = TabularPreprocessor().fit(X)
    found = preprocessor.inverse_transform(preprocessor.transform(X))
    np.testing.assert_allclose(found, X, atol=1e-4)


def test_another_width_is_refused(table):
    """The error says how many columns there have to be."""
    preprocessor = TabularPreprocessor().fit(table[["age", "job"]])
    with pytest.raises(ValueError, match="X has 2 columns; transform gives 3"):
        preprocessor.inverse_transform([[0.0, 1.0]])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-1e4, 1e4, width=32), st.sampled_from(["a", "b", "Ж", "c d", "0"])
        ),
        min_size=8,
        max_size=30,
    )
)
def test_levels_survive_any_table(rows):
    """Whatever else is in a table, each customer keeps each level."""
    table = pd.DataFrame(rows, columns=["number", "level"])
    found = there_and_back(table, identifiers="keep")
    assert found["level"].tolist() == table["level"].tolist()


def test_an_outlying_date_stays_a_date():
    """What lies at the clip has no finite origin, and is not missing for that."""
    days = pd.date_range("2024-01-01", periods=60, freq="h").to_list()
    table = pd.DataFrame({"since": [*days, pd.Timestamp("1900-01-01")]})
    found = there_and_back(table, identifiers="keep")
    assert found["since"].notna().all()
    assert found["since"].iloc[-1] < pd.Timestamp("1900-01-02")


def test_a_level_that_is_called_missing_is_a_level():
    """Where no cell was missing, the word is the user's own."""
    table = pd.DataFrame({"parcel": ["missing", "there"] * 4})
    assert there_and_back(table)["parcel"].tolist() == table["parcel"].tolist()


def test_a_frame_is_read_by_its_names(table):
    """In any order, and its rows keep their labels."""
    preprocessor = TabularPreprocessor(min_frequency=None).set_output(
        transform="pandas"
    )
    prepared = preprocessor.fit_transform(table.set_index(pd.Index(range(10, 16))))
    found = preprocessor.inverse_transform(prepared[prepared.columns[::-1]])
    assert found["job"].tolist() == table["job"].tolist()
    assert found.index.tolist() == list(range(10, 16))
