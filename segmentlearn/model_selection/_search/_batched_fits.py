"""The fits of a search: which are trained in a batch, and what each has learnt."""

import collections
import contextlib
import functools
import time
from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import Pipeline

from segmentlearn._compat import check_method_params, safe_indexing
from segmentlearn.neural_network import (
    PreparedFit,
    TrainingTable,
    prepare_fit,
    reason_to_train_alone,
    train_side_by_side,
)


class BatchedFits:
    """All fits of a grid over folds, numbered candidate by candidate.

    Attributes
    ----------
    candidates : list of dict
        Parameters of each candidate.
    batches : list of int
        How many fits each program has trained.
    any_together : bool
        Whether there is a candidate that can be trained in a batch.
    """

    def __init__(self, estimator: Any, param_grid: Any, shares_nets: bool) -> None:
        self.candidates = list(ParameterGrid(param_grid))
        self.batches: list[int] = []
        self._estimator = estimator
        self._shares_nets = shares_nets
        self._reasons = [self._reason(parameters) for parameters in self.candidates]
        self.any_together = None in self._reasons
        self._trained: dict[int, tuple] = {}
        self._alone: dict[int, str] = {}
        self._nets: dict[Hashable, Any] = {}
        self._seconds: list[float] = []
        self._next: int | None = None

    def train(self, X: Any, y: Any, splits: list, fit_params: dict) -> None:
        """Train whatever can be trained together."""
        self._seconds = [0.0] * (len(self.candidates) * len(splits))
        ready: dict[int, tuple] = {}
        for split, (train, _) in enumerate(splits):
            fold = _Fold(X, y, train, fit_params)
            described = zip(self.candidates, self._reasons, strict=True)
            for candidate, (parameters, reason) in enumerate(described):
                number = candidate * len(splits) + split
                if reason is not None:
                    self._alone[number] = reason
                    continue
                began = time.perf_counter()
                try:
                    ready[number] = fold.start(self._set(parameters), parameters)
                except Exception:  # raised again when it is trained alone
                    self._alone[number] = "error before the training"
                self._seconds[number] = time.perf_counter() - began
        numbers = {id(prepared): number for number, (prepared, _) in ready.items()}
        batches, left = train_side_by_side([prepared for prepared, _ in ready.values()])
        for fits, results, seconds in batches:
            self.batches.append(len(fits))
            for prepared, result in zip(fits, results, strict=True):
                number = numbers[id(prepared)]
                self._trained[number] = (*ready[number], result)
                self._seconds[number] += seconds / len(fits)
        reason = "no gain, or no equal result, in a batch"
        self._alone |= {numbers[id(prepared)]: reason for prepared in left}

    @contextlib.contextmanager
    def numbering_clones(self) -> Iterator[None]:
        """Number the clones that a search makes in this context: they are its fits."""
        self._next = 0
        try:
            yield
        finally:
            self._next = None
            self._trained.clear()
            self._nets.clear()

    def next_number(self) -> int:
        """Return the number of the fit that a clone is made for; -1 if for none."""
        if self._next is None:
            return -1
        self._next += 1
        return self._next - 1

    def fit(self, number: int, estimator: Any, *args: Any, **kwargs: Any) -> Any:
        """Set what an estimator would have learnt, or fit it."""
        del estimator.fit  # the class has the real one
        began = time.perf_counter()
        try:
            if number not in self._trained:
                self._seconds[number] = 0.0  # without what led to nothing
                return estimator.fit(*args, **kwargs)
            prepared, front, result = self._trained.pop(number)
            fitted = prepared.finish(result, self._net(prepared))
            if front is not None:
                estimator.steps = [*front.steps, estimator.steps[-1]]
            vars(_last_step(estimator)).update(vars(fitted))
            return estimator
        finally:
            self._seconds[number] += time.perf_counter() - began

    def one_by_one(self, n_splits: int) -> dict[str, int]:
        """Count the fits that were trained alone, by the reason."""
        if self.any_together:
            return dict(collections.Counter(self._alone.values()))
        counts = collections.Counter(map(str, self._reasons))
        return {reason: count * n_splits for reason, count in counts.items()}

    def write_times(self, results: dict) -> None:
        """Write the time of each fit, its share of its batch included."""
        seconds = np.reshape(self._seconds, (len(self.candidates), -1))
        results["mean_fit_time"] = seconds.mean(axis=1)
        results["std_fit_time"] = seconds.std(axis=1)

    def _net(self, prepared: PreparedFit) -> Any:
        """Return a net to put weights into; None where it must be a new one."""
        if self._shares_nets and prepared.spec not in self._nets:
            self._nets[prepared.spec] = prepared.net()
        return self._nets.get(prepared.spec)

    def _set(self, parameters: dict) -> Any:
        return clone(self._estimator).set_params(**clone(parameters, safe=False))

    def _reason(self, parameters: dict) -> str | None:
        """Return why a candidate is trained alone, or None if it is not."""
        try:
            estimator = self._set(parameters)
        except Exception:  # raised again by the search
            return "error before the training"
        if type(estimator) is not Pipeline:
            return reason_to_train_alone(estimator)
        if getattr(estimator, "transform_input", None):
            return "pipeline that transforms other arguments"
        return reason_to_train_alone(_last_step(estimator))


class _Fold:
    """The training rows of a fold; each preprocessing is fitted once."""

    def __init__(self, X: Any, y: Any, train: Any, fit_params: dict) -> None:
        self._X, self._y, self._train, self._fit_params = X, y, train, fit_params
        self._tables: dict[Hashable, tuple] = {}

    @functools.cached_property
    def _rows(self) -> tuple:
        """The training rows, and the fit parameters of these."""
        y = None if self._y is None else safe_indexing(self._y, self._train)
        params = check_method_params(
            self._X, params=self._fit_params, indices=self._train
        )
        return safe_indexing(self._X, self._train), y, params

    def start(self, estimator: Any, parameters: dict) -> tuple:
        """Return a classifier ready to be trained, and the steps before it."""
        X, y, params = self._rows
        prefix, key = "", ()
        if isinstance(estimator, Pipeline):
            prefix = f"{estimator.steps[-1][0]}__"
            # the values that the steps before the classifier depend on
            others = [
                name for name in sorted(parameters) if not name.startswith(prefix)
            ]
            key = tuple((name, id(parameters[name])) for name in others)
        unknown = set(params) - {f"{prefix}sample_weight"}
        if unknown:
            raise ValueError(f"Fit parameters {sorted(unknown)} are not batched.")
        if key not in self._tables:
            front = None
            if prefix and len(estimator.steps) > 1:
                front = estimator[:-1]
                X = front.fit_transform(X, y)
            weights = params.get(f"{prefix}sample_weight")
            self._tables[key] = TrainingTable(X, y, weights), front
        table, front = self._tables[key]
        preprocessor = parameters.get(f"{prefix}preprocessor")
        return prepare_fit(_last_step(estimator), table, (id(preprocessor),)), front


def _last_step(estimator: Any) -> Any:
    return estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
