"""SegmentClassifier: a Keras net that puts customers into known segments."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from segmentlearn import engine, networks
from segmentlearn._compat import HasMethods, Interval, StrOptions, fit_context
from segmentlearn.neural_network.continuation import Continuation
from segmentlearn.neural_network.holdout import stratified_holdout
from segmentlearn.neural_network.labels import (
    check_same_classes,
    encode_labels,
    learn_classes,
    read_labels,
    rows_that_count,
    weigh_rows,
)
from segmentlearn.neural_network.presets import PRESETS
from segmentlearn.neural_network.settings import (
    check_callbacks,
    check_layer_sizes,
    resolve_batch_size,
)
from segmentlearn.neural_network.state import NetworkState
from segmentlearn.neural_network.table import TableInput, check_probabilities
from segmentlearn.neural_network.undo import all_or_nothing


class SegmentClassifier(
    TableInput, Continuation, NetworkState, ClassifierMixin, BaseEstimator
):
    """Feed-forward Keras classifier for customer tables.

    Takes a raw frame (missing values, strings, categories) or a numeric array, and
    gives segments back in the labels it was fitted with. Training runs as one compiled
    program an epoch, shared by all fits of the same architecture, and stops on
    stratified held-out rows.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(64, 64)
        Units of each hidden layer; ``()`` is a linear model.
    activation : str, default="silu"
        Name of a Keras activation for the hidden layers.
    dropout : float or tuple of float, default=0.2
        Share of each hidden layer's outputs dropped while training: one number for all
        layers, or one for each.
    batch_normalization : bool, default=False
        Whether each hidden layer's outputs are normalised over the batch.
    l2 : float, default=0.0
        Factor on the sum of the squared kernels, added to the training loss.
    optimizer : str or keras.optimizers.Optimizer, default="adamw"
        Name of a Keras optimizer, or an optimizer object, which then brings its own
        learning rate and weight decay.
    learning_rate : float, default=2e-3
        Step size at the start of the schedule.
    learning_rate_schedule : str or callable, default="constant"
        "constant", "cosine", "flat_cosine" or "coslog4", or a function from an array of
        progress values in [0, 1] to factors on the learning rate.
    weight_decay : float, default=1e-2
        Decoupled weight decay of the optimizer.
    max_epochs : int, default=200
        Epochs at most.
    batch_size : int or "auto", default="auto"
        Rows of one step. "auto" grows with the table, from 64 (up to 1,024 rows) to
        1,024 (above 100,000 rows).
    early_stopping : bool, default=True
        Whether to hold rows out, stop when their loss no longer falls, and keep the
        weights of the best epoch. Without it all `max_epochs` are trained on all rows.
    validation_fraction : float, default=0.15
        Share of the rows to hold out, class by class.
    n_iter_no_change : int, default=12
        Epochs without an improvement after which training stops.
    tol : float, default=0.0
        How much lower than the best a loss must be to count as an improvement.
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
        Called at the beginning and end of training and of each epoch. One that wants to
        see batches makes Keras' own, slower ``fit`` do the training.
    verbose : {0, 1, 2}, default=0
        Silent, a progress bar, or one line an epoch.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, held-out rows, order of rows and dropout. The same
        integer gives the same predictions, bit for bit on one machine.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted; the order of the columns of `predict_proba`.
    model_ : keras.Model
        The trained net, from the prepared features to probabilities. It has
        ``summary()``, can be plotted and exported, and holds only Keras' own layers.
    history_ : dict of str to list of float
        One value an epoch: ``loss`` and ``accuracy`` on the training rows, ``val_loss``
        and ``val_accuracy`` on held-out rows (NaN in epochs without any),
        ``learning_rate``.
    n_iter_ : int
        Epochs trained in all.
    best_epoch_ : int or None
        Epoch (from 1) whose weights were kept; None without early stopping.
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
    Weights are initialised after [1]_; the default optimizer is AdamW [2]_.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep
       feedforward neural networks", AISTATS 2010.
    .. [2] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization",
       ICLR 2019.

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

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [str],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "batch_normalization": ["boolean"],
        "l2": [Interval(Real, 0, None, closed="left")],
        "optimizer": [str, HasMethods(["apply_gradients", "get_config"])],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "learning_rate_schedule": [
            StrOptions({"constant", "cosine", "flat_cosine", "coslog4"}),
            callable,
        ],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "preprocessor": [
            StrOptions({"auto"}),
            HasMethods(["fit_transform", "transform"]),
            None,
        ],
        "warm_start": ["boolean"],
        "callbacks": [list, tuple, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_layer_sizes=(64, 64),
        *,
        activation="silu",
        dropout=0.2,
        batch_normalization=False,
        l2=0.0,
        optimizer="adamw",
        learning_rate=2e-3,
        learning_rate_schedule="constant",
        weight_decay=1e-2,
        max_epochs=200,
        batch_size="auto",
        early_stopping=True,
        validation_fraction=0.15,
        n_iter_no_change=12,
        tol=0.0,
        class_weight=None,
        preprocessor="auto",
        warm_start=False,
        callbacks=None,
        verbose=0,
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.batch_normalization = batch_normalization
        self.l2 = l2
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.preprocessor = preprocessor
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    @classmethod
    def from_preset(cls, name, **parameters):
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
    @all_or_nothing
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
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

        Returns
        -------
        self : SegmentClassifier
            Fitted.

        Raises
        ------
        SchemaError
            If a column cannot be used.
        ValueError
            If there is only one class, or a class too small to hold rows of it out.
        """
        earlier = self._earlier_training() if self.warm_start else None
        random_state = self._draw_seed()
        y = read_labels(y, "y")
        self.classes_ = learn_classes(y)
        codes = encode_labels(X, y, self.classes_)
        features = self._fit_table(X, y)
        weights, factors = weigh_rows(
            codes, self.classes_, self.class_weight, sample_weight
        )
        rows = self._choose_rows(codes, weights, factors, X_val, y_val, random_state)
        model, history = self._start(features.shape[1], earlier)
        result = self._train(
            model,
            features,
            codes,
            weights,
            epochs=self.max_epochs,
            learning_rate_schedule=self.learning_rate_schedule,
            seed=self._seed,
            **rows,
        )
        self._keep(model, result, history)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def partial_fit(self, X, y, classes=None, sample_weight=None):
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
        y = read_labels(y, "y")
        if hasattr(self, "model_"):
            check_same_classes(classes, self.classes_)
            codes = encode_labels(X, y, self.classes_)
            features = self._read_table(X)
            model, history = self.model_, self.history_
        else:
            self._draw_seed()
            self.classes_ = learn_classes(y, classes)
            codes = encode_labels(X, y, self.classes_)
            features = self._fit_table(X, y)
            model, history = self._start(features.shape[1])
        weights, _ = weigh_rows(
            codes, self.classes_, self.class_weight, sample_weight, whole=False
        )
        result = self._train(
            model,
            features,
            codes,
            weights,
            epochs=1,
            optimizer_state=self._optimizer_state,
            train_rows=rows_that_count(weights, len(codes)),
            seed=(self._seed + len(history.get("loss", ()))) % 2**31,
        )
        self._keep(model, result, history)
        self._optimizer_state = result.optimizer_state
        return self

    def predict(self, X):
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

    def predict_proba(self, X):
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
        probabilities = engine.predict(self.model_, features, dtype=np.float64)
        check_probabilities(probabilities, features)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        return probabilities

    def _draw_seed(self):
        """Set the seed of a training that starts; return what else is drawn from."""
        random_state = check_random_state(self.random_state)
        self._seed = int(random_state.randint(np.iinfo(np.int32).max))
        self._optimizer_state = None
        return random_state

    def _choose_rows(self, codes, weights, factors, X_val, y_val, random_state):
        """Return the rows to train on and to stop on, as arguments of the engine."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be passed together.")
        rows = rows_that_count(weights, len(codes))
        rule = engine.EarlyStopping(patience=self.n_iter_no_change, min_delta=self.tol)
        chosen = {"early_stopping": rule if self.early_stopping else None}
        if X_val is not None:
            y_val = read_labels(y_val, "y_val")
            codes_val = encode_labels(X_val, y_val, self.classes_, "_val")
            held_out = self._read_table(X_val), codes_val, factors[codes_val]
            return {**chosen, "train_rows": rows, "validation_data": held_out}
        if self.early_stopping:
            train, held_out = stratified_holdout(
                codes[rows], self.validation_fraction, random_state, self.classes_
            )
            chosen["validation_rows"] = rows[held_out]
            rows = rows[train]
        return {**chosen, "train_rows": rows}

    def _start(self, n_features, earlier=None):
        """Return a net with fresh or earlier weights, and the history so far."""
        spec = networks.ClassifierSpec.from_parameters(
            n_features=n_features,
            n_classes=len(self.classes_),
            hidden_layer_sizes=check_layer_sizes(self.hidden_layer_sizes),
            activation=self.activation,
            dropout=self.dropout,
            batch_normalization=self.batch_normalization,
            l2=self.l2,
        )
        model = networks.build_classifier(spec, self._seed)
        return model, self._take_up(model, earlier)

    def _train(self, model, features, codes, weights, **plan):
        """Hand net and rows to the engine."""
        n_rows = len(rows_that_count(weights, len(codes)))
        return engine.fit(
            model,
            features,
            codes,
            loss="sparse_categorical_crossentropy",
            optimizer=networks.build_optimizer(
                self.optimizer, self.learning_rate, self.weight_decay
            ),
            metrics=("accuracy",),
            batch_size=resolve_batch_size(self.batch_size, n_rows),
            sample_weight=weights,
            callbacks=check_callbacks(self.callbacks),
            verbose=int(self.verbose),
            **plan,
        )
