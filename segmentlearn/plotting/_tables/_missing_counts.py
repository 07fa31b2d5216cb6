"""Missing cells count_text: by column, by band of rows, and columns' gaps together."""

import dataclasses

import numpy as np
import pandas as pd

MOST_BANDS = 200


@dataclasses.dataclass(frozen=True, eq=False)
class TableGaps:
    """Where the cells of one table are missing.

    Attributes
    ----------
    n_rows : int
        Rows of the table.
    columns : list of str
        Its columns.
    counts : ndarray of int of shape (n_columns,)
        Missing cells of each.
    bands : ndarray of float of shape (n_bands, n_columns)
        Share of missing cells in each band of successive rows; a band is a row where
        there are few of them.
    """

    n_rows: int
    columns: list
    counts: np.ndarray
    bands: np.ndarray

    @property
    def share_of_cells(self):
        """Share of all cells that are missing."""
        return float(self.counts.sum() / (self.n_rows * len(self.columns)))

    def count(self, column):
        """Return the missing cells of a column; None where there is none such."""
        if column not in self.columns:
            return None
        return int(self.counts[self.columns.index(column)])


def count_gaps(columns, most_bands=MOST_BANDS):
    """Count the missing cells of a table."""
    n_rows = len(next(iter(columns.values())).missing)
    n_bands = min(n_rows, most_bands)
    edges = np.linspace(0, n_rows, n_bands + 1).astype(np.intp)
    in_bands = np.column_stack(
        [
            np.add.reduceat(column.missing, edges[:-1], dtype=np.intp)
            for column in columns.values()
        ]
    )
    return TableGaps(
        n_rows=n_rows,
        columns=list(columns),
        counts=in_bands.sum(axis=0),
        bands=in_bands / np.diff(edges)[:, np.newaxis],
    )


def correlate_gaps(columns):
    """Correlate the gaps of each pair of columns that have some."""
    masks = {name: column.missing for name, column in columns.items()}
    masks = {name: mask for name, mask in masks.items() if 0 < mask.sum() < len(mask)}
    names, masks = list(masks), list(masks.values())
    phi = np.eye(len(names))
    counts = [int(np.count_nonzero(mask)) for mask in masks]
    for at, mask in enumerate(masks):
        n_rows = len(mask)
        for other in range(at):
            together = int(np.count_nonzero(mask & masks[other]))
            a, b = counts[at], counts[other]
            spread = np.sqrt(float(a * (n_rows - a)) * float(b * (n_rows - b)))
            phi[at, other] = phi[other, at] = (n_rows * together - a * b) / spread
    return pd.DataFrame(phi, index=names, columns=names)
