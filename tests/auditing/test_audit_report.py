"""AuditReport: findings in order, as text, frame and documents."""

import dataclasses
import importlib.resources
import re
import tomllib

import pytest

from segmentlearn.auditing import AuditReport, Finding, audit

NOTE = Finding("many-levels", "note", ("a|b", "<c>"), "Many.", "Fewer.", {"n": 1})
ERROR = Finding("single-class", "error", (), "One class.", "Another target.", {})


@pytest.fixture
def report():
    return AuditReport([NOTE, ERROR], n_rows=1200, n_columns=3, n_new=50)


def test_worst_comes_first(report):
    """Findings are sorted by severity."""
    assert report.findings == (ERROR, NOTE)
    assert report.worst == "error"
    assert len(report) == 2


def test_empty_report_is_false():
    """Nothing found: no worst severity, and a line in its place."""
    report = AuditReport([], n_rows=5, n_columns=1, n_new=None)
    assert not report
    assert report.worst is None
    assert str(report) == "Audit of 5 rows, 1 columns: nothing found"


@pytest.mark.parametrize(
    ("severity", "n_kept"), [(None, 2), ("note", 2), ("warning", 1), ("error", 1)]
)
def test_filter_by_severity(report, severity, n_kept):
    """Findings at least so severe are kept."""
    assert len(report.filter(severity)) == n_kept


def test_filter_by_code_and_column(report):
    """Both narrow the report down."""
    assert report.filter(code="single-class").findings == (ERROR,)
    assert report.filter(column="<c>").findings == (NOTE,)


def test_unknown_severity_is_refused(report):
    """The error lists those that there are."""
    with pytest.raises(ValueError, match="severity='bad' is not one of"):
        report.filter("bad")


def test_findings_cannot_be_changed():
    """A finding is frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        ERROR.severity = "note"


def test_frame_has_a_row_a_finding(report):
    """Evidence stays raw."""
    frame = report.to_frame()
    assert frame["code"].tolist() == ["single-class", "many-levels"]
    assert frame["evidence"][1] == {"n": 1}


def test_markdown_escapes_bars(report):
    """A bar in a column name does not end the cell."""
    assert r"a\|b, \<c>" in report.to_markdown()


def test_html_is_escaped(report):
    """Column names are no markup."""
    html = report._repr_html_()
    assert "&lt;c&gt;" in html
    assert "<c>" not in html


def test_text_fits_a_terminal(report):
    """Lines are at most 88 characters and hold severity, code and cure."""
    text = str(report)
    assert max(map(len, text.splitlines())) <= 88
    assert "ERROR single-class" in text
    assert "Cure: Fewer." in text


def test_every_code_has_a_cure():
    """And a message: those that the documentation of `audit` lists, and no others."""
    notes = audit.__doc__.split("Codes of findings:")[1].split("References")[0]
    file = importlib.resources.files("segmentlearn.auditing").joinpath("findings.toml")
    texts = tomllib.loads(file.read_text(encoding="utf-8"))
    assert set(re.findall(r'"([a-z-]+)"', notes)) == set(texts)
