"""Event files for TensorBoard: losses, metrics and histograms of weights by epoch."""

import dataclasses
import os
import pathlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._keras_compat import keras

_N_BINS = 30  # of a histogram, as in Keras' callback
_FLUSH_SECONDS = 10  # so that TensorBoard can follow a training


class LogFolder:
    """The folder of one fit: a new one, made when something is first written.

    A copy, and what is read from a pickle, is None: it would write into the same
    folder.

    Parameters
    ----------
    log_dir : str or path-like
        Folder of all fits; made if it is not there.
    name : str, default="fit_"
        Beginning of the folder's name; a number follows, the first that is free.
    next_epoch : int, default=0
        Step of the next epoch that is written: more than 0 where a training goes on.

    Raises
    ------
    ImportError
        If the package ``tensorboard`` is not installed.
    ValueError
        If `log_dir` cannot be a folder, or not one to write into.

    Examples
    --------
    >>> import tempfile
    >>> from segmentlearn.engine import LogFolder
    >>> with tempfile.TemporaryDirectory() as log_dir:
    ...     [LogFolder(log_dir, "wide_").path.name for _ in range(2)]
    ['wide_1', 'wide_2']
    """

    def __init__(
        self, log_dir: str | os.PathLike[str], name: str = "fit_", next_epoch: int = 0
    ) -> None:
        _check_package(log_dir)
        self.log_dir = pathlib.Path(log_dir)
        try:
            self.log_dir.mkdir(parents=True, exist_ok=True)
            if not os.access(self.log_dir, os.W_OK | os.X_OK):
                raise PermissionError("you may not write into it")
        except OSError as error:
            raise ValueError(
                f"log_dir={os.fspath(log_dir)!r} cannot hold a fit's folder ({error}); "
                "name another one, or pass log_dir=None."
            ) from error
        self.next_epoch = next_epoch
        self._name = name
        self._path: pathlib.Path | None = None

    def __reduce__(self) -> tuple:
        return type(None), ()

    def part(self, name: str) -> "LogPart":
        """Return a folder within this one, for one net of several.

        Parameters
        ----------
        name : str
            Of the folder.

        Returns
        -------
        part : LogPart
        """
        return LogPart(self, name)

    def is_in(self, log_dir: str | os.PathLike[str]) -> bool:
        """Whether the folder is, or will be, directly in another one.

        Parameters
        ----------
        log_dir : str or path-like
            The other one.

        Returns
        -------
        is_in : bool
        """
        return self.log_dir == pathlib.Path(log_dir)

    @property
    def path(self) -> pathlib.Path:
        """The folder, which nobody else writes to."""
        number = 1
        while self._path is None:
            path = self.log_dir / f"{self._name}{number}"
            try:
                # atomic: of two processes, one gets the next number
                path.mkdir(parents=True)
            except FileExistsError:
                number += 1
            else:
                self._path = path
        return self._path


@dataclasses.dataclass(frozen=True)
class LogPart:
    """A folder within that of a fit: one for each net of an ensemble.

    Parameters
    ----------
    folder : LogFolder
    name : str
    """

    folder: LogFolder
    name: str

    @property
    def path(self) -> pathlib.Path:
        """Where to write."""
        return self.folder.path / self.name

    @property
    def next_epoch(self) -> int:
        """Step of the next epoch that is written."""
        return self.folder.next_epoch


class EpochLog:
    """Writes epochs of one net, or of members, into the folder of a fit."""

    def __init__(
        self, folder: LogFolder | LogPart, model: Any, n_members: int | None = None
    ) -> None:
        self._folder = folder
        self._epoch = folder.next_epoch
        self._names = weight_names(model)
        self._is_trained = [variable.trainable for variable in model.weights]
        self._frozen: dict[int, np.ndarray] = {}
        self._n_members = n_members
        self._writers: dict[str, Any] = {}

    def close(self) -> None:
        """Write what has not been written yet, and close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def write(
        self, logs: Mapping[str, Any], weights: Sequence[np.ndarray] | None = None
    ) -> None:
        """Write the next epoch down."""
        due = self._due(weights)
        if self._n_members is None:
            self._write("", logs, due)
        else:
            for member in range(self._n_members):
                own = {
                    name: np.broadcast_to(value, self._n_members)[member]
                    for name, value in logs.items()
                }
                self._write(f"member_{member}", own, [(n, w[member]) for n, w in due])
        self._epoch += 1

    def _due(self, weights: Sequence[np.ndarray] | None) -> list:
        """Name the weights; those that nothing changes are written once."""
        due = []
        for number, weight in enumerate(weights or ()):
            if not self._is_trained[number]:
                known = self._frozen.get(number)
                if known is not None and np.array_equal(known, weight):
                    continue
                self._frozen[number] = np.array(weight)
            due.append((self._names[number], weight))
        return due

    def _write(self, place: str, logs: Mapping[str, Any], weights: list) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        values: dict[str, list] = {"train": [], "validation": []}
        for name, value in logs.items():
            side = "validation" if name.startswith("val_") else "train"
            tag = f"epoch_{name.removeprefix('val_')}"
            values[side].append(Summary.Value(tag=tag, simple_value=float(value)))
        for name, weight in weights:
            numbers = np.asarray(weight, np.float64).ravel()
            numbers = numbers[np.isfinite(numbers)]
            if numbers.size:
                tag, counts = f"{name}/histogram", _histogram(numbers)
                values["train"].append(Summary.Value(tag=tag, histo=counts))
        for side, items in values.items():
            path = f"{place}/{side}".strip("/")
            if items and path not in self._writers:
                self._writers[path] = EventFileWriter(
                    str(self._folder.path / path), flush_secs=_FLUSH_SECONDS
                )
            if items:
                summary, now = Summary(value=items), time.time()
                event = Event(step=self._epoch, wall_time=now, summary=summary)
                self._writers[path].add_event(event)


class LogCallback(keras.callbacks.Callback):
    """Writes the epochs of Keras' own ``fit``."""

    def __init__(self, folder: LogFolder | LogPart) -> None:
        super().__init__()
        self._folder = folder
        self._log: EpochLog | None = None

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write an epoch down."""
        if self._log is None:
            self._log = EpochLog(self._folder, self.model)
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        logs = {**(logs or {}), "learning_rate": float(rate)}
        self._log.write(logs, [variable.numpy() for variable in self.model.weights])

    def close(self) -> None:
        """Close the files, however the training has ended."""
        if self._log is not None:
            self._log.close()


def as_folder(log_dir: Any) -> LogFolder | LogPart | None:
    """Return the folder of a fit; an estimator may have made it already."""
    if log_dir is None or isinstance(log_dir, LogFolder | LogPart):
        return log_dir
    return LogFolder(log_dir)


def weight_names(model: Any) -> list[str]:
    """Name the weights of a model, each differently, and equally in equal models.

    Keras numbers layers without a name through the whole process; here each model
    counts its own, so that histograms of two fits have the same names.
    """
    given: dict[str, str] = {}
    counts: dict[str, int] = {}
    for layer in _layers_of(model):
        default = _default_name(layer)
        is_numbered = re.fullmatch(rf"{re.escape(default)}(_\d+)?", layer.name)
        if is_numbered and layer.name not in given:
            number = counts[default] = counts.get(default, -1) + 1
            given[layer.name] = f"{default}_{number}" if number else default
    names: dict[str, None] = {}
    for variable in model.weights:
        parts = variable.path.replace(":", "_").split("/")
        name = "/".join(given.get(part, part) for part in parts)
        number = 2
        unique = name
        while unique in names:
            unique, number = f"{name}_again_{number}", number + 1
        names[unique] = None
    return list(names)


def _layers_of(layer: Any) -> Iterator[Any]:
    """Give a model and all layers in it, from the first to the last."""
    yield layer
    for inner in getattr(layer, "layers", ()):
        yield from _layers_of(inner)


def _default_name(layer: Any) -> str:
    """Return the name that Keras gives to a first layer of this class."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _histogram(numbers: np.ndarray) -> Any:
    """Count numbers in bins of one width."""
    from tensorboard.compat.proto import summary_pb2

    # by hand: numpy.histogram takes several times as long for a small array
    low, high = float(numbers.min()), float(numbers.max())
    width = (high - low) / _N_BINS
    if width > 0 and np.isfinite(width):
        bins = np.minimum((numbers - low) / width, _N_BINS - 1).astype(np.intp)
        counts = np.bincount(bins, minlength=_N_BINS)
        limits = low + width * np.arange(1, _N_BINS + 1)
    else:
        counts, limits = np.array([numbers.size]), np.array([high])
    return summary_pb2.HistogramProto(
        min=low,
        max=high,
        num=numbers.size,
        sum=float(numbers.sum()),
        sum_squares=float(numbers @ numbers),
        bucket_limit=limits.tolist(),
        bucket=counts.tolist(),
    )


def _check_package(log_dir: Any) -> None:
    try:
        import tensorboard.summary.writer.event_file_writer  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"log_dir={os.fspath(log_dir)!r} asks for TensorBoard's event files, and "
            'the package tensorboard is missing: pip install "segmentlearn'
            '[tensorboard]", or pass log_dir=None.'
        ) from error
