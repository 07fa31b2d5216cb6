"""What a table holds, column by column, and what an archive holds."""

import json
import shlex
from collections.abc import Collection
from typing import Annotated, Any

import typer

import segmentlearn
from segmentlearn.cli._options import (
    Archive,
    reads_tables,
    table_argument,
    types_columns,
)
from segmentlearn.cli._screen import (
    InputError,
    echo,
    plain_errors,
    shows_blocks,
    waiting,
)


@types_columns
@reads_tables
def describe(
    table: Annotated[str, table_argument("Customers.")],
    *,
    reading: dict[str, Any],
    types: dict[str, Any],
) -> None:
    """Show what is in each column, a line each, and what to write to change it."""
    from segmentlearn.cli._tables import read_typed

    with plain_errors("describe"):
        customers, roles = read_typed(table, reading, types, sampled=True, quiet=True)
        echo(customers.describe())
        echo()
        with waiting("looking at the columns"):
            text = overview_text(customers, roles.ids, shows_blocks())
        echo(text)
        for sentence in cures(customers):
            echo()
            echo(sentence)


def inspect(
    archive: Archive,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Show the model card, in Markdown.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Show all that is known, as JSON.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Show the JSON Schema of a customer.")
    ] = False,
) -> None:
    """Show what an archive holds; nothing in it is executed."""
    with plain_errors("inspect"):
        if markdown + as_json + schema > 1:
            raise InputError("choose one of --markdown, --json and --schema.")
        info = segmentlearn.inspect(archive)
        if schema:
            echo(json.dumps(info.row_schema(), indent=1))
        elif as_json:
            echo(info.to_json())
        else:
            echo(info.to_markdown() if markdown else str(info))


def overview_text(table: Any, ids: Collection[str], has_blocks: bool) -> str:
    """Return a table with a line for each column."""
    from segmentlearn.auditing import overview
    from segmentlearn.tables import CATEGORY, as_table

    read = as_table(table.frame, "describe").columns
    levels = [column.name for column in read if column.kind == CATEGORY]
    found = overview(table.frame, ids=ids, categorical_features=levels)
    columns, ambiguous = found.columns, table.schema.ambiguous_dates()
    columns.loc[columns["column"].isin(list(ambiguous)), "type"] = "date or text?"
    written = [table.schema.written(name) for name in columns["column"]]
    if any(written):
        columns.insert(columns.columns.get_loc("type") + 1, "written", written)
    return found.to_text(has_blocks)


def cures(table: Any) -> list[str]:
    """Return what the options of fit and cluster would change, a sentence each."""
    from segmentlearn.tables import as_table

    columns = as_table(table.frame, "describe").columns
    names = [c.name for c in columns if c.n_distinct and c.identifies]
    sentences = [
        f"--numeric {shlex.quote(name)} or --categorical {shlex.quote(name)} uses "
        f"{name!r}, which looks like an identifier and is left out."
        for name in names
    ]
    sentences += [
        f"--date {shlex.quote(name + '=%d/%m/%Y')} says that the day comes first in "
        f"{name!r}, whose dates are {formats}."
        for name, formats in table.schema.ambiguous_dates().items()
    ]
    return sentences
