"""The command `fit`: a model of known segments from a table."""

import pathlib
from typing import Annotated, Any

import typer

from segmentlearn.cli import _screen as screen
from segmentlearn.cli._options import (
    Drop,
    OutOfCore,
    Quiet,
    Refit,
    Seed,
    finds_responders,
    reads_tables,
    table_argument,
    types_columns,
)
from segmentlearn.cli._outputs import save_classifier, show_held_out
from segmentlearn.cli._screen import note, plain_errors


@types_columns
@reads_tables
@finds_responders
def fit(
    table: Annotated[str, table_argument("Customers with known segments.")],
    target: Annotated[str, typer.Option(help="Column that holds the segment.")],
    out: Annotated[
        pathlib.Path | None, typer.Option(help="Archive to write, such as auto.seg.")
    ] = None,
    drop: Drop = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="net|trees|blend",
            help="What to fit; a blend is both, weighed on held-out rows.",
        ),
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
    test_size: Annotated[
        float, typer.Option(help="Share of the rows to hold out for the report.")
    ] = 0.2,
    max_epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs at most.")
    ] = None,
    class_weight: Annotated[
        str | None,
        typer.Option(metavar="balanced", help="All segments weigh the same."),
    ] = None,
    time_column: Annotated[
        str | None,
        typer.Option(help="Column of dates: the latest customers are held out."),
    ] = None,
    group_column: Annotated[
        str | None,
        typer.Option(help="Column whose groups of rows are held out as a whole."),
    ] = None,
    random_state: Seed = 0,
    refit: Refit = False,
    out_of_core: OutOfCore = False,
    quiet: Quiet = False,
    *,
    reading: dict[str, Any],
    types: dict[str, Any],
    responders: dict[str, Any],
) -> None:
    """Fit a model, report on held-out customers, write an archive."""
    from segmentlearn.cli._fit import (
        FitOptions,
        build_classifier,
        check_options,
        note_suspects,
        read_training,
    )
    from segmentlearn.cli._models._fit_large import fit_large, rows_to_draw
    from segmentlearn.cli._models._responders import Responders
    from segmentlearn.cli._tables import check_output
    from segmentlearn.model_selection import fit_and_evaluate

    with plain_errors("fit", out):
        check_options(model, preset, test_size, max_epochs, class_weight, effort)
        check_output(out, table)
        wanted = Responders(**responders)
        most = rows_to_draw(
            *(table, reading, out_of_core, f"--model {model}"),
            *(time_column, group_column, refit, wanted.bins),
        )
        data = read_training(
            *(table, target, drop, time_column, group_column),
            *(reading, types, wanted),
            most=most,
            quiet=quiet,
        )
        options = FitOptions(
            model=model,
            preset=preset,
            test_size=test_size,
            max_epochs=max_epochs,
            class_weight=class_weight,
            effort=effort,
            columns=data.columns,
            random_state=random_state,
            verbose=int(screen.is_watched() and not quiet),
        )
        X, y, groups = data.X, data.y, data.groups
        with screen.waiting("looking at the columns"):
            suspects = note_suspects(X, y)
        classifier = build_classifier(options)
        if most:
            fit_large(
                *(table, reading, classifier, data, target, options, out), quiet=quiet
            )
            return
        with screen.waiting("fitting trees", unless=model != "trees"):
            result = fit_and_evaluate(
                classifier,
                X,
                y,
                test_size,
                random_state,
                data.times,
                groups,
                pos_label=wanted.label_of(y),
            )
        if time_column and not quiet:
            note(f"Held out are the latest customers by {time_column!r}.")
        elif group_column and not quiet:
            note(f"Held out are whole groups of {group_column!r}.")
        if not quiet:
            show_held_out(result, target, wanted.amounts)
        if out is None:
            note("Nothing was saved; name an archive with --out to keep the model.")
            return
        facts = {
            "target": target,
            "schema": data.schema.to_dict(X.columns),
            **result.facts(refit=refit),
            **wanted.facts(),
            "suspects": suspects,
            "held_out_by": time_column or group_column,
            "refit": refit,
        }
        save_classifier(
            result, X, y, options, out, facts, groups=groups, refit=refit, quiet=quiet
        )
