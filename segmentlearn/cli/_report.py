"""Write a page about a model and a file of customers."""

import pathlib
import shlex
from typing import Annotated, Any

import numpy as np
import typer

from segmentlearn.cli._options import (
    Archive,
    Drop,
    Seed,
    Value,
    reads_tables,
    reports_responders,
    table_argument,
    types_columns,
)
from segmentlearn.cli._screen import InputError, note, plain_errors, waiting


@types_columns
@reads_tables
@reports_responders
def report(
    archive: Archive,
    table: Annotated[str, table_argument("Customers to report on.")],
    out: Annotated[
        pathlib.Path, typer.Option(help="File to write, such as report.html.")
    ],
    target: Annotated[
        str | None,
        typer.Option(help="Column with known segments, if the file has one."),
    ] = None,
    value: Value = None,
    drop: Drop = None,
    history: Annotated[
        pathlib.Path | None,
        typer.Option(
            metavar="HISTORY",
            help="History of `score`: the page shows who moved in its last period.",
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Heading of the page.")] = None,
    random_state: Seed = 0,
    *,
    reading: dict[str, Any],
    types: dict[str, Any],
    amounts: dict[str, Any],
) -> None:
    """Write a page for a manager: quality, segments, what drives them, defects."""
    import segmentlearn
    from segmentlearn.cli._models._responders import check_amounts
    from segmentlearn.cli._tables import (
        check_column,
        check_output,
        named_columns,
        read_typed,
        values_of,
    )
    from segmentlearn.inspection import used_columns
    from segmentlearn.monitoring import SegmentMigration
    from segmentlearn.report import write_report
    from segmentlearn.tables import known_labels, select_columns, stored_schema

    with plain_errors("report", out):
        check_output(out, archive, table)
        moved = None if history is None else SegmentMigration.from_history(history)
        check_amounts(**amounts)
        info = segmentlearn.inspect(archive)
        schema = stored_schema(info.metadata)
        customers, roles = read_typed(
            table, reading, types, schema, quiet=True, sampled=True
        )
        # a target that the model knows is taken from the file without being named
        trained_on = info.metadata.get("target")
        if target is not None:
            check_column(customers, target, "--target")
        elif isinstance(trained_on, str) and trained_on in customers.columns:
            target = trained_on
        values_of(customers, value)
        left_out = {*named_columns(customers, drop, "--drop"), *roles.ids} - {value}
        model = segmentlearn.load(archive)
        if not hasattr(model, "predict"):
            raise InputError(
                f"{archive} holds a {type(model).__name__}, which predicts nothing."
            )
        names = getattr(model, "feature_names_in_", None)
        if names is not None:
            if target in [str(name) for name in names]:
                raise InputError(
                    f"--target {target!r} is a column that the model learnt from; name "
                    "the column of the segments, or leave it out."
                )
            needed = used_columns(model, [str(name) for name in names])
            select_columns(customers, needed)
        X, y = customers.frame, None
        if target is not None:
            edges = info.metadata.get("target_edges") if target == trained_on else None
            known, labels = known_labels(customers, target, edges)
            y = np.full(len(X), None, dtype=object)
            y[known] = labels
            X = X.drop(columns=target)
        X = X.drop(columns=[name for name in left_out if name != target])
        options: dict[str, Any] = {"target": target, "value": value, "drop": drop}
        options |= {"history": history and history.name, "title": title}
        options["random_state"] = random_state
        options |= {**reading, **types, **amounts}
        try:
            with waiting("writing the report"):
                write_report(
                    model,
                    X,
                    out,
                    y=y,
                    value=value,
                    title=title,
                    migration=moved,
                    random_state=random_state,
                    facts=info.metadata,
                    **amounts,
                    command=_command(archive, table, out, options),
                )
        except ImportError as error:
            raise InputError(str(error)) from error
        note(f"Report on {len(X):,} customers written to {out}")


def _command(
    archive: pathlib.Path, table: str, out: pathlib.Path, options: dict[str, Any]
) -> str:
    """Return the command line that writes this report, folders left out."""
    words = ["segmentlearn", "report", archive.name, pathlib.Path(table).name]
    for name, value in {"out": out.name, **options}.items():
        for text in value if isinstance(value, list) else [value]:
            if text is not None:
                words += [f"--{name.replace('_', '-')}", str(text)]
    return shlex.join(words)
