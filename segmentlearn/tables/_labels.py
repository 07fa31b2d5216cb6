"""Known segments in a column of a file."""

import numpy as np

from segmentlearn.tables._files._table_file import TableFile


def known_labels(table: TableFile, target: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have a label, and their labels.

    Labels are whole numbers where the column holds nothing else, and text as it stands
    in the file otherwise: "01" is a name, not a number.
    """
    cells = table.text(target)
    known = (cells.notna() & (cells.str.strip() != "")).to_numpy()
    texts = cells.to_numpy(dtype=object)[known]
    try:
        numbers = np.array([int(text) for text in texts], dtype=np.int64)
    except (ValueError, OverflowError):
        return known, texts
    is_plain = [str(number) for number in numbers] == texts.tolist()
    return known, numbers if is_plain else texts
