"""Metrics of segments, of differences between groups, and of decisions."""

from segmentlearn.metrics._association import (
    Association,
    AssociationColumn,
    associate,
    association,
    correlation_ratio,
)
from segmentlearn.metrics._calibration import (
    ReliabilityCurve,
    brier_score,
    expected_calibration_error,
    reliability_curve,
)
from segmentlearn.metrics._contact_list import (
    NOT_UPLIFT,
    ContactList,
    contact_list,
)
from segmentlearn.metrics._costs import (
    cost_score,
    cost_threshold,
    make_cost_scorer,
    minimum_cost_labels,
    profit_score,
    read_matrix,
)
from segmentlearn.metrics._effect_sizes import (
    EffectSize,
    adjust,
    chi_squared,
    cohen_d,
    cohen_d_from_stats,
    cohen_h,
    cramers_v,
    difference_of_shares,
    wilson_interval,
)
from segmentlearn.metrics._gain import (
    BudgetProfit,
    Ranking,
    cumulative_gain_curve,
    customer_profits,
    customers_of_budget,
    lift_curve,
    profit_at_budget,
    profit_curve,
    select_within_budget,
    threshold_for_budget,
)
from segmentlearn.metrics._generalization_gap import (
    GeneralizationGap,
    generalization_gap,
    median_history,
)
from segmentlearn.metrics._population_stability import (
    binned_counts,
    population_stability_index,
    psi_critical_value,
    psi_of_counts,
)
from segmentlearn.metrics._probabilities import read_binary, read_classes, read_labels
from segmentlearn.metrics._rank_effects import RankedGroups, cliffs_delta
from segmentlearn.metrics._responses import (
    BreakEven,
    ResponseSummary,
    gain_text,
    responder_label,
    response_summary,
)
from segmentlearn.metrics._segment_pairs import (
    jaccard_indices,
    lives_on,
    pair_segments,
    shared_counts,
)
from segmentlearn.metrics._segments import (
    SilhouetteSample,
    segment_continuity,
    segment_overlap,
    silhouette_sampled,
)

__all__ = [
    "Association",
    "BreakEven",
    "BudgetProfit",
    "ContactList",
    "EffectSize",
    "GeneralizationGap",
    "ReliabilityCurve",
    "ResponseSummary",
    "SilhouetteSample",
    "association",
    "brier_score",
    "cliffs_delta",
    "cohen_d",
    "cohen_d_from_stats",
    "cohen_h",
    "contact_list",
    "correlation_ratio",
    "cost_score",
    "cost_threshold",
    "cramers_v",
    "cumulative_gain_curve",
    "difference_of_shares",
    "expected_calibration_error",
    "generalization_gap",
    "lift_curve",
    "make_cost_scorer",
    "minimum_cost_labels",
    "population_stability_index",
    "profit_at_budget",
    "profit_curve",
    "profit_score",
    "reliability_curve",
    "response_summary",
    "segment_continuity",
    "segment_overlap",
    "select_within_budget",
    "silhouette_sampled",
    "threshold_for_budget",
]
