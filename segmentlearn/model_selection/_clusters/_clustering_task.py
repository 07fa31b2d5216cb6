"""The clusterer within an estimator, its features, and the space to measure in."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from segmentlearn._compat import num_samples
from segmentlearn.exceptions import SchemaError

_ROWS_FOR_THREADS = 20_000
_CURE = (
    "put TabularPreprocessor before the clusterer in a Pipeline: "
    "make_pipeline(TabularPreprocessor(), clusterer)."
)


class ClusteringTask(NamedTuple):
    """A clusterer and the numbers it works on.

    Attributes
    ----------
    clusterer : estimator
        Not fitted.
    features : ndarray of shape (n_samples, n_features)
        What the clusterer sees.
    space : ndarray of shape (n_samples, n_dimensions)
        Where distances between customers are measured; often `features` itself.
    """

    clusterer: Any
    features: np.ndarray
    space: np.ndarray


def clustering_task(estimator: Any, X: Any) -> ClusteringTask:
    """Return the clusterer within an estimator, and the numbers it works on.

    An estimator with a method `clustering_task(X)`, which returns such a triple,
    answers itself. Of a pipeline all steps but the last are fitted and transform the
    table. Any other estimator gets the table, which has to be numbers.
    """
    if hasattr(estimator, "clustering_task"):
        clusterer, *numbers = estimator.clustering_task(X)
        return ClusteringTask(clone(clusterer), *numbers)
    if isinstance(estimator, Pipeline) and len(estimator.steps) > 1:
        features = clone(estimator[:-1]).fit_transform(X)
        return clustering_task(estimator[-1], features)
    parameters = estimator.get_params(deep=False)
    for name in ("metric", "affinity"):
        if str(parameters.get(name)).startswith("precomputed"):
            raise ValueError(
                f"{name}={parameters[name]!r} of {type(estimator).__name__} takes "
                "distances, which can't be resampled; pass a clusterer that takes "
                "features."
            )
    matrix = numeric_matrix(X)
    clusterer = clone(estimator)
    if "baseline" in parameters:  # ids of segments are of no use in a refit
        clusterer.set_params(baseline=None)
    return ClusteringTask(clusterer, matrix, matrix)


def selected_task(estimator: Any, X: Any) -> ClusteringTask:
    """Return the way in which an estimator has found its segments.

    A fitted estimator with a method `selected_task(X)` answers itself; that of any
    other is its `clustering_task`.
    """
    if hasattr(estimator, "selected_task") and hasattr(estimator, "labels_"):
        clusterer, *numbers = estimator.selected_task(X)
        return ClusteringTask(clone(clusterer), *numbers)
    return clustering_task(estimator, X)


def n_clusters_parameter(clusterer: Any) -> str:
    """Return the name of the parameter that sets how many clusters are looked for."""
    parameters = clusterer.get_params(deep=True)
    mixtures = GaussianMixture | BayesianGaussianMixture
    if "n_clusters" in parameters:
        return "n_clusters"
    if isinstance(clusterer, mixtures):
        return "n_components"
    inner = [name for name in parameters if name.endswith("__n_clusters")]
    inner_mixtures = [n for n, v in parameters.items() if isinstance(v, mixtures)]
    inner += [f"{name}__n_components" for name in inner_mixtures]
    if len(inner) == 1:
        return inner[0]
    raise ValueError(
        f"{type(clusterer).__name__} has no parameter n_clusters (nor n_components of "
        "a mixture), so there is no number of clusters to select; use a clusterer that "
        "has one, such as KMeans, or look at cluster_stability for this one."
    )


def fit_clusterer(
    clusterer: Any, features: Any, n_clusters: int | None = None, seed: int = 0
) -> tuple[Any, np.ndarray]:
    """Fit a copy of a clusterer and return it with the labels of its rows."""
    fitted = clone(clusterer)
    parameters = fitted.get_params(deep=True)
    seeds = [name for name in parameters if name.split("__")[-1] == "random_state"]
    changes: dict = {name: seed for name in seeds if parameters[name] is None}
    if n_clusters is not None:
        name = n_clusters_parameter(fitted)
        changes[name] = n_clusters
        # the alternative to n_clusters for cutting a tree of clusters
        threshold = name.removesuffix("n_clusters") + "distance_threshold"
        if threshold in parameters:
            changes[threshold] = None
    fitted.set_params(**changes)
    if hasattr(fitted, "fit_predict"):
        return fitted, np.asarray(fitted.fit_predict(features))
    fitted.fit(features)
    found = fitted.labels_ if hasattr(fitted, "labels_") else fitted.predict(features)
    return fitted, np.asarray(found)


def assign_rows(
    fitted: Any, features: Any, labels: np.ndarray, new_features: Any
) -> np.ndarray:
    """Return the labels of other rows than those that a clusterer was fitted to."""
    if hasattr(fitted, "predict"):
        return np.asarray(fitted.predict(new_features))
    if isinstance(fitted, Pipeline) and len(fitted.steps) > 1:
        features = fitted[:-1].transform(features)
        new_features = fitted[:-1].transform(new_features)
    nearest = KNeighborsClassifier(n_neighbors=1).fit(np.asarray(features), labels)
    return nearest.predict(np.asarray(new_features))


def draw_rows(
    n_rows: int, max_rows: int | None, random_state: np.random.RandomState
) -> np.ndarray:
    """Return the row numbers of a sample without replacement, ascending; or all."""
    if max_rows is None or n_rows <= max_rows:
        return np.arange(n_rows)
    return np.sort(random_state.permutation(n_rows)[:max_rows])


def one_thread(n_rows: int) -> threadpool_limits:
    """Return a context in which many fits to a small table do not wait for threads."""
    return threadpool_limits(1 if n_rows <= _ROWS_FOR_THREADS else None)


def numeric_matrix(X: Any) -> np.ndarray:
    """Return a table as an array of finite floats; the error names the column."""
    if num_samples(X) == 0:
        raise SchemaError("X has no rows; pass at least two customers.")
    if hasattr(X, "toarray"):
        raise SchemaError("X is sparse; pass a dense table: X.toarray().")
    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    matrix = np.empty(frame.shape)
    for position, name in enumerate(frame.columns):
        column = frame.iloc[:, position]
        try:
            values = column.to_numpy(dtype=float, na_value=np.nan)
        except (TypeError, ValueError):
            raise SchemaError(
                f"Column {name!r} is not numeric ({column.dtype}); {_CURE}"
            ) from None
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise SchemaError(
                f"Column {name!r} holds {values[row]} in row {row}; {_CURE}"
            )
        matrix[:, position] = values
    return matrix
