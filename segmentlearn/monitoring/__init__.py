"""Segments over time: which segment is which, and who moved."""

from segmentlearn.monitoring._matching import (
    SegmentMatch,
    SegmentTransition,
    match_segments,
)
from segmentlearn.monitoring._migration import SegmentMigration, segment_migration
from segmentlearn.monitoring._migration_counts import ENTERED, LEFT

__all__ = [
    "SegmentMatch",
    "SegmentMigration",
    "SegmentTransition",
    "match_segments",
    "segment_migration",
]
