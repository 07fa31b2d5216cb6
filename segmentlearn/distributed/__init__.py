"""The same work past one machine: Dask DataFrames by partition, and Spark."""

from segmentlearn.distributed._audit import audit
from segmentlearn.distributed._cluster import connect
from segmentlearn.distributed._model import DistributedModel
from segmentlearn.distributed._parquet import check_written, write_parquet
from segmentlearn.distributed._profile import segment_profile
from segmentlearn.distributed._sample import sample_rows
from segmentlearn.distributed._spark import SparkScorer

__all__ = [
    "DistributedModel",
    "SparkScorer",
    "audit",
    "connect",
    "sample_rows",
    "segment_profile",
    "write_parquet",
]
