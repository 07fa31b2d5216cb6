"""Known segments in a column of a file."""

import numpy as np
import pandas as pd

from segmentlearn.tables._files._table_file import TableFile


def known_labels(table: TableFile, target: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have a label, and their labels.

    Labels are whole numbers where the column holds nothing else, and text as it stands
    in the file otherwise: "01" is a name, not a number.
    """
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
