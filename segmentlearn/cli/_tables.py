"""Files of customers as the command line takes them: checks that name its options."""

import dataclasses
import os
import pathlib
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from typing import Any

from segmentlearn.cli._options import LABELS
from segmentlearn.cli._screen import InputError, note, row_progress, waiting
from segmentlearn.tables import (
    NUMBER,
    Column,
    TableFile,
    TableScan,
    TableSchema,
    closest_name,
    output_kind,
    read_table,
    scan_table,
)

WHOLE = 2**28  # bytes of a table that is looked at as a whole
_MOST_SAMPLED = 500_000  # rows of a larger one


@dataclasses.dataclass(frozen=True)
class ColumnRoles:
    """What the options of columns say about the columns of a table.

    Parameters
    ----------
    numeric, categorical, ids : list of str
        Columns of numbers, of categories, and those that name a customer.
    dates : dict of str to str
        Formats of columns of dates.
    """

    numeric: list[str]
    categorical: list[str]
    ids: list[str]
    dates: dict[str, str]

    def of_preprocessor(self, dropped: Sequence[str] = ()) -> dict[str, Any]:
        """Return the parameters of a preprocessor, for columns that are not dropped."""
        dates = {name: form for name, form in self.dates.items() if name not in dropped}
        roles = {
            "numeric": [name for name in self.numeric if name not in dropped],
            "categorical": [n for n in self.categorical if n not in dropped],
            "dates": dates,
        }
        return {name: chosen for name, chosen in roles.items() if chosen}


def read_customers(
    source: str,
    reading: dict[str, Any],
    schema: TableSchema | None = None,
    *,
    quiet: bool = False,
    sampled: bool = False,
    most: int | None = None,
) -> TableFile:
    """Read a table as the options of a command say, and say what was found out.

    Several files are read as one table. Of a table that is too large to be looked at as
    a whole, rows are drawn at random where ``sampled`` allows it; ``most`` are drawn of
    any table.
    """
    scan = scan_customers(source, reading, schema)
    is_large = sampled and scan.n_bytes > WHOLE
    if most or is_large or len(scan.sources) > 1:
        n_rows = most or (_MOST_SAMPLED if is_large else sys.maxsize // 4)
        with row_progress("reading", scan) as show:
            table = scan.sample(n_rows, progress=show)
        if len(table.frame) < scan.n_rows and not most:
            note(
                f"Note: {len(table.frame):,} of {scan.n_rows:,} rows were drawn at "
                "random; what follows is about them."
            )
    else:
        with waiting("reading"):
            options = _options(reading)
            table = read_table(source, schema=schema, labels=LABELS, **options)
    if not (quiet or table.is_plain):
        note(f"Read {table.describe()}")
    for sentence in table.notes:
        note(f"Warning: {sentence}")
    return table


def read_typed(
    source: str,
    reading: dict[str, Any],
    types: dict[str, Any],
    schema: TableSchema | None = None,
    *,
    quiet: bool = False,
    sampled: bool = False,
    most: int | None = None,
) -> tuple[TableFile, ColumnRoles]:
    """Read a table whose columns are what the options of columns say."""
    table = read_customers(
        source, reading, schema, quiet=quiet, sampled=sampled, most=most
    )
    dates = {}
    for given in types["date"] or []:
        name, is_split, form = given.partition("=")
        if not is_split:
            raise InputError(f"--date {given!r} must be like born=%d/%m/%Y.")
        check_column(table, name, "--date")
        dates[name] = form
    numeric, categorical, ids = (
        named_columns(table, types[option], f"--{option}")
        for option in ("numeric", "categorical", "id")
    )
    roles = ColumnRoles(numeric, categorical, ids, dates)
    chosen = [*roles.numeric, *roles.categorical, *roles.ids, *roles.dates]
    for name in chosen:
        if chosen.count(name) > 1:
            raise InputError(
                f"column {name!r} is named by two of --numeric, --categorical, --date "
                "and --id; name it once."
            )
    if roles.numeric or roles.categorical or roles.dates:
        table = table.with_types(roles.numeric, roles.categorical, roles.dates)
        for sentence in table.notes:
            note(f"Warning: {sentence}")
    return table, roles


def scan_customers(
    source: str,
    reading: dict[str, Any],
    schema: TableSchema | None = None,
    batch_size: int | None = None,
    row_groups: Sequence[int] | None = None,
) -> TableScan:
    """Return the batches of a table, or of the tables in a folder."""
    how = _options(reading)
    if batch_size is not None:
        how["batch_size"] = batch_size
    return scan_table(
        source, schema=schema, row_groups=row_groups, labels=LABELS, **how
    )


def _options(reading: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of `read_table` that the options stand for."""
    options = dict(reading)
    quotes, separator = options.pop("quotes"), options.pop("sep")
    decimal = options["decimal"]
    if quotes not in (None, "yes", "no"):
        raise InputError(f"--quotes {quotes!r} must be 'yes' or 'no'.")
    if decimal not in (None, ".", ","):
        raise InputError(f"--decimal {decimal!r} must be '.' or ','.")
    quoted = None if quotes is None else quotes == "yes"
    return {**options, "separator": separator, "quotes": quoted}


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


def named_columns(table: TableFile, given: list[str] | None, option: str) -> list[str]:
    """Return the columns that a repeated option or its comma lists name."""
    names: list[str] = []
    for value in given or []:  # a name may hold commas
        parts = [value] if value in table.columns else value.split(",")
        names += [part if part in table.columns else part.strip() for part in parts]
    names = [name for name in dict.fromkeys(names) if name]
    if given and not names:
        raise InputError(f"{option} {given[0]!r} names no column.")
    for name in names:
        check_column(table, name, option)
    return names


def values_of(table: TableFile, name: str | None) -> Any:
    """Return what each customer is worth, by the option ``--value``."""
    if name is None:
        return None
    check_column(table, name, "--value")
    column = Column(name, table.frame[name].array)
    if column.kind != NUMBER:
        raise InputError(f"--value {name!r} is a column without numbers.")
    import pandas as pd

    worth = pd.Series(column.numbers, name=name)
    if not worth.sum() > 0:
        raise InputError(
            f"--value {name!r} sums to {worth.sum():,.0f}, of which no shares can be "
            "taken; name a column of amounts above 0."
        )
    return worth


def check_scored(
    out: str | None, scan: TableScan, archive: pathlib.Path, table: str
) -> None:
    """Refuse, before any work, an output of scored customers."""
    from segmentlearn.cli._scoring._scored_output import (
        check_folder,
        is_device,
        is_folder,
    )

    if out is None:
        return
    if is_folder(out, scan):
        check_folder(out, scan.sources)
        check_room(out, "--out")
    elif not is_device(out):
        check_output(pathlib.Path(out), *map(str, scan.sources), archive)
        output_kind(out, "--out ")
    folder = pathlib.Path(table)
    if folder.is_dir() and pathlib.Path(out).resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"--out {out} lies in {table}, where it would be read the next time; name "
            "another place."
        )


def check_output(
    target: pathlib.Path | None, *sources: str | pathlib.Path, option: str = "--out"
) -> None:
    """Refuse, before any work, an output that cannot or must not be written."""
    if target is None:
        return
    if str(target) == "-":
        raise InputError(f"{option} - is no file; only predict writes rows to stdout.")
    if target.is_dir():
        raise InputError(f"{option} {target} is a folder; name a file.")
    if target.exists() and not target.is_file():
        raise InputError(f"{option} {target} is a device; name a file.")
    if not target.absolute().parent.is_dir():
        raise InputError(f"{option} {target}: {target.parent} is not a folder.")
    try:  # permissions alone do not say it: a disk may be read-only or full
        tempfile.TemporaryFile(dir=target.absolute().parent).close()
    except OSError as error:
        raise InputError(
            f"{option} {target}: nothing can be written to {target.absolute().parent} "
            f"({error.strerror})."
        ) from None
    for source in sources:
        if (
            target.exists()
            and os.path.exists(source)
            and os.path.samefile(target, source)
        ):
            raise InputError(f"{option} {target} is the input file; name another.")
    check_room(target, option)


def check_room(target: str | pathlib.Path, option: str) -> None:
    """Refuse, before any work, an output that is read-only or on a full disk."""
    from segmentlearn.persistence import check_writable

    try:
        check_writable(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{option} {target} cannot be written: {reason}.") from error
