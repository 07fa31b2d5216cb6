"""Merge rare levels of categories before anything is reported on them."""

import pandas as pd

from segmentlearn.report._suppression import THRESHOLD
from segmentlearn.tables import NUMERIC_KINDS, kind_of

RARE = "rare values"


def merge_rare_levels(X: pd.DataFrame) -> tuple[pd.DataFrame, set[str]]:
    """Replace the levels of categories that fewer than ten customers have.

    Rules and names are made from the result, so that no rare level can be in them.
    """
    columns, rare = {}, set()
    for at, name in enumerate(X.columns):
        column = X.iloc[:, at]
        if not _holds_levels(column):
            columns[name] = column
            continue
        cells = column.astype(object)
        texts = cells.map(str, na_action="ignore")
        counts = texts.value_counts()
        few = counts[counts < THRESHOLD]
        if len(few):
            merged = RARE if few.sum() >= THRESHOLD else None
            column = cells.mask(texts.isin(few.index), merged)
        rare |= set(few.index)
        columns[name] = column
    return pd.DataFrame(columns, index=X.index), rare


def _holds_levels(column: pd.Series) -> bool:
    is_categorical = isinstance(column.dtype, pd.CategoricalDtype)
    if not is_categorical and pd.api.types.is_numeric_dtype(column.dtype):
        return False
    cells = column.astype(object).to_numpy() if is_categorical else column.array
    return kind_of(cells) not in NUMERIC_KINDS
