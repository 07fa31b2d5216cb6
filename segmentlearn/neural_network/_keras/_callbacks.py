"""Keras callbacks of a user, as the engine takes them best."""

from typing import Any

from segmentlearn.engine import EarlyStopping, keras, metric_name, more_is_better


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
    if callback.baseline is not None or callback.start_from_epoch > 0:
        return False
    if callback.verbose:  # it reports when it stops
        return False
    if callback.monitor.startswith("val_") and not validates:
        return False
    name = callback.monitor.removeprefix("val_")
    directions = {"loss": False}
    for metric in metrics:
        directions.setdefault(metric_name(metric), more_is_better(metric))
    if name not in directions:
        return False
    return callback.mode in ("auto", "max" if directions[name] else "min")


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
