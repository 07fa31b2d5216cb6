"""Look for defects of a file of customers before anything is learnt from it."""

import json
import math
import pathlib
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from segmentlearn.cli._options import (
    Drop,
    Seed,
    reads_tables,
    table_argument,
    types_columns,
)
from segmentlearn.cli._outputs import write_frame
from segmentlearn.cli._screen import InputError, echo, note, plain_errors, waiting
from segmentlearn.cli._stopping import check_not_stopped

FOUND = 1
_FORMATS = ("table", "markdown", "csv")
_ROWS = (".csv", ".tsv", ".gz")
_LEVELS = ("error", "warning", "never")


@types_columns
@reads_tables
def audit(
    table: Annotated[str, table_argument("Customers to train on.")],
    target: Annotated[
        str | None, typer.Option(help="Column that holds the segment.")
    ] = None,
    drop: Drop = None,
    new: Annotated[
        str | None, typer.Option(help="File of new customers to compare with.")
    ] = None,
    how: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="table|markdown|csv",
            help="By default that of --out's name.",
        ),
    ] = None,
    out: Annotated[
        pathlib.Path | None,
        typer.Option(help="File to write: .md, .txt, or a table such as .xlsx."),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(metavar="error|warning|never", help="When the exit code is 1."),
    ] = "error",
    random_state: Seed = 0,
    *,
    reading: dict[str, Any],
    types: dict[str, Any],
) -> None:
    """Look for leaks, duplicates, drift, defects; exit code 1 if there are errors."""
    import segmentlearn
    from segmentlearn.cli._tables import (
        check_column,
        check_output,
        named_columns,
        read_typed,
    )

    with plain_errors("audit", out):
        if fail_on not in _LEVELS:
            raise InputError(f"--fail-on {fail_on!r} must be {_listed(_LEVELS)}.")
        style = _style(how, out)
        sources = [table] if new is None else [table, new]
        check_output(out, *sources)
        customers, roles = read_typed(table, reading, types, quiet=True, sampled=True)
        if target is not None:
            check_column(customers, target, "--target")
        if target in roles.ids:
            raise InputError(f"--id {target!r} is the --target.")
        if target is not None and len(customers.columns) == 1:
            raise InputError(f"{table} has no column beside --target {target!r}.")
        dropped = named_columns(customers, drop, "--drop")
        if target in dropped:
            raise InputError(f"--drop {target!r} is the --target.")
        others = None if new is None else _new_rows(new, reading, customers)
        with waiting("looking for defects"):
            report = segmentlearn.audit(
                customers.frame.drop(columns=dropped),
                target,
                None
                if others is None
                else others.drop(columns=dropped, errors="ignore"),
                ids=[name for name in roles.ids if name not in dropped] or None,
                random_state=random_state,
            )
        if out is None:
            echo(report_text(report, style).rstrip("\n"))
        else:
            _write(report, style, how, out)
            note(f"{len(report)} finding(s) written to {out}")
        if fail_on != "never" and len(report.filter(fail_on)):
            raise typer.Exit(FOUND)


def report_text(report: Any, style: str) -> str:
    """Write a report as text."""
    if style == "markdown":
        return str(report.to_markdown())
    if style == "table":
        return f"{report}\n"
    return str(_frame_of(report).to_csv(index=False, lineterminator="\n"))


def _frame_of(report: Any) -> Any:
    """Return the findings as a table of text."""
    frame = report.to_frame()
    frame["columns"] = [";".join(columns) for columns in frame["columns"]]
    frame["evidence"] = [
        json.dumps(_plain(evidence), ensure_ascii=False, default=str)
        for evidence in frame["evidence"]
    ]
    return frame


def _write(report: Any, style: str, how: str | None, out: pathlib.Path) -> None:
    """Write the findings, as a table in the format of the file's name."""
    if style == "csv" and how is None:
        write_frame(_frame_of(report), out)
        return
    from segmentlearn.persistence import write_atomically

    check_not_stopped()
    write_atomically(out, report_text(report, style).encode())


def _new_rows(source: str, reading: dict[str, Any], customers: Any) -> Any:
    """Read the new customers; read as the first file was."""
    from segmentlearn.cli._tables import read_customers

    schema = customers.schema
    return read_customers(source, reading, schema, quiet=True, sampled=True).frame


def _style(how: str | None, out: pathlib.Path | None) -> str:
    """Return how to write, from the option or from the name of the file."""
    from segmentlearn.tables import output_kind

    if how is None:
        if out is None:
            return "table"
        ending = out.suffix.lower()
        if ending == ".md":
            return "markdown"
        is_text = output_kind(out.name, "--out ") == "text"
        return "table" if is_text and ending not in _ROWS else "csv"
    if how not in _FORMATS:
        raise InputError(f"--format {how!r} must be {_listed(_FORMATS)}.")
    return how


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(map(repr, first))} or {last!r}"


def _plain(value: Any) -> Any:
    """Turn evidence into what JSON can hold; NaN becomes null."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "item"):  # a number of numpy's
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
