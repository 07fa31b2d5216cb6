"""LatentClassMixture: segments within which columns are independent of each other."""

import warnings
from collections.abc import Iterator, Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from segmentlearn._compat import Interval, StrOptions, fit_context, validate_data

_SHORT_RUN = 15  # iterations of each initialization before the best one goes on
_MIN_SHARE = 1e-12


class Classes(NamedTuple):
    """Estimates of latent classes."""

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray
    shares: np.ndarray


class LatentClassMixture(ClusterMixin, BaseEstimator):
    """Mixture for numbers and categories: latent class (and latent profile) analysis.

    Within a segment numbers are normal and categories are drawn by shares, each column
    independently of the others. A category that is independent of the segments, such
    as a gender that is even in all of them, does not split them, as it does where
    segments are found by distance.

    Parameters
    ----------
    n_clusters : int, default=5
        Number of segments.
    column_groups : list of list of int, default=None
        Positions of the one-hot columns of each category; any positive number marks the
        category's level. All other columns are numbers. None is numbers only.
    n_init : int, default=6
        Number of initializations, of which the one with the highest likelihood is kept.
    init : "k-means++" or tuple of arrays, default="k-means++"
        What EM starts from. A tuple is one start, from estimates as
        :meth:`estimates` returns them.
    max_iter : int, default=200
        Maximum number of EM iterations.
    tol : float, default=1e-4
        Gain in mean log-likelihood below which the algorithm has converged.
    min_variance : float, default=0.01
        Lower bound of a number's variance within a segment, in the column's own unit
        squared. Without one a segment could be a single value that many customers
        share.
    random_state : int, RandomState instance or None, default=None
        Controls the initializations. Pass an int for reproducible results.

    Attributes
    ----------
    weights_ : ndarray of shape (n_clusters,)
        Shares of the segments.
    means_, variances_ : ndarray of shape (n_clusters, n_numeric)
        Of the numbers.
    shares_ : ndarray of shape (n_clusters, n_one_hot)
        Of the levels; they sum to 1 within each category.
    labels_ : ndarray of int64, shape (n_samples,)
        Segment of each training row.
    lower_bound_ : float
        Mean log-likelihood of the training rows, in nats.
    n_iter_ : int
        Iterations of the initialization that was kept.
    converged_ : bool
        Whether the gain fell below `tol`.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only where `fit` was given a frame with text names.

    See Also
    --------
    sklearn.mixture.GaussianMixture : Numbers that go together within a segment.

    Notes
    -----
    Fitted by the EM algorithm [2]_; shares are smoothed by one row distributed over the
    levels of each category. The initial memberships are those of the nearest of drawn
    rows (k-means++), alternately in all columns and in numbers only.

    References
    ----------
    .. [1] P. F. Lazarsfeld and N. W. Henry, "Latent structure analysis", Houghton
       Mifflin 1968.
    .. [2] A. P. Dempster, N. M. Laird and D. B. Rubin, "Maximum likelihood from
       incomplete data via the EM algorithm", JRSS B 39, 1977.

    Examples
    --------
    >>> from segmentlearn.cluster import LatentClassMixture
    >>> X = [[0.1, 1, 0], [0.0, 0, 1], [0.2, 1, 0], [5.1, 1, 0], [5.0, 0, 1]]
    >>> mixture = LatentClassMixture(2, column_groups=[[1, 2]], random_state=0).fit(X)
    >>> labels = mixture.labels_.tolist()
    >>> labels[0] == labels[1] == labels[2], labels[3] == labels[4], labels[0] < 2
    (True, True, True)
    """

    _parameter_constraints: dict = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "column_groups": [list, tuple, None],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init": [StrOptions({"k-means++"}), tuple],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "min_variance": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    }

    init: str | tuple = "k-means++"  # of archives that were written before

    def __init__(
        self,
        n_clusters: int = 5,
        *,
        column_groups: Sequence[Sequence[int]] | None = None,
        n_init: int = 6,
        init: str | tuple = "k-means++",
        max_iter: int = 200,
        tol: float = 1e-4,
        min_variance: float = 0.01,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.column_groups = column_groups
        self.n_init = n_init
        self.init = init
        self.max_iter = max_iter
        self.tol = tol
        self.min_variance = min_variance
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Find the segments under which the rows are likeliest.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers, one-hot columns among them.
        y : None
            Ignored.

        Returns
        -------
        self : LatentClassMixture
            Fitted.

        Raises
        ------
        ValueError
            If there are fewer rows than segments, or `column_groups` names a column
            that X does not have, or one twice.
        """
        X = validate_data(self, X, dtype=(np.float64, np.float32))
        self._check_column_groups()
        if len(X) < self.n_clusters:
            raise ValueError(
                f"n_clusters={self.n_clusters} must not exceed the number of rows, "
                f"n_samples = {len(X)}; ask for fewer segments."
            )
        random_state = check_random_state(self.random_state)
        numbers, levels = self._split(X)
        if isinstance(self.init, str):
            starts = self._initial_memberships(X, numbers, random_state)
        else:
            joint = log_joint(Classes(*self.init), numbers, levels)
            starts = iter([_normalized(joint)])
        runs = [self._run(start, numbers, levels, _SHORT_RUN) for start in starts]
        classes, bound, n_iter, converged = max(runs, key=lambda run: run[1])
        n_left = self.max_iter - _SHORT_RUN
        if not converged and n_left > 0:
            start = _normalized(log_joint(classes, numbers, levels))
            longer = self._run(start, numbers, levels, n_left)
            classes, bound, more, converged = longer
            n_iter += more
        if not converged:
            warnings.warn(
                f"LatentClassMixture did not converge in max_iter={self.max_iter} "
                "steps; raise max_iter, or tol.",
                ConvergenceWarning,
                stacklevel=2,
            )
        self.weights_, self.means_, self.variances_, self.shares_ = classes
        self.lower_bound_, self.n_iter_, self.converged_ = bound, n_iter, converged
        self.labels_ = log_joint(classes, numbers, levels).argmax(axis=1)
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the likeliest segment of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen by `fit`.

        Returns
        -------
        labels : ndarray of int64, shape (n_samples,)
        """
        return self._log_joint(X).argmax(axis=1)

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the probability of each segment for each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen by `fit`.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_clusters)
            Each row sums to 1.
        """
        return _normalized(self._log_joint(X))

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """Return the log-likelihood of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen by `fit`.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            In nats.
        """
        return logsumexp(self._log_joint(X), axis=1)

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """Return the mean of `score_samples`, for searches.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen by `fit`.
        y : None
            Ignored.

        Returns
        -------
        score : float
        """
        return float(self.score_samples(X).mean())

    def bic(self, X: ArrayLike) -> float:
        """Return the Bayesian information criterion; the lower, the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The training rows.

        Returns
        -------
        bic : float
            Minus twice the log-likelihood, plus the logarithm of the number of rows for
            each free number.
        """
        scores = self.score_samples(X)
        n_free_shares = self.shares_.shape[1] - len(self.column_groups or ())
        n_free = 2 * self.means_.size + self.n_clusters * (1 + n_free_shares) - 1
        return float(-2.0 * scores.sum() + n_free * np.log(len(scores)))

    def estimates(self, X: np.ndarray, labels: np.ndarray) -> Classes:
        """Return the estimates of given segments, to start from.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows as for `fit`.
        labels : ndarray of int, shape (n_samples,)
            Segment of each, from 0; each of them has a row.

        Returns
        -------
        estimates : tuple of arrays
            `weights_`, `means_`, `variances_` and `shares_` of these segments.
        """
        n_levels = [len(group) for group in self.column_groups or ()]
        memberships = np.eye(labels.max() + 1)[labels]
        rows = memberships, *self._split(X)
        return estimate(*rows, n_levels, self.min_variance)

    def _log_joint(self, X: ArrayLike) -> np.ndarray:
        """Return the logarithm of segment and row together."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        classes = Classes(self.weights_, self.means_, self.variances_, self.shares_)
        return log_joint(classes, *self._split(X))

    def _run(
        self,
        memberships: np.ndarray,
        numbers: np.ndarray,
        levels: np.ndarray,
        max_iter: int,
    ) -> tuple[Classes, float, int, bool]:
        """Run EM from given memberships."""
        n_levels = [len(group) for group in self.column_groups or ()]
        bound, n_iter, converged = -np.inf, 0, False
        while n_iter < max_iter and not converged:
            rows = memberships, numbers, levels
            classes = estimate(*rows, n_levels, self.min_variance)
            joint = log_joint(classes, numbers, levels)
            evidence = logsumexp(joint, axis=1, keepdims=True)
            memberships = np.exp(joint - evidence)
            before, bound = bound, float(evidence.mean())
            n_iter, converged = n_iter + 1, abs(bound - before) < self.tol
        return classes, bound, n_iter, converged

    def _initial_memberships(
        self, X: np.ndarray, numbers: np.ndarray, rng: np.random.RandomState
    ) -> Iterator[np.ndarray]:
        """Yield memberships of the nearest of drawn rows."""
        for number in range(self.n_init):
            numbers_only = number % 2 == 1 and 0 < numbers.shape[1] < X.shape[1]
            rows = numbers if numbers_only else X
            centers, _ = kmeans_plusplus(rows, self.n_clusters, random_state=rng)
            half_squares = (centers**2).sum(axis=1) / 2
            nearest = (rows @ centers.T - half_squares).argmax(axis=1)
            yield np.eye(len(centers))[nearest]

    def _one_hot_columns(self) -> list[int]:
        return [position for group in self.column_groups or () for position in group]

    def _check_column_groups(self) -> None:
        """Check that column_groups names columns of X, each once."""
        named = self._one_hot_columns()
        outside = [at for at in named if not 0 <= at < self.n_features_in_]
        twice = sorted({at for at in named if named.count(at) > 1})
        if outside or twice:
            raise ValueError(
                f"column_groups names the columns {outside or twice}, and X has the "
                f"columns 0 to {self.n_features_in_ - 1}; name columns of X, each once."
            )

    def _split(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers, and 0/1 for the levels."""
        named = self._one_hot_columns()
        numbers = np.delete(X, named, axis=1).astype(np.float64)
        return numbers, (X[:, named] > 0).astype(np.float64)


def estimate(
    memberships: np.ndarray,
    numbers: np.ndarray,
    levels: np.ndarray,
    n_levels: Sequence[int],
    min_variance: float,
) -> Classes:
    """Return the classes of maximum likelihood, given the rows' memberships."""
    counts = memberships.sum(axis=0) + 10 * np.finfo(float).eps
    means = memberships.T @ numbers / counts[:, None]
    variances = memberships.T @ numbers**2 / counts[:, None] - means**2
    variances = np.maximum(variances, min_variance)
    shares = memberships.T @ levels
    for group in np.split(shares, np.cumsum(n_levels), axis=1)[:-1]:  # views of shares
        # one row, distributed over the levels: none has a share of 0
        group += 1.0 / group.shape[1]
        group /= group.sum(axis=1, keepdims=True)
    return Classes(counts / counts.sum(), means, variances, shares)


def log_joint(classes: Classes, numbers: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the logarithm of each class together with each row."""
    weights, means, variances, shares = classes
    precisions = 1.0 / variances
    squares = (
        numbers**2 @ precisions.T
        - 2.0 * numbers @ (means * precisions).T
        + (means**2 * precisions).sum(axis=1)
    )
    constant = np.log(2.0 * np.pi * variances).sum(axis=1)
    result = np.log(weights) - 0.5 * (squares + constant)
    return result + levels @ np.log(np.maximum(shares, _MIN_SHARE)).T


def _normalized(joint: np.ndarray) -> np.ndarray:
    """Return the probability of each class for each row."""
    return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
