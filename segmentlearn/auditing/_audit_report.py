"""AuditReport: what `audit` finds, as text, frame, Markdown and HTML."""

import dataclasses
import html
import textwrap

import pandas as pd

from segmentlearn._formatting import markdown_table

SEVERITIES = ("note", "warning", "error")

_WIDTH = 88
_COLUMNS = ("severity", "code", "columns", "message", "cure", "evidence")


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
    columns: tuple
    message: str
    cure: str
    evidence: dict = dataclasses.field(hash=False)

    def __str__(self):
        where = f" [{', '.join(self.columns)}]" if self.columns else ""
        return f"{self.severity}: {self.code}{where}: {self.message}"


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

    def __init__(self, findings, *, n_rows, n_columns, n_new):
        order = {severity: -at for at, severity in enumerate(SEVERITIES)}
        self.findings = tuple(sorted(findings, key=lambda one: order[one.severity]))
        self.n_rows = n_rows
        self.n_columns = n_columns
        self.n_new = n_new

    @property
    def worst(self):
        """Severity of the worst finding."""
        return self.findings[0].severity if self.findings else None

    @property
    def codes(self):
        """Codes of the findings, each once."""
        return list(dict.fromkeys(one.code for one in self.findings))

    def filter(self, severity=None, *, code=None, column=None):
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
        if severity is not None and severity not in SEVERITIES:
            raise ValueError(f"severity={severity!r} is not one of {list(SEVERITIES)}.")
        least = 0 if severity is None else SEVERITIES.index(severity)
        kept = [
            one
            for one in self.findings
            if SEVERITIES.index(one.severity) >= least
            and code in (None, one.code)
            and (column is None or column in one.columns)
        ]
        return AuditReport(
            kept, n_rows=self.n_rows, n_columns=self.n_columns, n_new=self.n_new
        )

    def to_frame(self):
        """Return the findings as a frame.

        Returns
        -------
        frame : DataFrame
            One row a finding: "severity", "code", "columns" (a tuple), "message",
            "cure" and "evidence" (a dict of numbers).
        """
        rows = [[getattr(one, name) for name in _COLUMNS] for one in self.findings]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def to_markdown(self):
        """Return the findings as a Markdown document.

        Returns
        -------
        text : str
            A table of severity, code, columns, finding and cure.
        """
        text = f"# Audit\n\n{self._heading()}.\n"
        if not self.findings:
            return text
        frame = self.to_frame().drop(columns="evidence")
        frame["columns"] = frame["columns"].map(", ".join)
        table = markdown_table(frame.rename(columns={"message": "finding"}))
        return f"{text}\n{table}\n"

    def __len__(self):
        return len(self.findings)

    def __iter__(self):
        return iter(self.findings)

    def __repr__(self):
        return f"AuditReport({self._counts()})"

    def __str__(self):
        lines = [f"Audit of {self._heading()}"]
        for one in self.findings:
            where = f": {', '.join(one.columns)}" if one.columns else ""
            lines += ["", *_wrap(f"{one.severity.upper()} {one.code}{where}", "", "  ")]
            lines += _wrap(one.message, "  ", "  ")
            lines += _wrap(f"Cure: {one.cure}", "  ", "    ")
        return "\n".join(lines)

    def _repr_html_(self):
        rows = [
            f"<tr><td>{one.severity}</td><td><code>{one.code}</code></td>"
            f"<td>{html.escape(', '.join(one.columns))}</td>"
            f"<td>{html.escape(one.message)}</td><td>{html.escape(one.cure)}</td></tr>"
            for one in self.findings
        ]
        head = "".join(
            f"<th>{name}</th>"
            for name in ("severity", "code", "columns", "finding", "cure")
        )
        table = (
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
            "</table>"
            if rows
            else ""
        )
        return f"<p>Audit of {html.escape(self._heading())}</p>{table}"

    def _heading(self):
        """Say what was looked at and how much was found."""
        new = "" if self.n_new is None else f", {self.n_new:,} new rows"
        size = f"{self.n_rows:,} rows, {self.n_columns} columns{new}"
        return f"{size}: {self._counts()}"

    def _counts(self):
        """Count the findings of each severity, the worst first."""
        if not self.findings:
            return "nothing found"
        given = [one.severity for one in self.findings]
        return ", ".join(
            f"{given.count(severity)} {severity}{'s' * (given.count(severity) != 1)}"
            for severity in reversed(SEVERITIES)
            if severity in given
        )


def _wrap(text, first, later):
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )
