"""How a clusterer inside another estimator is fitted: seeds, labels, warnings."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.cluster import (
    HDBSCAN,
    OPTICS,
    AffinityPropagation,
    AgglomerativeClustering,
    MeanShift,
    SpectralClustering,
)
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.neural_network import draw_seed

# what compares all pairs of rows -> rows that take seconds, and less than a gigabyte
_MAX_ROWS = {
    AffinityPropagation: 5_000,
    AgglomerativeClustering: 10_000,
    HDBSCAN: 10_000,
    MeanShift: 10_000,
    OPTICS: 10_000,
    SpectralClustering: 5_000,
}


@contextlib.contextmanager
def each_warning_once(ignored: tuple[type[Warning], ...] = ()) -> Iterator[None]:
    """Collect warnings and issue each of them once at the end, after an error too.

    For public methods behind two decorators: the warnings then point to the line that
    called the method.
    """
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            for category in ignored:
                warnings.simplefilter("ignore", category)
            yield
    finally:
        distinct = {(found.category, str(found.message)): found for found in caught}
        for found in distinct.values():
            warnings.warn(found.message, stacklevel=6)


def max_rows_of(clusterer: Any) -> int | None:
    """Return how many rows a clusterer should be fitted to, None for any number."""
    last = clusterer[-1] if isinstance(clusterer, Pipeline) else clusterer
    if getattr(last, "connectivity", None) is not None:
        return None  # neighbours are compared, not all pairs
    limits = [n_rows for kind, n_rows in _MAX_ROWS.items() if isinstance(last, kind)]
    return min(limits, default=None)


def seeded(estimator: Any, random_state: np.random.RandomState) -> Any:
    """Return a copy in which every random_state that is None is set."""
    copy = clone(estimator)
    seeds = {
        name: draw_seed(random_state)
        for name, value in sorted(copy.get_params(deep=True).items())
        if name.rpartition("__")[2] == "random_state" and value is None
    }
    return copy.set_params(**seeds)


def fit_labels(
    clusterer: Any, X: np.ndarray, sample_weight: np.ndarray | None
) -> np.ndarray:
    """Fit a clusterer and return its own labels of the rows."""
    weights = {}
    if sample_weight is not None and has_fit_parameter(clusterer, "sample_weight"):
        weights["sample_weight"] = sample_weight
    elif sample_weight is not None:
        warnings.warn(
            f"clusterer={clusterer} takes no sample_weight: it saw each row once, and "
            "weights count in the segments' sizes and means only. Choose one that "
            "takes weights, such as KMeans, or leave them out.",
            SegmentLearnWarning,
            stacklevel=5,
        )
    labels = np.asarray(clusterer.fit_predict(X, **weights))
    if labels.shape != (len(X),) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"clusterer={clusterer} gave labels of shape {labels.shape} and type "
            f"{labels.dtype} for {len(X)} rows; it must give one whole number a row."
        )
    vars(clusterer).pop("affinity_matrix_", None)  # a number for each pair of rows
    return labels
