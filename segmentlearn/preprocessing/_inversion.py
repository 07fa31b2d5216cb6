"""From the matrix of a fitted preprocessor back to columns in their own unit."""

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
    X = read_prepared(preprocessor, X)
    kinds, roles = preprocessor.column_kinds_, preprocessor.output_roles_
    columns: dict[str, np.ndarray] = {}
    numeric = [name for name, kind in kinds.items() if kind in NUMERIC_KINDS]
    if numeric:
        scaled = np.asarray(X[:, roles["numeric"]], np.float64)
        scaler = preprocessor.scaler_
        numbers = scaled if scaler is None else scaler.inverse_transform(scaled)
        for name, column in zip(numeric, numbers.T, strict=True):
            columns[name] = _in_own_unit(column, kinds[name])
    if preprocessor.target_scaler_ is not None:
        X = X.copy()
        means = preprocessor.target_scaler_.inverse_transform(X[:, roles["target"]])
        X[:, roles["target"]] = means
    encoder, imputer = preprocessor.encoder_, preprocessor.imputer_
    for name, group in preprocessor.output_groups_.items():
        levels = list(encoder.levels_[name])
        if imputer.categorical == "missing" and imputer.n_missing_[name] > 0:
            levels = [None if level == MISSING_LEVEL else level for level in levels]
        if encoder.merged_levels_[name]:
            levels.append(OTHER)
        columns[name] = _nearest_levels(X[:, group], encoder.tables_[name], levels)
    return {name: columns[name] for name in kinds}


def read_prepared(preprocessor: Any, X: Any, ensure_min_samples: int = 1) -> np.ndarray:
    """Read rows as `transform` gives them, a frame in any order of columns."""
    names = list(preprocessor.get_feature_names_out())
    if hasattr(X, "columns") and set(X.columns) == set(names):
        X = X[names]
    floats = [np.float64, np.float32]
    X = check_array(X, dtype=floats, ensure_min_samples=ensure_min_samples)
    if X.shape[1] != len(names):
        raise ValueError(
            f"X has {X.shape[1]} columns; transform gives {len(names)}, and these are "
            "what inverse_transform takes."
        )
    return X


def _in_own_unit(numbers: np.ndarray, kind: str) -> np.ndarray:
    """Return numbers, or the dates or durations that they are days of."""
    if kind not in (DATETIME, TIMEDELTA):
        return numbers
    if kind == DATETIME:
        numbers = numbers.clip(*_CALENDAR)
    microseconds = np.rint(numbers * 86_400e6).clip(-_LONGEST, _LONGEST)
    return microseconds.astype(np.int64).astype(
        "M8[us]" if kind == DATETIME else "m8[us]"
    )


def _nearest_levels(encoded: np.ndarray, table: np.ndarray, levels: list) -> np.ndarray:
    """Return the level of each row whose code is nearest to what the row holds."""
    table = np.asarray(table[: len(levels)], np.float64)
    codes = np.empty(len(encoded), np.int64)
    half_squares = (table**2).sum(axis=1) / 2
    for rows in row_chunks(len(encoded)):
        codes[rows] = (encoded[rows] @ table.T - half_squares).argmax(axis=1)
    values = np.empty(len(levels), dtype=object)
    values[:] = levels
    column = values[codes]
    known = {type(level) for level in levels if level is not None}
    if known <= {int, float} and known:  # truth values and text stay objects
        return pd.to_numeric(pd.Series(column)).to_numpy()
    return column
