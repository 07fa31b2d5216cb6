"""SegmentClassifier: a Keras net that puts customers into known segments."""

import os
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from segmentlearn import networks
from segmentlearn._compat import HasMethods, Interval, StrOptions, fit_context
from segmentlearn.neural_network import _labels
from segmentlearn.neural_network._log_folders import start_log
from segmentlearn.neural_network._neural_estimator import (
    AUTO,
    CONSTRAINTS,
    COUNT,
    NeuralEstimator,
    draw_seed,
    restore_on_failure,
)
from segmentlearn.neural_network._segment_classifier import _ensemble
from segmentlearn.neural_network._segment_classifier._calibration import (
    calibrate_nets,
    held_out_scores,
)
from segmentlearn.neural_network._segment_classifier._conformal import (
    HELD_OUT,
    OUT_OF_FOLD,
    Conformity,
    thresholds_of,
)
from segmentlearn.neural_network._segment_classifier._construction import build_model
from segmentlearn.neural_network._segment_classifier._presets import PRESETS
from segmentlearn.neural_network._segment_classifier._training_data import (
    encode_target,
    split_rows,
    weigh_data,
)
from segmentlearn.neural_network._settings import EFFORTS, resolve_sizes
from segmentlearn.neural_network._split import Split
from segmentlearn.neural_network._table import check_probabilities
from segmentlearn.tables import check_row_order


class SegmentClassifier(
    NeuralEstimator,
    ClassifierMixin,
    BaseEstimator,
):
    """Ensemble of small Keras nets for customer tables, averaged and calibrated.

    Takes a raw frame (missing values, strings, categories) or a numeric array, and
    gives segments back in the labels it was fitted with. Each inner fold has a net that
    packs several members and stops on rows of that fold; their logits are averaged and
    calibrated on the same rows. All fits of an architecture share a compiled program.

    What is "auto" follows `effort` and the number of rows, from 200 to a million.

    Parameters
    ----------
    hidden_layer_sizes : int, tuple of int or "auto", default="auto"
        Units of each hidden layer; ``()`` is a linear model. "auto" is (64, 64), and
        (128, 128) for a thorough effort.
    effort : {"fast", "default", "thorough"}, default="default"
        How much is trained: one net of 4 members; 5 nets of 6; 10 nets of 16 wider
        ones. Above 50,000 rows (thorough: 200,000) one net is trained, whose loss on
        so many held-out rows is precise.
    n_members : int or "auto", default="auto"
        Classifiers packed in a net, which share all layers but the last.
    n_inner_folds : int or "auto", default="auto"
        Nets, each stopped on another fold of the rows; 0 trains one net that stops on
        a stratified hold-out of `validation_fraction`.
    numeric_embedding : {"both", "piecewise", "periodic"} or None, default="both"
        How numbers reach the net beside their plain value: by their way through 16
        quantile pieces of the column, by trained cosines, or both.
    categorical_embedding : int or None, default=8
        Trained numbers for each level of a category of more than ten, in place of its
        columns; None, and an ordinary net (one member, no embedding), leave those.
    numeric_features : "auto" or list of str or int, default="auto"
        Features of the net, by name or position, that get the embedding; "auto" takes
        those with more than two different values.
    activation : str, default="silu"
        Name of a Keras activation for the hidden layers.
    dropout : float or tuple of float, default=0.1
        Share of each hidden layer's outputs dropped while training: one number for all
        layers, or one for each.
    batch_normalization : bool, default=False
        Whether each hidden layer's outputs are normalised over the batch.
    l2 : float, default=0.0
        Factor on the sum of the squared kernels, added to the training loss.
    optimizer : str or keras.optimizers.Optimizer, default="adamw"
        Name of a Keras optimizer, or an optimizer object, which then brings its own
        learning rate and weight decay.
    learning_rate : float or "auto", default="auto"
        Step size at the start of the schedule; "auto" is 0.008 for batches of up to 128
        rows and 0.02 for larger ones.
    learning_rate_schedule : str or callable, default="auto"
        "constant", "cosine", "flat_cosine" or "coslog4", or a function from an array of
        progress values in [0, 1] to factors on the learning rate. "auto" is "constant";
        tables of 100,000 rows or more have few epochs (eight of 200,000 rows, four
        of a million) in which the rate falls to zero.
    weight_decay : float, default=1e-2
        Decoupled weight decay of the optimizer.
    ema_momentum : float or None, default=0.98
        Momentum of a moving average of the weights, which is what is validated, kept
        and used; None uses the weights themselves. An optimizer object brings its own.
    max_epochs : int, default=200
        Epochs at most.
    batch_size : int or "auto", default="auto"
        Rows of one step. "auto" grows with the table, from 16 (up to 500 rows) to
        1,024 (above 100,000 rows).
    early_stopping : bool, default=True
        Whether to hold rows out, stop when their loss no longer falls, and keep the
        weights of the best epoch. Without it all epochs are trained on all rows.
    validation_fraction : float, default=0.15
        Share of the rows to hold out, class by class, without inner folds.
    n_iter_no_change : int or "auto", default="auto"
        Epochs without an improvement after which training stops; "auto" is 3, and more
        where an epoch has fewer than 25 steps.
    tol : float, default=0.0
        How much lower than the best a loss must be to count as an improvement.
    calibration : {"auto", "temperature", "affine"} or None, default="auto"
        How probabilities are calibrated on held-out rows: by one factor on the logits,
        or, for two classes, by a factor and a shift. "auto" takes the second where each
        class has 50 held-out rows, the first where there are 300 in all, and else none;
        it leaves an ordinary net as it is.
    class_weight : dict, "balanced" or None, default=None
        Factor on the loss of each class's rows; "balanced" makes all classes weigh the
        same.
    preprocessor : "auto", transformer or None, default="auto"
        "auto" fits a :class:`~segmentlearn.preprocessing.TabularPreprocessor` to a
        table with text, categories or missing values, or a frame with whole numbers
        or numbers far from zero, and uses other tables as they come. A transformer is
        cloned and fitted. None uses every table as it comes.
    warm_start : bool, default=False
        Whether another `fit` goes on from the present weights and history, as long as
        net, classes and columns are the same.
    callbacks : list of keras.callbacks.Callback or None, default=None
        Called around the training of each net and its epochs. One that wants to see
        batches makes Keras' own, slower ``fit`` do the training.
    log_dir : str, path-like or None, default=None
        Folder for TensorBoard, in which each fit makes one, named by its parameters,
        with one for each net in it. None writes nothing.
    verbose : {0, 1, 2}, default=0
        Silent, a progress bar, or one line an epoch.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, held-out rows, order of rows and dropout. The same
        integer gives the same predictions, bit for bit on one machine.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of the columns of `predict_proba`: sorted.
    model_ : keras.Model
        What was trained, from the prepared features to probabilities: a layer for each
        inner fold's net, their average, and the calibration. It has ``summary()``, can
        be plotted and exported, and holds only Keras' own layers.
    history_ : dict of str to list of float
        One value an epoch, the mean over the nets that trained so long: ``loss`` and
        ``accuracy`` on the training rows, ``val_loss`` and ``val_accuracy`` on held-out
        rows (NaN in epochs without any), ``learning_rate``. Packed nets have
        ``log_loss`` and ``val_log_loss`` too, the loss of the members' average, which
        is what training stops on; ``loss`` is the members' own.
    fold_histories_ : list of dict
        The same of each inner fold's net, up to the epoch in which it stopped.
    n_iter_ : int
        Epochs trained, of the net that trained longest.
    best_epoch_ : int, list of int or None
        Epoch (from 1) whose weights were kept; one for each inner fold's net; None
        without early stopping.
    oof_proba_ : ndarray of shape (n_samples, n_classes) or None
        Calibrated probabilities of the training rows from the net that held them out;
        NaN for rows that were never held out, None after `partial_fit`, a warm start
        or `fit_scan`, and where other rows were validated on. They give a nearly
        honest score for free: these rows chose when to stop and how to calibrate, but
        no weight was trained on them.
    oof_scores_ : dict of str to float or None
        How good `oof_proba_` is: "n_samples" that were held out, "accuracy",
        "balanced_accuracy", "log_loss", and the accuracy of naming the "largest_class".
        None where `oof_proba_` is, but after `fit_scan`.
    class_count_ : ndarray of int of shape (n_classes,)
        Training rows of each class.
    novelty_detector_ : NoveltyDetector or None
        What :meth:`segmentlearn.NoveltyDetector.store` has put there since `fit`.
    preprocessor_ : transformer or None
        The fitted preprocessor; None where tables are used as they come.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only where `fit` was given a frame with text names.

    See Also
    --------
    segmentlearn.preprocessing.TabularPreprocessor : What a raw frame goes through.
    segmentlearn.engine.fit : The compiled training, for any Keras model.

    Notes
    -----
    Members share their hidden layers as in TabM [1]_; numbers are embedded after [2]_;
    the default optimizer is AdamW [3]_ with an average of the weights [4]_. Networks
    gain about twice as much from such averaging over folds as boosted trees do [5]_.

    References
    ----------
    .. [1] Y. Gorishniy, A. Kotelnikov and A. Babenko, "TabM: Advancing tabular deep
       learning with parameter-efficient ensembling", ICLR 2025.
    .. [2] Y. Gorishniy, I. Rubachev and A. Babenko, "On embeddings for numerical
       features in tabular deep learning", NeurIPS 2022.
    .. [3] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization",
       ICLR 2019.
    .. [4] B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by
       averaging", SIAM Journal on Control and Optimization 30 (1992).
    .. [5] D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default: Strong
       pre-tuned MLPs and boosted trees on tabular data", NeurIPS 2024.

    Examples
    --------
    >>> from segmentlearn import SegmentClassifier, make_customers
    >>> X, y = make_customers("automobile", 300, random_state=0)
    >>> clf = SegmentClassifier(max_epochs=3, random_state=0).fit(X, y)
    >>> clf.predict_proba(X).shape
    (300, 4)
    >>> clf.classes_
    array(['A', 'B', 'C', 'D'], dtype=object)
    """

    _conformity: dict[str, Any] | None  # of `predict_set`
    _optimizer_states: list | None  # of `partial_fit`, which goes on from them

    _parameter_constraints: dict = {
        **CONSTRAINTS,
        "learning_rate_schedule": [*CONSTRAINTS["learning_rate_schedule"], AUTO],
        "hidden_layer_sizes": [AUTO, "array-like", COUNT],
        "effort": [StrOptions(set(EFFORTS))],
        "n_members": [COUNT, AUTO],
        "n_inner_folds": [Interval(Integral, 0, None, closed="left"), AUTO],
        "numeric_embedding": [StrOptions({"both", "piecewise", "periodic"}), None],
        "categorical_embedding": [COUNT, None],
        "numeric_features": [AUTO, "array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "batch_normalization": ["boolean"],
        "l2": [Interval(Real, 0, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), AUTO],
        "ema_momentum": [Interval(Real, 0, 1, closed="both"), None],
        "n_iter_no_change": [COUNT, AUTO],
        "calibration": [StrOptions({"auto", "temperature", "affine"}), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "preprocessor": [AUTO, HasMethods(["fit_transform", "transform"]), None],
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = "auto",
        *,
        effort: str = "default",
        n_members: int | str = "auto",
        n_inner_folds: int | str = "auto",
        numeric_embedding: str | None = "both",
        categorical_embedding: int | None = 8,
        numeric_features: Any = "auto",
        activation: str = "silu",
        dropout: Any = 0.1,
        batch_normalization: bool = False,
        l2: float = 0.0,
        optimizer: Any = "adamw",
        learning_rate: float | str = "auto",
        learning_rate_schedule: str | Callable = "auto",
        weight_decay: float = 1e-2,
        ema_momentum: float | None = 0.98,
        max_epochs: int = 200,
        batch_size: int | str = "auto",
        early_stopping: bool = True,
        validation_fraction: float = 0.15,
        n_iter_no_change: int | str = "auto",
        tol: float = 0.0,
        calibration: str | None = "auto",
        class_weight: dict | str | None = None,
        preprocessor: Any = "auto",
        warm_start: bool = False,
        callbacks: Sequence | None = None,
        log_dir: str | os.PathLike | None = None,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.effort = effort
        self.n_members = n_members
        self.n_inner_folds = n_inner_folds
        self.numeric_embedding = numeric_embedding
        self.categorical_embedding = categorical_embedding
        self.numeric_features = numeric_features
        self.activation = activation
        self.dropout = dropout
        self.batch_normalization = batch_normalization
        self.l2 = l2
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.ema_momentum = ema_momentum
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.calibration = calibration
        self.class_weight = class_weight
        self.preprocessor = preprocessor
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.log_dir = log_dir
        self.verbose = verbose
        self.random_state = random_state

    @classmethod
    def from_preset(cls, name: str, **parameters: Any) -> Self:
        """Return a classifier with the net and training of a published system.

        Parameters
        ----------
        name : {"best-practices", "batch-norm", "wide-dropout", "campaign"}
            "best-practices": 32-16-8, Adam, 50 epochs, batch 32, patience 5, 20 % held
            out. "batch-norm": 60-30 with batch normalization, dropout after the first
            layer, patience 3, 30 epochs. "wide-dropout": 512-512 with dropout.
            "campaign": 128-128 with batch normalization and dropout, for one against
            the rest.
        **parameters
            Parameters of the classifier that replace the preset's.

        Returns
        -------
        classifier : SegmentClassifier
            Not fitted.

        Raises
        ------
        ValueError
            If there is no preset of that name.

        Examples
        --------
        >>> from segmentlearn import SegmentClassifier
        >>> clf = SegmentClassifier.from_preset("best-practices", random_state=0)
        >>> clf.hidden_layer_sizes, clf.n_iter_no_change
        ((32, 16, 8), 5)
        """
        if name not in PRESETS:
            raise ValueError(f"preset {name!r} is not one of {sorted(PRESETS)}.")
        return cls(**{**PRESETS[name], **parameters})

    @fit_context(prefer_skip_nested_validation=True)
    @restore_on_failure
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        X_val: Any = None,
        y_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit the net to customers with known segments.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers.
        y : array-like of shape (n_samples,)
            Segment of each, as text or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Factor on each customer's loss; only their ratios matter. Customers of
            weight 0 are neither trained nor stopped on.
        X_val : frame or array of shape (n_validation, n_features), default=None
            Customers to stop on, in place of held-out rows of X; without
            `early_stopping` their loss only appears in `history_`.
        y_val : array-like of shape (n_validation,), default=None
            Their segments.
        groups : array-like of shape (n_samples,), default=None
            What belongs together, such as the customer of a row where customers have
            several: rows of a group are held out together, so that early stopping,
            calibration and `oof_proba_` are about unknown customers.

        Returns
        -------
        self : SegmentClassifier
            Fitted.

        Raises
        ------
        SchemaError
            If a column cannot be used.
        ValueError
            If there is only one class, or a class too small to hold rows of it out, or
            fewer groups than inner folds.
        ImportError
            If `log_dir` is given and the package ``tensorboard`` is missing.
        KeyboardInterrupt
            On Ctrl-C before the last net (or the only one) has been trained for an
            epoch; the classifier is left as it was. If it comes later, `fit` warns and
            returns: that net has the best weights so far.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, groups)

    @fit_context(prefer_skip_nested_validation=True)
    @restore_on_failure
    def _fit_on_splits(
        self, X: Any, y: Any, sample_weight: Any, splits: Sequence[Split]
    ) -> Self:
        """Fit a net to each of the given splits, in place of the inner folds."""
        return self._fit(X, y, sample_weight, splits=splits)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        groups: Any = None,
        splits: Sequence[Split] | None = None,
    ) -> Self:
        """Prepare the table, train the nets and calibrate them."""
        self._log = start_log(self, PRESETS)
        warm_start = None
        if self.warm_start and hasattr(self, "_network"):
            weights = self._network.model.get_weights()
            warm_start = weights, self.history_, self._network_signature()
        random_state = self._start_training()
        self.classes_, y_encoded = encode_target(X, y)
        features = self._fit_table(X, y)
        data = weigh_data(self, features, y_encoded, sample_weight, X_val, y_val)
        sizes, splits = split_rows(self, data, random_state, groups, splits)
        model, nets = build_model(self, sizes, data.weighted_features, len(splits))
        self._is_packed = nets[0] is not model
        history: dict[str, list[float]] = {}
        if warm_start is not None:
            history = _ensemble.load_warm_start(
                model, self._network_signature(), *warm_start
            )
        n_epochs_before = len(history.get("loss", ()))
        results = _ensemble.train_nets(self, nets, data, splits, sizes, n_epochs_before)
        self._set_fitted(model, results, history)
        oof_proba = calibrate_nets(self, nets, data, splits)
        # the weights of an earlier fit may have learnt from the rows held out now
        self._set_counted(y_encoded, None if history else oof_proba)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    @restore_on_failure
    def partial_fit(
        self,
        X: Any,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on some customers, going on from where it was.

        The first call fits the preprocessor and the net's shape; there is no early
        stopping.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers.
        y : array-like of shape (n_samples,)
            Segment of each.
        classes : array-like of shape (n_classes,), default=None
            All segments there are. Needed in the first call unless y holds them all.
        sample_weight : array-like of shape (n_samples,), default=None
            Factor on each customer's loss.

        Returns
        -------
        self : SegmentClassifier
            Fitted so far.

        Raises
        ------
        SchemaError
            If a column cannot be used.
        ValueError
            If a label is not one of the first call's classes.

        Notes
        -----
        The learning rate is constant, whatever the schedule, and
        ``class_weight="balanced"`` counts the classes of these customers only.
        """
        self._log = start_log(self, PRESETS, goes_on=True)
        is_first = not hasattr(self, "_network")
        if is_first:
            self._start_training()
            self.classes_, y_encoded = encode_target(X, y, classes)
            features = self._fit_table(X, y)
        else:
            labels = _labels.read_labels(y, "y")
            _labels.check_same_classes(classes, self.classes_)
            y_encoded = _labels.encode_labels(X, labels, self.classes_)
            features = self._read_table(X)
        data = weigh_data(self, features, y_encoded, sample_weight, is_whole=False)
        sizes = resolve_sizes(self, y_encoded, may_hold_out=False)
        if is_first:
            model, nets = build_model(self, sizes, features, n_nets=1)
            self._is_packed, history = nets[0] is not model, {}
        else:
            model, history = self._network.model, self.history_
            nets = networks.packed_nets(model)
        n_epochs_before = len(history.get("loss", ()))
        splits = [Split(data.rows)] * len(nets)
        results = _ensemble.train_nets(
            self, nets, data, splits, sizes, n_epochs_before, goes_on=True
        )
        self._set_fitted(model, results, history)
        self._optimizer_states = [result.optimizer_state for result in results]
        before = 0 if is_first else getattr(self, "class_count_", 0)
        self._set_counted(y_encoded, None, before)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable segment of each customer.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            In the labels that `fit` was given.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[np.argmax(probabilities, axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each segment for each customer.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        probabilities : ndarray of float64, shape (n_samples, n_classes)
            Columns in the order of `classes_`; each row sums to 1.
        """
        check_is_fitted(self)
        features = self._read_table(X)
        probabilities = self._network.predict(features, dtype=np.float64)
        check_probabilities(probabilities, features)
        return _ensemble.clip_probabilities(probabilities)

    def conformalize(self, X: Any, y: ArrayLike) -> Self:
        """Calibrate the sets of `predict_set` on customers that `fit` has not seen.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers with known segments, of the same kind as those to come: neither
            rows of `fit` nor its validation rows.
        y : array-like of shape (n_samples,)
            Segment of each.

        Returns
        -------
        self : SegmentClassifier
            Its probabilities stay the same.

        Raises
        ------
        ValueError
            If a label is not one of the classes.
        """
        check_is_fitted(self)
        check_row_order(X, y)
        labels = _labels.read_labels(y, "y")
        y_encoded = _labels.encode_labels(X, labels, self.classes_)
        found = Conformity.of(self.predict_proba(X), y_encoded, HELD_OUT)
        self._conformity = found.to_state()
        return self

    def predict_set(
        self, X: Any, *, coverage: float = 0.9, per_class: bool = True
    ) -> np.ndarray:
        """Return the segments that each customer may be in.

        The sets are conformal: whatever the distribution, the true segment of a new
        customer is in the set with a probability of `coverage` or more, as long as new
        customers are of the same kind as those of the calibration. After `conformalize`
        that is exact; before it, sets rest on `oof_proba_` and hold it approximately.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.
        coverage : float, default=0.9
            Share of the customers whose segment shall be in their set.
        per_class : bool, default=True
            Whether that shall hold for the customers of each segment, and not only for
            all together, which gives smaller sets that miss rare segments more often.
            A segment with fewer than 100 calibration rows shares its threshold with the
            other rare ones, see `conformal_thresholds`.

        Returns
        -------
        sets : ndarray of bool, shape (n_samples, n_classes)
            True where a class of `classes_` is in the set. A set without any is one of
            a customer whom no segment suits.

        Raises
        ------
        ValueError
            If there are no calibration rows, or `coverage` is not between 0 and 1.

        Notes
        -----
        A class is in the set if one minus its probability does not exceed the
        ⌈(n + 1) coverage⌉-th smallest of the same numbers of n calibration rows [1]_,
        over the rows of that class [2]_ or over all.

        References
        ----------
        .. [1] M. Sadinle, J. Lei and L. Wasserman, "Least ambiguous set-valued
           classifiers with bounded error levels", Journal of the American Statistical
           Association 114 (2019).
        .. [2] V. Vovk, "Conditional validity of inductive conformal predictors", Asian
           Conference on Machine Learning 2012.
        """
        limits = self.conformal_thresholds(coverage=coverage, per_class=per_class)
        return 1 - self.predict_proba(X) <= limits["threshold"].to_numpy()

    def conformal_thresholds(
        self, *, coverage: float = 0.9, per_class: bool = True
    ) -> pd.DataFrame:
        """Return what the sets of `predict_set` rest on.

        Parameters
        ----------
        coverage : float, default=0.9
            Share of the customers whose segment shall be in their set.
        per_class : bool, default=True
            Whether that shall hold in each segment.

        Returns
        -------
        frame : DataFrame
            By class: "n_rows", its calibration rows; "threshold", the largest value of
            one minus its probability with which it is in a set (infinite where there
            are too few rows); "guarantee", whether the coverage holds for its own
            customers ("class") or for those of "other classes" that have no guarantee
            of their own, or of "all classes" together; "calibration", "held-out" or,
            which is approximate, "out-of-fold".

        Raises
        ------
        ValueError
            If there are no calibration rows, or `coverage` is not between 0 and 1.
        """
        check_is_fitted(self)
        state = getattr(self, "_conformity", None)  # older archives have none
        return thresholds_of(state, self.classes_, coverage, per_class)

    def _start_training(self) -> np.random.RandomState:
        """Set the seed of a training from scratch; return what else is drawn from."""
        random_state = check_random_state(self.random_state)
        self._seed = draw_seed(random_state)
        self._optimizer_states = None
        return random_state

    def _network_signature(self) -> tuple:
        """Return what the net's inputs and outputs stand for."""
        return self._feature_names(), self.classes_.tolist()

    def _set_counted(
        self, y_encoded: np.ndarray, oof_proba: np.ndarray | None, before: Any = 0
    ) -> None:
        """Set what is known of the training rows; some have been counted before."""
        self.oof_proba_ = oof_proba
        self.oof_scores_ = held_out_scores(oof_proba, y_encoded)
        counts = np.bincount(y_encoded, minlength=len(self.classes_))
        self.class_count_ = before + counts
        # what sets are calibrated on until `conformalize` has better rows
        self._conformity, self.novelty_detector_ = None, None
        if self.oof_proba_ is not None:
            of_folds = Conformity.of(self.oof_proba_, y_encoded, OUT_OF_FOLD)
            self._conformity = of_folds.to_state()

    def _set_fitted(
        self, model: Any, results: list, earlier: dict[str, list[float]]
    ) -> None:
        """Set the fitted attributes; epochs are counted on from an earlier history."""
        n_before = len(earlier.get("loss", ()))
        histories = [result.history for result in results]
        before = getattr(self, "fold_histories_", []) if earlier else []
        if len(before) != len(histories):  # archives of earlier versions have none
            before = [earlier] * len(histories)
        self.model_ = model
        self.history_ = _ensemble.extend_history(
            earlier, _ensemble.mean_history(histories)
        )
        self.fold_histories_ = [
            _ensemble.extend_history(own_earlier, own, n_before)
            for own_earlier, own in zip(before, histories, strict=True)
        ]
        self.n_iter_ = n_before + max(result.n_epochs for result in results)
        best: list[int | None] = [
            None
            if result.best_epoch is None or result.best_epoch < 0
            else n_before + result.best_epoch + 1
            for result in results
        ]
        self.best_epoch_: Any = best[0] if len(best) == 1 else best
