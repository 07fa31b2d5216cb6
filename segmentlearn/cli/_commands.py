"""The commands and their options; each hands its work to the module of its task."""

import pathlib
from typing import Annotated, Any

import typer

import segmentlearn
from segmentlearn.cli import _app as starting
from segmentlearn.cli import _audit as auditing
from segmentlearn.cli import _describe as describing
from segmentlearn.cli import _report as reporting
from segmentlearn.cli import _screen as screen
from segmentlearn.cli._exports._migration import migration
from segmentlearn.cli._exports._model import export
from segmentlearn.cli._exports._rules import rules
from segmentlearn.cli._models._compare import compare
from segmentlearn.cli._models._fit_command import fit
from segmentlearn.cli._models._rename import rename
from segmentlearn.cli._options import (
    Clusters,
    Drop,
    Quiet,
    Seed,
    Value,
    reads_tables,
    table_argument,
    types_columns,
)
from segmentlearn.cli._outputs import (
    check_outputs,
    save_segments,
    show_held_out,
    write_scored,
)
from segmentlearn.cli._scoring._predict import predict
from segmentlearn.cli._scoring._score import score
from segmentlearn.cli._screen import NO_SEGMENTS, InputError, echo, note, plain_errors

app = typer.Typer(
    help="Customer segmentation with deep learning.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        echo(f"segmentlearn {segmentlearn.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Customer segmentation with deep learning."""


app.command()(fit)


@app.command()
@types_columns
@reads_tables
def cluster(
    table: Annotated[str, table_argument("Customers without known segments.")],
    drop: Drop = None,
    n_clusters: Annotated[
        str, typer.Option(metavar="auto|N", help="Number of segments.")
    ] = "auto",
    min_clusters: Clusters = None,
    max_clusters: Clusters = None,
    out: Annotated[
        pathlib.Path | None, typer.Option(help="Archive to write, such as mall.seg.")
    ] = None,
    scored: Annotated[
        pathlib.Path | None,
        typer.Option(help="File to write the customers to, with their segments."),
    ] = None,
    joint: Annotated[
        str | None,
        typer.Option(
            metavar="idec|dcn", help="Train code and segments together as well."
        ),
    ] = None,
    no_baselines: Annotated[
        bool,
        typer.Option("--no-baselines", help="Deep segments, whatever they are worth."),
    ] = False,
    baseline: Annotated[
        pathlib.Path | None,
        typer.Option(
            help="Archive of an earlier period: segments that live on keep their ids "
            "and names."
        ),
    ] = None,
    value: Value = None,
    period: Annotated[
        str | None, typer.Option(help="Name of this period, such as 2026-05.")
    ] = None,
    random_state: Seed = 0,
    quiet: Quiet = False,
    *,
    reading: dict[str, Any],
    types: dict[str, Any],
) -> None:
    """Find segments, say what is in them, write an archive."""
    from segmentlearn.cli._cluster import (
        NOTHING_FOUND,
        ClusterOptions,
        changes_text,
        find_number,
        find_segments,
        load_baseline,
        number_wanted,
        numbers_to_compare,
        segment_rows,
        value_role_text,
    )
    from segmentlearn.cli._result_text import (
        candidates_text,
        number_text,
        profile_text,
    )
    from segmentlearn.cli._tables import named_columns, read_typed, values_of
    from segmentlearn.tables import stored_schema

    show = (lambda text="": None) if quiet else echo
    with plain_errors("cluster", out, scored):
        if joint not in (None, "idec", "dcn"):
            raise InputError(f"--joint {joint!r} must be 'idec' or 'dcn'.")
        check_outputs(table, out, scored)
        earlier, schema = None, None
        if baseline is not None:
            earlier = load_baseline(baseline)
            schema = stored_schema(segmentlearn.inspect(baseline).metadata)
        customers, roles = read_typed(table, reading, types, schema, quiet=quiet)
        dropped = [*named_columns(customers, drop, "--drop"), *roles.ids]
        X, worth = segment_rows(customers, dropped), values_of(customers, value)
        if value is not None and not quiet:
            note(value_role_text(value, value in X.columns))
        options = ClusterOptions(
            n_clusters=number_wanted(n_clusters, len(X)),
            joint=joint,
            columns=roles.of_preprocessor(dropped),
            compare_baselines=not no_baselines,
            baseline=earlier,
            period=period,
            random_state=random_state,
            verbose=int(screen.is_watched() and not quiet),
        )
        number = options.n_clusters
        numbers = numbers_to_compare(number, min_clusters, max_clusters, len(X))
        if number is None:
            with screen.waiting(f"comparing {numbers[0]} to {numbers[-1]} segments"):
                found = find_number(X, options, numbers)
            show(number_text(found))
            show()
            number = found.recommended
            if number == 1:
                note(NOTHING_FOUND)
                raise typer.Exit(NO_SEGMENTS)
        segmenter, profile = find_segments(X, options, number, worth)
        show(candidates_text(segmenter))
        show()
        show(profile_text(profile))
        if earlier is not None:
            show()
            show(changes_text(segmenter, X))
        if out is None and scored is None:
            note(
                "Nothing was saved; name an archive with --out to keep the segments, "
                "or a file with --scored for the customers."
            )
        save_segments(
            segmenter.set_params(verbose=0), profile, customers, options, out, show
        )
        if scored is not None:
            write_scored(segmenter, customers, scored)
            show(f"Customers and their segments written to {scored}")


app.command()(predict)
app.command()(score)


for command in (
    *(compare, rename),
    *(describing.describe, auditing.audit, migration, reporting.report, rules),
    *(export, starting.app, describing.inspect),
):
    app.command()(command)


@app.command()
def demo(
    n_samples: Annotated[
        int, typer.Option(min=100, help="Customers to generate.")
    ] = 3000,
    random_state: Seed = 0,
    out: Annotated[
        pathlib.Path | None,
        typer.Option(help="Folder for the tables, the archive and the scored rows."),
    ] = None,
) -> None:
    """Fit, report, save, load and score on generated customers."""
    from segmentlearn.cli._demo import output_files, run_demo

    with plain_errors("demo", *output_files(out)):
        run_demo(n_samples, random_state, show_held_out, out)
