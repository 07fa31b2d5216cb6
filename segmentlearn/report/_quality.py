"""How good a model is, from customers that it was not fitted to."""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from segmentlearn import model_selection
from segmentlearn._formatting import percent
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.inspection import last_step
from segmentlearn.report._pictures import Picture, draw_counts
from segmentlearn.report._prediction_bias import (
    PredictionBias,
    find_prediction_bias,
    in_words,
)
from segmentlearn.report._suppression import ShownCount, can_be_shown, suppress

_FEWEST_ROWS = 50
_MOST_CLASSES = 12
_N_BOOTSTRAPS = 10
_STABILITY_ROWS = 2_000
# predictions and out-of-fold predictions of other rows agree no more than by chance
_SAME_ROWS = 0.3


@dataclasses.dataclass(frozen=True)
class Quality:
    """How good a model is, as a report shows it.

    Attributes
    ----------
    headline : str
        One sentence.
    paragraphs : list of str
        How it was measured.
    picture : Picture or None, default=None
        How often segments are taken for each other.
    rows : list of (label, verdict, overlap), default=[]
        Stability of segments.
    is_known : bool, default=True
        Whether there is any number.
    hides_counts : bool, default=False
        Whether counts of the picture are hidden.
    prediction_bias : PredictionBias or None, default=None
        How often segments are predicted and how often they occur.
    """

    headline: str
    paragraphs: list[str]
    picture: Picture | None = None
    rows: list[tuple[Any, str, str]] = dataclasses.field(default_factory=list)
    is_known: bool = True
    hides_counts: bool = False
    prediction_bias: PredictionBias | None = None


def classifier_quality(
    model: Any, facts: dict[str, Any], y: np.ndarray | None, predicted: np.ndarray
) -> Quality:
    """Return the quality of a classifier on rows that it was not fitted to."""
    stored = _stored_counts(facts)
    if stored is not None:
        labels, counts = stored
        how = (
            f"Measured once, when the model was made, on {counts.sum():,} customers "
            "that were held out: they took no part in training."
        )
        if facts.get("refit"):
            how += (
                " The model of this report was then fitted again to all customers with "
                "the same settings; the numbers are those of the one before."
            )
        return _of_counts(labels, counts, how)
    accuracy, n_rows = facts.get("held_out_accuracy"), facts.get("held_out_rows")
    if isinstance(accuracy, float) and isinstance(n_rows, int):
        return _of_accuracy(accuracy, n_rows)
    oof = getattr(last_step(model), "oof_proba_", None)
    if oof is not None and y is not None:
        found = _out_of_fold(model, np.asarray(oof), y, predicted)
        if found is not None:
            return found
    why = (
        "The data hold the segments, but these may be the very customers that the "
        "model learnt from. A score on them would be too good, so none is given."
        if y is not None
        else "No numbers of customers that the model had not seen are kept with it."
    )
    cure = (
        "Make the model with the command segmentlearn fit, which scores it on held-out "
        "customers and keeps the numbers in the archive."
    )
    return Quality("How good the model is, is not known.", [why, cure], is_known=False)


def clusterer_quality(
    model: Any, X: pd.DataFrame, labels: np.ndarray, random_state: Any
) -> Quality:
    """Return whether segments come back when customers are drawn again."""
    unknown = "Whether the segments would come back is not known."
    if len(X) < _FEWEST_ROWS:
        why = f"At least {_FEWEST_ROWS} customers are needed; there are fewer."
        return Quality(unknown, [why], is_known=False)
    try:
        with warnings.catch_warnings(action="ignore", category=SegmentLearnWarning):
            found = model_selection.cluster_stability(
                model,
                X,
                labels=labels,
                n_bootstraps=_N_BOOTSTRAPS,
                refit="clusterer",
                max_rows=_STABILITY_ROWS,
                random_state=random_state,
            )
    except (ValueError, TypeError) as error:
        why = f"Segments could not be looked for again in these data: {error}"
        return Quality(unknown, [why], is_known=False)
    frame = found.to_frame()
    stable = frame["jaccard"] >= 0.75
    n, n_stable = len(frame), int(stable.sum())
    shaky = [
        f"{_plain(row.segment)} ({row.verdict})" for row in frame[~stable].itertuples()
    ]
    headline = (
        f"{n_stable or 'None'} of {n} segments come back when the customers are drawn "
        "again" + (f"; do not build much on {in_words(shaky)}." if shaky else ".")
    )
    how = (
        f"Segments were looked for again in {_N_BOOTSTRAPS} random draws from "
        f"{found.n_rows:,} customers, in the same way and in the features that were "
        "learnt once: how unstable these are is left out. Overlap is how much of a "
        "segment was found again, on average: stable from 75 %, doubtful "
        "from 60 %, unstable below. That segments come back does not prove that they "
        "are useful."
    )
    rows = [
        (_plain(row.segment), str(row.verdict), percent(row.jaccard))
        for row in frame.itertuples()
    ]
    return Quality(headline, [how], rows=rows)


def show_confusion(counts: np.ndarray) -> list[list[ShownCount]] | None:
    """Return a confusion matrix in which small counts cannot be worked out.

    A reader knows the number of customers, how many were found, and how many are of the
    largest class. So counts are hidden within three groups whose sums are known: what
    was found, and the errors on the largest class and on all others.
    """
    found = np.eye(len(counts), dtype=bool)
    is_largest = np.zeros_like(found)
    is_largest[counts.sum(axis=1).argmax()] = True
    shown = np.empty(counts.shape, dtype=object)
    for group in (found, ~found & is_largest, ~found & ~is_largest):
        values = counts[group].tolist()
        if not can_be_shown(values):
            return None
        shown[group] = suppress(values)
    return shown.tolist()


def _of_counts(labels: Sequence[str], counts: np.ndarray, how: str) -> Quality:
    """Compare how many were found with naming the largest class."""
    n_rows = int(counts.sum())
    accuracy = np.trace(counts) / n_rows
    baseline = counts.sum(axis=1).max() / n_rows
    paragraphs = [how, *_compared(accuracy, baseline)]
    shown = show_confusion(counts)
    hides = shown is None or not all(cell.is_shown for row in shown for cell in row)
    picture = None
    if len(labels) <= _MOST_CLASSES:
        if shown is None:
            paragraphs.append(
                "Which segments are taken for which is not shown: some groups have "
                "so few customers that they could be worked out."
            )
        else:
            picture = draw_counts(labels, shown)
    return Quality(
        _headline(accuracy),
        paragraphs,
        picture,
        hides_counts=hides and picture is not None,
        prediction_bias=find_prediction_bias(labels, counts, hides_counts=hides),
    )


def _headline(accuracy: float) -> str:
    return (
        f"Of customers that it had not seen, the model finds the right segment for "
        f"{percent(accuracy)}."
    )


def _compared(accuracy: float, baseline: float) -> list[str]:
    shown = percent(baseline)
    beside = f"Always naming the largest segment would be right for {shown}"
    if accuracy - baseline < 0.02:
        return [f"{beside}: the model is not clearly better than that."]
    # of the rounded figures that are shown
    points = float(percent(accuracy).rstrip("%")) - float(shown.rstrip("%"))
    return [f"{beside}: the model is better by {points:.3g} percentage points."]


def _of_accuracy(accuracy: float, n_rows: int) -> Quality:
    """Return the quality of a model whose archive keeps the accuracy alone."""
    how = (
        f"Measured once, when the model was made, on {n_rows:,} customers that were "
        "held out. What naming the largest segment would reach is not kept with it."
    )
    return Quality(_headline(accuracy), [how])


def _stored_counts(facts: dict[str, Any]) -> tuple[list[str], np.ndarray] | None:
    """Return the held-out confusion matrix of an archive."""
    labels, counts = facts.get("held_out_labels"), facts.get("held_out_confusion")
    if not isinstance(labels, list) or not isinstance(counts, list):
        return None
    matrix = np.asarray(counts)
    fits = matrix.shape == (len(labels), len(labels)) and matrix.dtype.kind in "iu"
    if not fits or matrix.sum() < _FEWEST_ROWS:
        return None
    return [str(label) for label in labels], matrix


def _out_of_fold(
    model: Any, oof: np.ndarray, y: np.ndarray, predicted: np.ndarray
) -> Quality | None:
    """Return the quality of out-of-fold predictions, if the data are their rows."""
    known = ~pd.isna(y)
    classes = [str(label) for label in last_step(model).classes_]
    if oof.shape != (known.sum(), len(classes)) or len(oof) < _FEWEST_ROWS:
        return None
    place = {name: at for at, name in enumerate(classes)}
    named = oof.argmax(axis=1)
    true = np.array([place.get(str(label), -1) for label in y[known]])
    again = np.array([place[str(label)] for label in predicted[known]])
    if (true < 0).any() or _kappa(named, again, len(classes)) < _SAME_ROWS:
        return None
    counts = confusion_matrix(true, named, labels=range(len(classes)))
    how = (
        f"Measured on the {len(oof):,} customers of these data, each predicted by nets "
        "that had not learnt from it (out-of-fold probabilities)."
    )
    return _of_counts(classes, counts, how)


def _kappa(first: np.ndarray, second: np.ndarray, n_classes: int) -> float:
    """Return Cohen's kappa; 0 where there is a single class."""
    shares = [
        np.bincount(codes, minlength=n_classes) / len(codes)
        for codes in (first, second)
    ]
    by_chance = shares[0] @ shares[1]
    return float((np.mean(first == second) - by_chance) / max(1 - by_chance, 1e-9))


def _plain(label: Any) -> Any:
    return label.item() if hasattr(label, "item") else label
