"""A segmentation of a period: a fitted model, or labels of customers."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from segmentlearn._compat import num_samples
from segmentlearn.cluster import labels_within_reach
from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.inspection import NOISE, is_noise, last_step
from segmentlearn.model_selection import numeric_matrix
from segmentlearn.preprocessing import DistancePreprocessor


class Segmentation:
    """The segments of one period, and which of them a customer is in.

    Attributes
    ----------
    ids : list of int or str
        The segments: ids where a clusterer has them, otherwise classes or labels.
    names : dict of id to str
        What some of them are called.
    model : estimator or None
        None where labels were given.
    """

    def __init__(self, given: Any, X: Any, what: str) -> None:
        self.model: Any = given if hasattr(given, "predict") else None
        self._labels: np.ndarray | None = None
        self._prepare: Any = None
        names: dict = {}
        if self.model is not None:
            check_is_fitted(given)
            self._known = self._labels_of_model(X, what)
            names = getattr(last_step(given), "segment_names_", {}) or {}
        elif isinstance(given, str) or not hasattr(given, "__len__"):
            raise TypeError(
                f"{what} must be a fitted estimator with predict, or labels, one a "
                f"customer; got {given!r}."
            )
        else:
            self._labels = np.asarray(given)
            self._known = _without_noise(self._labels)
        ids = getattr(last_step(given), "segment_ids_", None)
        self.ids = self._known if ids is None else ids.tolist()
        self.names = {
            self.ids[at]: names[label]
            for at, label in enumerate(self._known)
            if label in names
        }

    def codes(self, X: Any, *, key: str | None = None, within: bool = False) -> Any:
        """Return the position of each customer's segment in `ids`; -1 is none.

        `within` takes customers far from all that the model has seen as in none.
        """
        if self._labels is not None:
            labels = self._labels
            if X is not None and num_samples(X) != len(labels):
                raise ValueError(
                    f"There are {len(labels)} labels and {num_samples(X)} rows of "
                    "customers; pass one label a row."
                )
        else:
            table, model = self.features(X, key), self.model
            if within:
                labels = labels_within_reach(model, table)
            else:
                labels = np.asarray(model.predict(table))
        lookup = pd.Index(self._known)
        return np.asarray(lookup.get_indexer(pd.Index(labels)))

    def codes_at_fit(self) -> np.ndarray | None:
        """Return the segments of the training rows; None if not known."""
        labels = getattr(last_step(self.model), "labels_", None)
        if labels is None:
            return None
        return np.asarray(pd.Index(self._known).get_indexer(pd.Index(labels)))

    def sizes_at_fit(self) -> np.ndarray | None:
        """Return how many training rows each segment has; None if not known."""
        codes = self.codes_at_fit()
        return None if codes is None else self.sizes(codes)

    def sizes(self, codes: np.ndarray) -> np.ndarray:
        """Return how many customers each segment has."""
        return np.bincount(codes[codes >= 0], minlength=len(self.ids))

    def columns(self, X: Any, *, key: str | None = None) -> np.ndarray:
        """Return the numbers in which distances between customers are measured."""
        model = self.model
        if model is not None and hasattr(last_step(model), "prepare"):
            table = self.features(X, key)
            if isinstance(model, Pipeline):
                table = model[:-1].transform(table) if len(model) > 1 else table
            return np.asarray(last_step(model).prepare(table), dtype=np.float64)
        if isinstance(model, Pipeline) and len(model) > 1:
            moved = model[:-1].transform(self.features(X, key))
            return np.asarray(
                moved.toarray() if hasattr(moved, "toarray") else moved, np.float64
            )
        table = self.features(X, key)
        if model is not None:
            try:
                return numeric_matrix(table)
            except SchemaError:
                pass  # a classifier of raw tables
        if self._prepare is None:
            with warnings.catch_warnings():  # columns that say nothing are left out
                warnings.simplefilter("ignore", SegmentLearnWarning)
                self._prepare = DistancePreprocessor().fit(table)
        return np.asarray(self._prepare.transform(table), dtype=np.float64)

    def features(self, X: Any, key: str | None) -> Any:
        """Return the columns that the model was fitted to; the key is not a feature."""
        if not isinstance(X, pd.DataFrame):
            return X
        wanted = getattr(self.model, "feature_names_in_", None)
        if wanted is not None and set(wanted) <= set(X.columns):
            return X[list(wanted)]
        return X.drop(columns=key) if key in X.columns else X

    def _labels_of_model(self, X: Any, what: str) -> list:
        last = last_step(self.model)
        if hasattr(last, "classes_"):
            return np.asarray(last.classes_).tolist()
        if hasattr(last, "n_clusters_"):
            return list(range(int(last.n_clusters_)))
        if hasattr(last, "labels_"):
            return _without_noise(np.asarray(last.labels_))
        if X is None:
            raise ValueError(
                f"{what}={type(last).__name__} does not say which segments it has; "
                "pass customers to predict."
            )
        return _without_noise(np.asarray(self.model.predict(self.features(X, None))))


def _without_noise(labels: np.ndarray) -> list:
    if labels.ndim != 1:
        raise ValueError(f"Labels have the shape {labels.shape}; pass one a customer.")
    missing = pd.isna(labels)
    if missing.any():
        raise ValueError(
            f"{int(missing.sum())} label(s) are missing; leave these customers out, or "
            f"label them {NOISE} to count them as noise."
        )
    return [label for label in np.unique(labels).tolist() if not is_noise(label)]
