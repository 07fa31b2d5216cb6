"""AssociationSelector: what is kept, in what form, and what is reported."""

import io

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from segmentlearn import load, save
from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.metrics import association
from segmentlearn.preprocessing import AssociationSelector, TabularPreprocessor

COLUMNS = {
    "number": st.one_of(st.none(), st.integers(-9, 9)),
    "text": st.one_of(st.none(), st.sampled_from(["x", "y", "z"])),
    "flag": st.booleans(),
    "same": st.just("one"),
}


@st.composite
def tables(draw):
    """A mixed frame of twelve rows, and labels of two classes."""
    kinds = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=5))
    X = pd.DataFrame(
        {
            f"{kind}_{at}": draw(st.lists(COLUMNS[kind], min_size=12, max_size=12))
            for at, kind in enumerate(kinds)
        }
    )
    X["row"] = np.arange(12.0)
    y = draw(st.permutations(["a"] * 5 + ["b"] * 7))
    return X, np.array(y)


def mixed(n=300, seed=0):
    """Columns of several dtypes, two of them about the class, one its double."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    X = pd.DataFrame(
        {
            "noise": rng.normal(size=n).astype(np.float32),
            "strong": np.round(10 * (z + rng.normal(0, 0.5, n))).astype(np.int16),
            "double": 0.0,
            "job": pd.Categorical(np.where(z + rng.normal(0, 1, n) > 0, "j", "k")),
            "city": rng.choice(["p", "q", "r"], n),
            "joined": pd.Timestamp("2020-01-01"),
        }
    )
    X["double"] = X["strong"] * 2.0 + 1
    X["joined"] += pd.to_timedelta(np.round(50 * (z + rng.normal(0, 2, n))), unit="D")
    X.loc[::6, "job"] = None
    return X, np.where(z > 0, "A", "B")


def test_columns_that_reach_the_threshold_are_kept():
    """In the order of the table; scores are those of `association`."""
    X, y = mixed()
    selector = AssociationSelector(0.2).fit(X, y)
    kept = ["strong", "double", "job", "joined"]
    assert selector.get_feature_names_out().tolist() == kept
    for name in ("noise", "strong", "job", "city"):
        at = X.columns.get_loc(name)
        found = association(X[name], y)
        np.testing.assert_allclose(selector.scores_[at], abs(found.value))
        np.testing.assert_allclose(selector.pvalues_[at], found.p_value, rtol=1e-6)
        assert selector.measures_[at] == found.measure


def test_frames_keep_dtypes_and_index():
    """The cells are those of the table."""
    X, y = mixed()
    X.index = X.index + 5
    out = AssociationSelector(0.2).fit(X, y).transform(X)
    pd.testing.assert_frame_equal(out, X[["strong", "double", "job", "joined"]])


def test_arrays_keep_their_dtype():
    """A float32 array stays one."""
    X, y = mixed()
    array = X[["noise", "strong"]].to_numpy(np.float32)
    out = AssociationSelector(0.2).fit_transform(array, y)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out[:, 0], array[:, 1])


def test_arrays_of_objects_are_read_column_by_column():
    """Text and numbers side by side."""
    X, y = mixed()
    objects = X[["noise", "job", "strong"]].astype(object).to_numpy()
    selector = AssociationSelector(0.2).fit(objects, y)
    assert selector.measures_[1] == "cramers_v"
    assert selector.get_support(indices=True).tolist() == [1, 2]


def test_polars_frames_stay_polars():
    """With their own dtypes."""
    X, y = mixed()
    frame = pl.DataFrame({"noise": X["noise"].to_numpy(), "city": list(y)})
    out = AssociationSelector(0.2).fit(frame, y).transform(frame)
    assert out.equals(frame.select("city"))


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output_decides(container):
    """Whatever came in."""
    X, y = mixed()
    X = X[["strong", "noise", "city"]]
    selector = AssociationSelector(0.2).set_output(transform=container)
    out = selector.fit_transform(X, y)
    assert type(out).__module__.startswith(container)
    assert list(out.columns) == ["strong"]


def test_redundant_columns_are_dropped():
    """The one with less to do with y, or the later one, and it is reported which."""
    X, y = mixed()
    selector = AssociationSelector(0.2, redundancy=0.9).fit(X, y)
    assert selector.redundant_ == {"double": "strong"}
    kept = ["strong", "job", "joined"]
    assert selector.get_feature_names_out().tolist() == kept


def test_redundancy_of_one_drops_nothing():
    """No association is above it."""
    X, y = mixed()
    selector = AssociationSelector(0.2, redundancy=1.0).fit(X, y)
    assert selector.redundant_ == {}


def test_max_features_keeps_the_strongest():
    """A redundant column takes no place."""
    X, y = mixed()
    selector = AssociationSelector(0.1, redundancy=0.9, max_features=2).fit(X, y)
    assert selector.get_feature_names_out().tolist() == ["strong", "job"]


def test_strongest_is_kept_where_none_reaches_the_threshold():
    """A warning says how far it is from it."""
    X, y = mixed()
    with pytest.warns(SegmentLearnWarning, match=r"threshold=0.99; the strongest, 'st"):
        selector = AssociationSelector(0.99).fit(X, y)
    assert selector.support_.sum() == 1


def test_constant_columns_are_never_kept():
    """Not even at threshold 0."""
    X, y = mixed()
    X["same"], X["empty"] = 1, None
    selector = AssociationSelector(0).fit(X, y)
    assert selector.support_.tolist() == [True] * 6 + [False] * 2
    assert np.isnan(selector.scores_[-2:]).all()


def test_a_table_of_constants_is_refused():
    """Nothing could be kept."""
    with pytest.raises(ValueError, match=r"None of the columns \['a'\]"):
        AssociationSelector().fit(pd.DataFrame({"a": [1, 1, 1]}), [0, 1, 0])


def test_a_target_of_one_value_is_refused():
    """Nothing can be associated with it."""
    with pytest.raises(ValueError, match="y has a single value"):
        AssociationSelector().fit([[1.0], [2.0]], ["a", "a"])


def test_many_levels_do_not_pass_by_chance():
    """A hundred random levels in 300 rows stay below 0.1; an identifier has 0."""
    rng = np.random.default_rng(3)
    X, y = mixed()
    X["many"] = rng.integers(0, 100, 300).astype(str)
    X["id"] = [f"C{at}" for at in range(300)]
    selector = AssociationSelector().fit(X, y)
    assert not selector.support_[-2:].any()
    assert selector.scores_[-1] == 0


def test_amounts_are_targets_too():
    """Numbers are correlated with them; the sign does not matter."""
    X, _ = mixed()
    y = -np.exp(X["strong"] / 10.0)
    selector = AssociationSelector().fit(X, y)
    assert selector.measures_[:2] == ["spearman", "spearman"]
    assert selector.scores_[1] == pytest.approx(1)


def test_numbers_can_be_told_to_be_categories():
    """By name."""
    X, y = mixed()
    selector = AssociationSelector(categorical_features=["strong"]).fit(X, y)
    assert selector.measures_[1] == "cramers_v"


def test_other_columns_are_refused():
    """Later tables must have those of `fit`."""
    X, y = mixed()
    selector = AssociationSelector().fit(X, y)
    with pytest.raises(SchemaError, match="feature names"):
        selector.transform(X.rename(columns={"city": "town"}))


def test_infinite_numbers_are_named():
    """With the column."""
    X, y = mixed()
    X.loc[0, "noise"] = np.inf
    with pytest.raises(SchemaError, match="'noise' holds 1 infinite"):
        AssociationSelector().fit(X, y)


def test_inverse_puts_dropped_columns_back_as_missing():
    """In frames and in arrays."""
    X, y = mixed()
    selector = AssociationSelector(0.2).fit(X, y)
    back = selector.inverse_transform(selector.transform(X))
    pd.testing.assert_series_equal(back["strong"], X["strong"])
    assert list(back) == list(X)
    assert back[["noise", "city"]].isna().all(axis=None)
    array = X[["noise", "strong"]].to_numpy()
    selector = AssociationSelector(0.2).fit(array, y)
    back = selector.inverse_transform(selector.transform(array))
    np.testing.assert_array_equal(back[:, 1], array[:, 1])
    assert np.isnan(back[:, 0]).all()


@pytest.mark.slow
def test_selection_inside_a_pipeline_does_not_leak():
    """A random label stays at chance in cross-validation, with 400 columns of noise.

    Selected beforehand from all rows, the same columns seem to predict it.
    """
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 400)), rng.permutation([0, 1] * 30)
    selector = AssociationSelector(0, max_features=10)
    model = LogisticRegression()
    honest = cross_val_score(make_pipeline(selector, model), X, y, cv=5)
    leaked = cross_val_score(model, selector.fit_transform(X, y), y, cv=5)
    assert honest.mean() < 0.65
    assert leaked.mean() > 0.8


@pytest.mark.slow
def test_threshold_can_be_searched():
    """Before a preprocessor, on raw columns."""
    X, y = mixed()
    pipeline = make_pipeline(
        AssociationSelector(), TabularPreprocessor(), LogisticRegression()
    )
    grid = {"associationselector__threshold": [0.1, 0.5]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.8


def test_archive_brings_it_back():
    """Inside a pipeline, with the same answers."""
    X, y = mixed()
    pipeline = make_pipeline(
        AssociationSelector(0.2, redundancy=0.9),
        TabularPreprocessor(),
        LogisticRegression(),
    ).fit(X, y)
    file = io.BytesIO()
    save(pipeline, file)
    loaded = load(file)
    np.testing.assert_array_equal(loaded.predict_proba(X), pipeline.predict_proba(X))
    assert loaded[0].redundant_ == {"double": "strong"}
    np.testing.assert_array_equal(loaded[0].scores_, pipeline[0].scores_)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::segmentlearn.exceptions.SegmentLearnWarning")
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(tables(), st.sampled_from([0.0, 0.1, 0.5]), st.sampled_from([None, 0.5]))
def test_any_mixed_table_can_be_selected_from(table, threshold, redundancy):
    """Kept columns come out as they are; each reaches the threshold, or is alone."""
    X, y = table
    selector = AssociationSelector(threshold, redundancy=redundancy).fit(X, y)
    out = selector.transform(X)
    assert len(out.columns) >= 1
    pd.testing.assert_frame_equal(out, X[list(out.columns)])
    kept = selector.scores_[selector.support_]
    assert (kept >= threshold).all() or len(kept) == 1
    present = selector.scores_[~np.isnan(selector.scores_)]
    assert ((present >= 0) & (present <= 1)).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::segmentlearn.exceptions.SegmentLearnWarning")
@given(tables(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(table, random):
    """Scores are those of the shuffled rows."""
    X, y = table
    rows = list(range(12))
    random.shuffle(rows)
    one = AssociationSelector().fit(X, y)
    other = AssociationSelector().fit(X.iloc[rows], y[rows])
    # a correlation ratio is a root: a rounding error of 1e-16 becomes one of 1e-8
    np.testing.assert_allclose(one.scores_, other.scores_, atol=1e-6)
