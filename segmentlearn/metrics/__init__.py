"""Measures of segments that need no truth, and that fit large tables."""

from segmentlearn.metrics.overlap import segment_continuity, segment_overlap
from segmentlearn.metrics.silhouette import SilhouetteSample, silhouette_sampled

__all__ = [
    "SilhouetteSample",
    "segment_continuity",
    "segment_overlap",
    "silhouette_sampled",
]
