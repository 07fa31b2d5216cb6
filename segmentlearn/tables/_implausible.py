"""Cells that can hardly be what they say: placeholders, wrong signs, wrong units."""

import datetime
import re
from collections.abc import Iterator

import numpy as np
from scipy.special import lambertw, ndtri

PLACEHOLDER = "placeholder-values"
WRONG_SIGN = "wrong-sign"
EXTREME = "extreme-values"
IMPOSSIBLE = "impossible-values"

_FEWEST_ROWS = 20
_MOST = 0.1  # of the cells; what is more frequent is what the column holds
_NINES = (99, 999, 9_999, 99_999, 999_999, 9_999_999, 99_999_999, 999_999_999)
_CODES = {*_NINES, *(-code for code in (1, 9, *_NINES)), 8_888, -8_888}
_DATES = """
0001-01-01 1753-01-01 1899-12-30 1899-12-31 1900-01-01 1900-01-02 1901-01-01
1970-01-01 2099-12-31 9999-12-31
"""
_DATE_CODES = [
    int(np.datetime64(day).astype("datetime64[D]").astype(int))
    for day in _DATES.split()
]
_YEAR = 365.25
_BEYOND = 1.5  # times the largest other number: a placeholder is out of the way
_PILE, _LONG_PILE = 10, 3  # times as frequent as any other number
_FEWEST_OF_PILE = 5
_AS_LARGE = 0.4  # chance that a negative amount is larger than a positive one
_FAR, _FAR_BEHIND_GAP = 8.0, 4.5  # standard deviations, after skewness is taken out
_GAP = 3.0  # times as far from the median as the next one
_HALF, _OUTER = 0.75, 0.9  # quantiles that the skewness is read from
_SYMMETRIC = 1e-6
_OLDEST = 115
_IN_RANGE = 0.95
_AT_BOUND = 0.005

_WORD = re.compile(r"[A-ZÀ-Þ]+(?![a-zà-ÿ])|[A-ZÀ-Þ]?[a-zà-ÿ]+")
_AGE = re.compile(r"(?:(?:customer|client|user|member|person|buyer) )?age(?: years)?")
_BIRTH = {"birth", "born", "birthyear", "yob", "geburtsjahr"}
_SHARE = {
    "share",
    "proportion",
    "probability",
    "fraction",
    "rate",
    "ratio",
    "frequency",
}


def implausible_cells(
    name: str, numbers: np.ndarray, kind: str
) -> dict[str, np.ndarray]:
    """Return masks of the cells that are probably wrong, by the reason.

    Each cell has one reason. Dates are days since 1970-01-01.
    """
    present = np.isfinite(numbers)
    if np.count_nonzero(present) < _FEWEST_ROWS:
        return {}
    checks = _DATE_CHECKS if kind == "datetime" else _CHECKS
    found: dict[str, np.ndarray] = {}
    left = present.copy()
    for reason, check in checks.items():
        mask = np.zeros(len(numbers), dtype=bool)
        for own in check(name, numbers[left]):
            mask[np.flatnonzero(left)[own]] = True
            break
        if mask.any():
            found[reason] = mask
            left &= ~mask
    return found


def _placeholders(_name: str, x: np.ndarray) -> Iterator[np.ndarray]:
    """Find numbers such as -1 and 999,999 that stand for a missing value."""
    candidates = [code for code in _CODES if (x == code).any()]
    if not candidates:
        return
    rest = x[~np.isin(x, candidates)]
    if not len(rest):
        return
    negative = next(_wrong_signs("", rest), None)
    right = rest if negative is None else rest[~negative]
    low, high = right.min(), right.max()
    codes = [code for code in candidates if _is_out_of_the_way(code, low, high)]
    # the others may be numbers like any, unless they are by far too frequent
    inside = [code for code in candidates if code not in codes]
    if inside:
        usual = np.unique(rest[rest != 0], return_counts=True)[1].max(initial=0)
        for code in inside:
            times = _LONG_PILE if abs(code) >= 999 else _PILE
            if np.count_nonzero(x == code) >= max(_FEWEST_OF_PILE, times * usual):
                codes.append(code)
    mask = np.isin(x, codes)
    if codes and mask.mean() <= 1 - _MOST:
        yield mask


def _is_out_of_the_way(code: float, low: float, high: float) -> bool:
    """Return whether a code lies where no other number does."""
    if code < 0:
        return bool(low >= 0 if code == -1 else low > _BEYOND * code and low > code / 2)
    return bool(high > 0 and code >= _BEYOND * high)


def _date_placeholders(_name: str, x: np.ndarray) -> Iterator[np.ndarray]:
    """Find dates such as 1900-01-01 that stand for a missing one."""
    days = np.floor(x)
    candidates = [code for code in _DATE_CODES if (days == code).any()]
    rest = x[~np.isin(days, candidates)]
    if not candidates or not len(rest):
        return
    low, high = rest.min() - _YEAR, rest.max() + _YEAR
    counts = {code: np.count_nonzero(days == code) for code in candidates}
    usual = np.unique(np.floor(rest), return_counts=True)[1].max()
    codes = [
        code
        for code, count in counts.items()
        if not low <= code <= high or count >= max(_FEWEST_OF_PILE, _PILE * usual)
    ]
    if codes:
        yield np.isin(days, codes)


def _impossible(name: str, x: np.ndarray) -> Iterator[np.ndarray]:
    """Find ages, years of birth and shares that nobody has."""
    words = [word.lower() for word in _WORD.findall(name)]
    this_year = datetime.date.today().year
    is_whole = (x == np.floor(x)).mean() >= _IN_RANGE
    bounds = None
    if _AGE.fullmatch(" ".join(words)):
        bounds = (0, _OLDEST)
    elif _BIRTH & set(words) and is_whole and np.median(x) > 1900:
        bounds = (this_year - _OLDEST, this_year)
    elif _are_shares(words, x):
        bounds = (0, 1)
    if bounds is not None:
        mask = (x < bounds[0]) | (x > bounds[1])
        if mask.any() and mask.mean() <= 1 - _IN_RANGE:
            yield mask


def _are_shares(words: list[str], x: np.ndarray) -> bool:
    """Return whether numbers are shares: by their name, or by ending at 0 or 1."""
    inside = (x >= 0) & (x <= 1)
    if inside.all() or inside.mean() < _IN_RANGE or len(np.unique(x[inside])) <= 2:
        return False
    if _SHARE & set(words):
        return True
    # a pile at the bound shows that there is one
    return bool((x == 1).mean() >= _AT_BOUND and (x == 0).mean() >= _AT_BOUND) and bool(
        (x[inside] != np.floor(x[inside])).mean() > 0.5
    )


def _wrong_signs(_name: str, x: np.ndarray) -> Iterator[np.ndarray]:
    """Find negative numbers that are as large as the positive ones are.

    What may be negative, such as a balance, passes through zero: its negative values
    are few and small.
    """
    for sign in (1, -1):
        wrong, right = x * sign < 0, x[x * sign > 0]
        if not wrong.any() or wrong.sum() > _MOST * len(right):
            continue
        sizes, own = np.sort(np.abs(right)), np.abs(x[wrong])
        # the chance that a wrong one is larger, ties by half
        places = np.searchsorted(sizes, own) + np.searchsorted(sizes, own, "right")
        if places.mean() / 2 / len(sizes) >= _AS_LARGE:
            yield wrong


def _extremes(_name: str, x: np.ndarray) -> Iterator[np.ndarray]:
    """Find what is too far out for the skewness of the column, or behind a gap."""
    values, counts = np.unique(x, return_counts=True)
    if len(values) < 3:
        # 0 and 1 beside a few other cells
        return
    mode = values[np.argmax(counts)]
    mask = np.zeros(len(x), dtype=bool)
    for sign in (1, -1):
        mask |= _far_out(sign * x, sign * mode)
    if mask.any() and mask.mean() <= _MOST:
        yield mask


def _far_out(x: np.ndarray, mode: float) -> np.ndarray:
    """Mark the upper tail's extremes."""
    middle = np.median(x)
    reference = x
    if np.quantile(x, _HALF) <= middle:  # most cells are the same, such as 0
        reference = x[x != mode]
        if len(reference) < _FEWEST_ROWS:
            return _far_from_few(x, mode)
    center = np.median(reference)
    steps = np.diff(np.unique(reference))
    least = 0.5 * np.quantile(steps, 0.1) if len(steps) else 1.0
    half, outer = np.maximum(np.quantile(reference, [_HALF, _OUTER]) - center, least)
    z_half, z_outer = ndtri([_HALF, _OUTER])
    # a distance is scale z exp(g z), z as of a normal distribution: after Tukey's g
    g = np.log(outer / half * z_half / z_outer) / (z_outer - z_half)
    distance = np.maximum(x - center, 0.0)
    if g > _SYMMETRIC:
        scale = half / z_half * np.exp(-g * z_half)
        z = lambertw(g * distance / scale).real / g
    else:
        scale = max(half / z_half, outer / z_outer)
        z = distance / scale
    far = z > _FAR
    order = np.argsort(distance, kind="stable")
    ranked = distance[order]
    n_top = max(1, int(_MOST * len(x)))
    top = np.arange(len(x) - n_top, len(x))
    top = top[(top > 0) & (z[order[top]] > _FAR_BEHIND_GAP)]
    gaps = top[ranked[top] > _GAP * np.maximum(ranked[top - 1], scale)]
    if len(gaps):
        far |= distance >= ranked[gaps[0]]
    return far


def _far_from_few(x: np.ndarray, mode: float) -> np.ndarray:
    """Mark what is far from a column that is nearly constant."""
    values, counts = np.unique(x, return_counts=True)
    usual = values[counts >= max(2, 0.02 * len(x))]
    width = max(np.ptp(usual), abs(mode), 1.0)
    return x > usual.max() + _PILE * width


_CHECKS = {
    PLACEHOLDER: _placeholders,
    IMPOSSIBLE: _impossible,
    WRONG_SIGN: _wrong_signs,
    EXTREME: _extremes,
}
_DATE_CHECKS = {PLACEHOLDER: _date_placeholders, EXTREME: _extremes}
