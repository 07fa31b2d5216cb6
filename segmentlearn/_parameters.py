"""What parameters of functions may be: a name means the same in every function."""

from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

from segmentlearn._compat import Interval, StrOptions, validate_params

_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="neither")
_ALLOWED: dict[str, list[Any]] = {
    "y_true y_pred proba classes a b categories values table": ["array-like"],
    "expected actual other previous": ["array-like"],
    "labels sample_weight feature_names ids_new": ["array-like", None],
    "mean_a sd_a n_a mean_b sd_b n_b share_a share_b": ["array-like", Real],
    "count_a count_b benefit cost": ["array-like", Real],
    "value ids": ["array-like", str, None],
    "columns": ["array-like", str, Integral, None],
    "categorical_features": ["array-like", StrOptions({"auto"}), None],
    "cost_matrix profit_matrix": [dict, "array-like"],
    "pos_label": [Real, str, "boolean", None],
    "normalize bias_correction classifier_test": ["boolean"],
    "scale_by_half": ["boolean", StrOptions({"auto"})],
    "budget": [Real],
    "top cost_per_contact value_per_response min_probability": [Real, None],
    "control_share": [Real],
    "exclude": ["array-like", None],
    "n_bins n_bootstrap n_permutations": [_AT_LEAST_ONE],
    "n_rows": [_AT_LEAST_ONE, None],
    "rule_depth": [_AT_LEAST_ONE, StrOptions({"auto"}), None],
    "n_exemplars": [Interval(Integral, 0, None, closed="left")],
    "n_folds max_levels": [Interval(Integral, 2, None, closed="left")],
    "max_rows": [Interval(Integral, 2, None, closed="left"), None],
    "confidence_level alpha": [_SHARE],
    "ties": [StrOptions({"fewer", "more"})],
    "strategy": [StrOptions({"quantile", "uniform"})],
    "average": [StrOptions({"auto", "top_label", "classwise"})],
    "method": [StrOptions({"spearman", "pearson"})],
    "target_type": [StrOptions({"auto", "classes", "continuous"})],
    "identifiers": [StrOptions({"drop", "keep"})],
    "correction": [StrOptions({"holm", "fdr_bh"}), None],
    "metric": [str, callable],
    "random_state": ["random_state"],
}
_BY_NAME = {
    name: allowed for names, allowed in _ALLOWED.items() for name in names.split()
}


def validate_parameters(**own: list[Any]) -> Callable:
    """Validate parameters by their names, unless a function passes its own."""
    return validate_params(_BY_NAME | own)


def check_option(name: str, value: Any, options: Iterable[str]) -> None:
    """Raise unless a parameter of a method is one of its options."""
    if value not in options:
        raise ValueError(f"{name}={value!r} is not one of {list(options)}.")
