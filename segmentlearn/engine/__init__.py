"""Compiled training and prediction for any Keras model, usable on its own.

TensorFlow is loaded by the first use of a name below, not by importing this package.
"""

import importlib
from typing import Any

_HOMES = {
    "EarlyStopping": "segmentlearn.engine._stopping",
    "LogCallback": "segmentlearn.engine._tensorboard_log",
    "LogFolder": "segmentlearn.engine._tensorboard_log",
    "Member": "segmentlearn.engine._member_training",
    "MemberResult": "segmentlearn.engine._member_training",
    "NotCompilableError": "segmentlearn.engine._program._architecture",
    "SCHEDULES": "segmentlearn.engine._schedules",
    "TrainingResult": "segmentlearn.engine._epoch_recorder",
    "cache_info": "segmentlearn.engine._cache",
    "clear_cache": "segmentlearn.engine._cache",
    "copy_optimizer": "segmentlearn.engine._keras_fit",
    "fit": "segmentlearn.engine._fit",
    "fit_members": "segmentlearn.engine._member_training",
    "is_replaced": "segmentlearn.engine._keras_fit",
    "keras": "segmentlearn.engine._keras_compat",
    "metric_name": "segmentlearn.engine._program._losses",
    "more_is_better": "segmentlearn.engine._program._losses",
    "output_names": "segmentlearn.engine._fit",
    "pass_interrupts_on": "segmentlearn.engine._interruption",
    "predict": "segmentlearn.engine._inference",
    "read_state": "segmentlearn.engine._program._optimizer_state",
    "reason_not_to_compile": "segmentlearn.engine._keras_fit",
    "warn_once": "segmentlearn.engine._keras_fit",
    "write_state": "segmentlearn.engine._program._optimizer_state",
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
