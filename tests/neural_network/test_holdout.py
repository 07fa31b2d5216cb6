"""Held-out rows: stratified, seeded, never simply the last ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentlearn.neural_network import stratified_holdout

NAMES = np.array(["A", "B", "C"])


def split(codes, fraction=0.2, seed=0):
    """Hold rows out of a table with these classes."""
    rng = np.random.RandomState(seed)
    return stratified_holdout(np.asarray(codes), fraction, rng, NAMES)


def test_each_class_gives_its_share():
    """A fifth of 50, 30 and 20 rows are 10, 6 and 4."""
    codes = np.repeat([0, 1, 2], [50, 30, 20])
    train, held_out = split(codes)
    assert np.bincount(codes[held_out]).tolist() == [10, 6, 4]
    assert np.bincount(codes[train]).tolist() == [40, 24, 16]


@given(
    counts=st.lists(st.integers(2, 30), min_size=3, max_size=3),
    fraction=st.floats(0.001, 0.999),
    seed=st.integers(0, 99),
)
def test_sides_are_disjoint_complete_and_hold_every_class(counts, fraction, seed):
    """Each row is on one side, and each class on both."""
    codes = np.random.RandomState(seed).permutation(np.repeat([0, 1, 2], counts))
    train, held_out = split(codes, fraction, seed)
    assert sorted([*train, *held_out]) == list(range(len(codes)))
    assert set(codes[train]) == set(codes[held_out]) == {0, 1, 2}


def test_held_out_rows_are_not_the_last_ones():
    """Of a sorted table rows of the first half are held out too."""
    _, held_out = split(np.repeat([0, 1, 2], 40))
    assert (held_out < 60).sum() > 5
    assert not np.array_equal(held_out, np.arange(96, 120))


def test_seed_decides_the_rows():
    """The same seed holds the same rows out, another one others."""
    codes = np.repeat([0, 1, 2], 40)
    assert np.array_equal(split(codes, seed=1)[1], split(codes, seed=1)[1])
    assert not np.array_equal(split(codes, seed=1)[1], split(codes, seed=2)[1])


def test_class_with_one_row_is_named():
    """A class that cannot be on both sides is an error with its cures."""
    with pytest.raises(ValueError, match=r"\['B', 'C'\] have 1 row each.*X_val"):
        split([0, 0, 0, 1, 2])


def test_class_without_rows_is_left_out():
    """A class none of whose rows counts needs no row on either side."""
    train, held_out = split([0, 0, 2, 2], 0.5)
    assert (len(train), len(held_out)) == (2, 2)
