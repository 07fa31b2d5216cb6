"""What a transformer of raw tables returns: its container, its tags."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn import get_config

from segmentlearn.tables._columns import missing_mask


def output_container(estimator: Any, given: str) -> str:
    """Return what `transform` should return: "array", "pandas" or "polars"."""
    own = getattr(estimator, "_sklearn_output_config", {})
    chosen = own.get("transform", get_config()["transform_output"])
    return given if chosen == "default" else chosen


def to_container(
    columns: list, names: list[str], container: str, index: Any = None
) -> Any:
    """Build an array or a frame from columns."""
    if container == "pandas":
        frame = pd.DataFrame(dict(enumerate(columns)), index=index)
        frame.columns = pd.Index(names)
        return frame
    if container == "polars":
        import polars as pl

        cells = map(_native_cells, columns)
        return pl.DataFrame(list(map(pl.Series, names, cells)))
    if all(str(column.dtype).startswith("float") for column in columns):
        return np.column_stack(columns)
    table = np.empty((len(columns[0]), len(columns)), dtype=object)
    for position, column in enumerate(columns):
        table[:, position] = np.asarray(column, dtype=object)
    return table


def raw_table_tags(tags: Any, changes_dtype: bool = True) -> Any:
    """Mark scikit-learn's tags as those of an estimator that takes raw tables."""
    tags.input_tags.allow_nan = True
    tags.input_tags.categorical = True
    tags.input_tags.string = True
    if changes_dtype and tags.transformer_tags is not None:
        tags.transformer_tags.preserves_dtype = []
    return tags


def _native_cells(column: Any) -> Any:
    """Return cells as polars takes them: a numeric array or a list of plain values."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufbMm":
        return column
    cells = np.array(column, dtype=object)
    cells[missing_mask(cells)] = None
    return cells.tolist()
