"""Repeated rows, identifiers, and customers in several rows or in both tables."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from segmentlearn._formatting import names_text, share_text
from segmentlearn.auditing._audit_report import Finding, make_finding
from segmentlearn.auditing._target import Target
from segmentlearn.tables import Column, draw_rows

Entity = dict[str, Column]  # the columns of its identifier
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # the increment of SplitMix64
_DISTINCTIVE = 0.2  # chance that two rows agree in a column that distinguishes rows
_DEPENDENCE = 3  # rows that agree in the others agree more often by so much at most
_LEAST_CHANCE = 1e-4
_SURE = 1e-3
_LOW_CEILING = 0.9
_CLEARLY_AGREE = 0.2  # agreement beyond chance, 1 where all cells agree
_AGREES = 0.99
_MOST_PAIRS = 200_000


def cell_hashes(column: Column) -> np.ndarray:
    """Return one number for each cell."""
    if column.is_numeric:
        # 0.0 and -0.0 are equal and differ in a bit
        hashed = (column.numbers + 0.0).view(np.uint64).copy()
        hashed[column.missing] = _GOLDEN
        return _mix(hashed)
    levels = np.array([repr(level) for level in column.factor.levels], dtype=object)
    hashed = pd.util.hash_array(levels, categorize=False).astype(np.uint64)
    return _mix(np.append(hashed, _GOLDEN)[column.factor.codes])


def salted_hashes(columns: list[Column]) -> list[np.ndarray]:
    """Return the hashes of each column, different for the same cell in another one."""
    salts = _mix(np.arange(len(columns), dtype=np.uint64))
    return [
        _mix(cell_hashes(column) ^ salt)
        for column, salt in zip(columns, salts, strict=True)
    ]


def row_hashes(hashed: list[np.ndarray]) -> np.ndarray:
    """Return one number for each row, from which a column can be subtracted again."""
    return functools.reduce(np.add, hashed)


def _mix(values: np.ndarray) -> np.ndarray:
    """Scatter the bits of whole numbers (the finalizer of SplitMix64)."""
    z = values + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def check_duplicates(columns: list[Column], target: Target | None) -> Iterator[Finding]:
    """Find repeated rows, and the accuracy that contradicting labels leave."""
    if not columns:
        return
    hashed = salted_hashes(columns)
    rows = row_hashes(hashed)
    profiles, keys = pd.factorize(rows)
    if len(keys) < len(rows):
        yield _duplicates(columns, hashed, rows, profiles)
        if target is not None:
            yield from _conflicts(profiles[target.rows], target)


def _duplicates(
    columns: list[Column], hashed: list, rows: np.ndarray, profiles: np.ndarray
) -> Finding:
    n_rows = len(rows)
    sizes = np.bincount(profiles)
    n_repeats = n_rows - len(sizes)
    n_involved = int(sizes[sizes > 1].sum())
    chance, decisive = _by_chance(columns, hashed, rows)
    template = "by_chance" if decisive is None else "message"
    if decisive is not None and chance < _SURE:
        template = "copies"
    evidence = {"n_repeats": n_repeats, "share_repeats": n_repeats / n_rows}
    evidence |= {"n_rows_duplicated": n_involved, "n_profiles": len(sizes)}
    evidence |= {"largest_profile": int(sizes.max()), "p_by_chance": chance}
    severity = "warning" if template == "copies" else "note"
    words: dict = {"template": template, "n_rows": n_rows, "decisive": decisive}
    return make_finding("duplicate-rows", severity, (), evidence, **words)


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


def _conflicts(profiles: np.ndarray, target: Target) -> Iterator[Finding]:
    """Find features that go with several labels."""
    codes, _, classes = target
    n_classes = len(classes)
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


def check_identifiers(columns: Entity, identifiers: list[str]) -> Iterator[Finding]:
    """Report columns that name their row and are passed as features."""
    for name in identifiers:
        column = columns[name]
        n_present = int(np.count_nonzero(~column.missing))
        evidence = {"n_distinct": column.n_distinct, "n_present": n_present}
        each = ", one for each" if column.n_distinct == n_present else ""
        yield make_finding("identifier", "warning", (name,), evidence, each=each)


def check_repeated(entity: Entity) -> Iterator[Finding]:
    """Find customers with several rows in one table."""
    keys, known = _keys(entity)
    counts = pd.Series(keys[known]).value_counts()
    several = counts[counts > 1]
    if several.empty:
        return
    evidence = {"n_entities": len(counts), "n_repeated": len(several)}
    evidence |= {"n_rows": int(several.sum()), "most_rows": int(several.max())}
    yield make_finding("repeated-entities", "warning", entity, evidence)


def check_shared(
    entity: Entity, new_entity: Entity, pairs: list, random_state: Any
) -> Iterator[Finding]:
    """Find customers that stand in both tables, and how far their rows agree."""
    keys, known = _keys(entity)
    new_keys, new_known = _keys(new_entity)
    places = np.flatnonzero(known)
    first = pd.Series(places, index=keys[places])
    first = first[~first.index.duplicated()]
    new_rows = np.flatnonzero(new_known)
    at = first.index.get_indexer(new_keys[new_rows])
    new_rows, rows = new_rows[at >= 0], first.to_numpy()[at[at >= 0]]
    n_shared = len(rows)
    if not n_shared:
        return
    n_entities = len(np.unique(keys[rows]))
    drawn = draw_rows(n_shared, _MOST_PAIRS, random_state)
    new_rows, rows = new_rows[drawn], rows[drawn]
    strangers = random_state.permutation(rows)
    agreement, chance = {}, {}
    for column, other in pairs:
        cells, new_cells = cell_hashes(column), cell_hashes(other)[new_rows]
        agreement[column.name] = float(np.mean(cells[rows] == new_cells))
        chance[column.name] = float(np.mean(cells[strangers] == new_cells))
    evidence: dict = {"n_shared": n_shared, "n_new": len(new_keys)}
    evidence |= {"share_of_new": n_shared / len(new_keys), "n_entities": n_entities}
    evidence |= {"agreement": agreement, "agreement_of_strangers": chance}
    yield _shared_finding(entity, evidence)


def _keys(entity: Entity) -> tuple[np.ndarray, np.ndarray]:
    """Hash the identifier of each row; return which rows have one, too."""
    columns = list(entity.values())
    known = ~np.any([column.missing for column in columns], axis=0)
    return row_hashes(salted_hashes(columns)), known


def _shared_finding(names: Iterable[str], evidence: dict) -> Finding:
    """Decide whether shared identifiers mean shared customers."""
    agreement, chance = evidence["agreement"], evidence["agreement_of_strangers"]
    usual, by_chance = (
        float(np.mean(list(shares.values()))) if shares else np.nan
        for shares in (agreement, chance)
    )
    beyond_chance = (usual - by_chance) / max(1 - by_chance, 1e-9)
    evidence["agreement_beyond_chance"] = beyond_chance
    if beyond_chance < _CLEARLY_AGREE and evidence["n_shared"] > 1:
        words: dict = {"usual": usual, "by_chance": by_chance}
        return make_finding("reused-identifiers", "note", names, evidence, **words)
    differing = [
        f"{name} ({share_text(share)} agree)"
        for name, share in agreement.items()
        if share < _AGREES
    ]
    words = {"usual": usual, "differing": names_text(differing)}
    words["template"] = "differing" if differing else "message"
    if agreement:
        return make_finding("shared-entities", "error", names, evidence, **words)
    words["template"] = "alone"
    return make_finding("shared-entities", "warning", names, evidence, **words)
