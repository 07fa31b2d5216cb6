"""Files of customers as the command line takes them: checks that name its options."""

import os
import pathlib
import zipfile
from typing import Any

from segmentlearn.cli._options import LABELS
from segmentlearn.cli._screen import InputError, note
from segmentlearn.tables import TableFile, TableSchema, closest_name, read_table


def read_customers(
    source: str,
    reading: dict[str, Any],
    schema: TableSchema | None = None,
    *,
    quiet: bool = False,
) -> TableFile:
    """Read a table as the options of a command say, and say what was found out."""
    options = dict(reading)
    quotes = options.pop("quotes")
    if quotes not in (None, "yes", "no"):
        raise InputError(f"--quotes {quotes!r} must be 'yes' or 'no'.")
    if options["decimal"] not in (None, ".", ","):
        raise InputError(f"--decimal {options['decimal']!r} must be '.' or ','.")
    table = read_table(
        source,
        separator=options.pop("sep"),
        quotes=None if quotes is None else quotes == "yes",
        schema=schema,
        labels=LABELS,
        **options,
    )
    if not (quiet or table.is_plain):
        note(f"Read {table.describe()}")
    for sentence in table.notes:
        note(f"Warning: {sentence}")
    return table


def stored_schema(metadata: dict[str, Any]) -> TableSchema | None:
    """Return how the table that a model was fitted to was read, from its archive."""
    stored = metadata.get("schema")
    if isinstance(stored, dict):
        return TableSchema.from_dict(stored)
    texts = metadata.get("text_columns")  # of archives before 0.2
    if isinstance(texts, list):
        return TableSchema.of_text(map(str, texts))
    return None


def check_order(archive: pathlib.Path, table: str) -> None:
    """Refuse an archive and a table that were given the wrong way round."""
    if (
        archive.is_file()
        and os.path.isfile(table)
        and zipfile.is_zipfile(table)
        and archive.suffix != ".seg"
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
            f"{option} {name!r} is not a column of {table.source}; it has "
            f"{', '.join(table.columns)}.{hint}"
        )


def check_output(
    target: pathlib.Path | None, *sources: str | pathlib.Path, option: str = "--out"
) -> None:
    """Refuse, before any work, an output that cannot or must not be written."""
    if target is None:
        return
    if target.is_dir():
        raise InputError(f"{option} {target} is a folder; name a file.")
    if not target.absolute().parent.is_dir():
        raise InputError(f"{option} {target}: {target.parent} is not a folder.")
    for source in sources:
        if (
            target.exists()
            and os.path.exists(source)
            and os.path.samefile(target, source)
        ):
            raise InputError(f"{option} {target} is the input file; name another.")
