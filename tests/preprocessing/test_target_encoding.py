"""Target means of CategoryEncoder: how targets are read, smoothed and cross-fitted."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn.preprocessing import CategoryEncoder


def encoder(**options):
    """Make an encoder by target means."""
    return CategoryEncoder("target", random_state=0, **options)


def means(levels, y, **options):
    """Return the smoothed means of a column's levels, in their order."""
    X = pd.DataFrame({"level": levels})
    return encoder(**options).fit(X, y).tables_["level"][:-1]


def test_two_classes_give_the_second_ones_share():
    """One column, whose mean is the share of the second class."""
    found = means(["a"] * 100 + ["b"] * 100, ["no"] * 100 + ["yes"] * 100)
    np.testing.assert_allclose(found, [[0.0], [1.0]], atol=0.01)


def test_three_classes_give_a_column_each():
    """Sorted by label."""
    levels = np.repeat(["a", "b", "c"], 100)
    fitted = encoder().fit(pd.DataFrame({"level": levels}), np.repeat([*"BAC"], 100))
    assert fitted.target_classes_ == ["A", "B", "C"]
    expected = [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    np.testing.assert_allclose(fitted.tables_["level"][:-1], expected, atol=0.02)


@pytest.mark.parametrize(
    ("n_distinct", "target_type", "n_classes"),
    [(30, "auto", 30), (31, "auto", None), (31, "classes", 31)],
)
def test_many_whole_numbers_are_amounts(n_distinct, target_type, n_classes):
    """Thirty-one distinct numbers are no classes unless the user says so."""
    X = pd.DataFrame({"level": ["a", "b"] * n_distinct})
    y = np.repeat(np.arange(n_distinct), 2)
    fitted = encoder(target_type=target_type).fit(X, y)
    assert fitted.target_classes_ == (n_classes and list(range(n_classes)))


def test_missing_labels_are_refused_with_their_number():
    """The error says how many there are."""
    with pytest.raises(ValueError, match=r"y holds 2 missing value\(s\)"):
        means(["a", "b", "a"], np.array(["A", None, None], dtype=object))


@pytest.mark.parametrize(
    ("y", "encoding"),
    [
        (None, "onehot"),
        (np.arange(80), "target"),
        (np.arange(80)[:, np.newaxis], "target"),
        (np.arange(160).reshape(80, 2), "onehot"),
    ],
)
@pytest.mark.filterwarnings("ignore:A column-vector y")
def test_only_a_single_column_can_be_encoded(y, encoding):
    """By default, targets of several columns are left to one-hot."""
    X = pd.DataFrame({"level": [f"level {number % 40}" for number in range(80)]})
    fitted = CategoryEncoder(min_frequency=None).fit(X, y)
    assert fitted.column_encodings_ == {"level": encoding}


def test_large_levels_keep_their_means():
    """With many rows a level's own mean counts almost fully."""
    y = np.concatenate([np.tile([0, 1], 500), np.ones(1000, dtype=int)])
    found = means(np.repeat(["a", "b"], 1000), y)
    np.testing.assert_allclose(found.ravel(), [0.5, 1.0], atol=0.01)


def test_a_level_of_one_row_does_not_become_its_label():
    """Even where every level has one row."""
    assert np.abs(means([*"abcdef"], [0, 1, 0, 1, 0, 1]) - 0.5).max() < 0.2


def test_an_unseen_level_gets_the_overall_mean():
    """So it is neither of the classes."""
    fitted = encoder().fit(pd.DataFrame({"level": [*"aabb"]}), [0, 0, 1, 1])
    with pytest.warns(UserWarning, match="not in the training rows"):
        found = fitted.transform(pd.DataFrame({"level": ["c"]}))
    assert found.tolist() == [[0.5]]


def test_a_constant_target_gives_constant_means():
    """No division by a variance of zero."""
    assert means([*"aab"], [1.0, 1.0, 1.0]).ravel().tolist() == [1.0, 1.0]


def test_a_rows_own_label_does_not_change_its_code():
    """Flip one label: its own cross-fitted value stays, whatever the others do."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"level": rng.choice([*"abcde"], 50)})
    y = rng.normal(size=50)
    before = encoder().fit_transform(X, y)
    y[7] += 10.0
    after = encoder().fit_transform(X, y)
    assert after[7, 0] == before[7, 0]
    assert (after != before).any()


@pytest.mark.parametrize(
    "labels", [["a"], ["a", "b"], ["a", "a", "b"], ["a"] * 9 + ["b"]]
)
def test_few_rows_and_rare_classes_are_no_error(labels, recwarn):
    """There are fewer folds then, without a warning."""
    X = pd.DataFrame({"level": ["x"] * len(labels)})
    encoded = encoder().fit_transform(X, labels)
    assert encoded.shape == (len(labels), 1)
    assert np.isfinite(encoded).all()
    assert len(recwarn) == 0
