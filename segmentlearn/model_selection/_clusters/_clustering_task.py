"""What is clustered, and where it is judged: the one place that knows estimators."""

import re
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from segmentlearn._compat import num_samples
from segmentlearn.exceptions import SchemaError

_ROWS_FOR_THREADS = 20_000
_CURE = (
    "put TabularPreprocessor before the clusterer in a Pipeline: "
    "make_pipeline(TabularPreprocessor(), clusterer)."
)


class ClusteringProblem(NamedTuple):
    """A clusterer and the numbers it works on.

    Attributes
    ----------
    clusterer : estimator
        Not fitted.
    features : ndarray of shape (n_samples, n_features)
        What the clusterer sees.
    space : ndarray of shape (n_samples, n_dimensions)
        Where distances between customers are judged; often `features` itself.
    """

    clusterer: Any
    features: np.ndarray
    space: np.ndarray


def clustering_problem(estimator, X) -> ClusteringProblem:
    """Return the clusterer within an estimator, and the numbers it works on.

    An estimator with a method `clustering_problem(X)`, which returns such a triple,
    answers itself. Of a pipeline all steps but the last are fitted and transform the
    table. Any other estimator gets the table, which has to be numbers.

    Parameters
    ----------
    estimator : estimator
        A clusterer, or a pipeline that ends in one. It is not changed.
    X : frame or array of shape (n_samples, n_features)
        Customers.

    Returns
    -------
    problem : ClusteringProblem
        With matrices of finite numbers.

    Raises
    ------
    SchemaError
        If a column is not numeric, or not finite.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from segmentlearn.model_selection._clusters._clustering_task import clustering_problem
    >>> pipeline = make_pipeline(StandardScaler(), KMeans(2))
    >>> problem = clustering_problem(pipeline, [[1.0], [3.0]])
    >>> problem.clusterer, problem.features.tolist()
    (KMeans(n_clusters=2), [[-1.0], [1.0]])
    """
    if hasattr(estimator, "clustering_problem"):
        clusterer, features, space = estimator.clustering_problem(X)
        return ClusteringProblem(clone(clusterer), features, space)
    if isinstance(estimator, Pipeline) and len(estimator.steps) > 1:
        features = clone(estimator[:-1]).fit_transform(X)
        inner = clustering_problem(estimator[-1], features)
        return inner
    _refuse_precomputed(estimator)
    matrix = _numeric_matrix(X)
    return ClusteringProblem(clone(estimator), matrix, matrix)


def selected_problem(estimator, X) -> ClusteringProblem:
    """Return the way in which an estimator has found its segments.

    A fitted estimator with a method `selected_problem(X)` answers itself; that of any
    other is its `clustering_problem`.

    Parameters
    ----------
    estimator : estimator
        A clusterer, or a pipeline that ends in one. It is not changed.
    X : frame or array of shape (n_samples, n_features)
        Customers.

    Returns
    -------
    problem : ClusteringProblem
        With matrices of finite numbers.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from segmentlearn.model_selection._clusters._clustering_task import selected_problem
    >>> selected_problem(KMeans(2), [[1.0], [3.0]]).clusterer
    KMeans(n_clusters=2)
    """
    if hasattr(estimator, "selected_problem") and hasattr(estimator, "labels_"):
        clusterer, features, space = estimator.selected_problem(X)
        return ClusteringProblem(clone(clusterer), features, space)
    return clustering_problem(estimator, X)


def n_clusters_parameter(clusterer) -> str:
    """Return the name of the parameter that sets how many clusters are looked for.

    Parameters
    ----------
    clusterer : estimator

    Returns
    -------
    name : str
        Such as "n_clusters", "n_components" of a mixture, or "clusterer__n_clusters" of
        an estimator around a clusterer.

    Raises
    ------
    ValueError
        If there is none, as in DBSCAN.

    Examples
    --------
    >>> from sklearn.mixture import GaussianMixture
    >>> from segmentlearn.model_selection._clusters._clustering_task import n_clusters_parameter
    >>> n_clusters_parameter(GaussianMixture())
    'n_components'
    """
    parameters = clusterer.get_params(deep=True)
    if "n_clusters" in parameters:
        return "n_clusters"
    if isinstance(clusterer, GaussianMixture | BayesianGaussianMixture):
        return "n_components"
    inner = [name for name in parameters if name.endswith("__n_clusters")]
    inner += [
        f"{name}__n_components"
        for name, value in parameters.items()
        if isinstance(value, GaussianMixture | BayesianGaussianMixture)
    ]
    if len(inner) == 1:
        return inner[0]
    raise ValueError(
        f"{type(clusterer).__name__} has no parameter n_clusters (nor n_components of "
        "a mixture), so there is no number of clusters to select; use a clusterer that "
        "has one, such as KMeans, or look at cluster_stability for this one."
    )


def fit_clusterer(clusterer, features, n_clusters=None, seed=0):
    """Fit a copy of a clusterer and return it with the labels of its rows.

    Parameters
    ----------
    clusterer : estimator
        Not changed.
    features : table of shape (n_samples, n_features)
        What it is fitted to.
    n_clusters : int or None, default=None
        Replaces the clusterer's own number.
    seed : int, default=0
        For each `random_state` that is None.

    Returns
    -------
    fitted : estimator
    labels : ndarray of int, shape (n_samples,)

    Examples
    --------
    >>> from sklearn.cluster import AgglomerativeClustering
    >>> from segmentlearn.model_selection._clusters._clustering_task import fit_clusterer
    >>> fit_clusterer(AgglomerativeClustering(), [[0.0], [5.0], [5.1]], 2)[1]
    array([1, 0, 0])
    """
    fitted = clone(clusterer)
    parameters = fitted.get_params(deep=True)
    changes = {
        name: seed
        for name, value in parameters.items()
        if re.search(r"(^|__)random_state$", name) and value is None
    }
    if n_clusters is not None:
        name = n_clusters_parameter(fitted)
        changes[name] = n_clusters
        # the other way to say where a tree of clusters is cut
        rival = name.removesuffix("n_clusters") + "distance_threshold"
        if parameters.get(rival) is not None:
            changes[rival] = None
    fitted.set_params(**changes)
    if hasattr(fitted, "fit_predict"):
        return fitted, np.asarray(fitted.fit_predict(features))
    fitted.fit(features)
    found = fitted.labels_ if hasattr(fitted, "labels_") else fitted.predict(features)
    return fitted, np.asarray(found)


def assign_rows(fitted, features, labels, new_features):
    """Return the labels of other rows than those that a clusterer was fitted to.

    Parameters
    ----------
    fitted : estimator
        Fitted to `features`.
    features : table of shape (n_samples, n_features)
        Rows of known label.
    labels : ndarray of int, shape (n_samples,)
        Their labels.
    new_features : table of shape (n_new, n_features)
        Rows to label.

    Returns
    -------
    new_labels : ndarray of int, shape (n_new,)
        As the clusterer predicts. A clusterer that does not predict gives each row the
        label of the nearest known row, be it noise; of a pipeline, the nearest in what
        its last step sees.

    Examples
    --------
    >>> from sklearn.cluster import DBSCAN
    >>> from segmentlearn.model_selection._clusters._clustering_task import assign_rows
    >>> X = [[0.0], [0.1], [9.0], [9.1]]
    >>> found = DBSCAN(min_samples=2).fit(X)
    >>> assign_rows(found, X, found.labels_, [[1.0], [8.0]])
    array([0, 1])
    """
    if hasattr(fitted, "predict"):
        return np.asarray(fitted.predict(new_features))
    if isinstance(fitted, Pipeline) and len(fitted.steps) > 1:
        before = fitted[:-1]
        features, new_features = (
            before.transform(features),
            before.transform(new_features),
        )
    neighbours = NearestNeighbors(n_neighbors=1).fit(np.asarray(features))
    nearest = neighbours.kneighbors(np.asarray(new_features), return_distance=False)
    return np.asarray(labels)[nearest[:, 0]]


def draw_rows(n_rows, max_rows, random_state):
    """Return the row numbers of a sample without replacement, ascending; or all.

    Parameters
    ----------
    n_rows : int
        Length of the table.
    max_rows : int or None
        Rows to take at most.
    random_state : RandomState
        Decides which.

    Returns
    -------
    rows : ndarray of int

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.model_selection._clusters._clustering_task import draw_rows
    >>> draw_rows(3, 5, np.random.RandomState(0))
    array([0, 1, 2])
    """
    if max_rows is None or n_rows <= max_rows:
        return np.arange(n_rows)
    return np.sort(random_state.permutation(n_rows)[:max_rows])


def one_thread(n_rows):
    """Return a context in which many fits to a small table do not wait for threads.

    Parameters
    ----------
    n_rows : int
        Length of the table; with more than 20,000 rows threads pay, and stay.

    Returns
    -------
    context : context manager

    Examples
    --------
    >>> from segmentlearn.model_selection._clusters._clustering_task import one_thread
    >>> with one_thread(200):
    ...     pass
    """
    return threadpool_limits(1 if n_rows <= _ROWS_FOR_THREADS else None)


def _refuse_precomputed(clusterer):
    """A matrix of distances has no features, and no rows to draw again."""
    parameters = clusterer.get_params(deep=False)
    for name in ("metric", "affinity"):
        if str(parameters.get(name)).startswith("precomputed"):
            raise ValueError(
                f"{name}={parameters[name]!r} of {type(clusterer).__name__} takes "
                "distances, which can't be resampled; give a clusterer that takes "
                "features."
            )


def _numeric_matrix(X):
    """Return a table as an array of finite floats, or say which column is none."""
    if num_samples(X) == 0:
        raise SchemaError("X has no rows; give at least two customers.")
    if hasattr(X, "toarray"):
        raise SchemaError("X is sparse; give a dense table: X.toarray().")
    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    matrix = np.empty(frame.shape)
    for place, name in enumerate(frame.columns):
        column = frame.iloc[:, place]
        try:
            values = column.to_numpy(dtype=float, na_value=np.nan)
        except (TypeError, ValueError):
            raise SchemaError(
                f"column {name!r} is not numeric ({column.dtype}); {_CURE}"
            ) from None
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise SchemaError(
                f"column {name!r} holds {values[row]} in row {row}; {_CURE}"
            )
        matrix[:, place] = values
    return matrix
