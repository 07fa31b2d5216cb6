"""ConsensusClusterer: segments that several codes of the same customers agree on."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from segmentlearn._compat import HasMethods, fit_context, validate_data
from segmentlearn.cluster._fitting import seeded
from segmentlearn.cluster._inductive import InductiveClusterer
from segmentlearn.cluster._label_order import match_labels
from segmentlearn.neural_network import restore_on_failure


class ConsensusClusterer(ClusterMixin, BaseEstimator):
    """Clusterer that lets several views of the same rows vote.

    Each view is some of the columns, such as the code of one of several autoencoders.
    A copy of the clusterer is fitted to each. The views' segments are matched with
    those of the view that agrees best with all others, and a row goes where the mean
    membership is largest.

    Parameters
    ----------
    clusterer : clusterer, default=None
        Any that :class:`InductiveClusterer` takes. None is ``KMeans(8, n_init=10)``.
    views : list of list of int, default=None
        Positions of the columns of each view. None is one view of all columns.
    random_state : int, RandomState instance or None, default=None
        Seeds the clusterer where its own `random_state` is None.

    Attributes
    ----------
    clusterers_ : list of InductiveClusterer
        Fitted, one a view.
    matches_ : list of ndarray of int
        For each view the consensus segment of each of its segments.
    agreement_ : float
        Mean adjusted Rand index between the views.
    labels_ : ndarray of int64, shape (n_samples,)
        Segment of each training row.
    n_clusters_ : int
        Number of segments of the view that the others were matched with.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only where `fit` was given a frame with text names.

    See Also
    --------
    AutoencoderClusterer : Offers it as ``consensus=True``.

    Notes
    -----
    Matching before voting is the simplest of the cluster ensembles of [1]_, and needs
    no table of all pairs of rows.

    References
    ----------
    .. [1] A. Strehl and J. Ghosh, "Cluster ensembles: a knowledge reuse framework for
       combining multiple partitions", JMLR 3, 2002.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from segmentlearn.cluster import ConsensusClusterer
    >>> X = [[1.0, 0.9], [1.1, 1.0], [5.0, 5.3], [5.1, 5.2], [5.2, 5.0]]
    >>> clusterer = ConsensusClusterer(KMeans(2, random_state=0), views=[[0], [1]])
    >>> clusterer.fit_predict(X)
    array([1, 1, 0, 0, 0])
    """

    _parameter_constraints: dict = {
        "clusterer": [HasMethods(["fit", "fit_predict"]), None],
        "views": [list, tuple, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        clusterer: Any = None,
        *,
        views: Sequence[Sequence[int]] | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.clusterer = clusterer
        self.views = views
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    @restore_on_failure
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Find segments in each view, and match them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : None
            Ignored.

        Returns
        -------
        self : ConsensusClusterer
            Fitted.

        Raises
        ------
        ValueError
            If a view names a column that X does not have, or there is no view.
        """
        X = validate_data(self, X, dtype=(np.float64, np.float32))
        self._views = self._get_views()
        clusterer = KMeans(8, n_init=10) if self.clusterer is None else self.clusterer
        random_state = check_random_state(self.random_state)
        self.clusterers_ = [
            InductiveClusterer(seeded(clusterer, random_state)).fit(X[:, view])
            for view in self._views
        ]
        labels = [fitted.labels_ for fitted in self.clusterers_]
        scores = [[adjusted_rand_score(a, b) for b in labels] for a in labels]
        agreement = np.array(scores)
        pairs = agreement[~np.eye(len(labels), dtype=bool)]
        self.agreement_ = float(pairs.mean()) if len(labels) > 1 else 1.0
        middle = int(agreement.sum(axis=1).argmax())
        self.n_clusters_ = self.clusterers_[middle].n_clusters_
        self.matches_ = [_match(own, labels[middle]) for own in labels]
        self.labels_ = self._vote(X)
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
            -1 where most views call a row noise.
        """
        return self._vote(self._read(X))

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the mean membership of each row in each segment.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen by `fit`.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_clusters_)
            Each row sums to 1.
        """
        X = self._read(X)
        total = np.zeros((len(X), self.n_clusters_))
        views = zip(self._views, self.clusterers_, self.matches_, strict=True)
        for view, fitted, match in views:
            proba = fitted.predict_proba(X[:, view])
            for own, segment in enumerate(match):
                total[:, segment] += proba[:, own]
        return total / np.maximum(total.sum(axis=1, keepdims=True), 1e-300)

    def _read(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, X, dtype=(np.float64, np.float32), reset=False)

    def _vote(self, X: np.ndarray) -> np.ndarray:
        """Return the segment with the largest mean membership; noise by majority."""
        if not self.n_clusters_:
            return np.full(len(X), -1)
        labels = self.predict_proba(X).argmax(axis=1)
        views = zip(self._views, self.clusterers_, strict=True)
        noise = sum(fitted.predict(X[:, view]) < 0 for view, fitted in views)
        labels[2 * noise > len(self._views)] = -1
        return labels

    def _get_views(self) -> list[list[int]]:
        """Return the positions of each view's columns."""
        n_columns = self.n_features_in_
        views = [range(n_columns)] if self.views is None else self.views
        if not len(views):
            raise ValueError("views is empty; pass a view, or None for all columns.")
        for view in views:
            positions = list(view) if np.iterable(view) else []
            is_number = [isinstance(at, Integral) for at in positions]
            if not positions or not all(is_number) or bool in map(type, positions):
                raise ValueError(
                    f"views has the view {view!r}; each view is a list of positions of "
                    "columns, one at least."
                )
            outside = [int(at) for at in view if not 0 <= at < n_columns]
            if outside:
                raise ValueError(
                    f"views names the column(s) {outside}, and X has columns 0 to "
                    f"{n_columns - 1}."
                )
        return [[int(at) for at in view] for view in views]


def _match(labels: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the segment of the reference that each segment is matched with."""
    n_segments, n_reference = labels.max() + 1, reference.max() + 1
    overlap = np.zeros((n_segments, max(n_reference, 1)))
    known = (labels >= 0) & (reference >= 0)
    np.add.at(overlap, (labels[known], reference[known]), 1)
    segments, first_rows = np.unique(labels, return_index=True)
    partners = match_labels(labels, reference)[first_rows[segments >= 0]]
    # a segment without a partner is matched with the one that it shares most rows with
    return np.where(partners < n_reference, partners, overlap.argmax(axis=1))
