"""Drift of a new table: columns, kinds, levels, distributions."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from segmentlearn._formatting import names_text
from segmentlearn.auditing._audit_report import Finding, make_finding
from segmentlearn.metrics import adjust, binned_counts, chi_squared, psi_of_counts
from segmentlearn.tables import BOOLEAN, CATEGORY, DATETIME, EMPTY, Column

_MAJOR, _MODERATE = 0.25, 0.1
_N_BINS = 10
_RARE_UNSEEN = 0.01
_MORE_MISSING = 0.05
_FEWEST_EXPECTED = 5
_FEWEST_DATES, _LATE = 10, 0.2  # different days, and the share that counts as late
_MOST_LEVELS = 1_000  # a chi-squared test of more levels has little power

Pairs = list[tuple[Column, Column]]


class Shift(NamedTuple):
    """How far the distribution of a column has moved."""

    psi: float = 0.0
    p_value: float = np.nan
    statistic: float = np.nan
    n_bins: int = 1


def check_columns(
    columns: dict[str, Column], new_columns: dict[str, Column], identifiers: set[str]
) -> Iterator[Finding]:
    """Find columns that one table lacks or that hold something else."""
    lacking = [n for n in columns if n not in new_columns and n not in identifiers]
    extra = [name for name in new_columns if name not in columns]
    if lacking:
        evidence: dict = {"n_missing_columns": len(lacking)}
        yield make_finding("missing-columns", "error", lacking, evidence)
    if extra:
        evidence = {"n_extra_columns": len(extra)}
        yield make_finding("extra-columns", "note", extra, evidence)
    for name, column in columns.items():
        kinds = {column.kind, new_columns[name].kind} if name in new_columns else set()
        if len(kinds) > 1 and EMPTY not in kinds:
            # truth values are written in many ways; numbers and text never mix
            is_mild = BOOLEAN in kinds or CATEGORY not in kinds
            evidence = {"kind": column.kind, "new_kind": new_columns[name].kind}
            severity = "warning" if is_mild else "error"
            yield make_finding("changed-kind", severity, (name,), evidence)


def comparable(columns: dict[str, Column], new_columns: dict[str, Column]) -> Pairs:
    """Return pairs of columns that both tables have and that hold the same."""
    shared = [name for name in columns if name in new_columns]
    pairs = [(columns[name], new_columns[name]) for name in shared]
    return [
        (column, new)
        for column, new in pairs
        if column.kind == new.kind or EMPTY in (column.kind, new.kind)
    ]


def check_time(
    columns: list[Column], alpha: float, correction: str | None
) -> Iterator[Finding]:
    """Find dates after which other columns, or the target, are not as before."""
    for date in columns:
        if date.kind != DATETIME or date.n_distinct < _FEWEST_DATES:
            continue
        start = np.nanquantile(date.numbers, 1 - _LATE)
        late, early = date.numbers >= start, date.numbers < start
        if not early.any():
            continue
        shifts = {}
        for column in columns:
            if column.kind in (DATETIME, EMPTY):  # other dates follow this one
                continue
            pair = column.take(early), column.take(late)
            compare = _compare_numbers if column.is_numeric else _compare_categories
            shifts[column.name] = compare(*pair)
        p_values = adjust([shift.p_value for shift in shifts.values()], correction)
        moved = {
            name: shift.psi
            for (name, shift), p_value in zip(shifts.items(), p_values, strict=True)
            if p_value < alpha and shift.psi >= _MODERATE
        }
        if moved:
            names = sorted(moved, key=lambda name: -moved[name])
            evidence: dict = {"psi": moved, "most": moved[names[0]]}
            evidence["start"] = str(pd.Timestamp(0) + pd.Timedelta(days=float(start)))
            words = {"day": evidence["start"][:10], "listed": names_text(names)}
            yield make_finding("time-drift", "note", (date.name,), evidence, **words)


def check_drift(
    pairs: Pairs, alpha: float, correction: str | None
) -> Iterator[Finding]:
    """Find columns whose distribution, levels or missing values have changed."""
    shifts = {}
    for column, new in pairs:
        if EMPTY in (column.kind, new.kind):
            continue
        if column.is_numeric:
            shifts[column.name, "Kolmogorov-Smirnov"] = _compare_numbers(column, new)
        else:
            levels = _joint_counts(column, new)
            yield from _check_unseen(column, new, levels, alpha)
            counts = levels.to_numpy().T
            shifts[column.name, "chi-squared"] = compare_counts(*counts)
    yield from _check_missing(pairs, alpha, correction)
    p_values = adjust([shift.p_value for shift in shifts.values()], correction)
    for (key, shift), p_value in zip(shifts.items(), p_values, strict=True):
        if not p_value < alpha:
            continue
        name, test = key
        major, moderate = shift.psi >= _MAJOR, shift.psi >= _MODERATE
        size = "major" if major else "moderate" if moderate else "slight"
        severity = "warning" if major else "note"
        evidence: dict = {"psi": shift.psi, "test": test}
        evidence |= {"statistic": shift.statistic, "p_adjusted": float(p_value)}
        yield make_finding("drift", severity, (name,), evidence, size=size)


def _check_unseen(
    column: Column, new: Column, levels: pd.DataFrame, alpha: float
) -> Iterator[Finding]:
    """Find levels that the training table has not; rare ones may be chance."""
    unseen = levels.loc[(levels["old"] == 0) & (levels["new"] > 0), "new"]
    if unseen.empty:
        return
    unseen = unseen.sort_values(ascending=False)
    n_rows = int(unseen.sum())
    share = n_rows / len(new)
    chance = chance_of_unseen(len(column), len(new), int(unseen.iloc[0]))
    severity = "warning" if share > _RARE_UNSEEN and chance < alpha else "note"
    evidence = {"levels": unseen[:50].to_dict(), "n_levels": len(unseen)}
    evidence |= {"n_rows": n_rows, "share_rows": share, "p_by_chance": chance}
    of, listed = (column.name,), names_text(map(repr, unseen.index))
    yield make_finding("unseen-levels", severity, of, evidence, listed=listed)


def chance_of_unseen(n_old: int, n_new: int, n_rows: int) -> float:
    """Return the chance that all rows of a level fall into the new table."""
    return float((n_new / (n_old + n_new)) ** n_rows)


def _joint_counts(column: Column, new: Column) -> pd.DataFrame:
    """Count the rows of each level in both tables."""
    counted = [
        pd.Series(table.level_counts, pd.Index(table.factor.levels, dtype=object))
        for table in (column, new)
    ]
    joint = pd.concat(counted, axis="columns", keys=["old", "new"], sort=False)
    joint = joint.fillna(0).astype(np.int64)
    return joint[(joint > 0).any(axis="columns")]


def _compare_numbers(column: Column, new: Column) -> Shift:
    old, other = (c.numbers[~np.isnan(c.numbers)] for c in (column, new))
    if not len(old) or not len(other):
        return Shift()
    psi = psi_of_counts(*binned_counts(old, other, _N_BINS))
    found = stats.ks_2samp(old, other, method="asymp")
    return Shift(psi, float(found.pvalue), float(found.statistic))


def _compare_categories(column: Column, new: Column) -> Shift:
    return compare_counts(*_joint_counts(column, new).to_numpy().T)


def compare_counts(old: np.ndarray, new: np.ndarray) -> Shift:
    """Compare the rows of each level or bin in two tables."""
    table = np.array([old, new], dtype=np.float64)
    table = table[:, table.any(axis=0)]
    if 0 in table.shape or not table.sum(axis=1).all():
        return Shift()
    # the law of the statistic needs some rows a cell: rare levels are put together
    total = table.sum(axis=0)
    rare = total * table.sum(axis=1).min() / total.sum() < _FEWEST_EXPECTED
    if len(total) > _MOST_LEVELS:
        rare |= np.argsort(np.argsort(-total)) >= _MOST_LEVELS
    if rare.sum() > 1:
        together = table[:, rare].sum(axis=1, keepdims=True)
        table = np.hstack([table[:, ~rare], together])
    if table.shape[1] < 2:
        return Shift()
    chi2, df, _ = chi_squared(table)
    p_value = float(stats.chi2.sf(chi2, df))
    return Shift(psi_of_counts(*table), p_value, chi2, table.shape[1])


def _check_missing(
    pairs: Pairs, alpha: float, correction: str | None
) -> Iterator[Finding]:
    shares, p_values = [], []
    for pair in pairs:
        missing = np.array([np.count_nonzero(column.missing) for column in pair])
        n_rows = np.array([len(column) for column in pair])
        is_mixed = missing.any() and (missing < n_rows).any()
        test = stats.fisher_exact([missing, n_rows - missing]) if is_mixed else None
        p_values.append(1.0 if test is None else float(test.pvalue))
        shares.append((pair[0].name, *(missing / n_rows).tolist()))
    adjusted = adjust(p_values, correction)
    for (name, old, new), p_value in zip(shares, adjusted, strict=True):
        if not p_value < alpha:
            continue
        severity = "warning" if abs(new - old) >= _MORE_MISSING else "note"
        evidence = {"share_missing": old, "share_missing_new": new}
        evidence |= {"p_adjusted": float(p_value)}
        yield make_finding("missing-drift", severity, (name,), evidence)
