"""Files from elsewhere: what they are is looked at before anything reads them."""

import dataclasses
import gc
import gzip
import hashlib
import io
import pathlib
import zipfile
import zlib
from typing import Any, BinaryIO

import pyarrow as pa

from segmentlearn._formatting import names_text
from segmentlearn.app._serving import TABLE_ENDINGS
from segmentlearn.exceptions import TableError
from segmentlearn.tables import TableFile, TableSchema, read_table, scan_table

_MANIFEST = "manifest.json"
_MOST_COLUMNS = 1_000
_MOST_CELLS = 2 * 10**8
_MANY_BYTES = 2**28  # of a file on the server, of which rows are drawn
_MOST_DRAWN = 500_000  # rows of such a file
_CHUNK = 2**20
_HEAD = 2**16
_KINDS = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"#!": "a program",
    b"SQLite format 3": "a database",
    b"\x93NUMPY": "an array of NumPy",
    b"\x89HDF": "an HDF5 file",
    b"BZh": "a file packed by bzip2",
    b"\xfd7zXZ": "a file packed by xz",
    b"7z\xbc\xaf": "a file packed by 7-Zip",
    b"Rar!": "a file packed by RAR",
    b"ARROW1": "a Feather file",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclasses.dataclass(frozen=True, eq=False)
class Loaded:
    """A table, and where it came from.

    Parameters
    ----------
    name : str
        Name of the file, without folders.
    table : TableFile
        Its cells and what they mean.
    digest : str
        Hash of its bytes.
    statement : str
        Python that reads it.
    n_rows : int
        Rows of the file, of which the table may be a sample.
    """

    name: str
    table: TableFile
    digest: str
    statement: str
    n_rows: int


def release_memory() -> None:
    """Give back what reading a table has needed on the way."""
    gc.collect()
    pa.default_memory_pool().release_unused()


def read_upload(
    data: bytes, name: str, most: int, schema: TableSchema | None = None
) -> Loaded:
    """Read a table from the bytes of an upload; refuse whatever else it is."""
    check_size(len(data), name, most)
    check_table(data, name, most)
    file = io.BytesIO(data)
    file.name = name  # as errors call it
    table = _checked(read_table(file, schema=schema))
    digest = hashlib.sha256(data).hexdigest()
    return Loaded(name, table, digest, f"read_table({name!r})", len(table.frame))


def read_server_file(path: pathlib.Path, most: int) -> Loaded:
    """Read a table from a file of the server; rows are drawn from a large one."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    packed = head.startswith((b"PK", b"\x1f\x8b", b"\xd0\xcf\x11\xe0"))
    if packed or size <= _MANY_BYTES:
        # what is unpacked is unpacked in memory, wherever it lies
        most = max(most, 0 if packed else _MANY_BYTES)
        return read_upload(path.read_bytes(), path.name, most)
    _check_text_or_parquet(head, path.name)
    scan = scan_table(path)
    table = _checked(scan.sample(_MOST_DRAWN))
    statement = f"scan_table({path.name!r}).sample({_MOST_DRAWN})"
    table = dataclasses.replace(table, source=path.name)
    return Loaded(path.name, table, digest, statement, scan.n_rows)


def server_files(folder: str | None) -> list[str]:
    """Return the tables in a folder of the server, by their paths within it."""
    if folder is None:
        return []
    root = pathlib.Path(folder).resolve()
    found = [
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*"))
        if path.suffix.lower().lstrip(".") in TABLE_ENDINGS
        and path.is_file()
        and path.resolve().is_relative_to(root)  # no link leads out of it
    ]
    return found


def check_size(n_bytes: int, name: str, most: int) -> None:
    """Refuse a file that is too large or empty."""
    if n_bytes == 0:
        raise TableError(f"{name} is empty.")
    if n_bytes > most:
        raise TableError(
            f"{name} has {_megabytes(n_bytes)}, and {_megabytes(most)} is the most "
            "that may be uploaded; put it into the folder that --data-dir names."
        )


def check_table(data: bytes, name: str, most: int) -> None:
    """Refuse bytes that are no table, or unpack to more than may be uploaded."""
    if data.startswith(b"\x1f\x8b"):
        head = _unpack(gzip.GzipFile(fileobj=io.BytesIO(data)), name, most)
        _check_text_or_parquet(head, name)
    elif data.startswith(b"PK\x03\x04"):
        _check_zip(data, name, most)
    elif data.startswith(b"PAR1"):
        _check_parquet(data, name, most)
    elif not data.startswith(b"\xd0\xcf\x11\xe0"):  # workbooks of old
        _check_text_or_parquet(data[:_HEAD], name)
        _check_header(data, name)


def _check_zip(data: bytes, name: str, most: int) -> None:
    """Refuse a zip file that unpacks to too much, whatever it declares."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            names = {info.filename for info in infos}
            if _MANIFEST in names:
                raise TableError(
                    f"{name} is a model's archive, not a table; load it on the page "
                    "Score."
                )
            if sum(info.file_size for info in infos) > most or len(infos) > 10_000:
                raise _too_much(name, most)
            left, head = most, b""
            for info in infos:
                with archive.open(info) as member:
                    head, n_read = _count(member, left)
                left -= n_read
                if left < 0:
                    raise _too_much(name, most)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise TableError(f"{name} is a damaged zip file ({error}).") from None
    except RuntimeError as error:
        raise TableError(f"{name} cannot be unpacked ({error}).") from None
    is_workbook = names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}
    if not is_workbook and len(infos) == 1:
        _check_text_or_parquet(head, name)


def _unpack(stream: BinaryIO | gzip.GzipFile, name: str, most: int) -> bytes:
    """Return the first bytes of what a stream unpacks to."""
    try:
        head, n_read = _count(stream, most)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{name} is a damaged gzip file ({error}).") from None
    if n_read > most:
        raise _too_much(name, most)
    return head


def _count(stream: Any, most: int) -> tuple[bytes, int]:
    """Read a stream to its end, or to one piece more than there may be."""
    head, n_read = b"", 0
    while n_read <= most:
        piece = stream.read(_CHUNK)
        if not piece:
            break
        head = head or piece[:_HEAD]
        n_read += len(piece)
    return head, n_read


def _too_much(name: str, most: int) -> TableError:
    return TableError(
        f"{name} unpacks to more than {_megabytes(most)}, the most that may be "
        "uploaded; unpack it and leave out what is not needed."
    )


def _check_parquet(data: bytes, name: str, most: int) -> None:
    from pyarrow import ArrowException, BufferReader, parquet

    try:
        facts = parquet.ParquetFile(BufferReader(data)).metadata
        sizes = [
            facts.row_group(at).total_byte_size for at in range(facts.num_row_groups)
        ]
        n_rows, n_columns = facts.num_rows, facts.num_columns
    except (ArrowException, OSError, ValueError) as error:
        raise TableError(f"{name} is damaged: {str(error)[:200]}") from None
    _check_n_columns(n_columns, name)
    # lengths of runs pack a column of equal cells into nothing
    if sum(sizes) > 4 * most or n_rows * n_columns > _MOST_CELLS:
        raise _too_much(name, most)


def _check_text_or_parquet(head: bytes, name: str) -> None:
    """Refuse what does not begin as a text file or a Parquet file does."""
    if head.startswith(b"PAR1"):
        return
    start = head.lstrip().lower()
    for mark, what in _KINDS.items():
        if head.startswith(mark) or start.startswith(mark.lower()):
            raise _no_table(name, what)
    if _is_pickle(head):
        raise _no_table(
            name, "a pickle of Python, which can run programs and is never opened"
        )
    if b"\0" in head and not head.startswith(_UTF_16):
        raise _no_table(name, "a file of bytes, not of text")


def _is_pickle(head: bytes) -> bool:
    """Return whether bytes begin as pickles do; the oldest protocol is text."""
    is_binary = head[:1] == b"\x80" and head[1:2] <= b"\x05"
    first = head.split(b"\n", 1)[0]
    is_global = first[:1] in (b"c", b"i") and first[1:] in (
        *(b"os", b"posix", b"nt", b"subprocess", b"builtins", b"__builtin__"),
        *(b"copy_reg", b"copyreg", b"sys", b"pickle"),
    )
    is_old = head.startswith((b"(lp", b"(dp", b"(i", b"(c")) and b"\n." in head
    return is_binary or is_global or is_old or head.startswith((b"\x78\x9c\x80", b"ZF"))


def _check_header(data: bytes, name: str) -> None:
    """Refuse a text file of very many columns before it is parsed."""
    line = data[: 2**22].split(b"\n", 1)[0]
    _check_n_columns(max(line.count(mark) for mark in b",;\t|") + 1, name)


def _check_n_columns(n_columns: int, name: str) -> None:
    if n_columns > _MOST_COLUMNS:
        raise TableError(
            f"{name} has {n_columns:,} columns, and the app works with "
            f"{_MOST_COLUMNS:,} at most; leave out those that describe no customers."
        )


def _checked(table: TableFile) -> TableFile:
    _check_n_columns(len(table.columns), table.source)
    if len(table.frame) < 2:
        raise TableError(f"{table.source} has {len(table.frame)} row; two are needed.")
    return table


def _no_table(name: str, what: str) -> TableError:
    endings = names_text([f".{ending}" for ending in TABLE_ENDINGS], 20)
    return TableError(
        f"{name} is no table of customers: it is {what}. Choose a file of the kind "
        f"{endings}."
    )


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:,.0f} MB"
