"""The findings of an audit in words without any number or value of the data."""

import dataclasses
from typing import Any

import pandas as pd

from segmentlearn.inspection import audit

# no counts and no cells: those of few customers could be among them
_WORDS = {
    "shared-entities": "Customers are in both tables.",
    "reused-identifiers": "Both tables use the same identifiers for other customers.",
    "repeated-entities": "Customers stand in several rows.",
    "identifier": "Names its customer; it says nothing about kinds of customers.",
    "target-copy": "Tells practically the whole target: probably a leak.",
    "suspect-predictor": "Tells so much of the target that it may be a leak.",
    "known-afterwards": "May be known only after the target is.",
    "duplicate-rows": "Rows repeat each other.",
    "conflicting-labels": "Customers who are alike are in different segments.",
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
    X: pd.DataFrame, y: Any, random_state: Any, ids: list[str] | None = None
) -> list[PlainFinding]:
    """Audit a table and put what is found in plain words.

    Parameters
    ----------
    X : DataFrame
        Customers.
    y : array-like or None
        Their segments, where the data hold them.
    random_state : RandomState
        Draws rows and folds.
    ids : list of str or None, default=None
        Columns that name a customer.

    Returns
    -------
    findings : list of PlainFinding
        The worst first.
    """
    report = audit(X, y, ids=ids, random_state=random_state)
    return [
        PlainFinding(
            one.severity,
            _SERIOUSNESS[one.severity],
            ", ".join(one.columns),
            _WORDS.get(one.code, one.code.replace("-", " ").capitalize() + "."),
            one.cure,
        )
        for one in report
    ]
