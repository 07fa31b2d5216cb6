"""Numbers that say how far groups of customers differ."""

from segmentlearn.metrics.effect_sizes import (
    EffectSize,
    cohen_d,
    cohen_d_from_stats,
    cohen_h,
    cramers_v,
    difference_of_shares,
)

__all__ = [
    "EffectSize",
    "cohen_d",
    "cohen_d_from_stats",
    "cohen_h",
    "cramers_v",
    "difference_of_shares",
]
