"""The command `predict`: score customers with a model from an archive."""

import pathlib
from typing import Annotated, Any

import typer

from segmentlearn.cli._options import (
    Archive,
    Keep,
    lists_contacts,
    reads_tables,
    table_argument,
)
from segmentlearn.cli._screen import InputError, note, plain_errors

_EXPLAINED = 500  # customers of a batch


@reads_tables
@lists_contacts
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
            *("--key", "--id"),
            metavar="COLUMNS",
            help="Columns that name a customer, by which --exclude leaves out.",
        ),
    ] = None,
    keep: Keep = None,
    sets: Annotated[
        bool,
        typer.Option(
            "--sets", help="Add the segments that a customer may be in: 'A or B'."
        ),
    ] = False,
    coverage: Annotated[
        float,
        typer.Option(help="Share of customers whose segment is in their set."),
    ] = 0.9,
    novelty: Annotated[
        bool,
        typer.Option(
            "--novelty", help="Add who is unlike all customers that the model knows."
        ),
    ] = False,
    fdr: Annotated[
        float, typer.Option(help="Known customers among those called novel, at most.")
    ] = 0.1,
    reasons: Annotated[
        int,
        typer.Option(
            min=0,
            help="Add so many columns that moved a customer's segment most, in words.",
        ),
    ] = 0,
    background: Annotated[
        str | None,
        typer.Option(
            help="Customers that --reasons compares with; by default made-up ones, "
            "with the distributions that the archive holds."
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask scheduler whose workers score, such as "
            "tcp://host:8786; 'local' starts a worker for each core."
        ),
    ] = None,
    *,
    reading: dict[str, Any],
    listing: dict[str, Any],
) -> None:
    """Score customers, or list whom to contact: all columns, segment, probabilities."""
    import segmentlearn
    from segmentlearn.cli._scoring._contacts import ContactLister, wants_list
    from segmentlearn.cli._scoring._further_columns import FurtherColumns
    from segmentlearn.cli._scoring._scored_output import is_folder, open_output
    from segmentlearn.cli._scoring._scores import score_files
    from segmentlearn.cli._tables import (
        check_order,
        check_scored,
        named_columns,
        read_customers,
        scan_customers,
    )
    from segmentlearn.tables import stored_schema

    out = None if out == "-" else out
    with plain_errors("predict", None if out is None else pathlib.Path(out)):
        check_order(archive, table)
        for option, share in (("--coverage", coverage), ("--fdr", fdr)):
            if not 0 < share < 1:
                raise InputError(f"{option} {share} must lie between 0 and 1.")
        is_list = wants_list(listing)
        facts = segmentlearn.inspect(archive).metadata
        schema = stored_schema(facts)
        if background is not None and not reasons:
            raise InputError("--background is for --reasons; name their number, too.")
        # reasons take some 10 ms a customer, and a bar moves by batches
        size = _EXPLAINED if reasons else None
        scan = scan_customers(table, reading, schema, size)
        check_scored(out, scan, archive, table)
        if is_list and table == "-":
            raise InputError(
                "a list reads the table twice, which stdin cannot be; name a file."
            )
        if is_list and out is not None and is_folder(out, scan):
            raise InputError(f"--out {out} is a folder, and a list is one file.")
        if listing["exclude"] is not None and not keys:
            raise InputError("--exclude needs --key, the column that names a customer.")
        if dask is not None:
            from segmentlearn.cli._scoring._on_cluster import (
                check_cluster,
                score_on_cluster,
            )

            refused = (
                ("--novelty", novelty),
                ("--reasons", reasons),
                ("a list", is_list),
            )
            check_cluster(out, scan, refused)
            scored = score_on_cluster(
                archive,
                scan,
                schema,
                reading,
                str(out),
                dask,
                keep,
                facts,
                coverage if sets else None,
            )
            _show(*scored, out)
            return
        model = segmentlearn.load(archive)
        further = FurtherColumns(model, archive)
        if sets:
            further.add_sets(coverage)
        if novelty:
            if table == "-":
                raise InputError(
                    "--novelty evaluates all customers together and reads the table "
                    "twice, which stdin cannot be; name a file."
                )
            further.add_novelty(fdr, scan_customers(table, reading, schema))
        if reasons:
            others = None
            if background is not None:
                others = read_customers(
                    background, reading, schema, quiet=True, sampled=True
                )
            further.add_reasons(reasons, facts.get("monitor"), others)
        counts: Any = None
        if is_list:
            lister = ContactLister(model, facts, listing)
            if listing["exclude"] is not None:
                nothing = dict.fromkeys(reading)
                others = read_customers(listing["exclude"], nothing, quiet=True)
                lister.exclude(others, keys or [])
            score_files(model, scan, None, collect=lister.collect)
            found, again = lister.choose(), scan_customers(table, reading, schema)
            with open_output(out, again) as output:
                lister.write(found, again, output, further.of, keep)
            note(lister.text(found))
        else:
            with open_output(out, scan) as output:
                counts = score_files(
                    *(model, scan, output, keep, facts),
                    collect=lambda batch, scores: named_columns(batch, keys, "--key"),
                    add=further.of,
                )
        _show(counts, further.notes(), out)


def _show(counts: Any, sentences: list[str], out: str | None) -> None:
    from segmentlearn.cli._outputs import show_counts

    if counts is not None:  # of a list there are none
        show_counts(counts)
    for sentence in sentences:
        note(sentence)
    if out is not None:
        note(f"Written to {out}")
