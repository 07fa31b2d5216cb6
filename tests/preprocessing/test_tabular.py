"""TabularPreprocessor: raw frames in, finite float32 out, and every odd input."""

import pickle

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.preprocessing import TabularPreprocessor


@pytest.fixture
def table():
    """Five customers with missing cells in a number and in a category."""
    return pd.DataFrame(
        {
            "age": [20.0, 30.0, np.nan, 40.0, 30.0],
            "job": ["Artist", "Judge", "Artist", None, "Judge"],
            "cars": [0, 1, 2, 3, 4],
            "member": [True, False, True, True, False],
        }
    )


def test_output_is_numbers_indicators_then_categories(table):
    """The names say what each column holds."""
    preprocessor = TabularPreprocessor().fit(table)
    assert preprocessor.get_feature_names_out().tolist() == [
        "age",
        "cars",
        "missingindicator_age",
        "job_Artist",
        "job_Judge",
        "job_missing",
        "member_False",
        "member_True",
    ]


def test_output_is_a_c_contiguous_float32_array(table):
    """What a net takes without another copy."""
    Xt = TabularPreprocessor().fit_transform(table)
    assert (Xt.dtype, Xt.flags.c_contiguous, Xt.shape) == (np.float32, True, (5, 8))


def test_values_are_scaled_imputed_and_encoded(table):
    """The missing age sits at the median, 0."""
    Xt = TabularPreprocessor(clip=None).fit_transform(table)
    assert Xt[2].tolist() == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    assert Xt[3].tolist() == [2.0, 0.5, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0]


def test_roles_are_plain_and_point_into_the_output(table):
    """Nets that embed numbers and categories differently read them."""
    preprocessor = TabularPreprocessor().fit(table)
    assert preprocessor.column_roles_ == {
        "age": "numeric",
        "job": "categorical",
        "cars": "numeric",
        "member": "categorical",
    }
    assert preprocessor.output_roles_ == {
        "numeric": [0, 1],
        "indicator": [2],
        "onehot": [3, 4, 5, 6, 7],
        "ordinal": [],
        "target": [],
    }
    assert preprocessor.output_groups_ == {"job": [3, 4, 5], "member": [6, 7]}


@pytest.mark.parametrize(
    ("values", "role"),
    [
        (pd.array([1, None, 3, 4], dtype="Int64"), "numeric"),
        (pd.array([1.5, None, 3, 4], dtype="Float64"), "numeric"),
        (np.array([1, None, 3, 4.5], dtype=object), "numeric"),
        (np.array([1, pd.NA, 3, 4], dtype=object), "numeric"),
        (np.arange(4, dtype=np.int8), "numeric"),
        (pd.date_range("2020", periods=4), "numeric"),
        (pd.date_range("2020", periods=4, tz="Asia/Tokyo"), "numeric"),
        (pd.to_timedelta([1, 2, 3, 4], unit="h"), "numeric"),
        (pd.period_range("2020", periods=4, freq="M"), "numeric"),
        (pd.arrays.SparseArray([0.0, 1.0, np.nan, 0.0]), "numeric"),
        (np.array([True, None, False, True], dtype=object), "categorical"),
        (pd.array([True, None, False, True], dtype="boolean"), "categorical"),
        (np.array(["a", None, "b", "a"], dtype=object), "categorical"),
        (pd.array(["a", None, "b", "a"], dtype="string"), "categorical"),
        (pd.array(["a", None, "b", "a"], dtype="string[python]"), "categorical"),
        (pd.Series(["a", None, "b", "a"]), "categorical"),
        (pd.Categorical(["a", None, "b", "a"]), "categorical"),
        (pd.Categorical([1, None, 2, 1]), "categorical"),
        (pd.cut([1.0, np.nan, 2.0, 3.0], 2), "categorical"),
    ],
    ids=lambda value: getattr(getattr(value, "dtype", None), "name", value),
)
def test_roles_follow_from_dtypes(values, role):
    """Every dtype a customer table comes in, missing cells included."""
    X = pd.DataFrame({"c": values})
    preprocessor = TabularPreprocessor()
    assert np.isfinite(preprocessor.fit_transform(X)).all()
    assert preprocessor.column_roles_ == {"c": role}


def test_dates_become_days():
    """The scale is that of days, however the dates are stored."""
    dates = pd.Series(pd.to_datetime(["1970-01-02", "1970-01-03", "1970-01-04"]))
    for stored in (dates, dates.dt.tz_localize("UTC"), dates.dt.date):
        preprocessor = TabularPreprocessor().fit(pd.DataFrame({"d": stored}))
        assert preprocessor.scaler_.center_.tolist() == [2.0]


def test_scales_come_from_the_values_present():
    """Four of five missing: the quartiles are still those of the fifth."""
    X = pd.DataFrame({"days": [1.0, 2.0, 3.0, 4.0, 5.0] + [np.nan] * 20})
    preprocessor = TabularPreprocessor().fit(X)
    assert preprocessor.scaler_.scale_.tolist() == [0.5]


def test_the_table_is_not_changed(table):
    """Frames and arrays the same."""
    before = table.copy(deep=True)
    array = np.array([[1.0, np.nan], [2.0, 3.0]])
    TabularPreprocessor().fit_transform(table)
    TabularPreprocessor().fit_transform(array)
    assert_frame_equal(table, before)
    assert np.isnan(array[0, 1])


def test_columns_are_matched_by_name(table):
    """Another order gives the same output."""
    preprocessor = TabularPreprocessor().fit(table)
    np.testing.assert_array_equal(
        preprocessor.transform(table[["member", "cars", "job", "age"]]),
        preprocessor.transform(table),
    )


def test_extra_columns_are_ignored_with_a_warning(table):
    """The warning names them."""
    preprocessor = TabularPreprocessor().fit(table)
    with pytest.warns(SegmentLearnWarning, match=r"\['shoe'\] were not seen in fit"):
        Xt = preprocessor.transform(table.assign(shoe=1))
    np.testing.assert_array_equal(Xt, preprocessor.transform(table))


def test_every_difference_is_listed_at_once(table):
    """A renamed and a missing column, text, infinity: one error."""
    bad = table.rename(columns={"member": "Member"}).drop(columns="job")
    bad = bad.assign(age=["20", "x", "y", "40", "30"], cars=np.inf)
    with pytest.raises(SchemaError) as caught:
        TabularPreprocessor().fit(table).transform(bad)
    message = str(caught.value)
    assert "column 'job' is missing" in message
    assert "column 'member' is missing; is 'Member', which is new" in message
    assert "column 'age' held numbers in fit and holds text now: 2 value(s)" in message
    assert "column 'cars' holds 5 infinite value(s)" in message


def test_numbers_written_as_text_are_numbers(table):
    """A file read with dtype=str."""
    preprocessor = TabularPreprocessor().fit(table)
    texts = table.assign(cars=["0", "1", "2", "3", "4"])
    np.testing.assert_array_equal(
        preprocessor.transform(texts), preprocessor.transform(table)
    )


def test_dates_written_as_text_are_dates():
    """As a CSV file has them."""
    X = pd.DataFrame({"d": pd.date_range("2020", periods=3)})
    preprocessor = TabularPreprocessor().fit(X)
    np.testing.assert_array_equal(
        preprocessor.transform(X.astype(str)), preprocessor.transform(X)
    )


def test_infinite_values_are_refused_in_fit(table):
    """By the name of the column."""
    with pytest.raises(SchemaError, match="'cars' holds 1 infinite"):
        TabularPreprocessor().fit(table.assign(cars=[0, 1, 2, 3, -np.inf]))


def test_an_all_missing_column_is_dropped_and_need_not_come_back(table):
    """Neither its values nor its absence matter later."""
    with pytest.warns(SegmentLearnWarning, match="'fax'"):
        preprocessor = TabularPreprocessor().fit(table.assign(fax=None))
    assert preprocessor.column_roles_["fax"] == "all-missing"
    np.testing.assert_array_equal(
        preprocessor.transform(table), preprocessor.transform(table.assign(fax=3.0))
    )


def test_a_constant_column_is_harmless(table):
    """It becomes 0 and stays 0 whatever comes."""
    preprocessor = TabularPreprocessor().fit(table.assign(cars=7))
    Xt = preprocessor.transform(table.assign(cars=1_000_000))
    assert (Xt[:, 1] == 0.0).all()


def test_a_new_gap_is_imputed_and_reported(table):
    """Numbers get the median, categories the most frequent level."""
    preprocessor = TabularPreprocessor().fit(table)
    new = table.astype({"cars": float}).assign(cars=np.nan, member=None)
    with pytest.warns(
        SegmentLearnWarning, match=r"'cars' \(5 rows\); 'member' \(5 rows\)"
    ):
        Xt = preprocessor.transform(new)
    assert (Xt[:, 1] == 0.0).all()
    assert Xt[:, 6:].tolist() == [[0.0, 1.0]] * 5


def test_unseen_levels_are_counted_and_reported(table):
    """They get the row of zeros here, since no level was rare."""
    preprocessor = TabularPreprocessor().fit(table)
    with pytest.warns(SegmentLearnWarning, match=r"'job': 'Astronaut' \(5 rows\)"):
        Xt = preprocessor.transform(table.assign(job="Astronaut"))
    assert (Xt[:, 3:6] == 0.0).all()


def identified(n_rows=60):
    """A table with four kinds of identifiers and two features."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "CustomerID": rng.permutation(1000)[:n_rows] * 7,
            "row": rng.permutation(n_rows) + 4000,
            "mail": [f"{number}@example.org" for number in range(n_rows)],
            "Unnamed: 0": np.arange(n_rows),
            "age": rng.integers(18, 80, n_rows),
            "paid": rng.normal(size=n_rows),
        }
    )


def test_identifiers_are_left_out_with_one_warning():
    """By name and values, or by values alone."""
    with pytest.warns(SegmentLearnWarning, match="look like identifiers") as caught:
        preprocessor = TabularPreprocessor().fit(identified())
    assert len(caught) == 1
    assert preprocessor.get_feature_names_out().tolist() == ["age", "paid"]


def test_identifiers_need_not_come_back():
    """New customers have no row in the old table."""
    X = identified()
    with pytest.warns(SegmentLearnWarning):
        preprocessor = TabularPreprocessor().fit(X)
    np.testing.assert_array_equal(
        preprocessor.transform(X[["age", "paid"]]), preprocessor.transform(X)
    )


def test_a_listed_column_is_never_an_identifier():
    """The user's word counts more than the name."""
    with pytest.warns(SegmentLearnWarning):
        preprocessor = TabularPreprocessor(numeric=["row"]).fit(identified())
    assert preprocessor.column_roles_["row"] == "numeric"


def test_identifiers_can_be_kept(recwarn):
    """identifiers="keep" asks no questions."""
    X = identified().drop(columns="mail")
    preprocessor = TabularPreprocessor(identifiers="keep").fit(X)
    assert set(preprocessor.column_roles_.values()) == {"numeric"}
    assert len(recwarn) == 0


def test_a_table_of_identifiers_only_is_refused():
    """The error says how to go on."""
    with (
        pytest.warns(SegmentLearnWarning),
        pytest.raises(SchemaError, match="identifiers='keep'"),
    ):
        TabularPreprocessor().fit(identified()[["CustomerID"]])


def test_arrays_are_not_searched_for_identifiers(recwarn):
    """Who passes an array has chosen its columns."""
    X = np.arange(60)[:, np.newaxis]
    assert TabularPreprocessor().fit(X).column_roles_ == {"x0": "numeric"}
    assert len(recwarn) == 0


def test_daily_dates_are_no_identifiers(recwarn):
    """They number the rows, and are a feature all the same."""
    X = pd.DataFrame({"joined": pd.date_range("2020", periods=60)})
    assert TabularPreprocessor().fit(X).column_roles_ == {"joined": "numeric"}
    assert len(recwarn) == 0


def test_roles_can_be_overridden_by_name_or_position(table):
    """Cars as a category, membership as a number."""
    preprocessor = TabularPreprocessor(categorical=["cars"], numeric=[3]).fit(table)
    assert preprocessor.column_roles_["cars"] == "categorical"
    assert preprocessor.column_roles_["member"] == "numeric"
    assert "cars_0" in preprocessor.get_feature_names_out()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"categorical": ["shoe"]}, r"categorical lists \['shoe'\]"),
        ({"numeric": [9]}, r"numeric lists \[9\]"),
        ({"numeric": ["job"]}, "hold no numbers"),
        ({"categorical": ["age"], "numeric": ["age"]}, "both"),
        ({"identifiers": ["age"], "numeric": ["age"]}, "both identifiers and numeric"),
        ({"dates": ["job"]}, r"'job', which dates lists, holds no dates: .*'Artist'"),
    ],
)
def test_wrong_overrides_are_refused(table, parameters, message):
    """Unknown columns, text as numbers, two roles."""
    with pytest.raises(ValueError, match=message):
        TabularPreprocessor(**parameters).fit(table)


def test_identifiers_can_be_listed(table, recwarn):
    """These are left out without a word, and no others."""
    X = identified().assign(cars=range(len(identified())))
    preprocessor = TabularPreprocessor(identifiers=["cars"]).fit(X)
    roles = preprocessor.column_roles_
    assert [name for name, role in roles.items() if role == "identifier"] == ["cars"]
    assert not [w for w in recwarn if "identifier" in str(w.message)]


@pytest.mark.parametrize("dates", [["since"], {"since": "%Y-%m-%d"}, "auto"])
def test_dates_can_be_listed(table, dates):
    """With their format or without."""
    X = table.assign(since=[f"2024-01-{day:02}" for day in (3, 9, 14, 20, 28)])
    preprocessor = TabularPreprocessor(dates=dates).fit(X)
    assert preprocessor.column_kinds_["since"] == "datetime"


def test_codes_listed_as_numbers_are_numbers(table):
    """Leading zeros alone make them categories otherwise."""
    X = table.assign(code=["007", "010", "021", "007", "010"])
    assert TabularPreprocessor().fit(X).column_roles_["code"] == "categorical"
    preprocessor = TabularPreprocessor(["code"], scale=False, clip=None)
    out = preprocessor.set_output(transform="pandas").fit_transform(X)
    assert out["code"].tolist() == [7, 10, 21, 7, 10]


def test_parameters_of_older_archives_are_renamed(table):
    """A preprocessor whose state has the former names is the same one."""
    fitted = TabularPreprocessor(["cars"], numeric_imputation="mean").fit(table)
    state = dict(fitted.__getstate__())
    for name in ("numeric_imputation", "categorical_imputation", "dates"):
        del state[name]
    state |= {"numeric": "mean", "categorical": "missing", "identifiers": "drop"}
    state |= {"numeric_features": ["cars"], "categorical_features": "auto"}
    older = TabularPreprocessor()
    vars(older).clear()
    older.__setstate__(state | {"date_features": "auto"})
    assert older.get_params() == fitted.get_params()


def test_mixed_columns_are_categories_with_a_warning(table):
    """The cure is named."""
    X = table.assign(score=[1, "many", 2, 3, 4])
    with pytest.warns(SegmentLearnWarning, match=r"'score'.*pandas\.to_numeric"):
        preprocessor = TabularPreprocessor().fit(X)
    assert preprocessor.column_roles_["score"] == "categorical"


def test_repeated_column_names_are_refused(table):
    """They could not be distinguished."""
    with pytest.raises(SchemaError, match=r"\['age'\] occur more than once"):
        TabularPreprocessor().fit(pd.concat([table, table[["age"]]], axis=1))


@pytest.mark.parametrize("shape", [(0, 2), (2, 0)])
def test_empty_tables_are_refused(shape):
    """In scikit-learn's words."""
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        TabularPreprocessor().fit(pd.DataFrame(np.empty(shape)))


def test_lists_and_object_arrays_work():
    """Columns are read by what they hold."""
    rows = [[1, "a", None], [2.5, "b", 7], [None, "a", 8]]
    preprocessor = TabularPreprocessor().fit(rows)
    assert list(preprocessor.column_roles_.values()) == [
        "numeric",
        "categorical",
        "numeric",
    ]
    np.testing.assert_array_equal(
        preprocessor.transform(np.array(rows, dtype=object)),
        preprocessor.transform(rows),
    )


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output_gives_frames(table, container):
    """Of either library, with the names."""
    pytest.importorskip("polars")
    preprocessor = TabularPreprocessor().set_output(transform=container)
    Xt = preprocessor.fit_transform(table)
    assert type(Xt).__module__.split(".")[0] == container
    assert list(Xt.columns) == preprocessor.get_feature_names_out().tolist()


def test_polars_frames_give_what_pandas_frames_give(table):
    """Nulls, enums, dates and decimals included."""
    pl = pytest.importorskip("polars")
    spending = ["Low", "High", "Low", "Average", None]
    dates = pd.to_datetime(["2020-01-01", None, "2020-01-03", "2020-01-04", None])
    order = ["Low", "Average", "High"]
    X_pandas = table.assign(
        spending=pd.Categorical(spending, order, ordered=True), joined=dates
    )
    columns = {
        name: [None if pd.isna(cell) else cell for cell in table[name]]
        for name in table
    }
    X_polars = pl.DataFrame(columns).with_columns(
        pl.Series("spending", spending, dtype=pl.Enum(order)),
        pl.Series("joined", [None if pd.isna(d) else d.date() for d in dates]),
    )
    expected = TabularPreprocessor(encoding="ordinal").fit(X_pandas)
    preprocessor = TabularPreprocessor(encoding="ordinal").fit(X_polars)
    np.testing.assert_array_equal(
        preprocessor.transform(X_polars), expected.transform(X_pandas)
    )
    np.testing.assert_array_equal(
        preprocessor.transform(X_pandas), expected.transform(X_pandas)
    )


@pytest.mark.parametrize("numeric", ["median", "mean", "knn", "iterative"])
@pytest.mark.parametrize("encoding", ["onehot", "ordinal", "target"])
def test_every_combination_is_finite(table, numeric, encoding):
    """With both ways to fill categories."""
    y = ["A", "B", "A", "C", "B"]
    for categorical in ("missing", "most_frequent"):
        preprocessor = TabularPreprocessor(
            numeric_imputation=numeric,
            categorical_imputation=categorical,
            encoding=encoding,
            random_state=0,
        )
        assert np.isfinite(preprocessor.fit_transform(table, y)).all()
        assert np.isfinite(preprocessor.transform(table)).all()


def test_target_means_are_cross_fitted_and_scaled():
    """They get a scale of their own, like numbers."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 50, 500)
    X = pd.DataFrame({"zip": [f"z{code}" for code in codes]})
    y = np.where(rng.random(500) < codes / 50, "yes", "no")
    preprocessor = TabularPreprocessor(random_state=0)
    training = preprocessor.fit_transform(X, y)
    later = preprocessor.transform(X)
    assert preprocessor.output_roles_["target"] == [0]
    assert np.abs(training - later).max() > 0.05
    assert np.median(later) == pytest.approx(0.0, abs=1e-6)


def test_the_steps_work_alone(table):
    """The fitted encoder and imputer know their columns."""
    preprocessor = TabularPreprocessor().fit(table)
    filled = preprocessor.imputer_.transform(table)
    assert filled["age"].tolist() == [20.0, 30.0, 30.0, 40.0, 30.0]
    encoded = preprocessor.encoder_.transform(filled[["job", "member"]])
    np.testing.assert_array_equal(encoded, preprocessor.transform(table)[:, 3:])


def test_it_works_in_a_cross_validated_pipeline(customers):
    """Clones, folds and string labels."""
    X, y = customers
    pipeline = make_pipeline(TabularPreprocessor(), LogisticRegression(max_iter=1000))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.5


def test_clones_and_pickles_are_equal(table):
    """A copy transforms the same; a clone has the parameters only."""
    preprocessor = TabularPreprocessor(clip=2.0).fit(table)
    copy = pickle.loads(pickle.dumps(preprocessor))
    np.testing.assert_array_equal(copy.transform(table), preprocessor.transform(table))
    assert not hasattr(clone(preprocessor), "scaler_")


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "identifier", "n_numeric"),
    [("auto_train.csv", "ID", 3), ("bank.csv", "id", 7), ("mall.csv", "CustomerID", 3)],
)
def test_real_tables(data_dir, file, identifier, n_numeric):
    """The identifier is found, the rest is finite."""
    X = pd.read_csv(data_dir / file)
    X = X.drop(columns=["Segmentation", "term_deposit_subscribed"], errors="ignore")
    preprocessor = TabularPreprocessor()
    with pytest.warns(SegmentLearnWarning, match=rf"\['{identifier}'\]"):
        Xt = preprocessor.fit_transform(X)
    assert preprocessor.column_roles_[identifier] == "identifier"
    assert len(preprocessor.output_roles_["numeric"]) == n_numeric
    assert np.isfinite(Xt).all()
