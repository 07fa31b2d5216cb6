"""A user's own Keras net behind scikit-learn's interface, as SciKeras has it."""

import threading
from numbers import Integral, Real

import numpy as np
from sklearn.utils import ClassifierTags, RegressorTags, check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_consistent_length

from segmentlearn import engine
from segmentlearn._compat import (
    Interval,
    Options,
    StrOptions,
    check_sample_weight,
    fit_context,
)
from segmentlearn._startup import quiet_start
from segmentlearn.engine.backend import keras
from segmentlearn.engine.fallback import warn_once
from segmentlearn.neural_network import keras_training, keras_validation
from segmentlearn.neural_network.keras_callbacks import flatten_callbacks
from segmentlearn.neural_network.keras_naming import describe_estimator

with quiet_start():
    from scikeras import wrappers
    from scikeras._utils import route_params
    from scikeras.utils import metric_name
    from scikeras.utils.random_state import tensorflow_random_state

_BUILDING = threading.RLock()  # the seeds that decide first weights are global ones

_CONSTRAINTS: dict = {
    "model": [callable, None],
    "build_fn": [callable, None],
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
    "optimizer": [str, keras.optimizers.Optimizer, callable, list, tuple, dict],
    "loss": [str, keras.losses.Loss, callable, list, tuple, dict, None],
    "metrics": [str, keras.metrics.Metric, callable, list, tuple, dict, None],
    "batch_size": [
        Interval(Integral, 1, None, closed="left"),
        Options(Integral, {-1}),
        None,
    ],
    "validation_batch_size": [
        Interval(Integral, 1, None, closed="left"),
        Options(Integral, {-1}),
        None,
    ],
    "verbose": [Options(Integral, {0, 1, 2}), StrOptions({"auto"}), "boolean"],
    "callbacks": [keras.callbacks.Callback, callable, list, tuple, dict, None],
    "validation_split": [Interval(Real, 0, 1, closed="left")],
    "shuffle": ["boolean", StrOptions({"batch"})],
    "run_eagerly": ["boolean"],
    "epochs": [Interval(Integral, 1, None, closed="left")],
}

_PREDICT_HOOKS = (
    "on_predict_begin",
    "on_predict_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
)


class _CompiledWrapper(wrappers.BaseWrapper):
    """SciKeras' wrapper, trained and evaluated by the engine."""

    _parameter_constraints = _CONSTRAINTS
    _stratifies = _numeric_targets = False
    _routing_prefixes = wrappers.BaseWrapper._routing_prefixes | {"callbacks", "score"}

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        return describe_estimator(self, N_CHAR_MAX)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.non_deterministic = self.random_state is None
        return tags

    def __sklearn_is_fitted__(self):
        return self.initialized_

    def _validate_data(self, X=None, y=None, reset=False, y_numeric=False):
        if X is not None:
            X = keras_validation.check_features(self, X, reset)
        if y is not None:
            y = keras_validation.check_targets(y, self._numeric_targets)
            if X is not None:
                check_consistent_length(X, y)
            if reset:
                self.target_type_ = self._type_of_target(y)
                self.y_dtype_, self.y_ndim_ = y.dtype, y.ndim
            elif y.ndim != self.y_ndim_:
                raise ValueError(
                    f"y has {y.ndim} dimension(s), and {self.__name__} was fitted to "
                    f"{self.y_ndim_}."
                )
        if X is not None and reset:
            self.X_dtype_, self.X_shape_ = X.dtype, X.shape
        return X, y

    @staticmethod
    def _validate_sample_weight(X, y, sample_weight):
        weights = check_sample_weight(sample_weight, X, dtype=np.float32)
        return keras_validation.drop_weightless(X, y, weights)

    def _seed(self) -> int | None:
        """Return an integer for what the net draws; None where the user has none."""
        if isinstance(self.random_state, np.random.RandomState):
            state = np.random.RandomState()
            state.set_state(self.random_state.get_state())
            return int(state.randint(2**31 - 1))
        return None if self.random_state is None else int(self.random_state)

    def _build_keras_model(self):
        self._random_state = self._seed()
        with _BUILDING:
            return super()._build_keras_model()

    def _get_compile_kwargs(self):
        told = super()._get_compile_kwargs()
        optimizer = told["optimizer"]
        if isinstance(optimizer, keras.optimizers.Optimizer) and optimizer.built:
            # it belongs to the net of an earlier fit
            told["optimizer"] = type(optimizer).from_config(optimizer.get_config())
        return told

    def _initialize(self, X, y=None):
        self._optimizer_state = None
        X, y = super()._initialize(X, y)
        if not self.model_.built:
            one_row = self.feature_encoder_.transform(X[:1])
            with _BUILDING:
                if self._random_state is None:
                    keras_training.build_for(self.model_, one_row)
                else:
                    with tensorflow_random_state(self._random_state):
                        keras_training.build_for(self.model_, one_row)
        return X, y

    def _check_model_compatibility(self, y) -> None:
        if getattr(self.model_, "outputs", None):
            super()._check_model_compatibility(y)

    def _fit(
        self,
        X,
        y,
        sample_weight,
        warm_start,
        epochs,
        initial_epoch,
        X_val=None,
        y_val=None,
        **kwargs,
    ) -> None:
        if (self.warm_start or warm_start) and self.initialized_:
            X, y = self._validate_data(X, y)
            # fit has cleared the classes
            vars(self).update(getattr(self.target_encoder_, "get_metadata", dict)())
        else:
            X, y = self._initialize(X, y)
        self._ensure_compiled_model()
        if sample_weight is not None:
            X, y, sample_weight = self._validate_sample_weight(X, y, sample_weight)
        self._labels = y
        self._held_out = self._encode_validation(X_val, y_val, kwargs)
        try:
            y = self.target_encoder_.transform(y)
            X = self.feature_encoder_.transform(X)
            self._check_model_compatibility(y)
            self._fit_keras_model(
                X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs
            )
        finally:
            del self._labels, self._held_out

    def _encode_validation(self, X_val, y_val, kwargs) -> tuple | None:
        """Let validation rows pass through the checks and encoders of the others."""
        given = kwargs.pop(
            "validation_data", getattr(self, "fit__validation_data", None)
        )
        if X_val is None and y_val is None:
            if given is None:
                return None
            X_val, y_val, *weights = given
        else:
            weights = []
        keras_validation.check_validation_rows(X_val, y_val)
        X_val, y_val = self._validate_data(X_val, y_val)
        try:
            y_val = self.target_encoder_.transform(y_val)
        except ValueError as error:
            raise ValueError(
                "the targets of the validation rows must be of the kind of y, not "
                f"encoded: {error}"
            ) from error
        return (self.feature_encoder_.transform(X_val), y_val, *weights)

    def _fit_keras_model(
        self, X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs
    ) -> None:
        arguments = self._collect_fit_arguments(X, kwargs)
        arguments |= {
            "sample_weight": sample_weight,
            "epochs": initial_epoch + epochs,
            "initial_epoch": initial_epoch,
            "callbacks": flatten_callbacks(self._fit_callbacks),
        }
        seed = self._seed()
        if seed is None:
            seed = int(check_random_state(None).randint(2**31 - 1))
        holdout = self._choose_holdout(arguments, seed)
        try:
            result = keras_training.fit_compiled(
                self.model_,
                X,
                y,
                arguments,
                holdout,
                seed=seed,
                optimizer_state=self._optimizer_state,
            )
        except keras_training.LeftToKerasError as reason:
            warn_once(str(reason))
            X, y, sample_weight, validation_data = keras_training.take_apart(
                X, y, sample_weight, holdout
            )
            kwargs |= {"validation_data": validation_data, "validation_split": 0.0}
            kept, self._fit_callbacks = self._fit_callbacks, arguments["callbacks"]
            try:
                super()._fit_keras_model(
                    X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs
                )
            finally:
                self._fit_callbacks = kept
            self._optimizer_state = None
            return
        self._optimizer_state = result.optimizer_state
        if not warm_start or not hasattr(self, "history_") or initial_epoch == 0:
            self.history_: dict[str, list] = {}
        for name, values in result.history.items():
            self.history_.setdefault(_full_name(name), []).extend(values)

    def _collect_fit_arguments(self, X, kwargs) -> dict:
        """Gather what is routed to ``keras.Model.fit``."""
        arguments = route_params(
            self.get_params(), destination="fit", pass_filter=self._fit_kwargs
        )
        arguments.update(kwargs)
        arguments.pop("validation_data", None)
        for name in ("batch_size", "validation_batch_size"):
            if arguments.get(name) == -1:
                arguments[name] = len(keras.tree.flatten(X)[0])
        return {
            name: value
            for name, value in arguments.items()
            if not name.startswith("callbacks")
        }

    def _choose_holdout(self, arguments: dict, seed: int):
        """Say which rows are only looked at."""
        if self._held_out is not None:
            return keras_training.Holdout(validation_data=self._held_out)
        fraction = arguments.get("validation_split") or 0.0
        if not fraction:
            return keras_training.Holdout()
        rows = keras_validation.split_rows(
            self._labels, fraction, seed, self._stratifies
        )
        return keras_training.Holdout(*rows)

    def _predict_raw(self, X, **kwargs):
        params = self.get_params()
        chosen = route_params(params, "predict", set(), strict=True) | kwargs
        if not self.initialized_ or self._needs_keras_to_predict(chosen):
            return super()._predict_raw(X, **kwargs)
        X, _ = self._validate_data(X=X, y=None)
        X = self.feature_encoder_.transform(X)
        if not keras_training.is_plain(X):
            return super()._predict_raw(X, **kwargs)
        size = chosen.get("batch_size")
        if size in (None, -1):
            size = keras_training.rows_at_once(self.model_)
        outputs = engine.predict(self.model_, X, batch_size=int(size))
        return keras_training.in_output_structure(self.model_, outputs)

    def _needs_keras_to_predict(self, chosen: dict) -> bool:
        """Whether a part of the prediction is Keras' or the user's own business."""
        if chosen.get("steps") is not None:
            return True
        for name in ("predict", "predict_step", "make_predict_function"):
            if getattr(type(self.model_), name) is not getattr(keras.Model, name):
                return True
        if getattr(self.model_, "run_eagerly", False):
            return True
        base = keras.callbacks.Callback
        return any(
            getattr(type(callback), hook) is not getattr(base, hook)
            for callback in flatten_callbacks(self._predict_callbacks)
            for hook in _PREDICT_HOOKS
        )


def _full_name(measure: str) -> str:
    """Return the name under which SciKeras keeps a measure in the history."""
    if measure == "loss" or measure.startswith("val_"):
        return measure
    try:
        return metric_name(measure)
    except ValueError:  # a metric of the user's own
        return measure


class KerasClassifier(_CompiledWrapper, wrappers.KerasClassifier):
    """A Keras net of your own as a classifier, with the interface of SciKeras.

    Parameters, routed parameters (``model__units``, ``optimizer__learning_rate``,
    ``fit__batch_size``, ``callbacks__patience``), build functions and encoders are
    those of ``scikeras.wrappers.KerasClassifier``. The net is trained by
    :func:`segmentlearn.engine.fit`, and by Keras' own ``fit`` with a warning where that
    is not possible.

    Parameters
    ----------
    model : callable or keras.Model, default=None
        A function that returns a model, compiled or not; it may take ``meta`` (what is
        known of the data), ``compile_kwargs`` and ``params``. A model itself is trained
        in place. None in a subclass with a ``_keras_build_fn``.
    build_fn : callable or keras.Model, default=None
        The former name of `model`.
    warm_start : bool, default=False
        Whether `fit` goes on with the present weights.
    random_state : int, RandomState instance or None, default=None
        Decides first weights, the order of the rows, dropout and the rows held out.
    optimizer : str, type or keras.optimizers.Optimizer, default="rmsprop"
        For a model that is not compiled.
    loss : str, type, callable or keras.losses.Loss, default=None
        For a model that is not compiled; one of the two must have a loss.
    metrics : list of str, type, callable or keras.metrics.Metric, default=None
        For a model that is not compiled.
    batch_size : int, default=None
        Rows of one step; None stands for 32 and -1 for all rows.
    validation_batch_size : int, default=None
        For what is left to Keras.
    verbose : {0, 1, 2}, default=1
        Silent, progress bar, one line an epoch.
    callbacks : list or dict of keras.callbacks.Callback, or of their classes, \
            default=None
        A plain ``EarlyStopping`` becomes the engine's own; callbacks of batches leave
        the training to Keras.
    validation_split : float, default=0.0
        Share of each class that is held out, drawn with `random_state`. (SciKeras holds
        the last rows out, whichever classes they are of.)
    shuffle : bool, default=True
        Whether each epoch visits the rows in an order of its own.
    run_eagerly : bool, default=False
        Whether Keras runs the model step by step, to look for errors.
    epochs : int, default=1
        Epochs at most.
    class_weight : dict or "balanced", default=None
        Factor on the loss of each class's rows.
    **kwargs : dict
        Routed parameters, and parameters of the build function.

    Attributes
    ----------
    model_ : keras.Model
        The trained net.
    history_ : dict of str to list
        One value an epoch: ``loss``, metrics, and both with ``val_``.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_classes_ : int
        Number of labels.
    target_encoder_, feature_encoder_ : transformer
        Between the user's y and X and the model's.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, where all are strings.

    See Also
    --------
    segmentlearn.SegmentClassifier : A net that needs no building.

    References
    ----------
    Adrian Garcia Badaracco, "SciKeras", https://www.adriangb.com/scikeras.

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_iris
    >>> from segmentlearn import KerasClassifier
    >>> def build(meta, units=8):
    ...     return keras.Sequential(
    ...         [
    ...             keras.Input((meta["n_features_in_"],)),
    ...             keras.layers.Dense(units, activation="relu"),
    ...             keras.layers.Dense(meta["n_classes_"], activation="softmax"),
    ...         ]
    ...     )
    >>> clf = KerasClassifier(
    ...     build,
    ...     model__units=16,
    ...     loss="sparse_categorical_crossentropy",
    ...     optimizer="adam",
    ...     optimizer__learning_rate=0.05,
    ...     epochs=20,
    ...     verbose=0,
    ...     random_state=0,
    ... )
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(clf.fit(X, y).score(X, y) > 0.9)
    True
    """

    _parameter_constraints = {**_CONSTRAINTS, "class_weight": [dict, str, None]}
    _stratifies = True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags(poor_score=True, multi_label=True)
        return tags

    def _weigh(self, y, sample_weight):
        """Multiply the rows' weights by those of their classes."""
        if self.class_weight is None:
            return sample_weight
        weights = compute_sample_weight(class_weight=self.class_weight, y=y)
        return weights if sample_weight is None else weights * np.asarray(sample_weight)

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, **kwargs):
        """Build a new net and train it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features, ...)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Factor on each row's loss; rows of weight zero are left out.
        X_val : array-like of shape (n_validation_samples, n_features, ...), \
                default=None
            Rows that are only looked at, instead of a `validation_split`. In a pipeline
            ``transform_input=["X_val"]`` lets them pass the earlier steps.
        y_val : array-like, default=None
            Their labels.
        **kwargs : dict
            Arguments of ``keras.Model.fit``.

        Returns
        -------
        self : KerasClassifier
            The fitted classifier.

        Raises
        ------
        InvalidParameterError
            If a parameter has a value that it cannot have.
        ValueError
            If the data cannot be trained on, or no loss is given.
        SegmentLearnError
            If the loss is not a finite number in the first epoch already.
        """
        self.classes_ = None
        weights = self._weigh(y, sample_weight)
        return wrappers.BaseWrapper.fit(
            self, X, y, sample_weight=weights, X_val=X_val, y_val=y_val, **kwargs
        )

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None, **kwargs):
        """Train for one more epoch.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features, ...)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            Every label there will be; for the first call, those of `y` by default.
        sample_weight : array-like of shape (n_samples,), default=None
            Factor on each row's loss.
        **kwargs : dict
            Arguments of ``keras.Model.fit``.

        Returns
        -------
        self : KerasClassifier
            The classifier.
        """
        if classes is not None:
            self.classes_ = np.asarray(classes)
        elif not hasattr(self, "classes_"):
            self.classes_ = None
        weights = self._weigh(y, sample_weight)
        return wrappers.BaseWrapper.partial_fit(
            self, X, y, sample_weight=weights, **kwargs
        )

    def predict_proba(self, X, **kwargs):
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features, ...)
            Features.
        **kwargs : dict
            Arguments of ``keras.Model.predict``.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``; two columns for a net of one sigmoid output.
        """
        outputs = self._predict_raw(X, **kwargs)
        proba = self.target_encoder_.inverse_transform(outputs, return_proba=True)
        if isinstance(outputs, np.ndarray) and np.ndim(proba) < 2:
            return np.reshape(proba, (len(outputs), -1))  # a single row or column
        return proba


class KerasRegressor(_CompiledWrapper, wrappers.KerasRegressor):
    """A Keras net of your own as a regressor, with the interface of SciKeras.

    See :class:`KerasClassifier` for what is routed where.

    Parameters
    ----------
    model : callable or keras.Model, default=None
        A function that returns a model, compiled or not, or a model.
    build_fn : callable or keras.Model, default=None
        The former name of `model`.
    warm_start : bool, default=False
        Whether `fit` goes on with the present weights.
    random_state : int, RandomState instance or None, default=None
        Decides first weights, the order of the rows and dropout.
    optimizer : str, type or keras.optimizers.Optimizer, default="rmsprop"
        For a model that is not compiled.
    loss : str, type, callable or keras.losses.Loss, default=None
        For a model that is not compiled; one of the two must have a loss.
    metrics : list of str, type, callable or keras.metrics.Metric, default=None
        For a model that is not compiled.
    batch_size : int, default=None
        Rows of one step; None stands for 32 and -1 for all rows.
    validation_batch_size : int, default=None
        For what is left to Keras.
    verbose : {0, 1, 2}, default=1
        Silent, progress bar, one line an epoch.
    callbacks : list or dict of keras.callbacks.Callback, or of their classes, \
            default=None
        A plain ``EarlyStopping`` becomes the engine's own.
    validation_split : float, default=0.0
        Share of the rows that is held out: the last ones, as in Keras.
    shuffle : bool, default=True
        Whether each epoch visits the rows in an order of its own.
    run_eagerly : bool, default=False
        Whether Keras runs the model step by step, to look for errors.
    epochs : int, default=1
        Epochs at most.
    **kwargs : dict
        Routed parameters, and parameters of the build function.

    Attributes
    ----------
    model_ : keras.Model
        The trained net.
    history_ : dict of str to list
        One value an epoch: ``loss``, metrics, and both with ``val_``.
    target_encoder_, feature_encoder_ : transformer
        Between the user's y and X and the model's.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, where all are strings.

    See Also
    --------
    segmentlearn.KerasClassifier : The same for labels.

    References
    ----------
    Adrian Garcia Badaracco, "SciKeras", https://www.adriangb.com/scikeras.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from segmentlearn import KerasRegressor
    >>> def build():
    ...     return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> reg = KerasRegressor(
    ...     build, loss="mse", optimizer="adam", optimizer__learning_rate=0.05,
    ...     epochs=100, verbose=0, random_state=0,
    ... )
    >>> X = np.linspace(0, 1, 64).reshape(-1, 1)
    >>> bool(reg.fit(X, 2 * X[:, 0]).score(X, 2 * X[:, 0]) > 0.9)
    True
    """

    _numeric_targets = True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        tags.regressor_tags = RegressorTags(poor_score=True)
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, **kwargs):
        """Build a new net and train it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features, ...)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Factor on each row's loss; rows of weight zero are left out.
        X_val : array-like of shape (n_validation_samples, n_features, ...), \
                default=None
            Rows that are only looked at, instead of a `validation_split`. In a pipeline
            ``transform_input=["X_val"]`` lets them pass the earlier steps.
        y_val : array-like, default=None
            Their targets.
        **kwargs : dict
            Arguments of ``keras.Model.fit``.

        Returns
        -------
        self : KerasRegressor
            The fitted regressor.

        Raises
        ------
        InvalidParameterError
            If a parameter has a value that it cannot have.
        ValueError
            If the data cannot be trained on, or no loss is given.
        SegmentLearnError
            If the loss is not a finite number in the first epoch already.
        """
        return super().fit(
            X, y, sample_weight=sample_weight, X_val=X_val, y_val=y_val, **kwargs
        )

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, **kwargs):
        """Train for one more epoch.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features, ...)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Factor on each row's loss.
        **kwargs : dict
            Arguments of ``keras.Model.fit``.

        Returns
        -------
        self : KerasRegressor
            The regressor.
        """
        return super().partial_fit(X, y, sample_weight=sample_weight, **kwargs)
