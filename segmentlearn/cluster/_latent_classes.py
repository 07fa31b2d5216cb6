"""LatentClassMixture: segments within which the columns tell nothing of each other."""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from segmentlearn._compat import Interval, fit_context, validate_data
from segmentlearn.cluster._class_densities import estimate, initial, log_joint

_SHORT_RUN = 15  # steps of each start before the best one goes on


class LatentClassMixture(ClusterMixin, BaseEstimator):
    """Mixture for numbers and categories: latent class (and latent profile) analysis.

    Within a segment numbers are normal and categories are drawn by shares, each column
    independently of the others. A category that has nothing to do with the segments,
    such as a gender that is even in all of them, does not split them, as it does where
    segments are found by distance.

    Parameters
    ----------
    n_clusters : int, default=5
        Number of segments.
    blocks : list of list of int, default=None
        Positions of the one-hot columns of each category; any positive number is the
        category's level. All other columns are numbers. None is numbers only.
    n_init : int, default=6
        Starts, of which the likeliest is kept.
    max_iter : int, default=200
        Steps of expectation and maximisation at most.
    tol : float, default=1e-4
        Gain in mean log-likelihood below which it has converged.
    least_variance : float, default=0.01
        Bound of a number's variance within a segment, in the column's own unit squared.
        Without one a segment could be a single value that many customers share.
    random_state : int, RandomState instance or None, default=None
        Draws the starts.

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
        Steps taken by the kept start.
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
    Fitted by the EM algorithm [2]_; shares are smoothed by one row spread over the
    levels of each category. The starts are the nearest of drawn rows (k-means++), by
    turns in all columns and in numbers only.

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
    >>> mixture = LatentClassMixture(2, blocks=[[1, 2]], random_state=0).fit(X)
    >>> labels = mixture.labels_.tolist()
    >>> labels[0] == labels[1] == labels[2], labels[3] == labels[4], labels[0] < 2
    (True, True, True)
    """

    _parameter_constraints: dict = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "blocks": [list, tuple, None],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "least_variance": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters=5,
        *,
        blocks=None,
        n_init=6,
        max_iter=200,
        tol=1e-4,
        least_variance=0.01,
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.blocks = blocks
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.least_variance = least_variance
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
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
            If there are fewer rows than segments, or `blocks` names a column that X has
            not, or one twice.
        """
        X = validate_data(self, X, dtype=(np.float64, np.float32))
        self._check_blocks()
        if len(X) < self.n_clusters:
            raise ValueError(
                f"n_clusters={self.n_clusters} must not exceed the number of rows, "
                f"n_samples = {len(X)}; ask for fewer segments."
            )
        random_state = check_random_state(self.random_state)
        numbers, levels = self._split(X)
        runs = [
            self._run(start, numbers, levels, _SHORT_RUN)
            for start in self._starts(X, numbers, random_state)
        ]
        best = max(runs, key=lambda run: run[1])
        classes, bound, n_iter, converged = best
        if not converged and self.max_iter > _SHORT_RUN:
            joint = log_joint(classes, numbers, levels)
            memberships = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
            more = self.max_iter - _SHORT_RUN
            classes, bound, later, converged = self._run(
                memberships, numbers, levels, more
            )
            n_iter += later
        if not converged:
            warnings.warn(
                f"LatentClassMixture did not converge in max_iter={self.max_iter} "
                "steps; raise max_iter, or tol.",
                ConvergenceWarning,
                stacklevel=2,
            )
        self.weights_, self.means_, self.variances_, self.shares_ = classes
        self.lower_bound_ = bound
        self.n_iter_ = n_iter
        self.converged_ = converged
        self.labels_ = log_joint(classes, numbers, levels).argmax(axis=1)
        return self

    def predict(self, X):
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

    def predict_proba(self, X):
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
        joint = self._log_joint(X)
        return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))

    def score_samples(self, X):
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

    def score(self, X, y=None):
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

    def bic(self, X):
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
        n_free = (
            self.n_clusters
            - 1
            + 2 * self.means_.size
            + self.n_clusters * (self.shares_.shape[1] - len(self._get_blocks()))
        )
        return float(-2.0 * scores.sum() + n_free * np.log(len(scores)))

    def _log_joint(self, X):
        """Return the logarithm of segment and row together."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        classes = (self.weights_, self.means_, self.variances_, self.shares_)
        return log_joint(classes, *self._split(X))

    def _run(self, memberships, numbers, levels, max_iter):
        """Take steps of EM from given memberships."""
        lengths = [len(block) for block in self._get_blocks()]
        bound, converged, n_iter = -np.inf, False, 0
        for n_iter in range(1, max_iter + 1):  # noqa: B007
            classes = estimate(
                memberships, numbers, levels, lengths, self.least_variance
            )
            joint = log_joint(classes, numbers, levels)
            evidence = logsumexp(joint, axis=1, keepdims=True)
            memberships = np.exp(joint - evidence)
            before, bound = bound, float(evidence.mean())
            if abs(bound - before) < self.tol:
                converged = True
                break
        return classes, bound, n_iter, converged

    def _starts(self, X, numbers, random_state):
        """Yield memberships to start from."""
        for start in range(self.n_init):
            odd = start % 2 == 1 and 0 < numbers.shape[1] < X.shape[1]
            seen = numbers if odd else X
            centers, _ = kmeans_plusplus(
                seen, self.n_clusters, random_state=random_state
            )
            yield initial(seen, centers)

    def _get_blocks(self):
        return [] if self.blocks is None else [list(block) for block in self.blocks]

    def _check_blocks(self):
        """Check that blocks name columns of X, each once."""
        named = [place for block in self._get_blocks() for place in block]
        outside = [place for place in named if not 0 <= place < self.n_features_in_]
        twice = sorted({place for place in named if named.count(place) > 1})
        if outside or twice:
            raise ValueError(
                f"blocks names the columns {outside or twice}, and X has the columns 0 "
                f"to {self.n_features_in_ - 1}; name columns of X, each once."
            )

    def _split(self, X):
        """Return the numbers, and 0/1 for the levels."""
        named = [place for block in self._get_blocks() for place in block]
        numbers = np.delete(X, named, axis=1).astype(np.float64)
        return numbers, (X[:, named] > 0).astype(np.float64)
