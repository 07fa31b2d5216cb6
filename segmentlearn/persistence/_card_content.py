"""What a card may hold: checked when it is written and when it is read."""

import math
from typing import Any

from segmentlearn.exceptions import ArchiveError

# headings of what only a person can write, by their keys
TEXTS = {
    "intended_use": "Intended use",
    "out_of_scope": "Out of scope",
    "training_data": "Training data",
    "evaluation_data": "Evaluation data",
    "ethical_considerations": "Ethical considerations",
    "limitations": "Limitations",
    "owner": "Owner",
    "license": "License",
}
_SCALAR = (str, int, float)
_COUNT = (int, type(None))
_COLUMN = {
    "name": str,
    "role": str,
    "kind": str,
    "unit": str,
    "description": str,
    "levels": [_SCALAR],
    "n_levels": _COUNT,
    "n_missing": _COUNT,
    "schema": dict,
}
# a type or several, a list of one shape, a dict of these entries, or of any (None)
_CARD: dict[str, Any] = {
    "columns": [_COLUMN],
    "is_array": bool,
    "segments": [{"label": _SCALAR, "name": str, "n_rows": _COUNT}],
    "n_rows": _COUNT,
    "metrics": {None: (int, float)},
    "limits": [str],
    "texts": {None: str},
}
_GIVEN: dict[str, Any] = {
    **dict.fromkeys(TEXTS, str),
    "units": {None: str},
    "descriptions": {None: str},
    "metrics": {None: (int, float)},
}


def column_entry(name: str, **known: Any) -> dict[str, Any]:
    """Return the entry of a column, empty where nothing is known."""
    texts = dict.fromkeys(("role", "kind", "unit", "description"), "")
    counts = dict.fromkeys(("n_levels", "n_missing"))
    return {"name": name, **texts, "levels": [], **counts, "schema": {}, **known}


def check_card(card: Any) -> None:
    """Check the card of a manifest; older versions wrote none."""
    place = None if card is None else _misfit(card, _CARD, "card")
    if place is not None:
        raise ArchiveError(f"{place} of the archive's manifest is not valid.")


def check_given(given: Any) -> dict[str, Any]:
    """Return what the user has written for a card."""
    unknown = sorted(given.keys() - _GIVEN.keys()) if isinstance(given, dict) else []
    if unknown:
        raise ArchiveError(f"card has the keys {unknown}; known are {list(_GIVEN)}.")
    shape = {k: v for k, v in _GIVEN.items() if k in given}
    place = _misfit(given, shape, "card")
    if place is not None:
        raise ArchiveError(
            f"{place} must be a text; units, descriptions and metrics are dicts of "
            "column to text and of name to number."
        )
    return given


def _misfit(value: Any, shape: Any, place: str) -> str | None:
    """Return where a JSON value has another shape, None if it fits."""
    if isinstance(shape, list):
        if not isinstance(value, list):
            return place
        inner = [(item, shape[0], f"{place}[{at}]") for at, item in enumerate(value)]
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            return place
        if None in shape:
            inner = [(x, shape[None], f"{place}[{k!r}]") for k, x in value.items()]
        else:
            inner = [
                (value.get(name, ...), own, f"{place}[{name!r}]")
                for name, own in shape.items()
            ]
    else:
        is_number = isinstance(value, float) and math.isfinite(value)
        fits = isinstance(value, shape) and (is_number or not isinstance(value, float))
        return None if fits else place
    places = (_misfit(*entry) for entry in inner)
    return next((found for found in places if found is not None), None)
