"""Inner folds: which rows each net learns from, and what it says about the others."""

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedKFold

from segmentlearn import engine, networks
from segmentlearn.neural_network._segment_classifier._holdout import stratified_holdout

_SEED_STEP = 7919  # between the seeds of nets, so that those of two fits do not meet
_SMALLEST_PROBABILITY = 1e-9
# rows of one prediction: each becomes many, one for each member
_ROWS_AT_ONCE = 4096


@dataclasses.dataclass(frozen=True)
class Fold:
    """The rows of one net.

    Parameters
    ----------
    train_rows : ndarray of int
        Rows to learn from.
    held_out : ndarray of int
        Rows to stop on; may be empty.
    validation_data : tuple or None
        Features, classes and weights to stop on, in place of rows of the table.
    """

    train_rows: np.ndarray
    held_out: np.ndarray
    validation_data: tuple | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The rows as `engine.fit` takes them."""
        if self.validation_data is not None:
            return {
                "train_rows": self.train_rows,
                "validation_data": self.validation_data,
            }
        if not len(self.held_out):
            return {"train_rows": self.train_rows}
        return {"train_rows": self.train_rows, "validation_rows": self.held_out}


def inner_folds(
    codes: np.ndarray,
    rows: np.ndarray,
    n_folds: int,
    fraction: float,
    random_state: np.random.RandomState,
    class_names: np.ndarray,
) -> list[Fold]:
    """Split rows into stratified folds, or hold a share of them out once."""
    if not n_folds:
        train, held_out = stratified_holdout(
            codes[rows], fraction, random_state, class_names
        )
        return [Fold(rows[train], rows[held_out])]
    splitter = StratifiedKFold(
        n_folds, shuffle=True, random_state=random_state.randint(2**31 - 1)
    )
    splits = splitter.split(rows, codes[rows])
    return [Fold(rows[train], rows[held_out]) for train, held_out in splits]


def net_seed(seed: int, number: int) -> int:
    """Return the seed of one of a classifier's nets; the first has the classifier's."""
    return (seed + number * _SEED_STEP) % 2**31


def train_nets(
    nets: Sequence,
    folds: Sequence[Fold],
    train: Callable[..., Any],
    seed: int,
    logs: Sequence | None = None,
) -> list:
    """Train the nets in turn, each on its fold, with one compiled program."""
    results: list = []
    logs = logs or [None] * len(nets)
    for number, (net, fold, log) in enumerate(zip(nets, folds, logs, strict=True)):
        own = {"seed": net_seed(seed, number)}
        if log is not None:
            own["log_dir"] = log
        is_last = number == len(nets) - 1
        with contextlib.nullcontext() if is_last else engine.pass_interrupts_on():
            results.append(train(net, **own, **fold.arguments))
    return results


def held_out_logits(
    nets: Sequence, folds: Sequence[Fold], features: np.ndarray, n_classes: int
) -> np.ndarray:
    """Return what each net says about the rows that it was stopped on."""
    logits = np.full((len(features), n_classes), np.nan)
    for net, fold in zip(nets, folds, strict=True):
        if len(fold.held_out):
            logits[fold.held_out] = predict_logits(net, features[fold.held_out])
    return logits


def predict_logits(net: Any, features: np.ndarray) -> np.ndarray:
    """Return the logits of a net, averaged over its members."""
    outputs = engine.predict(net, features, batch_size=_ROWS_AT_ONCE, dtype=np.float64)
    if outputs.ndim == 2:
        return np.log(np.maximum(outputs, np.finfo(np.float32).tiny))
    return log_softmax(outputs.mean(axis=1), axis=1)


def predict_probabilities(model: Any, features: np.ndarray) -> np.ndarray:
    """Return a classifier's probabilities."""
    is_packed = networks.packed_nets(model) != [model]
    rows = {"batch_size": _ROWS_AT_ONCE} if is_packed else {}
    return engine.predict(model, features, dtype=np.float64, **rows)


def never_impossible(probabilities: np.ndarray) -> np.ndarray:
    """Give every segment of every customer a share above zero."""
    probabilities = np.maximum(probabilities, _SMALLEST_PROBABILITY)
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def mean_history(histories: Sequence[dict[str, list]]) -> dict[str, list[float]]:
    """Average histories epoch by epoch, over the nets that trained so long."""
    if len(histories) == 1:
        return histories[0]
    n_epochs = max(len(history["loss"]) for history in histories)
    return {
        name: [
            float(np.mean([h[name][epoch] for h in histories if epoch < len(h[name])]))
            for epoch in range(n_epochs)
        ]
        for name in histories[0]
    }
