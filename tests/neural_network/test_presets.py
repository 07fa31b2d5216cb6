"""The published nets, layer by layer."""

import re

import numpy as np
import pytest

from segmentlearn import SegmentClassifier

# layers after the input, without the output; then epochs, batch, patience, held out
PUBLISHED = {
    "best-practices": (
        ["Dense 32", "Dense 16", "Dense 8"],
        (50, 32, 5, 0.2),
    ),
    "batch-norm": (
        [
            "Dense 60",
            "BatchNormalization",
            "Dropout 0.2",
            "Dense 30",
            "BatchNormalization",
        ],
        (30, 32, 3, 0.3),
    ),
    "wide-dropout": (
        ["Dense 512", "Dropout 0.3", "Dense 512", "Dropout 0.3"],
        (100, 32, 5, 0.3),
    ),
    "campaign": (
        ["Dense 128", "BatchNormalization", "Dropout 0.3"] * 2,
        (100, 64, 5, 0.3),
    ),
}


def describe(layer):
    """Name a layer by its kind and its one number."""
    config = layer.get_config()
    number = config.get("units", config.get("rate"))
    kind = type(layer).__name__
    return kind if number is None else f"{kind} {number}"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_net_is_the_published_one(name, numbers):
    """Widths, places of dropout and normalization, activations."""
    X, y = numbers
    y = np.where(y == "A", "yes", "no") if name == "campaign" else y
    clf = SegmentClassifier.from_preset(name, random_state=0, max_epochs=1).fit(X, y)
    layers, _ = PUBLISHED[name]
    built = clf.model_.layers[1:]
    assert list(map(describe, built)) == [*layers, f"Dense {len(set(y))}"]
    activations = [one.activation.__name__ for one in built if "Dense" in describe(one)]
    assert set(activations[:-1]) == {"relu"}
    assert activations[-1] == "softmax"


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_training_is_the_published_one(name):
    """Epochs, batch, patience and held-out share; Adam at Keras' own rate."""
    clf = SegmentClassifier.from_preset(name)
    _, training = PUBLISHED[name]
    assert training == (
        clf.max_epochs,
        clf.batch_size,
        clf.n_iter_no_change,
        clf.validation_fraction,
    )
    assert (clf.optimizer, clf.learning_rate, clf.weight_decay) == ("adam", 1e-3, 0.0)
    assert clf.early_stopping
    assert clf.l2 == 0.0


def test_parameters_replace_those_of_the_preset():
    """Keywords win; the preset itself is left as it is."""
    clf = SegmentClassifier.from_preset("best-practices", max_epochs=7, verbose=2)
    assert (clf.max_epochs, clf.verbose, clf.batch_size) == (7, 2, 32)
    assert SegmentClassifier.from_preset("best-practices").max_epochs == 50


def test_unknown_preset_lists_the_known_ones():
    """The error names all presets, and there is none that is not tested here."""
    known = re.escape(str(sorted(PUBLISHED)))
    with pytest.raises(ValueError, match=f"'best' is not one of {known}"):
        SegmentClassifier.from_preset("best")


def test_unknown_parameter_is_an_error():
    """A misspelt parameter is Python's own TypeError."""
    with pytest.raises(TypeError, match="max_epoch"):
        SegmentClassifier.from_preset("best-practices", max_epoch=7)
