"""Score the customers of a period: write them, add them to a history, look at gates."""

import contextlib
import hashlib
import pathlib
from typing import Annotated, Any

import numpy as np
import typer

from segmentlearn.cli._options import Archive, Keep, reads_tables, table_argument
from segmentlearn.cli._screen import InputError, echo, note, plain_errors, warned_before

HIT = 1
_LEVELS = ("watch", "refit", "never")
_REPORTS = (".md", ".html", ".json")


@reads_tables
def score(
    archive: Archive,
    table: Annotated[
        str, table_argument("Customers of a period: a file, a folder, or a pattern.")
    ],
    out: Annotated[
        str | None, typer.Option(help="File or folder to write, as by predict.")
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            *("--key", "--id"),
            metavar="COLUMNS",
            help="Columns that name a customer in the history.",
        ),
    ] = None,
    keep: Keep = None,
    history: Annotated[
        pathlib.Path | None,
        typer.Option(help="Folder to add the segments to, such as history.parquet."),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            help="Name of the period in the history, such as 2026-06; by default "
            "that of the table."
        ),
    ] = None,
    report: Annotated[
        pathlib.Path | None,
        typer.Option(help="File to write the gates to: .md, .html or .json."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            help="Customers to compare with; by default those that the archive's "
            "model was fitted to."
        ),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(metavar="watch|refit|never", help="When the exit code is 1."),
    ] = "watch",
    *,
    reading: dict[str, Any],
) -> None:
    """Score a period's customers and check the model; exit code 1 if a gate is hit."""
    import segmentlearn
    from segmentlearn.cli._outputs import show_counts
    from segmentlearn.cli._scoring._scored_output import open_output
    from segmentlearn.cli._scoring._scores import score_files
    from segmentlearn.cli._stopping import check_not_stopped
    from segmentlearn.cli._tables import (
        check_order,
        check_output,
        check_room,
        check_scored,
        named_columns,
        scan_customers,
    )
    from segmentlearn.persistence import write_atomically
    from segmentlearn.tables import stored_schema

    outputs = [report, None if out is None else pathlib.Path(out)]
    with plain_errors("score", *outputs):
        check_order(archive, table)
        _check_options(out, keys, history, period, report, fail_on)
        check_output(report, table, archive, option="--report")
        if history is not None:
            check_room(history, "--history")
        facts = segmentlearn.inspect(archive).metadata
        scan = scan_customers(table, reading, stored_schema(facts))
        check_scored(out, scan, archive, table)
        model = segmentlearn.load(archive)
        monitor = _monitor(model, facts, archive, reference, reading)
        batches: list[Any] = []
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(open_output(out, scan)) if out else None
            name = period or _name_of(table)
            past = stack.enter_context(_open_history(history, name, archive))

            def collect(batch: Any, scores: Any) -> None:
                named_columns(batch, keys, "--key")
                batches.append(_observe(monitor, batch, scores))
                if past is not None:
                    _add(past, batch, scores, keys or [])

            counts = score_files(model, scan, output, keep, facts, collect)
        show_counts(counts)
        found = monitor.report(batches)
        echo(str(found))
        if report is not None:
            check_not_stopped()
            write_atomically(report, _report_text(found, report).encode())
        for place in (out, report, history):
            if place is not None:
                what = f"Period {name!r} is in" if place is history else "Written to"
                note(f"{what} {place}")
        if found.verdict in _LEVELS[_LEVELS.index(fail_on) : 2]:
            raise typer.Exit(HIT)


def _check_options(
    out: str | None,
    keys: list[str] | None,
    history: pathlib.Path | None,
    period: str | None,
    report: pathlib.Path | None,
    fail_on: str,
) -> None:
    """Refuse, before any work, options that do not go together."""
    if fail_on not in _LEVELS:
        raise InputError(f"--fail-on {fail_on!r} must be {' or '.join(_LEVELS)}.")
    if out == "-":
        raise InputError("--out - is no file; only predict writes rows to stdout.")
    if history is not None and not keys:
        raise InputError("--history needs --key, the column that names a customer.")
    if period is not None and history is None:
        raise InputError("--period names a period of a --history; name that, too.")
    if report is not None and report.suffix.lower() not in _REPORTS:
        raise InputError(f"--report {report} must end in {', '.join(_REPORTS)}.")


def _name_of(table: str) -> str:
    """Return the name of a table's file or folder, without its endings."""
    name = pathlib.PurePath(table.rstrip("/\\")).name.partition(".")[0]
    if table == "-" or "://" in table or not name or set(name) & set("*?["):
        return ""
    return name


def _open_history(
    history: pathlib.Path | None, period: str, archive: pathlib.Path
) -> Any:
    """Open the history for a period; nothing where there is none."""
    from segmentlearn.monitoring import open_period

    if history is None:
        return contextlib.nullcontext()
    if not period:
        raise InputError("this table has no name; name its period with --period.")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()[:16]
    return open_period(history, period, digest)


def _monitor(
    model: Any,
    facts: dict[str, Any],
    archive: pathlib.Path,
    reference: str | None,
    reading: dict[str, Any],
) -> Any:
    """Return the monitor that the archive holds, or that of a table."""
    from segmentlearn.cli._tables import read_customers
    from segmentlearn.inspection import model_features
    from segmentlearn.monitoring import SegmentMonitor
    from segmentlearn.tables import stored_schema

    if not hasattr(model, "predict"):
        raise InputError(
            f"{archive} holds a {type(model).__name__}, which predicts nothing."
        )
    if reference is None:
        if "monitor" not in facts:
            raise InputError(
                f"{archive} does not say which customers its model was fitted to: "
                "name their file with --reference, or write the archive again."
            )
        return SegmentMonitor.from_dict(facts["monitor"], model)
    table = read_customers(
        reference, reading, stored_schema(facts), quiet=True, sampled=True
    )
    return SegmentMonitor.from_model(model, model_features(model, table))


def _observe(monitor: Any, batch: Any, scores: Any) -> Any:
    """Count a batch that has been scored."""
    from segmentlearn.inspection import model_features

    proba = None
    if scores.probabilities:
        proba = np.column_stack(list(scores.probabilities.values()))
    with warned_before():
        features = model_features(monitor.model, batch)
        return monitor.observe(features, scores.segments, proba)


def _add(past: Any, batch: Any, scores: Any, given: list[str]) -> None:
    """Add a batch to the history."""
    import pyarrow as pa

    from segmentlearn.cli._tables import named_columns
    from segmentlearn.inspection import name_of

    keys = {
        name: pa.array(batch.text(name), pa.string(), from_pandas=True)
        for name in named_columns(batch, given, "--key")
    }
    names = probability = None
    if scores.names:
        names = [name_of(scores.names, segment) for segment in scores.segments]
    if scores.probabilities:
        probability = np.max(list(scores.probabilities.values()), axis=0)
    past.write(pa.table(keys), scores.lasting, names, probability)


def _report_text(found: Any, path: pathlib.Path) -> str:
    ending = path.suffix.lower()
    if ending == ".json":
        return str(found.to_json())
    return str(found.to_html() if ending == ".html" else found.to_markdown())
