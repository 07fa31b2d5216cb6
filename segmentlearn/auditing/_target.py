"""The target: its classes, missing values that depend on them, columns that leak it."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Self

import numpy as np
from scipy import stats
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.multiclass import type_of_target

from segmentlearn._formatting import names_text, share_text
from segmentlearn.auditing._audit_report import TEXTS, Finding, make_finding
from segmentlearn.metrics import adjust, chi_squared, cramers_v
from segmentlearn.preprocessing import auc_of_levels
from segmentlearn.tables import Column, draw_sample, level_order

_VERY_UNEVEN = 0.99
_WEAK, _CLEAR = 0.1, 0.5  # Cramér's V of missing values and classes
_FOLDS = 5
_BINS = 64
_PRIOR_ROWS = 10.0  # weight of the class shares in the rate of a level
_FEWEST_ROWS = 50
_PERFECT = 0.999
_SUSPICIOUS = 0.97
_STRONG = 0.75  # weaker columns are not suspected, however far ahead
_FAR_AHEAD = 1.5  # times the strength (2 AUC - 1) of the next column
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class Target(NamedTuple):
    """The classes of the rows that have a label."""

    codes: np.ndarray
    rows: np.ndarray
    classes: list

    @classmethod
    def read(cls, labels: Column) -> Self:
        """Read a column of labels; its classes are sorted."""
        rows = np.flatnonzero(~labels.missing)
        if not len(rows):
            raise ValueError("y holds no label at all; leave it out.")
        if labels.is_numeric and type_of_target(labels.numbers[rows]) == "continuous":
            raise ValueError(
                "y is continuous; audit takes classes. Cut it into bins, for example "
                "with pandas.qcut, or leave it out."
            )
        codes, levels, *_ = labels.take(rows).factor
        used = sorted(np.unique(codes), key=lambda at: level_order(levels[at]))
        place = np.full(len(levels), -1)
        place[used] = np.arange(len(used))
        return cls(place[codes], rows, [levels[at] for at in used])


def check_classes(target: Target, n_rows: int, n_folds: int) -> Iterator[Finding]:
    """Check whether the classes can be learnt and accuracy is informative."""
    codes, _, classes = target
    counts, n_missing = np.bincount(codes), n_rows - len(codes)
    if n_missing:
        evidence: dict = {"n_missing": n_missing, "n_labelled": len(codes)}
        yield make_finding("missing-labels", "error", (), evidence, n_rows=n_rows)
    if len(classes) < 2:
        evidence, listed = {"n_classes": len(classes)}, names_text(classes)
        yield make_finding("single-class", "error", (), evidence, classes=listed)
        return
    small = np.flatnonzero(counts < n_folds)
    sizes = {str(classes[at]): int(counts[at]) for at in small}
    if sizes:
        listed = names_text(f"{name} ({size})" for name, size in sizes.items())
        severity = "error" if min(sizes.values()) < 2 else "warning"
        evidence = {"sizes": sizes, "n_folds": n_folds}
        words: dict = {"listed": listed, "n_classes": len(small)}
        yield make_finding("small-classes", severity, (), evidence, **words)
    yield from _check_imbalance(counts, classes)


def check_missing(
    columns: Iterable[Column], target: Target, alpha: float, correction: str | None
) -> Iterator[Finding]:
    """Find columns whose missing values depend on the target."""
    tables, p_values, n_classes = {}, [], len(target.classes)
    for column in columns:
        missing = column.missing[target.rows]
        if missing.any() and not missing.all():
            table = np.bincount(target.codes * 2 + missing, minlength=2 * n_classes)
            tables[column.name] = table = table.reshape(n_classes, 2)
            chi2, df, _ = chi_squared(table)
            p_values.append(stats.chi2.sf(chi2, df) if df else np.nan)
    adjusted = adjust(np.array(p_values), correction)
    for (name, table), p_value in zip(tables.items(), adjusted, strict=True):
        strength = float(cramers_v(table).estimate)
        if not (p_value < alpha and strength >= _WEAK):
            continue
        shares = table[:, 1] / table.sum(axis=1)
        evidence: dict = {"cramers_v": strength, "p_adjusted": float(p_value)}
        evidence["share_missing_by_class"] = shares.tolist()
        words = {"lowest": shares.min(), "highest": shares.max()}
        severity = "warning" if strength >= _CLEAR else "note"
        code = "missing-depends-on-target"
        yield make_finding(code, severity, (name,), evidence, **words)


def _check_imbalance(counts: np.ndarray, classes: list) -> Iterator[Finding]:
    n_rows, largest = int(counts.sum()), int(np.argmax(counts))
    share = counts[largest] / n_rows
    # half way between even classes and a single one
    if share < (1 + 1 / len(counts)) / 2:
        return
    test = stats.binomtest(int(counts[largest]), n_rows)
    interval = tuple(map(float, test.proportion_ci(method="wilson")))
    evidence = {"majority_class": classes[largest], "majority_share": float(share)}
    evidence |= {"interval": interval}
    evidence["counts"] = dict(zip(map(str, classes), counts.tolist(), strict=True))
    severity = "warning" if share >= _VERY_UNEVEN else "note"
    yield make_finding("class-imbalance", severity, (), evidence, smallest=counts.min())


def check_predictors(
    columns: list[Column], target: Target, max_rows: int, random_state: Any
) -> Iterator[Finding]:
    """Find columns that predict the target suspiciously well by themselves."""
    codes, n_rows = target.codes, len(target.codes)
    drawn, _ = draw_sample(codes, np.bincount(codes), random_state, max_rows)
    codes, rows = codes[drawn], target.rows[drawn]
    # a class needs rows to learn from and rows to be tested on
    kept = np.bincount(codes)[codes] >= _FOLDS
    codes, rows = np.unique(codes[kept], return_inverse=True)[1], rows[kept]
    if len(codes) < _FEWEST_ROWS or len(np.unique(codes)) < 2:
        return
    folds = np.empty(len(codes), dtype=np.int64)
    splitter = StratifiedKFold(_FOLDS, shuffle=True, random_state=random_state)
    for fold, (_, held_out) in enumerate(splitter.split(codes[:, None], codes)):
        folds[held_out] = fold
    scores = {}
    for column in columns:
        levels = column.take(rows).binned(_BINS, "lower")
        found = _fold_scores(levels, codes, folds)
        if found is not None:
            scores[column.name] = found
    share = share_text(len(codes) / n_rows)
    is_all = len(codes) == n_rows
    sample = "" if is_all else f" (on {len(codes):,} rows, {share} of them)"
    # a target that was made of a few columns is predicted by these: no copy has more
    # values than there are classes
    copies = {c.name for c in columns if c.n_distinct == codes.max() + 1}
    scores = dict(sorted(scores.items(), key=lambda item: -item[1].mean()))
    for name in scores:
        yield from _check_score(name, scores, name in copies, sample, len(codes))


def _check_score(
    name: str, scores: dict, is_like_target: bool, sample: str, n_sampled: int
) -> Iterator[Finding]:
    """Report a column whose score or name is suspicious."""
    auc = float(scores[name].mean())
    # a copy of the suspect must not clear it
    others = [other for other in scores if abs(scores[other].mean() - auc) > 1e-9]
    next_name = others[0] if others else None
    next_auc = float(scores[next_name].mean()) if next_name else np.nan
    words = [word.lower() for word in _WORD.findall(name)]
    known = TEXTS["known-afterwards"]
    is_earlier = not set(known["words_before"]).isdisjoint(words)
    hints = [] if is_earlier else [word for word in words if word in known["words"]]
    evidence: dict = {"auc": auc, "auc_of_folds": scores[name].tolist()}
    evidence |= {"next_column": next_name, "next_auc": next_auc}
    evidence |= {"name_hints": hints, "n_sampled": n_sampled}
    beside = f"; the next, {next_name!r}, reaches {next_auc:.3f}" if others else ""
    ahead = bool(others) and 2 * auc - 1 >= _FAR_AHEAD * max(2 * next_auc - 1, 0)
    texts = {"beside": beside, "sample": sample, "hints": ", ".join(hints)}
    if auc >= _PERFECT and is_like_target:
        yield make_finding("target-copy", "error", (name,), evidence, **texts)
    elif auc >= _SUSPICIOUS or (auc >= _STRONG and (ahead or hints)):
        texts["template"] = "named" if hints else "message"
        yield make_finding("suspect-predictor", "warning", (name,), evidence, **texts)
    elif hints:
        yield make_finding("known-afterwards", "note", (name,), evidence, **texts)


def _fold_scores(
    levels: np.ndarray, codes: np.ndarray, folds: np.ndarray
) -> np.ndarray | None:
    """Return the AUC of each fold, averaged over classes against the rest.

    The score of a level is its share of the class in the other folds, drawn towards
    the overall share, so that levels of a single row carry no information.
    """
    values, levels = np.unique(levels, return_inverse=True)
    n_levels, n_classes = len(values), int(codes.max()) + 1
    if n_levels < 2:
        return None
    cells = levels * n_classes + codes
    size = n_levels * n_classes
    held_outs = [
        np.bincount(cells[folds == fold], minlength=size).reshape(n_levels, n_classes)
        for fold in range(_FOLDS)
    ]
    scores = []
    for held_out in held_outs:
        learnt = sum(held_outs) - held_out
        prior = learnt.sum(axis=0) / learnt.sum()
        rates = learnt + _PRIOR_ROWS * prior
        rates = rates / rates.sum(axis=1, keepdims=True)
        others = held_out.sum(axis=1, keepdims=True) - held_out
        by_class = [*zip(rates.T, held_out.T, others.T, strict=True)]
        by_class = by_class if n_classes > 2 else by_class[1:]
        scores.append(np.nanmean([auc_of_levels(*counts) for counts in by_class]))
    return np.array(scores)
