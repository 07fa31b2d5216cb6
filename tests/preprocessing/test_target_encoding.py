"""Target means: how targets are read, smoothed and cross-fitted."""

import numpy as np
import pytest

from segmentlearn.preprocessing._target_encoding import (
    cross_fitted_means,
    is_encodable,
    read_target,
    smoothed_means,
)


def test_two_classes_give_the_second_ones_column():
    """Its mean is the share of the second class."""
    target, classes = read_target(["no", "yes", "yes"])
    assert classes == ["no", "yes"]
    assert target.tolist() == [[0.0], [1.0], [1.0]]


def test_three_classes_give_a_column_each():
    """Sorted by label."""
    target, classes = read_target(["B", "A", "C"])
    assert classes == ["A", "B", "C"]
    assert target.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_many_whole_numbers_are_amounts():
    """Thirty-one distinct numbers are no classes unless the user says so."""
    assert read_target(np.arange(31))[1] is None
    assert len(read_target(np.arange(31), "classes")[1]) == 31
    assert read_target(np.arange(30))[1] == list(range(30))


def test_missing_labels_are_refused_with_their_number():
    """A mean of unknown labels is no mean."""
    with pytest.raises(ValueError, match=r"y holds 2 missing value\(s\)"):
        read_target(np.array(["A", None, None], dtype=object))


@pytest.mark.parametrize(
    ("y", "encodable"),
    [(None, False), ([1, 2], True), ([[1], [2]], True), ([[1, 2], [3, 4]], False)],
)
def test_only_a_single_column_can_be_encoded(y, encodable):
    """Targets of several columns are left to one-hot."""
    assert is_encodable(y) is encodable


def test_large_levels_keep_their_means():
    """With many rows a level speaks for itself."""
    codes = np.repeat([0, 1], 1000)
    target = np.concatenate([np.tile([0.0, 1.0], 500), np.ones(1000)])[:, np.newaxis]
    means = smoothed_means(codes, 2, target)
    np.testing.assert_allclose(means.ravel(), [0.5, 1.0], atol=0.01)


def test_a_level_of_one_row_does_not_become_its_label():
    """Even where every level has one row."""
    target = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])[:, np.newaxis]
    means = smoothed_means(np.arange(6), 6, target)
    assert np.abs(means - 0.5).max() < 0.2


def test_a_level_without_rows_gets_the_overall_mean():
    """Code 2 never occurs."""
    means = smoothed_means(np.array([0, 0, 1, 1]), 3, np.array([[0.0], [0], [1], [1]]))
    assert means[2, 0] == 0.5


def test_a_constant_target_gives_constant_means():
    """No division by a variance of zero."""
    means = smoothed_means(np.array([0, 0, 1]), 2, np.ones((3, 1)))
    assert means.ravel().tolist() == [1.0, 1.0]


def test_a_rows_own_label_does_not_change_its_code():
    """Flip one label: its own cross-fitted value stays, whatever the others do."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 5, 50)
    target = rng.normal(size=(50, 1))
    before = cross_fitted_means(codes, 5, target, None, 0)
    flipped = target.copy()
    flipped[7] += 10.0
    after = cross_fitted_means(codes, 5, flipped, None, 0)
    assert after[7, 0] == before[7, 0]
    assert (after != before).any()


@pytest.mark.parametrize(
    "labels", [["a"], ["a", "b"], ["a", "a", "b"], ["a"] * 9 + ["b"]]
)
def test_few_rows_and_rare_classes_are_no_error(labels, recwarn):
    """The number of folds gives way, without a warning."""
    target, classes = read_target(labels)
    codes = np.zeros(len(labels), dtype=int)
    encoded = cross_fitted_means(codes, 1, target, classes, 0)
    assert encoded.shape == target.shape
    assert np.isfinite(encoded).all()
    assert len(recwarn) == 0
