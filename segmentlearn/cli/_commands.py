"""The commands and their options; each hands its work to the module of its task."""

import pathlib
from collections.abc import Callable
from typing import Annotated, Any

import typer

import segmentlearn
from segmentlearn.cli import _audit as auditing
from segmentlearn.cli import _report as reporting
from segmentlearn.cli import _screen as screen
from segmentlearn.cli._screen import NO_SEGMENTS, InputError, note, plain_speech, tell
from segmentlearn.cli._stopping import check_not_stopped

app = typer.Typer(
    help="Customer segmentation with deep learning.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_Archive = Annotated[
    pathlib.Path, typer.Argument(metavar="ARCHIVE", help="A .seg archive.")
]
_Separator = Annotated[
    str, typer.Option("--sep", help="What separates cells; 'tab' for a tab.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        tell(f"segmentlearn {segmentlearn.__version__}")
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
def fit(
    table: Annotated[
        pathlib.Path,
        typer.Argument(metavar="CSV", help="Customers with known segments."),
    ],
    target: Annotated[str, typer.Option(help="Column that holds the segment.")],
    out: Annotated[
        pathlib.Path | None, typer.Option(help="Archive to write, such as auto.seg.")
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(help="Columns to leave out: repeat it, or separate by commas."),
    ] = None,
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
    random_state: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Seed of split and training.")
    ] = 0,
    refit: Annotated[
        bool, typer.Option("--refit", help="Save a model fitted again to all rows.")
    ] = False,
    sep: _Separator = ",",
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Show warnings and errors only.")
    ] = False,
) -> None:
    """Fit a model, report on held-out customers, write an archive."""
    from segmentlearn.cli._fit import (
        Settings,
        fit_and_judge,
        held_out_counts,
        training_rows,
    )
    from segmentlearn.cli._tables import check_column, check_output, read_customers

    with plain_speech("fit", out):
        if not 0 < test_size < 1:
            raise InputError(f"--test-size {test_size} must lie between 0 and 1.")
        if class_weight not in (None, "balanced"):
            raise InputError(f"--class-weight {class_weight!r} must be 'balanced'.")
        check_output(out, table)
        customers = read_customers(table, sep)
        check_column(customers, target, "--target")
        dropped = _dropped(customers, drop)
        if target in dropped:
            raise InputError(f"--drop {target!r} is the --target.")
        X, y = training_rows(customers, target, dropped)
        settings = Settings(
            preset=preset,
            test_size=test_size,
            max_epochs=max_epochs,
            class_weight=class_weight,
            random_state=random_state,
            verbose=int(screen.is_watched() and not quiet),
        )
        judged = fit_and_judge(X, y, settings)
        if not quiet:
            _show(judged)
        if out is None:
            note("Nothing was saved; name an archive with --out to keep the model.")
            return
        facts = {
            "target": target,
            "text_columns": customers.text_columns(),
            "held_out_accuracy": judged.accuracy,
            "held_out_rows": len(judged.y_true),
            **held_out_counts(judged),
            "refit": refit,
        }
        _save(judged, X, y, settings, out, facts, refit=refit, quiet=quiet)


@app.command()
def cluster(
    table: Annotated[
        pathlib.Path,
        typer.Argument(metavar="CSV", help="Customers without known segments."),
    ],
    drop: Annotated[
        list[str] | None,
        typer.Option(help="Columns to leave out: repeat it, or separate by commas."),
    ] = None,
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
    no_guard: Annotated[
        bool,
        typer.Option("--no-guard", help="Deep segments, whatever they are worth."),
    ] = False,
    random_state: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything.")
    ] = 0,
    sep: _Separator = ",",
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Show warnings and errors only.")
    ] = False,
) -> None:
    """Find segments, say what is in them, write an archive."""
    from segmentlearn.cli._cluster import (
        Wishes,
        find_number,
        find_segments,
        number_wanted,
        segment_rows,
    )
    from segmentlearn.cli._segment_text import contest_text, number_text, profile_text
    from segmentlearn.cli._tables import read_customers

    show = _say_nothing if quiet else tell
    with plain_speech("cluster", out, scored):
        if joint not in (None, "idec", "dcn"):
            raise InputError(f"--joint {joint!r} must be 'idec' or 'dcn'.")
        _check_outputs(table, out, scored)
        customers = read_customers(table, sep)
        X = segment_rows(customers, _dropped(customers, drop))
        wishes = Wishes(
            n_clusters=number_wanted(n_clusters, len(X)),
            joint=joint,
            guard=not no_guard,
            random_state=random_state,
            verbose=int(screen.is_watched() and not quiet),
        )
        number = wishes.n_clusters
        if number is None:
            found = find_number(X, wishes)
            show(number_text(found))
            show()
            number = found.recommended
            if number == 1:
                note(
                    "No segments: nothing in these columns sets kinds of customers "
                    "clearly apart. --n-clusters 4 makes four all the same."
                )
                raise typer.Exit(NO_SEGMENTS)
        segmenter, profile = find_segments(X, wishes, number)
        show(contest_text(segmenter))
        show()
        show(profile_text(profile))
        if out is None and scored is None:
            note(
                "Nothing was saved; name an archive with --out to keep the segments, "
                "or a file with --scored for the customers."
            )
        _save_segments(segmenter.set_params(verbose=0), profile, customers, out, show)
        if scored is not None:
            _write_scored(segmenter, customers, scored)
            show(f"Customers and their segments written to {scored}")


@app.command()
def predict(
    archive: _Archive,
    table: Annotated[
        pathlib.Path, typer.Argument(metavar="CSV", help="Customers to score.")
    ],
    out: Annotated[
        pathlib.Path | None,
        typer.Option(help="File to write; without it the rows go to stdout."),
    ] = None,
    sep: _Separator = ",",
) -> None:
    """Score customers: all columns as they were, a segment, and probabilities."""
    from segmentlearn.cli._segment_text import named_counts_text
    from segmentlearn.cli._tables import check_order, check_output, read_customers
    from segmentlearn.cli._text_tables import counts_text

    with plain_speech("predict", out):
        check_order(archive, table)
        check_output(out, table, archive)
        facts = segmentlearn.inspect(archive).metadata
        customers = read_customers(table, sep, _names(facts.get("text_columns")))
        model = segmentlearn.load(archive)
        scores = _write_scored(model, customers, out)
        counts = f" {counts_text(scores.segments)}"
        if scores.names:
            counts = f"\n{named_counts_text(scores)}"
        note(f"{len(scores.segments):,} customers scored:{counts}")
        _compare_with_known(customers, scores.segments, facts.get("target"))
        if out is not None:
            note(f"Written to {out}")


app.command()(auditing.audit)
app.command()(reporting.report)


@app.command()
def inspect(archive: _Archive) -> None:
    """Show what an archive holds; nothing in it is executed."""
    with plain_speech("inspect"):
        tell(str(segmentlearn.inspect(archive)))


@app.command()
def demo(
    n_samples: Annotated[
        int, typer.Option(min=100, help="Customers to generate.")
    ] = 3000,
    random_state: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything.")
    ] = 0,
    out: Annotated[
        pathlib.Path | None,
        typer.Option(help="Folder for the tables, the archive and the scored rows."),
    ] = None,
) -> None:
    """Fit, report, save, load and score on generated customers."""
    from segmentlearn.cli._demo import output_files, run_demo

    with plain_speech("demo", *output_files(out)):
        run_demo(n_samples, random_state, _show, out)


def _write_scored(model: Any, customers: Any, out: pathlib.Path | None) -> Any:
    """Score customers and write them to a file, or to stdout; return the scores."""
    from segmentlearn.cli._predict import score
    from segmentlearn.persistence import write_atomically
    from segmentlearn.tables import table_to_bytes

    scores = score(model, customers)
    data, renamed = table_to_bytes(customers, scores.new_columns())
    check_not_stopped()
    for name, new_name in renamed.items():
        note(f"Note: the file has a column {name!r}; the new one is {new_name!r}.")
    if out is None:
        typer.echo(data.decode(), nl=False)
    else:
        write_atomically(out, data)
    return scores


def _save_segments(
    segmenter: Any,
    profile: Any,
    customers: Any,
    out: pathlib.Path | None,
    show: Callable[[str], None],
) -> None:
    """Write the archive of named segments, if one is asked for."""
    from segmentlearn.cli._cluster import segment_facts

    if out is None:
        return
    facts = {
        **segment_facts(segmenter, profile),
        "text_columns": customers.text_columns(),
    }
    check_not_stopped()
    segmentlearn.save(segmenter, out, metadata=facts)
    show("")
    show(f"Saved to {out}: new customers get their segment from")
    show(f"  segmentlearn predict {out} new.csv --out scored.csv")


def _check_outputs(
    table: pathlib.Path, out: pathlib.Path | None, scored: pathlib.Path | None
) -> None:
    """Refuse outputs that cannot be written, or are one file."""
    from segmentlearn.cli._tables import check_output

    check_output(out, table)
    check_output(scored, table, option="--scored")
    if out is not None and scored is not None and out.resolve() == scored.resolve():
        raise InputError(f"--scored {scored} is the file of --out; name another.")


def _say_nothing(text: str = "") -> None:
    """Stand in for `tell` where nothing but warnings is wanted."""


def _dropped(customers: Any, drop: list[str] | None) -> list[str]:
    """Return the columns to leave out, all of them in the table."""
    from segmentlearn.cli._tables import check_column

    dropped = _split_names(drop or [], customers.columns)
    for name in dropped:
        check_column(customers, name, "--drop")
    return dropped


def _show(judged: Any) -> None:
    """Show the held-out report and the learning curves."""
    from segmentlearn.cli._text_tables import curves_text, held_out_text

    tell(held_out_text(judged))
    tell()
    net = judged.classifier
    tell(curves_text(net.history_, net.best_epoch_, screen.shows_blocks()))


def _save(
    judged: Any,
    X: Any,
    y: Any,
    settings: Any,
    out: pathlib.Path,
    facts: dict[str, Any],
    *,
    refit: bool,
    quiet: bool,
) -> None:
    """Write the judged model, or one fitted to all rows, and say which."""
    from segmentlearn.cli._fit import build_classifier

    model = build_classifier(settings).fit(X, y) if refit else judged.classifier
    check_not_stopped()
    segmentlearn.save(model.set_params(verbose=0), out, metadata=facts)
    if quiet:
        return
    tell()
    if refit:
        tell(
            f"Saved to {out}: a model fitted again to all {len(y):,} rows with the same"
        )
        tell("settings; the report is about the one fitted without the held-out rows.")
    else:
        tell(f"Saved to {out}: the model of this report (--refit fits it to all rows).")


def _compare_with_known(customers: Any, segments: Any, target: Any) -> None:
    """Say how often the model agrees with segments that the file already has."""
    from segmentlearn.cli._fit import known_labels

    if not isinstance(target, str) or target not in customers.columns:
        return
    known, labels = known_labels(customers, target)
    if known.any():
        share = (labels.astype(str) == segments[known].astype(str)).mean()
        note(
            f"{target!r} of {len(labels):,} customers is in the file; {share:.3f} of "
            "them are found (too good a figure if the model was trained on them)"
        )


def _split_names(values: list[str], columns: list[str]) -> list[str]:
    """Return names from repeated options and comma lists; a name may hold commas."""
    names: list[str] = []
    for value in values:
        parts = [value] if value in columns else value.split(",")
        names += [part if part in columns else part.strip() for part in parts]
    return [name for name in dict.fromkeys(names) if name]


def _names(value: Any) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []
