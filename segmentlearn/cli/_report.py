"""Write a page about a model and a file of customers."""

import pathlib
import shlex
from typing import Annotated

import numpy as np
import typer

from segmentlearn.cli._options import Archive, Seed, Separator, table_argument
from segmentlearn.cli._screen import InputError, note, plain_errors


def report(
    archive: Archive,
    table: Annotated[pathlib.Path, table_argument("Customers to report on.")],
    out: Annotated[
        pathlib.Path, typer.Option(help="File to write, such as report.html.")
    ],
    target: Annotated[
        str | None,
        typer.Option(help="Column with known segments, if the file has one."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Heading of the page.")] = None,
    random_state: Seed = 0,
    sep: Separator = ",",
) -> None:
    """Write a page for a manager: quality, segments, what drives them, defects."""
    import segmentlearn
    from segmentlearn.cli._fit import known_labels
    from segmentlearn.cli._tables import check_column, check_output, read_customers
    from segmentlearn.report import write_report
    from segmentlearn.tables import select_columns

    with plain_errors("report", out):
        check_output(out, archive, table)
        info = segmentlearn.inspect(archive)
        kept = info.metadata.get("text_columns")
        texts = [str(name) for name in kept] if isinstance(kept, list) else []
        customers = read_customers(table, sep, texts)
        # a target that the model knows is taken from the file without being named
        trained_on = info.metadata.get("target")
        if target is not None:
            check_column(customers, target, "--target")
        elif isinstance(trained_on, str) and trained_on in customers.columns:
            target = trained_on
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
            select_columns(customers, [str(name) for name in names])
        X, y = customers.typed, None
        if target is not None:
            known, labels = known_labels(customers, target)
            y = np.full(len(X), None, dtype=object)
            y[known] = labels
            X = X.drop(columns=target)
        try:
            write_report(
                model,
                X,
                out,
                y=y,
                title=title,
                random_state=random_state,
                facts=info.metadata,
                command=_command(archive, table, out, target, title, random_state, sep),
            )
        except ImportError as error:
            raise InputError(str(error)) from error
        note(f"Report on {len(X):,} customers written to {out}")


def _command(
    archive: pathlib.Path,
    table: pathlib.Path,
    out: pathlib.Path,
    target: str | None,
    title: str | None,
    random_state: int,
    sep: str,
) -> str:
    """Return the command line that writes this report, folders left out."""
    words = ["segmentlearn", "report", archive.name, table.name, "--out", out.name]
    for option, value, default in (
        ("--target", target, None),
        ("--title", title, None),
        ("--random-state", str(random_state), None),
        ("--sep", sep, ","),
    ):
        if value is not None and value != default:
            words += [option, value]
    return shlex.join(words)
