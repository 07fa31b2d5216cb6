"""Measures of segments, of how far groups differ, and of what decisions are worth."""

from segmentlearn.metrics.association import association, correlation_ratio
from segmentlearn.metrics.budget import (
    BudgetProfit,
    profit_at_budget,
    select_within_budget,
    threshold_for_budget,
)
from segmentlearn.metrics.calibration import (
    ReliabilityCurve,
    brier_score,
    expected_calibration_error,
    reliability_curve,
)
from segmentlearn.metrics.costs import (
    cost_score,
    cost_threshold,
    make_cost_scorer,
    minimum_cost_labels,
    profit_score,
)
from segmentlearn.metrics.drift import population_stability_index
from segmentlearn.metrics.effect_sizes import (
    EffectSize,
    cohen_d,
    cohen_d_from_stats,
    cohen_h,
    cramers_v,
    difference_of_shares,
)
from segmentlearn.metrics.gain import cumulative_gain_curve, lift_curve, profit_curve
from segmentlearn.metrics.generalisation import (
    GeneralisationGap,
    generalisation_gap,
)
from segmentlearn.metrics.overlap import segment_continuity, segment_overlap
from segmentlearn.metrics.pairs import Association
from segmentlearn.metrics.silhouette import SilhouetteSample, silhouette_sampled

__all__ = [
    "Association",
    "BudgetProfit",
    "EffectSize",
    "GeneralisationGap",
    "ReliabilityCurve",
    "SilhouetteSample",
    "association",
    "brier_score",
    "cohen_d",
    "cohen_d_from_stats",
    "cohen_h",
    "correlation_ratio",
    "cost_score",
    "cost_threshold",
    "cramers_v",
    "cumulative_gain_curve",
    "difference_of_shares",
    "expected_calibration_error",
    "generalisation_gap",
    "lift_curve",
    "make_cost_scorer",
    "minimum_cost_labels",
    "population_stability_index",
    "profit_at_budget",
    "profit_curve",
    "profit_score",
    "reliability_curve",
    "segment_continuity",
    "segment_overlap",
    "select_within_budget",
    "silhouette_sampled",
    "threshold_for_budget",
]
