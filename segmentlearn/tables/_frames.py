"""Any table as named columns: pandas and polars frames, arrays, lists."""

import dataclasses
import sys
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array

from segmentlearn._compat import validate_data
from segmentlearn.exceptions import SchemaError
from segmentlearn.tables._columns import Column, to_numbers
from segmentlearn.tables._names import column_names
from segmentlearn.tables._rows import row_chunks


@dataclasses.dataclass
class Table:
    """The columns of a table, read without copying where that is possible.

    Attributes
    ----------
    columns : list of Column
        Named ``x0``, ``x1``, … where the table has no names.
    n_rows : int
        Number of rows.
    container : {"array", "pandas", "polars"}
        What the table came in.
    index : pandas Index or None
        Row labels of a pandas frame.
    array : ndarray of shape (n_rows, n_columns) or None
        The whole table where it is one array of numbers.
    """

    columns: list[Column]
    n_rows: int
    container: str
    index: Any = None
    array: np.ndarray | None = None

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    @property
    def kinds(self) -> list[str]:
        """Kinds of the columns, in order."""
        return [column.kind for column in self.columns]

    def by_name(self) -> dict[str, Column]:
        """Return the columns under their names."""
        return {column.name: column for column in self.columns}

    def rename(self, names: list[str]) -> None:
        """Give the columns other names."""
        for column, name in zip(self.columns, names, strict=True):
            column.name = name

    def select(self, positions: list[int]) -> "Table":
        """Return the table of the columns at these positions, in this order."""
        if positions == list(range(len(self.columns))):
            return self
        return dataclasses.replace(
            self,
            columns=[self.columns[position] for position in positions],
            array=None if self.array is None else self.array[:, positions],
        )

    def numbers(self, positions: list[int] | None = None) -> np.ndarray:
        """Return columns as one float array of shape (n_rows, n_positions).

        A float array given as the whole table comes back as it is, not copied.
        """
        table = self if positions is None else self.select(positions)
        if table.array is not None:
            if table.array.dtype in (np.float32, np.float64):
                return table.array
            small = table.array.dtype == np.float16
            return table.array.astype(np.float32 if small else np.float64)
        columns = [to_numbers(column.cells, column.name) for column in table.columns]
        single = bool(columns) and all(c.dtype == np.float32 for c in columns)
        dtype = np.float32 if single else np.float64
        numbers = np.empty((self.n_rows, len(columns)), dtype=dtype)
        for rows in row_chunks(self.n_rows):
            for position, column in enumerate(columns):
                numbers[rows, position] = column[rows]
        return numbers


def as_table(X: Any, caller: str | None = None) -> Table:
    """Read any frame, array or list; errors name the caller where it is given."""
    return _read(X, caller)[0]


def check_table(
    estimator: Any, X: Any, *, reset: bool, check_names: bool = True
) -> Table:
    """Read ``X`` for ``estimator`` and check its number and names of columns."""
    table, source = _read(X, type(estimator).__name__)
    if check_names or reset:
        try:
            validate_data(estimator, source, reset=reset, skip_check_array=True)
        except ValueError as error:
            if table.container == "array":
                raise
            raise SchemaError(str(error)) from error
        table.rename(column_names(estimator))
    return table


def _read(X: Any, caller: str | None) -> tuple[Table, Any]:
    """Return the table, and the array or pandas frame that it was read from."""
    container = _container_of(X)
    if container == "array":
        # numpy alone would turn numbers beside text into text
        cells = np.array(X, dtype=object) if isinstance(X, list | tuple) else X
        how: dict[str, Any] = {"estimator": caller, "input_name": "X"}
        array = check_array(cells, dtype=None, ensure_all_finite=False, **how)
        columns = [Column(f"x{at}", column) for at, column in enumerate(array.T)]
        whole = array if array.dtype.kind in "iuf" else None
        return Table(columns, len(array), container, array=whole), array
    frame = _as_pandas(X)
    names = [str(label) for label in frame.columns]
    _check_shape(frame.shape, names, caller)
    columns = []
    for name, (_, series) in zip(names, frame.items(), strict=True):
        is_numpy = isinstance(series.dtype, np.dtype)
        columns.append(Column(name, series.to_numpy() if is_numpy else series.array))
    first = columns[0].cells.dtype
    is_single = (
        isinstance(first, np.dtype)
        and first.kind in "iuf"
        and all(column.cells.dtype == first for column in columns)
    )
    whole = frame.to_numpy() if is_single else None
    index = frame.index if container == "pandas" else None
    return Table(columns, len(frame), container, index, whole), frame


def refuse_lazy(X: Any) -> None:
    """Refuse a polars query that has not been run."""
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(X, polars.LazyFrame):
        raise TypeError("X is a polars LazyFrame; pass X.collect() instead.")


def _container_of(X: Any) -> str:
    """Return "pandas" or "polars" for frames, "array" for all that becomes one."""
    if isinstance(X, pd.DataFrame):
        return "pandas"
    refuse_lazy(X)
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(X, polars.DataFrame):
        return "polars"
    if hasattr(X, "to_pandas") and len(getattr(X, "shape", ())) == 2:
        return "pandas"
    return "array"


def _as_pandas(X: Any) -> pd.DataFrame:
    """View any frame as a pandas one; a polars frame column by column."""
    if isinstance(X, pd.DataFrame):
        return X
    if type(X).__module__.split(".")[0] != "polars":
        return X.to_pandas()
    columns = {name: _polars_cells(X.get_column(name)) for name in X.columns}
    return pd.DataFrame(columns, copy=False)


def _polars_cells(series: Any) -> Any:
    """Return the cells of a polars series, read without pyarrow."""
    import polars as pl

    dtype = series.dtype
    if dtype == pl.Enum:
        codes = series.to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
        levels = dtype.categories.to_list()
        return pd.Categorical.from_codes(codes, levels, ordered=True)
    if dtype == pl.Categorical or dtype == pl.Time:
        return series.cast(pl.String).to_numpy()
    if isinstance(dtype, pl.Decimal):
        return series.cast(pl.Float64).to_numpy()
    if dtype == pl.Date:
        return series.cast(pl.Datetime("us")).to_numpy()
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if dtype.is_nested() or dtype == pl.Null or dtype == pl.Object:
        cells = np.empty(len(series), dtype=object)
        cells[:] = series.to_list()
        return cells
    return series.to_numpy()


def _check_shape(shape: tuple[int, int], names: list[str], caller: str | None) -> None:
    """Refuse empty frames and repeated names, in scikit-learn's words."""
    for size, what in zip(shape, ("sample(s)", "feature(s)"), strict=True):
        if size == 0:
            by = f" by {caller}" if caller else ""
            raise ValueError(
                f"Found array with 0 {what} (shape={shape}) while a minimum of "
                f"1 is required{by}."
            )
    if len(set(names)) < len(names):
        repeated = [name for name, count in Counter(names).items() if count > 1]
        raise SchemaError(
            f"The column name(s) {repeated} occur more than once in X; "
            f"rename or drop the repeated columns."
        )
