"""Count who moved between segments."""

import json
import pathlib
from typing import Annotated, Any

import typer

from segmentlearn.cli._options import Seed, Value, reads_tables
from segmentlearn.cli._outputs import write_frame
from segmentlearn.cli._screen import InputError, echo, note, plain_errors, waiting

_ENDINGS = (".html", ".md", ".json")  # other names are those of tables


@reads_tables
def migration(
    tables: Annotated[
        list[str],
        typer.Argument(
            metavar="HISTORY | BEFORE NOW",
            help="A history in Parquet, or two files of customers.",
        ),
    ],
    key: Annotated[
        str | None,
        typer.Option(*("--key", "--id"), help="Column of both that names a customer."),
    ] = None,
    old: Annotated[
        pathlib.Path | None,
        typer.Option(help="Archive of the segments before, for files not yet scored."),
    ] = None,
    new: Annotated[
        pathlib.Path | None,
        typer.Option(help="Archive of the segments now; by default that of --old."),
    ] = None,
    segment: Annotated[
        str | None,
        typer.Option(help="Column of scored files; segment_id or segment by default."),
    ] = None,
    value: Value = None,
    periods: Annotated[
        str | None,
        typer.Option(help="Names of the periods, such as 2026-04,2026-05."),
    ] = None,
    out: Annotated[
        pathlib.Path | None,
        typer.Option(help="File to write: .html, .md, .json, or a table: .csv, .xlsx."),
    ] = None,
    moved: Annotated[
        pathlib.Path | None,
        typer.Option(help="Table to write of customers who moved, entered or left."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Heading of an HTML page.")] = None,
    random_state: Seed = 0,
    *,
    reading: dict[str, Any],
) -> None:
    """Count who moved between segments, from a history, scored files or archives."""
    from segmentlearn.cli._tables import check_output
    from segmentlearn.tables import output_kind

    with plain_errors("migration", out):
        if out is not None and out.suffix.lower() not in _ENDINGS:
            output_kind(out.name, "--out ")
        check_output(out, *tables)
        if moved is not None:
            output_kind(moved.name, "--moved ")
            others = tables if out is None else [*tables, str(out)]
            check_output(moved, *others, option="--moved")
        names = _periods(periods)
        if len(tables) == 1:
            found = _of_history(tables[0], names, value)
        elif len(tables) == 2:
            options = {"key": key, "value": value, "periods": names}
            archives = old, new
            found = _of_tables(
                tables, archives, segment, options, reading, random_state
            )
        else:
            raise InputError(f"{len(tables)} files are given; name one or two.")
        echo(str(found))
        if moved is not None:
            write_frame(found.customers, moved)
            note(f"{len(found.customers):,} customers written to {moved}")
        if out is None:
            echo()
            echo("Customers by their segment before (rows) and now (columns):")
            counts = found.counts.rename(index=found.title)
            echo(counts.rename_axis(index=None, columns=None).to_string())
            return
        _write(found, out, title)
        note(f"Written to {out}")


def _periods(text: str | None) -> tuple[str, str] | None:
    """Read the option ``--periods``."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise InputError(f"--periods {text!r} must be two names, such as 04,05.")
    return names[0], names[1]


def _of_history(source: str, names: tuple[str, str] | None, value: str | None) -> Any:
    import pandas as pd

    from segmentlearn.monitoring import SegmentMigration

    path = pathlib.Path(source)
    if not path.is_dir() and path.suffix.lower() not in (".parquet", ".pq"):
        raise InputError(
            f"{source} is no history in Parquet; two files of customers are needed."
        )
    history = pd.read_parquet(path)
    if value is not None and value not in history.columns:
        raise InputError(
            f"--value {value!r} is no column of {source}; compare two files of "
            "customers that have it."
        )
    known = history["period"].unique().tolist() if "period" in history else []
    for name in names or ():
        if name not in known:
            raise InputError(
                f"--periods: {name!r} is not in {source}; it has "
                f"{', '.join(map(str, known))}."
            )
    old, new = names or (None, None)
    return SegmentMigration.from_history(
        history, value=value, old_period=old, new_period=new
    )


def _of_tables(
    tables: list[str],
    archives: tuple[pathlib.Path | None, pathlib.Path | None],
    segment: str | None,
    options: dict[str, Any],
    reading: dict[str, Any],
    random_state: int,
) -> Any:
    """Count the moves between two files, which are scored or have a model."""
    import segmentlearn
    from segmentlearn import segment_migration
    from segmentlearn.cli._tables import check_column, read_customers
    from segmentlearn.monitoring import compare_scored, segment_column
    from segmentlearn.tables import stored_schema

    old, new = archives
    if options["key"] is None:
        raise InputError("two files need --key, the column that names a customer.")
    if new is not None and old is None:
        raise InputError("--new needs --old, the archive of the segments before.")
    options["periods"] = options["periods"] or ("before", "now")
    if old is None:
        read = [read_customers(table, reading, quiet=True) for table in tables]
        column = segment or segment_column(*(table.columns for table in read))
        if column is None:
            raise InputError(
                "the files have no column 'segment'; name theirs with --segment, or "
                "the model that finds them with --old."
            )
        for table in read:
            for name, option in ((options["key"], "--key"), (column, "--segment")):
                check_column(table, name, option)
        frames = [table.frame for table in read]
        return compare_scored(*frames, segment=column, **options)
    paths = old, new or old
    schema = stored_schema(segmentlearn.inspect(old).metadata)
    read = [read_customers(table, reading, schema, quiet=True) for table in tables]
    for table in read:
        check_column(table, options["key"], "--key")
    models = [segmentlearn.load(path) for path in dict.fromkeys(paths)]
    frames = [table.frame for table in read]
    with waiting("comparing the segments"):
        return segment_migration(
            models[0], models[-1], *frames, **options, random_state=random_state
        )


def _write(found: Any, out: pathlib.Path, title: str | None) -> None:
    """Write what was found in the format of the file's name."""
    from segmentlearn.persistence import write_atomically
    from segmentlearn.report import write_migration

    ending = out.suffix.lower()
    if ending == ".html":
        try:
            write_migration(found, out, title=title)
        except ImportError as error:
            raise InputError(str(error)) from error
        return
    if ending == ".md":
        heading = title or "Movement between segments"
        text = f"# {heading}\n\n{found.to_markdown()}\n"
    elif ending == ".json":
        text = json.dumps(found.to_dict(), indent=1, ensure_ascii=False) + "\n"
    else:
        write_frame(found.to_frame(), out)
        return
    write_atomically(out, text.encode("utf-8"))
