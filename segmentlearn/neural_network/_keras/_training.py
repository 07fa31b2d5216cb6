"""A compiled Keras model and the arguments of ``fit``, as the engine takes them."""

from typing import Any

import numpy as np
import scipy.sparse

from segmentlearn import engine
from segmentlearn.engine import (
    EarlyStopping,
    compile_config,
    keras,
    metric_name,
    more_is_better,
    output_names,
    raw_learning_rate,
    read_state,
    reason_not_to_compile,
    write_state,
)
from segmentlearn.neural_network._split import Split

# of keras.Model.fit: what the engine does itself, and what is of no account to it
_KNOWN = {
    "batch_size",
    "callbacks",
    "epochs",
    "initial_epoch",
    "sample_weight",
    "shuffle",
    "validation_batch_size",
    "validation_data",
    "validation_split",
    "verbose",
}
_WITHOUT_EFFECT = {"validation_freq": 1}  # any other argument: None
_RATE_CALLBACKS = (
    keras.callbacks.LearningRateScheduler,
    keras.callbacks.ReduceLROnPlateau,
)


def flatten_callbacks(callbacks: Any) -> list:
    """Turn lists within a list of callbacks into one list."""
    return keras.tree.flatten(list(callbacks))


def translate_early_stopping(
    callbacks: list, metrics: tuple, validates: bool
) -> tuple[EarlyStopping | None, Any, list]:
    """Let the engine itself stop early, where Keras' own callback asks for it.

    The engine then need not hand the weights to the user's model after each epoch.
    """
    plain = [c for c in callbacks if type(c) is keras.callbacks.EarlyStopping]
    if len(plain) != 1 or not _can_be_a_rule(plain[0], metrics, validates):
        return None, None, list(callbacks)
    source = plain[0]
    rule = EarlyStopping(
        patience=int(source.patience),
        # Keras turns its sign once the callback has been used
        min_delta=abs(float(source.min_delta)),
        restore_best=bool(source.restore_best_weights),
        monitor=source.monitor,
    )
    return rule, source, [c for c in callbacks if c is not source]


def _can_be_a_rule(callback: Any, metrics: tuple, validates: bool) -> bool:
    """Whether the engine's rule can replace the callback."""
    name = callback.monitor.removeprefix("val_")
    directions = {"loss": False}
    for metric in metrics:
        directions.setdefault(metric_name(metric), more_is_better(metric))
    return (
        callback.baseline is None
        and callback.start_from_epoch <= 0
        and not callback.verbose  # it reports when it stops
        and (validates or not callback.monitor.startswith("val_"))
        and name in directions
        and callback.mode in ("auto", "max" if directions[name] else "min")
    )


def report_back(source: Any, rule: EarlyStopping, result: Any) -> None:
    """Note on a translated callback what Keras would have noted on it."""
    best = int(result.best_epoch)
    source.best_epoch = max(best, 0)
    source.best = result.history[rule.monitor][best] if best >= 0 else None
    source.wait = result.n_epochs - 1 - best
    stopped = source.wait >= max(1, rule.patience)
    source.stopped_epoch = result.n_epochs - 1 if stopped else 0


class LaterEpochs(keras.callbacks.Callback):
    """A callback that counts epochs on from an earlier fit."""

    def __init__(self, callback: Any, first_epoch: int) -> None:
        super().__init__()
        self._callback, self._first_epoch = callback, first_epoch
        self.monitor = getattr(callback, "monitor", "")
        for hook in ("set_model", "on_train_begin", "on_train_end"):
            setattr(self, hook, getattr(callback, hook))

    @property
    def mode(self) -> Any:
        """Whether what it monitors has to grow, where it monitors something."""
        return getattr(self._callback, "mode", None)

    @mode.setter
    def mode(self, value: str) -> None:
        self._callback.mode = value

    def set_params(self, params: dict) -> None:
        """Pass the settings of the training on."""
        total = (params.get("epochs") or 0) + self._first_epoch
        self._callback.set_params({**params, "epochs": total})

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Pass the beginning of an epoch on."""
        self._callback.on_epoch_begin(epoch + self._first_epoch, logs)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Pass the end of an epoch on."""
        self._callback.on_epoch_end(epoch + self._first_epoch, logs)


class LeftToKerasError(Exception):
    """Something in the model or in the arguments is left to Keras' own ``fit``."""


def read_compilation(model: Any) -> dict[str, Any]:
    """Return the arguments of ``model.compile`` as those of `engine.fit`."""
    config = compile_config(model)
    if config is None:
        raise LeftToKerasError(f"{type(model).__name__} has a compile of its own")
    if any(loss is None for loss in keras.tree.flatten(model.loss)):
        raise LeftToKerasError("an output has no loss")
    if (config.get("steps_per_execution") or 1) != 1:
        raise LeftToKerasError("the model has steps_per_execution set")
    return {
        "loss": model.loss,
        "optimizer": model.optimizer,
        "metrics": _of_first_output(model, config.get("metrics")),
        "weighted_metrics": _of_first_output(model, config.get("weighted_metrics")),
        "loss_weights": config.get("loss_weights"),
    }


def _of_first_output(model: Any, metrics: Any) -> tuple:
    """Return the metrics of a model that measures its first output only."""
    if not metrics:
        return ()
    names = list(getattr(model, "output_names", None) or ())
    if isinstance(metrics, dict):
        metrics = [metrics.get(name) for name in names]
    if not isinstance(metrics, (list, tuple)):
        metrics = [metrics]
    if len(names) > 1:
        if any(metrics[1:]):
            raise LeftToKerasError("several outputs have metrics")
        metrics = metrics[:1]
    return tuple(m for m in keras.tree.flatten(metrics) if m is not None)


def check_arguments(X: Any, y: Any, arguments: dict) -> None:
    """Look for what only Keras' own ``fit`` knows how to do."""
    for name, value in arguments.items():
        if name not in _KNOWN and value != _WITHOUT_EFFECT.get(name):
            raise LeftToKerasError(f"fit gets {name}={value!r}")
    if arguments.get("shuffle") not in (None, True, False):
        raise LeftToKerasError(f"fit gets shuffle={arguments['shuffle']!r}")
    for name, table in (("X", X), ("y", y)):
        for leaf in keras.tree.flatten(table):
            if not isinstance(leaf, np.ndarray):
                raise LeftToKerasError(f"{name} is a {type(leaf).__name__}")
            if leaf.dtype.kind not in "biuf":
                raise LeftToKerasError(f"{name} has dtype {leaf.dtype}")
    weights = arguments.get("sample_weight")
    if weights is not None and getattr(weights, "ndim", None) != 1:
        raise LeftToKerasError("sample_weight has more than one number a row")


def fit_compiled(
    model: Any, X: Any, y: Any, arguments: dict, split: Split, seed: int, log_dir: Any
) -> Any:
    """Train a compiled Keras model with the engine."""
    check_arguments(X, y, arguments)
    compilation = read_compilation(model)
    first_epoch = int(arguments.get("initial_epoch") or 0)
    every_metric = (*compilation["metrics"], *compilation["weighted_metrics"])
    # the engine looks for what is not a number itself
    own = keras.callbacks.TerminateOnNaN
    callbacks = [item for item in arguments["callbacks"] if type(item) is not own]
    outputs = output_names(model)
    if len(outputs) > 1 and every_metric and callbacks:
        raise LeftToKerasError("callbacks may look at a metric of several outputs")
    reason = reason_not_to_compile(
        model, model.optimizer, callbacks, model.loss, every_metric
    )
    if reason is not None:
        raise LeftToKerasError(reason)
    rule, source, callbacks = translate_early_stopping(
        callbacks, every_metric, split.validates
    )
    shown = [LaterEpochs(c, first_epoch) if first_epoch else c for c in callbacks]
    if every_metric or len(outputs) > 1:
        build_metrics(model, X, y)
    # rows and masks of a later epoch are not those of the first
    state = np.random.SeedSequence([seed, first_epoch]).generate_state(1)
    verbose = arguments.get("verbose", 1)
    result = engine.fit(
        model,
        X,
        y,
        epochs=int(arguments["epochs"]) - first_epoch,
        batch_size=int(arguments.get("batch_size") or 32),
        sample_weight=arguments.get("sample_weight"),
        early_stopping=rule,
        callbacks=shown,
        log_dir=log_dir,
        optimizer_state=read_state(model.optimizer) if model.optimizer.built else None,
        shuffle=arguments.get("shuffle", True) is not False,
        seed=int(state[0]) >> 1,
        verbose=1 if verbose == "auto" else int(verbose),
        **split.fit_arguments(),
        **compilation,
    )
    if model.optimizer.built:
        write_state(model.optimizer, result.optimizer_state)
    if source is not None and rule is not None:
        report_back(source, rule, result)
    _keep_rate(model, result, callbacks)
    if not any(isinstance(callback, _RATE_CALLBACKS) for callback in callbacks):
        result.history.pop("learning_rate", None)  # Keras leaves it out as well
    if len(outputs) > 1:
        result.history = _as_keras_names(result.history, outputs)
    return result


def _as_keras_names(history: dict, outputs: list) -> dict:
    """Say which output a metric is of: the first."""
    without = {"loss", "learning_rate", *(f"{output}_loss" for output in outputs)}
    named = {}
    for name, values in history.items():
        measure = name.removeprefix("val_")
        if measure not in without:
            name = name.removesuffix(measure) + f"{outputs[0]}_{measure}"
        named[name] = values
    return named


def build_optimizer(model: Any) -> None:
    """Give a compiled model's optimizer its variables."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)


def build_metrics(model: Any, X: Any, y: Any) -> None:
    """Let a compiled model make its metrics by one row, as Keras' ``fit`` does."""
    known = model.metrics
    if len(known) > 1 and all(getattr(metric, "metrics", True) for metric in known):
        return
    row, target = keras.tree.map_structure(_one_row, (X, y))
    outputs = model(row)
    model.compute_loss(row, target, outputs)
    model.compute_metrics(row, target, outputs)
    model.reset_metrics()


def _keep_rate(model: Any, result: Any, callbacks: list) -> None:
    """Leave the optimizer with the rate that callbacks have brought it to."""
    rates = result.history.get("learning_rate")
    if not callbacks or not result.compiled or not rates or rates[0] == rates[-1]:
        return
    if isinstance(raw_learning_rate(model.optimizer), keras.Variable):
        model.optimizer.learning_rate = rates[-1]


def rows_at_once(model: Any) -> int:
    """Return how many rows a prediction holds at once, by the model's widest layer."""
    widest = 1
    for layer in getattr(model, "layers", ()):
        try:
            outputs = keras.tree.flatten(layer.output)
        except (AttributeError, ValueError, RuntimeError):
            continue  # not part of a graph
        for output in outputs:
            sizes = [1 if size is None else size for size in output.shape[1:]]
            widest = max(widest, int(np.prod(sizes)))
    fitting = [size for size in (256, 4096, 65536) if size * widest <= 2**24]
    return fitting[-1] if fitting else 256


def build_for(model: Any, X: Any) -> None:
    """Give a model that has no input layer its weights, by the shape of a table."""
    if isinstance(model, keras.Sequential) and isinstance(X, np.ndarray):
        model.build((None, *X.shape[1:]))
        return
    model(keras.tree.map_structure(_one_row, X))


def _one_row(leaf: Any) -> Any:
    return keras.ops.convert_to_tensor(leaf[:1])


def take_apart(X: Any, y: Any, weights: Any, split: Split) -> tuple:
    """Divide a table as Keras' own ``fit`` takes it."""
    if not len(split.validation_rows):
        return X, y, weights, split.validation_data

    def take(rows: Any) -> tuple:
        parts = [
            keras.tree.map_structure(lambda leaf: leaf[rows], part)
            if is_plain(part)
            else part[rows]
            for part in (X, y)
        ]
        return (*parts, None if weights is None else weights[rows])

    held_out = take(split.validation_rows)
    train = take(split.train_rows)
    return (*train, held_out[:2] if weights is None else held_out)


def as_dense(X: Any) -> Any:
    """Fill a sparse matrix up, where it is small enough to be trained on so."""
    if not scipy.sparse.issparse(X) or 4 * np.prod(X.shape, dtype=float) > 2**28:
        return X
    return X.astype(np.float32).toarray()


def is_plain(table: Any) -> bool:
    """Whether a table is an array of numbers, or a list or dict of them."""
    return all(
        isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biuf"
        for leaf in keras.tree.flatten(table)
    )
