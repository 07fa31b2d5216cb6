"""Private names of Keras are used in one file."""

import pathlib
import re

import pytest

import segmentlearn

PACKAGE = pathlib.Path(segmentlearn.__file__).parent
COMPAT = PACKAGE / "engine" / "_keras_compat.py"
# attributes of optimizers, models, metrics and tensors
PRIVATE = set(re.findall(r'(?:\w\.|")(_[a-z]\w+)', COMPAT.read_text())) - {"_startup"}
SOURCES = sorted(
    path
    for room in ("engine", "networks", "neural_network", "persistence")
    for path in (PACKAGE / room).rglob("*.py")
    if path != COMPAT
)


def test_the_file_has_private_names():
    """Or the test below would look for nothing."""
    assert {"_learning_rate", "_flatten_layers", "_keras_mask"} <= PRIVATE


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_other_file_uses_them(path):
    """Neither as an attribute nor as a name for ``getattr``."""
    used = set(re.findall(r'(?:\w\.|")(_[a-z]\w+)', path.read_text()))
    assert not used & PRIVATE
