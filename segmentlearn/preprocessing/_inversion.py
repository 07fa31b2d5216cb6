"""From the matrix of a fitted preprocessor back to columns as a user knows them."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array

from segmentlearn.preprocessing._mixed_imputer import MISSING_LEVEL
from segmentlearn.tables import DATETIME, NUMERIC_KINDS, TIMEDELTA, row_chunks

OTHER = "other"
_CALENDAR = (-719_162, 2_932_896)  # days from 1970 to the years 1 and 9999
_LONGEST = 9.2e18  # microseconds that a duration can hold


def original_columns(preprocessor: Any, X: Any) -> dict[str, np.ndarray]:
    """Return the columns in use in their own unit, by name."""
    names = list(preprocessor.get_feature_names_out())
    if hasattr(X, "columns") and set(X.columns) == set(names):
        X = X[names]  # a frame may have them in any order
    X = check_array(X, dtype=[np.float64, np.float32])
    if X.shape[1] != len(names):
        raise ValueError(
            f"X has {X.shape[1]} columns; transform gives {len(names)}, and these are "
            "what inverse_transform takes."
        )
    kinds, roles = preprocessor.column_kinds_, preprocessor.output_roles_
    columns: dict[str, np.ndarray] = {}
    numeric = [name for name, kind in kinds.items() if kind in NUMERIC_KINDS]
    if numeric:
        found = original_numbers(
            X[:, roles["numeric"]],
            [kinds[name] for name in numeric],
            preprocessor.scaler_,
        )
        columns |= dict(zip(numeric, found, strict=True))
    if preprocessor.target_scaler_ is not None:
        X = X.copy()
        means = preprocessor.target_scaler_.inverse_transform(X[:, roles["target"]])
        X[:, roles["target"]] = means
    encoder, imputer = preprocessor.encoder_, preprocessor.imputer_
    for name, group in preprocessor.output_groups_.items():
        made_up = imputer.categorical == "missing" and imputer.n_missing_[name] > 0
        columns[name] = nearest_levels(
            X[:, group],
            encoder.tables_[name],
            encoder.levels_[name],
            bool(encoder.merged_levels_[name]),
            missing_level=MISSING_LEVEL if made_up else None,
        )
    return {name: columns[name] for name in kinds}


def original_numbers(
    scaled: np.ndarray, kinds: list[str], scaler: Any
) -> list[np.ndarray]:
    """Return numeric columns in their own unit."""
    numbers = scaler.inverse_transform(np.asarray(scaled, np.float64))
    columns = []
    for column, kind in zip(numbers.T, kinds, strict=True):
        if kind in (DATETIME, TIMEDELTA):
            if kind == DATETIME:
                column = column.clip(*_CALENDAR)
            microseconds = np.rint(column * 86_400e6).clip(-_LONGEST, _LONGEST)
            unit = "datetime64[us]" if kind == DATETIME else "timedelta64[us]"
            column = microseconds.astype(np.int64).astype(unit)
        columns.append(column)
    return columns


def nearest_levels(
    encoded: np.ndarray,
    table: np.ndarray,
    levels: list,
    has_other: bool,
    missing_level: str | None = None,
) -> np.ndarray:
    """Return the level of each row whose code is nearest to what the row holds."""
    names = [*levels, OTHER] if has_other else list(levels)
    table = np.asarray(table[: len(names)], np.float64)
    codes = np.empty(len(encoded), np.int64)
    half_squares = (table**2).sum(axis=1) / 2
    for rows in row_chunks(len(encoded)):
        codes[rows] = (encoded[rows] @ table.T - half_squares).argmax(axis=1)
    values = np.empty(len(names), dtype=object)
    values[:] = [None if name == missing_level else name for name in names]
    column = values[codes]
    known = {type(name) for name in values if name is not None}
    if known <= {int, float} and known:  # truth values and text stay objects
        return pd.to_numeric(pd.Series(column)).to_numpy()
    return column
