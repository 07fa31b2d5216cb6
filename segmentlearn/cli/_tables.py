"""Customer tables as files: read as they are meant, written back as they were."""

import csv
import dataclasses
import difflib
import io
import os
import pathlib
import zipfile
from collections.abc import Iterable, Sequence

import pandas as pd

from segmentlearn.cli._screen import InputError

_SEPARATORS = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";"}
_LIKELY_SEPARATORS = (";", "\t", "|", ",")


@dataclasses.dataclass(frozen=True)
class Table:
    """A file of customers.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    header : list of str
        Names as they stand in the file; a saved index has an empty one.
    text : pandas.DataFrame of str
        Every cell as it stands in the file.
    typed : pandas.DataFrame
        The same cells as numbers, truth values, text and missing values.
    separator : str
        What stands between cells.
    """

    path: pathlib.Path
    header: list[str]
    text: pd.DataFrame
    typed: pd.DataFrame
    separator: str

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in the file's order."""
        return list(self.text.columns)

    def text_columns(self) -> list[str]:
        """Return the columns that hold text, whatever another file may hold there."""
        return [
            name
            for name in self.columns
            if pd.api.types.infer_dtype(self.typed[name], skipna=True) == "string"
        ]


def read_table(
    path: pathlib.Path, separator: str = ",", text_columns: Iterable[str] = ()
) -> Table:
    """Read a file of customers, with a first line of column names."""
    separator = _SEPARATORS.get(separator, separator)
    if len(separator) != 1:
        raise InputError(f"--sep {separator!r} must be one character, or 'tab'.")
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a file.")
    settings = {"sep": separator, "encoding": "utf-8-sig", "low_memory": False}
    try:
        text = pd.read_csv(path, header=None, dtype=str, na_filter=False, **settings)
        header = text.iloc[0].tolist()
        _check_names(header, path, separator)
        kinds = {name: str for name in text_columns if name in header}
        typed = pd.read_csv(path, index_col=False, dtype=kinds, **settings)
    except pd.errors.EmptyDataError:
        raise InputError(f"{path} is empty.") from None
    except (pd.errors.ParserError, UnicodeError, csv.Error) as error:
        raise InputError(
            f"{path} is not a table of text in UTF-8 with cells separated by "
            f"{separator!r}: {str(error).strip()}"
        ) from error
    if len(text) < 2:
        raise InputError(f"{path} has column names but no rows.")
    text = text.iloc[1:].reset_index(drop=True)
    # pandas gives names to columns that have none
    text = text.set_axis(typed.columns, axis="columns")
    return Table(path, header, text, typed, separator)


def select_columns(table: Table, names: Sequence[str]) -> pd.DataFrame:
    """Return columns by name, in the order asked for."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        unused = [name for name in table.columns if name not in names]
        pair = _nearest(missing, unused)
        hint = f" Is {pair[1]!r} meant to be {pair[0]!r}?" if pair else ""
        if 2 * len(missing) > len(names):
            hint = " The model seems to be that of another table."
        raise InputError(
            f"{table.path} lacks {len(missing)} column(s) that the model was fitted "
            f"with: {', '.join(missing)}; columns it does not know: "
            f"{', '.join(unused) or 'none'}.{hint}"
        )
    return table.typed[list(names)]


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


def check_column(table: Table, name: str, option: str) -> None:
    """Refuse a column name from an option that is not in the table."""
    if name not in table.columns:
        raise InputError(
            f"{option} {name!r} is not a column of {table.path}; it has "
            f"{', '.join(table.columns)}.{_suggest([name], table.columns)}"
        )


def table_to_bytes(
    table: Table, new: dict[str, Sequence[str]]
) -> tuple[bytes, dict[str, str]]:
    """Write a table as it was, with new columns at its end."""
    taken, renamed = set(table.columns), {}
    columns = {}
    for name, cells in new.items():
        free = _free_name(name, taken)
        if free != name:
            renamed[name] = free
        taken.add(free)
        columns[free] = list(cells)
    written = pd.concat([table.text, pd.DataFrame(columns)], axis="columns")
    file = io.StringIO()
    written.to_csv(
        file,
        sep=table.separator,
        header=[*table.header, *columns],
        index=False,
        lineterminator="\n",
    )
    return file.getvalue().encode(), renamed


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


def _check_names(names: list[str], path: pathlib.Path, separator: str) -> None:
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise InputError(
            f"{path} has the column name(s) {', '.join(map(repr, repeated))} more than "
            "once; rename them."
        )
    if len(names) == 1:
        for other in _LIKELY_SEPARATORS:
            if other in names[0] and other != separator:
                raise InputError(
                    f"{path} has one column only, {names[0]!r}; its cells seem to be "
                    f"separated by {other!r}: use --sep {other!r}."
                )


def _suggest(wanted: Iterable[str], present: Sequence[str]) -> str:
    pair = _nearest(wanted, present)
    return f" Did you mean {pair[1]!r}?" if pair else ""


def _nearest(wanted: Iterable[str], present: Sequence[str]) -> tuple[str, str] | None:
    """Return the first name that is nearly one of those present, and that one."""
    for name in wanted:
        near = difflib.get_close_matches(name, present, n=1)
        if near:
            return name, near[0]
    return None


def _free_name(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
