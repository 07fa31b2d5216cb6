"""The only file that imports scikit-learn-private names.

Everything here is used by scikit-learn's own estimators and by third-party ones, yet is
not part of its documented interface. Replace an entry as soon as it becomes public.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import _clone_parametrized as clone_parametrized
from sklearn.base import _fit_context as fit_context
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Hidden,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)
from sklearn.utils._param_validation import validate_params as _validate_params
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition
from sklearn.utils.validation import _check_method_params as check_method_params
from sklearn.utils.validation import (
    _check_pos_label_consistency as check_pos_label_consistency,
)
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _get_feature_names as get_feature_names
from sklearn.utils.validation import _num_samples as num_samples
from sklearn.utils.validation import validate_data


def validate_params(constraints: dict) -> Callable:
    """Validate a function's parameters, and not again those of estimators inside."""
    return _validate_params(constraints, prefer_skip_nested_validation=True)


def looks_at_decisions(scorer: Callable) -> bool:
    """Return whether a scorer of scikit-learn is given labels, not probabilities."""
    return getattr(scorer, "_response_method", "predict") == "predict"


def boosted_trees(n_nodes: np.ndarray, **fields: np.ndarray) -> list[Any]:
    """Return trees of scikit-learn's gradient boosting from all their nodes in a row.

    Splits are by numbers only. Loads the trees when they are first asked for.
    """
    from sklearn.ensemble._hist_gradient_boosting import common, predictor

    nodes = np.zeros(n_nodes.sum(), dtype=common.PREDICTOR_RECORD_DTYPE)
    for name, values in fields.items():
        nodes[name] = values
    parts = np.split(nodes, np.cumsum(n_nodes)[:-1])
    no_categories = np.zeros((0, 8), dtype=np.uint32)
    return [predictor.TreePredictor(p, no_categories, no_categories) for p in parts]


__all__ = [
    "BaseComposition",
    "BaseSearchCV",
    "HasMethods",
    "Hidden",
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "boosted_trees",
    "check_method_params",
    "check_pos_label_consistency",
    "check_sample_weight",
    "clone_parametrized",
    "fit_context",
    "get_feature_names",
    "looks_at_decisions",
    "num_samples",
    "safe_indexing",
    "validate_data",
    "validate_params",
]
