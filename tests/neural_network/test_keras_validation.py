"""Rows that ``validation_split`` holds out, and rows that weigh nothing."""

import numpy as np
import pytest
import scipy.sparse

from segmentlearn.neural_network._keras._validation import drop_weightless, split_rows

LABELS = np.array(["A"] * 50 + ["B"] * 30 + ["C"] * 20)


def test_each_class_has_its_share():
    """A fifth of each class is held out, and no row is on both sides."""
    split = split_rows(LABELS, 0.2, 0, stratify=True)
    train, held_out = split.train_rows, split.validation_rows
    names, counts = np.unique(LABELS[held_out], return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {
        "A": 10,
        "B": 6,
        "C": 4,
    }
    assert sorted([*train, *held_out]) == list(range(100))


def test_the_seed_decides():
    """The same rows for the same seed, others for another."""
    first, again, other = (
        split_rows(LABELS, 0.2, seed, stratify=True).validation_rows.tolist()
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_a_class_of_one_row_is_trained_on():
    """It cannot be on both sides, and SciKeras does not refuse it."""
    labels = np.array([*LABELS, "D"])
    split = split_rows(labels, 0.2, 0, stratify=True)
    assert 100 in split.train_rows
    assert len(split.validation_rows) == 20


def test_combinations_of_labels_are_strata():
    """Targets of several columns are distinguished by whole rows."""
    labels = np.array([[0, 1]] * 10 + [[1, 0]] * 10)
    held_out = split_rows(labels, 0.2, 0, stratify=True).validation_rows
    assert labels[held_out].sum(axis=0).tolist() == [2, 2]


def test_without_strata_the_last_rows_are_held_out():
    """As Keras does."""
    split = split_rows(LABELS, 0.25, 0, stratify=False)
    assert split.validation_rows.tolist() == list(range(75, 100))
    assert split.train_rows.tolist() == list(range(75))


def test_an_empty_side_is_an_error():
    """Half of one row cannot be held out."""
    with pytest.raises(ValueError, match=r"validation_split=0\.5 of 1 rows"):
        split_rows(LABELS[:1], 0.5, 0, stratify=True)


@pytest.mark.parametrize("as_table", [np.asarray, scipy.sparse.csr_matrix])
def test_rows_of_weight_zero_are_left_out(as_table):
    """Of arrays and of sparse matrices."""
    X = as_table(np.arange(6.0).reshape(3, 2))
    kept, y, weights = drop_weightless(X, np.arange(3), np.array([1.0, 0.0, 2.0]))
    assert kept.shape == (2, 2)
    assert y.tolist() == [0, 2]
    assert weights.tolist() == [1.0, 2.0]


def test_no_weight_at_all_is_an_error():
    """There is nothing to train on."""
    with pytest.raises(ValueError, match="only zeros were passed in sample_weight"):
        drop_weightless(np.zeros((2, 1)), np.zeros(2), np.zeros(2))
