"""The loop over epochs of a compiled program: order the rows, run, record, stop."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._callbacks import EpochCallbacks
from segmentlearn.engine._data._adapters import ChunkedRows, WholeRows
from segmentlearn.engine._data._padding import longest
from segmentlearn.engine._epoch_recorder import EpochRecorder, TrainingResult
from segmentlearn.engine._fit_spec import FitSpec
from segmentlearn.engine._program._architecture import read_hyperparameters
from segmentlearn.engine._program._compile_spec import CompileSpec
from segmentlearn.engine._program._epoch_program import Program
from segmentlearn.engine._progress import progress_bar


class Trainer:
    """Runs the epochs of one fit."""

    def __init__(
        self,
        model: Any,
        program: Program,
        spec: CompileSpec,
        fit_spec: FitSpec,
        rows: WholeRows | ChunkedRows,
        callbacks: Sequence,
    ) -> None:
        self.model, self.program, self._fit_spec = model, program, fit_spec
        in_model_order = program.weights.in_model_order
        self._recorder = EpochRecorder(model, spec, fit_spec, in_model_order)
        self._callbacks = EpochCallbacks(callbacks, model, spec, fit_spec)
        self._first_step = int(program.optimizer.iterations.numpy())
        self._rng = np.random.default_rng(fit_spec.seed)
        self._n_steps = -(-longest(fit_spec.train_rows) // spec.batch_size)
        hyperparameters = read_hyperparameters(model, spec.optimizer)
        self._train_epoch = rows.bind(program, fit_spec, hyperparameters)

    def run(self) -> TrainingResult:
        """Train until all epochs have run, or a rule, a callback or Ctrl-C ends it."""
        epochs = self._fit_spec.epochs
        self._callbacks.call("on_train_begin")
        bar = progress_bar(self._fit_spec.verbose, epochs)
        with bar as report, self._recorder as recorder:
            try:
                for epoch in range(epochs):
                    self._callbacks.call("on_epoch_begin", epoch)
                    rates = self._learning_rates(epoch)
                    order = self._fit_spec.visiting_order(self._rng)
                    logs = self._train_epoch(order, rates)
                    logs["learning_rate"] = float(rates[0])
                    report(epoch, logs)
                    if not self._note(epoch, logs):
                        break
            except KeyboardInterrupt:
                if not recorder.interrupt():
                    raise
        assign_weights(self.model, recorder.kept_weights())
        state = self.program.weights.read_state()
        self._callbacks.call("on_train_end")
        return recorder.result(compiled=True, optimizer_state=state)

    def _note(self, epoch: int, logs: dict[str, Any]) -> bool:
        """Record an epoch and show it to the callbacks; return whether to go on."""
        weights = self.program.weights.read()
        goes_on = self._recorder.record(logs, weights)
        if self._callbacks.is_needed and not self._recorder.diverged:
            assign_weights(self.model, self.program.weights.in_model_order(weights))
            if self._callbacks.needs_state:
                self._callbacks.take_state(self.program.weights.read_state())
            self._callbacks.call("on_epoch_end", epoch, dict(logs))
            goes_on = goes_on and not self.model.stop_training
        return goes_on

    def _learning_rates(self, epoch: int) -> np.ndarray:
        """Return the rate of each step."""
        steps = np.arange(self._n_steps) + epoch * self._n_steps + self._first_step
        base = self._callbacks.learning_rate(steps)
        rates = base * self._fit_spec.rate_factors(epoch, self._n_steps)
        return np.asarray(rates, np.float32)


def assign_weights(model: Any, weights: Sequence) -> None:
    """Set a model's weights without the checks and copies of ``set_weights``."""
    for variable, value in zip(model.weights, weights, strict=True):
        variable.value.assign(value)
