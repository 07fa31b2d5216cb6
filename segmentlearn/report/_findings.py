"""The findings of an audit without any number or value of the data."""

import dataclasses
import importlib.resources
import shlex
import tomllib
from collections.abc import Sequence
from typing import Any

import pandas as pd

from segmentlearn.auditing import Finding, audit

_FILE = importlib.resources.files("segmentlearn.report").joinpath("findings.toml")
_TEXTS = tomllib.loads(_FILE.read_text(encoding="utf-8"))
_NOT_USED = "The model does not use it: nothing to do."
# the worst first
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
    order = list(_SERIOUSNESS)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _in_plain_words(finding: Finding, used: list[str] | None) -> PlainFinding:
    texts, severity = _TEXTS[finding.code], finding.severity
    is_used = used is None or not set(finding.columns).isdisjoint(used)
    if "{drop}" in texts["cure"] and not is_used:
        severity, cure = "note", _NOT_USED
    else:
        cure = texts["cure"].format(
            drop=_options("--drop", finding.columns),
            drop_others=_options("--drop", finding.columns[1:]),
            id=_options("--id", finding.columns),
        )
    columns = ", ".join(finding.columns)
    return PlainFinding(severity, _SERIOUSNESS[severity], columns, texts["words"], cure)


def _options(option: str, columns: Sequence[str]) -> str:
    """Return an option of the command line for each column."""
    return " ".join(f"{option} {shlex.quote(str(name))}" for name in columns)
