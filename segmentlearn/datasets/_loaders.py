"""Readers of the three customer tables, which check what they read."""

import os
import pathlib
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.errors import EmptyDataError, ParserError, ParserWarning

from segmentlearn.datasets._conditions import read_description
from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.tables import closest_name

_N_EXAMPLES = 3
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
    return _load(path, "automobile", keep_id)


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
    return _load(path, "bank", keep_id)


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
    X, _ = _load(path, "mall", keep_id)
    return X, None


def _load(path: Any, kind: str, keep_id: bool) -> tuple[pd.DataFrame, pd.Series | None]:
    """Find, read, check, and split into features and label."""
    about = read_description(kind)
    names = [column["name"] for column in about["columns"]]
    required = [about["identifier"], *names] if keep_id else names
    # "integer" is int64 where it is complete, "number" always float64, the rest as is
    known = [{"name": about["identifier"], "kind": "identifier"}, *about["columns"]]
    known += [about["target"]] if "target" in about else []
    defaults = {"kind": "category", "low": -np.inf, "high": np.inf}
    known = [defaults | column for column in known]
    frame = _read(_source(path, about["filename"]), known)
    table = _check_table(frame, about, known, required)
    target = about.get("target", {}).get("name")
    return table[required], table.get(target)


def _source(path: Any, filename: str) -> Any:
    """The existing file to read, or the open file that was given."""
    if hasattr(path, "read"):
        return path
    if path is None:
        folder = os.environ.get(_DATA_VARIABLE)
        if not folder:
            raise FileNotFoundError(
                f"path is None and the environment variable {_DATA_VARIABLE} is not "
                f"set. Set it to the folder that holds {filename!r}, or pass path."
            )
        file = pathlib.Path(folder).expanduser() / filename
        if not file.is_file():
            raise FileNotFoundError(
                f"there is no file {filename!r} in {folder!r}, the folder that "
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
        file = file / filename
    if not file.is_file():
        raise FileNotFoundError(f"path: there is no file {str(file)!r}.")
    return file


def _read(source: Any, columns: list[dict]) -> pd.DataFrame:
    """Read a CSV, categories as text even if they look like numbers."""
    text = {c["name"]: str for c in columns if c["kind"] == "category"}
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


def _check_table(
    frame: pd.DataFrame, about: dict, known: list[dict], required: Sequence[str]
) -> pd.DataFrame:
    """The known columns of a table, in their order and dtypes."""
    problems = []
    names = [column["name"] for column in known]
    extra = [str(name) for name in frame.columns if name not in names]
    repeated = frame.columns[frame.columns.duplicated()].unique()
    problems += [f"column {str(name)!r} appears more than once" for name in repeated]
    checked = {}
    for name, column in zip(names, known, strict=True):
        if name not in frame.columns and name in required:
            near = closest_name(name, extra)
            hint = f" (is it the column {near!r}? Rename it)" if near else ""
            problems.append(f"column {name!r} is missing{hint}")
        elif name in frame.columns and name not in repeated:
            checked[name], found = _checked_values(frame[name], column)
            problems += found
    if len(frame) == 0:
        problems.append("the table has no rows")
    target = about.get("target", {}).get("name")
    if target in checked and (n_missing := int(checked[target].isna().sum())):
        problems.append(
            f"column {target!r} has no label in {n_missing} rows: drop those rows, or "
            "the whole column to read the customers without labels"
        )
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise SchemaError(
            f"This is not {about['table']}, for {len(problems)} reason(s):\n{listed}"
        )
    if extra:
        warnings.warn(
            f"{about['table']} has extra columns, which are ignored: {extra}. Read the "
            "file with pandas.read_csv to keep them.",
            SegmentLearnWarning,
            stacklevel=4,
        )
    return pd.DataFrame(checked)


def _checked_values(values: pd.Series, column: dict) -> tuple[pd.Series, list[str]]:
    """A column in its dtype, and what is wrong with it."""
    name, kind, low, high = (column[key] for key in ("name", "kind", "low", "high"))
    if kind in ("identifier", "category"):
        return values, []
    numbers = pd.to_numeric(values, errors="coerce").astype(np.float64)
    if values.dtype == bool:
        return numbers, [f"column {name!r} must hold numbers, not booleans"]
    infinite = np.isinf(numbers)
    wrong = {
        "text, not numbers": values.notna() & numbers.isna(),
        "infinite": infinite,
        f"outside [{low:g}, {high:g}]": ~infinite
        & ((numbers < low) | (numbers > high)),
    }
    problems = [
        f"column {name!r} ({kind}): {bad.sum()} of {len(values)} values are {what}, "
        f"such as {', '.join(map(repr, values[bad].unique()[:_N_EXAMPLES].tolist()))}"
        for what, bad in wrong.items()
        if bad.any()
    ]
    whole = numbers.notna().all() and not infinite.any() and (numbers % 1 == 0).all()
    if kind == "integer" and whole:
        return numbers.astype(np.int64), problems
    return numbers, problems
