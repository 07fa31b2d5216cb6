"""Warnings of many candidates, told once."""

import warnings

import pytest

from segmentlearn.cluster._selection._single_warnings import SingleWarnings
from segmentlearn.exceptions import SegmentLearnWarning


def told(action, left_out=(), categories=()):
    """Return the warnings that come out of the context around an action."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with SingleWarnings(left_out, categories):
            action()
    return [(one.category, str(one.message)) for one in found]


def warn(*texts, category=SegmentLearnWarning):
    """Return an action that warns."""
    return lambda: [warnings.warn(text, category, stacklevel=1) for text in texts]


def test_each_warning_comes_once():
    """In the order of their first time, with their kind."""
    found = told(warn("a", "b", "a"))
    assert found == [(SegmentLearnWarning, "a"), (SegmentLearnWarning, "b")]


def test_some_are_left_out():
    """By a part of their text, over several lines too, or by kind."""
    assert told(warn("one\nsample drawn", "b"), ["sample"]) == [
        (SegmentLearnWarning, "b")
    ]
    assert told(warn("a", category=UserWarning), (), (UserWarning,)) == []


def test_an_error_does_not_swallow_them():
    """They may tell why it came."""

    def fail():
        warnings.warn("large numbers", SegmentLearnWarning, stacklevel=1)
        raise ValueError("no loss")

    with (
        pytest.warns(SegmentLearnWarning, match="large numbers"),
        pytest.raises(ValueError, match="no loss"),
        SingleWarnings([]),
    ):
        fail()


def test_filters_of_the_user_hold():
    """What is ignored stays so, and what is an error is one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SegmentLearnWarning)
        told_under_these_filters()
    with warnings.catch_warnings():
        warnings.simplefilter("error", SegmentLearnWarning)
        with pytest.raises(SegmentLearnWarning, match="a"):
            told_under_these_filters()


def told_under_these_filters():
    """Warn within the context."""
    with SingleWarnings([]):
        warn("a")()
