"""Small counts cannot be worked out from what a report shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentlearn.report._quality import show_confusion
from segmentlearn.report._suppression import THRESHOLD, may_show_share, suppress

COUNTS = st.lists(st.one_of(st.integers(0, 14), st.integers(0, 400)), max_size=9)


def other_tables(counts, shown, at):
    """Give what else one count may be, with the total and all that is shown the same.

    Written without the rule under test: customers are moved between hidden groups,
    within the bounds that their words imply.
    """
    bounded = any(cell.is_small for cell in shown)
    limits = {
        k: (0, THRESHOLD - 1)
        if cell.is_small
        else (THRESHOLD if bounded else 0, sum(counts))
        for k, cell in enumerate(shown)
        if not cell.is_shown
    }
    rest = sum(counts[k] for k in limits)
    others = [limits[k] for k in limits if k != at]
    low, high = limits[at]
    return [
        value
        for value in range(low, high + 1)
        if sum(a for a, _ in others) <= rest - value <= sum(b for _, b in others)
        and value != counts[at]
    ]


@given(COUNTS)
@settings(max_examples=400, deadline=None)
def test_hidden_count_may_be_another(counts):
    """Beside a total that may be shown, each small count may be other numbers."""
    shown = suppress(counts)
    if sum(counts) < THRESHOLD:
        assert all(not cell.is_shown for cell in shown)
        return
    for at, count in enumerate(counts):
        if count < THRESHOLD:
            assert len(other_tables(counts, shown, at)) >= 2


@given(COUNTS)
@settings(deadline=None)
def test_shown_counts_are_true_and_not_small(counts):
    """What is shown is the count itself, never a small one."""
    for count, cell in zip(counts, suppress(counts), strict=True):
        assert cell.count is None or (cell.count == count >= THRESHOLD)


def test_nothing_is_hidden_without_need():
    """Where no count is small, all are shown."""
    assert [cell.count for cell in suppress([10, 20, 30])] == [10, 20, 30]


def test_single_small_count_takes_another_along():
    """A single hidden count would be the total less the others."""
    assert [str(cell) for cell in suppress([500, 80, 3])] == [
        "500",
        "not shown",
        "< 10",
    ]


def test_equal_smallest_counts_stay_unknown():
    """That the hidden one is no larger than those shown must not reveal it."""
    shown = [str(cell) for cell in suppress([9, 50, 50, 60])]
    assert shown == ["< 10", "not shown", "not shown", "60"]


@pytest.mark.parametrize("counts", [[9, 9, 9], [0, 10]])
def test_revealing_bounds_are_left_out(counts):
    """Where "< 10" itself would reveal the number, it is not shown."""
    assert {str(cell) for cell in suppress(counts)} == {"not shown"}


def test_share_next_to_everything_is_a_small_count():
    """95 of 100 reveals the other five."""
    assert may_show_share(90, 100)
    assert not may_show_share(91, 100)


def test_small_errors_are_not_the_accuracy_less_the_rest():
    """One error below ten in a row of two classes hides the whole picture."""
    assert show_confusion(np.array([[90, 3], [20, 60]])) is None


def test_confusion_hides_a_second_error():
    """A small error on the largest class takes another on that class along."""
    counts = np.array([[90, 4, 30], [20, 50, 15], [20, 15, 60]])
    texts = [[str(cell) for cell in row] for row in show_confusion(counts)]
    assert texts[0] == ["90", "< 10", "not shown"]
    assert texts[1] == ["20", "50", "15"]
