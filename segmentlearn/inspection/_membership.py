"""Which segment each customer is in, and which columns a model uses."""

import dataclasses
import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.tables import check_row_order, factorize, level_order

NOISE = -1
_MOST_DISAGREEMENT = 0.1
_LEFT_OUT = {"identifier", "all-missing"}
# where estimators keep what prepares their columns, or what was fitted in their place
_PLACES = ("best_estimator_", "preprocessor_", "table_")


@dataclasses.dataclass
class Membership:
    """The segment of each customer.

    Attributes
    ----------
    labels : list of int or str
        Label of each segment, sorted; noise (-1) last.
    codes : ndarray of int of shape (n_rows,)
        Position in ``labels`` of each customer's segment.
    known_names : dict of label to str
        Names that an estimator keeps in ``segment_names_``.
    """

    labels: list
    codes: np.ndarray
    known_names: dict

    @property
    def n_segments(self) -> int:
        """Number of segments, without noise, which is last."""
        return len(self.labels) - is_noise(self.labels[-1])

    @property
    def sizes(self) -> np.ndarray:
        """Number of customers of each segment."""
        return np.bincount(self.codes, minlength=len(self.labels))


def is_noise(label: Any) -> bool:
    """Return whether a label is that of customers without a segment."""
    return isinstance(label, int) and not isinstance(label, bool) and label == NOISE


def find_membership(estimator_or_labels: Any, X: Any, n_rows: int) -> Membership:
    """Return the segment of each row of X."""
    known = {}
    if hasattr(estimator_or_labels, "fit"):
        labels = _labels_of(estimator_or_labels, X, n_rows)
        known = dict(getattr(last_step(estimator_or_labels), "segment_names_", {}))
    else:
        labels = _given_labels(estimator_or_labels, X)
    if labels.ndim != 1 or len(labels) != n_rows:
        raise ValueError(
            f"There are labels of shape {labels.shape} for the {n_rows} rows of X; "
            f"pass one label for each row."
        )
    factor = factorize(labels)
    if (factor.codes < 0).any():
        raise ValueError(
            f"{int((factor.codes < 0).sum())} label(s) are missing; leave these rows "
            f"out, or label them -1 to have them shown as noise."
        )
    present = np.flatnonzero(np.bincount(factor.codes, minlength=len(factor.levels)))
    # noise last, declared categories as declared, the rest by value
    order = present.tolist()
    if not factor.ordered:
        order.sort(key=lambda at: level_order(factor.levels[at]))
    order.sort(key=lambda at: is_noise(factor.levels[at]))
    position = np.zeros(len(factor.levels), dtype=np.intp)
    position[order] = np.arange(len(order))
    sorted_labels = [factor.levels[at] for at in order]
    return Membership(sorted_labels, position[factor.codes], known)


def last_step(estimator: Any) -> Any:
    """Return the last step of a pipeline, and any other estimator as it is."""
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    return estimator


def _given_labels(labels: list, X: Any) -> Any:
    """Return labels as an array, after a look at the index of a series."""
    check_row_order(X, labels, "labels")
    if isinstance(labels, pd.Series | pd.Index):
        return labels.array if not isinstance(labels.dtype, np.dtype) else labels.values
    if isinstance(labels, pd.Categorical):
        return labels
    if isinstance(labels, str) or not hasattr(labels, "__len__"):
        raise TypeError(
            f"estimator_or_labels must be a fitted estimator with predict or labels_, "
            f"or labels, one for each row of X; got {labels!r}."
        )
    return np.asarray(labels)


def _labels_of(estimator: Any, X: Any, n_rows: int) -> np.ndarray:
    """Return the predictions of X, or the labels of the rows it was fitted on."""
    check_is_fitted(estimator)
    kept: Any = getattr(last_step(estimator), "labels_", None)
    kept = None if kept is None or len(kept) != n_rows else np.asarray(kept)
    if kept is None and not hasattr(estimator, "predict"):
        raise ValueError(
            f"{type(estimator).__name__} has no predict, and no labels_ for the "
            f"{n_rows} rows of X; pass the rows it was fitted on, or labels."
        )
    if not hasattr(estimator, "predict"):
        return kept
    try:
        labels = np.asarray(estimator.predict(X))
    except (ValueError, TypeError):
        if kept is None:
            raise
        return kept  # X is the raw form of the rows that the estimator was fitted on
    if kept is None:
        return labels
    differing = np.mean(labels != kept) if labels.shape == kept.shape else 0.0
    if differing > _MOST_DISAGREEMENT:
        warnings.warn(
            f"predict(X) and labels_ differ in {differing:.0%} of the rows. If X holds "
            f"the customers that {type(estimator).__name__} was fitted on, it was "
            f"fitted on them in another form, scaled for example, and what is shown "
            f"here is wrong; pass a Pipeline that prepares X, or "
            f"segment_profile(estimator.labels_, X).",
            SegmentLearnWarning,
            stacklevel=4,
        )
    return labels


def used_columns(model: Any, features: list[str]) -> list[str]:
    """Return the columns that a model uses."""
    roles = _column_roles(model)
    return [name for name in features if roles.get(name) not in _LEFT_OUT]


def raw_step(model: Any) -> Any:
    """Return the part of a model that knows its raw columns; None where none does."""
    if isinstance(model, Pipeline):
        # later steps see columns that the first one has made
        steps = [s for _, s in model.steps if s is not None and s != "passthrough"]
        return raw_step(steps[0]) if steps else None
    if isinstance(getattr(model, "column_roles_", None), dict):
        return model
    for place in _PLACES:
        inner = getattr(model, place, None)
        if inner is not None:
            return raw_step(inner)
    blended = getattr(model, "named_estimators_", {}).values()
    return next((s for s in map(raw_step, blended) if s is not None), None)


def _column_roles(model: Any) -> dict[str, str]:
    """Return the roles of the raw columns; empty where they are not known."""
    blended = getattr(model, "named_estimators_", {}).values()
    if not blended:
        return getattr(raw_step(model), "column_roles_", {})
    found = [_column_roles(step) for step in blended]
    roles: dict[str, str] = {}
    if all(found):  # a column is left out where all that are blended leave it out
        for own in found:
            left_out = {n: r for n, r in own.items() if r in _LEFT_OUT}
            roles = {**left_out, **roles, **{n: own[n] for n in own.keys() - left_out}}
    return roles
