"""How stable segments are when the customers are drawn again."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import pandas as pd
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
from segmentlearn._drawing import draw
from segmentlearn.metrics import segment_continuity, segment_overlap
from segmentlearn.model_selection.criteria import draw_seed, ring_agreement
from segmentlearn.model_selection.problem import (
    assign_rows,
    clustering_problem,
    draw_rows,
    fit_clusterer,
    one_thread,
    selected_problem,
)
from segmentlearn.model_selection.reporting import markdown_table

# Hennig's words for a mean Jaccard index, from the best
_VERDICTS = ((0.85, "highly stable"), (0.75, "stable"), (0.60, "doubtful"))
_RECOVERED = 0.75
_DISSOLVED = 0.5


@dataclass(frozen=True, eq=False)
class ClusterStability:
    """How stable segments are, as :func:`cluster_stability` returns it.

    Attributes
    ----------
    ari : ndarray of shape (n_pairs,)
        Adjusted Rand index of the clusterings of two bootstrap samples, each extended
        to all customers: 1 where they agree, 0 where they agree as chance does.
    ari_mean : float
        Mean of `ari`.
    ari_interval : tuple of two floats
        Within which 95 % of `ari` lie.
    segments : ndarray of shape (n_segments,)
        Labels of the segments that are judged, without noise.
    shares : ndarray of shape (n_segments,)
        Shares of the customers in them.
    jaccard : ndarray of shape (n_bootstraps, n_segments)
        Overlap of each segment with its best match in the clustering of a bootstrap
        sample, among the customers in that sample; NaN where none was drawn.
    across : DataFrame or None
        Segment level stability across solutions: columns `n_clusters`, `segment`,
        `share` and `stability`; None if it was not asked for.
    n_rows : int
        Customers that took part.
    """

    ari: np.ndarray
    ari_mean: float
    ari_interval: tuple
    segments: np.ndarray
    shares: np.ndarray
    jaccard: np.ndarray
    across: pd.DataFrame | None
    n_rows: int

    def to_frame(self):
        """Return a row for each segment.

        Returns
        -------
        frame : DataFrame
            Columns `segment`, `share`, `jaccard` (the mean over the bootstrap samples),
            `verdict` (in Hennig's words), `recovered` and `dissolved` (in how many
            samples the index was at least 0.75, at most 0.5).
        """
        means = _mean_where_known(self.jaccard)
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

    def to_markdown(self):
        """Return the segments as a table in Markdown, and the agreement below it.

        Returns
        -------
        text : str
        """
        return f"{markdown_table(self.to_frame())}\n\n{self._agreement()}"

    def plot(self, ax=None, **how):
        """Draw the overlap of each segment with the bands of Hennig's words.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to the display's `plot`.

        Returns
        -------
        display : ClusterStabilityDisplay
        """
        return draw("ClusterStabilityDisplay", self, ax=ax, **how)

    def __str__(self):
        table = self.to_frame().to_string(index=False, float_format="{:.2f}".format)
        return f"{self._agreement()}\n\n{table}"

    def _agreement(self):
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
    },
    prefer_skip_nested_validation=True,
)
def cluster_stability(
    estimator,
    X,
    *,
    labels=None,
    n_bootstraps=20,
    refit="all",
    n_clusters=None,
    max_rows=5000,
    random_state=None,
):
    """Judge segments by whether they come back when the customers are drawn again.

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
        The segments to judge, such as those of a fitted estimator; None clusters `X`.
        -1 stands for noise, which is no segment.
    n_bootstraps : int, default=20
        Bootstrap samples, each of as many rows as take part.
    refit : {"all", "clusterer"}, default="all"
        What is fitted to each sample: the whole estimator, or only its last step over
        features that were learnt once, which is quicker and leaves out how unstable
        the features are. Of a fitted contest it is the winner and what it sees.
    n_clusters : array-like of int, range or None, default=None
        Numbers of segments, ascending, for the stability of segments across solutions.
        The last step is fitted for each of them; None leaves this out.
    max_rows : int or None, default=5000
        Rows that take part at most, drawn at random; None takes all.
    random_state : int, RandomState instance or None, default=None
        Decides the samples, and the fits of clusterers whose own `random_state` is
        None.

    Returns
    -------
    stability : ClusterStability

    Raises
    ------
    SchemaError
        If the clusterer gets a column that is not numeric or not finite.
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
    refitted, table = _what_to_refit(estimator, X, refit)
    seed = draw_seed(random_state)
    if labels is None:
        _, labels = fit_clusterer(refitted, table, seed=seed)
    segments, counts = np.unique(labels[labels != -1], return_counts=True)
    if len(segments) == 0:
        raise ValueError(
            "no row is in a segment: every label is -1 (noise). Loosen the clusterer, "
            "such as a larger eps of DBSCAN or a smaller min_cluster_size of HDBSCAN."
        )
    with one_thread(len(rows)):
        extended, jaccard = _draw_again(
            refitted, table, labels, segments, n_bootstraps, random_state
        )
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


def _what_to_refit(estimator, X, refit):
    """Return the estimator to fit to each sample, and the table to sample from."""
    has_steps = isinstance(estimator, Pipeline) and len(estimator.steps) > 1
    if refit == "all" and (has_steps or hasattr(estimator, "clustering_problem")):
        return estimator, X
    problem = selected_problem(estimator, X)
    return problem.clusterer, problem.features


def _draw_again(estimator, table, labels, segments, n_bootstraps, random_state):
    """Return the labels of all rows from each sample, and each segment's overlap."""
    n_rows = len(labels)
    extended, overlaps = [], []
    for _ in range(n_bootstraps):
        drawn = random_state.randint(n_rows, size=n_rows)
        sample = safe_indexing(table, drawn)
        fitted, found = fit_clusterer(estimator, sample, seed=draw_seed(random_state))
        extended.append(assign_rows(fitted, sample, found, table))
        overlaps.append(_overlap_in_sample(labels, found, drawn, segments))
    return extended, np.array(overlaps)


def _overlap_in_sample(labels, found, drawn, segments):
    """Return the overlap of each segment among the rows that were drawn."""
    rows, first = np.unique(drawn, return_index=True)
    names = np.unique(labels[rows])
    overlap = np.full(len(segments), np.nan)
    overlap[np.isin(segments, names)] = segment_overlap(labels[rows], found[first])
    return overlap


def _across(estimator, X, n_clusters, seed):
    """Return how far each segment of each solution comes from one of the last."""
    problem = clustering_problem(estimator, X)
    frames, previous = [], None
    for k in sorted({int(k) for k in n_clusters}):
        _, labels = fit_clusterer(problem.clusterer, problem.features, k, seed)
        names, counts = np.unique(labels[labels != -1], return_counts=True)
        stability = (
            np.full(len(names), np.nan)
            if previous is None
            else segment_continuity(labels, previous)
        )
        frames.append(
            pd.DataFrame(
                {
                    "n_clusters": k,
                    "segment": names,
                    "share": counts / len(labels),
                    "stability": stability,
                }
            )
        )
        previous = labels
    return pd.concat(frames, ignore_index=True)


def _mean_where_known(jaccard):
    """Return column means without NaN; NaN for a column of them."""
    known = ~np.isnan(jaccard)
    total = np.where(known, jaccard, 0.0).sum(axis=0)
    return np.divide(
        total,
        known.sum(axis=0),
        out=np.full(jaccard.shape[1], np.nan),
        where=known.any(axis=0),
    )


def _verdict(mean):
    """Return Hennig's words for a mean overlap."""
    if np.isnan(mean):
        return "unknown"
    return next((words for bound, words in _VERDICTS if mean >= bound), "unstable")
