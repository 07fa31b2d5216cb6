"""The findings of an audit without any number or value of the data."""

import dataclasses
import shlex
from collections.abc import Sequence
from typing import Any

import pandas as pd

from segmentlearn.auditing import Finding, audit

# no counts and no cells: those of few customers could be among them
_WORDS = {
    "shared-entities": "Customers are in both tables.",
    "reused-identifiers": "Both tables use the same identifiers for other customers.",
    "repeated-entities": "Customers are in several rows.",
    "identifier": "Identifies its customer; has no information on segments.",
    "target-copy": "Predicts the target almost perfectly: probably a leak.",
    "suspect-predictor": "Predicts the target so well that it may be a leak.",
    "known-afterwards": "May be known only after the target is.",
    "duplicate-rows": "Rows repeat each other.",
    "conflicting-labels": "Equal customers are in different segments.",
    "missing-labels": "Rows have no segment.",
    "single-class": "The target holds one segment alone.",
    "small-classes": "Some segments have very few customers.",
    "class-imbalance": "Segments are of very different sizes.",
    "missing-depends-on-target": "Is missing in some segments more than in others.",
    "infinite-values": "Holds infinite values.",
    "mixed-types": "Holds values of several types.",
    "numbers-as-text": "Holds numbers that are written as text.",
    "level-variants": "The same value is written in several ways.",
    "many-levels": "Has a great many different values.",
    "empty-column": "Holds nothing.",
    "mostly-missing": "Is missing for most customers.",
    "constant-column": "Is the same for all customers.",
    "copied-columns": "Columns hold the same.",
}
# for who runs the command line: {drop} are its options that leave the columns out
_CURES = {
    "identifier": (
        "Leave it out when the model is made ({drop}), and name it when the data are "
        "audited ({id}). If it is a quantity, keep it."
    ),
    "repeated-entities": (
        "Evaluate a model on customers of whom it has seen no row at all."
    ),
    "target-copy": (
        "Leave it out ({drop}), unless it is known before the segment is; then no "
        "model is needed."
    ),
    "suspect-predictor": (
        "Ask when its value becomes known. If that is only with the segment or after "
        "it, leave it out ({drop})."
    ),
    "known-afterwards": (
        "Ask when its value becomes known; if that is too late, leave it out ({drop})."
    ),
    "duplicate-rows": (
        "If they are the same customers, take the copies out of the file: a model "
        "evaluated on customers that it has seen looks better than it is. If they are "
        "not, leave them."
    ),
    "conflicting-labels": (
        "No model can be right for all of them. Look for a column that distinguishes "
        "them, or for wrong segments."
    ),
    "missing-labels": "Find out their segments; until then they teach a model nothing.",
    "single-class": "Take another column as the target (--target): nothing to learn.",
    "small-classes": (
        "Collect more of such customers, put segments together, or leave them out."
    ),
    "class-imbalance": (
        "Look at how well each segment is found, and not at the share that is right "
        "alone; --class-weight balanced makes all segments weigh the same."
    ),
    "missing-depends-on-target": (
        "Ask why. If the value is missing before the segment is known, it may help; "
        "if only afterwards, leave the column out ({drop})."
    ),
    "infinite-values": (
        "Look for a division by zero in what makes the column, and leave such cells "
        "empty."
    ),
    "mixed-types": "Write all values in the same way: as numbers, or as text.",
    "numbers-as-text": (
        "Write them as plain numbers, without units or words in the cell; leave them "
        "if the numbers are names."
    ),
    "level-variants": "Write each value in one way, with the same capitals and spaces.",
    "many-levels": (
        "Put rare values together, or use a coarser column, such as the region and not "
        "the town."
    ),
    "empty-column": ("Leave it out ({drop}), or find out where its values were lost."),
    "mostly-missing": (
        "Ask why. Keep it where a missing value means something, such as never "
        "contacted; leave it out otherwise ({drop})."
    ),
    "constant-column": "Leave it out ({drop}).",
    "copied-columns": "Keep one of them and leave the others out ({drop_others}).",
}
_NOT_USED = "The model does not use it: nothing to do."
_ORDER = ("error", "warning", "note")
_SERIOUSNESS = {"error": "serious", "warning": "look at it", "note": "worth knowing"}


@dataclasses.dataclass(frozen=True)
class PlainFinding:
    """A finding of the audit for a reader who does not program.

    Parameters
    ----------
    severity : {"error", "warning", "note"}
        As in the audit.
    seriousness : str
        The same in words.
    columns : str
        Which columns.
    words : str
        What it is.
    cure : str
        What to do about it.
    """

    severity: str
    seriousness: str
    columns: str
    words: str
    cure: str


def plain_findings(
    X: pd.DataFrame, y: Any, random_state: Any, used: list[str] | None = None
) -> list[PlainFinding]:
    """Audit a table and return the findings in plain words."""
    report = audit(X, y, random_state=random_state)
    findings = [_in_plain_words(finding, used) for finding in report]
    return sorted(findings, key=lambda finding: _ORDER.index(finding.severity))


def _in_plain_words(finding: Finding, used: list[str] | None) -> PlainFinding:
    severity = finding.severity
    cure = _CURES.get(finding.code)
    is_used = used is None or not set(finding.columns).isdisjoint(used)
    if cure is None:
        cure = finding.cure
    elif "{drop}" in cure and not is_used:
        severity, cure = "note", _NOT_USED
    else:
        cure = cure.format(
            drop=_options("--drop", finding.columns),
            drop_others=_options("--drop", finding.columns[1:]),
            id=_options("--id", finding.columns),
        )
    return PlainFinding(
        severity,
        _SERIOUSNESS[severity],
        ", ".join(finding.columns),
        _WORDS.get(finding.code, finding.code.replace("-", " ").capitalize() + "."),
        cure,
    )


def _options(option: str, columns: Sequence[str]) -> str:
    """Return an option of the command line for each column."""
    return " ".join(f"{option} {shlex.quote(str(name))}" for name in columns)
