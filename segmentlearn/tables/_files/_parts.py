"""One file of a scan: its rows in batches, as they stand there."""

import codecs
import contextlib
import dataclasses
import io
import mmap
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from segmentlearn.exceptions import TableError
from segmentlearn.tables._files._csv import (
    CsvParser,
    read_with_quotes,
    unnamed_filled,
)
from segmentlearn.tables._files._databases import database_batches, is_database
from segmentlearn.tables._files._dialect import (
    CsvOptions,
    Dialect,
    detect_dialect,
)
from segmentlearn.tables._files._formats import (
    check_arrow,
    damage_in_words,
    damaged_arrow,
    open_source,
    packed_stream,
)
from segmentlearn.tables._files._guesses import find_fractions
from segmentlearn.tables._files._json_lines import JsonLines, is_json_lines
from segmentlearn.tables._files._lines import check_names, check_quotes

_HEAD = 4096  # bytes that show what a file is
_ROW = 128  # bytes of a row, roughly
_PACKED = 8  # so much shorter are packed rows
_BLOCK = 2**22


@dataclasses.dataclass(frozen=True)
class Part:
    """A file that is read in batches.

    Attributes
    ----------
    batches : callable
        Return an iterator of tables: of text where there is a dialect, else of typed
        cells. None for a file that `read_table` reads at once.
    dialect : Dialect or None, default=None
        How a text file is written.
    fractions : sequence of str, default=()
        Columns of a text file that hold more than whole numbers.
    fraction : callable
        Return the share of the file that has been read.
    file : binary file, default=None
        What `read_table` reads in place of a source that is used up.
    """

    batches: Callable[[], Iterator[pa.Table | pd.DataFrame]] | None
    dialect: Dialect | None = None
    fractions: Sequence[str] = ()
    fraction: Callable[[], float] = lambda: 0.0
    file: Any = None


@contextlib.contextmanager
def open_part(
    source: Any,
    name: str,
    options: CsvOptions,
    query: str | None,
    n_rows: int,
    row_groups: Sequence[int] | None = None,
) -> Iterator[Part]:
    """Find out what a source is, and how it is read in batches of ``n_rows``."""
    if is_database(source):
        labels = options.labels
        yield Part(lambda: database_batches(source, query, labels, n_rows))
        return
    with contextlib.ExitStack() as stack:
        path, is_copy = _local_file(source, name, n_rows * _ROW // _PACKED, stack)
        if row_groups is not None:
            yield _parquet_part(path, name, n_rows, stack, row_groups)
            return
        yield _part_of(path, name, options, n_rows, stack, is_copy)


def _part_of(
    path: pathlib.Path,
    name: str,
    options: CsvOptions,
    n_rows: int,
    stack: contextlib.ExitStack,
    is_copy: bool,
) -> Part:
    with path.open("rb") as opened:
        head = opened.read(_HEAD)
    if head.startswith(b"PAR1"):
        return _parquet_part(path, name, n_rows, stack)
    if head.startswith(b"ARROW1"):
        return _feather_part(path, name, n_rows, stack)
    is_text = not head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"))
    is_large = path.stat().st_size > n_rows * _ROW
    if is_text and is_large and is_json_lines(head):
        return _json_part(path, name, n_rows)
    if is_text and is_large:
        return _text_part(path, name, options, n_rows)
    if not is_copy:
        return Part(None)
    file = io.BytesIO(path.read_bytes())
    file.name = name
    return Part(None, file=file)


def _local_file(
    source: Any, name: str, most_packed: int, stack: contextlib.ExitStack
) -> tuple[pathlib.Path, bool]:
    """Return a file on the disk, and whether it is a copy.

    What cannot be read twice is copied, and removed when the stack is closed.
    """
    stream = open_source(source)
    if stream is None:
        path = pathlib.Path(source)
    else:
        with stream as opened:
            path = _copy(opened, stack)
    if path.is_dir():
        raise TableError(f"{path} is a folder, not a file.")
    is_copy = stream is not None
    if path.stat().st_size > most_packed:
        with path.open("rb") as opened, damage_in_words(name):
            unpacked = packed_stream(opened, name)
            if unpacked is not None:
                path, is_copy = _copy(unpacked, stack), True
    return path, is_copy


def _copy(stream: Any, stack: contextlib.ExitStack) -> pathlib.Path:
    # a file of `tempfile` could not be opened a second time on Windows
    folder = tempfile.TemporaryDirectory(
        prefix="segmentlearn-", ignore_cleanup_errors=True
    )
    path = pathlib.Path(stack.enter_context(folder), "table")
    with path.open("wb") as file:
        shutil.copyfileobj(stream, file, _BLOCK)
    return path


def _text_part(path: pathlib.Path, name: str, options: CsvOptions, n_rows: int) -> Part:
    def beginning(size: int) -> bytes:
        with path.open("rb") as opened:
            return opened.read(size)

    dialect = detect_dialect(beginning, name, options)
    is_utf8, may_quote = _survey(path)
    if dialect.encoding.startswith("utf-8") and not is_utf8:
        dialect = dataclasses.replace(dialect, encoding=options.fallback(name))
    streams: list[Any] = []
    block = min(_BLOCK, max(2**16, n_rows * _ROW))

    def open_stream() -> Any:
        streams[:] = [pa.OSFile(str(path))]
        return streams[0]

    def checked(dialect: Dialect) -> CsvParser:
        parser = CsvParser(dialect, name, options.labels, may_quote)
        if may_quote and options.quotes is None:
            with (
                path.open("rb") as opened,
                mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data,
            ):
                for table in parser.batches(open_stream, block):
                    parser.check_quotes(table, data)
        return parser

    parser, dialect = read_with_quotes(checked, dialect, options.quotes, may_quote)
    size = path.stat().st_size

    def batches() -> Iterator[pa.Table]:
        for table in parser.batches(open_stream, block):
            yield from _slices(table, n_rows)

    def fraction() -> float:
        return streams[0].tell() / size if streams else 0.0

    with (
        path.open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        check_names(data, dialect, name)
        if may_quote:
            check_quotes(data, dialect, name, options)
        fractions = find_fractions(data, dialect, unnamed_filled(dialect.header))
    return Part(batches, dialect, fractions, fraction)


def _survey(path: pathlib.Path) -> tuple[bool, bool]:
    """Return whether a file is in UTF-8, and whether there are quotes in it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, may_quote = True, False
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            may_quote = may_quote or b'"' in block
            if is_utf8:
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
            if may_quote and not is_utf8:
                break
    return is_utf8, may_quote


def _parquet_part(
    path: pathlib.Path,
    name: str,
    n_rows: int,
    stack: contextlib.ExitStack,
    row_groups: Sequence[int] | None = None,
) -> Part:
    from pyarrow import parquet

    with damaged_arrow(name):
        opened = stack.enter_context(parquet.ParquetFile(path, pre_buffer=False))
    check_arrow(opened.schema_arrow, name)
    read = [0]

    def batches() -> Iterator[pa.Table]:
        with damaged_arrow(name):
            for batch in opened.iter_batches(n_rows, row_groups=row_groups):
                read[0] += len(batch)
                yield pa.Table.from_batches([batch])

    n_all = max(1, opened.metadata.num_rows)
    return Part(batches, fraction=lambda: read[0] / n_all)


def row_group_ranges(source: Any, n_rows: int) -> list[range]:
    """Cut a Parquet file into row groups of ``n_rows`` together, or a few more.

    Empty for any other source.
    """
    from pyarrow import parquet

    path = pathlib.Path(str(source))
    if not path.is_file():
        return []
    with path.open("rb") as opened:
        if opened.read(4) != b"PAR1":
            return []
    with damaged_arrow(str(source)):
        facts = parquet.read_metadata(path)
    found, start, total = [], 0, 0
    for at in range(facts.num_row_groups):
        total += facts.row_group(at).num_rows
        if total >= n_rows or at + 1 == facts.num_row_groups:
            found.append(range(start, at + 1))
            start, total = at + 1, 0
    return found


def _feather_part(
    path: pathlib.Path, name: str, n_rows: int, stack: contextlib.ExitStack
) -> Part:
    with damaged_arrow(name):
        opened = pa.ipc.open_file(stack.enter_context(pa.memory_map(str(path))))
    check_arrow(opened.schema, name)
    read = [0]

    def batches() -> Iterator[pa.Table]:
        for at in range(opened.num_record_batches):
            with damaged_arrow(name):
                table = pa.Table.from_batches([opened.get_batch(at)])
            yield from _slices(table, n_rows)
            read[0] += 1

    n_all = max(1, opened.num_record_batches)
    return Part(batches, fraction=lambda: read[0] / n_all)


def _json_part(path: pathlib.Path, name: str, n_rows: int) -> Part:
    streams: list[Any] = []

    def open_stream() -> Any:
        streams[:] = [path.open("rb")]
        return streams[0]

    file = JsonLines(open_stream, name)
    check_arrow(file.schema, name)
    size = path.stat().st_size

    def batches() -> Iterator[pa.Table]:
        for table in file.batches():
            yield from _slices(table, n_rows)

    def fraction() -> float:
        is_open = streams and not streams[0].closed
        return streams[0].tell() / size if is_open else 0.0

    return Part(batches, fraction=fraction)


def _slices(table: pa.Table, n_rows: int) -> Iterator[pa.Table]:
    for start in range(0, len(table), n_rows):
        yield table.slice(start, n_rows)
