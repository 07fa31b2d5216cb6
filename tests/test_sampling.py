"""AutoSMOTE: the sampler that suits the columns, and tables that stay what they are."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE
from imblearn.utils.estimator_checks import parametrize_with_checks
from pandas.testing import assert_frame_equal, assert_series_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import OneHotEncoder

from segmentlearn import AutoSMOTE, CategoryEncoder, MixedImputer, SegmentClassifier
from segmentlearn import sampling as module
from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.sampling import Pipeline, make_pipeline

N_MANY, N_FEW = 40, 12


@pytest.fixture
def table():
    """52 customers, 12 of them rare, in columns of every kind."""
    return mixed_table(N_MANY + N_FEW)


@pytest.fixture
def labels():
    """Text labels of which "yes" is rare."""
    return pd.Series(["no"] * N_MANY + ["yes"] * N_FEW, name="answer")


def mixed_table(n_rows, seed=0):
    """A frame with one column of each dtype."""
    rng = np.random.default_rng(seed)
    job = rng.choice(["Artist", "Judge", "Doctor"], n_rows)
    levels = ["low", "middle", "high", "never seen"]
    days = rng.integers(0, 900, n_rows)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 80, n_rows),
            "job": pd.Series(job, dtype=pd.Series(["a"]).dtype),
            "balance": rng.normal(0, 1000, n_rows),
            "object": job.astype(object),
            "small": rng.integers(0, 9, n_rows).astype(np.int8),
            "level": pd.Categorical(rng.choice(levels[:3], n_rows), levels, True),
            "married": rng.random(n_rows) > 0.5,
            "single": rng.normal(size=n_rows).astype(np.float32),
            "nullable": pd.array(rng.integers(0, 5, n_rows), dtype="Int64"),
            "share": pd.array(rng.random(n_rows), dtype="Float64"),
            "agrees": pd.array(rng.random(n_rows) > 0.5, dtype="boolean"),
            "text": pd.array(job, dtype="string"),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(days, unit="D"),
            "stay": pd.to_timedelta(rng.integers(0, 10**6, n_rows), unit="s"),
            "flag": (rng.random(n_rows) > 0.7).astype(float),
        }
    )


# Which sampler


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (["age", "balance", "since", "nullable"], "smote"),
        (["age", "job"], "smotenc"),
        (["age", "married"], "smotenc"),
        (["job", "object", "level", "married", "agrees", "text"], "smoten"),
        (["job"], "smoten"),
    ],
)
def test_sampler_follows_from_the_columns(table, labels, columns, kind):
    """Numbers take SMOTE, categories SMOTEN, both SMOTENC."""
    sampler = AutoSMOTE(random_state=0)
    X, y = sampler.fit_resample(table[columns], labels)
    assert sampler.kind_ == kind
    assert type(sampler.sampler_).__name__.lower() == kind
    assert y.value_counts().to_dict() == {"no": N_MANY, "yes": N_MANY}
    assert_frame_equal(X.head(len(table)), table[columns])


@pytest.mark.parametrize(
    "features", [["age", "job"], [0, 1], [-3, "job"], [True, True, False]]
)
def test_categorical_features_by_name_position_and_mask(table, labels, features):
    """A column listed as categorical is never interpolated."""
    X = table[["age", "job", "balance"]]
    sampler = AutoSMOTE(categorical_features=features, random_state=0)
    new = sampler.fit_resample(X, labels)[0].iloc[len(X) :]
    assert sampler.categorical_features_.tolist() == [0, 1]
    assert set(new["age"]) <= set(table["age"].tail(N_FEW))


def test_unknown_categorical_feature_is_named(table, labels):
    """A column that is not there is an error that lists those that are."""
    with pytest.raises(ValueError, match=r"categorical_features lists \['wage'\]"):
        AutoSMOTE(categorical_features=["wage"]).fit_resample(table, labels)


# Tables stay what they are


def test_dtypes_levels_and_columns_are_kept(table, labels):
    """Dtypes, levels with their order, and column names are those that went in."""
    X, y = AutoSMOTE(random_state=0).fit_resample(table, labels)
    assert_series_equal(X.dtypes, table.dtypes)
    assert list(X["level"].cat.categories) == ["low", "middle", "high", "never seen"]
    assert y.name == "answer"
    assert y.dtype == labels.dtype


def test_rows_that_went_in_come_first_and_unchanged(table, labels):
    """New rows are appended; row labels are numbered anew."""
    X, y = AutoSMOTE(random_state=0).fit_resample(
        table.set_index(table.index + 7), labels.set_axis(labels.index + 7)
    )
    assert_frame_equal(X.iloc[: len(table)], table)
    assert_series_equal(y.iloc[: len(table)], labels)
    assert X.index.equals(pd.RangeIndex(2 * N_MANY))
    assert y.index.equals(X.index)


def test_new_cells_lie_among_those_of_the_class(table, labels):
    """Numbers and dates lie within the range of the class; levels are its own."""
    X, _ = AutoSMOTE(random_state=0).fit_resample(table, labels)
    new, rare = X.iloc[len(table) :], table.tail(N_FEW)
    for name in ("age", "balance", "single", "share", "since", "stay", "small"):
        assert new[name].between(rare[name].min(), rare[name].max()).all(), name
    for name in ("job", "object", "level", "married", "agrees", "text"):
        assert set(new[name]) <= set(rare[name]), name
    assert len(set(new["balance"]) - set(rare["balance"])) == len(new)


def test_whole_numbers_stay_whole(table, labels):
    """Counts held as floats, flags and dates without a time stay such."""
    X = table.assign(count=table["age"].astype(float))
    new = AutoSMOTE(random_state=0).fit_resample(X, labels)[0].iloc[len(X) :]
    assert (new["count"] == new["count"].round()).all()
    assert set(new["flag"]) <= {0.0, 1.0}
    assert (new["since"] == new["since"].dt.normalize()).all()


def test_large_identifiers_are_in_their_range(labels):
    """Integers that no float can hold exactly never leave their dtype."""
    top = np.iinfo(np.int64).max
    values = top - np.arange(N_MANY + N_FEW, dtype=np.int64)
    X = pd.DataFrame({"key": values, "x": np.linspace(0, 1, len(values))})
    new = AutoSMOTE(random_state=0).fit_resample(X, labels)[0]["key"]
    assert new.min() >= values.min()


def test_arrays_keep_their_dtype(table, labels):
    """A float32 array comes back as one, an integer array as integers."""
    y = labels.to_numpy()
    for dtype in (np.float32, np.int16):
        X = table[["age", "small"]].to_numpy(dtype)
        X_more, y_more = AutoSMOTE(random_state=0).fit_resample(X, y)
        assert X_more.dtype == dtype
        assert X_more.shape == (2 * N_MANY, 2)
        assert y_more.dtype == y.dtype


def test_object_array_of_mixed_columns(table, labels):
    """An array of objects holds numbers and text as before."""
    X = table[["age", "job", "balance"]].to_numpy(dtype=object)
    sampler = AutoSMOTE(random_state=0)
    new = sampler.fit_resample(X, labels)[0][len(X) :]
    assert sampler.kind_ == "smotenc"
    assert {type(cell) for cell in new[:, 0]} == {int}
    assert set(new[:, 1]) <= set(table["job"])


@pytest.mark.parametrize("dtype", ["category", "object", "string", "bool", "Int64"])
def test_labels_keep_their_dtype(table, labels, dtype):
    """Labels of any dtype come back in it."""
    is_yes = labels == "yes"
    y = (is_yes if dtype in ("bool", "Int64") else labels).astype(dtype)
    _, more = AutoSMOTE(random_state=0).fit_resample(table, y)
    assert more.dtype == y.dtype
    assert set(more.value_counts()) == {N_MANY}


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(list(mixed_table(1).columns)), min_size=1, unique=True),
    st.lists(st.integers(2, 12), min_size=2, max_size=4),
    st.integers(0, 2**31 - 1),
)
def test_any_mixture_of_columns(columns, sizes, seed):
    """Dtypes, levels, order of columns and class counts hold for any mixture."""
    X = mixed_table(sum(sizes), seed)[columns]
    y = pd.Series(np.repeat(np.arange(len(sizes)), sizes)).map(str)
    y = y.sample(frac=1, random_state=seed).reset_index(drop=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SegmentLearnWarning)
        X_more, y_more = AutoSMOTE(random_state=seed).fit_resample(X, y)
    assert_series_equal(X_more.dtypes, X.dtypes)
    assert_frame_equal(X_more.head(len(X)), X)
    assert not X_more.isna().any(axis=None)
    assert set(y_more.value_counts()) == {max(sizes)}
    for label, rows in X_more.groupby(y_more):
        seen = X[y == label]
        for name in {"job", "object", "married", "agrees", "text"} & set(columns):
            assert set(rows[name]) <= set(seen[name])


# Encoded tables


def test_one_hot_columns_stay_one_hot(table, labels):
    """Numbers of an encoder that are 0 and 1 come from one of the two rows."""
    X = OneHotEncoder(sparse_output=False).fit_transform(table[["job", "level"]])
    X = np.column_stack([X, table["balance"]])
    sampler = AutoSMOTE(random_state=0)
    new = sampler.fit_resample(X, labels)[0][len(X) :, :-1]
    assert sampler.kind_ == "smote"
    assert np.isin(new, (0, 1)).all()
    assert (new[:, :3].sum(axis=1) == 1).all()
    assert (new[:, 3:].sum(axis=1) == 1).all()


def test_works_after_the_encoder_of_the_house(table, labels):
    """A frame of CategoryEncoder can be resampled, names included."""
    encoder = CategoryEncoder(encoding="onehot").set_output(transform="pandas")
    encoded = encoder.fit_transform(table[["job", "level"]])
    X, _ = AutoSMOTE(random_state=0).fit_resample(encoded, labels)
    assert list(X.columns) == list(encoder.get_feature_names_out())
    assert np.isin(X.to_numpy(), (0, 1)).all()


# Distances


def test_units_do_not_matter(labels):
    """The same column in cents leads to the same neighbours and the same new rows."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(len(labels), 2)), columns=["a", "b"])
    X["job"] = rng.choice(["Artist", "Judge"], len(labels))
    plain, _ = AutoSMOTE(random_state=0).fit_resample(X, labels)
    cents, _ = AutoSMOTE(random_state=0).fit_resample(X.assign(b=X["b"] * 1e4), labels)
    assert_frame_equal(cents.assign(b=cents["b"] / 1e4), plain)


# What is refused, and what is warned of


@pytest.mark.parametrize("column", ["job", "object", "balance", "nullable", "since"])
def test_missing_cells_are_refused_with_the_cure(table, labels, column):
    """A missing cell, in a category too, names its column and MixedImputer."""
    table.loc[3, column] = None
    with pytest.raises(SchemaError, match=rf"\['{column}'\].*MixedImputer"):
        AutoSMOTE().fit_resample(table, labels)


def test_infinite_cells_are_refused(table, labels):
    """An infinite number names its column."""
    table.loc[3, "balance"] = np.inf
    with pytest.raises(SchemaError, match=r"infinity, in column\(s\) \['balance'\]"):
        AutoSMOTE().fit_resample(table, labels)


@pytest.mark.parametrize("columns", [["balance"], ["balance", "job"], ["job"]])
def test_small_class_has_fewer_neighbours(table, columns):
    """A class of three rows has two neighbours; others keep theirs, with a warning."""
    y = ["a"] * 29 + ["b"] * 20 + ["c"] * 3
    sampler = AutoSMOTE(random_state=0)
    with pytest.warns(SegmentLearnWarning, match=r"k_neighbors=5.*: 'c' \(3 rows\)"):
        _, y_more = sampler.fit_resample(table[columns], y)
    assert [y_more.count(label) for label in "abc"] == [29] * 3


def test_warning_points_at_the_caller(table):
    """The warning of a small class carries the line that asked for rows."""
    with pytest.warns(SegmentLearnWarning) as caught:
        AutoSMOTE().fit_resample(table, [0] * 49 + [1] * 3)
    assert caught[0].filename == __file__


def test_class_of_one_row_is_refused(table):
    """A single row has no neighbour; the error says what to do."""
    y = ["a"] * 31 + ["b"] * 20 + ["c"]
    with pytest.raises(ValueError, match=r"'c' have one; merge .* sampling_strategy"):
        AutoSMOTE().fit_resample(table, y)
    _, y_more = AutoSMOTE({"b": 31}).fit_resample(table, y)
    assert [y_more.count(label) for label in "abc"] == [31, 31, 1]


def test_sparse_and_polars_tables_are_refused(labels):
    """Tables that cannot be kept as they are name the way out."""
    sparse = pytest.importorskip("scipy.sparse")
    polars = pytest.importorskip("polars")
    X = np.arange(len(labels), dtype=float).reshape(-1, 1)
    with pytest.raises(TypeError, match="toarray"):
        AutoSMOTE().fit_resample(sparse.csr_matrix(X), labels)
    with pytest.raises(TypeError, match="to_pandas"):
        AutoSMOTE().fit_resample(polars.DataFrame(X), labels)


# How many, and which


@pytest.mark.parametrize(
    ("strategy", "n_yes"),
    [("auto", 40), ("minority", 40), (0.5, 20), ({"yes": 15}, 15)],
)
def test_sampling_strategy_is_that_of_imbalanced_learn(table, labels, strategy, n_yes):
    """Names, ratios and numbers mean what they mean there."""
    sampler = AutoSMOTE(strategy, random_state=0)
    _, y = sampler.fit_resample(table, labels)
    assert (y == "yes").sum() == n_yes
    assert sampler.sampling_strategy_ == {"yes": n_yes - N_FEW}


@pytest.mark.parametrize("columns", [["balance"], ["balance", "job"], ["job"]])
def test_balanced_table_comes_back_as_it_is(table, columns):
    """Where no class is rarer than others nothing is added."""
    y = pd.Series([0, 1] * 26)
    X_more, y_more = AutoSMOTE().fit_resample(table[columns], y)
    assert_frame_equal(X_more, table[columns])
    assert_series_equal(y_more, y)


def test_same_seed_same_rows(table, labels):
    """An integer seed gives the same rows again; another seed gives others."""
    one, _ = AutoSMOTE(random_state=0).fit_resample(table, labels)
    again, _ = AutoSMOTE(random_state=0).fit_resample(table, labels)
    other, _ = AutoSMOTE(random_state=1).fit_resample(table, labels)
    assert_frame_equal(one, again)
    assert not one.equals(other)


@pytest.mark.parametrize("columns", [["balance"], ["balance", "job"], ["job"]])
def test_large_classes_are_sampled_in_rounds(table, labels, columns, monkeypatch):
    """Rounds of few rows add up to the counts that were asked for."""
    monkeypatch.setattr(module, "_MOST_ROWS", dict.fromkeys(module._MOST_ROWS, 9))
    monkeypatch.setattr(module, "_MOST_NUMBERS", 150)
    sampler = AutoSMOTE(random_state=0)
    X, y = sampler.fit_resample(table[columns], labels)
    assert y.value_counts().to_dict() == {"no": N_MANY, "yes": N_MANY}
    assert_series_equal(X.dtypes, table[columns].dtypes)
    assert sum(sampler.sampler_.sampling_strategy_.values()) < N_MANY - N_FEW


def test_numbers_alone_agree_with_imbalanced_learn():
    """On standardised numbers the rows are those of imbalanced-learn's SMOTE."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = np.repeat([0, 1], [45, 15])
    ours, _ = AutoSMOTE(random_state=3).fit_resample(X, y)
    rng = np.random.RandomState(3)
    theirs, _ = SMOTE(random_state=rng).fit_resample(X, y)
    np.testing.assert_allclose(ours, theirs)


# Pipelines


def test_resampling_happens_in_fit_only(table, labels):
    """Predictions are made for the rows that come in, missing cells included."""
    table = table[["age", "balance", "job"]]
    table.loc[[1, 45], "balance"] = np.nan
    seen = []

    class Counting(LogisticRegression):
        def fit(self, X, y):
            seen.append(pd.Series(y).value_counts().to_dict())
            return super().fit(X, y)

    encoder = CategoryEncoder(encoding="onehot")
    numbers = make_pipeline(
        MixedImputer().set_output(transform="pandas"),
        AutoSMOTE(random_state=0),
        encoder,
        Counting(max_iter=1000),
    )
    numbers.fit(table, labels)
    assert seen == [{"no": N_MANY, "yes": N_MANY}]
    assert len(numbers.predict(table)) == len(table)


@pytest.mark.slow
def test_search_with_frames_and_a_net(table, labels):
    """GridSearchCV tunes the sampler before a net; frames run through the pipeline."""
    net = SegmentClassifier(
        effort="fast", max_epochs=2, early_stopping=False, random_state=0
    )
    pipeline = Pipeline(
        [("fill", MixedImputer()), ("smote", AutoSMOTE(random_state=0)), ("net", net)]
    ).set_output(transform="pandas")
    search = GridSearchCV(
        pipeline,
        {"smote__sampling_strategy": [0.5, 1.0]},
        cv=StratifiedKFold(2),
        error_score="raise",
    )
    X = table[["age", "balance", "job", "married"]]
    X.loc[[0, 50], "age"] = None
    search.fit(X, labels)
    assert set(search.predict(X)) <= {"no", "yes"}
    assert list(search.best_estimator_["net"].classes_) == ["no", "yes"]


def test_metadata_routing(table, labels):
    """With metadata routing on, a pipeline fits, and the sampler asks for nothing."""
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(AutoSMOTE(random_state=0), LogisticRegression())
        pipeline.fit(table[["age", "single"]], labels)
        request = AutoSMOTE().get_metadata_routing()
        assert request.fit_resample.requests == {}


@pytest.mark.parametrize(
    ("estimator", "check"),
    # the decorator by itself hands pytest a generator, which pytest 9 deprecates
    list(parametrize_with_checks([AutoSMOTE(random_state=0)]).args[1]),
)
def test_imbalanced_learn_check(estimator, check):
    """imbalanced-learn's own checks of samplers."""
    check(estimator)


def test_parameters_survive_a_clone():
    """A clone has the parameters and nothing that was learnt."""
    sampler = AutoSMOTE({"yes": 9}, k_neighbors=3, categorical_features=[0])
    assert clone(sampler).get_params() == sampler.get_params()
