"""How each column of a table is understood, and what to write to change it."""

import shlex
from collections.abc import Collection

from segmentlearn.tables import TableFile, as_table, describe_columns


def columns_text(table: TableFile, ids: Collection[str] = ()) -> str:
    """Return a table with a line for each column."""
    frame = describe_columns(table, ids)
    for name in ("missing", "values"):
        frame[name] = frame[name].map("{:,}".format)
    for name in ("column", "read as", "written", "examples"):
        width = max(len(name), *frame[name].str.len())
        frame[name] = frame[name].str.ljust(width)
        frame = frame.rename(columns={name: name.ljust(width)})
    return str(frame.to_string(index=False))


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
