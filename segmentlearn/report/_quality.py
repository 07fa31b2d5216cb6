"""How good a model is, from customers that it was not fitted to."""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from segmentlearn import model_selection
from segmentlearn._formatting import names_text, percent
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.inspection import last_step
from segmentlearn.report._pictures import Picture, draw_counts
from segmentlearn.report._suppression import (
    THRESHOLD,
    ShownCount,
    can_be_shown,
    suppress,
)

FEWEST_ROWS = 50
_MOST_CLASSES = 12
# predictions and out-of-fold predictions of other rows agree no more than by chance
_SAME_ROWS = 0.3
_CLEARLY_BETTER = 0.02  # than naming the largest segment
_CLEAR_EXCESS = 0.02  # of the customers
_CLEAR_Z = 2.0
_MOST_LISTED = 3


@dataclasses.dataclass(kw_only=True)
class Quality:
    """How good a model is; the template makes sentences of it.

    Parameters
    ----------
    source : str
        Where the numbers come from: "held out", "refit" (of the model before the last
        fit), "accuracy" (which alone is kept), "out of fold", "stability", or why there
        are none: "unknown", "maybe seen", "few rows" or "failed".
    n_rows : int, default=0
        Customers that they were measured on.
    n_draws : int, default=0
        How often segments were looked for again.
    accuracy, baseline, points : str, default=""
        Shares that the model and naming the largest segment get right, and how many
        percentage points are between them, if it is clearly more.
    counts : Picture or None, default=None
        Which segments are taken for which.
    hides_counts : bool, default=False
        Whether some of them are not shown.
    hides_all : bool, default=False
        Whether none of them can be shown.
    bias : tuple of (str, dict) or None, default=None
        Of `find_prediction_bias`.
    overlaps : list of tuple, default=[]
        Label, verdict and overlap of each segment.
    n_stable : int, default=0
        Segments that come back.
    shaky : str, default=""
        The others.
    error : str, default=""
        What made the measurement fail.
    """

    source: str
    n_rows: int = 0
    n_draws: int = 0
    accuracy: str = ""
    baseline: str = ""
    points: str = ""
    counts: Picture | None = None
    hides_counts: bool = False
    hides_all: bool = False
    bias: tuple[str, dict] | None = None
    overlaps: list[tuple] = dataclasses.field(default_factory=list)
    n_stable: int = 0
    shaky: str = ""
    error: str = ""


def classifier_quality(
    model: Any, facts: dict[str, Any], y: np.ndarray | None, predicted: np.ndarray
) -> Quality:
    """Return the quality of a classifier on rows that it was not fitted to."""
    stored = _stored_counts(facts)
    if stored is not None:
        return _of_counts(*stored, "refit" if facts.get("refit") else "held out")
    accuracy, n_rows = facts.get("held_out_accuracy"), facts.get("held_out_rows")
    if isinstance(accuracy, float) and isinstance(n_rows, int):
        return Quality(source="accuracy", n_rows=n_rows, accuracy=percent(accuracy))
    if y is None:
        return Quality(source="unknown")
    oof = getattr(last_step(model), "oof_proba_", None)
    counts = None if oof is None else _out_of_fold(model, np.asarray(oof), y, predicted)
    if counts is None:
        return Quality(source="maybe seen")
    return _of_counts(last_step(model).classes_, counts, "out of fold")


def clusterer_quality(model: Any, X: pd.DataFrame, labels: np.ndarray) -> Quality:
    """Return whether segments come back when customers are drawn again."""
    if len(X) < FEWEST_ROWS:
        return Quality(source="few rows")
    try:
        with warnings.catch_warnings(action="ignore", category=SegmentLearnWarning):
            # as the app does, and whoever calls it with the same model and customers
            how: dict[str, Any] = {"refit": "clusterer", "random_state": 0}
            found = model_selection.cluster_stability(model, X, labels=labels, **how)
    except (ValueError, TypeError) as error:
        return Quality(source="failed", error=str(error))
    frame = found.to_frame()
    overlaps = [
        (str(row.segment), str(row.verdict), percent(row.jaccard))
        for row in frame.itertuples()
    ]
    stable = frame["jaccard"] >= 0.75
    shaky = [
        f"{label} ({verdict})"
        for (label, verdict, _), is_stable in zip(overlaps, stable, strict=True)
        if not is_stable
    ]
    return Quality(
        source="stability",
        n_rows=found.n_rows,
        n_draws=len(found.jaccard),
        overlaps=overlaps,
        n_stable=int(stable.sum()),
        shaky=_in_words(shaky),
    )


def show_confusion(counts: np.ndarray) -> list[list[ShownCount]] | None:
    """Return a confusion matrix in which small counts cannot be worked out.

    The numbers of right and of wrong decisions are known from the accuracy, and that of
    customers in the largest class from what naming it reaches; counts are suppressed
    within these groups. None where a group is so small that its total reveals too much.
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


def find_prediction_bias(
    labels: Sequence[str], counts: np.ndarray, *, hides_counts: bool
) -> tuple[str, dict[str, tuple[str, str]]]:
    """Compare how often segments are predicted with how often they occur.

    Returns in words which are predicted too often and too rarely, and the predicted and
    the actual share of each, without these where they could be about few customers.
    """
    actual, predicted = counts.sum(axis=1), counts.sum(axis=0)
    excess = predicted - actual
    # customers predicted into the segment who are not of it, and the reverse
    disagreeing = predicted + actual - 2 * np.diag(counts)
    is_clear = np.abs(excess) >= np.maximum(
        _CLEAR_EXCESS * counts.sum(), _CLEAR_Z * np.sqrt(disagreeing)
    )
    is_clear &= (actual >= THRESHOLD) & (predicted >= THRESHOLD)
    order = np.argsort(-np.abs(excess), kind="stable")
    parts = []
    for sign, how in ((1, "too often"), (-1, "too rarely")):
        own = [labels[at] for at in order if is_clear[at] and sign * excess[at] > 0]
        if len(own) > _MOST_LISTED:
            parts.append(f"segments {names_text(own, _MOST_LISTED)} {how}")
        elif own:
            parts.append(f"{_in_words(own)} {how}")
    shares = {}
    if not hides_counts:
        pairs = np.column_stack([predicted, actual]) / counts.sum()
        texts = [(percent(share), percent(known)) for share, known in pairs]
        shares = dict(zip(labels, texts, strict=True))
    return " and ".join(parts), shares


def _in_words(labels: Sequence[str]) -> str:
    """Return labels as part of a sentence."""
    if len(labels) < 2:
        return f"segment {labels[0]}" if labels else ""
    return f"segments {', '.join(labels[:-1])} and {labels[-1]}"


def _of_counts(classes: Sequence[Any], counts: np.ndarray, source: str) -> Quality:
    """Compare how many were found with naming the largest class."""
    labels, n_rows = list(map(str, classes)), int(counts.sum())
    accuracy, largest = np.trace(counts) / n_rows, counts.sum(axis=1).max() / n_rows
    shown = show_confusion(counts)
    hides = shown is None or not all(cell.is_shown for row in shown for cell in row)
    is_small = len(labels) <= _MOST_CLASSES
    picture = draw_counts(labels, shown) if is_small and shown is not None else None
    texts = percent(accuracy), percent(largest)
    # of the rounded figures that are shown
    shown_share, shown_largest = (float(text.rstrip("%")) for text in texts)
    points = shown_share - shown_largest
    return Quality(
        source=source,
        n_rows=n_rows,
        accuracy=texts[0],
        baseline=texts[1],
        points="" if accuracy - largest < _CLEARLY_BETTER else f"{points:.3g}",
        counts=picture,
        hides_counts=hides and picture is not None,
        hides_all=is_small and shown is None,
        bias=find_prediction_bias(labels, counts, hides_counts=hides),
    )


def _stored_counts(facts: dict[str, Any]) -> tuple[list, np.ndarray] | None:
    """Return the held-out confusion matrix of an archive."""
    labels, counts = facts.get("held_out_labels"), facts.get("held_out_confusion")
    if not isinstance(labels, list) or not isinstance(counts, list):
        return None
    matrix = np.asarray(counts)
    fits = matrix.shape == (len(labels), len(labels)) and matrix.dtype.kind in "iu"
    return (labels, matrix) if fits and matrix.sum() >= FEWEST_ROWS else None


def _out_of_fold(
    model: Any, oof: np.ndarray, y: np.ndarray, predicted: np.ndarray
) -> np.ndarray | None:
    """Return the counts of out-of-fold predictions, if the data are their rows."""
    known = ~pd.isna(y)
    classes = [str(label) for label in last_step(model).classes_]
    if oof.shape != (known.sum(), len(classes)) or len(oof) < FEWEST_ROWS:
        return None
    place = {name: at for at, name in enumerate(classes)}
    named = oof.argmax(axis=1)
    true = np.array([place.get(str(label), -1) for label in y[known]])
    again = np.array([place[str(label)] for label in predicted[known]])
    if (true < 0).any() or _kappa(named, again, len(classes)) < _SAME_ROWS:
        return None
    return confusion_matrix(true, named, labels=range(len(classes)))


def _kappa(first: np.ndarray, second: np.ndarray, n_classes: int) -> float:
    """Return Cohen's kappa; 0 where there is a single class."""
    shares = [
        np.bincount(codes, minlength=n_classes) / len(codes)
        for codes in (first, second)
    ]
    by_chance = shares[0] @ shares[1]
    return float((np.mean(first == second) - by_chance) / max(1 - by_chance, 1e-9))
