"""A user's own Keras net behind scikit-learn's interface, as SciKeras has it."""

import functools
import inspect
import os
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.class_weight import compute_sample_weight

from segmentlearn._compat import Interval, Options, StrOptions, fit_context
from segmentlearn._startup import quiet_start
from segmentlearn.engine import keras
from segmentlearn.neural_network._keras._fitting import CompiledFit
from segmentlearn.neural_network._log_folders import describe_estimator

with quiet_start():
    from scikeras import wrappers
    from scikeras._utils import route_params
    from scikeras.utils import metric_name

if "__sklearn_tags__" not in vars(wrappers.BaseWrapper):
    # SciKeras 0.13 has the former _more_tags alone, and scikit-learn 1.6 asks whatever
    # derives from such a class in the former way, which fails
    wrappers.BaseWrapper.__sklearn_tags__ = BaseEstimator.__sklearn_tags__

_COUNT = Interval(Integral, 1, None, closed="left")
_CONSTRAINTS: dict = {
    "model": [callable, keras.Model, None],
    "build_fn": [callable, keras.Model, None],
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
    "optimizer": [str, keras.optimizers.Optimizer, callable, list, tuple, dict, None],
    "loss": [str, keras.losses.Loss, callable, list, tuple, dict, None],
    "metrics": [str, keras.metrics.Metric, callable, list, tuple, dict, None],
    "batch_size": [_COUNT, Options(Integral, {-1}), None],
    "validation_batch_size": [_COUNT, Options(Integral, {-1}), None],
    "verbose": [Options(Integral, {0, 1, 2}), StrOptions({"auto"}), "boolean"],
    "callbacks": [keras.callbacks.Callback, callable, list, tuple, dict, None],
    "validation_split": [Interval(Real, 0, 1, closed="left")],
    "shuffle": ["boolean", StrOptions({"batch"})],
    "run_eagerly": ["boolean"],
    "epochs": [_COUNT],
    "log_dir": [str, os.PathLike, None],
}


def _with_log_dir(wrapper):
    """Return a constructor of SciKeras' that takes a folder for TensorBoard as well."""
    signature = inspect.signature(wrapper.__init__)
    *named, rest = signature.parameters.values()
    log_dir = inspect.Parameter("log_dir", inspect.Parameter.KEYWORD_ONLY, default=None)

    @functools.wraps(wrapper.__init__)
    def __init__(self: Any, *args: Any, log_dir: Any = None, **kwargs: Any) -> None:
        wrapper.__init__(self, *args, **kwargs)
        self.log_dir = log_dir

    __init__.__signature__ = signature.replace(parameters=[*named, log_dir, rest])
    return __init__


class _CompiledWrapper(CompiledFit, wrappers.BaseWrapper):
    """SciKeras' wrapper, trained and evaluated by the engine."""

    _parameter_constraints = _CONSTRAINTS
    _routing_prefixes = wrappers.BaseWrapper._routing_prefixes | {"callbacks", "score"}

    def __repr__(self, N_CHAR_MAX=700):
        return describe_estimator(self, N_CHAR_MAX)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.non_deterministic = self.random_state is None
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        X_val: Any = None,
        y_val: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Build a new net and train it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features, ...)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Factor on each row's loss; rows of weight zero are left out.
        X_val : array-like of shape (n_validation_samples, n_features, ...), \
                default=None
            Rows that are only looked at, instead of a `validation_split`. In a pipeline
            ``transform_input=["X_val"]`` lets them pass the earlier steps.
        y_val : array-like, default=None
            Their labels or targets.
        **kwargs : dict
            Arguments of ``keras.Model.fit``.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        InvalidParameterError
            If a parameter has a value that it cannot have.
        ValueError
            If the data cannot be trained on, or no loss is given.
        SegmentLearnError
            If the loss is not a finite number in the first epoch already.
        ImportError
            If `log_dir` is given and the package ``tensorboard`` is missing.
        """
        weights = self._start_fit(y, sample_weight)
        return wrappers.BaseWrapper.fit(
            self, X, y, sample_weight=weights, X_val=X_val, y_val=y_val, **kwargs
        )

    def _start_fit(self, y, sample_weight):
        """Return the weights of the rows for a new net."""
        return sample_weight

    def _route(self, destination, also):
        """Return the parameters with a prefix, without it, and some that have none."""
        return route_params(self.get_params(), destination, pass_filter=also)

    @staticmethod
    def _full_name(measure):
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
    optimizer : str, type, keras.optimizers.Optimizer or None, default="rmsprop"
        For a model that is not compiled; None only for one that is.
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
        Share of each class that is held out, drawn with `random_state`. SciKeras holds
        the last rows out, whichever classes they are of.
    shuffle : bool, default=True
        Whether each epoch visits the rows in an order of its own.
    run_eagerly : bool, default=False
        Whether Keras runs the model step by step, to look for errors.
    epochs : int, default=1
        Epochs at most.
    class_weight : dict or "balanced", default=None
        Factor on the loss of each class's rows.
    log_dir : str, path-like or None, default=None
        Folder for TensorBoard, in which each fit makes one, named by its parameters.
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

    __init__ = _with_log_dir(wrappers.KerasClassifier)
    _parameter_constraints = {**_CONSTRAINTS, "class_weight": [dict, str, None]}
    _stratifies = True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags(poor_score=True, multi_label=True)
        return tags

    def _start_fit(self, y, sample_weight):
        self.classes_ = None
        return self._weigh(y, sample_weight)

    def _weigh(self, y, sample_weight):
        """Multiply the rows' weights by those of their classes."""
        if self.class_weight is None:
            return sample_weight
        weights = compute_sample_weight(class_weight=self.class_weight, y=y)
        return weights if sample_weight is None else weights * np.asarray(sample_weight)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        **kwargs: Any,
    ) -> Self:
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

    def predict_proba(self, X: Any, **kwargs: Any) -> np.ndarray:
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
        if isinstance(outputs, np.ndarray) and 1 in (len(outputs), self.n_classes_):
            return np.reshape(proba, (len(outputs), -1))  # SciKeras drops such an axis
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
    optimizer : str, type, keras.optimizers.Optimizer or None, default="rmsprop"
        For a model that is not compiled; None only for one that is.
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
    log_dir : str, path-like or None, default=None
        Folder for TensorBoard, in which each fit makes one, named by its parameters.
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

    __init__ = _with_log_dir(wrappers.KerasRegressor)
    _numeric_targets = True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        tags.regressor_tags = RegressorTags(poor_score=True)
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        **kwargs: Any,
    ) -> Self:
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

    def predict(self, X: Any, **kwargs: Any) -> np.ndarray:
        """Return the net's output for each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features, ...)
            Features.
        **kwargs : dict
            Arguments of ``keras.Model.predict``.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Of the dtype that y had, where that is a float.
        """
        y = super().predict(X, **kwargs)
        return y.astype(self.y_dtype_) if self.y_dtype_.kind == "f" else y
