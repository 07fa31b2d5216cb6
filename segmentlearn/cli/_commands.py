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
from segmentlearn.cli._options import (
    Clusters,
    Drop,
    OutOfCore,
    Quiet,
    Refit,
    Seed,
    reads_tables,
    table_argument,
    types_columns,
)
from segmentlearn.cli._outputs import (
    check_outputs,
    save_classifier,
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


@app.command()
@types_columns
@reads_tables
def fit(
    table: Annotated[str, table_argument("Customers with known segments.")],
    target: Annotated[str, typer.Option(help="Column that holds the segment.")],
    out: Annotated[
        pathlib.Path | None, typer.Option(help="Archive to write, such as auto.seg.")
    ] = None,
    drop: Drop = None,
    model: Annotated[
        str,
        typer.Option(help="net, trees, or blend: both, weighed on held-out rows."),
    ] = "net",
    preset: Annotated[
        str | None,
        typer.Option(help="best-practices, batch-norm, wide-dropout or campaign."),
    ] = None,
    test_size: Annotated[
        float, typer.Option(help="Share of the rows to hold out for the report.")
    ] = 0.2,
    max_epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs at most.")
    ] = None,
    class_weight: Annotated[
        str | None, typer.Option(help="'balanced' makes all segments weigh the same.")
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
) -> None:
    """Fit a model, report on held-out customers, write an archive."""
    from segmentlearn.cli._fit import (
        FitOptions,
        build_classifier,
        check_options,
        split_column,
        training_rows,
    )
    from segmentlearn.cli._fit_large import fit_large, rows_to_draw
    from segmentlearn.cli._tables import (
        check_column,
        check_output,
        named_columns,
        read_typed,
    )
    from segmentlearn.model_selection import fit_and_evaluate

    with plain_errors("fit", out):
        check_options(model, preset, test_size, max_epochs, class_weight)
        check_output(out, table)
        of_memory = f"--model {model}", time_column, group_column, refit
        most = rows_to_draw(table, reading, out_of_core, *of_memory)
        customers, roles = read_typed(table, reading, types, quiet=quiet, most=most)
        check_column(customers, target, "--target")
        dropped = [*named_columns(customers, drop, "--drop"), *roles.ids]
        if target in dropped:
            option = "--id" if target in roles.ids else "--drop"
            raise InputError(f"{option} {target!r} is the --target.")
        if time_column and group_column:
            raise InputError("--time-column and --group-column: name one of them.")
        times = split_column(customers, target, time_column, "--time-column")
        groups = split_column(customers, target, group_column, "--group-column")
        # neither says anything about a customer to come
        dropped += [n for n in (time_column, group_column) if n and n not in dropped]
        X, y = training_rows(customers, target, dropped, is_sample=bool(most))
        options = FitOptions(
            model=model,
            preset=preset,
            test_size=test_size,
            max_epochs=max_epochs,
            class_weight=class_weight,
            columns=roles.of_preprocessor(dropped),
            random_state=random_state,
            verbose=int(screen.is_watched() and not quiet),
        )
        if most:
            fit_large(
                *(table, reading, customers, X, y, target, dropped, options, out),
                quiet=quiet,
            )
            return
        result = fit_and_evaluate(
            build_classifier(options), X, y, test_size, random_state, times, groups
        )
        if time_column and not quiet:
            note(f"Held out are the latest customers by {time_column!r}.")
        elif group_column and not quiet:
            note(f"Held out are whole groups of {group_column!r}.")
        if not quiet:
            show_held_out(result)
        if out is None:
            note("Nothing was saved; name an archive with --out to keep the model.")
            return
        facts = {
            "target": target,
            "schema": customers.schema.to_dict(X.columns),
            **result.facts(),
            "held_out_by": time_column or group_column,
            "refit": refit,
        }
        save_classifier(
            result, X, y, options, out, facts, groups=groups, refit=refit, quiet=quiet
        )


@app.command()
@types_columns
@reads_tables
def cluster(
    table: Annotated[str, table_argument("Customers without known segments.")],
    drop: Drop = None,
    n_clusters: Annotated[
        str, typer.Option(help="Number of segments; 'auto' finds it.")
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
        typer.Option(help="idec or dcn: train code and segments together as well."),
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
    )
    from segmentlearn.cli._result_text import (
        candidates_text,
        number_text,
        profile_text,
    )
    from segmentlearn.cli._tables import named_columns, read_typed
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
        X = segment_rows(customers, dropped)
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
            found = find_number(X, options, numbers)
            show(number_text(found))
            show()
            number = found.recommended
            if number == 1:
                note(NOTHING_FOUND)
                raise typer.Exit(NO_SEGMENTS)
        segmenter, profile = find_segments(X, options, number)
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
