"""How a training goes on from an earlier one: weights, history, epochs counted on."""

import dataclasses
import warnings
from typing import Any

import numpy as np

from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.neural_network._segment_classifier._ensemble import mean_history


@dataclasses.dataclass(frozen=True)
class EarlierTraining:
    """What a warm start goes on from.

    Parameters
    ----------
    weights : list of ndarray
        Of the net.
    history : dict of str to list of float
        Of all epochs so far.
    meaning : tuple
        What the net's inputs and outputs stand for.
    """

    weights: list
    history: dict[str, list[float]]
    meaning: tuple


class Continuation:
    """Mixin for estimators whose training can go on: counts epochs from fit to fit.

    Stands left of ``BaseEstimator``, beside ``TableInput``.
    """

    def _earlier_training(self) -> EarlierTraining | None:
        """Return what a warm start goes on from; None before the first fit."""
        if not hasattr(self, "model_"):
            return None
        return EarlierTraining(
            self.model_.get_weights(), self.history_, self._meaning_of_the_net()
        )

    def _take_up(self, model: Any, earlier: EarlierTraining | None) -> dict:
        """Give a new net the earlier weights if they fit; return its history so far."""
        if earlier is None:
            return {}
        shapes = [tuple(weight.shape) for weight in model.weights]
        if (
            shapes == [np.shape(array) for array in earlier.weights]
            and earlier.meaning == self._meaning_of_the_net()
        ):
            model.set_weights(earlier.weights)
            return earlier.history
        warnings.warn(
            "warm_start: the net, the classes or the columns are not those of the last "
            "fit, so training starts from fresh weights.",
            SegmentLearnWarning,
            stacklevel=4,
        )
        return {}

    def _keep(
        self, model: Any, results: list, earlier: dict[str, list], n_nets: int
    ) -> None:
        """Set the fitted attributes; epochs are counted on from an earlier history."""
        n_before = len(earlier.get("loss", ()))
        self.model_ = model
        own = [result.history for result in results]
        self.history_ = extend_history(earlier, mean_history(own))
        so_far = getattr(self, "fold_histories_", []) if earlier else []
        if len(so_far) != len(own):  # archives of earlier versions have none
            so_far = [earlier] * len(own)
        self.fold_histories_ = [
            extend_history(_filled_up(before, n_before), later)
            for before, later in zip(so_far, own, strict=True)
        ]
        self.n_iter_ = n_before + max(result.n_epochs for result in results)
        best = [_count_from_one(result.best_epoch, n_before) for result in results]
        self.best_epoch_ = best[0] if n_nets == 1 else best

    def _meaning_of_the_net(self) -> tuple:
        classes: Any = getattr(self, "classes_", None)
        return self._feature_names(), None if classes is None else classes.tolist()  # type: ignore[attr-defined]


def extend_history(
    earlier: dict[str, list], later: dict[str, list]
) -> dict[str, list[float]]:
    """Append one history to another; each measure keeps one value an epoch."""
    names = dict.fromkeys([*earlier, *later])
    return {name: [*_measure(earlier, name), *_measure(later, name)] for name in names}


def _count_from_one(best_epoch: int | None, n_before: int) -> int | None:
    """Return an epoch as users count; None where none was the best."""
    if best_epoch is None or best_epoch < 0:
        return None
    return n_before + best_epoch + 1


def _filled_up(history: dict[str, list], n_epochs: int) -> dict[str, list[float]]:
    """Return a history with NaN for the epochs in which its net had stopped."""
    return {
        name: [*values, *[float("nan")] * (n_epochs - len(values))]
        for name, values in history.items()
    }


def _measure(history: dict[str, list], name: str) -> list[float]:
    n_epochs = len(history.get("loss", ()))
    return history.get(name, [float("nan")] * n_epochs)
