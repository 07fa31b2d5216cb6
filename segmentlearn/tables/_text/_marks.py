"""Cells of text as Arrow strings, and the marks that stand for missing values."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segmentlearn.tables._text._bytes import CellBytes

_DASHES = "- -- --- \u2013 \u2014"
_SHEET_ERRORS = "#n/a #null! #value! #div/0! #ref! #num! #name?"
_SURE = f"{_DASHES} {_SHEET_ERRORS} ? n/a nan nat null (null) $null$ <na> <null> \\n"
_LIKELY = (
    ". .. ... * na #na n.a. n.a none nil unknown missing undefined k.a. "
    "not_available not_applicable"
)
_TOTALS = "total totals sum summe gesamt gesamtsumme insgesamt totale somme suma totaal"
# in a column of levels only these are missing: "None" or "NA" may be a level
SURE_MARKS = tuple(_SURE.split())
_LONGEST_MARK = max(len(mark.encode()) for mark in SURE_MARKS)
_FIRST_OF_MARKS = np.zeros(256, bool)
for _mark in SURE_MARKS:
    _FIRST_OF_MARKS[[_mark.encode()[0], _mark.upper().encode()[0]]] = True
_BLANK, _ASCII = ord(" "), 127
# in a column of numbers or dates these are, too
MARKS = (*SURE_MARKS, *(mark.replace("_", " ") for mark in _LIKELY.split()))


def as_arrow(cells: Any) -> pa.Array:
    """Return cells as Arrow strings; missing ones are null.

    A dictionary of an Arrow table stays one.
    """
    if is_dictionary(cells):
        if isinstance(cells, pa.ChunkedArray):
            cells = cells.unify_dictionaries().combine_chunks()
        levels = cells.dictionary.cast(pa.large_string())
        return pa.DictionaryArray.from_arrays(cells.indices, levels)
    if not isinstance(cells, pa.Array | pa.ChunkedArray):
        if isinstance(cells, pd.arrays.NumpyExtensionArray):
            cells = cells.to_numpy()
        if isinstance(cells, np.ndarray) and cells.dtype.kind == "O":
            cells = [_text_of(cell) for cell in cells]
            cells = pa.array(cells, pa.large_string())
        else:
            cells = pa.array(cells, from_pandas=True)
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if not pa.types.is_large_string(cells.type):
        cells = cells.cast(pa.large_string())
    return cells


def is_dictionary(cells: Any) -> bool:
    """Return whether cells are a dictionary of text in an Arrow table."""
    is_arrow = isinstance(cells, pa.Array | pa.ChunkedArray)
    return (
        is_arrow
        and pa.types.is_dictionary(cells.type)
        and pa.types.is_string(cells.type.value_type)
    )


def trim(cells: pa.Array) -> pa.Array:
    """Return the cells without blanks around them; empty ones are null."""
    cells = pc.utf8_trim_whitespace(cells)
    cells = pc.utf8_ltrim(cells, "\ufeff")  # where files were joined
    return drop_where(pc.equal(cells, ""), cells)


def drop_marks(cells: pa.Array, *, sure: bool) -> pa.Array:
    """Return the cells with marks of missing values as nulls."""
    marks = pa.array(SURE_MARKS if sure else MARKS, pa.large_string())
    is_mark = pc.is_in(pc.utf8_lower(cells), value_set=marks)
    return drop_where(is_mark, cells)


def read_levels(cells: pa.Array) -> pa.Array:
    """Return the cells without blanks around them, sure marks and empty ones as nulls.

    The same object where there is none of these.
    """
    own = CellBytes.of(cells)
    first, last = own.at(own.starts), own.at(own.ends - 1)
    is_short = own.lengths <= _LONGEST_MARK
    # a byte above 127 may belong to a blank, or a dash
    is_open = (np.minimum(first, last) <= _BLANK) | (np.maximum(first, last) > _ASCII)
    is_open |= is_short & (_FIRST_OF_MARKS[first] | (own.lengths == 0))
    is_open &= cells.is_valid().to_numpy(zero_copy_only=False)
    if not is_open.any():
        return cells
    some = cells.filter(pa.array(is_open))
    if drop_marks(trim(some), sure=True).equals(some):
        return cells
    return drop_marks(trim(cells), sure=True)


def drop_where(mask: pa.Array, cells: pa.Array) -> pa.Array:
    """Return the cells, null where the mask is true, or null itself."""
    if cells.offset:
        # a copy: up to Arrow 23, `if_else` reads memory behind the texts of a slice
        cells = pa.concat_arrays([cells])
    return pc.if_else(mask, None, cells)


def is_missing(text: str) -> bool:
    """Return whether a text is empty, or a mark of a missing value."""
    return not text or text.lower() in MARKS


def is_total(cell: Any) -> bool:
    """Return whether a cell names the totals below a table."""
    return isinstance(cell, str) and cell.strip(" :").casefold() in _TOTALS.split()


def _text_of(cell: Any) -> str | None:
    if isinstance(cell, str):
        return cell
    if cell is None or cell is pd.NA or cell != cell:
        return None
    if isinstance(cell, bytes):
        return cell.decode("utf-8", errors="replace")
    return str(cell)
