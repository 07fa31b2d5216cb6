"""Compiled training and prediction for any Keras model, usable on its own.

TensorFlow is loaded by the first use of a name below, not by importing this package.
"""

from typing import Any

from segmentlearn._startup import load_lazily

_MODULES = {
    "_cache": ("cache_info", "clear_cache"),
    "_callbacks": ("PREDICT_HOOKS", "has_hook"),
    "_data._shards": ("SHARD", "ShardFile", "Shards", "ShardWriter", "n_shards_for"),
    "_epoch_recorder": ("TrainingResult",),
    "_fit": ("fit", "output_names"),
    "_fit_spec": ("SCHEDULES",),
    "_inference": ("predict",),
    "_interruption": ("pass_interrupts_on",),
    "_keras_compat": (
        *("compile_config", "keras", "raw_learning_rate", "without_fused_layers"),
    ),
    "_keras_fit": (
        *("copy_optimizer", "is_replaced", "reason_not_to_compile", "warn_once"),
    ),
    "_member_training": ("Member", "MemberResult", "fit_members"),
    "_progress": ("progress_title", "report_epochs"),
    "_program._architecture": ("NotCompilableError",),
    "_program._losses": ("metric_name", "more_is_better"),
    "_program._weights": ("ELEMENTWISE", "read_state", "write_state"),
    "_side_by_side": ("run_side_by_side",),
    "_stopping": ("EarlyStopping",),
    "_tensorboard_log": ("LogCallback", "LogFolder"),
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
    return load_lazily(__name__, _MODULES, name)
