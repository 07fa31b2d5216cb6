"""The numbers of a profile as frames."""

import numpy as np
import pandas as pd

from segmentlearn.inspection._contrasts import NumberContrast


def summary_frame(profile):
    """Return one row a segment: name, size, share, value."""
    columns = {
        "name": list(profile.names.values()),
        "size": profile.sizes,
        "share": profile.shares,
    }
    if profile.value_sums is not None:
        columns["value"] = profile.value_sums
        columns["value_share"] = profile.value_shares
        columns["value_per_customer"] = profile.value_sums / profile.sizes
    columns["is_small"] = profile.is_small
    return pd.DataFrame(columns, index=pd.Index(profile.labels, name="segment"))


def numbers_frame(profile):
    """Return one row for each segment and column of numbers."""
    rows = [
        {
            "segment": label,
            "column": contrast.name,
            "kind": contrast.kind,
            **_beside(contrast, at, ("mean", "median", "sd", "missing")),
        }
        for at, label in enumerate(profile.labels)
        for contrast in profile.contrasts
        if isinstance(contrast, NumberContrast)
    ]
    names = ("mean", "median", "sd", "missing")
    columns = ["segment", "column", "kind", *_with_rest(names)]
    return pd.DataFrame(rows, columns=columns)


def categories_frame(profile):
    """Return one row for each segment, column of categories and level."""
    rows = []
    for at, label in enumerate(profile.labels):
        for contrast in profile.contrasts:
            if isinstance(contrast, NumberContrast):
                continue
            counts = contrast.counts[:, at]
            shares, rest_shares = contrast.shares[:, at]
            with np.errstate(invalid="ignore", divide="ignore"):
                lift = shares / (counts.sum(axis=0) / contrast.n[:, at].sum())
            mode = int(np.argmax(counts[0]))
            gaps = _beside(contrast, at, ("missing",))
            for level_at, level in enumerate(contrast.levels):
                rows.append(
                    {
                        "segment": label,
                        "column": contrast.name,
                        "level": level,
                        "count": int(counts[0, level_at]),
                        "share": shares[level_at],
                        "rest_share": rest_shares[level_at],
                        "difference": contrast.differences.estimate[at, level_at],
                        "low": contrast.differences.low[at, level_at],
                        "high": contrast.differences.high[at, level_at],
                        "lift": lift[level_at],
                        "cohen_h": contrast.h[at, level_at],
                        "is_mode": level_at == mode and counts[0, mode] > 0,
                        **gaps,
                    }
                )
    columns = ["segment", "column", "level", "count", "share", "rest_share"]
    columns += ["difference", "low", "high", "lift", "cohen_h", "is_mode"]
    columns += _with_rest(("missing",))
    return pd.DataFrame(rows, columns=columns)


def effects_frame(profile):
    """Return one row for each segment and column: effect, interval, p-values."""
    rows = [
        {
            "segment": label,
            "column": contrast.name,
            "measure": (
                "cohen_d" if isinstance(contrast, NumberContrast) else "cramers_v"
            ),
            "effect": contrast.effect.estimate[at],
            "low": contrast.effect.low[at],
            "high": contrast.effect.high[at],
            "p_value": contrast.p_values[at],
            "p_adjusted": profile.p_adjusted[at, position],
        }
        for at, label in enumerate(profile.labels)
        for position, contrast in enumerate(profile.contrasts)
    ]
    columns = ["segment", "column", "measure", "effect", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "p_value", "p_adjusted"])


def rules_frame(profile):
    """Return one row for each rule."""
    found = [] if profile.surrogate is None else profile.surrogate.rules
    rows = [
        {
            "segment": profile.labels[rule.segment],
            "rule": rule.text,
            "precision": rule.precision,
            "recall": rule.recall,
            "customers": rule.n_rows,
        }
        for rule in found
    ]
    columns = ["segment", "rule", "precision", "recall", "customers"]
    return pd.DataFrame(rows, columns=columns)


def fidelity_frame(profile):
    """Return how well the tree finds each segment again on held-out rows."""
    columns = ["precision", "recall"]
    if profile.surrogate is None:
        return pd.DataFrame(columns=columns, dtype=np.float64)
    precision, recall = profile.surrogate.precision, profile.surrogate.recall
    index = pd.Index(profile.labels[: len(precision)], name="segment")
    return pd.DataFrame({"precision": precision, "recall": recall}, index=index)


def _with_rest(names):
    """Return column names beside those of the rest."""
    return [name for one in names for name in (one, f"rest_{one}")]


def _beside(contrast, at, names):
    """Return numbers of a segment beside those of the rest."""
    values = [value for one in names for value in getattr(contrast, one)[:, at]]
    return dict(zip(_with_rest(names), values, strict=True))
