"""What a visitor takes away: customers, archives, reports, rules, as bytes of files."""

import contextlib
import io
import pathlib
import tempfile
from typing import Any

import numpy as np

import segmentlearn
from segmentlearn.export import DIALECTS, SegmentRules
from segmentlearn.monitoring import SegmentMigration
from segmentlearn.report import write_migration, write_report
from segmentlearn.tables import (
    TableFile,
    defuse_formulas,
    open_writer,
    output_kind,
    rows_to_write,
)

FORMATS = {"CSV": ".csv", "Excel": ".xlsx", "Parquet": ".parquet"}
RULE_FORMATS = {
    "Readable page (Markdown)": ".md",
    "Python": ".py",
    "JSON": ".json",
    "SQL": ".sql",
}
SQL_DIALECTS = tuple(DIALECTS)


def customers_file(
    table: TableFile, new: dict[str, np.ndarray], name: str
) -> tuple[bytes, dict[str, str]]:
    """Return a table with new columns as a file, and the names that these have got.

    In files that spreadsheets open, no cell of text begins a formula.
    """
    kind = output_kind(name, "")
    rows, header = rows_to_write(table, new, as_text=kind == "text")
    if kind in ("text", "excel"):
        rows, header = defuse_formulas(rows, header)
    stream = io.BytesIO()
    with contextlib.closing(open_writer(stream, name, table.dialect)) as writer:
        writer.write(rows, header)
    return stream.getvalue(), dict(zip(new, header[-len(new) :], strict=True))


def archive_file(model: Any, facts: dict[str, Any]) -> bytes:
    """Return a model's archive."""
    stream = io.BytesIO()
    segmentlearn.save(model, stream, metadata=facts)
    return stream.getvalue()


def report_file(model: Any, X: Any, y: Any, title: str, facts: dict[str, Any]) -> bytes:
    """Return the page for a manager."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "report.html"
        write_report(model, X, path, y=y, title=title, facts=facts)
        return path.read_bytes()


def migration_file(migration: SegmentMigration, title: str) -> bytes:
    """Return the page on who moved."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "movement.html"
        write_migration(migration, path, title=title)
        return path.read_bytes()


def rules_text(
    rules: SegmentRules, ending: str, dialect: str, key: str | None, table: str
) -> str:
    """Return rules in the format of a file's ending."""
    if ending == ".sql":
        return rules.to_sql(dialect, table, key)
    if ending == ".py":
        return rules.to_python()
    return rules.to_json() if ending == ".json" else rules.to_markdown()


def download_name(name: str, ending: str) -> str:
    """Return the name of a scored file: that of the file with its new ending."""
    stem = pathlib.PurePath(name).name
    while pathlib.PurePath(stem).suffix.lower() in (
        *(".csv", ".tsv", ".txt", ".xlsx", ".xls", ".parquet", ".jsonl", ".gz"),
        *(".zip", ".seg"),
    ):
        stem = pathlib.PurePath(stem).stem
    return f"{stem or 'customers'}-segments{ending}"
