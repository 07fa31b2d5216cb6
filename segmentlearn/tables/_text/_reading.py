"""One column of text, read as what it means."""

import dataclasses
import functools
from collections import Counter
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segmentlearn.tables._text._dates import (
    AmbiguousDates,
    DateFormat,
    infer_date_format,
)
from segmentlearn.tables._text._marks import (
    as_arrow,
    drop_marks,
    read_levels,
    trim,
)
from segmentlearn.tables._text._numbers import (
    NumberFormat,
    decimal_evidence,
    infer_number_format,
    is_code,
    plain_numbers,
)

_ROWS_LOOKED_AT = 2000
_MOST_UNREADABLE = 0.05  # of the cells that are not missing
_MIXED = 0.5  # a column of text with so many numbers is doubtful
# so few numbers beside text are levels, such as "0", "1", "2", "3+"
_FEW_NUMBERS = 12
# of so few cells it is remembered what they mean: the cost is in Arrow's calls
_FEW_CELLS = 64
_REMEMBERED = 4096  # texts
_AT_ONCE = 2**16  # cells: what they become on their way stays in the cache
_DIFFERENT = 0.9  # of the sampled texts: to look for equal ones takes longer
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
        The formats that its dates could have, where there is more than one; a number
        whose point may stand between thousands.
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

    def fits(self, cells: Any) -> bool:
        """Return whether cells from all over a column are written in this way."""
        if self.format is None:
            return True
        found = self.apply(_some_rows(as_arrow(cells)))
        return found.n_unreadable <= _MOST_UNREADABLE * found.n_present

    def apply(self, cells: Any, texts: pa.Array | None = None) -> "ReadCells":
        """Read cells; those that cannot be read become missing, and are counted.

        ``texts`` are the same cells as Arrow strings.
        """
        texts = as_arrow(cells) if texts is None else texts
        if self._is_plain and not isinstance(texts, pa.DictionaryArray):
            numbers = plain_numbers(texts)
            if numbers is not None:
                return ReadCells(numbers, len(texts) - texts.null_count, 0, [])
        if self.kind == "boolean" or not _are_different(texts):
            return self._read_encoded(cells, texts)
        if self.format is not None:
            return self._read_usual(texts, self.format)
        return self._read_levels(cells, texts)

    def _read_usual(
        self, texts: pa.Array, form: NumberFormat | DateFormat
    ) -> "ReadCells":
        """Read the cells that are written in the usual form, then the others."""
        values = np.empty(len(texts), form.dtype)
        for start in range(0, len(texts), _AT_ONCE):
            some = texts.slice(start, _AT_ONCE)
            values[start : start + len(some)] = form.parse_usual(some)
        is_open = pd.isna(values) & _to_mask(texts.is_valid())
        n_open = int(is_open.sum())
        n_read = len(texts) - texts.null_count - n_open
        if not n_open:
            return ReadCells(values, n_read, 0, [])
        texts = texts.filter(pa.array(is_open))
        rest = self._read_encoded(texts, texts)
        values[is_open] = rest.values
        return dataclasses.replace(
            rest, values=values, n_present=n_read + rest.n_present
        )

    def _read_levels(self, cells: Any, texts: pa.Array) -> "ReadCells":
        """Read texts that are nearly all different, such as names."""
        pieces, is_changed = [], False
        for start in range(0, len(texts), _AT_ONCE):
            some = texts.slice(start, _AT_ONCE)
            read = read_levels(some)
            is_changed |= read is not some
            pieces.append(read)
        found = pa.chunked_array(pieces)
        is_arrow = isinstance(cells, pa.Array | pa.ChunkedArray)
        values = _to_pandas(found) if is_arrow or is_changed else cells
        return ReadCells(values, len(found) - found.null_count, 0, [])

    def _read_encoded(self, cells: Any, texts: pa.Array) -> "ReadCells":
        """Read each distinct text once."""
        places, found = self._encode(texts)
        n_present, n_unreadable = len(texts) - texts.null_count, 0
        if not found.present.all() or found.unreadable.any():
            counts = np.bincount(places + 1, minlength=len(found.raw) + 1)[1:]
            n_present = int(counts[found.present].sum())
            n_unreadable = int(counts[found.unreadable].sum())
        levels = None
        if found.values is None:
            levels = found.marked.to_pylist()
            if len(set(levels)) < len(levels) or None in levels:
                levels = None  # blanks or marks were dropped
        is_unchanged = (
            levels is not None
            and not isinstance(cells, pa.Array | pa.ChunkedArray)
            and found.marked.equals(found.raw)
        )
        return ReadCells(
            cells if is_unchanged else self._expand(found.values, found.marked, places),
            n_present,
            n_unreadable,
            found.examples() if n_unreadable else [],
            None if levels is None else (places, levels),
        )

    @property
    def reads_point(self) -> bool:
        """Whether numbers are read with a decimal point."""
        return isinstance(self.format, NumberFormat) and self.format.decimal == "."

    @property
    def _is_plain(self) -> bool:
        return isinstance(self.format, NumberFormat) and self.format.is_plain

    def _encode(self, texts: pa.Array) -> tuple[np.ndarray, "_Meanings"]:
        """Return the number of each cell's text, -1 where it is missing, and the texts.

        Each distinct text is read once.
        """
        is_encoded = isinstance(texts, pa.DictionaryArray)
        # whether "inf" is a plain number depends on the cells beside it
        if len(texts) > _FEW_CELLS or is_encoded or self._is_plain:
            encoded = texts if is_encoded else texts.dictionary_encode()
            places = encoded.indices.fill_null(-1).to_numpy()
            return places, self._read_distinct(encoded.dictionary)
        cells = texts.to_pylist()
        distinct = [text for text in dict.fromkeys(cells) if text is not None]
        place_of = {text: place for place, text in enumerate(distinct)}
        places = np.array([place_of.get(text, -1) for text in cells], dtype=np.int32)
        memory = _memory(self)
        wanted = distinct or [None]
        # other threads may read, and make room, meanwhile
        known = {text: found for text in wanted if (found := memory.get(text))}
        unknown = [text for text in wanted if text not in known]
        if unknown:
            read = self._read_distinct(pa.array(unknown, pa.large_string()))
            known |= {text: read.slice(at) for at, text in enumerate(unknown)}
            if len(memory) > _REMEMBERED:
                for text in list(memory)[1 : _REMEMBERED // 2]:  # the oldest ones
                    memory.pop(text, None)
            memory.update(known)
        return places, _Meanings.join([known[text] for text in wanted])

    def _read_distinct(self, texts: pa.Array) -> "_Meanings":
        """Read distinct texts."""
        raw, texts = texts, trim(texts)
        marked = drop_marks(texts, sure=self.kind == "category")
        present = _to_mask(pc.is_valid(marked))
        values, unreadable = None, np.zeros(len(texts), dtype=bool)
        if self.format is not None:
            values = self.format.parse(marked)
            unreadable = present & pd.isna(values)
        elif self.kind == "boolean":
            folded = pc.utf8_lower(marked)
            known = _to_mask(pc.is_in(folded, pa.array(_BOOLEANS, pa.large_string())))
            is_true = _to_mask(pc.fill_null(pc.equal(folded, "true"), False))
            values = is_true.astype(object)
            values[~known] = None
            unreadable = present & ~known
        return _Meanings(raw, texts, marked, present, values, unreadable)

    def _expand(self, values: Any, texts: pa.Array, places: np.ndarray) -> Any:
        """Return the value of each cell; place -1 is a missing cell."""
        if values is None:
            rows = pa.array(places, mask=places < 0)
            return _to_pandas(texts.take(rows))
        missing = np.array([None if values.dtype == object else "NaT"], dtype=object)
        if values.dtype.kind == "f":
            missing = np.array([np.nan])
        cells = np.concatenate([values, missing.astype(values.dtype)])[places]
        if values.dtype == object and None not in cells:
            return cells.astype(bool)
        return cells


class _Meanings(NamedTuple):
    """What distinct texts of a column mean.

    Attributes
    ----------
    raw, texts : pyarrow.Array
        The texts as they stand, and without blanks around them.
    marked : pyarrow.Array
        The same, null where they stand for a missing value.
    present : ndarray of bool
        Where they do not.
    values : ndarray or None
        Numbers, dates or truth values; None for levels.
    unreadable : ndarray of bool
        Which texts are something else than the column holds.
    """

    raw: pa.Array
    texts: pa.Array
    marked: pa.Array
    present: np.ndarray
    values: np.ndarray | None
    unreadable: np.ndarray

    @classmethod
    def join(cls, pieces: list[Self]) -> Self:
        """Return the meanings of several texts as one."""
        if len(pieces) == 1:
            return pieces[0]
        joined: list[Any] = []
        for field in zip(*pieces, strict=True):
            if field[0] is None:
                joined.append(None)
            elif isinstance(field[0], np.ndarray):
                joined.append(np.concatenate(field))
            else:
                joined.append(pa.concat_arrays(field))
        return cls(*joined)

    def slice(self, at: int) -> Self:
        """Return what one of the texts means."""
        fields: Any = (field if field is None else field[at : at + 1] for field in self)
        return type(self)(*fields)

    def examples(self) -> list[str]:
        """Return some of the texts that could not be read."""
        found = self.texts.filter(pa.array(self.unreadable)).slice(0, 3)
        return list(found.to_pylist())


@functools.lru_cache(256)
def _memory(reading: TextReading) -> dict[str | None, _Meanings]:
    """Return what texts have been found to mean; under None there is no text at all."""
    return {None: reading._read_distinct(pa.array([], pa.large_string()))}


@dataclasses.dataclass(frozen=True)
class ReadCells:
    """The cells of a column, and what was lost on the way.

    Attributes
    ----------
    values : ndarray or ExtensionArray
        The cells.
    n_present : int
        Cells that are neither empty nor a mark of a missing value, such as "n/a".
    n_unreadable : int
        Cells that held something else than the column does, missing now.
    examples : list of str
        Some of them.
    levels : tuple of ndarray and list, or None
        Of a column of levels the number of each cell's level, -1 where it is missing,
        and the levels.
    """

    values: Any
    n_present: int
    n_unreadable: int
    examples: list[str]
    levels: tuple[np.ndarray, list[str]] | None = None


def infer_reading(cells: Any) -> TextReading:
    """Find out what a column of text holds."""
    return infer_and_read(TextColumn.of(cells))[0]


@dataclasses.dataclass(frozen=True)
class TextColumn:
    """A column of text before it is known what it holds.

    Attributes
    ----------
    cells : array
        Its cells.
    texts : pyarrow.Array
        The same as Arrow strings.
    sample : list of str
        Some of them, from all over the column, missing ones left out.
    """

    cells: Any
    texts: pa.Array
    sample: list[str]

    @classmethod
    def of(cls, cells: Any) -> Self:
        """Look at the cells of a column."""
        texts = as_arrow(cells)
        return cls(cells, texts, _sample(texts))

    def __len__(self) -> int:
        return len(self.texts)

    def fraction(self) -> str | None:
        """Return a text with a point, if there is one."""
        return next((text for text in self.sample if "." in text), None)

    def decimal(self) -> str | None:
        """Return the decimal mark that the column proves, if it does."""
        return decimal_evidence(self.sample)


def infer_and_read(
    column: TextColumn, *, decimal: str | None = None
) -> tuple[TextReading, ReadCells]:
    """Find out what a column of text holds, and read it."""
    cells, texts, sample = column.cells, column.texts, column.sample
    ambiguous = None
    if {text.lower() for text in sample} <= set(_BOOLEANS) and sample:
        reading = TextReading("boolean")
        return reading, reading.apply(cells, texts)
    number = infer_number_format(sample, decimal) if sample else None
    try:
        date = infer_date_format(sample) if number is None else None
    except AmbiguousDates as formats:
        date, ambiguous = None, str(formats)
    form = number or date
    if form is not None:
        reading = TextReading("datetime" if number is None else "number", form)
        found = reading.apply(cells, texts)
        if _is_read(found):
            return reading, found
    width = _width(sample) if sample else None
    reading = TextReading("category", None, _is_mixed(sample), ambiguous, width)
    return reading, reading.apply(cells, texts)


def number_reading(cells: Any) -> TextReading:
    """Return how a column of numbers is read, whatever else stands in it."""
    texts = [text for text in _sample(as_arrow(cells)) if reads_as_number(text)]
    return TextReading("number", infer_number_format(texts) or NumberFormat())


def reads_as_number(text: str) -> bool:
    """Return whether a text alone is a number, with its currency or unit."""
    return infer_number_format([text.strip()]) is not None


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
    present = drop_marks(trim(_some_rows(texts)), sure=False).drop_null()
    if not len(present):  # a column that is nearly empty
        texts = texts.cast(pa.large_string())
        present = drop_marks(trim(texts), sure=False).drop_null()
    return _some_rows(present).to_pylist()


def _some_rows(texts: pa.Array) -> pa.Array:
    if len(texts) > _ROWS_LOOKED_AT:
        rows = np.linspace(0, len(texts) - 1, _ROWS_LOOKED_AT).astype(np.int64)
        texts = texts.take(pa.array(rows))
    return texts.dictionary_decode() if isinstance(texts, pa.DictionaryArray) else texts


def _is_read(found: ReadCells) -> bool:
    """Return whether a format reads nearly all cells, and the others are no levels."""
    if not found.n_unreadable:
        return True
    if found.n_unreadable > _MOST_UNREADABLE * found.n_present:
        return False
    return len(pd.unique(found.values[~pd.isna(found.values)])) > _FEW_NUMBERS


def _are_different(texts: pa.Array) -> bool:
    """Return whether a column is long and its texts are nearly all different."""
    if len(texts) <= _FEW_CELLS or isinstance(texts, pa.DictionaryArray):
        return False
    some = _some_rows(texts).drop_null()
    return len(some.unique()) > _DIFFERENT * len(some)


def _to_pandas(texts: pa.Array) -> Any:
    series = texts.to_pandas()
    is_plain = isinstance(series.dtype, np.dtype)  # before pandas 3
    return series.to_numpy() if is_plain else series.array


def _to_mask(mask: pa.Array) -> np.ndarray:
    return mask.to_numpy(zero_copy_only=False).astype(bool, copy=False)
