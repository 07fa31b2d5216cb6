"""Compiled training and prediction for any Keras model, usable on its own.

TensorFlow is loaded by the first use of a name below, not by importing this package.
"""

import importlib
from typing import Any

_HOMES = {
    "EarlyStopping": "segmentlearn.engine.stopping",
    "LogFolder": "segmentlearn.engine.tensorboard_log",
    "Member": "segmentlearn.engine.member_training",
    "MemberResult": "segmentlearn.engine.member_training",
    "SCHEDULES": "segmentlearn.engine.schedules",
    "TrainingResult": "segmentlearn.engine.training",
    "cache_info": "segmentlearn.engine.cache",
    "clear_cache": "segmentlearn.engine.cache",
    "fit": "segmentlearn.engine.training",
    "fit_members": "segmentlearn.engine.member_training",
    "pass_interrupts_on": "segmentlearn.engine.interruption",
    "predict": "segmentlearn.engine.inference",
}

__all__ = [
    "SCHEDULES",
    "EarlyStopping",
    "LogFolder",
    "Member",
    "MemberResult",
    "TrainingResult",
    "cache_info",
    "clear_cache",
    "fit",
    "fit_members",
    "pass_interrupts_on",
    "predict",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'segmentlearn.engine' has no attribute {name!r}")
