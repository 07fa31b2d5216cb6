"""Values that can hardly be true: placeholders, wrong signs, extremes; date texts."""

import datetime
from collections.abc import Iterable, Iterator

import numpy as np

from segmentlearn._formatting import names_text, number_text
from segmentlearn.auditing._audit_report import Finding, make_finding
from segmentlearn.tables import CATEGORY, DATETIME, EXTREME, Column, reads_as_date

_MOST_EXAMPLES = 3
_MOST_TRUE = 2
_MOST_IN_FUTURE = 0.05
_MOSTLY_DATES = 0.8
_FEWEST_DATES = 5  # different ones


def check_values(columns: Iterable[Column]) -> Iterator[Finding]:
    """Find values that can hardly be true in columns as they are read."""
    for column in columns:
        for reason, mask in column.implausible.items():
            yield _implausible(column, reason, mask)
        if column.kind == DATETIME:
            yield from _check_future(column)


def check_date_text(
    raw: Iterable[Column], typed: dict[str, Column]
) -> Iterator[Finding]:
    """Find dates in columns of text."""
    for column in raw:
        if column.kind != CATEGORY or column.n_distinct < _FEWEST_DATES:
            continue
        levels, counts = column.factor.levels, column.level_counts
        n_dates = int(
            sum(c for t, c in zip(levels, counts, strict=True) if reads_as_date(t))
        )
        share = n_dates / max(1, counts.sum())
        if share < _MOSTLY_DATES:
            continue
        is_read = typed[column.name].kind == DATETIME
        shown = names_text((repr(level) for level in levels[:20]), _MOST_EXAMPLES)
        template = "message" if is_read else "unread"
        evidence = {"n_dates": n_dates, "share_dates": share, "is_read": is_read}
        severity = "note" if is_read else "warning"
        words: dict = {"shown": shown, "template": template}
        yield make_finding("dates-as-text", severity, (column.name,), evidence, **words)


def _implausible(column: Column, reason: str, mask: np.ndarray) -> Finding:
    values = column.numbers[mask]
    n_found, n_present = int(mask.sum()), int(np.count_nonzero(~column.missing))
    others = column.numbers[~column.missing & ~mask]
    distinct, counts = np.unique(values, return_counts=True)
    order = np.lexsort((-np.abs(distinct), -counts))
    evidence: dict = {"n_found": n_found, "n_present": n_present}
    evidence |= {"share_found": n_found / n_present}
    evidence |= {"values": distinct[order][:20].tolist()}
    evidence |= {
        "lowest_other": float(others.min()),
        "highest_other": float(others.max()),
    }
    examples, low, high = (
        [_value_text(value, column.kind) for value in found]
        for found in (distinct[order], [others.min()], [others.max()])
    )
    words = {"examples": names_text(examples, _MOST_EXAMPLES)}
    words |= {"low": low[0], "high": high[0]}
    # one customer or two may be as large as that
    is_rare = reason == EXTREME and n_found <= _MOST_TRUE
    severity = "note" if is_rare else "warning"
    return make_finding(reason, severity, (column.name,), evidence, **words)


def _value_text(value: float, kind: str) -> str:
    """Return a value in full: 999,999 and not 1,000,000."""
    if kind == DATETIME or value != round(value):
        return number_text(float(value), kind)
    return f"{value:,.0f}"


def _check_future(column: Column) -> Iterator[Finding]:
    """Find dates after today, unless there are so many that they are planned ones."""
    today = (datetime.date.today() - datetime.date(1970, 1, 1)).days
    left_out = np.any([*column.implausible.values(), column.missing], axis=0)
    is_future = (column.numbers >= today + 1) & ~left_out
    n_future, n_present = int(is_future.sum()), int(np.count_nonzero(~column.missing))
    if not n_future or n_future > _MOST_IN_FUTURE * n_present:
        return
    latest = number_text(float(column.numbers[is_future].max()), DATETIME)
    evidence = {"n_future": n_future, "share_future": n_future / n_present}
    yield make_finding(
        "future-dates", "warning", (column.name,), evidence, latest=latest
    )
