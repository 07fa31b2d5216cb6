"""Customer tables as files: read as they are meant, written back as they were."""

import csv
import dataclasses
import io
import pathlib
from collections.abc import Iterable, Sequence

import pandas as pd

from segmentlearn.exceptions import SchemaError, TableError
from segmentlearn.tables._names import closest_name, unique_names

_SEPARATORS = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";"}
_LIKELY_SEPARATORS = (";", "\t", "|", ",")


@dataclasses.dataclass(frozen=True)
class TableFile:
    """A file of customers.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    header : list of str
        Names as in the file; a saved index has an empty one.
    text : pandas.DataFrame of str
        Every cell as text, as in the file.
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
    path: pathlib.Path,
    separator: str = ",",
    text_columns: Iterable[str] = (),
    *,
    separator_label: str = "separator=",
) -> TableFile:
    """Read a file of customers, with a first line of column names.

    Errors call the separator by its label, such as the option of a command.
    """
    separator = _SEPARATORS.get(separator, separator)
    if len(separator) != 1:
        raise TableError(
            f"{separator_label}{separator!r} must be one character, or 'tab'."
        )
    if path.is_dir():
        raise TableError(f"{path} is a folder, not a file.")
    settings = {"sep": separator, "encoding": "utf-8-sig", "low_memory": False}
    try:
        text = pd.read_csv(path, header=None, dtype=str, na_filter=False, **settings)
        header = text.iloc[0].tolist()
        _check_names(header, path, separator, separator_label)
        kinds = {name: str for name in text_columns if name in header}
        typed = pd.read_csv(path, index_col=False, dtype=kinds, **settings)
    except pd.errors.EmptyDataError:
        raise TableError(f"{path} is empty.") from None
    except (pd.errors.ParserError, UnicodeError, csv.Error) as error:
        raise TableError(
            f"{path} is not a table of text in UTF-8 with cells separated by "
            f"{separator!r}: {str(error).strip()}"
        ) from error
    if len(text) < 2:
        raise TableError(f"{path} has column names but no rows.")
    text = text.iloc[1:].reset_index(drop=True)
    # pandas gives names to columns that have none
    text = text.set_axis(typed.columns, axis="columns")
    return TableFile(path, header, text, typed, separator)


def select_columns(table: TableFile, names: Sequence[str]) -> pd.DataFrame:
    """Return columns by name, in the order asked for."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        unused = [name for name in table.columns if name not in names]
        close = {name: closest_name(name, unused) for name in missing}
        pairs = [(name, other) for name, other in close.items() if other]
        hint = f" Is {pairs[0][1]!r} meant to be {pairs[0][0]!r}?" if pairs else ""
        if 2 * len(missing) > len(names):
            hint = " The model seems to be that of another table."
        raise SchemaError(
            f"{table.path} lacks {len(missing)} column(s) that the model was fitted "
            f"with: {', '.join(missing)}; columns it does not know: "
            f"{', '.join(unused) or 'none'}.{hint}"
        )
    return table.typed[list(names)]


def table_to_bytes(
    table: TableFile, new: dict[str, Sequence[str]]
) -> tuple[bytes, dict[str, str]]:
    """Write a table as it was, with new columns at its end.

    Returns the file, and the new columns that were renamed because the table has one
    of that name.
    """
    names = unique_names([*table.columns, *new])[len(table.columns) :]
    columns = dict(zip(names, map(list, new.values()), strict=True))
    written = pd.concat([table.text, pd.DataFrame(columns)], axis="columns")
    file = io.StringIO()
    written.to_csv(
        file,
        sep=table.separator,
        header=[*table.header, *columns],
        index=False,
        lineterminator="\n",
    )
    renamed = {
        name: free for name, free in zip(new, names, strict=True) if free != name
    }
    return file.getvalue().encode(), renamed


def _check_names(
    names: list[str], path: pathlib.Path, separator: str, separator_label: str
) -> None:
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise TableError(
            f"{path} has the column name(s) {', '.join(map(repr, repeated))} more than "
            "once; rename them."
        )
    if len(names) > 1:
        return
    for other in _LIKELY_SEPARATORS:
        if other in names[0] and other != separator:
            raise TableError(
                f"{path} has one column only, {names[0]!r}; its cells seem to be "
                f"separated by {other!r}: use {separator_label}{other!r}."
            )
