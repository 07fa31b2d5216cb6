"""Numbers by size, and numbers as they were before."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segmentlearn.cluster import canonical_labels, match_labels

N_ROWS = 30
labellings = arrays(np.int64, st.integers(1, N_ROWS), elements=st.integers(-1, 5))
pairs = st.integers(1, N_ROWS).flatmap(
    lambda n: st.tuples(
        *[arrays(np.int64, n, elements=st.integers(-1, 2)) for _ in range(2)]
    )
)
renumberings = st.permutations(range(6))


def renumber(labels, numbers):
    """Give each segment another number; noise stays."""
    return np.append(numbers, -1)[labels]


def n_agreeing(labels, reference):
    """Count the rows that are in the same segment, without noise."""
    return np.sum((labels == reference) & (labels >= 0))


@given(labellings)
def test_sizes_fall_with_the_number(labels):
    """Numbers run from 0, each once, from the largest segment to the smallest."""
    new_labels, _ = canonical_labels(labels)
    found, size = np.unique(new_labels[new_labels >= 0], return_counts=True)
    assert found.tolist() == list(range(len(found)))
    assert (np.diff(size) <= 0).all()


@given(labellings)
def test_the_permutation_leads_back(labels):
    """old_labels[new] is what the segment was called."""
    new_labels, old_labels = canonical_labels(labels)
    assert renumber(new_labels, old_labels).tolist() == labels.tolist()
    assert sorted(old_labels) == sorted(set(labels) - {-1})


@given(labellings)
def test_canonical_labels_stay(labels):
    """Renumbering twice is renumbering once."""
    once, _ = canonical_labels(labels)
    twice, old_labels = canonical_labels(once)
    assert twice.tolist() == once.tolist()
    assert old_labels.tolist() == list(range(len(old_labels)))


@given(labellings, renumberings)
def test_numbers_given_by_chance_do_not_matter(labels, numbers):
    """The same segments under other numbers come out the same, ties included."""
    expected, _ = canonical_labels(labels)
    found, _ = canonical_labels(renumber(labels, numbers))
    assert found.tolist() == expected.tolist()


@given(labellings, st.randoms(use_true_random=False))
def test_tie_keys_make_the_order_of_rows_irrelevant(labels, random):
    """With a different key for each segment, shuffled rows keep their number."""
    rows = list(range(len(labels)))
    random.shuffle(rows)
    keys = -np.unique(labels[labels >= 0]).astype(float)
    expected, _ = canonical_labels(labels, tie_keys=keys)
    found, _ = canonical_labels(labels[rows], tie_keys=keys)
    assert found.tolist() == expected[rows].tolist()


def test_ties_go_by_the_first_row():
    """Of two segments of a size, the one that comes first is first."""
    new_labels, _ = canonical_labels([9, 3, 9, 3, 5])
    assert new_labels.tolist() == [0, 1, 0, 1, 2]


def test_tie_keys_are_read_column_by_column():
    """The first column decides, the second where it is the same."""
    _, old_labels = canonical_labels([0, 1, 2], tie_keys=[[5, 2], [5, 1], [4, 9]])
    assert old_labels.tolist() == [2, 1, 0]


def test_tie_keys_decide_between_equals_only():
    """A larger segment is first, whatever its key."""
    _, old_labels = canonical_labels([0, 1, 1], tie_keys=[0.0, 1.0])
    assert old_labels.tolist() == [1, 0]


def test_weights_are_sizes():
    """One row of weight 5 is more than two of weight 1."""
    new_labels, _ = canonical_labels([0, 0, 1], sample_weight=[1, 1, 5])
    assert new_labels.tolist() == [1, 1, 0]


def test_every_negative_label_is_noise():
    """HDBSCAN's -2 and -3 stay as they are."""
    new_labels, old_labels = canonical_labels([-3, 7, -2, -1])
    assert new_labels.tolist() == [-3, 0, -2, -1]
    assert old_labels.tolist() == [7]


def test_noise_alone_has_no_segments():
    """There is nothing to number; keys of no segments are fine."""
    new_labels, old_labels = canonical_labels([-1, -1], tie_keys=np.empty((0, 3)))
    assert new_labels.tolist() == [-1, -1]
    assert old_labels.tolist() == []


def test_given_labels_are_left_alone():
    """The array of the caller is not written to."""
    labels = np.array([0, 1, 1])
    canonical_labels(labels)
    match_labels(labels, [1, 0, 0])
    assert labels.tolist() == [0, 1, 1]


@pytest.mark.slow
@given(labellings, renumberings)
def test_the_same_segments_get_their_numbers_back(labels, numbers):
    """Matching undoes any renumbering."""
    assert match_labels(renumber(labels, numbers), labels).tolist() == labels.tolist()


@pytest.mark.slow
@given(pairs)
def test_segments_stay_whole(pair):
    """Matching renumbers: segments and noise have the same rows."""
    labels, reference = pair
    matched = match_labels(labels, reference)
    assert len(set(zip(labels, matched, strict=True))) == len(set(labels))
    assert len(set(matched)) == len(set(labels))
    assert ((matched == -1) == (labels == -1)).all()


@pytest.mark.slow
@given(pairs)
def test_no_other_numbers_agree_on_more_rows(pair):
    """Every way to give the earlier numbers to the segments has been beaten."""
    labels, reference = pair
    codes, _ = canonical_labels(labels)
    n_segments = int(codes.max()) + 1
    numbers = range(3 + n_segments)  # the earlier ones, and a new one for each
    best = max(
        n_agreeing(renumber(codes, np.array(way, dtype=int)), reference)
        for way in permutations(numbers, n_segments)
    )
    assert n_agreeing(match_labels(labels, reference), reference) == best


def test_more_segments_than_before():
    """Those without a partner get new numbers, the largest first."""
    matched = match_labels([0, 1, 1, 2, 2, 2, 2], [7, 7, 7, 7, 7, 7, 7])
    assert matched.tolist() == [9, 8, 8, 7, 7, 7, 7]


def test_fewer_segments_than_before():
    """The number of a segment that is gone is not used."""
    assert match_labels([0, 0, 0, 1], [1, 1, 0, 2]).tolist() == [1, 1, 1, 2]


def test_segments_without_a_common_row_are_not_the_same():
    """A pairing that agrees on no row gives a new number, not the old one."""
    assert match_labels([0, 0, 1], [3, 3, -1]).tolist() == [3, 3, 4]


def test_after_noise_alone_numbers_start_at_zero():
    """There are no earlier numbers to agree with."""
    assert match_labels([5, 6, 6, -1], [-1, -1, -1, -1]).tolist() == [1, 0, 0, -1]


def test_labels_must_be_whole_numbers():
    """Names are refused, and the message says how to number them."""
    with pytest.raises(ValueError, match=r"reference must hold.*numpy\.unique"):
        match_labels([0, 1], ["A", "B"])


def test_labels_must_be_of_one_table():
    """Labellings of different lengths cannot be compared."""
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        match_labels([0, 1], [0, 1, 1])


def test_every_segment_needs_a_tie_key():
    """The message says how many there must be."""
    with pytest.raises(ValueError, match=r"tie_keys has 1 rows.*each of the 2"):
        canonical_labels([0, 1], tie_keys=[1.0])


def test_no_rows_are_refused():
    """An empty labelling is a mistake."""
    with pytest.raises(ValueError, match="labels is empty"):
        canonical_labels(np.array([], dtype=int))


def test_parameters_are_checked():
    """A number is no labelling."""
    with pytest.raises(ValueError, match="The 'labels' parameter of"):
        canonical_labels(3)
