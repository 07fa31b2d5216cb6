"""The same work past one machine: Dask DataFrames by partition, and Spark.

Modules are imported at their first use: a scheduler needs those of tasks alone.
"""

from typing import Any

from segmentlearn._startup import load_lazily

_MODULES = {
    "_audit": ("audit",),
    "_cluster": ("connect",),
    "_fit": ("fit",),
    "_model": ("DistributedModel",),
    "_parquet": ("check_written", "write_parquet"),
    "_profile": ("segment_profile",),
    "_sample": ("sample_rows",),
    "_spark": ("SparkScorer",),
}

__all__ = [
    "DistributedModel",
    "SparkScorer",
    "audit",
    "connect",
    "fit",
    "sample_rows",
    "segment_profile",
    "write_parquet",
]


def __getattr__(name: str) -> Any:
    return load_lazily(__name__, _MODULES, name)


def __dir__() -> list[str]:
    return __all__
