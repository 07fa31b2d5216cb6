"""AutoencoderClusterer: segments of raw customer tables, deep where that pays."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from segmentlearn import engine
from segmentlearn._compat import (
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
    safe_indexing,
)
from segmentlearn._forks import check_not_forked
from segmentlearn.cluster.candidates import (
    PREPARED,
    n_clusters_of,
    with_n_clusters,
)
from segmentlearn.cluster.contest import Contest
from segmentlearn.cluster.prepared import PreparedInput
from segmentlearn.cluster.problems import ClusteringProblems
from segmentlearn.cluster.single_warnings import SingleWarnings
from segmentlearn.cluster.spread import sampled_silhouette, squared_spread
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.neural_network.autoencoder import Autoencoder
from segmentlearn.neural_network.table import as_matrix
from segmentlearn.neural_network.undo import all_or_nothing

_DEFAULT_N_CLUSTERS = 5
_MOST_ROWS = 50_000
# what the end of fit tells of the result, and the docstring of large tables
_OF_CANDIDATES = (
    "put all rows into one segment",
    "took all rows for noise",
    "Number of distinct clusters",
    "was fitted to .* of .* rows",
)


class AutoencoderClusterer(
    ClusteringProblems,
    PreparedInput,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    """Clusterer that codes customers with autoencoders and segments the codes.

    Raw frames with text and gaps are taken as they are. Deep segments are returned only
    where they are clearly better than simple ones: autoencoders of several seeds and
    code lengths compete with k-means and a mixture on the prepared columns, and a rule
    that needs no labels decides. `candidates_` and `selected_` tell how.

    Parameters
    ----------
    autoencoder : Autoencoder, default=None
        Codes the customers; copies are fitted. None is ``Autoencoder()`` with 40 to
        100 epochs, the fewer the more customers there are.
    clusterer : clusterer, default=None
        Segments the codes, and the prepared columns: any that
        :class:`InductiveClusterer` takes. None is k-means, which with `guard` competes
        with a Gaussian mixture whose covariances are chosen by BIC, or, on columns with
        categories among them, with a :class:`LatentClassMixture`.
    n_clusters : int, default=None
        Number of segments, where the clusterer has a parameter for it. None leaves its
        own; 5 where `clusterer` is None.
    joint : {"idec", "dcn"} or None, default=None
        Whether code and segments are trained together after the autoencoder, as
        another candidate: "idec" [1]_ sharpens memberships, "dcn" [2]_ draws codes to
        their centres, and reconstruction goes on in both.
    joint_weight : float, default=1.0
        Factor on the clustering loss beside that of reconstruction.
    joint_epochs : int, default=100
        Epochs of joint training.
    guard : bool, default=True
        Whether simple segments compete. Without it the result is that of one
        autoencoder, and joint training if asked for, whatever it is worth.
    n_seeds : int, default=2
        Autoencoders of each code length, with `guard`.
    consensus : bool, default=False
        Whether the vote of all autoencoders competes too, see
        :class:`ConsensusClusterer`.
    preprocessor : "auto", transformer or None, default="auto"
        Prepares the columns in which simple segments are found and all are judged.
        "auto" is :class:`DistancePreprocessor` for frames, and for arrays with missing
        values; other arrays are used as they come, as with None.
    verbose : {0, 1, 2}, default=0
        Silent, a progress bar, or one line an epoch, while autoencoders are trained.
    random_state : int, RandomState instance or None, default=None
        Decides everything that is drawn.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n_samples,)
        Segment of each customer, the largest is 0; -1 is noise, where the clusterer
        has it.
    n_clusters_ : int
        Number of segments.
    cluster_centers_ : ndarray of shape (n_clusters_, n_prepared)
        Mean of each segment in the prepared columns, see
        :meth:`inverse_transform_centers`.
    selected_ : str
        Name of the candidate whose segments these are.
    candidates_ : list of dict
        The finalists: ``name``, ``space`` ("prepared" or "codes"), ``n_components``,
        ``separation``, ``silhouette``, ``likelihood`` and ``stability`` (None without
        `guard`), ``score``, ``selected``, and the ``labels`` of the rows learnt from.
    members_ : list of dict
        The same of each autoencoder and clusterer, of which the best is a finalist.
    autoencoder_ : Autoencoder
        The best of the autoencoders; it makes the codes of `transform`.
    autoencoders_ : list of Autoencoder
        Those whose codes are segmented, several for a consensus; `autoencoder_` is the
        first.
    space_ : {"prepared", "codes"}
        What was segmented.
    clusterer_ : InductiveClusterer
        Makes the segments, of prepared columns or of codes.
    inertia_, latent_inertia_ : float
        Sum of squared distances of customers to their segment's mean, in the prepared
        columns and in the code.
    silhouette_, latent_silhouette_ : float
        Mean silhouette of at most 5,000 customers, in both spaces. The latent one
        flatters: compare segmentations by the other. NaN with fewer than two segments.
    segment_names_ : dict of int to str
        Names given to segments, by ``SegmentProfile.store`` for instance; empty at
        first.
    preprocessor_ : transformer or None
        Fitted.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only where `fit` was given a frame with text names.

    See Also
    --------
    segmentlearn.segment_profile : What is in the segments.
    segmentlearn.select_n_clusters : How many there are.

    Notes
    -----
    The rule adds up, with weights chosen by measurement over tables whose segments are
    known: how likely segments make held-out rows, how often a customer's nearest
    neighbours in the prepared columns are in the same segment (which counts less, the
    more columns are categories), and whether halves of the table lead to the same
    segments. What is not better than k-means by more than chance does not replace it.

    Of more than 50,000 customers a random sample is learnt from, and `predict` gives
    the others their segments.

    References
    ----------
    .. [1] X. Guo, L. Gao, X. Liu and J. Yin, "Improved deep embedded clustering with
       local structure preservation", IJCAI 2017.
    .. [2] B. Yang, X. Fu, N. Sidiropoulos and M. Hong, "Towards k-means-friendly
       spaces: simultaneous deep learning and clustering", ICML 2017.

    Examples
    --------
    >>> from segmentlearn import Autoencoder, AutoencoderClusterer, make_customers
    >>> X, _ = make_customers("mall", 200, random_state=0)
    >>> quick = Autoencoder(hidden_layer_sizes=(8,), max_epochs=2)
    >>> segmenter = AutoencoderClusterer(quick, n_clusters=3, random_state=0).fit(X)
    >>> segmenter.selected_
    'latent classes on prepared'
    >>> segmenter.predict(X[:3]).shape, segmenter.transform(X[:3]).shape
    ((3,), (3, 2))
    """

    _parameter_constraints: dict = {
        "autoencoder": [Autoencoder, None],
        "clusterer": [HasMethods(["fit", "fit_predict"]), None],
        "n_clusters": [Interval(Integral, 1, None, closed="left"), None],
        "joint": [StrOptions({"idec", "dcn"}), None],
        "joint_weight": [Interval(Real, 0, None, closed="neither")],
        "joint_epochs": [Interval(Integral, 1, None, closed="left")],
        "guard": ["boolean"],
        "n_seeds": [Interval(Integral, 1, None, closed="left")],
        "consensus": ["boolean"],
        "preprocessor": [StrOptions({"auto"}), HasMethods(["fit", "transform"]), None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        autoencoder=None,
        clusterer=None,
        *,
        n_clusters=None,
        joint=None,
        joint_weight=1.0,
        joint_epochs=100,
        guard=True,
        n_seeds=2,
        consensus=False,
        preprocessor="auto",
        verbose=0,
        random_state=None,
    ):
        self.autoencoder = autoencoder
        self.clusterer = clusterer
        self.n_clusters = n_clusters
        self.joint = joint
        self.joint_weight = joint_weight
        self.joint_epochs = joint_epochs
        self.guard = guard
        self.n_seeds = n_seeds
        self.consensus = consensus
        self.preprocessor = preprocessor
        self.verbose = verbose
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(self, X, y=None):
        """Find segments.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers.
        y : None
            Ignored.

        Returns
        -------
        self : AutoencoderClusterer
            Fitted.

        Raises
        ------
        SchemaError
            If a column cannot be used.
        ValueError
            If there are fewer rows than segments, or fewer than two, or `joint` is
            asked for with a clusterer other than k-means.
        ForkedProcessError
            In a process that was forked while TensorFlow was running.
        KeyboardInterrupt
            On Ctrl-C. The clusterer is left as it was before the call.

        Warns
        -----
        SegmentLearnWarning
            If fewer segments were found than asked for, or fewer than two where the
            clusterer decides on their number.
        """
        self._check_joint()
        left_out, categories = self._silenced_warnings()
        with SingleWarnings(left_out, categories), engine.pass_interrupts_on():
            self._fit(X)
        self._warn_of_few_segments()
        return self

    def _fit(self, X):
        """Learn all from a table."""
        check_not_forked()
        random_state = check_random_state(self.random_state)
        prepared = self._fit_prepared(X)
        self._check_rows(len(prepared))
        table, learnt, drawn = X, prepared, None
        if len(prepared) > _MOST_ROWS:
            drawn = np.sort(random_state.permutation(len(prepared))[:_MOST_ROWS])
            table, learnt = safe_indexing(X, drawn), prepared[drawn]
        contest = Contest(
            self, table, learnt, self._blocks(prepared.shape[1]), random_state
        )
        winner = contest.run()
        self.selected_ = winner.name
        self.space_ = winner.space
        self.clusterer_ = winner.clusterer
        self.autoencoders_ = contest.autoencoders_of(winner)
        codes = as_matrix(self.autoencoder_.transform(X))
        self.labels_ = self.clusterer_.labels_
        if drawn is not None:
            found = self.clusterer_.predict(self._seen(X, prepared, codes))
            self.labels_ = self.clusterer_.number_by_size(found)
        self.candidates_ = contest.finalists(winner)
        self.members_ = contest.members()
        self.segment_names_ = {}
        self.n_clusters_ = self.clusterer_.n_clusters_
        self.cluster_centers_, self.inertia_ = squared_spread(prepared, self.labels_)
        _, self.latent_inertia_ = squared_spread(codes, self.labels_)
        seed = int(random_state.randint(np.iinfo(np.int32).max))
        self.silhouette_ = sampled_silhouette(prepared, self.labels_, seed)
        self.latent_silhouette_ = sampled_silhouette(codes, self.labels_, seed)

    def predict(self, X):
        """Return the segment of each customer.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        labels : ndarray of int64, shape (n_samples,)
            Numbered as `labels_`; -1 is noise.
        """
        check_is_fitted(self)
        return self.clusterer_.predict(self._seen(X))

    def predict_proba(self, X):
        """Return how far each customer belongs to each segment.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_clusters_)
            Each row sums to 1. A mixture's own probabilities, Student's t kernel of the
            distances elsewhere, see :meth:`InductiveClusterer.predict_proba`.
        """
        check_is_fitted(self)
        return self.clusterer_.predict_proba(self._seen(X))

    def transform(self, X):
        """Return the code of each customer.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        codes : ndarray of float32, shape (n_samples, n_components)
            Made by `autoencoder_`, also where simple segments were selected.
        """
        check_is_fitted(self)
        return self.autoencoder_.transform(X)

    def prepare(self, X):
        """Return the prepared columns, in whose distances segments are judged.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        prepared : ndarray of float32, shape (n_samples, n_prepared)
        """
        check_is_fitted(self)
        return self._read_prepared(X)

    def inverse_transform_centers(self):
        """Return the centres of the segments in the columns of the table.

        Returns
        -------
        centers : frame or ndarray of shape (n_clusters_, n_columns)
            A row a segment: means of numbers (after tails were tamed), and the most
            typical level of categories. Prepared columns where the preprocessor has no
            `inverse_transform`.
        """
        check_is_fitted(self)
        centers = self.cluster_centers_
        if not hasattr(self.preprocessor_, "inverse_transform"):
            return centers
        if not len(centers):  # all is noise; transformers want a row
            some = np.zeros((1, centers.shape[1]), centers.dtype)
            return self.preprocessor_.inverse_transform(some)[:0]
        return self.preprocessor_.inverse_transform(centers)

    @property
    def autoencoder_(self):
        """The autoencoder that makes the codes."""
        check_is_fitted(self)
        return self.autoencoders_[0]

    def _check_joint(self):
        """Check that there are centres to train."""
        if self.joint and not isinstance(self.clusterer, KMeans | None):
            raise ValueError(
                f"joint={self.joint!r} trains the centres of k-means, not clusterer="
                f"{self.clusterer}; leave clusterer=None, pass KMeans, or set "
                "joint=None."
            )

    def _check_rows(self, n_rows):
        """Check that there are enough rows, before nets are trained on them."""
        if n_rows < 2:
            raise ValueError(
                f"X has {n_rows} row (n_samples = {n_rows}); segments need 2 at least."
            )
        n_clusters = self._n_clusters_asked()
        if n_clusters is not None and n_rows < n_clusters:
            raise ValueError(
                f"n_clusters={n_clusters} must not exceed the number of rows, "
                f"n_samples = {n_rows}; ask for fewer segments."
            )

    def _n_clusters_asked(self):
        """Return the number of segments looked for; None where none is set."""
        if self.clusterer is None:
            return self._get_n_clusters()
        return n_clusters_of(with_n_clusters(self.clusterer, self.n_clusters))

    def _silenced_warnings(self):
        """Return which warnings say nothing about the result or the user's choices."""
        left_out, categories = list(_OF_CANDIDATES), ()
        if self.autoencoder is None or self.autoencoder.n_components == "auto":
            left_out.append("the code compresses nothing")
        if self.clusterer is None:
            categories = (ConvergenceWarning,)
        return left_out, categories

    def _warn_of_few_segments(self):
        """Warn where there are fewer segments than the user must expect."""
        found, asked = self.n_clusters_, self._n_clusters_asked()
        if found >= (2 if asked is None else asked):
            return
        cure = "set its parameters that decide on the number of segments"
        if asked is not None:
            cure = "ask for fewer, or look for repeated and constant columns and rows"
        warnings.warn(
            f"{self.selected_} found {found} segment(s) in place of "
            f"{'several' if asked is None else asked}; {cure}.",
            SegmentLearnWarning,
            stacklevel=5,
        )

    def _get_n_clusters(self):
        """Return the number that was asked for; None leaves it to the clusterer."""
        if self.n_clusters is None and self.clusterer is None:
            return _DEFAULT_N_CLUSTERS
        return self.n_clusters

    def _seen(self, X, prepared=None, codes=None):
        """Return what the clusterer sees of customers."""
        if self.space_ == PREPARED:
            return self._read_prepared(X) if prepared is None else prepared
        if len(self.autoencoders_) == 1 and codes is not None:
            return codes
        return np.hstack([as_matrix(one.transform(X)) for one in self.autoencoders_])

    @property
    def _n_features_out(self):
        return self.autoencoder_.n_components_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
