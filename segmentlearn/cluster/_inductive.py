"""InductiveClusterer: any clusterer, with segments for rows it has not seen."""

import warnings
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import euclidean_distances
from sklearn.utils import check_random_state, gen_batches, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.random import sample_without_replacement
from sklearn.utils.validation import check_is_fitted

from segmentlearn._compat import (
    HasMethods,
    Interval,
    StrOptions,
    check_sample_weight,
    fit_context,
    safe_indexing,
    validate_data,
)
from segmentlearn.cluster._assignments import (
    CORE_ROWS,
    NEAREST_ROW,
    ClusteredRows,
    choose_assignment,
    positions_of,
)
from segmentlearn.cluster._centers import segment_means
from segmentlearn.cluster._fitting import fit_labels, max_rows_of, seeded
from segmentlearn.cluster._label_order import canonical_labels
from segmentlearn.cluster._passport import CONSTRAINTS, SegmentIdentity, known_segments
from segmentlearn.cluster._starts import better_start
from segmentlearn.exceptions import FewSegmentsWarning, SampledRowsWarning
from segmentlearn.neural_network import restore_on_failure

_N_SEGMENTS = 8  # of the default clusterer; KMeans' own default
_ROWS_AT_ONCE = 100_000
_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")


def _gives_proba(estimator: Any) -> bool:
    """Return whether new rows are assigned with probabilities."""
    assign = estimator.assign
    return isinstance(assign, str) or hasattr(assign, "predict_proba")


class InductiveClusterer(
    SegmentIdentity,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    """Meta-estimator that gives any clusterer a `predict` for new rows.

    Many clusterers label the rows they are fitted to and no others. This one fits them
    and learns from their labels how to assign a new customer. Segments are
    numbered by size, the largest is 0; noise keeps the label -1.

    Parameters
    ----------
    clusterer : clusterer, default=None
        Any with `fit_predict`, mixtures included; a copy is fitted. None is
        ``AgglomerativeClustering(n_clusters=8)``.
    assign : {"auto", "neighbors"} or classifier, default="auto"
        How new rows are assigned.

        - "auto" follows the clusterer, see Notes.
        - "neighbors": the vote of the nearest training rows, whatever the clusterer.
        - A classifier: a copy is fitted to the training rows and their segments.

        "neighbors" and classifiers learn from the rows that are in a segment, and call
        no new row noise.
    n_neighbors : int, default=5
        Rows that vote, each with the weight 1 / distance.
    max_rows : int, "auto" or None, default="auto"
        Rows that the clusterer is fitted to, at most; of larger tables a random sample
        is drawn, and `predict` labels the other rows. "auto" is a limit for those of
        scikit-learn's clusterers whose time or memory grows with the number of pairs
        of rows: 10,000 for agglomerative clustering without connectivity, mean shift,
        HDBSCAN and OPTICS, 5,000 for spectral clustering and affinity propagation. For
        others it is all rows, as is None.
    baseline : fitted clusterer or None, default=None
        Segments of an earlier period, such as a clusterer of this class from an
        archive: those that live on keep their ids and names. Its `predict` is given the
        X of `fit`. It is not changed, and an archive leaves it out.
    period : str or None, default=None
        Name of the period of the customers in `passport_`, such as "2026-05"; None
        counts: "1", "2", ….
    random_state : int, RandomState instance or None, default=None
        Draws the sample, and seeds the clusterer and the classifier where they have a
        `random_state` that is None.

    Attributes
    ----------
    clusterer_ : clusterer
        Fitted, with its own numbers of the segments. Its ``affinity_matrix_``, which
        has a number for each pair of rows, is left out.
    labels_ : ndarray of int64, shape (n_samples,)
        Segment of each training row, numbered by size, and by the weight of the rows
        where weights were given; -1 is noise. With a baseline in the order of ids.
    n_clusters_ : int
        Number of segments.
    cluster_centers_ : ndarray of shape (n_clusters_, n_features_in_)
        Mean of each segment's rows, weighted if the rows are.
    assignment_ : str
        How new rows are assigned: "predict", "core rows", "nearest row", "neighbors" or
        "classifier".
    distance_bounds_ : ndarray of shape (n_clusters_,) or None
        Largest distance of a row to a row of each segment, where density decides.
    agreement_ : float
        Share of the rows, of those that the clusterer labelled, for which the rule of
        `predict` gives their own label, noise included. Where other rows decide, a row
        is left out of them; a classifier is cross-validated in five folds. A
        clusterer's own `predict` is taken as it is. Of more than 10,000 rows so many
        are drawn.
    segment_ids_ : ndarray of int64, shape (n_clusters_,)
        Id of the segment of each label: those of the baseline for segments that live
        on, new ones for others. Without a baseline they are the labels.
    segment_names_ : dict of int to str
        Names of the segments by label: those of the baseline for segments that live on,
        and what ``SegmentProfile.store`` has written.
    passport_ : list of dict
        Each segment there has been, by id: ``id``, ``name``, ``born`` (its first
        period), ``parents`` (ids of earlier segments that at least a quarter of it came
        from), ``status`` ("active" or "gone"), ``successors`` (ids of segments that
        most of it went to) and ``sizes`` (customers by period).
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only where `fit` was given a frame with text names.

    See Also
    --------
    canonical_labels : The numbering by size.
    match_labels : Numbers as in an earlier labelling.

    Notes
    -----
    "auto" assigns a new row

    - by the clusterer's own `predict`, where it has one. A segment that no training row
      belongs to is not counted; rows predicted to be in it go to the most probable of
      the others.
    - for DBSCAN, to the segment of the nearest core row within ``eps``; beyond it is
      noise. That is DBSCAN's own rule [1]_.
    - for HDBSCAN, OPTICS and others that have left rows out as noise, to the segment of
      the nearest row that is in one, if it is within that segment's bound; beyond it is
      noise. They find segments of unlike density, so no distance suits all of them. A
      segment's bound is the one that puts most training rows on the right side, each
      measured by its nearest neighbour other than itself. On data held out, this
      gave the labels of a fit to all data more often than the largest or
      a high quantile of the distances in a segment, or than a vote that includes
      noise.
    - for all others, by the vote of the nearest `n_neighbors` training rows.

    Distances between rows use the clusterer's `metric` where it has one. Other
    preprocessing, such as scaling, belongs before this estimator, in a `Pipeline`.

    Row weights are given to the clusterer if it takes them.

    References
    ----------
    .. [1] M. Ester, H.-P. Kriegel, J. Sander and X. Xu, "A density-based algorithm for
       discovering clusters in large spatial databases with noise", KDD 1996.
    .. [2] J. Xie, R. Girshick and A. Farhadi, "Unsupervised deep embedding for
       clustering analysis", ICML 2016.

    Examples
    --------
    >>> from sklearn.cluster import AgglomerativeClustering
    >>> from segmentlearn.cluster import InductiveClusterer
    >>> X = [[1.0], [1.1], [5.0], [5.1], [5.2]]
    >>> clusterer = InductiveClusterer(AgglomerativeClustering(2), n_neighbors=1).fit(X)
    >>> clusterer.labels_
    array([1, 1, 0, 0, 0])
    >>> clusterer.predict([[1.4], [4.0]])
    array([1, 0])
    >>> clusterer.agreement_
    1.0
    """

    _parameter_constraints: dict = {
        "clusterer": [HasMethods(["fit", "fit_predict"]), None],
        "assign": [StrOptions({"auto", "neighbors"}), HasMethods(["fit", "predict"])],
        "n_neighbors": [_AT_LEAST_ONE],
        "max_rows": [_AT_LEAST_ONE, StrOptions({"auto"}), None],
        "random_state": ["random_state"],
        **CONSTRAINTS,
    }

    def __init__(
        self,
        clusterer: Any = None,
        *,
        assign: Any = "auto",
        n_neighbors: int = 5,
        max_rows: int | str | None = "auto",
        baseline: Any = None,
        period: str | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.clusterer = clusterer
        self.assign = assign
        self.n_neighbors = n_neighbors
        self.max_rows = max_rows
        self.baseline = baseline
        self.period = period
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    @restore_on_failure
    def fit(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Find segments, and learn how new rows are assigned to them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts. A clusterer that takes no weights sees each row once,
            with a warning; sizes and means of the segments are weighted all the same.

        Returns
        -------
        self : InductiveClusterer
            Fitted.

        Raises
        ------
        ValueError
            If the clusterer takes distances in place of columns, or gives no label for
            each row.

        Warns
        -----
        SegmentLearnWarning
            If there is one segment or none, if a sample was drawn, or if the clusterer
            takes no weights.
        """
        table, X = X, validate_data(self, X, dtype=(np.float64, np.float32))
        weight = sample_weight
        if weight is not None:
            weight = check_sample_weight(weight, X, ensure_non_negative=True)
        random_state = check_random_state(self.random_state)
        clusterer = seeded(self._get_clusterer(), random_state)
        drawn = self._draw_rows(clusterer, len(X), random_state)
        rows = X[drawn]
        row_weight = None if weight is None else weight[drawn]
        own_labels = fit_labels(clusterer, rows, row_weight)
        if self.baseline is not None:
            known = known_segments(self.baseline, safe_indexing(table, drawn))
            started = better_start(clusterer, rows, known, sample_weight=row_weight)
            if started is not clusterer:
                clusterer, own_labels = started, started.predict(rows)
        # rows know segments by 0 to n - 1 in the order of the clusterer's own labels
        segments = np.unique(own_labels[own_labels >= 0])
        labels = positions_of(own_labels, segments)
        means = segment_means(rows, labels, row_weight, len(segments))
        self.clusterer_ = clusterer
        self.n_clusters_ = len(segments)
        self.assignment_ = choose_assignment(self.assign, clusterer, labels)
        self._assignment: Any = None
        self.agreement_ = 1.0
        if self.n_clusters_:
            clustered = ClusteredRows(
                clusterer, rows, labels, segments, row_weight, means, random_state
            )
            assign = self.assign
            if not isinstance(assign, str):
                assign = seeded(assign, random_state)
            learnt = clustered.learn(self.assignment_, assign, self.n_neighbors)
            self._assignment, self.agreement_ = learnt
        if len(rows) < len(X):
            chunks = gen_batches(len(X), _ROWS_AT_ONCE)  # without a copy of the table
            of_rows = labels
            labels = np.concatenate([self._assign(X[chunk]) for chunk in chunks])
            labels[drawn] = of_rows
            means = segment_means(X, labels, weight, self.n_clusters_)
        self.labels_, self._order = canonical_labels(
            labels, tie_keys=means, sample_weight=weight
        )
        self.cluster_centers_ = means[self._order]
        self.distance_bounds_ = None
        if self.n_clusters_ and self.assignment_ in (CORE_ROWS, NEAREST_ROW):
            self.distance_bounds_ = self._assignment.bounds[self._order]
        self.renumber(self._identify(table, X, self.labels_), self.labels_)
        if self.n_clusters_ < 2:
            found = "labelled all rows as noise"
            if self.n_clusters_:
                found = "put all rows into one segment"
            warnings.warn(
                f"clusterer={clusterer} {found}; bring the columns to one scale, or "
                "set the parameters that decide on the number of segments, such as "
                "n_clusters, eps or min_cluster_size.",
                FewSegmentsWarning,
                stacklevel=4,
            )
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the segment of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen by `fit`.

        Returns
        -------
        labels : ndarray of int64, shape (n_samples,)
            Numbered as in `labels_`; -1 is noise.
        """
        return _renumber(self._assign(self._read(X)), self._order)

    @available_if(_gives_proba)
    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return how far each row belongs to each segment.

        Mixtures and classifiers give their own probabilities, and where neighbours
        vote, these are shares of the votes. Elsewhere membership falls with the
        distance by Student's t kernel, as in deep embedded clustering: the
        distance to the segment's own centre, or, where density decides, to the nearest
        row that counts for the segment. The scale is the root mean square of
        that distance over the training rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen by `fit`.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_clusters_)
            Each row sums to 1 over the segments, in the order of their numbers. That
            holds for rows that `predict` calls noise, too: their numbers say where they
            would belong if they had to belong somewhere.
        """
        X = self._read(X)
        if self._assignment is None:
            return np.empty((len(X), 0))
        return self._assignment.memberships(X)[:, self._order]

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return the Euclidean distance of each row to each segment's mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen by `fit`.

        Returns
        -------
        distances : ndarray of shape (n_samples, n_clusters_)
        """
        X = self._read(X)
        if not self.n_clusters_:
            return np.empty((len(X), 0), dtype=X.dtype)
        return euclidean_distances(X, self.cluster_centers_)

    def number_by_size(self, labels: np.ndarray) -> np.ndarray:
        """Number the segments by their sizes in more rows than `fit` has seen.

        Parameters
        ----------
        labels : ndarray of int64, shape (n_rows,)
            What `predict` gave for these rows.

        Returns
        -------
        new_labels : ndarray of int64, shape (n_rows,)
            As `predict` gives them from now on.
        """
        check_is_fitted(self)
        size = np.bincount(labels[labels >= 0], minlength=self.n_clusters_)
        return self.renumber(np.argsort(-size, kind="stable"), labels)

    def renumber(self, order: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Number the segments anew.

        Parameters
        ----------
        order : ndarray of int, shape (n_clusters_,)
            Present labels in the order of the new ones.
        labels : ndarray of int64, shape (n_rows,)
            Present labels of any rows.

        Returns
        -------
        new_labels : ndarray of int64, shape (n_rows,)
            As `predict` gives them from now on.
        """
        check_is_fitted(self)
        self.labels_ = _renumber(self.labels_, order)
        self._order = self._order[order]
        self.cluster_centers_ = self.cluster_centers_[order]
        if self.distance_bounds_ is not None:
            self.distance_bounds_ = self.distance_bounds_[order]
        return _renumber(labels, order)

    @property
    def classifier_(self) -> Any:
        """The fitted classifier that assigns new rows; None where another rule does."""
        check_is_fitted(self)
        return getattr(self._assignment, "classifier", None)

    @property
    def _n_features_out(self) -> int:
        return self.n_clusters_

    def _read(self, X: ArrayLike) -> np.ndarray:
        """Return rows as the numbers that `fit` has seen."""
        check_is_fitted(self)
        return validate_data(self, X, dtype=self.cluster_centers_.dtype, reset=False)

    def _columns_and_labels(self, X: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        X = self._read(X)
        return X, _renumber(self._assign(X), self._order)

    def _get_clusterer(self) -> Any:
        if self.clusterer is None:
            return AgglomerativeClustering(n_clusters=_N_SEGMENTS)
        has_tags = hasattr(self.clusterer, "__sklearn_tags__")
        if has_tags and get_tags(self.clusterer).input_tags.pairwise:
            raise ValueError(
                f"clusterer={self.clusterer} takes distances between rows, so that new "
                "rows have none; set its metric or affinity to something other than "
                "'precomputed'."
            )
        return self.clusterer

    def _draw_rows(
        self, clusterer: Any, n_rows: int, random_state: np.random.RandomState
    ) -> Any:
        """Return the positions of a sample; a slice stands for all rows."""
        most: Any = self.max_rows
        most = max_rows_of(clusterer) if most == "auto" else most
        if most is None or n_rows <= most:
            return slice(None)
        warnings.warn(
            f"{type(clusterer).__name__} was fitted to {most:,} of {n_rows:,} rows, "
            f"drawn at random; predict labels the other {n_rows - most:,}. Set "
            "max_rows to draw more, or to None for all.",
            SampledRowsWarning,
            stacklevel=5,
        )
        drawn = sample_without_replacement(n_rows, most, random_state=random_state)
        return np.sort(drawn)

    def _assign(self, X: np.ndarray) -> np.ndarray:
        if self._assignment is None:
            return np.full(len(X), -1)
        return self._assignment.assign(X)


def _renumber(labels: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Number segments by their position in an order, noise excepted."""
    # the last number is that of label -1
    return np.append(np.argsort(order), -1)[labels]
