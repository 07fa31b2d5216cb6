"""The roles of columns that a user lists: numbers, categories, dates, identifiers."""

from typing import Any

from segmentlearn.tables import (
    DATETIME,
    EMPTY,
    Column,
    Table,
    TableSchema,
    listed_columns,
    raise_schema_error,
)


def listed_dates(dates: Any, names: list[str]) -> tuple[set[str], dict[str, str]]:
    """Return the columns that the user says hold dates, and their formats."""
    if isinstance(dates, dict):
        return listed_columns(names, list(dates), "dates"), dict(dates)
    return listed_columns(names, dates, "dates"), {}


def listed_identifiers(preprocessor: Any, names: list[str]) -> set[str]:
    """Return the columns that the user says are identifiers."""
    if isinstance(preprocessor.identifiers, str):
        return set()
    listed = listed_columns(names, preprocessor.identifiers, "identifiers")
    for other in ("numeric", "categorical", "dates"):
        both = listed & listed_columns(names, getattr(preprocessor, other), other)
        if both:
            raise ValueError(
                f"{sorted(both)} are in both identifiers and {other}; leave each in "
                "one of them."
            )
    return listed


def check_dates(
    title: str,
    table: Table,
    schema: TableSchema,
    dates: set[str],
    formats: dict[str, str],
) -> None:
    """Refuse dates that could be read in two ways, and listed ones that are none."""
    problems = [
        f"column {name!r} holds dates that are {formats}; say which, with "
        f"dates={{{name!r}: '%d/%m/%Y'}} for example"
        for name, formats in schema.ambiguous_dates().items()
    ]
    problems += [
        _no_dates(column, formats.get(column.name))
        for column in table.columns
        if column.name in dates and column.kind not in (DATETIME, EMPTY)
    ]
    raise_schema_error(title, problems)


def _no_dates(column: Column, form: str | None) -> str:
    """Return what is wrong with a column that is listed as one of dates."""
    cells = [cell for cell in column.cells[:100] if isinstance(cell, str)]
    example = f", such as {cells[0]!r}," if cells else ""
    written = f" written as {form!r}" if form else ""
    return (
        f"column {column.name!r}, which dates lists, holds no dates{written}: its "
        f"cells{example} are of kind {column.kind!r}; say how they are written, with "
        f"dates={{{column.name!r}: '%d.%m.%Y'}} for example, or take it off the list"
    )


def renamed_columns(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a preprocessor of an older archive with today's names."""
    if "numeric_features" not in state:
        return state
    renamed = {
        "numeric_imputation": state.get("numeric"),
        "categorical_imputation": state.get("categorical"),
        "numeric": state["numeric_features"],
        "categorical": state["categorical_features"],
        "dates": state.get("date_features", "auto"),
        "identifiers": "auto" if state["identifiers"] == "drop" else "keep",
    }
    old = ("numeric_features", "categorical_features", "date_features")
    kept = {name: value for name, value in state.items() if name not in old}
    return kept | {n: v for n, v in renamed.items() if v is not None}
