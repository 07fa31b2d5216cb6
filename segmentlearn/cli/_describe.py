"""How each column of a table is understood, and what to write to change it."""

import shlex
from collections.abc import Collection

from segmentlearn.tables import CATEGORY, TableFile, as_table


def describe_columns(table: TableFile, ids: Collection[str], has_blocks: bool) -> str:
    """Return a table with a line for each column."""
    from segmentlearn.auditing import overview

    read = as_table(table.frame, "describe").columns
    levels = [column.name for column in read if column.kind == CATEGORY]
    found = overview(table.frame, ids=ids, categorical_features=levels)
    columns, ambiguous = found.columns, table.schema.ambiguous_dates()
    columns.loc[columns["column"].isin(list(ambiguous)), "type"] = "date or text?"
    written = [table.schema.written(name) for name in columns["column"]]
    if any(written):
        columns.insert(columns.columns.get_loc("type") + 1, "written", written)
    return found.to_text(has_blocks)


def cures(table: TableFile) -> list[str]:
    """Return what the options of fit and cluster would change, a sentence each."""
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
