"""Segments from month to month: whether a model still fits the customers."""

from segmentlearn.monitoring._monitor import SegmentMonitor
from segmentlearn.monitoring._monitor_report import MonitorReport

__all__ = [
    "MonitorReport",
    "NoveltyDetector",
    "SegmentMonitor",
    "read_history",
]
