"""What a new table does differently: columns, kinds, levels, gaps, distributions."""

import numpy as np
import pandas as pd
from scipy import stats

from segmentlearn._formatting import names_text, share_text
from segmentlearn.auditing._audit_report import Finding
from segmentlearn.metrics import adjust, binned_counts, chi_squared, psi_of_counts
from segmentlearn.tables import BOOLEAN, CATEGORY, EMPTY

_MAJOR, _MODERATE = 0.25, 0.1
_N_BINS = 10
_RARE_UNSEEN = 0.01
_MORE_GAPS = 0.05
_FEWEST_EXPECTED = 5
_MOST_LEVELS = 1_000  # of more levels a chi-squared test says little


def check_columns(columns, new_columns, identifiers):
    """Find columns that one table lacks or that hold something else."""
    lacking = [
        name for name in columns if name not in new_columns and name not in identifiers
    ]
    extra = [name for name in new_columns if name not in columns]
    if lacking:
        yield Finding(
            "missing-columns",
            "error",
            tuple(lacking),
            f"The new table lacks {len(lacking)} column(s) of the training table.",
            "Add them, or train without them.",
            {"n_missing_columns": len(lacking)},
        )
    if extra:
        yield Finding(
            "extra-columns",
            "note",
            tuple(extra),
            f"The new table has {len(extra)} column(s) that the training table lacks.",
            "They cannot be used; drop them, or check whether they were renamed.",
            {"n_extra_columns": len(extra)},
        )
    for name, column in columns.items():
        if name in new_columns:
            yield from _check_kind(column, new_columns[name])


def _check_kind(column, new):
    kinds = {column.kind, new.kind}
    if len(kinds) == 1 or EMPTY in kinds:
        return
    yield Finding(
        "changed-kind",
        # truth values are written in many ways; numbers and text never mix
        "warning" if BOOLEAN in kinds or CATEGORY not in kinds else "error",
        (column.name,),
        f"Holds {column.kind} values in the training table and {new.kind} values in "
        f"the new one.",
        "Read both tables with the same dtypes.",
        {"kind": column.kind, "new_kind": new.kind},
    )


def comparable(columns, new_columns):
    """Return pairs of columns that both tables have and that hold the same."""
    return [
        (column, new_columns[name])
        for name, column in columns.items()
        if name in new_columns
        and (
            column.kind == new_columns[name].kind
            or EMPTY in (column.kind, new_columns[name].kind)
        )
    ]


def check_drift(pairs, alpha, correction):
    """Find columns whose distribution, levels or gaps have changed."""
    gaps, moved = [], []
    for column, new in pairs:
        gaps.append(_compare_gaps(column, new))
        if EMPTY in (column.kind, new.kind):
            continue
        if column.is_numeric:
            moved.append((column.name, *_compare_numbers(column, new)))
        else:
            levels = _joint_counts(column, new)
            yield from _check_unseen(column, new, levels, alpha)
            moved.append((column.name, *_compare_levels(levels)))
    yield from _gap_findings(gaps, alpha, correction)
    yield from _drift_findings(moved, alpha, correction)


def _check_unseen(column, new, levels, alpha):
    """Find levels that the training table has not; rare ones may be chance."""
    unseen = levels[(levels["old"] == 0) & (levels["new"] > 0)]
    if unseen.empty:
        return
    unseen = unseen.sort_values("new", ascending=False)
    n_rows = int(unseen["new"].sum())
    n_old, n_new = len(column.missing), len(new.missing)
    share = n_rows / n_new
    # chance that all rows of the commonest of them fall into the new table
    chance = float((n_new / (n_old + n_new)) ** unseen["new"].iloc[0])
    yield Finding(
        "unseen-levels",
        "warning" if share > _RARE_UNSEEN and chance < alpha else "note",
        (column.name,),
        f"{len(unseen):,} level(s) of the new table are not in the training table, "
        f"{n_rows:,} rows ({share_text(share)}): "
        f"{names_text(repr(level) for level in unseen.index)}.",
        "Check for another spelling; otherwise treat them as missing or as a level "
        "'other', and train again once there are labels for them.",
        {
            "levels": dict(
                zip(unseen.index[:50], unseen["new"][:50].tolist(), strict=True)
            ),
            "n_levels": len(unseen),
            "n_rows": n_rows,
            "share_rows": share,
            "p_by_chance": chance,
        },
    )


def _joint_counts(column, new):
    """Count the rows of each level in both tables."""
    counted = [
        pd.Series(one.level_counts, index=pd.Index(one.factor.levels, dtype=object))
        for one in (column, new)
    ]
    joint = pd.concat(counted, axis="columns", keys=["old", "new"], sort=False)
    joint = joint.fillna(0).astype(np.int64)
    return joint[(joint > 0).any(axis="columns")]


def _compare_numbers(column, new):
    """Return index, p-value, statistic and test of two columns of numbers."""
    old, other = column.numbers, new.numbers
    # gaps are compared by themselves
    old, other = old[~np.isnan(old)], other[~np.isnan(other)]
    if not len(old) or not len(other):
        return 0.0, np.nan, np.nan, "Kolmogorov-Smirnov"
    psi = psi_of_counts(*binned_counts(old, other, _N_BINS))
    found = stats.ks_2samp(old, other, method="asymp")
    return psi, float(found.pvalue), float(found.statistic), "Kolmogorov-Smirnov"


def _compare_levels(levels):
    """Return index, p-value, statistic and test of two columns of categories."""
    table = levels.to_numpy(dtype=np.float64).T
    if 0 in table.shape or not table.sum(axis=1).all():
        return 0.0, np.nan, np.nan, "chi-squared"
    # the law of the statistic needs some rows a cell: rare levels are put together
    total = table.sum(axis=0)
    rare = total * table.sum(axis=1).min() / total.sum() < _FEWEST_EXPECTED
    if len(total) > _MOST_LEVELS:
        rare |= np.argsort(np.argsort(-total)) >= _MOST_LEVELS
    if rare.sum() > 1:
        together = table[:, rare].sum(axis=1, keepdims=True)
        table = np.hstack([table[:, ~rare], together])
    if table.shape[1] < 2:
        return 0.0, np.nan, np.nan, "chi-squared"
    chi2, df, _ = chi_squared(table)
    return psi_of_counts(*table), float(stats.chi2.sf(chi2, df)), chi2, "chi-squared"


def _compare_gaps(column, new):
    """Return name, p-value and shares of missing cells."""
    n_old, n_new = len(column.missing), len(new.missing)
    gaps = np.array([np.count_nonzero(one.missing) for one in (column, new)])
    table = np.array([gaps, [n_old, n_new] - gaps])
    p_value = 1.0
    if gaps.sum() and table[1].sum():
        p_value = float(stats.fisher_exact(table).pvalue)
    return column.name, p_value, gaps[0] / n_old, gaps[1] / n_new


def _gap_findings(gaps, alpha, correction):
    adjusted = adjust(np.array([one[1] for one in gaps]), correction)
    for (name, _, old, new), p_value in zip(gaps, adjusted, strict=True):
        if not p_value < alpha:
            continue
        yield Finding(
            "missing-drift",
            "warning" if abs(new - old) >= _MORE_GAPS else "note",
            (name,),
            f"{share_text(old)} of the cells are missing in the training table and "
            f"{share_text(new)} in the new one (Fisher's exact test, corrected p "
            f"{p_value:.2g}).",
            "Find out what changed in how the column is collected before you trust "
            "predictions.",
            {
                "share_missing": float(old),
                "share_missing_new": float(new),
                "p_adjusted": float(p_value),
            },
        )


def _drift_findings(moved, alpha, correction):
    adjusted = adjust(np.array([one[2] for one in moved]), correction)
    for (name, psi, _, statistic, test), p_value in zip(moved, adjusted, strict=True):
        if not p_value < alpha:
            continue
        size = (
            "a major shift"
            if psi >= _MAJOR
            else "a moderate shift"
            if psi >= _MODERATE
            else "a slight shift"
        )
        yield Finding(
            "drift",
            "warning" if psi >= _MAJOR else "note",
            (name,),
            f"The distribution has changed: population stability index {psi:.3f}, "
            f"{size} ({test} test, corrected p {p_value:.2g}).",
            "Look at both distributions. If the customers have changed, train on "
            "newer ones or weigh rows; if a unit or a code has changed, undo it.",
            {
                "psi": psi,
                "test": test,
                "statistic": statistic,
                "p_adjusted": float(p_value),
            },
        )
