"""Readers of the three customer tables, which check what they read."""

import os
import pathlib
import warnings
from typing import Any

import pandas as pd
from pandas.errors import EmptyDataError, ParserError, ParserWarning

from segmentlearn.datasets._schema import AUTOMOBILE, BANK, MALL, Schema, check_table
from segmentlearn.exceptions import SchemaError

_DATA_VARIABLE = "SEGMENTLEARN_DATA"


def load_automobile(
    path: Any = None, *, keep_id: bool = False
) -> tuple[pd.DataFrame, pd.Series | None]:
    """Read the automobile customers from a CSV file.

    The columns, their kinds and their ranges are checked; the levels of the categories
    are not, so that a table with new levels can be read and scored.

    Parameters
    ----------
    path : str, path-like, file-like or None, default=None
        The CSV file, or a folder with a file "auto_train.csv". `None` looks for that
        file in the folder which the environment variable `SEGMENTLEARN_DATA` names.

    keep_id : bool, default=False
        Whether `X` starts with the identifier `ID`, which is never a feature.

    Returns
    -------
    X : DataFrame of shape (n_samples, 9)
        `Gender`, `Ever_Married`, `Age` (years), `Graduated`, `Profession`,
        `Work_Experience` (years), `Spending_Score`, `Family_Size` (people), `Var_1`, in
        this order whatever the file's; numbers as int64 or float64, the rest as text.

    y : Series of shape (n_samples,) or None
        The column `Segmentation`; `None` if the file doesn't have it, as that of the
        potential customers.

    Raises
    ------
    FileNotFoundError
        If the file is absent, or `path` is `None` and the variable isn't set.
    SchemaError
        If the table differs: every difference is listed, missing columns, text or
        infinite values among numbers, numbers out of range, rows without a label.

    Warns
    -----
    SegmentLearnWarning
        If the file has further columns; they are ignored.

    See Also
    --------
    make_customers : Generate a table of this shape.

    Examples
    --------
    >>> import io
    >>> from segmentlearn.datasets import load_automobile, make_customers
    >>> X, y = make_customers("automobile", n_samples=50, random_state=0)
    >>> file = io.StringIO(X.assign(Segmentation=y).to_csv(index=False))
    >>> X, y = load_automobile(file)
    >>> X.shape, y.name
    ((50, 9), 'Segmentation')
    """
    return _load(path, AUTOMOBILE, keep_id)


def load_bank(
    path: Any = None, *, keep_id: bool = False
) -> tuple[pd.DataFrame, pd.Series | None]:
    """Read the customers of the bank's phone campaign from a CSV file.

    The columns, their kinds and their ranges are checked; the levels of the categories
    are not, so that a table with new levels can be read and scored.

    Parameters
    ----------
    path : str, path-like, file-like or None, default=None
        The CSV file, or a folder with a file "bank.csv". `None` looks for that file in
        the folder which the environment variable `SEGMENTLEARN_DATA` names.

    keep_id : bool, default=False
        Whether `X` starts with the identifier `id`, which is never a feature.

    Returns
    -------
    X : DataFrame of shape (n_samples, 16)
        The features from `customer_age` (years) to `prev_campaign_outcome`, in this
        order whatever the file's; numbers as int64 or float64, the rest as text.
        `last_contact_duration` (seconds) is known only after the call: drop it to
        choose whom to call.

    y : Series of shape (n_samples,) or None
        The column `term_deposit_subscribed`, 0 or 1; `None` if the file doesn't have
        it.

    Raises
    ------
    FileNotFoundError
        If the file is absent, or `path` is `None` and the variable isn't set.
    SchemaError
        If the table differs: every difference is listed, missing columns, text or
        infinite values among numbers, numbers out of range, rows without a label.

    Warns
    -----
    SegmentLearnWarning
        If the file has further columns; they are ignored.

    See Also
    --------
    make_customers : Generate a table of this shape.

    Examples
    --------
    >>> import io
    >>> from segmentlearn.datasets import load_bank, make_customers
    >>> X, y = make_customers("bank", n_samples=50, random_state=0)
    >>> file = io.StringIO(X.assign(term_deposit_subscribed=y).to_csv(index=False))
    >>> X, y = load_bank(file)
    >>> X.shape, int(y.sum())
    ((50, 16), 5)
    """
    return _load(path, BANK, keep_id)


def load_mall(path: Any = None, *, keep_id: bool = False) -> tuple[pd.DataFrame, None]:
    """Read the mall customers from a CSV file.

    The columns, their kinds and their ranges are checked; the levels of the categories
    are not, so that a table with new levels can be read and scored.

    Parameters
    ----------
    path : str, path-like, file-like or None, default=None
        The CSV file, or a folder with a file "mall.csv". `None` looks for that file in
        the folder which the environment variable `SEGMENTLEARN_DATA` names.

    keep_id : bool, default=False
        Whether `X` starts with the identifier `CustomerID`, which is never a feature.

    Returns
    -------
    X : DataFrame of shape (n_samples, 4)
        `Gender`, `Age` (years), `Annual Income (k$)` (thousand dollars) and
        `Spending Score (1-100)`, in this order whatever the file's.

    y : None
        The table has no labels; returned so that every loader gives a pair.

    Raises
    ------
    FileNotFoundError
        If the file is absent, or `path` is `None` and the variable isn't set.
    SchemaError
        If the table differs: every difference is listed, missing columns, text or
        infinite values among numbers, numbers out of range.

    Warns
    -----
    SegmentLearnWarning
        If the file has further columns; they are ignored.

    See Also
    --------
    make_customers : Generate a table of this shape, with the segments known.

    Examples
    --------
    >>> import io
    >>> from segmentlearn.datasets import load_mall, make_customers
    >>> X, _ = make_customers("mall", n_samples=50, random_state=0)
    >>> X, y = load_mall(io.StringIO(X.to_csv(index=False)))
    >>> X.shape, y
    ((50, 4), None)
    """
    X, _ = _load(path, MALL, keep_id)
    return X, None


def _load(
    path: Any, schema: Schema, keep_id: bool
) -> tuple[pd.DataFrame, pd.Series | None]:
    """Find, read, check, and split into features and label."""
    required = [schema.identifier.name] if keep_id else []
    table = check_table(_read(_source(path, schema), schema), schema, required)
    names = required + [column.name for column in schema.features]
    if schema.target is None or schema.target.name not in table:
        return table[names], None
    return table[names], table[schema.target.name]


def _source(path: Any, schema: Schema) -> Any:
    """The existing file to read, or the open file that was given."""
    if hasattr(path, "read"):
        return path
    if path is None:
        folder = os.environ.get(_DATA_VARIABLE)
        if not folder:
            raise FileNotFoundError(
                f"path is None and the environment variable {_DATA_VARIABLE} is not "
                f"set. Set it to the folder that holds {schema.filename!r}, or pass "
                "path."
            )
        file = pathlib.Path(folder).expanduser() / schema.filename
        if not file.is_file():
            raise FileNotFoundError(
                f"there is no file {schema.filename!r} in {folder!r}, the folder that "
                f"the environment variable {_DATA_VARIABLE} names. Put it there, or "
                "pass path."
            )
        return file
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            "path must be a str, a path-like, an open file or None, got "
            f"{type(path).__name__}."
        )
    file = pathlib.Path(os.fsdecode(path)).expanduser()
    if file.is_dir():
        file = file / schema.filename
    if not file.is_file():
        raise FileNotFoundError(f"path: there is no file {str(file)!r}.")
    return file


def _read(source: Any, schema: Schema) -> pd.DataFrame:
    """Read a CSV, categories as text even if they look like numbers."""
    text = dict.fromkeys(schema.text_columns(), str)
    name = str(source) if isinstance(source, pathlib.Path) else "the open file"
    try:
        with warnings.catch_warnings():
            # rows longer than the header: pandas would cut them with this warning
            warnings.simplefilter("error", ParserWarning)
            frame = pd.read_csv(
                source,
                dtype=text,
                skipinitialspace=True,
                low_memory=False,
                index_col=False,  # never the first column, if rows are too long
            )
    except (EmptyDataError, ParserError, ParserWarning, UnicodeError) as error:
        raise SchemaError(f"{name} is not a CSV table in UTF-8: {error}") from error
    frame.columns = [str(column).strip() for column in frame.columns]
    for separator in (";", "\t", "|"):
        if len(frame.columns) == 1 and separator in frame.columns[0]:
            raise SchemaError(
                f"{name} has its columns separated by {separator!r}: a CSV table "
                "separated by commas is needed."
            )
    return frame
