"""Segments from month to month: whether a model still fits the customers."""

from segmentlearn.monitoring._history import (
    HISTORY_COLUMNS,
    append_history,
    open_period,
    read_history,
)
from segmentlearn.monitoring._monitor import SegmentMonitor
from segmentlearn.monitoring._monitor_report import MonitorReport
from segmentlearn.monitoring._novelty import NoveltyDetector, discovery_threshold

__all__ = [
    "MonitorReport",
    "NoveltyDetector",
    "SegmentMonitor",
    "append_history",
    "read_history",
]
