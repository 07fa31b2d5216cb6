"""Identifiers: columns that name their row and hold no information on the customer."""

import re
import warnings

import numpy as np

from segmentlearn.exceptions import ColumnWarning

# words that name an identifier wherever they stand in a name
_SURE = (
    "id ids uuid guid identifier kennung msisdn imei imsi iban ssn ean sku numéro "
    "numero"
)
# words that do so at the end of a name: "client_num", "policy key"
_LAST = (
    "key num number no nr nummer nro ref reference hash token phone telephone telefon "
    "tel mobile email mail"
)
# words before a short ending: "custid", "memberno"
_OWNERS = (
    "customer cust client user account acct member person record row case order "
    "contact subscriber visitor session transaction policy card loan employee patient "
    "kunden"
)
_ENDINGS = re.compile(r".{3,}(nummer|number|kennung|num|uuid|guid)")
_SURE_WORDS = frozenset(_SURE.split())
_LAST_WORDS = frozenset(_LAST.split())
_JOINED = re.compile(rf"({'|'.join(_OWNERS.split())})(id|no|nr|num|number|nummer|key)")
_WORD = re.compile(r"[A-ZÀ-Þ]+(?![a-zà-ÿ])|[A-ZÀ-Þ]?[a-zà-ÿ]+")
_SAVED_INDEX = re.compile(r"Unnamed: \d+|index|level_0")
_SHAPES = re.compile(
    r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"  # e-mail addresses
    r"|\+?[0-9][0-9 ()/.-]{6,18}[0-9]"  # phone numbers
    r"|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # UUIDs
    r"|[0-9a-fA-F]{32,128}|[A-Za-z0-9+/_-]{22,}={0,2}"  # hashes
)
_SHAPED_SHARE = 0.9

_NAMED_SHARE = 0.5  # share of distinct values that text named like one needs
_TEXT_SHARE = 0.9  # share of distinct values that text of any name needs
_NUMBER_SHARE = 0.95  # share of distinct values that numbers named like one need
_FEWEST_ROWS = 20  # in smaller tables distinct text proves nothing
_FEWEST_SERIAL_ROWS = 50  # in smaller tables distinct whole numbers prove nothing
# distinct numbers of so many digits, in so many rows, were issued and not measured
_ISSUED_DIGITS = 8
_FEWEST_ISSUED_ROWS = 200
_MOST_ROUND = 0.05  # share of amounts that end in two zeros


def warn_of_identifiers(names: list[str]) -> None:
    """Warn that columns are left out as identifiers, and how to keep them."""
    warnings.warn(
        ColumnWarning(
            names,
            "look like identifiers and are left out",
            "To use one as a feature, list it in numeric or categorical.",
        ),
        stacklevel=5,
    )


def warn_of_doubtful_categories(names: list[str]) -> None:
    """Warn of categories that were probably meant to be numbers."""
    warnings.warn(
        ColumnWarning(
            names,
            "hold numbers beside text and are treated as categories",
            "If they are numbers, make the other cells missing with "
            "pandas.to_numeric(column, errors='coerce'); if not, list them in "
            "categorical.",
        ),
        stacklevel=5,
    )


def text_identifies(
    name: str, levels: list, n_present: int, n_levels: int | None = None
) -> bool:
    """Return whether a column of categories looks like an identifier.

    `levels` may be some of `n_levels`.
    """
    n_levels = len(levels) if n_levels is None else n_levels
    if _is_named_so(name, n_present):
        is_small = n_present < _FEWEST_ROWS
        return n_levels >= (max(n_present, 2) if is_small else _NAMED_SHARE * n_present)
    if n_present < _FEWEST_ROWS:
        return False
    return n_levels >= _TEXT_SHARE * n_present or (
        n_levels >= _NAMED_SHARE * n_present and _are_shaped_so(levels)
    )


def numbers_identify(
    name: str,
    numbers: np.ndarray,
    of_all: tuple[int, float, float] | None = None,
) -> bool:
    """Return whether a column of numbers looks like an identifier.

    All different and whole, and named like one, or issued: one after the other, or of
    many digits as no measurement is. `of_all` says of a larger table that the numbers
    were drawn from how many there are, and which are the smallest and the largest.
    """
    present = numbers[~np.isnan(numbers)]
    n_present = len(present)
    is_named = _is_named_so(name, n_present)
    if n_present < 2 or not (is_named or n_present >= _FEWEST_SERIAL_ROWS):
        return False
    if not np.isfinite(present).all() or (present != np.floor(present)).any():
        return False
    n_distinct = len(np.unique(present))
    if is_named:
        is_small = n_present < _FEWEST_ROWS
        return n_distinct >= (n_present if is_small else _NUMBER_SHARE * n_present)
    if n_distinct < n_present:
        return False
    n_all, low, high = of_all or (n_present, present.min(), present.max())
    is_serial = float(high) - float(low) + 1 <= 2 * n_all
    return is_serial or (n_present >= _FEWEST_ISSUED_ROWS and _are_issued(present))


def _are_issued(numbers: np.ndarray) -> bool:
    """Return whether numbers have as many digits as accounts, and are never round."""
    n_digits = np.floor(np.log10(np.maximum(np.abs(numbers), 1))) + 1
    is_round = numbers % 100 == 0
    return bool(
        n_digits.min() >= _ISSUED_DIGITS
        and n_digits.min() == n_digits.max()
        and is_round.mean() <= _MOST_ROUND
    )


def _are_shaped_so(levels: list) -> bool:
    """Return whether texts are e-mail addresses, phone numbers, UUIDs or hashes."""
    sample = [level for level in levels[:1000] if isinstance(level, str)]
    n_shaped = sum(_SHAPES.fullmatch(level.strip()) is not None for level in sample)
    return bool(sample) and n_shaped >= _SHAPED_SHARE * len(sample)


def _is_named_so(name: str, n_rows: int) -> bool:
    """Return whether a name is that of an identifier; doubtful words need some rows."""
    words = [word.lower() for word in _WORD.findall(name)]
    if _SAVED_INDEX.fullmatch(name) or _JOINED.fullmatch("".join(words)):
        return True
    if not words:
        return False
    return (
        words[-1] in _SURE_WORDS
        or words[0] in _SURE_WORDS
        or (words[-1] in _LAST_WORDS and n_rows >= _FEWEST_ROWS)
        or _ENDINGS.fullmatch(words[-1]) is not None
    )
