"""The target: its classes, their shares, and missing values that depend on them."""

from collections.abc import Iterable, Iterator

import numpy as np
from scipy import stats

from segmentlearn._formatting import names_text
from segmentlearn.auditing._audit_report import Finding, make_finding
from segmentlearn.metrics import adjust, chi_squared, cramers_v
from segmentlearn.tables import Column

_VERY_UNEVEN = 0.99
_WEAK, _STRONG = 0.1, 0.5  # Cramér's V of missing values and classes


def check_classes(
    codes: np.ndarray, classes: list, n_missing: int, n_folds: int
) -> Iterator[Finding]:
    """Check whether the classes can be learnt and accuracy is informative."""
    counts = np.bincount(codes, minlength=len(classes))
    if n_missing:
        evidence: dict = {"n_missing": n_missing, "n_labelled": len(codes)}
        n_rows = n_missing + len(codes)
        yield make_finding("missing-labels", "error", (), evidence, n_rows=n_rows)
    n_classes = np.count_nonzero(counts)
    if n_classes < 2:
        evidence, listed = {"n_classes": int(n_classes)}, names_text(classes)
        yield make_finding("single-class", "error", (), evidence, classes=listed)
        return
    small = [at for at, count in enumerate(counts) if 0 < count < n_folds]
    sizes = {str(classes[at]): int(counts[at]) for at in small}
    if sizes:
        listed = names_text(f"{name} ({size})" for name, size in sizes.items())
        severity = "error" if min(sizes.values()) < 2 else "warning"
        evidence = {"sizes": sizes, "n_folds": n_folds}
        words: dict = {"listed": listed, "n_classes": len(small)}
        yield make_finding("small-classes", severity, (), evidence, **words)
    yield from _check_imbalance(counts, classes)


def check_missing_by_class(
    columns: Iterable[Column],
    codes: np.ndarray,
    rows: np.ndarray,
    n_classes: int,
    alpha: float,
    correction: str | None,
) -> Iterator[Finding]:
    """Find columns whose missing values depend on the target."""
    tables, p_values = {}, []
    for column in columns:
        missing = column.missing[rows]
        if missing.any() and not missing.all():
            table = np.bincount(codes * 2 + missing, minlength=2 * n_classes)
            tables[column.name] = table = table.reshape(n_classes, 2)
            chi2, df, _ = chi_squared(table[table.sum(axis=1) > 0])
            p_values.append(stats.chi2.sf(chi2, df) if df else np.nan)
    adjusted = adjust(np.array(p_values), correction)
    for (name, table), p_value in zip(tables.items(), adjusted, strict=True):
        strength = float(cramers_v(table).estimate)
        if not (p_value < alpha and strength >= _WEAK):
            continue
        with np.errstate(invalid="ignore"):
            shares = table[:, 1] / table.sum(axis=1)
        yield make_finding(
            "missing-depends-on-target",
            "warning" if strength >= _STRONG else "note",
            (name,),
            {
                "cramers_v": strength,
                "p_adjusted": float(p_value),
                "share_missing_by_class": shares.tolist(),
            },
            lowest=np.nanmin(shares),
            highest=np.nanmax(shares),
        )


def _check_imbalance(counts: np.ndarray, classes: list) -> Iterator[Finding]:
    n_rows, largest = int(counts.sum()), int(np.argmax(counts))
    share = counts[largest] / n_rows
    # half way between even classes and a single one
    if share < (1 + 1 / np.count_nonzero(counts)) / 2:
        return
    test = stats.binomtest(int(counts[largest]), n_rows)
    interval = test.proportion_ci(method="wilson")
    yield make_finding(
        "class-imbalance",
        "warning" if share >= _VERY_UNEVEN else "note",
        (),
        {
            "majority_class": classes[largest],
            "majority_share": float(share),
            "interval": (float(interval.low), float(interval.high)),
            "counts": dict(zip(map(str, classes), counts.tolist(), strict=True)),
        },
        smallest=counts[counts > 0].min(),
    )
