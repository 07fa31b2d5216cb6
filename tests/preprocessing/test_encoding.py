"""CategoryEncoder: levels, rare ones, unseen ones, and the three encodings."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.preprocessing import CategoryEncoder


def frame(*levels):
    """One column of categories."""
    return pd.DataFrame({"job": list(levels)})


def test_one_column_a_level_in_sorted_order():
    """The columns are named after their levels."""
    encoder = CategoryEncoder().fit(frame("b", "a", "b"))
    assert encoder.get_feature_names_out().tolist() == ["job_a", "job_b"]
    assert encoder.transform(frame("b", "a")).tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_an_ordered_dtype_keeps_its_order():
    """Low comes before Average, whatever the alphabet says."""
    X = frame("Low", "High", "Average")
    order = pd.CategoricalDtype(["Low", "Average", "High"], ordered=True)
    encoder = CategoryEncoder("ordinal").fit(X.astype(order))
    assert encoder.transform(frame("Low", "Average", "High")).ravel().tolist() == [
        0,
        1,
        2,
    ]


def test_rare_levels_share_the_other_column():
    """Levels below min_frequency are merged."""
    encoder = CategoryEncoder(min_frequency=2).fit(frame("a", "a", "b", "c"))
    assert encoder.get_feature_names_out().tolist() == ["job_a", "job_other"]
    assert encoder.merged_levels_ == {"job": ["b", "c"]}
    assert encoder.transform(frame("c")).tolist() == [[0.0, 1.0]]


def test_merged_levels_are_not_reported_as_unseen(recwarn):
    """They were in the training rows."""
    CategoryEncoder(min_frequency=2).fit(frame("a", "a", "b")).transform(frame("b"))
    assert len(recwarn) == 0


@pytest.mark.parametrize(
    ("min_frequency", "kept"),
    [(None, ["a", "b"]), (2, ["a"]), (0.2, ["a", "b"]), (0.3, ["a"]), (1, ["a", "b"])],
)
def test_min_frequency_counts_rows_or_is_a_share(min_frequency, kept):
    """b has one row of four."""
    X = frame("a", "a", "a", "b")
    assert CategoryEncoder(min_frequency=min_frequency).fit(X).levels_["job"] == kept


def test_auto_min_frequency_spares_small_tables():
    """One row of 90 is kept; four rows of 1,000 are merged, five are not."""
    small = frame(*["a"] * 89, "b")
    assert CategoryEncoder().fit(small).levels_["job"] == ["a", "b"]
    large = frame(*["a"] * 991, *["b"] * 4, *["c"] * 5)
    assert CategoryEncoder().fit(large).levels_["job"] == ["a", "c"]


def test_unseen_levels_go_to_other_and_are_counted():
    """One warning names the column, the levels and their rows."""
    encoder = CategoryEncoder(min_frequency=2).fit(frame("a", "a", "b"))
    with pytest.warns(
        SegmentLearnWarning, match=r"'job': 'x' \(2 rows\), 'y'"
    ) as caught:
        Xt = encoder.transform(frame("x", "a", "y", "x"))
    assert len(caught) == 1
    assert Xt.tolist() == [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]


def test_without_merged_levels_other_is_the_row_of_zeros():
    """No training row could have taught a net the weight of a constant column."""
    encoder = CategoryEncoder().fit(frame("a", "b"))
    with pytest.warns(SegmentLearnWarning, match="encoded as 'other'"):
        assert encoder.transform(frame("x")).tolist() == [[0.0, 0.0]]


def test_a_long_list_of_unseen_levels_is_cut():
    """A warning stays readable."""
    encoder = CategoryEncoder().fit(frame("a", "b"))
    with pytest.warns(SegmentLearnWarning, match="4 more levels"):
        encoder.transform(frame(*"rstuvwxyz"))


def test_ordinal_other_is_the_number_after_the_last_level():
    """Two levels are 0 and 1, so other is 2."""
    encoder = CategoryEncoder("ordinal").fit(frame("a", "b"))
    with pytest.warns(SegmentLearnWarning):
        assert encoder.transform(frame("b", "x")).ravel().tolist() == [1.0, 2.0]
    assert encoder.get_feature_names_out().tolist() == ["job"]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_missing_is_a_level_where_training_rows_had_it(missing):
    """All markers mean the same."""
    encoder = CategoryEncoder().fit(frame("a", missing))
    assert encoder.get_feature_names_out().tolist() == ["job_a", "job_missing"]
    assert encoder.transform(frame(None)).tolist() == [[0.0, 1.0]]


def test_missing_counts_as_unseen_where_training_rows_had_none():
    """It is reported like any other level."""
    encoder = CategoryEncoder().fit(frame("a", "b"))
    with pytest.warns(SegmentLearnWarning, match=r"missing \(1 row\)"):
        assert encoder.transform(frame(None, "a")).tolist() == [[0.0, 0.0], [1.0, 0.0]]


def test_real_levels_named_other_and_missing_keep_their_names():
    """The names of the special levels give way."""
    X = frame("other", "other", "missing", "missing", None, None, "x")
    names = CategoryEncoder(min_frequency=2).fit(X).get_feature_names_out()
    assert names.tolist() == [
        "job_missing",
        "job_other",
        "job_missing_2",
        "job_other_2",
    ]


def test_names_that_clash_between_columns_are_made_unique():
    """Frames with repeated names are of no use."""
    X = pd.DataFrame({"a": ["b_c"], "a_b": ["c"]})
    assert CategoryEncoder().fit(X).get_feature_names_out().tolist() == [
        "a_b_c",
        "a_b_c_2",
    ]


@pytest.mark.parametrize(
    "other_dtype",
    ["object", "category", "string"],
)
def test_levels_do_not_depend_on_the_dtype(other_dtype):
    """Text is text, however pandas stores it."""
    X = frame("b", "a", "b")
    encoder = CategoryEncoder().fit(X)
    expected = encoder.transform(X)
    np.testing.assert_array_equal(encoder.transform(X.astype(other_dtype)), expected)


def test_whole_floats_are_the_integers_they_were():
    """A missing cell turns an integer column into floats; its levels stay the same."""
    encoder = CategoryEncoder().fit(pd.DataFrame({"zip": [10, 20, 20]}))
    assert encoder.get_feature_names_out().tolist() == ["zip_10", "zip_20"]
    assert encoder.transform(pd.DataFrame({"zip": [20.0]})).tolist() == [[0.0, 1.0]]


def test_declared_categories_without_rows_get_no_column():
    """A constant column would be untrained; the category is unseen later on."""
    X = frame("a", "b").astype(pd.CategoricalDtype(["a", "b", "z"]))
    assert CategoryEncoder().fit(X).get_feature_names_out().tolist() == [
        "job_a",
        "job_b",
    ]


def test_a_renamed_column_is_a_schema_error():
    """scikit-learn's own message, as a SchemaError."""
    encoder = CategoryEncoder().fit(frame("a", "b"))
    with pytest.raises(SchemaError, match="unseen at fit time"):
        encoder.transform(frame("a").rename(columns={"job": "profession"}))


def many_levels(n_levels, n_rows=600):
    """A column of many levels that decide over a binary target."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, n_levels, n_rows)
    y = rng.random(n_rows) < np.linspace(0.05, 0.95, n_levels)[codes]
    return pd.DataFrame({"zip": [f"z{code:03d}" for code in codes]}), y.astype(int)


def test_auto_takes_target_means_for_many_levels():
    """Thirty levels are one-hot, forty are not."""
    X, y = many_levels(30)
    assert CategoryEncoder().fit(X, y).column_encodings_ == {"zip": "onehot"}
    X, y = many_levels(40)
    encoder = CategoryEncoder().fit(X, y)
    assert encoder.column_encodings_ == {"zip": "target"}
    assert encoder.get_feature_names_out().tolist() == ["zip_target"]


def test_auto_takes_target_means_for_many_rare_levels():
    """Merging them all would leave nothing to learn from."""
    X, y = many_levels(400)
    encoder = CategoryEncoder().fit(X, y)
    assert encoder.column_encodings_ == {"zip": "target"}
    assert encoder.merged_levels_ == {"zip": []}


def test_auto_stays_one_hot_where_rare_levels_are_few_rows():
    """Forty typing errors in 2,000 rows don't make a column of many levels."""
    levels = ["a", "b"] * 980 + [f"typo {number}" for number in range(40)]
    encoder = CategoryEncoder().fit(frame(*levels), np.arange(2000) % 2)
    assert encoder.column_encodings_ == {"job": "onehot"}
    assert encoder.get_feature_names_out().tolist() == ["job_a", "job_b", "job_other"]


@pytest.mark.parametrize("y", [None, np.zeros((600, 2))])
def test_auto_without_a_usable_target_keeps_the_most_frequent_levels(y):
    """Thirty columns and one for the rest."""
    X, _ = many_levels(40)
    encoder = CategoryEncoder().fit(X, y)
    assert encoder.column_encodings_ == {"zip": "onehot"}
    assert len(encoder.levels_["zip"]) == 30
    counts = X["zip"].value_counts()
    assert (
        counts[encoder.levels_["zip"]].min()
        >= counts[encoder.merged_levels_["zip"]].max()
    )


def test_fit_transform_is_cross_fitted_and_transform_is_not():
    """A row's own label must not leak into its feature."""
    X, y = many_levels(40)
    encoder = CategoryEncoder("target", random_state=0)
    training = encoder.fit_transform(X, y)
    later = encoder.transform(X)
    assert np.abs(training - later).max() > 0.01
    assert len(np.unique(later)) <= 40
    assert len(np.unique(training)) > 100


def test_cross_fitting_does_not_leak_pure_noise():
    """Levels of two rows say nothing; the leak of plain means would be large."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"zip": rng.integers(0, 300, 600).astype(str)})
    y = rng.integers(0, 2, 600)
    Xt = CategoryEncoder("target", random_state=0).fit_transform(X, y)
    assert abs(np.corrcoef(Xt[:, 0], y)[0, 1]) < 0.15
    plain = pd.Series(y).groupby(X["zip"]).transform("mean")
    assert np.corrcoef(plain, y)[0, 1] > 0.6


def test_three_classes_give_three_means_that_sum_to_one():
    """The columns carry the class labels."""
    X, _ = many_levels(40)
    y = np.array(["A", "B", "C"])[np.random.default_rng(1).integers(0, 3, 600)]
    encoder = CategoryEncoder("target", random_state=0)
    Xt = encoder.fit_transform(X, y)
    assert encoder.get_feature_names_out().tolist() == [
        "zip_target_A",
        "zip_target_B",
        "zip_target_C",
    ]
    np.testing.assert_allclose(Xt.sum(axis=1), 1.0, atol=1e-6)


def test_an_unseen_level_gets_the_overall_mean():
    """Nothing is known of it."""
    X, y = many_levels(40)
    encoder = CategoryEncoder("target").fit(X, y)
    with pytest.warns(SegmentLearnWarning):
        Xt = encoder.transform(pd.DataFrame({"zip": ["nowhere"]}))
    assert Xt[0, 0] == pytest.approx(y.mean(), abs=1e-6)


def test_target_means_need_a_target():
    """scikit-learn's words, so that its tools understand them."""
    with pytest.raises(ValueError, match="requires y to be passed"):
        CategoryEncoder("target").fit(frame("a", "b"))


def test_the_same_seed_gives_the_same_folds():
    """Bit for bit."""
    X, y = many_levels(40)
    first = CategoryEncoder("target", random_state=3).fit_transform(X, y)
    second = CategoryEncoder("target", random_state=3).fit_transform(X, y)
    np.testing.assert_array_equal(first, second)


def test_set_output_gives_frames():
    """Names and index come along."""
    X = frame("a", "b").set_axis([7, 8])
    Xt = CategoryEncoder().set_output(transform="pandas").fit_transform(X)
    assert Xt.columns.tolist() == ["job_a", "job_b"]
    assert Xt.index.tolist() == [7, 8]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=12))
def test_every_training_row_has_exactly_one_level(levels):
    """One-hot rows sum to one, rare levels and missing cells included."""
    Xt = CategoryEncoder(min_frequency=2).fit_transform(frame(*levels))
    assert (Xt.sum(axis=1) == 1.0).all()
