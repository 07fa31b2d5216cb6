"""Identifiers: columns that name their row and hold no information on the customer."""

import re
import warnings

import numpy as np

from segmentlearn.exceptions import SegmentLearnWarning

_SURE_WORDS = {"id", "ids", "uuid", "guid", "identifier"}
_LIKELY_WORDS = {"index", "key", "number", "no", "nr"}
_JOINED = re.compile(
    r"(customer|cust|client|user|account|member|person|record|row|case|order|contact"
    r"|subscriber|visitor|session|transaction)(id|no|nr|number)"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SAVED_INDEX = re.compile(r"Unnamed: \d+")

_NAMED_SHARE = 0.5  # share of distinct values that a column named like one needs
_TEXT_SHARE = 0.9  # share of distinct values that text of any name needs
_FEWEST_ROWS = 20  # in smaller tables distinct text proves nothing
_FEWEST_SERIAL_ROWS = 50  # in smaller tables distinct whole numbers prove nothing


def warn_of_identifiers(names: list[str]) -> None:
    """Warn that columns are left out as identifiers, and how to keep them."""
    warnings.warn(
        f"The column(s) {names} look like identifiers (nearly one value a row) and are "
        f"left out. To use one as a feature, list it in numeric_features or "
        f"categorical_features; text that holds numbers must be converted with "
        f"pandas.to_numeric first.",
        SegmentLearnWarning,
        stacklevel=5,
    )


def warn_of_doubtful_categories(
    factors: dict, chosen: set[str], mixed: set[str], max_levels: int
) -> None:
    """Warn about categories that were probably meant to be numbers."""
    doubtful = [
        name
        for name, factor in factors.items()
        if name not in chosen
        and (
            name in mixed
            or (len(factor.levels) > max_levels and _all_read_as_numbers(factor.levels))
        )
    ]
    if doubtful:
        warnings.warn(
            f"The column(s) {doubtful} mix text with other values or hold numbers "
            f"written as text; they are treated as categories. If they are numbers, "
            f"convert them with pandas.to_numeric(column, errors='coerce'); if not, "
            f"list them in categorical_features.",
            SegmentLearnWarning,
            stacklevel=5,
        )


def text_identifies(name: str, n_levels: int, n_present: int) -> bool:
    """Return whether a column of categories looks like an identifier."""
    if _is_named_so(name, n_present):
        return n_levels >= _needed_by_name(n_present)
    return n_present >= _FEWEST_ROWS and n_levels >= _TEXT_SHARE * n_present


def numbers_identify(name: str, numbers: np.ndarray) -> bool:
    """Return whether a column of numbers looks like an identifier."""
    named = _is_named_so(name, len(numbers))
    if not named and len(numbers) < _FEWEST_SERIAL_ROWS:
        return False
    present = numbers[~np.isnan(numbers)]
    n_present = len(present)
    if n_present < 2 or not np.isfinite(present).all():
        return False
    span = float(present.max()) - float(present.min()) + 1
    dense = n_present >= _FEWEST_SERIAL_ROWS and n_present <= span <= 2 * n_present
    if not (named or dense) or (present != np.floor(present)).any():
        return False
    n_distinct = len(np.unique(present))
    by_name = named and n_distinct >= _needed_by_name(n_present)
    return bool(by_name or (dense and n_distinct == n_present))


def _is_named_so(name: str, n_rows: int) -> bool:
    """Return whether a name is that of an identifier; doubtful words need some rows."""
    words = [word.lower() for word in _WORD.findall(name)]
    if _SAVED_INDEX.fullmatch(name) or _JOINED.fullmatch("".join(words)):
        return True
    if not words:
        return False
    is_sure = words[-1] in _SURE_WORDS or words[0] in _SURE_WORDS
    return is_sure or (words[-1] in _LIKELY_WORDS and n_rows >= _FEWEST_ROWS)


def _needed_by_name(n_present: int) -> float:
    """Return how many distinct values a column named like one needs."""
    is_small = n_present < _FEWEST_ROWS
    return max(n_present, 2) if is_small else _NAMED_SHARE * n_present


def _all_read_as_numbers(levels: list) -> bool:
    """Return whether every level is text that can be read as a number."""
    try:
        for level in levels:
            if not isinstance(level, str):
                return False
            float(level)
    except ValueError:
        return False
    return True
