"""Segments over time: which is which, who moved, and whether a model still fits."""

from segmentlearn.monitoring._history import (
    HISTORY_COLUMNS,
    append_history,
    open_period,
    read_history,
)
from segmentlearn.monitoring._matching import (
    SegmentMatch,
    SegmentTransition,
    match_segments,
)
from segmentlearn.monitoring._migration import SegmentMigration, segment_migration
from segmentlearn.monitoring._migration_counts import ENTERED, LEFT, FlowPicture
from segmentlearn.monitoring._monitor import SegmentMonitor
from segmentlearn.monitoring._monitor_report import MonitorReport
from segmentlearn.monitoring._novelty import NoveltyDetector, discovery_threshold
from segmentlearn.monitoring._scored import compare_scored, segment_column

__all__ = [
    "MonitorReport",
    "NoveltyDetector",
    "SegmentMatch",
    "SegmentMigration",
    "SegmentMonitor",
    "SegmentTransition",
    "append_history",
    "match_segments",
    "read_history",
    "segment_migration",
]
