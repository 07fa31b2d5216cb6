"""Stability of segments under resampling of the customers."""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, column_or_1d

from segmentlearn import engine
from segmentlearn._compat import (
    HasMethods,
    Interval,
    StrOptions,
    num_samples,
    safe_indexing,
    validate_params,
)
from segmentlearn._formatting import markdown_table
from segmentlearn.cluster import better_start
from segmentlearn.metrics import segment_continuity, segment_overlap
from segmentlearn.model_selection._clusters._clustering_task import (
    assign_rows,
    clustering_task,
    draw_rows,
    fit_clusterer,
    one_thread,
    selected_task,
)
from segmentlearn.model_selection._clusters._criteria import ring_agreement
from segmentlearn.neural_network import draw_seed

# Hennig's words for a mean Jaccard index, from the best
_VERDICTS = ((0.85, "highly stable"), (0.75, "stable"), (0.60, "doubtful"))
_RECOVERED = 0.75
_DISSOLVED = 0.5


@dataclass(frozen=True, eq=False)
class ClusterStability:
    """Stability of segments, as :func:`cluster_stability` returns it.

    Attributes
    ----------
    ari : ndarray of shape (n_pairs,)
        Adjusted Rand index of the clusterings of two bootstrap samples, each extended
        to all customers: 1 where they agree, 0 where they agree only by chance.
    ari_mean : float
        Mean of `ari`.
    ari_interval : tuple of two floats
        Within which 95 % of `ari` lie.
    segments : ndarray of shape (n_segments,)
        Labels of the segments, without noise.
    shares : ndarray of shape (n_segments,)
        Shares of the customers in them.
    jaccard : ndarray of shape (n_bootstraps, n_segments)
        Overlap of each segment with its best match in the clustering of a bootstrap
        sample, among the customers in that sample; NaN where none was drawn.
    across : DataFrame or None
        Segment level stability across solutions: columns `n_clusters`, `segment`,
        `share` and `stability`; None if it was not asked for.
    n_rows : int
        Customers in the comparison.
    """

    ari: np.ndarray
    ari_mean: float
    ari_interval: tuple[float, float]
    segments: np.ndarray
    shares: np.ndarray
    jaccard: np.ndarray
    across: pd.DataFrame | None
    n_rows: int

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each segment.

        Returns
        -------
        frame : DataFrame
            Columns `segment`, `share`, `jaccard` (the mean over the bootstrap samples),
            `verdict` (in Hennig's words), `recovered` and `dissolved` (in how many
            samples the index was at least 0.75, at most 0.5).
        """
        means = pd.DataFrame(self.jaccard).mean().to_numpy()  # NaN is left out
        return pd.DataFrame(
            {
                "segment": self.segments,
                "share": self.shares,
                "jaccard": means,
                "verdict": [_verdict(mean) for mean in means],
                "recovered": (self.jaccard >= _RECOVERED).sum(axis=0),
                "dissolved": (self.jaccard <= _DISSOLVED).sum(axis=0),
            }
        )

    def to_markdown(self) -> str:
        """Return the segments as a table in Markdown, and the agreement below it.

        Returns
        -------
        text : str
        """
        return f"{markdown_table(self.to_frame())}\n\n{self._agreement()}"

    def __str__(self) -> str:
        table = self.to_frame().to_string(index=False, float_format="{:.2f}".format)
        return f"{self._agreement()}\n\n{table}"

    def _agreement(self) -> str:
        low, high = self.ari_interval
        return (
            f"Clusterings of {len(self.jaccard)} bootstrap samples of {self.n_rows:,} "
            f"customers agree by an adjusted Rand index of {self.ari_mean:.2f} "
            f"({low:.2f} to {high:.2f})."
        )


@engine.pass_interrupts_on()
@validate_params(
    {
        "estimator": [HasMethods(["fit"])],
        "X": "no_validation",
        "labels": ["array-like", None],
        "n_bootstraps": [Interval(Integral, 2, None, closed="left")],
        "refit": [StrOptions({"all", "clusterer"})],
        "n_clusters": ["array-like", range, None],
        "max_rows": [Interval(Integral, 2, None, closed="left"), None],
        "random_state": ["random_state"],
    }
)
def cluster_stability(
    estimator: Any,
    X: Any,
    *,
    labels: ArrayLike | None = None,
    n_bootstraps: int = 20,
    refit: Literal["all", "clusterer"] = "all",
    n_clusters: ArrayLike | range | None = None,
    max_rows: int | None = 5000,
    random_state: int | np.random.RandomState | None = None,
) -> ClusterStability:
    """Measure how stable segments are in bootstrap samples of the customers.

    The estimator is fitted to bootstrap samples. Each segment is compared with its best
    match in each of them, and the samples' clusterings are compared with each other.

    Parameters
    ----------
    estimator : estimator
        A clusterer, or a pipeline that ends in one. It is not changed. Rows of other
        samples get their label from `predict`, or, where there is none, from the
        nearest row of the sample.
    X : frame or array of shape (n_samples, n_features)
        Customers, as the estimator takes them.
    labels : array-like of shape (n_samples,) or None, default=None
        The segments, such as those of a fitted estimator; None clusters `X`. -1 stands
        for noise, which is not a segment.
    n_bootstraps : int, default=20
        Bootstrap samples, each as large as the table.
    refit : {"all", "clusterer"}, default="all"
        What is fitted to each sample: the whole estimator, or only its last step over
        features that were learnt once, which is faster and leaves out how unstable the
        features are. Of a fitted AutoencoderClusterer it is the selected candidate and
        what it sees.
    n_clusters : array-like of int, range or None, default=None
        Numbers of segments, ascending, for the stability of segments across solutions.
        The last step is fitted for each of them; None leaves this out.
    max_rows : int or None, default=5000
        Maximum number of rows, drawn at random; None takes all.
    random_state : int, RandomState instance or None, default=None
        Controls the samples, and the fits of clusterers whose own `random_state` is
        None.

    Returns
    -------
    stability : ClusterStability

    Raises
    ------
    SchemaError
        If a column that the clusterer sees is not numeric or not finite.
    ValueError
        If no row is in a segment, or `n_clusters` is given and the clusterer has no
        parameter for it.

    See Also
    --------
    select_n_clusters : Compare numbers of clusters.
    segmentlearn.metrics.segment_overlap : The index behind the verdict on a segment.

    Notes
    -----
    The verdict on a segment follows Hennig [1]_: its mean Jaccard index is "highly
    stable" from 0.85, "stable" from 0.75, "doubtful" from 0.60, "unstable" below. It
    is the segment level stability within solutions of [2]_, where the stability across
    solutions is defined too.

    References
    ----------
    .. [1] C. Hennig, "Cluster-wise assessment of cluster stability", Computational
       Statistics & Data Analysis 52, 2007.
    .. [2] S. Dolnicar and F. Leisch, "Using segment level stability to select target
       segments in data-driven market segmentation studies", Marketing Letters 28, 2017.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from segmentlearn import cluster_stability, make_customers
    >>> X, _ = make_customers("mall", 150, n_segments=3, random_state=0)
    >>> X = X.drop(columns="Gender")
    >>> pipeline = make_pipeline(StandardScaler(), KMeans(3, n_init=3))
    >>> found = cluster_stability(pipeline, X, n_bootstraps=5, random_state=0)
    >>> found.to_frame()["verdict"].tolist()
    ['highly stable', 'highly stable', 'highly stable']
    """
    random_state = check_random_state(random_state)
    n_total = num_samples(X)
    if labels is not None:
        labels = column_or_1d(labels)
        check_consistent_length(X, labels)
    rows = draw_rows(n_total, max_rows, random_state)
    if len(rows) < n_total:
        X = safe_indexing(X, rows)
        labels = None if labels is None else labels[rows]
    has_steps = isinstance(estimator, Pipeline) and len(estimator.steps) > 1
    refitted, table = estimator, X
    if refit == "clusterer" or not (has_steps or hasattr(estimator, "clustering_task")):
        refitted, table, _ = selected_task(estimator, X)
    seed = draw_seed(random_state)
    if labels is None:
        _, labels = fit_clusterer(refitted, table, seed=seed)
    segments, counts = np.unique(labels[labels != -1], return_counts=True)
    if len(segments) == 0:
        raise ValueError(
            "No row is in a segment: every label is -1 (noise). Loosen the clusterer, "
            "such as a larger eps of DBSCAN or a smaller min_cluster_size of HDBSCAN."
        )
    extended = []  # the labels of all rows, from each sample
    jaccard = np.full((n_bootstraps, len(segments)), np.nan)
    with one_thread(len(rows)):
        refits = bootstrap_refits(refitted, table, n_bootstraps, random_state)
        for of_sample, (drawn, found, of_all) in zip(jaccard, refits, strict=True):
            extended.append(of_all)
            seen, first = np.unique(drawn, return_index=True)
            known = np.isin(segments, labels[seen])
            of_sample[known] = segment_overlap(labels[seen], found[first])
        across = None if n_clusters is None else _across(estimator, X, n_clusters, seed)
    ari = ring_agreement(extended)
    return ClusterStability(
        ari=ari,
        ari_mean=float(ari.mean()),
        ari_interval=tuple(np.quantile(ari, [0.025, 0.975]).tolist()),
        segments=segments,
        shares=counts / len(rows),
        jaccard=jaccard,
        across=across,
        n_rows=len(rows),
    )


def bootstrap_refits(
    estimator: Any,
    X: Any,
    n_bootstraps: int,
    random_state: np.random.RandomState,
    start: np.ndarray | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Fit a clusterer to bootstrap samples of a table, one after the other.

    `start` has segments of the rows from which each is fitted, too: what differs then
    is due to the sample, not to a random start that has ended in a worse optimum.
    Yields the rows of a sample, their labels, and those of all rows.
    """
    n_rows = num_samples(X)
    for _ in range(n_bootstraps):
        drawn = random_state.randint(n_rows, size=n_rows)
        sample, seed = safe_indexing(X, drawn), draw_seed(random_state)
        fitted, found = fit_clusterer(estimator, sample, seed=seed)
        if start is not None:
            better = better_start(fitted, sample, start[drawn])
            if better is not fitted:
                fitted, found = better, np.asarray(better.predict(sample))
        yield drawn, found, assign_rows(fitted, sample, found, X)


def _across(
    estimator: Any, X: Any, n_clusters: ArrayLike | range, seed: int
) -> pd.DataFrame:
    """Return how far each segment of each solution comes from one of the last."""
    clusterer, features, _ = clustering_task(estimator, X)
    frames, previous = [], None
    for k in np.unique(n_clusters).tolist():
        _, labels = fit_clusterer(clusterer, features, k, seed)
        names, counts = np.unique(labels[labels != -1], return_counts=True)
        stability = np.nan if previous is None else segment_continuity(labels, previous)
        columns = {"n_clusters": k, "segment": names, "share": counts / len(labels)}
        frames.append(pd.DataFrame({**columns, "stability": stability}))
        previous = labels
    return pd.concat(frames, ignore_index=True)


def _verdict(mean: float) -> str:
    """Return Hennig's words for a mean overlap."""
    default = "unknown" if np.isnan(mean) else "unstable"
    return next((words for bound, words in _VERDICTS if mean >= bound), default)
