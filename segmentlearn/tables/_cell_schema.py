"""The JSON Schema of a column's cells: which values a model reads."""

from collections.abc import Collection, Mapping
from typing import Any

from segmentlearn.tables._columns import BOOLEAN, DATETIME, NUMERIC_KINDS, TIMEDELTA
from segmentlearn.tables._text._patterns import (
    NUMBER,
    any_case,
    date_pattern,
    missing_pattern,
    whole_cell,
)
from segmentlearn.tables._text._reading import reads_as_number

_MOST_EXAMPLES = 20
_TEXT = ["string", "null"]
_NUMBER = ["number", "boolean", *_TEXT]

# what column schemas refer to, as "$defs" of the schema of a row
CELL_DEFINITIONS = {"missing": {"type": "string", "pattern": missing_pattern()}}
_MISSING = {"$ref": "#/$defs/missing"}


def cell_schema(
    kind: str,
    reading: Mapping[str, Any] | None,
    levels: Collection[Any] = (),
    examples: Collection[Any] = (),
) -> dict[str, Any]:
    """Return the JSON Schema of the cells that a column may hold.

    Texts are described as the column's reading takes them. Unknown levels fit where
    they are of the type of those that are known.
    """
    reading = reading or {}
    form = reading.get("format")
    if kind == TIMEDELTA:  # no value of JSON is one
        return {"type": "null"}
    if kind == DATETIME:
        pattern = whole_cell([date_pattern(form and form["format"])])
        return _or_missing({"type": _TEXT, "pattern": pattern}, form is not None)
    if kind in NUMERIC_KINDS:
        numbers = {"type": _NUMBER, "pattern": whole_cell([NUMBER])}
        return _or_missing(numbers, form is not None)
    if reading.get("kind") == BOOLEAN:
        pattern = whole_cell(map(any_case, ("true", "false")))
        bounds = {"minimum": 0, "maximum": 1}
        return _or_missing({"type": _NUMBER, "pattern": pattern, **bounds})
    texts = [level for level in levels if isinstance(level, str)]
    has_flags = any(isinstance(level, bool) for level in levels)
    has_numbers = not all(isinstance(level, str | bool) for level in levels)
    codes = has_numbers or any(x.isdigit() or reads_as_number(x) for x in texts)
    shown = list(examples)[:_MOST_EXAMPLES]
    schema: dict[str, Any] = {"examples": shown} if shown else {}
    if has_numbers and not texts:
        numbers = {"type": _NUMBER, "pattern": whole_cell([NUMBER])}
        return {**schema, **_or_missing(numbers)}
    fits = {"number": codes, "boolean": has_flags}
    types = [name for name, is_fit in fits.items() if is_fit or not levels]
    return {**schema, "type": [*types, *_TEXT]}


def _or_missing(schema: dict[str, Any], may_be: bool = True) -> dict[str, Any]:
    """Return the schema of cells that may hold a mark of a missing value, too."""
    return {"anyOf": [schema, _MISSING]} if may_be else schema
