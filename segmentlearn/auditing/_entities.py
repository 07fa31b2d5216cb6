"""Identifier columns, and customers in both tables."""

from collections.abc import Iterator

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
        yield make_finding(
            "identifier",
            "warning",
            (name,),
            f"Looks like an identifier: {column.n_distinct:,} different values in "
            f"{n_present:,} rows"
            + (", one for each." if column.n_distinct == n_present else "."),
            {"n_distinct": column.n_distinct, "n_present": n_present},
        )


def check_repeated(entity: dict[str, Column]) -> Iterator[Finding]:
    """Find customers with several rows in one table."""
    keys, known = _keys(entity)
    counts = pd.Series(keys[known]).value_counts()
    several = counts[counts > 1]
    if several.empty:
        return
    n_rows = int(several.sum())
    yield make_finding(
        "repeated-entities",
        "warning",
        tuple(entity),
        f"{len(several):,} identifiers stand in several rows ({n_rows:,} rows in all, "
        f"{int(several.max()):,} at most): folds by row put one customer on both "
        f"sides.",
        {
            "n_entities": len(counts),
            "n_repeated": len(several),
            "n_rows": n_rows,
            "most_rows": int(several.max()),
        },
    )


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
    share = n_shared / len(new_keys)
    shared = (
        f"{n_shared:,} of {len(new_keys):,} new rows ({share_text(share)}) have an "
        f"identifier of the training table"
    )
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
        "share_of_new": share,
        "n_entities": n_entities,
        "agreement": agreement,
        "agreement_of_strangers": chance,
    }
    yield _shared_finding(tuple(entity), shared, evidence)


def _keys(entity: dict[str, Column]) -> tuple[np.ndarray, np.ndarray]:
    """Hash the identifier of each row; return which rows have one, too."""
    columns = list(entity.values())
    known = ~np.any([column.missing for column in columns], axis=0)
    return row_hashes(salted_hashes(columns)), known


def _shared_finding(names: tuple[str, ...], shared: str, evidence: dict) -> Finding:
    """Decide whether shared identifiers mean shared customers."""
    agreement, chance = evidence["agreement"], evidence["agreement_of_strangers"]
    usual, by_chance = (
        float(np.mean(list(shares.values()))) if shares else np.nan
        for shares in (agreement, chance)
    )
    beyond_chance = (usual - by_chance) / max(1 - by_chance, 1e-9)
    evidence["agreement_beyond_chance"] = beyond_chance
    if beyond_chance < _CLEARLY_AGREE and evidence["n_shared"] > 1:
        return make_finding(
            "reused-identifiers",
            "note",
            names,
            f"{shared}, but their other columns hardly agree more than those of "
            f"strangers ({share_text(usual)} of the cells agree, "
            f"{share_text(by_chance)} among strangers): probably both tables count "
            f"their rows from the same number.",
            evidence,
        )
    differing = [
        f"{name} ({share_text(share)} agree)"
        for name, share in agreement.items()
        if share < _AGREES
    ]
    agreement_text = "all their other columns agree"
    if not agreement:
        agreement_text = "there is no other column to compare"
    elif differing:
        agreement_text = f"{share_text(usual)} of their other cells agree; "
        agreement_text += f"columns that differ: {names_text(differing)}"
    return make_finding(
        "shared-entities",
        "error" if agreement else "warning",
        names,
        f"{shared}; {agreement_text}. A score on them is not one on unknown customers.",
        evidence,
    )
