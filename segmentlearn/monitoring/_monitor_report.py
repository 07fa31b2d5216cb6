"""MonitorReport: whether a model still fits its customers, with the numbers behind."""

import html
import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from segmentlearn._formatting import markdown_table, percent
from segmentlearn._parameters import check_option
from segmentlearn.auditing import Finding
from segmentlearn.monitoring._gates import VERDICTS, Check, Gate, finding_of

_ADVICE = {
    "keep": "nothing has changed beyond the limits: go on with this model",
    "watch": "look at what follows before the segments are used",
    "refit": "what follows is a major change: fit the model again",
}
_TABLES = ("findings", "gates")
_GATE_COLUMNS = {
    "gate": "gate",
    "column": "column",
    "value": "value",
    "critical": "at most by chance",
    "watch": "watch from",
    "refit": "refit from",
    "p_adjusted": "corrected p",
    "verdict": "verdict",
}


class MonitorReport:
    """What `SegmentMonitor.check` finds in a table of new customers.

    Made by :class:`SegmentMonitor`. Printed, it is a report to read.

    Attributes
    ----------
    verdict : {"keep", "watch", "refit"}
        The worst of all gates.
    findings : tuple of Finding
        What was found at the gates that were hit, the worst first; its `severity` is
        "warning" for "watch" and "error" for "refit".
    n_rows, n_reference : int
        Customers that were checked, and those they were compared with.
    alpha : float
        Risk that any gate is hit although nothing has changed.

    See Also
    --------
    SegmentMonitor : Makes one.
    """

    def __init__(
        self,
        checks: Sequence[Check],
        gates: Mapping[str, Gate],
        *,
        n_rows: int,
        n_reference: int,
        alpha: float,
    ) -> None:
        self._checks, self._gates = list(checks), dict(gates)
        self.n_rows, self.n_reference, self.alpha = n_rows, n_reference, alpha
        hit = [check for check in self._checks if check.verdict != VERDICTS[0]]
        hit.sort(key=lambda check: (-VERDICTS.index(check.verdict), -check.value))
        self.findings: tuple[Finding, ...] = tuple(map(finding_of, hit))
        self.verdict = hit[0].verdict if hit else VERDICTS[0]

    def to_frame(self, kind: str = "findings") -> pd.DataFrame:
        """Return the numbers as a frame.

        Parameters
        ----------
        kind : {"findings", "gates"}, default="findings"
            "findings" has a row for each gate that was hit: "severity", "code",
            "columns", "message", "cure", "evidence". "gates" has one for each that was
            looked at: "gate", "column", "value" and the "critical" value that it
            exceeds by chance, where "watch" and "refit" begin, "p_value", "p_adjusted"
            and "verdict".

        Returns
        -------
        frame : DataFrame
            The table asked for.

        Raises
        ------
        ValueError
            If there is no such table.
        """
        check_option("kind", kind, _TABLES)
        if kind == "findings":
            names = ["severity", "code", "columns", "message", "cure", "evidence"]
            rows = [[getattr(one, name) for name in names] for one in self.findings]
            return pd.DataFrame(rows, columns=names)
        names = [*_GATE_COLUMNS]
        names.insert(names.index("p_adjusted"), "p_value")
        return pd.DataFrame(
            [
                {**vars(check), **vars(self._gates[check.gate])}
                for check in self._checks
            ],
            columns=names,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values.

        Returns
        -------
        report : dict
            "verdict", "n_rows", "n_reference", "alpha", "findings" and "gates", the
            latter with the evidence; NaN is None.
        """
        findings = [
            {"gate": one.code, "columns": list(one.columns), "severity": one.severity}
            | {"message": one.message, "cure": one.cure}
            for one in self.findings
        ]
        gates = self.to_frame("gates").to_dict("records")
        for gate, check in zip(gates, self._checks, strict=True):
            gate["evidence"] = check.evidence
        sizes = {"n_rows": self.n_rows, "n_reference": self.n_reference}
        return _plain(
            {"verdict": self.verdict, **sizes, "alpha": self.alpha}
            | {"findings": findings, "gates": gates}
        )

    def to_json(self) -> str:
        """Return the report as JSON, for other programs.

        Returns
        -------
        text : str
            What `to_dict` returns.
        """
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    def to_markdown(self) -> str:
        """Return the report as a Markdown document.

        Returns
        -------
        text : str
            The verdict, a table of findings with their cures, and one of all gates.
        """
        lines = [f"# Monitor: {self.verdict}", "", f"{self._heading()}.", ""]
        if self.findings:
            lines += [markdown_table(self._shown("findings")), ""]
        lines += ["## Gates", "", markdown_table(self._shown("gates")), ""]
        lines += ["## Why these values", ""]
        lines += [
            f"- {name}: {' '.join(self._gates[name].why.split())}"
            for name in self._used()
        ]
        return "\n".join(lines) + "\n"

    def to_html(self) -> str:
        """Return the report as a page.

        Returns
        -------
        text : str
            A complete HTML document without scripts.
        """
        reasons = "".join(
            f"<li>{html.escape(f'{name}: {self._gates[name].why}')}</li>"
            for name in self._used()
        )
        return (
            "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
            f"<title>Monitor: {self.verdict}</title><style>body{{font-family:"
            "sans-serif;margin:2em;max-width:70em}td,th{padding:.2em .6em;text-align:"
            "left;border-bottom:1px solid #ddd}table{border-collapse:collapse}</style>"
            f"</head><body><h1>Monitor: {self.verdict}</h1>{self._tables()}"
            f"<h2>Why these values</h2><ul>{reasons}</ul></body></html>\n"
        )

    def __repr__(self) -> str:
        return f"MonitorReport(verdict={self.verdict!r}, {len(self.findings)} findings)"

    def __str__(self) -> str:
        lines = [f"{self.verdict.upper()}: {self._heading()}"]
        for one in self.findings:
            where = f": {', '.join(one.columns)}" if one.columns else ""
            lines += [
                "",
                f"{VERDICTS[1 + (one.severity == 'error')].upper()} {one.code}{where}",
            ]
            lines += textwrap.wrap(
                one.message, 88, initial_indent="  ", subsequent_indent="  "
            )
            lines += textwrap.wrap(
                f"Cure: {one.cure}", 88, initial_indent="  ", subsequent_indent="    "
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<div>{self._tables()}</div>"

    def _tables(self) -> str:
        """Return the heading and both tables as HTML."""
        parts = [f"<p>{html.escape(self._heading())}.</p>"]
        with pd.option_context("display.max_colwidth", None):
            for kind in _TABLES[int(not self.findings) :]:
                shown = self._shown(kind)
                parts += [
                    f"<h2>{kind.capitalize()}</h2>",
                    shown.to_html(
                        index=False, border=0, na_rep="-", float_format="{:.3g}".format
                    ),
                ]
        return "".join(parts)

    def _heading(self) -> str:
        risk = percent(self.alpha)
        return (
            f"{self.n_rows:,} customers compared with {self.n_reference:,}; "
            f"{_ADVICE[self.verdict]} (risk of a false alarm {risk} or less)"
        )

    def _used(self) -> list[str]:
        """Return the gates that were looked at."""
        return list(dict.fromkeys(check.gate for check in self._checks))

    def _shown(self, kind: str) -> pd.DataFrame:
        """Return a table as it is shown in documents."""
        frame = self.to_frame(kind)
        if kind == "gates":
            frame = frame.sort_values(
                ["verdict", "value"],
                key=lambda c: c.map(VERDICTS.index) if c.name == "verdict" else c,
                ascending=False,
                kind="stable",
            )
            return frame[[*_GATE_COLUMNS]].rename(columns=_GATE_COLUMNS)
        frame["columns"] = frame["columns"].map(", ".join)
        frame["severity"] = [VERDICTS[1 + (s == "error")] for s in frame["severity"]]
        names = {"severity": "verdict", "code": "gate", "message": "finding"}
        return frame.drop(columns="evidence").rename(columns=names)


def _plain(value: Any) -> Any:
    """Turn values into what JSON can hold; NaN and infinity become None."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
