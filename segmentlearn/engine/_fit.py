"""Train a Keras model: epochs of a compiled program until it is time to stop."""

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn._forks import check_not_forked
from segmentlearn.engine import _keras_fit
from segmentlearn.engine._cache import find_program
from segmentlearn.engine._callbacks import EpochCallbacks
from segmentlearn.engine._data._adapters import (
    ChunkedRows,
    RowsOnDisk,
    WholeRows,
    make_data_adapter,
)
from segmentlearn.engine._data._rows import as_leaves, lay_out_rows, longest, skeleton
from segmentlearn.engine._data._shards import Shards
from segmentlearn.engine._epoch_recorder import EpochRecorder, TrainingResult
from segmentlearn.engine._fit_spec import FitSpec, Schedule, resolve_schedule
from segmentlearn.engine._keras_compat import keras
from segmentlearn.engine._program._architecture import (
    NotCompilableError,
    read_hyperparameters,
)
from segmentlearn.engine._program._compile_spec import CompileSpec
from segmentlearn.engine._program._epoch_program import Program
from segmentlearn.engine._program._losses import per_output
from segmentlearn.engine._progress import progress_bar
from segmentlearn.engine._stopping import EarlyStopping
from segmentlearn.engine._tensorboard_log import as_folder


def run_epochs(
    model: Any,
    program: Program,
    spec: CompileSpec,
    fit_spec: FitSpec,
    rows: WholeRows | ChunkedRows,
    callbacks: Sequence,
) -> TrainingResult:
    """Train until all epochs have run, or a rule, a callback or Ctrl-C ends it."""
    weights = program.weights
    recorder = EpochRecorder(model, spec, fit_spec, weights.in_model_order)
    hooks = EpochCallbacks(callbacks, model, spec, fit_spec)
    first_step = int(program.optimizer.iterations.numpy())
    rng = np.random.default_rng(fit_spec.seed)
    n_steps = -(-rows.count(fit_spec.train_rows) // spec.batch_size)
    hyperparameters = read_hyperparameters(model, spec.optimizer)
    train_epoch = rows.bind(program, fit_spec, hyperparameters)
    hooks.call("on_train_begin")
    bar = progress_bar(fit_spec.verbose, fit_spec.epochs)
    with bar as report, contextlib.closing(recorder):
        try:
            for epoch in range(fit_spec.epochs):
                hooks.call("on_epoch_begin", epoch)
                steps = np.arange(n_steps) + epoch * n_steps + first_step
                base = hooks.learning_rate(steps)
                rates = base * fit_spec.rate_factors(epoch, n_steps)
                rates = np.asarray(rates, np.float32)
                logs = train_epoch(fit_spec.visiting_order(rng), rates)
                logs["learning_rate"] = float(rates[0])
                report(epoch, logs)
                present = weights.read()
                goes_on = recorder.record(logs, present)
                if hooks.is_needed and not recorder.diverged:
                    assign_weights(model, weights.in_model_order(present))
                    if hooks.needs_state:
                        hooks.take_state(weights.read_state())
                    hooks.call("on_epoch_end", epoch, dict(logs))
                    goes_on = goes_on and not model.stop_training
                if not goes_on:
                    break
        except KeyboardInterrupt:
            if not recorder.interrupt():
                raise
    assign_weights(model, recorder.kept_weights())
    state = weights.read_state()
    hooks.call("on_train_end")
    return recorder.result(compiled=True, optimizer_state=state)


def assign_weights(model: Any, weights: Sequence) -> None:
    """Set a model's weights without the checks and copies of ``set_weights``."""
    for variable, value in zip(model.weights, weights, strict=True):
        variable.value.assign(value)


def fit(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: Any,
    optimizer: Any = "adam",
    metrics: Any = (),
    weighted_metrics: Any = (),
    loss_weights: Sequence[float] | None = None,
    epochs: int = 1,
    batch_size: int = 32,
    learning_rate_schedule: str | Schedule | None = None,
    sample_weight: np.ndarray | None = None,
    validation_data: tuple | None = None,
    train_rows: Any = None,
    validation_rows: Any = None,
    n_members: int | None = None,
    early_stopping: EarlyStopping | None = None,
    callbacks: Any = (),
    log_dir: Any = None,
    optimizer_state: list | None = None,
    shuffle: bool = True,
    jit_compile: bool = True,
    seed: int = 0,
    verbose: int = 0,
) -> TrainingResult:
    """Train a Keras model, one compiled program an epoch.

    The program is kept for the next model of the same architecture, whatever its
    weights, learning rate, weight decay, dropout rates, L1 and L2 penalties and number
    of rows. What cannot be compiled is trained by Keras' own ``fit``, with a warning.

    Parameters
    ----------
    model : keras.Model
        A built model; it gets the trained weights. Need not be compiled.
    X : array, list or dict of arrays, each of shape (n_samples, ...), or Shards
        Features, in the structure that the model is called with. Shards are rows on the
        disk, with their targets and weights.
    y : array, or list or dict of arrays, each of shape (n_samples, ...)
        Targets, one array for each output; None for shards.
    loss : str, keras.losses.Loss, callable, or a list or dict of them
        One for all outputs or one for each.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Its own state is left alone. With ``use_ema=True`` the moving average of the
        weights is what is validated, kept and returned.
    metrics : str, callable or sequence of them, default=()
        Evaluated on the first output: "accuracy", names of functions in
        ``keras.metrics``, or functions of (y_true, y_pred) that give a value a row.
    weighted_metrics : str, callable or sequence of them, default=()
        The same, and each row counts by its weight, as in the loss.
    loss_weights : sequence of float, default=None
        One for each output.
    epochs : int, default=1
        Epochs at most.
    batch_size : int, default=32
        Rows of one step.
    learning_rate_schedule : str, callable or None, default=None
        A key of ``engine.SCHEDULES``, or a function from progress in [0, 1] to a factor
        on the optimizer's learning rate. None keeps the optimizer's own rate or
        ``LearningRateSchedule``.
    sample_weight : array of shape (n_samples,), default=None
        Factor on each row's loss. As in Keras, a step's loss is the weighted sum
        divided by the number of rows.
    validation_data : tuple (X, y) or (X, y, sample_weight), default=None
        Rows that are only looked at.
    train_rows, validation_rows : array of int or list of arrays, default=None
        Rows of X to train on and to validate on; all, and none, by default. A list
        holds one array for each member. Cross-validation folds share one copy of X so.
        Of shards these are the numbers of those to train on, and rows to validate on
        are passed as `validation_data`.
    n_members : int, default=None
        Length of the member axis of a packed model: inputs (n_members, rows, ...),
        outputs likewise, weights with the member axis first. Each member visits its own
        rows and keeps its own best epoch.
    early_stopping : EarlyStopping, default=None
        Needs validation rows, unless it monitors "loss" or a metric of the training.
    callbacks : keras.callbacks.Callback or sequence of them, default=()
        Called at the beginning and end of the training and of each epoch.
    log_dir : str, path-like or LogFolder, default=None
        Folder for TensorBoard, in which each fit gets a new one: losses, metrics,
        learning rate and histograms of the weights by epoch. Nothing is written
        without.
    optimizer_state : list of ndarray, default=None
        ``TrainingResult.optimizer_state`` of an earlier fit, to go on from there.
    shuffle : bool, default=True
        Whether each epoch visits the rows in an order of its own.
    jit_compile : bool, default=True
        Whether XLA compiles the program; without it an epoch takes several times as
        long, yet the first one starts sooner.
    seed : int, default=0
        Decides the order of the rows and the dropout masks.
    verbose : {0, 1, 2}, default=0
        Silent, progress bar, one line an epoch.

    Returns
    -------
    result : TrainingResult
        History, best epoch and optimizer state.

    Raises
    ------
    ValueError
        If lengths, losses or row numbers do not fit together.
    SegmentLearnError
        If the loss is not a finite number in the first epoch already.
    ImportError
        If `log_dir` is given and the package ``tensorboard`` is missing.
    ForkedProcessError
        In a process that was forked while TensorFlow was running.
    KeyboardInterrupt
        On Ctrl-C in the first epoch, or within :func:`pass_interrupts_on`; the model
        has the weights that it had before.

    Warns
    -----
    SegmentLearnWarning
        If Ctrl-C ends the training later; the model has the best weights so far.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from segmentlearn import engine
    >>> X = np.linspace(0, 1, 64, dtype="float32").reshape(-1, 1)
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> result = engine.fit(model, X, 2 * X, loss="mse", epochs=3)
    >>> len(result.history["loss"]), result.compiled
    (3, True)
    """
    check_not_forked()
    if not model.built:
        raise ValueError(
            "the model is not built yet, so it has no weights to train: give it an "
            "Input layer, or call model.build(input_shape)."
        )
    if epochs < 1 or batch_size < 1:
        raise ValueError(
            f"epochs={epochs!r} and batch_size={batch_size!r} must be 1 or more."
        )
    if n_members is not None and n_members < 1:
        raise ValueError(f"n_members={n_members!r} must be 1 or more, or None.")
    names = output_names(model)
    callbacks = _as_tuple(callbacks)
    on_disk = isinstance(X, Shards)
    if not on_disk:
        y = _read_targets(model, names, y, "y")
    loss_weights = _in_output_order(names, loss_weights, "loss_weights")
    if loss_weights is not None:
        n_targets = 1 if on_disk else len(as_leaves(y, "y"))
        loss_weights = tuple(per_output([*loss_weights], n_targets, "loss_weights"))
    spec = CompileSpec(
        loss=_in_output_order(names, loss, "loss"),
        optimizer=keras.optimizers.get(optimizer),
        metrics=_as_tuple(metrics),
        weighted_metrics=_as_tuple(weighted_metrics),
        loss_weights=loss_weights,
        batch_size=int(batch_size),
        n_members=n_members,
        jit_compile=jit_compile,
        output_names=tuple(names) if len(names) > 1 else (),
    )
    table: Any
    if on_disk:
        if n_members is not None or validation_rows is not None:
            raise ValueError("shards take neither n_members nor validation_rows.")
        table = RowsOnDisk.of(X, validation_data)
        train = np.arange(len(X.sizes)) if train_rows is None else train_rows
        validation = np.arange(table.rows.n_rows)
    else:
        if validation_data is not None:
            validation_data = _like_training(model, names, X, validation_data)
        table, train, validation = lay_out_rows(
            X,
            y,
            sample_weight,
            train_rows=train_rows,
            validation_rows=validation_rows,
            validation_data=validation_data,
            n_members=n_members,
        )
    fit_spec = FitSpec(
        train_rows=train,
        validation_rows=validation,
        epochs=epochs,
        schedule=resolve_schedule(learning_rate_schedule),
        early_stopping=early_stopping,
        seed=seed,
        shuffle=shuffle,
        verbose=verbose,
        log_folder=as_folder(log_dir),
    )
    if early_stopping is not None:
        early_stopping.check(spec.metric_names, longest(validation) > 0)
    reason = _keras_fit.reason_not_to_compile(
        model, spec.optimizer, callbacks, spec.loss, spec.all_metrics
    )
    original = [variable.numpy() for variable in model.weights]
    try:
        if reason is None:
            try:
                rows = make_data_adapter(table, spec)
                program = find_program(model, spec, rows.tensors)
                with program.lock:
                    program.start(original, optimizer_state, seed)
                    return run_epochs(model, program, spec, fit_spec, rows, callbacks)
            except (NotCompilableError, *_keras_fit.COMPILER_ERRORS) as error:
                reason = _keras_fit.first_line(error)
                assign_weights(model, original)
        if on_disk:
            raise ValueError(
                f"rows on the disk are trained on by a compiled program only, and this "
                f"training would be left to Keras because {reason}."
            )
        _keras_fit.warn_once(reason)
        return _keras_fit.fit_with_keras(
            model, table, spec, fit_spec, callbacks, optimizer_state
        )
    except BaseException:
        assign_weights(model, original)  # nothing half-trained
        raise


def _as_tuple(value: Any) -> tuple:
    """Return several things, one thing or None as a tuple."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _read_targets(model: Any, names: list[str], y: Any, name: str) -> Any:
    """Return targets in the order of the model's outputs, as many as there are."""
    y = _in_output_order(names, y, name)
    n_outputs = len(getattr(model, "outputs", None) or ())
    n_targets = len(as_leaves(y, name))
    if n_outputs and n_targets != n_outputs:
        raise ValueError(
            f"{name} has {n_targets} array(s) and the model has {n_outputs} output(s); "
            "pass one target for each output."
        )
    return y


def output_names(model: Any) -> list[str]:
    """Name a model's outputs: by the keys of a dict of them, else by their layers."""
    names = list(getattr(model, "output_names", None) or ())
    outputs = getattr(model, "output", None) if names else None
    if isinstance(outputs, dict) and len(outputs) == len(names):
        return keras.tree.flatten(type(outputs)((key, key) for key in outputs))
    return names


def _in_output_order(names: list[str], value: Any, name: str) -> Any:
    """Turn a dict by output name into a list in the order of the outputs."""
    if not isinstance(value, dict) or not names:
        return value
    if set(value) != set(names):
        raise ValueError(
            f"{name} has the keys {sorted(value)}; the model's outputs are {names}."
        )
    return [value[key] for key in names]


def _like_training(
    model: Any, names: list[str], X: Any, validation_data: tuple
) -> tuple:
    """Bring validation rows into the order of the training rows."""
    if len(validation_data) not in (2, 3):
        raise ValueError(
            "validation_data must be (X, y) or (X, y, sample_weight); it has "
            f"{len(validation_data)} parts."
        )
    given, wanted = skeleton(validation_data[0]), skeleton(X)
    if given != wanted:
        raise ValueError(
            f"validation_data has X nested as {given!r}, training as {wanted!r}."
        )
    y = _read_targets(model, names, validation_data[1], "validation_data's y")
    return (validation_data[0], y, *validation_data[2:])
