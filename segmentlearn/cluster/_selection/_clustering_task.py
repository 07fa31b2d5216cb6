"""What is to be solved again where segments are counted, or customers drawn again."""

from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from segmentlearn.cluster._selection._candidates import (
    simple_clusterer,
    without_centers,
)


class ClusteringProblems:
    """Mixin for a clusterer with a contest inside: its problems, without the contest.

    The functions of ``segmentlearn.model_selection`` ask for them.
    """

    def clustering_problem(self, X):
        """Return what is to be solved for another number of segments.

        Where `clusterer` is None segments are counted in the prepared columns, by
        k-means; in tables with categories by latent classes, since distances split a
        segment at each level of a category that all segments share. Another clusterer
        counts where its segments were found; codes are learnt once.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers.

        Returns
        -------
        clusterer : clusterer
            Not fitted.
        features : ndarray of shape (n_samples, n_seen)
            What it sees: prepared columns or codes.
        prepared : ndarray of shape (n_samples, n_prepared)
            Columns in whose distances segments are judged.
        """
        is_fitted = hasattr(self, "clusterer_")
        if self.clusterer is not None:
            fitted = self if is_fitted else clone(self).fit(X)
            return fitted.selected_problem(X)
        fitted = self if is_fitted else clone(self)
        prepared = fitted._read_prepared(X) if is_fitted else fitted._fit_prepared(X)
        blocks = [b for b in fitted._blocks(prepared.shape[1]) if len(b) > 1]
        simple = simple_clusterer(self._get_n_clusters(), blocks)
        return simple, prepared, prepared

    def selected_problem(self, X):
        """Return the way in which the segments were found.

        It is what :func:`~segmentlearn.cluster_stability` fits to customers that are
        drawn again, with ``refit="clusterer"``.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        clusterer : clusterer
            That of the winner of the contest, not fitted.
        features : ndarray of shape (n_samples, n_seen)
            What it sees: prepared columns or codes.
        prepared : ndarray of shape (n_samples, n_prepared)
            Columns in whose distances segments are judged.
        """
        check_is_fitted(self)
        prepared = self._read_prepared(X)
        clusterer = without_centers(self.clusterer_.clusterer)
        return clusterer, self._seen(X, prepared), prepared
