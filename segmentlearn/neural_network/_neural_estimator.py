"""What the neural estimators share: prepared tables, plain state, safe failure."""

import functools
import inspect
import os
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np

from segmentlearn._compat import HasMethods, Interval, StrOptions, validate_data
from segmentlearn._forks import check_not_forked
from segmentlearn.neural_network import _table
from segmentlearn.neural_network._fitted_network import FittedNetwork
from segmentlearn.neural_network._state import network_from_state, state_with_network
from segmentlearn.tables import raw_table_tags

# parameters that a classifier and an autoencoder have in common
COUNT = Interval(Integral, 1, None, closed="left")
AUTO = StrOptions({"auto"})
CONSTRAINTS: dict = {
    "activation": [str],
    "optimizer": [str, HasMethods(["apply_gradients", "get_config"])],
    "learning_rate_schedule": [
        StrOptions({"constant", "cosine", "flat_cosine", "coslog4"}),
        callable,
    ],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "max_epochs": [COUNT],
    "batch_size": [COUNT, AUTO],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "callbacks": [list, tuple, None],
    "log_dir": [str, os.PathLike, None],
    "verbose": ["verbose"],
    "random_state": ["random_state"],
}


class NeuralEstimator:
    """Mixin for estimators with a `preprocessor` parameter and a net in ``model_``.

    Stands left of ``BaseEstimator``. A pickle holds the net in Keras' own archive
    format, which is read back in safe mode.
    """

    _network: FittedNetwork

    @property
    def model_(self) -> Any:
        if "_network" not in vars(self):
            raise AttributeError(f"this {type(self).__name__} is not fitted.")
        return self._network.share_model()

    @model_.setter
    def model_(self, model: Any) -> None:
        self._network = FittedNetwork(model)

    def _fit_table(self, X: Any, y: Any = None) -> np.ndarray:
        """Fit the preprocessor where one is needed; return float features."""
        check_not_forked()
        _table.refuse_scan(X, type(self).__name__)
        self.preprocessor_ = _table.resolve_preprocessor(self.preprocessor, X)  # type: ignore[attr-defined]
        if self.preprocessor_ is None:
            features = _table.read_numbers(self, X, reset=True, order="C")
            if self.preprocessor is not None and not _table.is_frame(X):  # type: ignore[attr-defined]
                _table.warn_of_raw_numbers(features)
            return features
        features = _table.as_matrix(self.preprocessor_.fit_transform(X, y))
        validate_data(self, X, skip_check_array=True)
        return features

    def _read_table(self, X: Any) -> np.ndarray:
        """Return the features of new rows, prepared as the training rows were."""
        if self.preprocessor_ is None:
            return _table.read_numbers(self, X, reset=False)
        return _table.as_matrix(self.preprocessor_.transform(X))

    def _feature_names(self) -> list | None:
        """Return the names of the net's inputs; None where they have none."""
        if self.preprocessor_ is None:
            names = getattr(self, "feature_names_in_", None)
        elif hasattr(self.preprocessor_, "get_feature_names_out"):
            names = self.preprocessor_.get_feature_names_out()
        else:
            return None
        return None if names is None else list(names)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        takes_raw = self.preprocessor is not None  # type: ignore[attr-defined]
        return raw_table_tags(tags) if takes_raw else tags

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = {**super().__getstate__()}  # type: ignore[dict-item]
        state.pop("_log", None)  # two that went on would write into one folder
        return state_with_network(state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = network_from_state(dict(state))
        for name, parameter in inspect.signature(type(self)).parameters.items():
            if parameter.default is not parameter.empty:
                # a version without this parameter may have written the state
                state.setdefault(name, parameter.default)
        super().__setstate__(state)  # type: ignore[misc]


def restore_on_failure(method: Callable) -> Callable:
    """Let a method that fails take back every attribute that it has set.

    A fitted estimator whose next `fit` stops at an error, or at Ctrl-C before there is
    anything to keep, goes on to predict what it predicted before.
    """

    @functools.wraps(method)
    def restoring(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return restoring


def draw_seed(random_state: np.random.RandomState) -> int:
    """Return a seed for what takes an int."""
    return int(random_state.randint(np.iinfo(np.int32).max))
