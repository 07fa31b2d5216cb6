"""Measures of segments that need no truth, and how far groups of customers differ."""

from segmentlearn.metrics.drift import population_stability_index
from segmentlearn.metrics.effect_sizes import (
    EffectSize,
    cohen_d,
    cohen_d_from_stats,
    cohen_h,
    cramers_v,
    difference_of_shares,
)
from segmentlearn.metrics.overlap import segment_continuity, segment_overlap
from segmentlearn.metrics.silhouette import SilhouetteSample, silhouette_sampled

__all__ = [
    "EffectSize",
    "SilhouetteSample",
    "cohen_d",
    "cohen_d_from_stats",
    "cohen_h",
    "cramers_v",
    "difference_of_shares",
    "population_stability_index",
    "segment_continuity",
    "segment_overlap",
    "silhouette_sampled",
]
