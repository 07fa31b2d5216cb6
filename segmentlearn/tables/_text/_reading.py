"""One column of text, read as what it means."""

import dataclasses
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segmentlearn.tables._text._dates import (
    AmbiguousDates,
    DateFormat,
    infer_date_format,
)
from segmentlearn.tables._text._marks import as_arrow, drop_marks
from segmentlearn.tables._text._numbers import (
    NumberFormat,
    decimal_evidence,
    infer_number_format,
    is_code,
)

_ROWS_LOOKED_AT = 2000
_MOST_UNREADABLE = 0.05  # of the cells that are not missing
_MIXED = 0.5  # a column of text with so many numbers is doubtful
# so few numbers beside text are levels, such as "0", "1", "2", "3+"
_FEW_NUMBERS = 12
_BOOLEANS = {"true": True, "false": False}


@dataclasses.dataclass(frozen=True)
class TextReading:
    """How a column of text is read.

    Attributes
    ----------
    kind : {"number", "datetime", "boolean", "category"}
        What its cells are.
    format : NumberFormat, DateFormat or None
        How numbers or dates are written.
    is_mixed : bool
        Whether a column of levels holds many numbers.
    ambiguous : str or None
        The formats that its dates could have, where there is more than one.
    width : int or None
        Digits of codes that all have as many, such as "007".
    """

    kind: str
    format: NumberFormat | DateFormat | None = None
    is_mixed: bool = False
    ambiguous: str | None = None
    width: int | None = None

    def describe(self) -> str:
        """Return how the column is written, in words; empty for what is usual."""
        return "" if self.format is None else self.format.describe()

    def apply(self, cells: Any) -> "ReadCells":
        """Read cells; those that cannot be read become missing, and are counted."""
        texts = as_arrow(cells)
        marked = drop_marks(texts, sure=self.kind == "category")
        present = _to_mask(pc.is_valid(marked))
        if self.format is not None:
            values: Any = self.format.parse(marked)
            unreadable = present & pd.isna(values)
        elif self.kind == "boolean":
            folded = pc.utf8_lower(marked)
            unreadable = present & ~_to_mask(
                pc.is_in(folded, value_set=pa.array(_BOOLEANS, pa.large_string()))
            )
            is_true = _to_mask(pc.fill_null(pc.equal(folded, "true"), False))
            values = is_true
            if not (present & ~unreadable).all():
                values = is_true.astype(object)
                values[~present | unreadable] = None
        else:
            series = marked.to_pandas()
            is_plain = isinstance(series.dtype, np.dtype)  # before pandas 3
            values = series.to_numpy() if is_plain else series.array
            unreadable = np.zeros(len(present), dtype=bool)
        was_present = _to_mask(pc.is_valid(texts))
        bad = np.flatnonzero(unreadable)
        examples = texts.take(pa.array(bad[:1000])).unique().to_pylist()[:3]
        n_marks = int(np.sum(was_present & ~present))
        return ReadCells(values, n_marks, int(present.sum()), len(bad), examples)


@dataclasses.dataclass(frozen=True)
class ReadCells:
    """The cells of a column, and what was lost on the way.

    Attributes
    ----------
    values : ndarray or ExtensionArray
        The cells.
    n_marks : int
        Cells that held a mark of a missing value, such as "n/a".
    n_present : int
        Cells that held anything else.
    n_unreadable : int
        Cells that held something else than the column does, missing now.
    examples : list of str
        Some of them.
    """

    values: Any
    n_marks: int
    n_present: int
    n_unreadable: int
    examples: list[str]


def infer_reading(
    cells: Any, *, decimal: str | None = None, day_first: bool | None = None
) -> TextReading:
    """Find out what a column of text holds."""
    texts = drop_marks(as_arrow(cells), sure=False)
    sample = _sample(texts)
    if not sample:
        return TextReading("category")
    if {text.lower() for text in sample} <= set(_BOOLEANS):
        return TextReading("boolean")
    number = infer_number_format(sample, decimal)
    if number is not None and _reads(texts, number):
        return TextReading("number", number)
    ambiguous = None
    try:
        date = infer_date_format(sample, day_first)
    except AmbiguousDates as formats:
        date, ambiguous = None, str(formats)
    if date is not None and _reads(texts, date):
        return TextReading("datetime", date)
    return TextReading("category", None, _is_mixed(sample), ambiguous, _width(sample))


def reads_as_number(text: str) -> bool:
    """Return whether a text alone is a number, with its currency or unit."""
    return infer_number_format([text.strip()]) is not None


def column_decimal(cells: Any) -> str | None:
    """Return the decimal mark that a column of text proves, if it does."""
    return decimal_evidence(_sample(drop_marks(as_arrow(cells), sure=False)))


def _width(sample: list[str]) -> int | None:
    """Return the number of digits of codes, where leading zeros make them equal."""
    widths = {len(text) for text in sample}
    return widths.pop() if len(widths) == 1 and all(map(str.isdigit, sample)) else None


def _is_mixed(sample: list[str]) -> bool:
    """Return whether numbers, which are no codes, stand beside some other texts."""
    if any(map(is_code, sample)):
        return False
    counts = Counter(sample)
    numbers = [text for text in counts if infer_number_format([text]) is not None]
    n_numbers = sum(counts[text] for text in numbers)
    return _MIXED * len(sample) <= n_numbers < len(sample)


def _sample(texts: pa.Array) -> list[str]:
    """Return the texts of rows from all over the column, missing ones left out."""
    present = pc.drop_null(texts)
    if len(present) > _ROWS_LOOKED_AT:
        rows = np.linspace(0, len(present) - 1, _ROWS_LOOKED_AT).astype(np.int64)
        present = present.take(pa.array(rows))
    return present.to_pylist()


def _reads(texts: pa.Array, form: NumberFormat | DateFormat) -> bool:
    """Return whether a format reads nearly all cells, and the others are no levels."""
    values = form.parse(texts)
    n_present = len(texts) - texts.null_count
    n_read = len(values) - int(pd.isna(values).sum())
    if n_read == n_present:
        return True
    if n_present - n_read > _MOST_UNREADABLE * n_present:
        return False
    return len(pd.unique(values[~pd.isna(values)])) > _FEW_NUMBERS


def _to_mask(mask: pa.Array) -> np.ndarray:
    return mask.to_numpy(zero_copy_only=False).astype(bool, copy=False)
