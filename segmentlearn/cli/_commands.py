"""The commands and their options; each hands its work to the module of its task."""

import pathlib
from typing import Annotated, Any

import typer

import segmentlearn
from segmentlearn.cli import _app as starting
from segmentlearn.cli import _audit as auditing
from segmentlearn.cli import _report as reporting
from segmentlearn.cli import _screen as screen
from segmentlearn.cli._exports._rules import rules
from segmentlearn.cli._options import (
    Archive,
    Drop,
    Quiet,
    Seed,
    reads_tables,
    table_argument,
    types_columns,
)
from segmentlearn.cli._outputs import (
    check_outputs,
    save_classifier,
    save_segments,
    show_counts,
    show_held_out,
    write_scored,
)
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
    random_state: Seed = 0,
    refit: Annotated[
        bool, typer.Option("--refit", help="Save a model fitted again to all rows.")
    ] = False,
    quiet: Quiet = False,
    *,
    reading: dict[str, Any],
    types: dict[str, Any],
) -> None:
    """Fit a model, report on held-out customers, write an archive."""
    from segmentlearn.cli._fit import FitOptions, build_classifier, training_rows
    from segmentlearn.cli._tables import (
        check_column,
        check_output,
        named_columns,
        read_typed,
    )
    from segmentlearn.model_selection import fit_and_evaluate

    with plain_errors("fit", out):
        if not 0 < test_size < 1:
            raise InputError(f"--test-size {test_size} must lie between 0 and 1.")
        if class_weight not in (None, "balanced"):
            raise InputError(f"--class-weight {class_weight!r} must be 'balanced'.")
        check_output(out, table)
        customers, roles = read_typed(table, reading, types, quiet=quiet)
        check_column(customers, target, "--target")
        dropped = [*named_columns(customers, drop, "--drop"), *roles.ids]
        if target in dropped:
            option = "--id" if target in roles.ids else "--drop"
            raise InputError(f"{option} {target!r} is the --target.")
        X, y = training_rows(customers, target, dropped)
        options = FitOptions(
            preset=preset,
            test_size=test_size,
            max_epochs=max_epochs,
            class_weight=class_weight,
            columns=roles.of_preprocessor(),
            random_state=random_state,
            verbose=int(screen.is_watched() and not quiet),
        )
        result = fit_and_evaluate(
            build_classifier(options), X, y, test_size, random_state
        )
        if not quiet:
            show_held_out(result)
        if out is None:
            note("Nothing was saved; name an archive with --out to keep the model.")
            return
        facts = {
            "target": target,
            "schema": customers.schema.to_dict(X.columns),
            **result.facts(),
            "refit": refit,
        }
        save_classifier(result, X, y, options, out, facts, refit=refit, quiet=quiet)


@app.command()
@types_columns
@reads_tables
def cluster(
    table: Annotated[str, table_argument("Customers without known segments.")],
    drop: Drop = None,
    n_clusters: Annotated[
        str, typer.Option(help="Number of segments; 'auto' finds it.")
    ] = "auto",
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
    random_state: Seed = 0,
    quiet: Quiet = False,
    *,
    reading: dict[str, Any],
    types: dict[str, Any],
) -> None:
    """Find segments, say what is in them, write an archive."""
    from segmentlearn.cli._cluster import (
        ClusterOptions,
        find_number,
        find_segments,
        number_wanted,
        segment_rows,
    )
    from segmentlearn.cli._result_text import (
        candidates_text,
        number_text,
        profile_text,
    )
    from segmentlearn.cli._tables import named_columns, read_typed

    show = (lambda text="": None) if quiet else echo
    with plain_errors("cluster", out, scored):
        if joint not in (None, "idec", "dcn"):
            raise InputError(f"--joint {joint!r} must be 'idec' or 'dcn'.")
        check_outputs(table, out, scored)
        customers, roles = read_typed(table, reading, types, quiet=quiet)
        dropped = [*named_columns(customers, drop, "--drop"), *roles.ids]
        X = segment_rows(customers, dropped)
        options = ClusterOptions(
            n_clusters=number_wanted(n_clusters, len(X)),
            joint=joint,
            columns=roles.of_preprocessor(),
            compare_baselines=not no_baselines,
            random_state=random_state,
            verbose=int(screen.is_watched() and not quiet),
        )
        number = options.n_clusters
        if number is None:
            found = find_number(X, options)
            show(number_text(found))
            show()
            number = found.recommended
            if number == 1:
                note(
                    "No segments: nothing in these columns sets kinds of customers "
                    "clearly apart. --n-clusters 4 makes four all the same."
                )
                raise typer.Exit(NO_SEGMENTS)
        segmenter, profile = find_segments(X, options, number)
        show(candidates_text(segmenter))
        show()
        show(profile_text(profile))
        if out is None and scored is None:
            note(
                "Nothing was saved; name an archive with --out to keep the segments, "
                "or a file with --scored for the customers."
            )
        save_segments(segmenter.set_params(verbose=0), profile, customers, out, show)
        if scored is not None:
            write_scored(segmenter, customers, scored)
            show(f"Customers and their segments written to {scored}")


@app.command()
@reads_tables
def predict(
    archive: Archive,
    table: Annotated[
        str, table_argument("Customers to score: a file, a folder, or a pattern.")
    ],
    out: Annotated[
        str | None,
        typer.Option(
            help="File to write (.csv, .csv.gz, .tsv, .parquet, .feather, .xlsx, "
            ".jsonl), or a folder; without it the rows go to stdout."
        ),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key", help="Column that names a customer: only such columns are kept."
        ),
    ] = None,
    *,
    reading: dict[str, Any],
) -> None:
    """Score customers: all columns as they were, a segment, and probabilities."""
    from segmentlearn.cli._predict import score_files
    from segmentlearn.cli._scored_output import open_output
    from segmentlearn.cli._tables import (
        check_order,
        check_scored,
        scan_customers,
    )
    from segmentlearn.tables import stored_schema

    out = None if out == "-" else out
    with plain_errors("predict", None if out is None else pathlib.Path(out)):
        check_order(archive, table)
        facts = segmentlearn.inspect(archive).metadata
        scan = scan_customers(table, reading, stored_schema(facts))
        check_scored(out, scan, archive, table)
        model = segmentlearn.load(archive)
        with open_output(out, scan) as output:
            counts = score_files(model, scan, output, keys, facts.get("target"))
        show_counts(counts)
        if out is not None:
            note(f"Written to {out}")


@app.command()
@types_columns
@reads_tables
def describe(
    table: Annotated[str, table_argument("Customers.")],
    *,
    reading: dict[str, Any],
    types: dict[str, Any],
) -> None:
    """Show how each column is understood, and what to write to change it."""
    from segmentlearn.cli._result_text import columns_text, cures
    from segmentlearn.cli._tables import read_typed

    with plain_errors("describe"):
        customers, roles = read_typed(table, reading, types, sampled=True, quiet=True)
        echo(customers.describe())
        echo()
        echo(columns_text(customers, roles.ids))
        for sentence in cures(customers):
            echo()
            echo(sentence)


app.command()(auditing.audit)
app.command()(reporting.report)
app.command()(rules)
app.command()(starting.app)


@app.command()
def inspect(archive: Archive) -> None:
    """Show what an archive holds; nothing in it is executed."""
    with plain_errors("inspect"):
        echo(str(segmentlearn.inspect(archive)))


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
