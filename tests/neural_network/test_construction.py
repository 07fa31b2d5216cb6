"""Which features of a net are numbers."""

import numpy as np
import pytest

from segmentlearn.neural_network.construction import numeric_positions

FEATURES = np.column_stack([np.arange(6) % 2, np.arange(6), np.zeros(6)])
NAMES = ["new", "age", "constant"]


def test_indicators_are_no_numbers():
    """Two different values, or one, need no embedding."""
    assert numeric_positions("auto", FEATURES, NAMES) == (1,)


@pytest.mark.parametrize(
    ("chosen", "positions"),
    [(["new", "age"], (0, 1)), ([2, "age"], (1, 2)), ([-1], (2,)), ([], ())],
)
def test_the_user_may_say(chosen, positions):
    """By name or position, in any order."""
    assert numeric_positions(chosen, FEATURES, NAMES) == positions


@pytest.mark.parametrize("chosen", [["income"], [3], [-4], [1.5]])
def test_unknown_features_are_named(chosen):
    """The error tells what there is."""
    with pytest.raises(ValueError, match=r"numeric_features lists .*'age'"):
        numeric_positions(chosen, FEATURES, NAMES)


def test_positions_alone_where_there_are_no_names():
    """An array's features are numbered."""
    with pytest.raises(ValueError, match=r"'age'.*\[0, 1, 2\]"):
        numeric_positions(["age"], FEATURES, None)
