"""What a model says about the customers of a file."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SchemaError
from segmentlearn.inspection._membership import NOISE, last_step, used_columns
from segmentlearn.inspection._wording import NOISE_NAME
from segmentlearn.tables import TableFile, select_columns

# by name, so that scoring loads no more than the archive's own estimators
_OF_THE_LIBRARY = {"SegmentClassifier", "BlendedClassifier", "BoostedTreesClassifier"}


@dataclasses.dataclass(frozen=True)
class Scores:
    """What a model says about customers.

    Parameters
    ----------
    segments : ndarray of shape (n_rows,)
        The segment of each.
    probabilities : dict of str to ndarray of shape (n_rows,)
        The probability of each segment, by its label; empty for a model without any.
    names : dict of int to str
        Names of the segments, noise (-1) too; empty for a model without any.
    ids : ndarray or None
        Id of the segment of each label, where segments come from an earlier period.
    others : dict of str to ndarray of shape (n_rows,)
        Further columns.
    """

    segments: np.ndarray
    probabilities: dict[str, np.ndarray]
    names: dict[Any, str] = dataclasses.field(default_factory=dict)
    ids: np.ndarray | None = None
    others: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

    @property
    def lasting(self) -> np.ndarray:
        """The segment of each by what stays the same from period to period."""
        if self.ids is None:
            return self.segments
        return np.append(self.ids, NOISE)[self.segments]

    def new_columns(self) -> dict[str, np.ndarray]:
        """Return the columns to add to a file."""
        columns = {"segment": self.segments}
        if self.ids is not None:
            columns["segment_id"] = self.lasting
        if self.names:
            names = [name_of(self.names, segment) for segment in self.segments]
            columns["segment_name"] = np.array(names, dtype=object)
        for label, values in self.probabilities.items():
            columns[f"probability_{label}"] = values
        return {**columns, **self.others}


def name_of(names: dict[Any, str], segment: Any) -> str:
    """Return the name of a segment; its number where it has none."""
    return names.get(segment, f"segment {segment}")


def score(model: Any, table: TableFile) -> Scores:
    """Predict the segment of every row of a table."""
    if not hasattr(model, "predict"):
        raise SchemaError(
            f"the archive holds a {type(model).__name__}, which predicts nothing."
        )
    X = model_features(model, table)
    names = _names(model)
    if not hasattr(model, "predict_proba"):
        return Scores(np.asarray(model.predict(X)), {}, names, lasting_ids(model))
    probabilities = np.asarray(model.predict_proba(X))
    # clusterers number their segments from 0 and have no classes_
    labels = getattr(model, "classes_", range(probabilities.shape[1]))
    by_label = {
        str(label): column
        for label, column in zip(labels, probabilities.T, strict=True)
    }
    if type(model).__name__ in _OF_THE_LIBRARY:
        # as their predict does, without preparing the table a second time
        return Scores(model.classes_[probabilities.argmax(axis=1)], by_label)
    return Scores(np.asarray(model.predict(X)), by_label, names, lasting_ids(model))


def lasting_ids(model: Any) -> np.ndarray | None:
    """Return the ids of segments; None where they are labels, as in a first period."""
    last = last_step(model)
    if not hasattr(last, "passport_periods") or len(last.passport_periods()) < 2:
        return None
    return last.segment_ids_


def _names(model: Any) -> dict[Any, str]:
    """Return the names that a clusterer keeps, and one for noise beside them."""
    names = getattr(last_step(model), "segment_names_", None)
    return {NOISE: NOISE_NAME, **names} if names else {}


def model_features(model: Any, table: TableFile) -> pd.DataFrame | np.ndarray:
    """Return the columns that a model was fitted to."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        names = [str(name) for name in names]
        # an identifier that fit has left out may be absent
        wanted = {*used_columns(model, names), *table.columns}
        return select_columns(table, [name for name in names if name in wanted])
    n_expected = getattr(model, "n_features_in_", len(table.columns))
    if n_expected != len(table.columns):
        raise SchemaError(
            f"the model was fitted to {n_expected} columns without names and "
            f"{table.source} has {len(table.columns)}."
        )
    return table.frame.to_numpy()
