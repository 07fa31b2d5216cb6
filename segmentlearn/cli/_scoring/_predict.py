"""The command `predict`: score customers with a model from an archive."""

import pathlib
from typing import Annotated, Any

import typer

from segmentlearn.cli._options import Archive, reads_tables, table_argument
from segmentlearn.cli._screen import InputError, note, plain_errors


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
    dask: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask scheduler whose workers score, such as "
            "tcp://host:8786; 'local' starts a worker for each core."
        ),
    ] = None,
    *,
    reading: dict[str, Any],
) -> None:
    """Score customers: all columns as they were, a segment, and probabilities."""
    import segmentlearn
    from segmentlearn.cli._scoring._further_columns import FurtherColumns
    from segmentlearn.cli._scoring._scored_output import open_output
    from segmentlearn.cli._scoring._scores import score_files
    from segmentlearn.cli._tables import check_order, check_scored, scan_customers
    from segmentlearn.tables import stored_schema

    out = None if out == "-" else out
    with plain_errors("predict", None if out is None else pathlib.Path(out)):
        check_order(archive, table)
        for option, share in (("--coverage", coverage), ("--fdr", fdr)):
            if not 0 < share < 1:
                raise InputError(f"{option} {share} must lie between 0 and 1.")
        facts = segmentlearn.inspect(archive).metadata
        schema = stored_schema(facts)
        scan = scan_customers(table, reading, schema)
        check_scored(out, scan, archive, table)
        if dask is not None:
            from segmentlearn.cli._scoring._on_cluster import (
                check_cluster,
                score_on_cluster,
            )

            check_cluster(out, scan, novelty)
            counts, sentences = score_on_cluster(
                archive,
                scan,
                schema,
                reading,
                str(out),
                dask,
                keys,
                facts.get("target"),
                coverage if sets else None,
            )
            _show(counts, sentences, out)
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
        with open_output(out, scan) as output:
            counts = score_files(
                model, scan, output, keys, facts.get("target"), add=further.of
            )
        _show(counts, further.notes(), out)


def _show(counts: Any, sentences: list[str], out: str | None) -> None:
    from segmentlearn.cli._outputs import show_counts

    show_counts(counts)
    for sentence in sentences:
        note(sentence)
    if out is not None:
        note(f"Written to {out}")
