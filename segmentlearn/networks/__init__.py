"""Descriptions of nets, and pure functions that build Keras models from them."""

import importlib
from typing import Any

from segmentlearn._startup import quiet_start

_HOMES = {
    "ClassifierSpec": "segmentlearn.networks.specs",
    "build_classifier": "segmentlearn.networks.classifier",
    "build_optimizer": "segmentlearn.networks.optimizers",
    "read_network": "segmentlearn.networks.storage",
    "write_network": "segmentlearn.networks.storage",
}

__all__ = [
    "ClassifierSpec",
    "build_classifier",
    "build_optimizer",
    "read_network",
    "write_network",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        with quiet_start():
            found = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = found  # the next time without coming here
        return found
    raise AttributeError(f"module 'segmentlearn.networks' has no attribute {name!r}")
