"""Files and databases that hold typed cells: Excel, Parquet, Arrow, JSON, SQL."""

import datetime
import gzip
import io
import pathlib
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from segmentlearn.exceptions import TableError
from segmentlearn.tables._files._dialect import PARAMETERS

_TIMEOUT = 60  # seconds
_LARGEST_UNPACKED = 2**34
_SQLITE = b"SQLite format 3\0"


def read_bytes(source: Any) -> bytes:
    """Return what a path, a URL, "-" (standard input) or an open file holds."""
    if hasattr(source, "read"):
        return source.read()
    text = str(source)
    if text == "-":
        return sys.stdin.buffer.read()
    if text.startswith(("http://", "https://")):
        try:
            with urllib.request.urlopen(text, timeout=_TIMEOUT) as answer:
                return answer.read()
        except (OSError, urllib.error.URLError) as error:
            raise TableError(
                f"{text} cannot be read ({error}); download it and name the file."
            ) from None
    if "://" in text:
        raise TableError(f"{text} is neither a file nor an address of the web.")
    path = pathlib.Path(source)
    if path.is_dir():
        raise TableError(f"{path} is a folder, not a file.")
    return path.read_bytes()


def unpack(data: bytes, source: str) -> bytes:
    """Return the one file in a gzip or zip file; other bytes as they are."""
    if data.startswith(b"\x1f\x8b"):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
                unpacked = file.read(_LARGEST_UNPACKED)
        except (OSError, EOFError) as error:
            raise TableError(f"{source} is a damaged gzip file ({error}).") from None
        return unpacked
    if not data.startswith(b"PK\x03\x04") or _is_workbook(data):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            names = [name for name in file.namelist() if not name.endswith("/")]
            names = [name for name in names if not name.startswith("__MACOSX/")]
            if len(names) != 1:
                raise TableError(
                    f"{source} holds {len(names)} files ({', '.join(names[:5])}); a "
                    "zip file must hold the table alone."
                )
            if file.getinfo(names[0]).file_size > _LARGEST_UNPACKED:
                raise TableError(f"{source} would unpack to more than 16 GB.")
            return file.read(names[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise TableError(f"{source} is a damaged zip file ({error}).") from None


def typed_reader(data: bytes, source: str) -> Callable[..., pd.DataFrame] | None:
    """Return what reads a file of typed cells; None for text."""
    if data.startswith(b"PAR1"):
        return _read_parquet
    if data.startswith(b"ARROW1"):
        return _read_feather
    if _is_workbook(data) or data.startswith(b"\xd0\xcf\x11\xe0"):
        return _read_excel
    if data.lstrip()[:1] == b"{" and b":" in data[:4096]:
        return _read_json_lines
    return None


def is_database(source: Any) -> bool:
    """Return whether a source is a database file or the address of one."""
    text = str(source)
    if "://" in text:
        return not text.startswith(("http://", "https://"))
    path = pathlib.Path(text)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(16)
    return head == _SQLITE or head[8:12] == b"DUCK"


def read_database(
    source: Any, query: str | None, labels: Mapping[str, str] = PARAMETERS
) -> pd.DataFrame:
    """Return the rows of a query, or of the only table there is."""
    text = str(source)
    try:
        if "://" in text:
            return _read_address(text, query, labels)
        with pathlib.Path(text).open("rb") as file:
            is_sqlite = file.read(16) == _SQLITE
        return (_read_sqlite if is_sqlite else _read_duckdb)(text, query, labels)
    except TableError:
        raise
    except Exception as error:  # each database has errors of its own
        raise TableError(f"{text}: {str(error).strip().splitlines()[0]}") from error


def _is_workbook(data: bytes) -> bool:
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            names = set(file.namelist())
    except zipfile.BadZipFile:
        return False
    return bool(names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"})


def _read_parquet(data: bytes, source: str, **_: Any) -> pd.DataFrame:
    from pyarrow import parquet

    return _read_arrow(lambda: parquet.read_table(pa.BufferReader(data)), source)


def _read_feather(data: bytes, source: str, **_: Any) -> pd.DataFrame:
    from pyarrow import feather

    return _read_arrow(lambda: feather.read_table(pa.BufferReader(data)), source)


def _read_json_lines(data: bytes, source: str, **_: Any) -> pd.DataFrame:
    from pyarrow import json

    options = json.ReadOptions(block_size=max(2**20, min(len(data), 2**30)))
    return _read_arrow(lambda: json.read_json(pa.BufferReader(data), options), source)


def _read_arrow(read: Callable[[], pa.Table], source: str) -> pd.DataFrame:
    try:
        table = read()
        nested = [
            field.name for field in table.schema if pa.types.is_nested(field.type)
        ]
        if nested:
            raise TableError(
                f"{source}: the column(s) {', '.join(nested)} hold lists or records; "
                "write each of their parts into a column of its own."
            )
        repeated = [n for n in table.column_names if table.column_names.count(n) > 1]
        if repeated:
            raise TableError(
                f"{source} has the column name(s) {', '.join(sorted(set(repeated)))} "
                "more than once; rename them."
            )
        return table.to_pandas()
    except TableError:
        raise
    except Exception as error:  # damaged files end in errors of many classes
        raise TableError(f"{source} is damaged: {str(error)[:200]}") from None


def _read_excel(
    data: bytes,
    source: str,
    *,
    sheet: str | int | None = None,
    skip_rows: int | None = None,
    labels: Mapping[str, str] = PARAMETERS,
) -> pd.DataFrame:
    _need("python_calamine", "Excel files")
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = book.sheet_names
        name = _chosen_sheet(book, names, sheet, source, labels)
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
    except TableError:
        raise
    except Exception as error:  # the reader's own errors have no common class
        raise TableError(f"{source} is a damaged workbook ({error}).") from None
    rows = [row for row in rows if any(cell != "" for cell in row)]
    skip = _n_title_rows(rows) if skip_rows is None else skip_rows
    rows = rows[skip:]
    if len(rows) < 2:
        raise TableError(f"{source}, sheet {name!r} has no names with rows below them.")
    header = [str(cell).strip() for cell in rows[0]]
    repeated = sorted({n for n in header if n and header.count(n) > 1})
    if repeated:
        raise TableError(
            f"{source}, sheet {name!r} has the column name(s) {', '.join(repeated)} "
            "more than once; rename them."
        )
    columns = zip(*rows[1:], strict=True)
    return pd.DataFrame(
        {
            title or f"Unnamed: {at}": _excel_cells(cells)
            for at, (title, cells) in enumerate(zip(header, columns, strict=True))
        }
    )


def _chosen_sheet(
    book: Any, names: list[str], sheet: Any, source: str, labels: Mapping[str, str]
) -> str:
    if sheet is None:
        filled = [
            name for name in names if book.get_sheet_by_name(name).total_height > 1
        ]
        if len(filled) > 1:
            raise TableError(
                f"{source} has the sheets {', '.join(map(repr, filled))}; say which "
                f"with {labels['sheet']}{filled[0]!r}."
            )
        return (filled or names)[0]
    if isinstance(sheet, str) and sheet.isdigit() and sheet not in names:
        sheet = int(sheet) - 1
    if isinstance(sheet, int) and 0 <= sheet < len(names):
        return names[sheet]
    if sheet not in names:
        raise TableError(
            f"{labels['sheet']}{sheet!r} is not a sheet of {source}; it has "
            f"{', '.join(map(repr, names))}."
        )
    return sheet


def _n_title_rows(rows: list[list[Any]]) -> int:
    """Return the number of rows above the names, which fill one cell only."""
    for at, row in enumerate(rows):
        if len(row) == 1 or sum(cell != "" for cell in row) > 1:
            return at
    return 0


def _excel_cells(cells: tuple) -> pd.Series:
    """Return cells of one type where they are; Excel knows no whole numbers."""
    values = [None if cell == "" else cell for cell in cells]
    series = pd.Series(values, dtype=object).infer_objects()
    if series.dtype == object:
        kinds = {type(value) for value in values if value is not None}
        if kinds and kinds <= {int, float}:
            return pd.to_numeric(series)
        if kinds and kinds <= {datetime.date, datetime.datetime}:
            return pd.to_datetime(series)
    if series.dtype != float or series.isna().any():
        return series
    is_whole = (series == series.round()).all() and series.abs().max() < 2**53
    return series.astype("int64") if is_whole else series


def _read_sqlite(
    path: str, query: str | None, labels: Mapping[str, str]
) -> pd.DataFrame:
    import contextlib
    import sqlite3

    address = pathlib.Path(path).resolve().as_uri() + "?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
        if query is None:
            found = connection.execute(
                "select name from sqlite_master where type='table'"
            )
            query = _only_table([name for (name,) in found], path, labels)
        return pd.read_sql_query(query, connection)


def _read_duckdb(
    path: str, query: str | None, labels: Mapping[str, str]
) -> pd.DataFrame:
    _need("duckdb", "DuckDB files")
    import duckdb

    with duckdb.connect(path, read_only=True) as connection:
        if query is None:
            found = connection.execute(
                "select table_name from duckdb_tables()"
            ).fetchall()
            query = _only_table([name for (name,) in found], path, labels)
        return connection.execute(query).df()


def _read_address(
    text: str, query: str | None, labels: Mapping[str, str]
) -> pd.DataFrame:
    _need("sqlalchemy", "databases by address")
    import sqlalchemy

    if query is None:
        raise TableError(f"{text} needs {labels['query']}'select …'.")
    with sqlalchemy.create_engine(text).connect() as connection:
        return pd.read_sql_query(sqlalchemy.text(query), connection)


def _only_table(names: list[str], source: str, labels: Mapping[str, str]) -> str:
    if len(names) != 1:
        raise TableError(
            f"{source} has the tables {', '.join(map(repr, names)) or 'none'}; say "
            f"what to read with {labels['query']}'select * from …'."
        )
    quoted = names[0].replace('"', '""')
    return f'select * from "{quoted}"'


def _need(module: str, what: str) -> None:
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise TableError(
            f"{what} need the package {module.replace('_', '-')}: "
            "pip install 'segmentlearn[data]'."
        )
