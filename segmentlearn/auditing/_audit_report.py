"""AuditReport: what `audit` finds, as text, frame, Markdown and HTML."""

import dataclasses
import html
import importlib.resources
import shlex
import string
import textwrap
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from segmentlearn._formatting import markdown_table, share_text
from segmentlearn._parameters import check_option

SEVERITIES = ("note", "warning", "error")

_WIDTH = 88
_TINY = 1e-9
_FILE = importlib.resources.files("segmentlearn.auditing").joinpath("findings.toml")
TEXTS = tomllib.loads(_FILE.read_text(encoding="utf-8"))


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that `audit` found.

    Attributes
    ----------
    code : str
        What kind of finding it is; codes stay the same from version to version.
    severity : {"note", "warning", "error"}
        "error": results on this table would mislead, or fitting fails. "warning":
        probably a defect; look before you go on. "note": worth knowing.
    columns : tuple of str
        The columns it is about; empty where it is about the table or the target.
    message : str
        What was found, with its numbers.
    cure : str
        What to do about it.
    evidence : dict of str to object
        The numbers, not rounded.
    """

    code: str
    severity: str
    columns: tuple[str, ...]
    message: str
    cure: str
    evidence: dict = dataclasses.field(hash=False)

    def __str__(self) -> str:
        where = f" [{', '.join(self.columns)}]" if self.columns else ""
        return f"{self.severity}: {self.code}{where}: {self.message}"


class _Formatter(string.Formatter):
    """Writes what a template gives the format "share", or "chance" for p-values."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "chance":  # a p-value is 0 by rounding alone
            value, format_spec = max(value, _TINY), "share"
        if format_spec == "share":
            return share_text(value)
        return super().format_field(value, format_spec)


def make_finding(
    code: str,
    severity: str,
    columns: Iterable[str],
    evidence: dict,
    *,
    template: str = "message",
    texts: Any = TEXTS,
    **words: Any,
) -> Finding:
    """Return a finding with the message and the cure that belong to its code."""
    own, columns = texts[code], tuple(columns)
    message = _Formatter().format(own[template], **evidence, **words)
    for_shell = " ".join(map(shlex.quote, columns))
    cure = own["cure"].format(*columns, for_shell=for_shell)
    return Finding(code, severity, columns, message, cure, evidence)


class AuditReport:
    """What `audit` finds in a table.

    Made by :func:`audit`. Printed, it is a report to read; it has a length, can be
    looped over, and is false where nothing was found.

    Attributes
    ----------
    findings : tuple of Finding
        The worst first.
    n_rows : int
        Rows of the table.
    n_columns : int
        Its columns, without the target.
    n_new : int or None
        Rows of the new table; None without one.
    worst : {"error", "warning", "note"} or None
        Severity of the worst finding; None where nothing was found.

    See Also
    --------
    audit : Make one.
    """

    def __init__(
        self,
        findings: Iterable[Finding],
        *,
        n_rows: int,
        n_columns: int,
        n_new: int | None,
    ) -> None:
        worst_first = sorted(findings, key=lambda f: -SEVERITIES.index(f.severity))
        self.findings = tuple(worst_first)
        self.n_rows, self.n_columns, self.n_new = n_rows, n_columns, n_new

    @property
    def worst(self) -> str | None:
        """Severity of the worst finding."""
        return self.findings[0].severity if self.findings else None

    @property
    def codes(self) -> list[str]:
        """Codes of the findings, each once."""
        return list(dict.fromkeys(finding.code for finding in self.findings))

    def filter(
        self,
        severity: str | None = None,
        *,
        code: str | None = None,
        column: str | None = None,
    ) -> "AuditReport":
        """Return the report of a part of the findings.

        Parameters
        ----------
        severity : {"note", "warning", "error"} or None, default=None
            Keep findings that are at least so severe.
        code : str or None, default=None
            Keep findings of this code.
        column : str or None, default=None
            Keep findings about this column.

        Returns
        -------
        report : AuditReport
            A new one.

        Raises
        ------
        ValueError
            If there is no such severity.
        """
        least = SEVERITIES[0] if severity is None else severity
        check_option("severity", least, SEVERITIES)
        kept = [
            finding
            for finding in self.findings
            if SEVERITIES.index(finding.severity) >= SEVERITIES.index(least)
            and code in (None, finding.code)
            and (column is None or column in finding.columns)
        ]
        size = {"n_rows": self.n_rows, "n_columns": self.n_columns}
        return AuditReport(kept, **size, n_new=self.n_new)

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a frame.

        Returns
        -------
        frame : DataFrame
            One row a finding: "severity", "code", "columns" (a tuple), "message",
            "cure" and "evidence" (a dict of numbers).
        """
        names = ["severity", "code", "columns", "message", "cure", "evidence"]
        rows = [[getattr(finding, name) for name in names] for finding in self]
        return pd.DataFrame(rows, columns=names)

    def to_markdown(self) -> str:
        """Return the findings as a Markdown document.

        Returns
        -------
        text : str
            A table of severity, code, columns, finding and cure.
        """
        text = f"# Audit\n\n{self._heading()}.\n"
        return f"{text}\n{markdown_table(self._shown())}\n" if self.findings else text

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __repr__(self) -> str:
        return f"AuditReport({self._counts()})"

    def __str__(self) -> str:
        lines = [f"Audit of {self._heading()}"]
        for finding in self.findings:
            where = f": {', '.join(finding.columns)}" if finding.columns else ""
            title = f"{finding.severity.upper()} {finding.code}{where}"
            lines += ["", *_wrap(title, "", "  ")]
            lines += _wrap(finding.message, "  ", "  ")
            lines += _wrap(f"Cure: {finding.cure}", "  ", "    ")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        table = self._shown().to_html(index=False) if self.findings else ""
        return f"<p>Audit of {html.escape(self._heading())}</p>{table}"

    def _shown(self) -> pd.DataFrame:
        """Return the findings as text, for documents."""
        frame = self.to_frame().drop(columns="evidence")
        frame["columns"] = frame["columns"].map(", ".join)
        return frame.rename(columns={"message": "finding"})

    def _heading(self) -> str:
        """Return what was looked at and how much was found."""
        new = "" if self.n_new is None else f", {self.n_new:,} new rows"
        size = f"{self.n_rows:,} rows, {self.n_columns} columns{new}"
        return f"{size}: {self._counts()}"

    def _counts(self) -> str:
        """Count the findings of each severity, the worst first."""
        if not self.findings:
            return "nothing found"
        given = [finding.severity for finding in self.findings]
        return ", ".join(
            f"{given.count(severity)} {severity}{'s' * (given.count(severity) != 1)}"
            for severity in reversed(SEVERITIES)
            if severity in given
        )


def _wrap(text: str, first: str, later: str) -> list[str]:
    style: dict = {"initial_indent": first, "subsequent_indent": later}
    style |= {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.wrap(text, _WIDTH, **style)
