"""A SciKeras wrapper's fit and predict, done by the engine."""

import contextlib
import pickle
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from segmentlearn import engine
from segmentlearn._building import BUILDING, building
from segmentlearn._compat import check_sample_weight
from segmentlearn._forks import check_not_forked, lacks_tensorflow_threads
from segmentlearn.engine import (
    PREDICT_HOOKS,
    LogCallback,
    copy_optimizer,
    has_hook,
    is_replaced,
    keras,
    warn_once,
    without_fused_layers,
    write_state,
)
from segmentlearn.exceptions import ArchiveError
from segmentlearn.neural_network._keras import _training, _validation
from segmentlearn.neural_network._keras._training import flatten_callbacks
from segmentlearn.neural_network._log_folders import parts_of_log, start_log
from segmentlearn.neural_network._split import Split
from segmentlearn.neural_network._state import UnreadNetwork, is_externalizing_networks


class CompiledFit:
    """Stands left of SciKeras' wrapper, and leaves to it what only Keras can do.

    A subclass says with ``_route`` and ``_full_name`` how SciKeras routes parameters
    and names metrics.
    """

    _archive_refusal = (
        "holds a net and a build function of the user's own; both are code, which an "
        "archive never holds. Use joblib.dump, and load it only from where you trust "
        "(a pickle runs code), or keep the net alone with estimator.model_.save."
    )
    _stratifies = _numeric_targets = False
    _optimizer_state: Any
    __name__: str  # SciKeras'

    def __sklearn_is_fitted__(self):
        return self.initialized_

    @property
    def initialized_(self) -> bool:
        """Whether there is a net."""
        return "_net" in vars(self)

    @property
    def model_(self) -> Any:
        """The net, its optimizer in the state that the last training has left.

        The optimizer's variables take as long to make as those of the net, and few look
        at them, so they are made for who does.
        """
        if not self.initialized_:
            raise AttributeError(f"this {self.__name__} has no model_ before a fit.")
        state, self._optimizer_state = self._optimizer_state, None
        if state is not None:
            _training.build_optimizer(self._net)
            write_state(self._net.optimizer, state)
        return self._net

    @model_.setter
    def model_(self, model: Any) -> None:
        self._net, self._optimizer_state = model, None

    def __getstate__(self):
        if is_externalizing_networks():
            raise ArchiveError(self._archive_refusal)
        if self.initialized_:  # Keras reads a net with an optimizer that is built
            _training.build_optimizer(self.model_)
        state = dict(super().__getstate__())
        # each net is a pickle of its own, so that it can be left unread
        nets = {
            name: net for name, net in state.items() if isinstance(net, keras.Model)
        }
        return state | {name: UnreadNetwork(pickle.dumps(nets[name])) for name in nets}

    def __setstate__(self, state):
        if not lacks_tensorflow_threads():
            nets = {
                k: net for k, net in state.items() if isinstance(net, UnreadNetwork)
            }
            state = state | {name: pickle.loads(nets[name].archive) for name in nets}
        super().__setstate__(state)

    def _validate_data(self, X=None, y=None, reset=False, y_numeric=False):
        check_not_forked()
        if X is not None:
            X = _validation.check_features(self, X, reset)
        if y is not None:
            y = _validation.check_targets(y, self._numeric_targets)
            if X is not None:
                check_consistent_length(X, y)
            if reset:
                self.target_type_ = self._type_of_target(y)
                self.y_dtype_, self.y_ndim_ = y.dtype, y.ndim
            elif y.ndim != self.y_ndim_:
                raise ValueError(
                    f"y has {y.ndim} dimensions, but this {self.__name__} was fitted "
                    f"to y of {self.y_ndim_}."
                )
        if X is not None and reset:
            self.X_dtype_, self.X_shape_ = X.dtype, X.shape
        return X, y

    @staticmethod
    def _validate_sample_weight(X, y, sample_weight):
        weights = check_sample_weight(sample_weight, X, dtype=np.float32)
        return _validation.drop_weightless(X, y, weights)

    def _seed(self):
        """Return an integer for what the net draws; None where the user has none."""
        if isinstance(self.random_state, np.random.RandomState):
            state = np.random.RandomState()
            state.set_state(self.random_state.get_state())
            return int(state.randint(2**31 - 1))
        return None if self.random_state is None else int(self.random_state)

    def _build_keras_model(self):
        seed = self._seed()
        self._random_state = None  # SciKeras' way to seed clears TensorFlow's caches
        try:
            with building(seed):
                return super()._build_keras_model()
        finally:
            self._random_state = seed

    def _get_compile_kwargs(self):
        arguments = super()._get_compile_kwargs()
        optimizer = arguments["optimizer"]
        is_parameter = any(value is optimizer for value in vars(self).values())
        if is_parameter and isinstance(optimizer, keras.optimizers.Optimizer):
            # it stays as it is, and each fit starts without a state
            arguments["optimizer"] = copy_optimizer(optimizer)
        return arguments

    def _initialize(self, X, y=None):
        if y is None:
            raise ValueError(
                f"{self.__name__} requires y to be passed, but the target y is None."
            )
        X, y = super()._initialize(X, y)
        if not self.model_.built:
            one_row = self.feature_encoder_.transform(X[:1])
            with building(self._random_state):
                _training.build_for(self.model_, one_row)
        return X, y

    def _check_model_compatibility(self, y):
        if getattr(self.model_, "outputs", None):
            super()._check_model_compatibility(y)

    def _fit(self, X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs):
        # epochs are counted on where a training goes on
        self._log = start_log(self, goes_on=initial_epoch > 0)
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
        self._held_out = self._encode_validation(kwargs)
        try:
            y = self.target_encoder_.transform(y)
            X = _training.as_dense(self.feature_encoder_.transform(X))
            self._check_model_compatibility(y)
            self._fit_keras_model(
                X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs
            )
        finally:
            del self._labels, self._held_out

    def _encode_validation(self, kwargs):
        """Let validation rows pass through the checks and encoders of the others."""
        X_val, y_val = kwargs.pop("X_val", None), kwargs.pop("y_val", None)
        given = getattr(self, "fit__validation_data", None)
        given = kwargs.pop("validation_data", given)
        weights = []
        if X_val is None and y_val is None:
            if given is None:
                return None
            X_val, y_val, *weights = given
        if X_val is None or y_val is None:
            given, missing = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
            raise ValueError(f"{given} needs {missing} beside it.")
        check_consistent_length(X_val, y_val)
        X_val, y_val = self._validate_data(X_val, y_val)
        try:
            y_val = self.target_encoder_.transform(y_val)
        except ValueError as error:
            raise ValueError(
                "the targets of the validation rows must be of the kind of y, not "
                f"encoded: {error}"
            ) from error
        X_val = _training.as_dense(self.feature_encoder_.transform(X_val))
        return (X_val, y_val, *weights)

    def _fit_keras_model(
        self, X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs
    ):
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
        split = self._choose_split(arguments, seed)
        (log,) = parts_of_log(self._log, 1, initial_epoch)
        model = self.model_
        try:
            result = _training.fit_compiled(model, X, y, arguments, split, seed, log)
        except _training.LeftToKerasError as reason:
            warn_once(str(reason))
            X, y, sample_weight, validation_data = _training.take_apart(
                X, y, sample_weight, split
            )
            kwargs |= {"validation_data": validation_data, "validation_split": 0.0}
            followers = [] if log is None else [LogCallback(log)]
            kept = self._fit_callbacks
            self._fit_callbacks = [*arguments["callbacks"], *followers]
            is_seeded = self._random_state is not None
            try:
                # SciKeras seeds the global generators for as long as the fit takes
                seeded = BUILDING if is_seeded else contextlib.nullcontext()
                with seeded, without_fused_layers():
                    super()._fit_keras_model(
                        X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs
                    )
            finally:
                self._fit_callbacks = kept
                for follower in followers:
                    follower.close()
            return
        if not model.optimizer.built:
            self._optimizer_state = result.optimizer_state
        if not warm_start or not hasattr(self, "history_") or initial_epoch == 0:
            self.history_ = {}
        for name, values in result.history.items():
            self.history_.setdefault(self._full_name(name), []).extend(values)
        if result.interrupted:  # as Keras and SciKeras do; the net can be used
            raise KeyboardInterrupt

    def _collect_fit_arguments(self, X, kwargs):
        """Gather what is routed to ``keras.Model.fit``."""
        arguments = self._route("fit", self._fit_kwargs)
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

    def _choose_split(self, arguments, seed):
        """Say which rows are only looked at."""
        if self._held_out is not None:
            return Split(validation_data=self._held_out)
        fraction = arguments.get("validation_split") or 0.0
        if not fraction:
            return Split()
        return _validation.split_rows(self._labels, fraction, seed, self._stratifies)

    def _predict_raw(self, X, **kwargs):
        check_not_forked()
        chosen = self._route("predict", set()) | kwargs
        if not self.initialized_ or self._needs_keras_to_predict(chosen):
            return super()._predict_raw(X, **kwargs)
        X, _ = self._validate_data(X=X, y=None)
        X = _training.as_dense(self.feature_encoder_.transform(X))
        if not _training.is_plain(X):
            return super()._predict_raw(X, **kwargs)
        size = chosen.get("batch_size")
        if size in (None, -1):
            size = _training.rows_at_once(self._net)
        return engine.predict(self._net, X, batch_size=int(size))

    def _needs_keras_to_predict(self, chosen):
        """Whether a part of the prediction is Keras' or the user's own business."""
        methods = ("predict", "predict_step", "make_predict_function")
        callbacks = flatten_callbacks(self._predict_callbacks)
        return (
            chosen.get("steps") is not None
            or any(is_replaced(self._net, method) for method in methods)
            or getattr(self._net, "run_eagerly", False)
            or any(has_hook(callback, PREDICT_HOOKS) for callback in callbacks)
        )
