"""The fits of a search: which train together, and what each of them has become."""

import collections
import contextlib
import time
from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import Pipeline

from segmentlearn._compat import check_method_params, safe_indexing
from segmentlearn.neural_network import (
    Start,
    TrainingTable,
    reason_to_train_alone,
    start,
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
        Whether there is a candidate that can be trained beside others.
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
        for number_of_split, (train, _) in enumerate(splits):
            fold = _Fold(X, y, train, fit_params)
            for candidate, parameters in enumerate(self.candidates):
                number = candidate * len(splits) + number_of_split
                if self._reasons[candidate] is not None:
                    self._alone[number] = str(self._reasons[candidate])
                    continue
                began = time.perf_counter()
                try:
                    ready[number] = fold.start(self._set(parameters), parameters)
                except Exception:  # to be met again, and told, when it is trained alone
                    self._alone[number] = "error before the training"
                self._seconds[number] = time.perf_counter() - began
        numbers = {id(one): number for number, (one, _) in ready.items()}
        batches, left = train_side_by_side([one for one, _ in ready.values()])
        for batch in batches:
            self.batches.append(len(batch.starts))
            for one, result in zip(batch.starts, batch.results, strict=True):
                number = numbers[id(one)]
                self._trained[number] = (*ready[number], result)
                self._seconds[number] += batch.seconds / len(batch.starts)
        for one in left:
            self._alone[numbers[id(one)]] = "no gain, or no equal result, in a batch"

    @contextlib.contextmanager
    def handing_out(self) -> Iterator[None]:
        """Number the clones that a search makes while it lasts: they are its fits."""
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
        """Give an estimator what it would have learnt, or let it learn."""
        del estimator.fit  # its own again
        began = time.perf_counter()
        try:
            if number not in self._trained:
                self._seconds[number] = 0.0  # without what led to nothing
                return estimator.fit(*args, **kwargs)
            one, front, result = self._trained.pop(number)
            fitted = one.finish(result, self._net(one))
            if front is not None:
                name, classifier = estimator.steps[-1]
                estimator.steps = [*front.steps, (name, classifier)]
                vars(classifier).update(vars(fitted))
            elif isinstance(estimator, Pipeline):
                vars(estimator.steps[-1][1]).update(vars(fitted))
            else:
                vars(estimator).update(vars(fitted))
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

    def _net(self, one: Start) -> Any:
        """Return a net to put weights into; None where it must be a new one."""
        if not self._shares_nets:
            return None
        if one.spec not in self._nets:
            self._nets[one.spec] = one.net()
        return self._nets[one.spec]

    def _set(self, parameters: dict) -> Any:
        return clone(self._estimator).set_params(**clone(parameters, safe=False))

    def _reason(self, parameters: dict) -> str | None:
        """Say why a candidate is trained alone, or None if it is not."""
        try:
            estimator = self._set(parameters)
        except Exception:  # to be met again, and told, by the search
            return "error before the training"
        if type(estimator) is Pipeline:
            if getattr(estimator, "transform_input", None):
                return "pipeline that transforms other arguments"
            estimator = estimator.steps[-1][1]
        return reason_to_train_alone(estimator)


class _Fold:
    """The training rows of a fold, prepared once in each way."""

    def __init__(self, X: Any, y: Any, train: Any, fit_params: dict) -> None:
        self._X, self._y, self._train, self._given = X, y, train, fit_params
        self._rows: tuple | None = None
        self._tables: dict[Hashable, tuple] = {}

    def start(self, estimator: Any, parameters: dict) -> tuple:
        """Return a classifier ready to be trained, and the steps before it."""
        if self._rows is None:
            given = check_method_params(
                self._X, params=self._given, indices=self._train
            )
            X = safe_indexing(self._X, self._train)
            y = None if self._y is None else safe_indexing(self._y, self._train)
            self._rows = X, y, given
        X, y, given = self._rows
        prefix, classifier = "", estimator
        if isinstance(estimator, Pipeline):
            name, classifier = estimator.steps[-1]
            prefix = f"{name}__"
        unknown = set(given) - {f"{prefix}sample_weight"}
        if unknown:
            raise ValueError(f"fit parameters {sorted(unknown)} are not batched")
        weights = given.get(f"{prefix}sample_weight")
        key = tuple(
            (name, id(value))
            for name, value in sorted(parameters.items())
            if not prefix or not name.startswith(prefix)
        )
        if not prefix:
            key = ()
        if key not in self._tables:
            front = None
            if prefix and len(estimator.steps) > 1:
                front = estimator[:-1]
                X = front.fit_transform(X, y)
            self._tables[key] = TrainingTable(X, y, weights), front
        table, front = self._tables[key]
        chosen = parameters.get(f"{prefix}preprocessor")
        return start(classifier, table, (id(chosen),)), front
