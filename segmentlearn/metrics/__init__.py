"""Measures of segments that need no truth, and how far groups of customers differ."""

from segmentlearn.metrics.association import association, correlation_ratio
from segmentlearn.metrics.effect_sizes import (
    EffectSize,
    cohen_d,
    cohen_d_from_stats,
    cohen_h,
    cramers_v,
    difference_of_shares,
)
from segmentlearn.metrics.overlap import segment_continuity, segment_overlap
from segmentlearn.metrics.pairs import Association
from segmentlearn.metrics.silhouette import SilhouetteSample, silhouette_sampled

__all__ = [
    "Association",
    "EffectSize",
    "SilhouetteSample",
    "association",
    "cohen_d",
    "cohen_d_from_stats",
    "cohen_h",
    "correlation_ratio",
    "cramers_v",
    "difference_of_shares",
    "segment_continuity",
    "segment_overlap",
    "silhouette_sampled",
]
