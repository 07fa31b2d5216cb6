"""Classifiers with a member axis have the layers of single ones."""

import numpy as np
import pytest

from segmentlearn.networks import (
    ClassifierSpec,
    build_classifier,
    build_classifier_members,
)

SPEC = ClassifierSpec(3, 2, (5, 4), dropout=(0.1, 0.0), l2=0.01)


def test_each_member_computes_what_it_computes_alone():
    """With the weights of single nets, the outputs are theirs."""
    nets = [build_classifier(SPEC, seed) for seed in range(3)]
    packed = build_classifier_members(SPEC, 3)
    stacked = [
        np.stack(parts).reshape(weight.shape)
        for weight, parts in zip(
            packed.weights,
            zip(*(net.get_weights() for net in nets), strict=True),
            strict=True,
        )
    ]
    packed.set_weights(stacked)
    X = np.random.default_rng(0).normal(size=(3, 7, 3)).astype(np.float32)
    for net, rows, outputs in zip(nets, X, np.asarray(packed(X)), strict=True):
        np.testing.assert_allclose(outputs, np.asarray(net(rows)), atol=1e-6)


def test_dropout_is_where_it_is_in_the_single_net():
    """Layers without dropout have no dropout layer."""
    names = [type(layer).__name__ for layer in build_classifier_members(SPEC, 2).layers]
    assert names.count("Dropout") == 1
    assert names[2] == "Dropout"


def test_batch_normalization_is_refused():
    """Its statistics have no member axis."""
    spec = ClassifierSpec(3, 2, (5,), batch_normalization=True)
    with pytest.raises(ValueError, match="batch_normalization"):
        build_classifier_members(spec, 2)
