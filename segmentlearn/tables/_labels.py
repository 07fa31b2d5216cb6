"""Known segments in a column of a file."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from segmentlearn._formatting import number_text
from segmentlearn.tables._columns import Column
from segmentlearn.tables._files._table_file import TableFile


def known_labels(
    table: TableFile, target: str, edges: Sequence[float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have a label, and their labels.

    Labels are whole numbers where the column holds nothing else, and text as it stands
    in the file otherwise: "01" is a name, not a number. With edges, of `bin_edges`,
    they are classes of amounts.
    """
    if edges is not None:
        amounts = Column(target, table.frame[target].array).numbers
        known = ~np.isnan(amounts)
        return known, _binned(amounts[known], edges)
    texts = label_texts(table, target)
    known = np.array([text is not None for text in texts], dtype=bool)
    return known, plain_labels(texts[known])


def label_texts(table: TableFile, target: str) -> np.ndarray:
    """Return the label of each row as it stands in the file, None where there is none.

    Those of a batch are not known to be whole numbers before all have been read.
    """
    codes, found = pd.factorize(table.text(target))
    texts = [text if text.strip() else None for text in found]
    return np.array([*texts, None], dtype=object)[codes]


def plain_labels(texts: np.ndarray) -> np.ndarray:
    """Return labels as whole numbers where all of them are written as such."""
    try:
        numbers = np.array([int(text) for text in texts], dtype=np.int64)
    except (ValueError, OverflowError):
        return texts
    is_plain = [str(number) for number in numbers] == texts.tolist()
    return numbers if is_plain else texts


def bin_edges(amounts: np.ndarray, n_bins: int) -> list[float]:
    """Return round amounts between classes of about as many customers.

    There are fewer classes where many customers have the same amount.
    """
    present = amounts[np.isfinite(amounts)]
    quantiles = np.quantile(present, np.arange(1, n_bins) / n_bins)
    edges = np.unique([float(f"{edge:.3g}") for edge in quantiles])
    edges = edges[edges <= present.max()]
    counts = np.bincount(np.digitize(present, edges), minlength=len(edges))
    return edges[counts[: len(edges)] > 0].tolist()


def _binned(amounts: np.ndarray, edges: Sequence[float]) -> np.ndarray:
    """Return the class of each amount by its name, in which they sort."""
    texts = [number_text(edge) for edge in edges]
    names = [f"below {texts[0]}"]
    names += [f"{low} to {high}" for low, high in itertools.pairwise(texts)]
    names = [*names, f"{texts[-1]} and more"]
    width = len(str(len(names)))
    numbered = [f"{at:0{width}d}: {name}" for at, name in enumerate(names, 1)]
    return np.array(numbered, dtype=object)[np.digitize(amounts, edges)]
