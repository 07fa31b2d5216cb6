"""Cells of text that a spreadsheet would take for a formula."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

# what begins a formula, after blanks too; numbers with a sign are none
_FORMULA = r"^\s*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]|^[\t\r\n]"
_NUMBER = r"^\s*[+\-]?\s?[0-9]+([.,' ][0-9]+)*([eE][+\-]?[0-9]+)?\s?[%€$£¥]?\s*$"


def defuse_formulas(
    table: pa.Table, header: Sequence[str]
) -> tuple[pa.Table, list[str]]:
    """Return a table and its header with an apostrophe before what is a formula.

    Cells of text and the names of columns that begin with ``=``, ``+``, ``-``, ``@``, a
    tab or the end of a line. Numbers, as text too, are left as they are.
    """
    columns = [_defused(column) for column in table.columns]
    names = _defused(pa.chunked_array([pa.array(list(header), pa.large_string())]))
    return pa.table(columns, names=table.column_names), names.to_pylist()


def _defused(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return column
    is_formula = pc.and_not(
        pc.match_substring_regex(column, _FORMULA),
        pc.match_substring_regex(column, _NUMBER),
    )
    if not pc.any(is_formula).as_py():
        return column
    quoted = pc.binary_join_element_wise(
        pa.scalar("'", kind), column, pa.scalar("", kind)
    )
    return pc.if_else(is_formula, quoted, column)
