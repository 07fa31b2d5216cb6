"""Columns put back into the container that the user wants."""

import numpy as np
import pandas as pd
from sklearn import get_config


def wanted_container(estimator, given):
    """Return what `transform` should hand out: "array", "pandas" or "polars"."""
    own = getattr(estimator, "_sklearn_output_config", {})
    chosen = own.get("transform", get_config()["transform_output"])
    return given if chosen == "default" else chosen


def put_together(columns, names, container, index=None):
    """Build an array or a frame from columns."""
    if container == "pandas":
        frame = pd.DataFrame(dict(enumerate(columns)), index=index)
        frame.columns = pd.Index(names)
        return frame
    if container == "polars":
        import polars as pl

        return pl.DataFrame(
            [
                pl.Series(name, _native_cells(column))
                for name, column in zip(names, columns, strict=True)
            ]
        )
    floats = all(
        isinstance(column.dtype, np.dtype) and column.dtype.kind == "f"
        for column in columns
    )
    if floats:
        return np.column_stack(columns)
    table = np.empty((len(columns[0]), len(columns)), dtype=object)
    for position, column in enumerate(columns):
        table[:, position] = np.asarray(column, dtype=object)
    return table


def _native_cells(column):
    """Hand cells to polars as a numeric array or as a list of plain values."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufbMm":
        return column
    cells = np.asarray(column, dtype=object)
    missing = np.asarray(pd.isna(cells), dtype=bool)
    return [None if gap else cell for cell, gap in zip(cells, missing, strict=True)]
