"""Parameters that need more than a constraint."""

import numpy as np
import pytest

from segmentlearn.neural_network._settings import (
    check_callbacks,
    check_layer_sizes,
    resolve_batch_size,
)


@pytest.mark.parametrize(
    ("n_rows", "size"),
    [
        (1, 16),
        (500, 16),
        (501, 32),
        (1001, 64),
        (2000, 64),
        (2001, 128),
        (5000, 128),
        (20_000, 256),
        (100_000, 512),
        (100_001, 1024),
    ],
)
def test_auto_batch_grows_with_the_table(n_rows, size):
    """Larger tables are trained in larger steps."""
    assert resolve_batch_size("auto", n_rows) == size


def test_batch_size_of_ones_own():
    """A number is taken as it is."""
    assert resolve_batch_size(np.int64(32), 10**6) == 32


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [(8, [8]), ((8, 4), [8, 4]), ([8], [8]), (np.array([8, 4]), [8, 4]), ((), [])],
)
def test_layer_sizes(sizes, expected):
    """One layer may be a number; no layer at all is a linear model."""
    assert check_layer_sizes(sizes) == expected


@pytest.mark.parametrize("sizes", [(8.0,), ("8",), (8, 0), (-1,), [[8]], (None,)])
def test_wrong_layer_sizes_are_named(sizes):
    """Only whole numbers above 0 are sizes."""
    with pytest.raises(ValueError, match="must be whole numbers above 0"):
        check_layer_sizes(sizes)


class Hooks:
    """What a callback must have, without Keras."""

    def on_epoch_end(self, epoch, logs=None):
        """Do nothing."""


def test_callbacks_must_be_objects():
    """A class, or a function, is told by its position."""
    hooks = Hooks()
    assert check_callbacks(None) == ()
    assert check_callbacks([hooks]) == [hooks]
    with pytest.raises(ValueError, match=r"callbacks\[1\]=.*Hooks.*not a Keras"):
        check_callbacks([hooks, Hooks])
    with pytest.raises(ValueError, match=r"callbacks\[0\]=<built-in function print>"):
        check_callbacks([print])
