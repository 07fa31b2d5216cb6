"""NoveltyDetector: customers who are unlike those that segments were made from."""

from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from sklearn.base import BaseEstimator, clone
from sklearn.covariance import ledoit_wolf
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d

from segmentlearn._compat import (
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
    safe_indexing,
    validate_data,
)
from segmentlearn.inspection import last_step
from segmentlearn.preprocessing import DistancePreprocessor
from segmentlearn.tables import as_table, check_row_order, raw_table_tags, row_chunks

_MOST_CALIBRATION_ROWS = 10_000
_FEWEST_ROWS = 4
_TINY = 1e-12


class NoveltyDetector(BaseEstimator):
    """Find customers who belong to none of the known segments.

    A model puts every customer into some segment. This finds those who are unlike all
    customers that it was fitted to, and bounds the share of false discoveries among
    them. It goes with any classifier or clusterer: pass the segments as `y`.

    Parameters
    ----------
    preprocessor : "auto" or transformer, default="auto"
        Prepares the columns. "auto" is a `DistancePreprocessor` that does not clip.
    n_neighbors : int, default=10
        Reference rows whose mean distance counts.
    max_rows : int, default=2000
        Reference rows at most.
    random_state : int, RandomState instance or None, default=None
        Draws the reference rows; the others calibrate.

    Attributes
    ----------
    preprocessor_ : transformer
        Fitted to the reference rows.
    reference_ : ndarray of shape (n_reference, n_prepared)
        Prepared reference rows.
    centers_ : ndarray of shape (n_segments, n_prepared)
        Mean of each segment's reference rows.
    precision_ : ndarray of shape (n_prepared, n_prepared)
        Inverse of the covariance within segments.
    location_, scale_ : ndarray of shape (2,)
        Median and interquartile range of both distances over the reference rows.
    calibration_scores_ : ndarray of shape (n_calibration,)
        Scores of rows that are no reference rows, sorted.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only where `fit` was given a frame with text names.

    See Also
    --------
    segmentlearn.SegmentClassifier.predict_set : Segments that a customer may be in.

    Notes
    -----
    The score is the sum of two distances, as logarithms in robust units: the mean
    distance to the nearest reference rows, and the Mahalanobis distance to the nearest
    segment, with the covariance within segments of Ledoit and Wolf.

    Half of the rows are the reference and the other half calibrates: the p-value of a
    customer is the share of calibration rows that are at least as unlike, and no
    customer is called novel by a rule that was made from them. For a customer like
    those of `fit` it exceeds any level with the probability that it should, whatever
    the distribution; the method of Benjamini and Hochberg on such p-values bounds the
    false discovery rate [1]_.

    References
    ----------
    .. [1] S. Bates, E. Candès, L. Lei, Y. Romano and M. Sesia, "Testing for outliers
       with conformal p-values", Annals of Statistics 51 (2023).

    Examples
    --------
    >>> from segmentlearn.datasets import make_customers
    >>> from segmentlearn.monitoring import NoveltyDetector
    >>> X, y = make_customers("mall", 1_000, random_state=0)
    >>> known = y != 0
    >>> detector = NoveltyDetector(random_state=0).fit(X[known], y[known])
    >>> new, segments = make_customers("mall", 200, random_state=1)
    >>> novel = detector.is_novel(new, fdr=0.1)
    >>> bool(novel[segments == 0].mean() > 0.9), bool(novel[segments != 0].mean() < 0.1)
    (True, True)
    """

    _parameter_constraints: dict = {
        "preprocessor": [StrOptions({"auto"}), HasMethods(["fit", "transform"])],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "max_rows": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        preprocessor: Any = "auto",
        n_neighbors: int = 10,
        max_rows: int = 2_000,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.preprocessor = preprocessor
        self.n_neighbors = n_neighbors
        self.max_rows = max_rows
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Learn what known customers look like.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, in raw columns.
        y : array-like of shape (n_samples,), default=None
            Segment of each; None takes all customers for one.

        Returns
        -------
        self : NoveltyDetector
            Fitted.

        Raises
        ------
        ValueError
            If there are fewer than four customers, or `y` is not one for each.
        """
        n_rows = as_table(X, type(self).__name__).n_rows
        validate_data(self, X, skip_check_array=True)
        if n_rows < _FEWEST_ROWS:
            raise ValueError(
                f"X has {n_rows} row(s) (n_samples = {n_rows}); one half of the "
                f"customers calibrates, so pass {_FEWEST_ROWS} at least."
            )
        check_row_order(X, y)
        segments = np.zeros(n_rows) if y is None else column_or_1d(y)
        if len(segments) != n_rows:
            raise ValueError(
                f"y has {len(segments)} segments for {n_rows} customers; pass one each."
            )
        order = check_random_state(self.random_state).permutation(n_rows)
        n_reference = min(n_rows // 2, self.max_rows)
        reference = order[:n_reference]
        held_out = order[n_reference:][:_MOST_CALIBRATION_ROWS]
        auto = isinstance(self.preprocessor, str)
        self.preprocessor_ = (
            DistancePreprocessor(clip=None) if auto else clone(self.preprocessor)
        ).fit(safe_indexing(X, reference))
        self.reference_ = self._prepare(safe_indexing(X, reference))
        codes, levels = pd.factorize(segments[reference])
        self.centers_ = np.stack(
            [
                self.reference_[codes == at].mean(axis=0, dtype=np.float64)
                for at in range(len(levels))
            ]
        )
        within = self.reference_ - self.centers_[codes]
        self.precision_ = np.linalg.pinv(ledoit_wolf(within, assume_centered=True)[0])
        own = self._distances(self.reference_, n_itself=1)
        iqr = stats.iqr(own, axis=0)
        self.location_ = np.median(own, axis=0)
        self.scale_ = np.where(iqr > 0, iqr, 1.0)
        self.calibration_scores_ = np.sort(
            self.novelty_score(safe_indexing(X, held_out))
        )
        return self

    def novelty_score(self, X: Any) -> np.ndarray:
        """Return how unlike the known ones each customer is.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        scores : ndarray of float64, shape (n_samples,)
            The higher, the more novel; 0 is usual.
        """
        check_is_fitted(self)
        prepared = self._prepare(X)
        parts = (self._distances(prepared[rows]) for rows in row_chunks(len(prepared)))
        distances = np.concatenate(list(parts))
        return ((distances - self.location_) / self.scale_).sum(axis=1)

    def p_values(self, X: Any) -> np.ndarray:
        """Return the chance of a customer who is at least as unlike the known ones.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        p_values : ndarray of float64, shape (n_samples,)
            Conformal: at least 1 / (n_calibration + 1).
        """
        scores = self.novelty_score(X)
        known = self.calibration_scores_
        n_above = len(known) - np.searchsorted(known, scores, side="left")
        return (1 + n_above) / (len(known) + 1)

    def is_novel(self, X: Any, *, fdr: float = 0.1) -> np.ndarray:
        """Tell which customers belong to none of the known segments.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`. They are evaluated together: pass
            all of a month.
        fdr : float, default=0.1
            Bound on the expected share of known customers among those called novel.

        Returns
        -------
        novel : ndarray of bool, shape (n_samples,)
            True for novel customers.

        Raises
        ------
        ValueError
            If `fdr` does not lie between 0 and 1.
        """
        p_values = self.p_values(X)
        return p_values <= discovery_threshold(p_values, fdr)

    def store(self, model: Any) -> Self:
        """Write the detector into a model, as ``novelty_detector_``.

        An archive of the model keeps it, and ``segmentlearn predict --novelty`` uses
        it.

        Parameters
        ----------
        model : estimator
            Gets the attribute; of a pipeline the last step does.

        Returns
        -------
        self : NoveltyDetector
            Unchanged.
        """
        check_is_fitted(self)
        last_step(model).novelty_detector_ = self
        return self

    def _prepare(self, X: Any) -> np.ndarray:
        prepared = self.preprocessor_.transform(X)
        return np.asarray(prepared, dtype=np.float32)

    def _distances(self, prepared: np.ndarray, n_itself: int = 0) -> np.ndarray:
        """Return the logarithms of both distances of each row."""
        n_known = len(self.reference_) - n_itself
        k = min(self.n_neighbors, n_known) + n_itself
        search = NearestNeighbors(n_neighbors=k, algorithm="brute")
        found, _ = search.fit(self.reference_).kneighbors(prepared)
        nearest = found[:, n_itself:].mean(axis=1)
        # |x - c| in the metric of the precision, expanded: no array of rows and columns
        moved = prepared @ self.precision_
        own = np.einsum("ij,ij->i", moved, prepared)
        of_center = np.einsum(
            "kj,kj->k", self.centers_ @ self.precision_, self.centers_
        )
        squared = own[:, None] - 2 * moved @ self.centers_.T + of_center
        return np.log(
            np.maximum([nearest, np.sqrt(np.maximum(squared.min(axis=1), 0))], _TINY)
        ).T.astype(np.float64)

    def __sklearn_tags__(self) -> Any:
        return raw_table_tags(super().__sklearn_tags__())


def discovery_threshold(p_values: np.ndarray, fdr: float) -> float:
    """Return the p-value up to which Benjamini and Hochberg's method discovers."""
    if not 0 < fdr < 1:
        raise ValueError(f"fdr={fdr!r} must lie between 0 and 1.")
    ordered = np.sort(p_values)
    allowed = fdr * np.arange(1, len(ordered) + 1) / max(1, len(ordered))
    discovered = np.flatnonzero(ordered <= allowed)
    return float(ordered[discovered[-1]]) if len(discovered) else 0.0
