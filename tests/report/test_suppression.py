"""Small counts cannot be worked out from what a report shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from segmentlearn.report._quality import show_confusion
from segmentlearn.report._suppression import (
    THRESHOLD,
    may_show_share,
    suppress,
    suppress_moves,
)

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


def solve_for(texts, exact, others):
    """Give the least and the largest value of each cell of a page's matrix.

    Written without the rule under test, from the texts of the page.
    """
    texts = np.array(texts)
    place = np.arange(texts.size).reshape(texts.shape)
    inner = place[:-1, :-1]
    lines = [*place[:-1], *place.T[:-1], place[-1], place[:, -1], inner.ravel()]
    sums = [(total, total) if total > 9 else (0, 9) for total in exact]
    if "< 10" not in texts and "not shown" in texts:  # and no sentence either
        others = ()
    in_tens = [10 * round(total / 10) for total in others]
    sums += [
        (about - 5, about + 5) if total > 9 else (0, 9)
        for total, about in zip(others, in_tens, strict=True)
    ]
    lines = lines[: len(sums)]
    rules = np.array([np.isin(place.ravel(), line) for line in lines], dtype=float)
    fewest = 10 if "< 10" in texts else 0
    words = {"< 10": (0, 9), "not shown": (fewest, None), "": (0, 0)}
    bounds = [
        words[text] if text in words else (int(text),) * 2 for text in texts.ravel()
    ]
    low, high = np.transpose(sums)
    both = np.vstack([rules, -rules]), np.concatenate([high, -low])
    found = []
    for wanted in np.eye(texts.size):
        least = linprog(wanted, *both, bounds=bounds).fun
        most = linprog(-wanted, *both, bounds=bounds).fun
        most = np.inf if most is None else -most
        found.append((np.ceil(least - 1e-6), np.floor(most + 1e-6)))
    return found


def test_moves_cannot_be_solved_for():
    """With all sizes known, a hidden count may be any of several numbers."""
    rng = np.random.default_rng(0)
    for n_segments in (2, 3, 5):
        for _ in range(3):
            counts = rng.poisson(rng.choice([1, 6, 60], (n_segments + 1,) * 2))
            counts[np.diag_indices(n_segments)] += rng.integers(20, 200, n_segments)
            counts[-1, -1] = 0
            texts = [
                ["" if cell.count == 0 else str(cell) for cell in row]
                for row in suppress_moves(counts)
            ]
            exact = [*counts[:-1].sum(axis=1), *counts[:, :-1].sum(axis=0)]
            others = counts[-1].sum(), counts[:, -1].sum(), counts[:-1, :-1].sum()
            bounds = solve_for(texts, exact, others)
            for count, (low, high) in zip(counts.ravel(), bounds, strict=True):
                assert low <= count <= high
                assert high - low >= 2 or not 0 < count < THRESHOLD


def test_single_small_move_takes_a_cycle_along():
    """Four hidden counts, two in each row and column, are the fewest that help."""
    counts = np.array([[50, 3, 0], [20, 60, 0], [0, 0, 0]])
    texts = [[str(cell) for cell in row] for row in suppress_moves(counts)]
    assert texts[0][1] == "< 10"
    assert sum(text == "not shown" for row in texts for text in row) == 3
