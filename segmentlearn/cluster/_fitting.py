"""How a clusterer inside another estimator is fitted: seeds, labels, warnings."""

import contextlib
import contextvars
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


_is_silent = contextvars.ContextVar("is_silent", default=False)


@contextlib.contextmanager
def each_warning_once(ignored: tuple[type[Warning], ...] = ()) -> Iterator[None]:
    """Collect warnings and issue each of them once at the end, after an error too.

    For public methods behind two decorators: the warnings then point to the line that
    called the method. Those of threads that the method starts are among them.
    """
    caught: dict[tuple, Warning] = {}

    def collect(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
        if not _is_silent.get():
            caught.setdefault((category, str(message)), message)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            for category in ignored:
                warnings.simplefilter("ignore", category)
            warnings.showwarning = collect
            yield
    finally:
        for message in caught.values():
            warnings.warn(message, stacklevel=6)


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """Ignore the warnings of this thread, within :func:`each_warning_once`.

    Python's own filters are those of all threads.
    """
    token = _is_silent.set(True)
    try:
        yield
    finally:
        _is_silent.reset(token)


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
