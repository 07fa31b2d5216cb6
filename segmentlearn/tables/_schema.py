"""What a table must look like: names, kinds, finite numbers."""

import difflib
import warnings

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.tables._columns import (
    BOOLEAN,
    DATETIME,
    EMPTY,
    NUMBER,
    NUMERIC_KINDS,
    TIMEDELTA,
    kind_of,
)
from segmentlearn.tables._row_chunks import row_blocks

_KINDS_ACCEPTED_FOR = {
    NUMBER: (NUMBER, BOOLEAN, EMPTY),
    DATETIME: (DATETIME, EMPTY),
    TIMEDELTA: (TIMEDELTA, EMPTY),
}


def column_names(estimator):
    """Return the names of an estimator's input columns, ``x0`` … where it saw none."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return [f"x{position}" for position in range(estimator.n_features_in_)]
    return [str(name) for name in names]


def check_input_features(estimator, input_features):
    """Return the input names for ``get_feature_names_out`` after checking them."""
    if input_features is None:
        return column_names(estimator)
    given = [str(name) for name in input_features]
    seen = getattr(estimator, "feature_names_in_", None)
    if seen is not None and given != list(seen):
        raise ValueError("input_features is not equal to feature_names_in_")
    if len(given) != estimator.n_features_in_:
        raise ValueError(
            "input_features should have length equal to number of "
            f"features ({estimator.n_features_in_}), got {len(given)}"
        )
    return given


def unique_names(names):
    """Make names unique by appending ``_2``, ``_3``, … to those that repeat."""
    names = list(names)
    wanted = set(names)
    unique = []
    seen = set()
    for name in names:
        candidate, number = name, 2
        while candidate in seen or (candidate != name and candidate in wanted):
            candidate = f"{name}_{number}"
            number += 1
        seen.add(candidate)
        unique.append(candidate)
    return unique


def kind_problems(names, columns, expected_kinds):
    """List the columns whose kind is not the one seen in fit."""
    problems = {}
    for name, column, expected in zip(names, columns, expected_kinds, strict=True):
        if expected not in NUMERIC_KINDS:
            continue
        kind = kind_of(column)
        if kind not in _KINDS_ACCEPTED_FOR[expected]:
            problems[name] = _kind_problem(name, column, expected, kind)
    return problems


def match_columns(names, used, seen):
    """Find the columns in use by name; extra columns are warned about."""
    place_of = {name: at for at, name in enumerate(names)}
    extra = [name for name in names if name not in set(seen)]
    missing = [name for name in used if name not in place_of]
    if extra and not missing:
        warnings.warn(
            f"The column(s) {extra} were not seen in fit and are ignored.",
            SegmentLearnWarning,
            stacklevel=5,
        )
    places = [place_of[name] for name in used if name in place_of]
    return places, [_missing_problem(name, extra) for name in missing]


def infinite_problems(names, block):
    """List the numeric columns that hold infinite values."""
    infinite = np.zeros(block.shape[1], dtype=bool)
    for rows in row_blocks(block.shape[0]):
        infinite |= np.isinf(block[rows]).any(axis=0)
    return [
        f"column {names[position]!r} holds {int(np.isinf(block[:, position]).sum())} "
        f"infinite value(s); replace them, for example by missing values: "
        f"X.replace([numpy.inf, -numpy.inf], numpy.nan)"
        for position in np.flatnonzero(infinite)
    ]


def raise_schema_error(estimator, problems):
    """Raise one SchemaError that lists every problem, if there is any."""
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise SchemaError(
            f"{type(estimator).__name__} cannot use this table:\n{listed}"
        )


def _kind_problem(name, column, expected, kind):
    """Say what one column holds instead, and the cure."""
    was = f"column {name!r} held a {expected} in fit and holds {kind} values now"
    if expected != NUMBER:
        cure = "pandas.to_datetime" if expected == DATETIME else "pandas.to_timedelta"
        return f"{was}; convert it with {cure}"
    if kind in (DATETIME, TIMEDELTA):
        return f"{was}; hand over the same numbers as in fit"
    cells = np.asarray(column, dtype=object)
    cells = pd.Series(cells[~np.asarray(pd.isna(cells), dtype=bool)], dtype=object)
    wrong = cells[pd.to_numeric(cells.astype(str), errors="coerce").isna()]
    if len(wrong):
        return (
            f"column {name!r} held numbers in fit and holds text now: {len(wrong)} "
            f"value(s) are no number, the first is {wrong.iloc[0]!r}; correct them or "
            f"make them missing with pandas.to_numeric(column, errors='coerce')"
        )
    return (
        f"column {name!r} held numbers in fit and holds numbers written as text now; "
        f"convert it with pandas.to_numeric(column)"
    )


def _missing_problem(name, extra):
    """Say that a column is missing, and which new one may be it."""
    folded = {str(candidate).casefold(): candidate for candidate in extra}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    hint = f"; is {folded[close[0]]!r}, which is new, the same one?" if close else ""
    return f"column {name!r} is missing{hint}"
