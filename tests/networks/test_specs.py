"""Descriptions of nets, made from an estimator's parameters."""

import dataclasses

import numpy as np
import pytest

from segmentlearn.networks import ClassifierSpec

PARAMETERS = {
    "n_features": 3,
    "n_classes": 2,
    "hidden_layer_sizes": (4, 5),
    "activation": "relu",
    "dropout": 0.0,
    "batch_normalization": False,
    "l2": 0.0,
}


def make(**changes):
    """Return a description with some parameters changed."""
    return ClassifierSpec(**{**PARAMETERS, **changes})


@pytest.mark.parametrize(
    ("dropout", "rates"),
    [(0.25, (0.25, 0.25)), ([0.1, 0.2], (0.1, 0.2)), (0, (0.0, 0.0))],
)
def test_one_rate_or_one_for_each(dropout, rates):
    """A single rate holds for all hidden layers."""
    assert make(dropout=dropout).dropout == rates


@pytest.mark.parametrize("sizes", [(4, 5), [4, 5], np.array([4, 5])])
def test_sizes_become_plain(sizes):
    """Lists and arrays give the same description: it is part of a key."""
    spec = make(hidden_layer_sizes=sizes)
    assert spec == make()
    assert hash(spec) == hash(make())
    assert {type(units) for units in spec.hidden_layer_sizes} == {int}


def test_no_hidden_layer():
    """A linear model, whatever the rate."""
    assert make(hidden_layer_sizes=(), dropout=0.5).dropout == ()


@pytest.mark.parametrize("sizes", [(0,), (4, -1), (4, 2.5)])
def test_bad_sizes(sizes):
    """Each layer needs a whole number of units."""
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=.* at least 1"):
        make(hidden_layer_sizes=sizes)


@pytest.mark.parametrize("dropout", [1.0, -0.1, np.nan, [0.1], [0.1, 0.2, 0.3]])
def test_bad_rates(dropout):
    """A rate is a share below one, and there is one for each layer."""
    with pytest.raises(ValueError, match=r"dropout=.* 2 hidden layers"):
        make(dropout=dropout)


def test_a_description_does_not_change():
    """It is frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        make().l2 = 1.0
