"""Identifier columns, and customers in both tables."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from segmentlearn._formatting import names_text, share_text
from segmentlearn.auditing._audit_report import Finding, make_finding
from segmentlearn.auditing._hashes import cell_hashes, row_hashes, salted_hashes
from segmentlearn.tables import Column, draw_rows

_CLEARLY_AGREE = 0.2  # agreement beyond chance, 1 where all cells agree
_AGREES = 0.99
_MOST_PAIRS = 200_000


def check_identifiers(
    columns: dict[str, Column], identifiers: list[str]
) -> Iterator[Finding]:
    """Report columns that name their row and are passed as features."""
    for name in identifiers:
        column = columns[name]
        n_present = int(np.count_nonzero(~column.missing))
        evidence = {"n_distinct": column.n_distinct, "n_present": n_present}
        each = ", one for each" if column.n_distinct == n_present else ""
        yield make_finding("identifier", "warning", (name,), evidence, each=each)


def check_repeated(entity: dict[str, Column]) -> Iterator[Finding]:
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
    entity: dict[str, Column],
    new_entity: dict[str, Column],
    pairs: list[tuple[Column, Column]],
    random_state: np.random.RandomState,
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
    evidence = {
        "n_shared": n_shared,
        "n_new": len(new_keys),
        "share_of_new": n_shared / len(new_keys),
        "n_entities": n_entities,
        "agreement": agreement,
        "agreement_of_strangers": chance,
    }
    yield _shared_finding(entity, evidence)


def _keys(entity: dict[str, Column]) -> tuple[np.ndarray, np.ndarray]:
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
    agreeing = "all their other columns agree"
    if not agreement:
        agreeing = "there is no other column to compare"
    elif differing:
        agreeing = f"{share_text(usual)} of their other cells agree; "
        agreeing += f"columns that differ: {names_text(differing)}"
    severity = "error" if agreement else "warning"
    return make_finding("shared-entities", severity, names, evidence, agreeing=agreeing)
