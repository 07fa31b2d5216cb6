"""overview: what is in each column of a table, a line each."""

import dataclasses
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn._formatting import (
    level_text,
    names_text,
    number_text,
    percent,
    sparkline,
)
from segmentlearn.tables import (
    CATEGORY,
    Column,
    TableSchema,
    as_table,
    plain_level,
)

_BINS = 8
_LEVELS = 3
_LONGEST = 16  # letters of a level
_KINDS = {"datetime": "date", "timedelta": "duration", "boolean": "yes or no"}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TableOverview:
    """What is in each column of a table.

    Made by :func:`overview`. Printed, it has a line for each column.

    Attributes
    ----------
    n_rows : int
        Rows of the table.
    columns : DataFrame
        One row a column, as `to_frame` returns it.

    See Also
    --------
    audit : What is wrong with a table.
    """

    n_rows: int
    columns: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the overview as a frame.

        Returns
        -------
        frame : DataFrame
            One row a column: "column"; "type" ("number", "date", "duration", "yes or
            no", "category", "mixed" or "empty"); "role" ("feature", "identifier",
            "constant" or "empty"); "missing", the share of missing cells; "distinct",
            the number of different values; "suspect", that of values that can hardly be
            true; "holds", the range and the median of numbers, or the most frequent
            levels, in words; "histogram", the rows of eight bins of equal width between
            the lowest and the highest plausible number, or of the most frequent levels.
        """
        return self.columns.copy()

    def to_text(self, has_blocks: bool = True) -> str:
        """Return the overview as text.

        Parameters
        ----------
        has_blocks : bool, default=True
            Whether bars are drawn with block characters; digits otherwise.

        Returns
        -------
        text : str
            A heading, and a line for each column.
        """
        shown = self.columns.drop(columns="histogram")
        shown["missing"] = [percent(share) for share in shown["missing"]]
        shown["distinct"] = [f"{number:,}" for number in shown["distinct"]]
        if shown["suspect"].any():
            shown["suspect"] = [f"{n:,}" if n else "" for n in shown["suspect"]]
        else:
            shown = shown.drop(columns="suspect")
        bars = [
            sparkline(rows, 0, max(rows), has_blocks) if len(rows) else ""
            for rows in self.columns["histogram"]
        ]
        shown.insert(shown.columns.get_loc("holds"), "bar", bars)
        numbers = {"missing", "distinct", "suspect"}
        padded = []
        for name in shown:
            cells = [name, *shown[name]]
            width = max(map(len, cells))
            pad = str.rjust if name in numbers else str.ljust
            padded.append([pad(cell, width) for cell in cells])
        return "\n".join("  ".join(row).rstrip() for row in zip(*padded, strict=True))

    def __str__(self) -> str:
        return f"{self!r}\n\n{self.to_text()}"

    def __repr__(self) -> str:
        return f"TableOverview({self.n_rows:,} rows, {len(self.columns)} columns)"

    def _repr_html_(self) -> str:
        frame = self.columns.drop(columns="histogram")
        return str(frame.to_html(index=False, border=0, float_format=percent))


def overview(
    X: Any, *, ids: Collection[str] = (), categorical_features: Collection[str] = ()
) -> TableOverview:
    """Show what is in each column of a table: type, role, range or levels.

    The first look at a table; :func:`audit` says what is wrong with it.

    Parameters
    ----------
    X : frame or array-like of shape (n_samples, n_features)
        The table in raw columns. Text is read as what it holds: numbers, dates, levels.
    ids : collection of str, default=()
        Columns that name a customer; others that look like it are found.
    categorical_features : collection of str, default=()
        Columns of levels, whatever they look like.

    Returns
    -------
    overview : TableOverview
        Printed, it has a line for each column.

    Raises
    ------
    ValueError
        If `ids` or `categorical_features` has a name that is no column.

    Examples
    --------
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.auditing import overview
    >>> X, _ = make_customers("mall", 200, random_state=0)
    >>> overview(X).to_frame()[["column", "type", "distinct", "holds"]]
                       column      type  distinct                 holds
    0                  Gender  category         2  Female 55%, Male 46%
    1                     Age    number        37   18 to 58, median 40
    2      Annual Income (k$)    number        72  16 to 104, median 57
    3  Spending Score (1-100)    number        78  5 to 95, median 51.5
    """
    table = as_table(X, "overview")
    for parameter, given in {
        "ids": ids,
        "categorical_features": categorical_features,
    }.items():
        unknown = sorted(set(given) - set(table.names))
        if unknown:
            raise ValueError(
                f"{parameter} has {unknown}; the columns of X are {table.names}."
            )
    _, typed, _ = TableSchema.of_and_read(table, categorical_features)
    levels = {*categorical_features}
    rows = [
        _describe(
            Column(c.name, c.cells, CATEGORY) if c.name in levels else c, c.name in ids
        )
        for c in typed.columns
    ]
    return TableOverview(typed.n_rows, pd.DataFrame(rows))


def _describe(column: Column, is_id: bool) -> dict[str, Any]:
    """Return the facts of one column."""
    n_distinct = column.n_distinct
    role = "feature"
    if is_id or (n_distinct and column.identifies):
        role = "identifier"
    elif n_distinct <= 1:
        role = "constant" if n_distinct else "empty"
    facts = {
        "column": column.name,
        "type": _KINDS.get(column.kind, column.kind),
        "role": role,
        "missing": float(column.missing.mean()) if len(column) else 0.0,
        "distinct": n_distinct,
        "suspect": 0,
        "holds": "",
        "histogram": [],
    }
    if not n_distinct:
        return facts
    if role == "identifier":
        examples = np.asarray(column.cells, dtype=object)[~column.missing][:_LEVELS]
        texts = [_cut(str(plain_level(example))) for example in examples]
        return facts | {"holds": names_text([*texts, "…"])}
    if column.is_numeric and n_distinct > 2:
        return facts | _describe_numbers(column)
    return facts | _describe_levels(column)


def _describe_numbers(column: Column) -> dict[str, Any]:
    """Return range, median and histogram of the plausible numbers."""
    masks = [*column.implausible.values(), ~np.isfinite(column.numbers)]
    suspect = np.any(masks, axis=0)
    numbers = column.numbers[~suspect]
    if not len(numbers):  # all of them are infinite
        return {"suspect": int(np.count_nonzero(~column.missing))}
    ends = (numbers.min(), numbers.max(), np.median(numbers))
    low, high, middle = (number_text(float(end), column.kind) for end in ends)
    counts, _ = np.histogram(numbers, bins=_BINS)
    return {
        "suspect": int(np.count_nonzero(suspect & ~column.missing)),
        "holds": f"{low} to {high}, median {middle}",
        "histogram": counts.tolist(),
    }


def _describe_levels(column: Column) -> dict[str, Any]:
    """Return the most frequent levels."""
    factor, counts = column.factor, column.level_counts
    order = np.argsort(-counts, kind="stable")
    n_present = counts.sum()
    shown = [
        f"{_cut(level_text(factor.levels[at], column.name))} "
        f"{percent(counts[at] / n_present)}"
        for at in order[:_LEVELS]
        if counts[at]
    ]
    n_more = column.n_distinct - len(shown)
    more = f" and {n_more:,} more" if n_more > 0 else ""
    return {
        "holds": f"{', '.join(shown)}{more}",
        "histogram": counts[order[: min(_BINS, column.n_distinct)]].tolist(),
    }


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
