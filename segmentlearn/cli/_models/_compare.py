"""Compare a model with others on the same held-out customers."""

import pathlib
import warnings
from typing import Annotated, Any

import typer

from segmentlearn.cli._options import (
    Drop,
    Seed,
    reads_tables,
    table_argument,
    types_columns,
)
from segmentlearn.cli._screen import InputError, echo, note, plain_errors, waiting
from segmentlearn.exceptions import CountWarning

_SCORINGS = ("log_loss", "accuracy", "macro_f1", "roc_auc", "brier")


@types_columns
@reads_tables
def compare(
    table: Annotated[str, table_argument("Customers with known segments.")],
    target: Annotated[str, typer.Option(help="Column that holds the segment.")],
    drop: Drop = None,
    model: Annotated[
        str, typer.Option(metavar="net|trees|blend", help="What to compare.")
    ] = "net",
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="best-practices|batch-norm|wide-dropout|campaign",
            help="A published net.",
        ),
    ] = None,
    effort: Annotated[
        str | None,
        typer.Option(metavar="fast|default|thorough", help="How long nets train."),
    ] = None,
    cv: Annotated[int, typer.Option(min=2, help="Folds.")] = 5,
    scoring: Annotated[
        str,
        typer.Option(metavar="|".join(_SCORINGS), help="What the verdict is about."),
    ] = "log_loss",
    time_column: Annotated[
        str | None,
        typer.Option(help="Column of dates: folds are predicted from earlier rows."),
    ] = None,
    group_column: Annotated[
        str | None,
        typer.Option(help="Column whose groups of rows are held out as a whole."),
    ] = None,
    out: Annotated[
        pathlib.Path | None,
        typer.Option(help="File to write: .md, or a table such as .csv or .xlsx."),
    ] = None,
    random_state: Seed = 0,
    *,
    reading: dict[str, Any],
    types: dict[str, Any],
) -> None:
    """Compare a model with simple ones and boosted trees, fold by fold."""
    import segmentlearn
    from segmentlearn.cli._fit import (
        FitOptions,
        build_classifier,
        check_options,
        read_training,
    )
    from segmentlearn.cli._models._responders import Responders
    from segmentlearn.cli._outputs import write_result
    from segmentlearn.cli._tables import check_output
    from segmentlearn.tables import output_kind

    with plain_errors("compare", out):
        check_options(model, preset, effort=effort)
        if scoring not in _SCORINGS:
            raise InputError(f"--scoring {scoring!r} must be {', '.join(_SCORINGS)}.")
        check_output(out, table)
        if out is not None and out.suffix.lower() != ".md":
            output_kind(out.name, "--out ")
        data = read_training(
            *(table, target, drop, time_column, group_column),
            *(reading, types, Responders()),
        )
        options = FitOptions(
            model=model,
            preset=preset,
            effort=effort,
            columns=data.columns,
            random_state=random_state,
        )
        with (
            waiting("fitting five models or more to each fold"),
            warnings.catch_warnings(),
        ):
            # of the rows of each fold
            warnings.simplefilter("ignore", CountWarning)
            found = segmentlearn.compare_models(
                build_classifier(options),
                data.X,
                data.y,
                cv=cv,
                groups=data.groups,
                times=data.times,
                scoring=scoring,
                random_state=random_state,
            )
        echo(found.to_frame().round(4).to_string(index=False))
        echo(
            f"Means over {cv} groups of customers, each predicted by models of the "
            "others; a smaller log_loss and brier are better, a larger value of the "
            "others. classes: which one a model finds best and worst."
        )
        echo()
        echo(found.verdict)
        if out is not None:
            write_result(found.to_frame(), found.to_markdown(), out)
            note(f"Written to {out}")
