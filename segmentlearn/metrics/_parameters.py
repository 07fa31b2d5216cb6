"""What parameters of metrics may be: a name means the same in every function."""

from numbers import Integral, Real
from typing import Any

from segmentlearn._compat import Interval, StrOptions, validate_params

_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")
_ALLOWED: dict[str, list[Any]] = {
    "y_true y_pred proba classes a b categories values table": ["array-like"],
    "labels sample_weight": ["array-like", None],
    "mean_a sd_a n_a mean_b sd_b n_b share_a share_b": ["array-like", Real],
    "count_a count_b benefit cost": ["array-like", Real],
    "cost_matrix profit_matrix": [dict, "array-like"],
    "pos_label": [Real, str, "boolean", None],
    "normalize bias_correction": ["boolean"],
    "scale_by_half": ["boolean", StrOptions({"auto"})],
    "budget": [Real],
    "n_bins n_bootstrap": [_AT_LEAST_ONE],
    "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    "ties": [StrOptions({"fewer", "more"})],
    "strategy": [StrOptions({"quantile", "uniform"})],
    "average": [StrOptions({"auto", "top_label", "classwise"})],
    "method": [StrOptions({"spearman", "pearson"})],
    "random_state": ["random_state"],
}

validate_parameters = validate_params(
    {name: allowed for names, allowed in _ALLOWED.items() for name in names.split()}
)
