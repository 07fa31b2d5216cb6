"""Histories that go on."""

import numpy as np

from segmentlearn.neural_network._segment_classifier._continuation import extend_history


def test_history_goes_on():
    """Later epochs follow earlier ones; neither history is changed."""
    earlier, later = {"loss": [3.0, 2.0]}, {"loss": [1.0]}
    assert extend_history(earlier, later) == {"loss": [3.0, 2.0, 1.0]}
    assert (earlier, later) == ({"loss": [3.0, 2.0]}, {"loss": [1.0]})


def test_measures_stay_one_value_an_epoch():
    """A measure that was not taken in some epochs is NaN there."""
    history = extend_history(
        {"loss": [3.0, 2.0], "val_loss": [4.0, 3.0]}, {"loss": [1.0], "accuracy": [0.5]}
    )
    np.testing.assert_array_equal(history["val_loss"], [4.0, 3.0, np.nan])
    np.testing.assert_array_equal(history["accuracy"], [np.nan, np.nan, 0.5])
