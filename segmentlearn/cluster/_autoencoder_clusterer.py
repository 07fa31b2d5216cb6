"""AutoencoderClusterer: segments of raw customer tables, deep where they are better."""

import warnings
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
    clone,
)
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
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
    validate_data,
)
from segmentlearn._forks import check_not_forked
from segmentlearn.cluster._candidate_selection import CandidateSelection
from segmentlearn.cluster._candidates import (
    PREPARED,
    n_clusters_of,
    simple_clusterer,
    with_n_clusters,
    without_centers,
)
from segmentlearn.cluster._centers import centers_and_inertia, sampled_silhouette
from segmentlearn.cluster._fitting import each_warning_once
from segmentlearn.cluster._passport import CONSTRAINTS, SegmentIdentity
from segmentlearn.exceptions import (
    CodeLengthWarning,
    FewSegmentsWarning,
    SampledRowsWarning,
)
from segmentlearn.neural_network import (
    Autoencoder,
    as_matrix,
    draw_seed,
    is_frame,
    is_ready,
    read_numbers,
    restore_on_failure,
)
from segmentlearn.preprocessing import DistancePreprocessor
from segmentlearn.tables import raw_table_tags

_DEFAULT_N_CLUSTERS = 5
_MAX_ROWS = 50_000


class AutoencoderClusterer(
    SegmentIdentity,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    """Clusterer that codes customers with autoencoders and segments the codes.

    Raw frames with text and missing values are accepted. Deep segments are returned
    only where they are clearly better than simple ones: autoencoders of several seeds
    and code lengths are compared with k-means and a mixture on the prepared columns by
    a score that needs no true labels. `candidates_` and `selected_` describe the
    comparison.

    Parameters
    ----------
    autoencoder : Autoencoder, default=None
        Codes the customers; copies are fitted. None is ``Autoencoder()`` with 20 to
        100 epochs, the fewer the more customers there are.
    clusterer : clusterer, default=None
        Segments the codes and the prepared columns: any that
        :class:`InductiveClusterer` takes. None is k-means, which with
        `compare_baselines` is compared with a Gaussian mixture whose covariances are
        chosen by BIC, or, on columns with categories among them, with a
        :class:`LatentClassMixture`.
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
    compare_baselines : bool, default=True
        Whether simple segments are candidates, too. Without them the result is that of
        one autoencoder, or of joint training where `joint` is set, however good it is.
    n_seeds : int, default=2
        Autoencoders of each code length, with `compare_baselines`.
    consensus : bool, default=False
        Whether the vote of all autoencoders is another candidate, see
        :class:`ConsensusClusterer`.
    preprocessor : "auto", transformer or None, default="auto"
        Prepares the columns in which simple segments are found and all are scored.
        "auto" is :class:`DistancePreprocessor` for frames, and for arrays with missing
        values; other arrays are used as they are, as with None.
    baseline : fitted clusterer or None, default=None
        Segments of an earlier period, such as a clusterer of this class from an
        archive: those that live on keep their ids and names. Its `predict` is given the
        X of `fit`. It is not changed, and an archive leaves it out.
    period : str or None, default=None
        Name of the period of the customers in `passport_`, such as "2026-05"; None
        counts: "1", "2", ….
    verbose : {0, 1, 2}, default=0
        Silent, a progress bar, or one line an epoch, while autoencoders are trained.
    random_state : int, RandomState instance or None, default=None
        Controls all randomness. Pass an int for reproducible results.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n_samples,)
        Segment of each customer, the largest is 0; -1 is noise, where the clusterer
        has it. With a baseline in the order of ids.
    n_clusters_ : int
        Number of segments.
    cluster_centers_ : ndarray of shape (n_clusters_, n_prepared)
        Mean of each segment in the prepared columns, see
        :meth:`inverse_transform_centers`.
    selected_ : str
        Name of the candidate whose segments these are.
    candidates_ : list of dict
        The finalists: ``name``, ``space`` ("prepared" or "codes"), ``n_components``,
        ``n_clusters``, ``separation``, ``silhouette``, ``likelihood`` and ``stability``
        (None without `compare_baselines`), ``score``, ``selected``, and the ``labels``
        of the training rows.
    members_ : list of dict
        The same of each autoencoder and clusterer, of which the best is a finalist. The
        stability is None, and not part of the score, where it could not make a member
        the best one.
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
        Mean silhouette of at most 5,000 customers, in both spaces. The latent one is
        optimistic: compare segmentations by the other. NaN with fewer than two
        segments.
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
    novelty_detector_ : NoveltyDetector or None
        What :meth:`segmentlearn.NoveltyDetector.store` has put there since `fit`.
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
    The score is a weighted sum, its weights chosen by measurement over tables whose
    segments are known: how likely segments make held-out rows, how often a customer's
    nearest neighbours in the prepared columns are in the same segment (which counts
    less, the more columns are categories), and whether halves of the table lead to the
    same segments. A candidate replaces k-means only if it is better by more than
    chance explains.

    Of more than 50,000 customers a random sample is used for training, and `predict`
    gives the others their segments.

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
        "compare_baselines": ["boolean"],
        "n_seeds": [Interval(Integral, 1, None, closed="left")],
        "consensus": ["boolean"],
        "preprocessor": [StrOptions({"auto"}), HasMethods(["fit", "transform"]), None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        **CONSTRAINTS,
    }

    def __init__(
        self,
        autoencoder: Autoencoder | None = None,
        clusterer: Any = None,
        *,
        n_clusters: int | None = None,
        joint: Literal["idec", "dcn"] | None = None,
        joint_weight: float = 1.0,
        joint_epochs: int = 100,
        compare_baselines: bool = True,
        n_seeds: int = 2,
        consensus: bool = False,
        preprocessor: Any = "auto",
        baseline: Any = None,
        period: str | None = None,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.autoencoder = autoencoder
        self.clusterer = clusterer
        self.n_clusters = n_clusters
        self.joint = joint
        self.joint_weight = joint_weight
        self.joint_epochs = joint_epochs
        self.compare_baselines = compare_baselines
        self.n_seeds = n_seeds
        self.consensus = consensus
        self.preprocessor = preprocessor
        self.baseline = baseline
        self.period = period
        self.verbose = verbose
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    @restore_on_failure
    def fit(self, X: Any, y: Any = None) -> Self:
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
            If there are fewer rows than segments, or fewer than two, or `joint` is set
            with a clusterer other than k-means.
        ForkedProcessError
            In a process that was forked while TensorFlow was running.
        KeyboardInterrupt
            On Ctrl-C. The clusterer is left as it was before the call.

        Warns
        -----
        FewSegmentsWarning
            If fewer segments were found than asked for, or fewer than two where the
            clusterer decides on their number.
        """
        if self.joint and not isinstance(self.clusterer, KMeans | None):
            raise ValueError(
                f"joint={self.joint!r} trains the centres of k-means, not clusterer="
                f"{self.clusterer}; leave clusterer=None, pass KMeans, or set "
                "joint=None."
            )
        check_not_forked()
        with each_warning_once(self._ignored_warnings()), engine.pass_interrupts_on():
            random_state = check_random_state(self.random_state)
            prepared = self._fit_preprocessor(X)
            self._check_n_rows(len(prepared))
            table, train = X, prepared
            if len(prepared) > _MAX_ROWS:
                drawn = np.sort(random_state.permutation(len(prepared))[:_MAX_ROWS])
                table, train = safe_indexing(X, drawn), prepared[drawn]
            groups = self._column_groups(prepared.shape[1])
            selection = CandidateSelection(
                self, self._n_clusters(), table, train, groups, random_state
            )
            winner = selection.run()
            self.selected_, self.space_ = winner.name, winner.space
            self.clusterer_ = fitted = winner.clusterer
            self.n_clusters_, self.labels_ = fitted.n_clusters_, fitted.labels_
            self.autoencoders_ = selection.autoencoders_of(winner)
            self.members_ = selection.members()
            self.novelty_detector_: Any = None
            codes = as_matrix(self.autoencoder_.transform(X))
            if len(train) < len(prepared):
                rows = self._clusterer_input(X, prepared, codes)
                labels = self.clusterer_.predict(rows)
                self.labels_ = self.clusterer_.number_by_size(labels)
            order = self._identify(X, prepared, self.labels_)
            self.labels_ = self.clusterer_.renumber(order, self.labels_)
            self.candidates_ = selection.finalists(winner)
            labels, seed = self.labels_, draw_seed(random_state)
            self.cluster_centers_, self.inertia_ = centers_and_inertia(prepared, labels)
            _, self.latent_inertia_ = centers_and_inertia(codes, labels)
            self.silhouette_ = sampled_silhouette(prepared, labels, seed)
            self.latent_silhouette_ = sampled_silhouette(codes, labels, seed)
        self._warn_of_few_segments()
        return self

    def predict(self, X: Any) -> np.ndarray:
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
        return self.clusterer_.predict(self._clusterer_input(X))

    def predict_proba(self, X: Any) -> np.ndarray:
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
        return self.clusterer_.predict_proba(self._clusterer_input(X))

    def transform(self, X: Any) -> Any:
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

    def prepare(self, X: Any) -> np.ndarray:
        """Return the prepared columns, in which segments are scored.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        prepared : ndarray of float32, shape (n_samples, n_prepared)
        """
        check_is_fitted(self)
        if self.preprocessor_ is None:
            return read_numbers(self, X, reset=False)
        return as_matrix(self.preprocessor_.transform(X))

    def inverse_transform_centers(self) -> Any:
        """Return the centres of the segments in the columns of the table.

        Returns
        -------
        centers : frame or ndarray of shape (n_clusters_, n_columns)
            One row per segment: means of numbers (of clipped values), and the most
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

    def clustering_task(self, X: Any) -> tuple[Any, np.ndarray, np.ndarray]:
        """Return what is fitted again for another number of segments.

        Where `clusterer` is None that is k-means on the prepared columns, or latent
        classes in tables with categories, since distances split a segment at each level
        of a category that all segments share. Another clusterer is fitted where its
        segments were found; codes are learnt once.

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
            Columns in which segments are scored.
        """
        is_fitted = hasattr(self, "clusterer_")
        fitted = self if is_fitted else clone(self)
        if self.clusterer is not None:
            return (fitted if is_fitted else fitted.fit(X)).selected_task(X)
        prepared = fitted.prepare(X) if is_fitted else fitted._fit_preprocessor(X)
        groups = fitted._column_groups(prepared.shape[1])
        categories = [group for group in groups if len(group) > 1]
        return simple_clusterer(self._n_clusters(), categories), prepared, prepared

    def selected_task(self, X: Any) -> tuple[Any, np.ndarray, np.ndarray]:
        """Return the clusterer whose segments were selected, and what it sees.

        It is what :func:`~segmentlearn.cluster_stability` fits to bootstrap samples
        with ``refit="clusterer"``.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        clusterer : clusterer
            That of the selected candidate, not fitted.
        features : ndarray of shape (n_samples, n_seen)
            What it sees: prepared columns or codes.
        prepared : ndarray of shape (n_samples, n_prepared)
            Columns in which segments are scored.
        """
        prepared = self.prepare(X)
        clusterer = without_centers(self.clusterer_.clusterer)
        return clusterer, self._clusterer_input(X, prepared), prepared

    @property
    def autoencoder_(self) -> Autoencoder:
        """The autoencoder that makes the codes."""
        check_is_fitted(self)
        return self.autoencoders_[0]

    def _check_n_rows(self, n_rows: int) -> None:
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

    def _n_clusters(self) -> Any:
        """Return the number to set; None leaves it to the clusterer."""
        if self.n_clusters is None and self.clusterer is None:
            return _DEFAULT_N_CLUSTERS
        return self.n_clusters

    def _n_clusters_asked(self) -> int | None:
        """Return the number of segments looked for; None where none is set."""
        if self.clusterer is None:
            return self._n_clusters()
        return n_clusters_of(with_n_clusters(self.clusterer, self.n_clusters))

    def _ignored_warnings(self) -> tuple[type[Warning], ...]:
        """Return warnings that are about candidates and defaults, not the result."""
        ignored: list[type[Warning]] = [FewSegmentsWarning, SampledRowsWarning]
        if self.autoencoder is None or self.autoencoder.n_components == "auto":
            ignored.append(CodeLengthWarning)
        # of k-means it says that rows repeat: a candidate with few segments, again
        k_means = KMeans | MiniBatchKMeans | BisectingKMeans | None
        if isinstance(self.clusterer, k_means):
            ignored.append(ConvergenceWarning)
        return tuple(ignored)

    def _warn_of_few_segments(self) -> None:
        """Warn where there are fewer segments than the user must expect."""
        least, expected = 2, "several"
        cure = "set its parameters that decide on the number of segments"
        asked = self._n_clusters_asked()
        if asked is not None:
            least, expected = asked, str(asked)
            cure = "ask for fewer, or look for repeated and constant columns and rows"
        if self.n_clusters_ < least:
            warnings.warn(
                f"{self.selected_} found {self.n_clusters_} segment(s) in place of "
                f"{expected}; {cure}.",
                FewSegmentsWarning,
                stacklevel=5,
            )

    def _fit_preprocessor(self, X: Any) -> np.ndarray:
        """Fit the preprocessor where one is needed; return the prepared columns."""
        self.preprocessor_ = self.preprocessor
        if isinstance(self.preprocessor, str):
            raw = is_frame(X) or not is_ready(X)
            self.preprocessor_ = DistancePreprocessor() if raw else None
        if self.preprocessor_ is None:
            return read_numbers(self, X, reset=True)
        self.preprocessor_ = clone(self.preprocessor_)
        prepared = as_matrix(self.preprocessor_.fit_transform(X))
        validate_data(self, X, skip_check_array=True)
        return prepared

    def _column_groups(self, n_features: int) -> list[tuple[int, ...]]:
        """Return the prepared features that make up each column of the table."""
        groups = getattr(self.preprocessor_, "output_groups_", {})
        # a category of one level is a group too, though it is constant
        grouped = [tuple(group) for group in groups.values() if len(group)]
        numeric = set(range(n_features)).difference(*grouped)
        return [*((position,) for position in sorted(numeric)), *grouped]

    def _columns_and_labels(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        prepared = self.prepare(X)
        return prepared, self.clusterer_.predict(self._clusterer_input(X, prepared))

    def _clusterer_input(
        self, X: Any, prepared: Any = None, codes: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the prepared columns or the codes, whichever was segmented."""
        if self.space_ == PREPARED:
            return self.prepare(X) if prepared is None else prepared
        if len(self.autoencoders_) == 1 and codes is not None:
            return codes
        return np.hstack([as_matrix(net.transform(X)) for net in self.autoencoders_])

    @property
    def _n_features_out(self) -> int:
        return self.autoencoder_.n_components_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags if self.preprocessor is None else raw_table_tags(tags)
