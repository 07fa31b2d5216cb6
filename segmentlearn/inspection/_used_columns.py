"""Columns that a model uses: those that it drops in fit do not count."""

from typing import Any

from sklearn.pipeline import Pipeline

_LEFT_OUT = {"identifier", "all-missing"}
# where estimators keep what prepares their columns, or what was fitted in their place
_PLACES = ("best_estimator_", "preprocessor_", "table_")


def used_columns(model: Any, features: list[str]) -> list[str]:
    """Return the columns that a model uses."""
    roles = _column_roles(model)
    return [name for name in features if roles.get(name) not in _LEFT_OUT]


def _column_roles(model: Any) -> dict[str, str]:
    """Return the roles of the raw columns; empty where they are not known."""
    if isinstance(model, Pipeline):
        # later steps see columns that the first one has made
        first = next((step for _, step in model.steps if _is_step(step)), None)
        return {} if first is None else _column_roles(first)
    roles = getattr(model, "column_roles_", None)
    if isinstance(roles, dict):
        return roles
    for place in _PLACES:
        inner = getattr(model, place, None)
        if inner is not None:
            return _column_roles(inner)
    return {}


def _is_step(step: Any) -> bool:
    return step is not None and step != "passthrough"
