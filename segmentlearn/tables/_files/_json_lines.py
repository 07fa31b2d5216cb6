"""JSON lines, one customer a line, read in blocks of whole lines."""

import codecs
import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import json as pa_json

from segmentlearn.exceptions import TableError

_BLOCK = 2**22  # bytes
_TEXT = pa.string()
_LONG_NUMBER = re.compile(rb"\d{19}")


def is_json_lines(head: bytes) -> bool:
    """Return whether a file that begins so is one of JSON lines."""
    return head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{" and b":" in head


class JsonLines:
    """A file of JSON lines whose columns have the same types in all its blocks.

    Parameters
    ----------
    open_stream : callable
        Return the bytes of the file; called for the types, and again for the rows.
    source : str
        The file, as errors name it.
    """

    def __init__(self, open_stream: Callable[[], BinaryIO], source: str) -> None:
        self._open, self._source = open_stream, source
        types: dict[str, pa.DataType] = {}
        for n_above, block in self._blocks():
            for field in self._read(block, n_above).schema:
                known = types.get(field.name, pa.null())
                types[field.name] = _joined(known, field.type)
        self.schema = pa.schema(list(types.items()))

    def batches(self) -> Iterator[pa.Table]:
        """Return the rows of one block after the other."""
        for n_above, block in self._blocks():
            yield self._read(block, n_above, self.schema)

    def _blocks(self) -> Iterator[tuple[int, bytes]]:
        """Return whole lines, with the number of lines above them."""
        n_above, rest = 0, [b""]
        with self._open() as stream:
            while data := stream.read(_BLOCK):
                lines, newline, cut = data.rpartition(b"\n")
                if newline:
                    block = b"".join([*rest, lines, newline])
                    if block.strip():
                        yield n_above, block
                    n_above += block.count(b"\n")
                    rest = []
                rest.append(cut)
        if last := b"".join(rest).strip():
            yield n_above, last

    def _read(
        self, block: bytes, n_above: int, schema: pa.Schema | None = None
    ) -> pa.Table:
        block = block.removeprefix(codecs.BOM_UTF8)
        # Arrow would take long whole numbers for floats, and refuses mixed columns
        if not _LONG_NUMBER.search(block):
            with contextlib.suppress(pa.ArrowInvalid):
                return pa_json.read_json(
                    pa.BufferReader(block),
                    pa_json.ReadOptions(use_threads=False, block_size=len(block) + 1),
                    pa_json.ParseOptions(explicit_schema=schema),
                )
        rows = [
            self._customer(line, number)
            for number, line in enumerate(block.split(b"\n"), start=n_above + 1)
            if line.strip()
        ]
        names = dict.fromkeys(name for row in rows for name in row)
        columns = {}
        for name in names if schema is None else schema.names:
            cells = [row.get(name) for row in rows]
            is_text = schema is not None and schema.field(name).type == _TEXT
            columns[name] = _array(cells, is_text)
        table = pa.table(columns)
        return table if schema is None else table.cast(schema)

    def _customer(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            row = json.loads(line)
        except ValueError as error:
            row, reason = None, str(error)
        else:
            reason = "it is something else"
        if not isinstance(row, dict):
            raise TableError(
                f"{self._source}, line {number}, is not one JSON object ({reason}): "
                f"{line[:80].decode(errors='replace')!r}. Correct the line."
            )
        return row


def read_json_lines(data: Any, source: str) -> pa.Table:
    """Read all rows."""
    file = JsonLines(lambda: io.BytesIO(data), source)
    return pa.concat_tables(file.batches())


def _joined(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """Return the type of a column that has two types in two blocks."""
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in (one, other)):
        return pa.float64()
    if all(map(pa.types.is_timestamp, (one, other))):
        return pa.timestamp("ns")
    if pa.types.is_nested(one) or pa.types.is_nested(other):
        return one if pa.types.is_nested(one) else other  # which is refused
    return _TEXT


def _array(cells: list[Any], is_text: bool) -> pa.Array:
    """Return cells as they are, or as text where some are text."""
    if not is_text:
        try:
            return pa.array(cells)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            pass
    return pa.array(
        [c if c is None or isinstance(c, str) else json.dumps(c) for c in cells], _TEXT
    )
