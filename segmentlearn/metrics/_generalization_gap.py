"""Overfitting, from the training and validation losses of a fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_HELD_OUT = "val_"
_FEWEST_EPOCHS = 3
_FEWEST_FOR_JITTER = 8
_LAST_EPOCHS = 3  # whose median is how far the loss has risen
_NOISE_FACTOR = 3.0


@dataclass(frozen=True)
class GeneralizationGap:
    """The gap between training and held-out loss; see :func:`generalization_gap`.

    Attributes
    ----------
    measure : str
        The loss that is compared, such as "loss" or "log_loss".
    n_epochs : int
        Epochs trained.
    best_epoch : int or None
        Epoch (from 1) of the lowest held-out loss; None without held-out loss.
    training_loss, validation_loss : float
        The losses in `best_epoch`, or the training loss of the last epoch; NaN where
        there is none.
    gap : float
        `validation_loss` minus `training_loss`.
    rise : float
        How far the held-out loss lies above its lowest value at the end: the median of
        at most three last epochs after the best one; 0.0 where the last epoch is best.
    tolerance : float
        Rises and falls up to this size count as noise.
    state : {"overfits", "unstable", "falling", "no_sign", "unknown"}
        The verdict in one word.
    verdict : str
        The verdict as a sentence, in short before its colon, with numbers after it.
    """

    measure: str
    n_epochs: int
    best_epoch: int | None
    training_loss: float
    validation_loss: float
    gap: float
    rise: float
    tolerance: float
    state: str
    verdict: str

    def __str__(self) -> str:
        return self.verdict


def generalization_gap(
    history: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    measure: str = "auto",
    tol: float = 0.05,
) -> GeneralizationGap:
    """Return whether a fit overfits, from its losses epoch by epoch.

    The criterion is the curve of the held-out loss: a net overfits from the epoch on
    after which its held-out loss rises while its training loss goes on falling.

    Parameters
    ----------
    history : dict of str to list of float, or list of dict
        Measures by name, a value an epoch, as ``history_`` of
        :class:`~segmentlearn.SegmentClassifier`,
        :class:`~segmentlearn.Autoencoder` and Keras' ``History.history``: those of
        held-out rows begin with ``"val_"`` and may be NaN in single epochs. Several are
        one net each, as of folds: their median is used, up to the last epoch that
        half of them have reached, where nets that have stopped keep their last value.
    measure : str, default="auto"
        The loss to compare; it has to be better the lower it is. "auto" is "log_loss"
        where there are ``log_loss`` and ``val_log_loss``, the loss that packed nets
        stop on, and else "loss".
    tol : float, default=0.05
        Rises and falls up to this share of the whole fall of the held-out loss, from
        its first epoch to its best, count as noise; and so do, from eight
        epochs on, those within three standard deviations of its jitter from epoch to
        epoch.

    Returns
    -------
    result : GeneralizationGap
        Numbers and a ``verdict``.

    Raises
    ------
    ValueError
        If there is no epoch, the measure is missing, or values are not one an epoch.

    See Also
    --------
    segmentlearn.plotting.TrainingHistoryDisplay : The curves, with the verdict.

    Notes
    -----
    Training loss is the mean over an epoch in which weights still change, and is
    measured with dropout and noise on; held-out loss is measured after the epoch with
    both off. So a training loss above the held-out loss is the usual thing early on
    and with dropout, and is no evidence of underfitting; and a gap alone, without a
    rise, is no evidence of overfitting. Both are numbers of the result, not reasons of
    the verdict.

    The lowest of many noisy values is too good: `validation_loss` is not an estimate of
    the loss on new rows. "falling" looks at the last third of the epochs only, and does
    not know whether more of them would have helped, just that the loss had not levelled
    off.

    Where nets of folds stop at different epochs, ``history_`` is the mean over those
    that still train, so its last epochs are of fewer, and slower, nets.

    Examples
    --------
    >>> from segmentlearn.metrics import generalization_gap
    >>> result = generalization_gap(
    ...     {"loss": [1.0, 0.6, 0.4, 0.3, 0.2], "val_loss": [1.1, 0.8, 0.7, 0.9, 1.0]}
    ... )
    >>> result.best_epoch, result.state
    (3, 'overfits')
    >>> print(result)
    overfits after epoch 3: held-out loss rises from 0.7 to 0.95 while training loss \
goes on falling
    """
    curves = median_history(history)
    if not curves or not any(len(values) for values in curves.values()):
        raise ValueError("history has no epoch; pass history_ of a fitted net.")
    name = measure
    if measure == "auto":
        both = {"log_loss", _HELD_OUT + "log_loss"} <= set(curves)
        name = "log_loss" if both else "loss"
    if name not in curves:
        raise ValueError(
            f"measure={name!r} is not in the history, which has {list(curves)!r}."
        )
    training = curves[name]
    held_out = curves.get(_HELD_OUT + name, np.full(len(training), np.nan))
    if len(held_out) != len(training):
        raise ValueError(
            f"history has {len(training)} values of {name!r} and {len(held_out)} of "
            f"{_HELD_OUT + name!r}; pass one an epoch, NaN where there is none."
        )
    known = np.flatnonzero(np.isfinite(held_out))
    best, rise, lowest = None, 0.0, np.nan
    if len(known):
        best = int(known[np.argmin(held_out[known])])
        lowest = float(held_out[best])
        after = held_out[known[known > best][-_LAST_EPOCHS:]]
        rise = float(np.median(after) - lowest) if len(after) else 0.0
    noise = _noise(held_out[known], tol)
    state, verdict = _verdict(name, training, held_out, best, rise, noise)
    training_loss = float(training[-1 if best is None else best])
    return GeneralizationGap(
        measure=name,
        n_epochs=len(training),
        best_epoch=None if best is None else best + 1,
        training_loss=training_loss,
        validation_loss=lowest,
        gap=lowest - training_loss,
        rise=rise,
        tolerance=noise,
        state=state,
        verdict=verdict,
    )


def median_history(
    history: Mapping[str, Any] | Sequence[Mapping[str, Any]],
) -> dict[str, np.ndarray]:
    """Return the median of several histories, or a single one as arrays."""
    histories = [history] if isinstance(history, Mapping) else list(history)
    if not histories:
        raise ValueError("history is an empty list; pass one dict for each net.")
    for fit in histories:
        if not isinstance(fit, Mapping):
            raise TypeError(
                "history has to be a dict of measures such as {'loss': [...]}, or a "
                f"list of such dicts, not {type(fit).__name__}."
            )
    names = dict.fromkeys(name for fit in histories for name in fit)
    return {name: _median(histories, name) for name in names}


def _median(histories: list, name: str) -> np.ndarray:
    own = [np.asarray(fit[name], dtype=float) for fit in histories if name in fit]
    if len(own) == 1:
        return own[0]
    lengths = sorted(map(len, own), reverse=True)
    n_epochs = lengths[(len(own) - 1) // 2]  # half of the nets reached it
    reached = np.full((len(own), n_epochs), np.nan)
    for row, values in zip(reached, own, strict=True):
        row[: len(values)] = values[:n_epochs]
        row[len(values) :] = values[-1] if len(values) else np.nan
    seen = ~np.isnan(reached).all(axis=0)
    median = np.full(n_epochs, np.nan)
    median[seen] = np.nanmedian(reached[:, seen], axis=0)
    return median


def _noise(values: np.ndarray, tol: float) -> float:
    """Return up to which size a rise counts as noise.

    The jitter is estimated from third differences, which are small in a smooth curve.
    """
    if not len(values):
        return float("nan")
    fall = tol * (values[0] - values.min())
    if len(values) < _FEWEST_FOR_JITTER:
        return float(fall)
    # of independent values with variance 1 they have variance 1 + 9 + 9 + 1
    jitter = 1.4826 * np.median(np.abs(np.diff(values, 3))) / np.sqrt(20)
    return float(max(fall, _NOISE_FACTOR * jitter))


def _verdict(
    name: str,
    training: np.ndarray,
    held_out: np.ndarray,
    best: int | None,
    rise: float,
    noise: float,
) -> tuple[str, str]:
    """Return state and sentence."""
    words = name.replace("_", " ")
    known = np.flatnonzero(np.isfinite(held_out))
    broken = np.flatnonzero(~np.isfinite(training))
    if len(broken):
        return "unstable", (
            f"training broke down in epoch {broken[0] + 1}: its {words} is not a "
            "finite number; a lower learning rate may help"
        )
    if best is None:
        return "unknown", f"no held-out {words}: nothing is known about new rows"
    if len(known) < _FEWEST_EPOCHS:
        epochs = "epoch" if len(known) == 1 else "epochs"
        return "unknown", (
            f"too few epochs to conclude: there is a held-out {words} in {len(known)} "
            f"{epochs} only"
        )
    lowest, last = f"{held_out[best]:.3g}", f"{held_out[best] + rise:.3g}"
    if rise > noise:
        course = f"held-out {words} rises from {lowest} to {last}"
        if np.median(training[-_LAST_EPOCHS:]) < training[best]:
            return "overfits", (
                f"overfits after epoch {best + 1}: {course} while training loss goes "
                "on falling"
            )
        return "unstable", (
            f"unstable after epoch {best + 1}: {course} and training loss does not "
            "fall either; a lower learning rate may help"
        )
    recent = known[-max(_LAST_EPOCHS, -(-len(known) // 3)) :]
    if best >= recent[-1] - 1 and held_out[recent[0]] - held_out[best] > noise:
        return "falling", (
            f"still falling: held-out {words} is lowest, {lowest}, in epoch "
            f"{best + 1} of {len(training)}; more epochs may help"
        )
    end = "stays near it" if best < known[-1] else "has levelled off"
    return "no_sign", (
        f"no sign of overfitting: held-out {words} is lowest, {lowest}, in epoch "
        f"{best + 1} of {len(training)}, and {end}"
    )
