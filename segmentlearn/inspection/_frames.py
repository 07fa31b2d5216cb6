"""The numbers of a profile as frames."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segmentlearn.inspection._contrasts import CategoryContrast, NumberContrast

if TYPE_CHECKING:
    from segmentlearn.inspection._segment_profile import SegmentProfile

_MOMENTS = ("mean", "median", "sd", "missing")


def summary_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return one row a segment: name, size, share, value."""
    index = pd.Index(profile.labels, name="segment")
    frame = pd.DataFrame({"name": list(profile.names.values())}, index=index)
    frame["size"], frame["share"] = profile.sizes, profile.shares
    if profile.value_sums is not None:
        frame["value"], frame["value_share"] = profile.value_sums, profile.value_shares
        frame["value_per_customer"] = profile.value_sums / profile.sizes
    frame["is_small"] = profile.is_small
    return frame


def numbers_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return one row for each segment and column of numbers."""
    rows = [
        (label, contrast.name, contrast.kind, *_with_rest(contrast, at, _MOMENTS))
        for at, label in enumerate(profile.labels)
        for contrast in profile.contrasts
        if isinstance(contrast, NumberContrast)
    ]
    names = [name for moment in _MOMENTS for name in (moment, f"rest_{moment}")]
    return pd.DataFrame(rows, columns=["segment", "column", "kind", *names])


def categories_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return one row for each segment, column of categories and level."""
    columns = ["segment", "column", "level", "count", "share", "rest_share"]
    columns += ["difference", "low", "high", "lift", "cohen_h", "is_mode"]
    columns += ["missing", "rest_missing"]
    frames = [pd.DataFrame(columns=columns)]
    contrasts = [c for c in profile.contrasts if isinstance(c, CategoryContrast)]
    for at, label in enumerate(profile.labels):
        for contrast in contrasts:
            counts = contrast.counts[:, at]
            shares, rest_shares = contrast.shares[:, at]
            with np.errstate(invalid="ignore", divide="ignore"):
                lift = shares / (counts.sum(axis=0) / contrast.n[:, at].sum())
            is_mode = np.arange(len(shares)) == np.argmax(counts[0])
            numbers = [counts[0], shares, rest_shares]
            numbers += [ends[at] for ends in contrast.differences]
            numbers += [lift, contrast.h[at], is_mode & (counts[0] > 0)]
            missing = _with_rest(contrast, at, ("missing",))
            cells = (label, contrast.name, contrast.levels, *numbers, *missing)
            frame = pd.DataFrame(dict(zip(columns, cells, strict=True)))
            frames.append(frame)
    return pd.concat(frames[1:] or frames, ignore_index=True)


def effects_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return one row for each segment and column: effect, interval, p-values."""
    rows = [
        (
            *(label, contrast.name, contrast.measure),
            *(ends[at] for ends in contrast.effect),
            *(contrast.p_values[at], profile.p_adjusted[at, position]),
        )
        for at, label in enumerate(profile.labels)
        for position, contrast in enumerate(profile.contrasts)
    ]
    columns = ["segment", "column", "measure", "effect", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "p_value", "p_adjusted"])


def rules_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return one row for each rule."""
    rules = [] if profile.surrogate is None else profile.surrogate.rules
    rows = [
        (profile.labels[r.segment], r.text, r.precision, r.recall, r.n_rows)
        for r in rules
    ]
    columns = ["segment", "rule", "precision", "recall", "customers"]
    return pd.DataFrame(rows, columns=columns)


def fidelity_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return how well the tree finds each segment again on held-out rows."""
    columns = ["precision", "recall"]
    if profile.surrogate is None:
        return pd.DataFrame(columns=columns, dtype=np.float64)
    precision, recall = profile.surrogate.precision, profile.surrogate.recall
    index = pd.Index(profile.labels[: len(precision)], name="segment")
    return pd.DataFrame({"precision": precision, "recall": recall}, index=index)


def _with_rest(
    contrast: NumberContrast | CategoryContrast, at: int, names: tuple[str, ...]
) -> list[float]:
    """Return numbers of a segment, each beside that of the rest."""
    return [value for name in names for value in getattr(contrast, name)[:, at]]
