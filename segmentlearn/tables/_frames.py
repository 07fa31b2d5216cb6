"""Any table as named columns: pandas and polars frames, arrays, lists."""

import dataclasses
import sys

import numpy as np
import pandas as pd

from segmentlearn._compat import validate_data
from segmentlearn.exceptions import SchemaError
from segmentlearn.tables._columns import kind_of, to_numbers
from segmentlearn.tables._row_chunks import row_blocks
from segmentlearn.tables._schema import column_names


@dataclasses.dataclass
class Table:
    """The columns of a table, read without copying where that is possible.

    Attributes
    ----------
    names : list of str
        Column names; ``x0``, ``x1``, … where the table has none.
    columns : list of ndarray or pandas ExtensionArray
        One entry a column.
    n_rows : int
        Number of rows.
    container : {"array", "pandas", "polars"}
        What the table came in.
    index : pandas Index or None
        Row labels of a pandas frame.
    array : ndarray of shape (n_rows, n_columns) or None
        The whole table where it is one array of numbers.
    """

    names: list
    columns: list
    n_rows: int
    container: str
    index: object = None
    array: np.ndarray | None = None

    def kinds(self):
        """Return the kind of every column, in order."""
        if self.array is not None:
            return [kind_of(self.array)] * len(self.names)
        return [kind_of(column) for column in self.columns]

    def select(self, positions):
        """Return the table of the columns at these positions, in this order."""
        if positions == list(range(len(self.names))):
            return self
        return dataclasses.replace(
            self,
            names=[self.names[position] for position in positions],
            columns=[self.columns[position] for position in positions],
            array=None if self.array is None else self.array[:, positions],
        )

    def numbers(self, positions=None):
        """Return columns as one float array of shape (n_rows, n_positions).

        A float array given as the whole table comes back as it is, not copied.
        """
        table = self if positions is None else self.select(positions)
        if table.array is not None:
            if table.array.dtype in (np.float32, np.float64):
                return table.array
            small = table.array.dtype == np.float16
            return table.array.astype(np.float32 if small else np.float64)
        columns = [
            to_numbers(column, name)
            for name, column in zip(table.names, table.columns, strict=True)
        ]
        single = bool(columns) and all(c.dtype == np.float32 for c in columns)
        dtype = np.float32 if single else np.float64
        block = np.empty((self.n_rows, len(columns)), dtype=dtype)
        for rows in row_blocks(self.n_rows):
            for position, column in enumerate(columns):
                block[rows, position] = column[rows]
        return block


def read_table(estimator, X, *, reset, check_names=True):
    """Read ``X`` for ``estimator`` and check its number and names of columns."""
    container = _container_of(X)
    if container == "array":
        if isinstance(X, list | tuple):
            X = np.array(X, dtype=object)
        X = validate_data(
            estimator, X, reset=reset, dtype=None, ensure_all_finite=False
        )
        numeric = X.dtype.kind in "iuf"
        return Table(
            names=column_names(estimator),
            columns=[X[:, position] for position in range(X.shape[1])],
            n_rows=X.shape[0],
            container=container,
            array=X if numeric else None,
        )
    frame = _as_pandas(X)
    _check_shape(frame, estimator)
    if check_names or reset:
        try:
            validate_data(estimator, frame, reset=reset, skip_check_array=True)
        except ValueError as error:
            raise SchemaError(str(error)) from error
        names = column_names(estimator)
    else:
        names = list(frame.columns)
    return Table(
        names=names,
        columns=[_cells(series) for _, series in frame.items()],
        n_rows=frame.shape[0],
        container=container,
        index=frame.index if container == "pandas" else None,
        array=_single_block(frame),
    )


def _container_of(X):
    """Tell pandas and polars frames from everything that becomes an array."""
    if isinstance(X, pd.DataFrame):
        return "pandas"
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(X, polars.DataFrame):
        return "polars"
    if polars is not None and isinstance(X, polars.LazyFrame):
        raise TypeError("X is a polars LazyFrame; hand over X.collect() instead")
    if hasattr(X, "to_pandas") and len(getattr(X, "shape", ())) == 2:
        return "pandas"
    return "array"


def _cells(series):
    """Hand out a numpy array where pandas stores one, else the extension array."""
    return series.to_numpy() if isinstance(series.dtype, np.dtype) else series.array


def _as_pandas(X):
    """View any frame as a pandas one; a polars frame column by column."""
    if isinstance(X, pd.DataFrame):
        return X
    if type(X).__module__.split(".")[0] != "polars":
        return X.to_pandas()
    columns = {name: _polars_cells(X.get_column(name)) for name in X.columns}
    return pd.DataFrame(columns, copy=False)


def _polars_cells(series):
    """Hand out the cells of a polars series without help of pyarrow."""
    import polars as pl

    dtype = series.dtype
    if dtype == pl.Enum:
        codes = series.to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
        return pd.Categorical.from_codes(
            codes, dtype.categories.to_list(), ordered=True
        )
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


def _check_shape(frame, estimator):
    """Refuse empty frames and repeated names, in scikit-learn's words."""
    n_rows, n_columns = frame.shape
    required = f"while a minimum of 1 is required by {type(estimator).__name__}."
    if n_rows == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape={frame.shape}) {required}"
        )
    if n_columns == 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={frame.shape}) {required}"
        )
    if not frame.columns.is_unique:
        repeated = list(frame.columns[frame.columns.duplicated()].unique())
        raise SchemaError(
            f"The column name(s) {repeated} stand more than once in X; rename or drop "
            f"the repeated columns."
        )


def _single_block(frame):
    """Return the frame as one array where all columns share a numeric numpy dtype."""
    first = frame.dtypes.iloc[0]
    if not isinstance(first, np.dtype) or first.kind not in "iuf":
        return None
    return frame.to_numpy() if (frame.dtypes == first).all() else None
