"""Names and descriptions of distinguishing features in plain words."""

import dataclasses
import re
from typing import Any

import numpy as np

from segmentlearn._formatting import (
    BARE_LEVELS,
    FILLER_LEVELS,
    level_text,
    number_text,
    percent,
)

SLIGHT, SIZEABLE, VERY = 0.2, 0.5, 1.5  # steps of |d| and |h|
NOISE_NAME = "noise (unassigned)"

_IN_PARENTHESES = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_UNIT = re.compile(r"[(\[]([^()\[\]\s]{1,8})[)\]]\s*$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_AGE = re.compile(r"(?:(?:customer|client|user|member|person|buyer) )?age")
# several words of which only the first has a capital, or that are all in capitals
_PHRASE = re.compile(
    r"[A-Z][a-z]*(?:[\s\-]+[a-z(][^A-Z]*)+|[A-Z]{2,}(?:[\s\-]+[A-Z]{2,})+"
)
_STANDALONE = re.compile(r"[^\W\d_]{4,}\D*")
_COUNTED = re.compile(r"(?:n|nr|num|no of|number of|count of)\s+(?=\w)")
_OF_WHAT = re.compile(r"\s(?:per|of|in|since|at|for|on|with|by|to|from|last|this)\s")
_AMOUNTS = {"sales", "earnings", "savings", "expenses", "costs", "charges", "fees"}
_MOST_COUNTED = 1000
_CLEAR = 0.8  # share of a segment from which on a name has the level alone
_EDGES = {
    "number": ("low", "high", "lower", "higher"),
    "count": ("few", "many", "fewer", "more"),
    "datetime": ("early", "late", "earlier", "later"),
    "timedelta": ("short", "long", "shorter", "longer"),
}


@dataclasses.dataclass(frozen=True)
class DistinguishingFeature:
    """One way in which a segment differs from all other customers.

    Attributes
    ----------
    kind : {"median", "mean", "middle", "level", "missing"}
        What differs: the values of a column, shown by their median or mean; the
        closeness to its middle; the share of a level, or of missing cells.
    column : str
        The column.
    strength : float
        Cohen's d of numbers by ranks, Cohen's h of shares.
    values : tuple of float
        Median, mean or share in the segment and in the others; of "middle" followed by
        the outer quartiles of both.
    data_kind : {"number", "datetime", "timedelta", "category"}
        What the column holds.
    level : object
        The level that is meant.
    level_at : int or None
        Its position among the levels of the column.
    is_standalone : bool
        Whether the level is understood without the name of its column.
    """

    kind: str
    column: str
    strength: float
    values: tuple[float, ...]
    data_kind: str = "number"
    level: Any = None
    level_at: int | None = None
    is_standalone: bool = False

    @property
    def is_sizeable(self) -> bool:
        """Whether the difference is large enough for a name."""
        return self.kind == "middle" or abs(self.strength) >= SIZEABLE

    @property
    def is_noticeable(self) -> bool:
        """Whether the difference is worth a line."""
        return self.kind == "middle" or abs(self.strength) >= SLIGHT

    @property
    def title(self) -> str:
        """The column, with the level that is meant."""
        if self.kind == "missing":
            return f"{self.column}: unknown"
        if self.kind == "level":
            return f"{self.column}: {level_text(self.level, self.column)}"
        return self.column

    @property
    def words(self) -> str:
        """What differs, as a part of a name."""
        if self.kind == "middle":
            return f"average {short_name(self.column)}"
        if self.kind == "level" and not self.is_standalone:
            return f"{short_name(self.column)}: {self.statement}"
        return self.statement

    def name_words(self, is_short: bool = False) -> str:
        """What differs, as a part of a name: without how much.

        A level is named alone if most of the segment has it, in short if more than
        half.
        """
        if self.kind in ("median", "mean") and self.is_sizeable:
            return self._number_words(np.copysign(SIZEABLE, self.strength))
        share = self.values[0]
        is_most = share >= _CLEAR or (is_short and share > 0.5)
        if self.kind == "level" and self.strength >= SIZEABLE and is_most:
            level = _level_words(self.level, self.column)
            return (
                level if self.is_standalone else f"{short_name(self.column)}: {level}"
            )
        return self.words

    @property
    def statement(self) -> str:
        """What differs, beside the name of the column."""
        name, share = short_name(self.column), self.values[0]
        is_more = self.strength > 0
        if self.kind in ("median", "mean"):
            return self._number_words(self.strength)
        if self.kind == "level":
            return self._share_words(share, is_more)
        if self.kind == "missing":
            often = "mostly" if (share >= 0.5) == is_more else "more often"
            return f"{often} {'without' if is_more else 'with'} {name}"
        return "close around the middle"

    @property
    def evidence(self) -> str:
        """The numbers of the segment and of the others."""
        if self.kind == "missing":
            return "unknown for {}, others {}".format(*map(percent, self.values))
        if self.kind == "level":
            own, rest = map(percent, self.values)
            return f"{own} {level_text(self.level, self.column)}, others {rest}"
        texts = (number_text(value, self.data_kind) for value in self.values)
        unit = _unit_of(self.column) if self.data_kind == "number" else ""
        own, rest, *ends = (f"{text}{unit}" for text in texts)
        if self.kind == "mean":
            return f"{own} on average, others {rest}"
        text = f"median {own}, others {rest}"
        if ends:
            text += "; middle half {} to {}, others {} to {}".format(*ends)
        return text

    def _share_words(self, share: float, is_more: bool) -> str:
        text = _level_words(self.level, self.column)
        if self.is_sizeable and is_more and share >= 0.5:
            return f"{'almost all' if share >= 0.95 else 'mostly'} {text}"
        if self.is_sizeable and not is_more and share < 0.02:
            return f"hardly {'any' if self.is_standalone else 'ever'} {text}"
        slightly = "" if self.is_sizeable else "slightly "
        return f"{slightly}{'more' if is_more else 'less'} often {text}"

    def _number_words(self, d: float) -> str:
        """Return how a number differs: income is high, visits are many."""
        name, kind = short_name(self.column), self.data_kind
        if kind == "number" and self._is_count(name):
            name, kind = _COUNTED.sub("", name), "count"
        return _number_words(name, kind, d)

    def _is_count(self, name: str) -> bool:
        """Return whether a column counts things, by its name and its numbers."""
        counted = _OF_WHAT.split(name)[0].split()[-1]
        is_plural = counted.endswith("s") and not counted.endswith(("ss", "us", "is"))
        is_named = _COUNTED.match(name) or (is_plural and counted not in _AMOUNTS)
        values = np.array(self.values)
        is_whole = self.kind == "mean" or not (2 * values % 1).any()
        return bool(is_named and is_whole and (values < _MOST_COUNTED).all())


def _level_words(level: Any, column: str) -> str:
    """Return a level as it is written within a sentence."""
    text = level_text(level, column)
    return text.lower() if _PHRASE.fullmatch(text) else text


def _unit_of(column: str) -> str:
    """Return the unit that ends the name of a column; empty for a range."""
    found = _UNIT.search(column)
    if found is None or found[1][0].isdigit():
        return ""
    return found[1] if found[1] == "%" else f" {found[1]}"


def short_name(column: str) -> str:
    """Return a column's name as words, its unit left out."""
    text = _IN_PARENTHESES.sub("", column) or column
    words = list(filter(None, re.split(r"[\s_.\-]+", _CAMEL.sub(" ", text).strip())))
    # a name that is all in capitals does not show which of its words are acronyms
    shouts = len(words) > 1 and text.isupper()
    kept = [
        word if word.isupper() and 2 <= len(word) <= 4 and not shouts else word.lower()
        for word in words
    ]
    return " ".join(kept) or column


def find_standalone_levels(columns: dict[str, list]) -> set[tuple[str, str]]:
    """Return columns and those of their levels that are understood without them."""
    seen: dict[str, list] = {}
    for column, levels in columns.items():
        for level in levels:
            seen.setdefault(str(level).lower(), []).append((column, level))
    # "very low" needs its column, and so do the other levels there
    scales = {
        column
        for text, places in seen.items()
        for column, _ in places
        if (BARE_LEVELS - FILLER_LEVELS) & set(re.split(r"[\s_\-]+", text))
    }
    return {
        places[0]
        for text, places in seen.items()
        if len(places) == 1
        and isinstance(places[0][1], str)
        and places[0][0] not in scales
        and text not in FILLER_LEVELS
        and _STANDALONE.fullmatch(text)
    }


def _number_words(name: str, kind: str, d: float) -> str:
    size, edges = abs(d), _EDGES[kind][int(d > 0) :: 2]
    if kind == "number" and _AGE.fullmatch(name):
        much = "much " if size >= VERY else "slightly " if size < SIZEABLE else ""
        return f"{much}{'older' if d > 0 else 'younger'}"
    if size < SIZEABLE:
        return f"slightly {edges[1]} {name}"
    return f"{'very ' if size >= VERY else ''}{edges[0]} {name}"
