"""Cells of categories as the numbers of their levels."""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from segmentlearn.export._onnx._graph import ML, Graph
from segmentlearn.tables import BOOLEAN, CATEGORY, SURE_MARKS

# as Arrow trims texts
_BLANK = (
    r"[\t-\r\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}"
    r"\x{202f}\x{205f}\x{3000}]"
)
_LONGEST_PATTERN = 20_000  # letters
_LARGEST_WHOLE = 2**53  # above it two whole numbers can be the same double


@dataclasses.dataclass
class Levels:
    """The levels of a column and their numbers.

    Attributes
    ----------
    name : str
        The column.
    codes : dict of level to int
        Number of each level that has one of its own.
    other : int
        Number of other levels, rare or unseen ones.
    missing : int
        Number that missing cells get.
    is_text : bool
        Whether cells are texts; else they are numbers, or 0 and 1.
    """

    name: str
    codes: dict[Any, int]
    other: int
    missing: int
    is_text: bool

    @property
    def is_truth(self) -> bool:
        """Whether all cells are truth values."""
        return all(isinstance(level, bool) for level in self.codes)


def codes_of(
    g: Graph, columns: Any, levels: Sequence[Levels]
) -> tuple[str, str, list[str]]:
    """Return numbers of levels, which cells are missing, and the columns' order."""
    codes, missing, order = [], [], []
    for of_kind in (True, False):
        chosen = [column for column in levels if column.is_text == of_kind]
        if not chosen:
            continue
        names = [column.name for column in chosen]
        if of_kind:
            texts = columns.texts(names)
            found, is_missing = _codes_of_texts(g, texts, chosen)
        else:
            kinds = {
                column.name: BOOLEAN if column.is_truth else CATEGORY
                for column in chosen
            }
            numbers = columns.numbers(kinds)
            found, is_missing = _codes_of_numbers(g, numbers, chosen)
        is_known = g.op("GreaterOrEqual", found, np.int64(0))
        found = g.op(
            "Where", is_known, found, _row([column.other for column in chosen])
        )
        fill = _row([column.missing for column in chosen])
        codes.append(g.op("Where", is_missing, fill, found))
        missing.append(is_missing)
        order += names
    return g.concat(codes), g.concat(missing), order


def _codes_of_texts(g: Graph, texts: str, levels: Sequence[Levels]) -> tuple[str, str]:
    """Return numbers of levels of text, -1 for others, and which are missing.

    Columns are distinguished by a number before each text, so that one dictionary does
    for all.
    """
    prefixes = [f"{at}:" for at in range(len(levels))]
    keys = [
        (prefix + level, code)
        for prefix, column in zip(prefixes, levels, strict=True)
        for level, code in _texts_of(column).items()
    ]
    found = g.op(
        "LabelEncoder",
        g.op("StringConcat", np.array(prefixes, object), texts),
        domain=ML,
        keys_strings=[key for key, _ in keys],
        values_int64s=[code for _, code in keys],
        default_int64=-1,
    )
    is_unknown = g.op("Less", found, np.int64(0))
    marks = "|".join(_escaped(mark) for mark in SURE_MARKS)
    pattern = f"{_BLANK}*(?i:{marks})?{_BLANK}*"
    is_missing = g.op("RegexFullMatch", texts, pattern=pattern)
    is_missing = g.op("And", is_unknown, is_missing)
    # blanks around texts are rare, so what takes them off is a branch
    pattern = f"(?s){_BLANK}.*|.*{_BLANK}"
    has_blanks = g.op("RegexFullMatch", texts, pattern=pattern)
    has_blanks = g.op("And", is_unknown, has_blanks)
    any_has = g.op("ReduceSum", g.cast(has_blanks, np.int64), keepdims=0)
    trimmed, plain = Graph(root=g.root), Graph(root=g.root)
    found_trimmed = _codes_of_trimmed(trimmed, texts, levels)
    trimmed.op("Where", has_blanks, found_trimmed, found)
    plain.op("Identity", found)
    found = g.either(g.op("Greater", any_has, np.int64(0)), trimmed, plain)
    return found, is_missing


def _codes_of_trimmed(g: Graph, texts: str, levels: Sequence[Levels]) -> str:
    """Return numbers of levels with blanks around them.

    ONNX cannot cut texts. For each digit of the binary numbers of levels, a pattern
    says which texts have it.
    """
    columns = []
    for at, column in enumerate(levels):
        cells = g.op("Gather", texts, np.array([at]), axis=1)
        codes = {t: code + 1 for t, code in _texts_of(column).items() if t == t.strip()}
        total: Any = np.zeros((1, 1), np.int64)
        for part in _parts(sorted(codes)):
            for digit in range(max(codes[text] for text in part).bit_length()):
                chosen = [_escaped(t) for t in part if codes[t] >> digit & 1]
                if not chosen:
                    continue
                pattern = f"{_BLANK}*(?:{'|'.join(chosen)}){_BLANK}*"
                fits = g.op("RegexFullMatch", cells, pattern=pattern)
                value = g.op("Mul", g.cast(fits, np.int64), np.int64(2**digit))
                total = g.op("Add", total, value)
        columns.append(g.op("Sub", total, np.int64(1)))
    # without levels a column has no rows yet
    shape = g.op("Shape", texts)
    return g.op("Expand", g.concat(columns), shape)


def _parts(texts: list[str]) -> Iterator[list[str]]:
    """Yield texts in parts that are not too long for a pattern."""
    ends = np.cumsum([len(text) + 1 for text in texts]) // _LONGEST_PATTERN
    for _, part in itertools.groupby(range(len(texts)), key=ends.__getitem__):
        yield [texts[at] for at in part]


def _codes_of_numbers(
    g: Graph, numbers: str, levels: Sequence[Levels]
) -> tuple[str, str]:
    """Return numbers of levels that are numbers, -1 for others, and the missing."""
    known, owners, values = [], [], []
    for at, column in enumerate(levels):
        for level, code in column.codes.items():
            if abs(level) > _LARGEST_WHOLE and not math.isinf(level):
                raise ValueError(
                    f"column {column.name!r} has the level {level}, which a double "
                    "does not hold exactly; fit the model to text."
                )
            known.append(float(level))
            owners.append(at)
            values.append(code + 1)
    place = np.zeros((len(known), len(levels)), np.float32)
    place[np.arange(len(known)), owners] = values
    cells = g.op("Gather", numbers, np.array(owners, np.int64), axis=1)
    fits = g.cast(g.op("Equal", cells, np.array(known, np.float64)), np.float32)
    found = g.cast(g.op("MatMul", fits, place), np.int64)
    return g.op("Sub", found, np.int64(1)), g.op("IsNaN", numbers)


def _texts_of(levels: Levels) -> dict[str, int]:
    return {str(level): code for level, code in levels.codes.items()}


def _escaped(text: str) -> str:
    """Write a text as a pattern of RE2 that means itself."""
    return "".join(
        char if char.isalnum() or ord(char) > 127 else f"\\x{{{ord(char):x}}}"
        for char in text
    )


def _row(numbers: Sequence[int]) -> np.ndarray:
    return np.array(numbers, np.int64)
