"""Duplicate rows and conflicting labels."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from segmentlearn.auditing._audit_report import Finding, make_finding
from segmentlearn.auditing._hashes import row_hashes, salted_hashes
from segmentlearn.tables import Column

_DISTINCTIVE = 0.2  # chance that two rows agree in a column that distinguishes rows
_DEPENDENCE = 3  # rows that agree in the others agree more often by so much at most
_LEAST_CHANCE = 1e-4
_SURE = 1e-3
_LOW_CEILING = 0.9


def check_duplicates(
    columns: list[Column],
    codes: np.ndarray | None,
    labelled: np.ndarray | None,
    n_classes: int,
) -> Iterator[Finding]:
    """Find repeated rows, and the accuracy that contradicting labels leave."""
    if not columns:
        return
    hashed = salted_hashes(columns)
    rows = row_hashes(hashed)
    profiles, keys = pd.factorize(rows)
    if len(keys) < len(rows):
        yield _duplicates(columns, hashed, rows, profiles)
        if codes is not None:
            yield from _conflicts(profiles[labelled], codes, n_classes)


def _duplicates(
    columns: list[Column],
    hashed: list[np.ndarray],
    rows: np.ndarray,
    profiles: np.ndarray,
) -> Finding:
    n_rows = len(rows)
    sizes = np.bincount(profiles)
    n_repeats = n_rows - len(sizes)
    n_involved = int(sizes[sizes > 1].sum())
    chance, decisive = _by_chance(columns, hashed, rows)
    copies = decisive is not None and chance < _SURE
    reason = (
        f"Many rows agree in all columns but {decisive!r}, so different customers may "
        f"well be equal by chance."
    )
    if copies:
        reason = (
            "Rows that agree in all other columns do so more often than chance "
            "explains: probably the same customers twice."
        )
    elif decisive is None:
        reason = "No column distinguishes rows well, so this may well be chance."
    return make_finding(
        "duplicate-rows",
        "warning" if copies else "note",
        (),
        {
            "n_repeats": n_repeats,
            "share_repeats": n_repeats / n_rows,
            "n_rows_duplicated": n_involved,
            "n_profiles": len(sizes),
            "largest_profile": int(sizes.max()),
            "p_by_chance": chance,
        },
        n_rows=n_rows,
        reason=reason,
    )


def _by_chance(
    columns: list[Column], hashed: list[np.ndarray], rows: np.ndarray
) -> tuple[float, str | None]:
    """Return the chance of so many duplicates, and the column that allows most of it.

    Where duplicates arise by chance, pairs that agree in all columns but one agree in
    that one about as often as any pair does. Copies agree in it always.
    """
    n_duplicates = _pairs(rows)
    n_all = len(rows) * (len(rows) - 1) / 2
    most, decisive = np.nan, None
    for column, own in zip(columns, hashed, strict=True):
        agree = _pairs(own) / n_all
        if agree > _DISTINCTIVE:
            continue
        n_others_agree = _pairs(rows - own) if len(columns) > 1 else n_all
        expected = min(max(_DEPENDENCE * agree, _LEAST_CHANCE), 0.5)
        p_value = float(stats.binom.sf(n_duplicates - 1, n_others_agree, expected))
        if decisive is None or p_value > most:
            most, decisive = p_value, column.name
    return most, decisive


def _pairs(keys: np.ndarray) -> float:
    """Count the pairs of rows that have the same key."""
    counts = np.bincount(pd.factorize(keys)[0]).astype(np.float64)
    return float((counts * (counts - 1) / 2).sum())


def _conflicts(
    profiles: np.ndarray, codes: np.ndarray, n_classes: int
) -> Iterator[Finding]:
    """Find features that go with several labels."""
    joint, counts = np.unique(profiles * n_classes + codes, return_counts=True)
    of_profile = pd.Series(counts).groupby(joint // n_classes)
    found = of_profile.agg(["size", "max", "sum"])
    conflicting = found["size"] > 1
    n_conflicting, n_rows = int(conflicting.sum()), int(found["sum"][conflicting].sum())
    if not n_conflicting:
        return
    ceiling = float(found["max"].sum() / len(codes))
    evidence: dict = {"n_conflicting_profiles": n_conflicting, "n_rows": n_rows}
    evidence |= {"accuracy_ceiling": ceiling}
    severity = "warning" if ceiling < _LOW_CEILING else "note"
    yield make_finding("conflicting-labels", severity, (), evidence)
