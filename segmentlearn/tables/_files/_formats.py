"""Where bytes come from, and files of typed cells: Excel, Parquet, Arrow, JSON."""

import contextlib
import datetime
import functools
import gzip
import http.client
import io
import mmap
import os
import pathlib
import sys
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa

from segmentlearn.exceptions import TableError
from segmentlearn.tables._files._dialect import PARAMETERS
from segmentlearn.tables._files._json_lines import is_json_lines, read_json_lines

_TIMEOUT = 60  # seconds
WEB = ("http", "https")
_LARGEST_UNPACKED = 2**34
_HEAD = 4096  # bytes that show what a file is
_LARGE = 2**24  # bytes


class NoRowsError(TableError):
    """A table has names and no rows, as a file of a folder may."""


def no_rows(source: str) -> NoRowsError:
    """Return the error about a table without rows."""
    return NoRowsError(f"{source} has column names but no rows.")


def open_source(source: Any) -> Any:
    """Open what is no file on the disk: an open file, "-" for stdin, a web address."""
    if hasattr(source, "read"):
        return contextlib.nullcontext(source)
    text = str(source)
    if text == "-":
        return contextlib.nullcontext(sys.stdin.buffer)
    scheme = scheme_of(text)
    if scheme in WEB:
        return _open_address(text)
    if scheme:
        raise TableError(
            f"{text}: addresses of the web (https://) and of databases are read; "
            "download the file and name its path."
        )
    return None


@contextlib.contextmanager
def _open_address(text: str) -> Iterator[Any]:
    try:
        with urllib.request.urlopen(text, timeout=_TIMEOUT) as stream:
            yield stream
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise TableError(
            f"{text} cannot be read ({reason}); download it and name the file."
        ) from None


def scheme_of(text: str) -> str:
    """Return what an address begins with; empty for a path."""
    return text.partition("://")[0].lower() if "://" in text else ""


def read_bytes(source: Any) -> bytes:
    """Return what a source holds."""
    opened = open_source(source)
    if opened is not None:
        with opened as stream:
            return stream.read()
    path = pathlib.Path(source)
    if path.is_dir():
        raise TableError(f"{path} is a folder, not a file.")
    return path.read_bytes()


def unpack(data: bytes, source: str) -> bytes:
    """Return the one file in a gzip or zip file; other bytes as they are."""
    with damage_in_words(source):
        stream = packed_stream(io.BytesIO(data), source)
        return data if stream is None else stream.read(_LARGEST_UNPACKED)


@contextlib.contextmanager
def damage_in_words(source: str) -> Iterator[None]:
    """Say which packed file is damaged; readers raise errors of many classes."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zipfile.BadZipFile, zlib.error) as error:
        kind = "zip" if isinstance(error, zipfile.BadZipFile) else "gzip"
        raise TableError(f"{source} is a damaged {kind} file ({error}).") from None
    except RuntimeError as error:  # a password or an unknown compression
        raise TableError(f"{source} cannot be unpacked ({error}).") from None


def packed_stream(file: BinaryIO, source: str) -> Any:
    """Open the one file in a gzip or zip file; return None for other files."""
    head = file.read(4)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)
    if head != b"PK\x03\x04" or _is_workbook(file):
        return None
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if not name.endswith("/")]
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if len(names) != 1:
        raise TableError(
            f"{source} holds {len(names)} files ({', '.join(names[:5])}); a zip file "
            "must hold the table alone."
        )
    if archive.getinfo(names[0]).file_size > _LARGEST_UNPACKED:
        raise TableError(f"{source} would unpack to more than 16 GB.")
    return archive.open(names[0])


def typed_reader(data: bytes) -> Callable[..., pa.Table | pd.DataFrame] | None:
    """Return what reads a file of typed cells; None for text."""
    if data.startswith(b"PAR1"):
        return functools.partial(_read_arrow, _parquet)
    if data.startswith(b"ARROW1"):
        return functools.partial(_read_arrow, _feather)
    is_zip = data.startswith(b"PK\x03\x04")
    if (is_zip and _is_workbook(io.BytesIO(data))) or data.startswith(
        b"\xd0\xcf\x11\xe0"
    ):
        return _read_excel
    if is_json_lines(data[:_HEAD]):
        return _read_json
    return None


def text_on_disk(source: Any) -> Callable[[], Any] | None:
    """Return what opens a large text file without a copy of it; None for others."""
    if hasattr(source, "read") or not os.path.isfile(source):
        return None
    path = pathlib.Path(source)
    facts = path.stat()
    with path.open("rb") as file:
        head = file.read(_HEAD)
    packed = (b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
    if facts.st_size < _LARGE or head.startswith(packed) or typed_reader(head):
        return None
    return functools.partial(_mapped, path, (facts.st_size, facts.st_mtime_ns))


@contextlib.contextmanager
def _mapped(path: pathlib.Path, identity: tuple[int, int]) -> Iterator[mmap.mmap]:
    facts = path.stat()
    if (facts.st_size, facts.st_mtime_ns) != identity:
        raise TableError(f"{path} has changed since it was read; read it again.")
    with path.open("rb") as file:
        yield mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _is_workbook(file: BinaryIO) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return False
    return bool(names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"})


def _parquet(data: pa.Buffer) -> pa.Table:
    from pyarrow import parquet

    return parquet.read_table(data)


def _feather(data: pa.Buffer) -> pa.Table:
    from pyarrow import feather

    return feather.read_table(data)


def _read_arrow(
    read: Callable[[pa.Buffer], pa.Table], data: bytes, source: str, **_: Any
) -> pa.Table:
    with damaged_arrow(source):
        table = read(pa.py_buffer(data))
    check_arrow(table.schema, source)
    return table


def _read_json(data: bytes, source: str, **_: Any) -> pa.Table:
    table = read_json_lines(data, source)
    check_arrow(table.schema, source)
    return table


@contextlib.contextmanager
def damaged_arrow(source: str) -> Iterator[None]:
    """Say which file is damaged; readers of Arrow raise errors of many classes."""
    try:
        yield
    except Exception as error:
        raise TableError(f"{source} is damaged: {str(error)[:200]}") from None


def refuse_repeated(names: Sequence[str], where: str) -> None:
    """Refuse column names that occur more than once."""
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise TableError(
            f"{where} has the column name(s) {', '.join(map(repr, repeated))} more "
            "than once; rename them."
        )


def check_arrow(schema: pa.Schema, source: str) -> None:
    """Refuse columns that are no columns of a table of customers."""
    try:
        names = schema.names
    except UnicodeDecodeError:
        raise TableError(f"{source} is damaged: a column name is no text.") from None
    refuse_repeated(names, source)
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    if nested:
        raise TableError(
            f"{source}: the column(s) {', '.join(nested)} hold lists or records; "
            "write each of their parts into a column of its own."
        )


def _read_excel(
    data: bytes,
    source: str,
    *,
    sheet: str | int | None = None,
    skip_rows: int | None = None,
    labels: Mapping[str, str] = PARAMETERS,
) -> pd.DataFrame:
    need("python_calamine", "Excel files")
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
        raise NoRowsError(f"{source}, sheet {name!r} has no names with rows below.")
    header = [str(cell).strip() for cell in rows[0]]
    refuse_repeated(header, f"{source}, sheet {name!r}")
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


def need(module: str, what: str) -> None:
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise TableError(
            f"{what} need the package {module.replace('_', '-')}: "
            "pip install 'segmentlearn[data]'."
        )
