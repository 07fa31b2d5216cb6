"""Files of customers as the command line takes them: checks that name its options."""

import functools
import os
import pathlib
import zipfile

from segmentlearn.cli._screen import InputError
from segmentlearn.tables import TableFile, closest_name, read_table

read_customers = functools.partial(read_table, separator_label="--sep ")


def check_order(archive: pathlib.Path, table: pathlib.Path) -> None:
    """Refuse an archive and a table that were given the wrong way round."""
    if (
        archive.is_file()
        and zipfile.is_zipfile(table)
        and not zipfile.is_zipfile(archive)
    ):
        raise InputError(
            f"{archive} is no archive, and {table} is one: the archive comes first, "
            "then the table."
        )


def check_column(table: TableFile, name: str, option: str) -> None:
    """Refuse a column name from an option that is not in the table."""
    if name not in table.columns:
        close = closest_name(name, table.columns)
        hint = f" Did you mean {close!r}?" if close else ""
        raise InputError(
            f"{option} {name!r} is not a column of {table.path}; it has "
            f"{', '.join(table.columns)}.{hint}"
        )


def check_output(
    target: pathlib.Path | None, *sources: pathlib.Path, option: str = "--out"
) -> None:
    """Refuse, before any work, an output that cannot or must not be written."""
    if target is None:
        return
    if target.is_dir():
        raise InputError(f"{option} {target} is a folder; name a file.")
    if not target.absolute().parent.is_dir():
        raise InputError(f"{option} {target}: {target.parent} is not a folder.")
    for source in sources:
        if target.exists() and source.exists() and os.path.samefile(target, source):
            raise InputError(f"{option} {target} is the input file; name another.")
