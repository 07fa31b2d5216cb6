"""One flat vector of weights trains as separate arrays do."""

import numpy as np
import pytest

from segmentlearn.engine._backend import keras
from segmentlearn.engine._program._weights import Weights


def mixed():
    """Return a net with trained, frozen, moving and random state in turn."""
    frozen = keras.layers.Dense(2)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.GaussianNoise(0.1),
            keras.layers.Dense(2),
            keras.layers.BatchNormalization(),
            frozen,
            keras.layers.Dense(1),
        ]
    )
    frozen.trainable = False
    values = [np.full(weight.shape, n) for n, weight in enumerate(model.get_weights())]
    return model, values


@pytest.mark.parametrize(
    ("optimizer", "is_flat"),
    [
        (keras.optimizers.Adam(), True),
        (keras.optimizers.SGD(global_clipnorm=1.0), True),
        (keras.optimizers.SGD(clipnorm=1.0), False),
        (keras.optimizers.Adafactor(), False),
    ],
)
def test_weights_come_back_in_the_models_order(optimizer, is_flat):
    """Whatever is flat, frozen or moving."""
    model, values = mixed()
    weights = Weights(model, optimizer, None)
    weights.assign(values, 0)
    assert weights.is_flat == is_flat
    read = weights.restore_order([read() for read in weights.readers()])
    for expected, found in zip(values, read, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_constraint_is_a_matter_of_one_weight():
    """A net with one is not made flat."""
    layer = keras.layers.Dense(2, kernel_constraint="non_neg")
    model = keras.Sequential([keras.Input((3,)), layer])
    assert not Weights(model, keras.optimizers.Adam(), None).is_flat


def test_members_stay_apart(packed_net):
    """The flat vector of each member holds its own weights."""
    packed, singles = packed_net
    weights = Weights(packed, keras.optimizers.Adam(), 3)
    weights.assign(packed.get_weights(), 0)
    flat = weights.variables[0].numpy()
    for line, single in zip(flat, singles, strict=True):
        assert line.tolist() == single.get_weights()[0].ravel().tolist()
