"""Which segments a model predicts more or less often than they occur."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from segmentlearn._formatting import names_text, percent
from segmentlearn.report._suppression import THRESHOLD

_CLEAR_EXCESS = 0.02  # of the customers
_CLEAR_Z = 2.0
_MOST_LISTED = 3


@dataclasses.dataclass(frozen=True)
class PredictionBias:
    """How often segments are predicted and how often they occur among held-out rows.

    Parameters
    ----------
    sentence : str
        What it means for the sizes of segments.
    shares : dict of str to (str, str)
        For each segment the predicted share and the actual one; empty where
        these could be about few customers.
    """

    sentence: str
    shares: dict[str, tuple[str, str]]


def find_prediction_bias(
    labels: Sequence[str], counts: np.ndarray, *, hides_counts: bool
) -> PredictionBias:
    """Compare how often segments are predicted with how often they occur."""
    actual, predicted = counts.sum(axis=1), counts.sum(axis=0)
    hits = np.diag(counts)
    excess = predicted - actual
    # customers predicted into the segment who are not of it, and the reverse
    disagreeing = predicted + actual - 2 * hits
    is_clear = np.abs(excess) >= np.maximum(
        _CLEAR_EXCESS * counts.sum(), _CLEAR_Z * np.sqrt(disagreeing)
    )
    is_clear &= (actual >= THRESHOLD) & (predicted >= THRESHOLD)
    order = np.argsort(-np.abs(excess), kind="stable")
    more = [labels[at] for at in order if is_clear[at] and excess[at] > 0]
    less = [labels[at] for at in order if is_clear[at] and excess[at] < 0]
    shares = {}
    if not hides_counts:
        pairs = np.column_stack([predicted, actual]) / counts.sum()
        texts = [(percent(share), percent(known)) for share, known in pairs]
        shares = dict(zip(labels, texts, strict=True))
    return PredictionBias(_sentence(more, less), shares)


def _sentence(more: list[str], less: list[str]) -> str:
    text = (
        "Sizes are predictions, not counts: they are biased "
        "towards segments that are large or easy to recognise"
    )
    if not more and not less:
        return f"{text}. Held-out customers show no clear sign of it here."
    parts = [
        f"{_listed(labels)} {how}"
        for labels, how in ((more, "too often"), (less, "too rarely"))
        if labels
    ]
    return f"{text}. Among held-out customers it predicts {' and '.join(parts)}."


def _listed(labels: list[str]) -> str:
    if len(labels) > _MOST_LISTED:
        return f"segments {names_text(labels, _MOST_LISTED)}"
    return in_words(labels)


def in_words(labels: Sequence[str]) -> str:
    """Return labels as part of a sentence."""
    if len(labels) == 1:
        return f"segment {labels[0]}"
    return f"segments {', '.join(labels[:-1])} and {labels[-1]}"
