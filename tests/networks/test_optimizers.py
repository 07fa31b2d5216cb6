"""Optimizers by name."""

import pytest

from segmentlearn.engine import keras
from segmentlearn.networks import build_optimizer


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("adam", keras.optimizers.Adam),
        ("AdamW", keras.optimizers.AdamW),
        ("SGD", keras.optimizers.SGD),
        ("rmsprop", keras.optimizers.RMSprop),
        ("lamb", keras.optimizers.Lamb),
        ("Lion", keras.optimizers.Lion),
    ],
)
def test_names(name, kind):
    """Keras' names in any case, with the rate that is asked for."""
    optimizer = build_optimizer(name, 0.25, 0.0)
    assert type(optimizer) is kind
    assert float(optimizer.learning_rate) == 0.25


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "muon", "lion"])
def test_no_weight_decay(name):
    """Zero is none, also for optimizers that decay by default."""
    assert not build_optimizer(name, 0.1, 0.0).weight_decay


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "muon", "lion"])
def test_weight_decay(name):
    """Any optimizer can decay its weights."""
    assert build_optimizer(name, 0.1, 0.02).weight_decay == pytest.approx(0.02)


def test_an_object_is_copied_as_it_is():
    """Its own settings hold, and it is left alone."""
    given = keras.optimizers.SGD(0.5, momentum=0.9, weight_decay=0.1)
    optimizer = build_optimizer(given, 0.1, 0.0)
    assert optimizer is not given
    assert optimizer.get_config() == given.get_config()


@pytest.mark.parametrize(
    "name", ["adamant", "", None, 3, "Optimizer", "LossScaleOptimizer"]
)
def test_unknown_names(name):
    """The error names the parameter, the value and what may stand there."""
    with pytest.raises(ValueError, match=rf"optimizer={name!r} is not .*'adamw'"):
        build_optimizer(name, 0.1, 0.0)
