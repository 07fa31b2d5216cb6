"""Train a Keras model: epochs of a compiled program until it is time to stop."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.engine import fallback, losses
from segmentlearn.engine.architecture import NotCompilableError, read_free_numbers
from segmentlearn.engine.backend import keras
from segmentlearn.engine.cache import PROGRAMS
from segmentlearn.engine.data import Rows, as_leaves, longest, pad_rows, skeleton
from segmentlearn.engine.program import Recipe
from segmentlearn.engine.schedules import Schedule, resolve_schedule
from segmentlearn.engine.stopping import EarlyStopping
from segmentlearn.engine.trainer import Plan, Trainer, TrainingResult, assign_weights


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
    X : array, or list or dict of arrays, each of shape (n_samples, ...)
        Features, in the structure that the model is called with.
    y : array, or list or dict of arrays, each of shape (n_samples, ...)
        Targets, one array for each output.
    loss : str, keras.losses.Loss, callable, or a list or dict of them
        One for all outputs or one for each.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Its own state is left alone. With ``use_ema=True`` the moving average of the
        weights is what is validated, kept and handed over.
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
    n_members : int, default=None
        Length of the member axis of a packed model: inputs (n_members, rows, ...),
        outputs likewise, weights with the member axis first. Each member visits its own
        rows and keeps its own best epoch.
    early_stopping : EarlyStopping, default=None
        Needs validation rows.
    callbacks : keras.callbacks.Callback or sequence of them, default=()
        Called at the beginning and end of the training and of each epoch.
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
    metrics, weighted_metrics = _as_tuple(metrics), _as_tuple(weighted_metrics)
    callbacks = _as_tuple(callbacks)
    _check_arguments(model, epochs, batch_size, n_members)
    optimizer = keras.optimizers.get(optimizer)
    y, loss, loss_weights = (
        _in_output_order(model, value, name)
        for value, name in ((y, "y"), (loss, "loss"), (loss_weights, "loss_weights"))
    )
    _check_targets(model, y, "y")
    if loss_weights is not None:
        loss_weights = losses.per_output(
            list(loss_weights), len(as_leaves(y, "y")), "loss_weights"
        )
    if n_members is not None:
        train_rows, validation_rows = _for_each_member(
            n_members, len(as_leaves(X, "X")[0]), train_rows, validation_rows
        )
    elif _is_by_member(train_rows) or _is_by_member(validation_rows):
        raise ValueError(
            "train_rows and validation_rows hold an array for each member; pass "
            "n_members, or one array of row numbers."
        )
    if validation_data is not None:
        validation_data = _like_training(model, X, validation_data)
    rows, train_rows, validation_rows = _lay_out_rows(
        X, y, sample_weight, validation_data, train_rows, validation_rows
    )
    if early_stopping is not None and not longest(validation_rows):
        raise ValueError(
            "early_stopping needs validation rows: pass validation_data or "
            "validation_rows, or early_stopping=None."
        )
    if early_stopping is not None:
        _check_monitor(early_stopping.monitor, (*metrics, *weighted_metrics))
    plan = Plan(
        train_rows=train_rows,
        validation_rows=validation_rows,
        epochs=epochs,
        schedule=resolve_schedule(learning_rate_schedule),
        stopping=early_stopping,
        shuffle=shuffle,
        seed=seed,
        verbose=verbose,
    )
    recipe = Recipe(
        loss=loss,
        optimizer=optimizer,
        metrics=metrics,
        weighted_metrics=weighted_metrics,
        loss_weights=None if loss_weights is None else tuple(loss_weights),
        batch_size=int(batch_size),
        n_members=n_members,
        jit_compile=jit_compile,
    )
    reason = fallback.reason_not_to_compile(
        model, optimizer, callbacks, loss, recipe.all_metrics
    )
    if reason is None:
        try:
            return _fit_compiled(model, rows, recipe, plan, callbacks, optimizer_state)
        except (NotCompilableError, *fallback.COMPILER_ERRORS) as error:
            reason = fallback.first_line(error)
    fallback.warn_once(reason)
    return fallback.fit_with_keras(
        model, rows, recipe, plan, callbacks, optimizer_state
    )


def _fit_compiled(
    model: Any,
    rows: Rows,
    recipe: Recipe,
    plan: Plan,
    callbacks: Sequence,
    optimizer_state: list | None,
) -> TrainingResult:
    """Run epochs of the architecture's program and copy the weights back."""
    program = PROGRAMS.find(model, recipe, rows)
    free = read_free_numbers(model)
    original = [variable.numpy() for variable in model.weights]
    with program.lock:
        program.start(original, optimizer_state, plan.seed)
        trainer = Trainer(model, program, rows, plan, free, recipe, callbacks)
        try:
            result = trainer.run()
        except BaseException:
            assign_weights(model, original)  # nothing half-trained
            raise
    return result


def _as_tuple(value: Any) -> tuple:
    """Return several things, one thing or None as a tuple."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _check_arguments(
    model: Any, epochs: int, batch_size: int, n_members: int | None
) -> None:
    """Say what is wrong with an argument before anything is traced."""
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


def _check_monitor(monitor: str, metrics: tuple) -> None:
    """Compare what is to be stopped on with what is measured."""
    names = ["loss", *map(losses.metric_name, metrics)]
    known = [prefix + name for prefix in ("val_", "") for name in names]
    if monitor not in known:
        raise ValueError(
            f"early_stopping.monitor={monitor!r} is not measured; it must be one of "
            f"{known}."
        )


def _check_targets(model: Any, y: Any, name: str) -> None:
    """Compare the number of targets with that of the model's outputs."""
    n_outputs = len(getattr(model, "outputs", None) or ())
    n_targets = len(as_leaves(y, name))
    if n_outputs and n_targets != n_outputs:
        raise ValueError(
            f"{name} has {n_targets} array(s) and the model has {n_outputs} output(s); "
            "pass one target for each output."
        )


def _in_output_order(model: Any, value: Any, name: str) -> Any:
    """Turn a dict by output name into a list in the order of the outputs."""
    names = list(getattr(model, "output_names", None) or ())
    if not isinstance(value, dict) or not names:
        return value
    if set(value) != set(names):
        raise ValueError(
            f"{name} has the keys {sorted(value)}; the model's outputs are {names}."
        )
    return [value[one] for one in names]


def _like_training(model: Any, X: Any, validation_data: tuple) -> tuple:
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
    y = _in_output_order(model, validation_data[1], "validation_data's y")
    _check_targets(model, y, "validation_data's y")
    return (validation_data[0], y, *validation_data[2:])


def _for_each_member(
    n_members: int, n_rows: int, train_rows: Any, validation_rows: Any
) -> tuple[list, list]:
    """Give every member its rows; an array that is not in a list is for all."""
    if train_rows is None:
        train_rows = np.arange(n_rows)
    if validation_rows is None:
        validation_rows = np.arange(0)
    given = []
    for name, rows in (
        ("train_rows", train_rows),
        ("validation_rows", validation_rows),
    ):
        if not isinstance(rows, list):
            rows = [rows] * n_members
        if len(rows) != n_members:
            raise ValueError(f"{name} has {len(rows)} arrays for {n_members} members.")
        given.append(rows)
    return given[0], given[1]


def _lay_out_rows(
    X: Any,
    y: Any,
    sample_weight: np.ndarray | None,
    validation_data: tuple | None,
    train_rows: Any,
    validation_rows: Any,
) -> tuple[Rows, Any, Any]:
    """Put training and validation rows into one padded table, told apart by number."""
    features, targets = as_leaves(X, "X"), as_leaves(y, "y")
    n_rows = len(features[0])
    if len(targets[0]) != n_rows:
        raise ValueError(f"X has {n_rows} rows and y has {len(targets[0])}.")
    if sample_weight is not None and np.shape(sample_weight) != (n_rows,):
        raise ValueError(
            f"sample_weight has shape {np.shape(sample_weight)}; it must be "
            f"({n_rows},)."
        )
    train = _row_numbers(train_rows, n_rows, np.arange(n_rows), "train_rows")
    nothing = [np.arange(0)] * len(train) if isinstance(train, list) else np.arange(0)
    validation = _row_numbers(validation_rows, n_rows, nothing, "validation_rows")
    if longest(train) == 0:
        raise ValueError("there are no rows to train on.")
    if validation_data is not None:
        if longest(validation):
            raise ValueError("pass validation_data or validation_rows, not both.")
        features, targets, sample_weight, added = _append_rows(
            features, targets, sample_weight, validation_data
        )
        validation = [added] * len(train) if isinstance(train, list) else added
    return pad_rows(features, targets, sample_weight, X), train, validation


def _is_by_member(rows: Any) -> bool:
    """Whether rows are a list of arrays, one for each member."""
    return isinstance(rows, list) and bool(rows) and np.ndim(rows[0]) == 1


def _row_numbers(rows: Any, n_rows: int, default: Any, name: str) -> Any:
    """Check row numbers; a list holds an array for each member."""
    if rows is None:
        return default
    if _is_by_member(rows):
        return [_row_numbers(one, n_rows, default, name) for one in rows]
    rows = np.asarray(rows)
    if rows.ndim != 1:
        raise ValueError(f"{name} has shape {rows.shape}; row numbers stand in a row.")
    if rows.dtype.kind == "b":
        if rows.shape != (n_rows,):
            raise ValueError(
                f"{name} is a mask of shape {rows.shape}; X has {n_rows} rows."
            )
        return np.flatnonzero(rows)
    if rows.dtype.kind not in "iu" and rows.size:
        raise ValueError(f"{name} has dtype {rows.dtype}; row numbers are integers.")
    rows = rows.astype(np.int64)
    if rows.size and (rows.min() < 0 or rows.max() >= n_rows):
        raise ValueError(
            f"{name} runs from {rows.min()} to {rows.max()}; X has rows 0 to "
            f"{n_rows - 1}."
        )
    return rows


def _append_rows(
    features: list, targets: list, weights: np.ndarray | None, extra: tuple
) -> tuple[list, list, np.ndarray | None, np.ndarray]:
    """Append validation rows to the table; return their row numbers too."""
    more_features = as_leaves(extra[0], "validation_data[0]")
    more_targets = as_leaves(extra[1], "validation_data[1]")
    more_weights = extra[2] if len(extra) > 2 else None
    for old, new in zip(
        [*features, *targets], [*more_features, *more_targets], strict=True
    ):
        if old.shape[1:] != new.shape[1:]:
            raise ValueError(
                f"validation_data has rows of shape {new.shape[1:]} where training has "
                f"{old.shape[1:]}."
            )
    n_rows, n_more = len(features[0]), len(more_features[0])
    if n_more != len(more_targets[0]):
        raise ValueError(
            f"validation_data has {n_more} rows of X and {len(more_targets[0])} of y."
        )
    if more_weights is not None and len(more_weights) != n_more:
        raise ValueError(
            f"validation_data has {n_more} rows and {len(more_weights)} weights."
        )
    if weights is not None or more_weights is not None:
        first = np.ones(n_rows) if weights is None else weights
        second = np.ones(n_more) if more_weights is None else more_weights
        weights = np.concatenate([first, second])
    return (
        [np.concatenate(pair) for pair in zip(features, more_features, strict=True)],
        [np.concatenate(pair) for pair in zip(targets, more_targets, strict=True)],
        weights,
        np.arange(n_rows, n_rows + n_more),
    )
