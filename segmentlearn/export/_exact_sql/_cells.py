"""The columns of a database's table as scalars of a row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segmentlearn.export._exact_sql._rows import Rows
from segmentlearn.export._onnx._levels import Levels, codes_of


class Cells:
    """Stands in for `RawColumns`.

    Parameters
    ----------
    rows : Rows
        What computes.
    labels : dict of str to str
        What each column is called, by the name that the model knows it by.
    """

    def __init__(self, rows: Rows, labels: Mapping[str, str]) -> None:
        self._rows, self._labels, self.names = rows, labels, list(labels)

    def numbers(self, kinds: Mapping[str, str]) -> np.ndarray:
        """Return columns of numbers, dates, durations and truth values."""
        make = self._rows.scalars.make
        cells = ((self._labels[name], kind) for name, kind in kinds.items())
        return _row([make("number", *cell) for cell in cells])

    def codes(
        self, levels: Sequence[Levels]
    ) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Return numbers of levels, which cells are missing, and their order."""
        texts = [column for column in levels if column.is_text]
        others: Any = [column for column in levels if not column.is_text]
        make = self._rows.scalars.make
        codes, missing = [], []
        for column in texts:
            known = tuple((str(level), code) for level, code in column.codes.items())
            numbers = frozenset([column.other, column.missing, *column.codes.values()])
            label, ends = self._labels[column.name], (column.missing, column.other)
            codes.append(make("level", label, known, *ends, choices=numbers))
            missing.append(make("no level", label, known))
        found = [_row(codes), _row(missing)]
        order = [column.name for column in texts]
        if others:
            own: Any = codes_of(self._rows, self, others)  # type: ignore[arg-type]
            found = [np.hstack(both) for both in zip(found, own[:2], strict=True)]
            order += own[2]
        return found[0], found[1], order

    def describe(self, name: str, **facts: Any) -> None:
        """Note nothing."""


def _row(cells: list) -> np.ndarray:
    row = np.empty((1, len(cells)), object)
    row[0] = cells
    return row
