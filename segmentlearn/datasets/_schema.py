"""What columns a table must have, and a check that lists every difference at once."""

import difflib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SchemaError, SegmentLearnWarning

_N_EXAMPLES = 3


@dataclass(frozen=True)
class Column:
    """One column of a table: its kind, whether it must exist, what it may hold.

    An "integer" column becomes int64 where it is complete and float64 where it has
    gaps; a "number" is always float64; a "category" is text; an "identifier" stays as
    it is.
    """

    name: str
    kind: Literal["integer", "number", "category", "identifier"]
    required: bool = True
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True)
class Schema:
    """A table: its identifier, its features in order, and its label if it has one."""

    table: str
    filename: str
    identifier: Column
    features: tuple[Column, ...]
    target: Column | None = None

    def columns(self) -> tuple[Column, ...]:
        """All columns that the table may have."""
        target = () if self.target is None else (self.target,)
        return (self.identifier, *self.features, *target)

    def text_columns(self) -> list[str]:
        """The columns to be read as text, whatever their values look like."""
        return [c.name for c in self.columns() if c.kind == "category"]


def check_table(
    frame: pd.DataFrame, schema: Schema, required: Sequence[str] = ()
) -> pd.DataFrame:
    """The schema's columns of a table, in its order and dtypes."""
    problems = []
    known = schema.columns()
    extra = [str(n) for n in frame.columns if n not in {c.name for c in known}]
    repeated = frame.columns[frame.columns.duplicated()].unique()
    problems += [f"column {str(name)!r} appears more than once" for name in repeated]
    checked = {}
    for column in known:
        if column.name in repeated:
            continue
        if column.name not in frame.columns:
            if column.required or column.name in required:
                problems.append(_missing_column(column.name, extra))
            continue
        values, found = _checked_values(frame[column.name], column)
        checked[column.name] = values
        problems += found
    if len(frame) == 0:
        problems.append("the table has no rows")
    problems += _unlabelled_rows(checked, schema)
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise SchemaError(
            f"This is not {schema.table}, for {len(problems)} reason(s):\n{listed}"
        )
    if extra:
        warnings.warn(
            f"{schema.table} has extra columns, which are ignored: {extra}. Read the "
            "file with pandas.read_csv to keep them.",
            SegmentLearnWarning,
            stacklevel=4,
        )
    return pd.DataFrame(checked)


def _missing_column(name: str, extra: list[str]) -> str:
    """What to say about a column that is absent, and what it may be called here."""
    folded = {other.casefold(): other for other in extra}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.7)
    hint = f" (is it the column {folded[near[0]]!r}? Rename it)" if near else ""
    return f"column {name!r} is missing{hint}"


def _checked_values(values: pd.Series, column: Column) -> tuple[pd.Series, list[str]]:
    """A column in its dtype, and what is wrong with it."""
    if column.kind in ("identifier", "category"):
        return values, []
    numbers = pd.to_numeric(values, errors="coerce").astype(np.float64)
    if values.dtype == bool:
        return numbers, [f"column {column.name!r} must hold numbers, not booleans"]
    problems = []
    text = values.notna() & numbers.isna()
    if text.any():
        problems.append(_cells(column, values[text], len(values), "text, not numbers"))
    infinite = np.isinf(numbers)
    if infinite.any():
        problems.append(_cells(column, values[infinite], len(values), "infinite"))
    outside = ~infinite & ((numbers < column.low) | (numbers > column.high))
    if outside.any():
        span = f"outside [{column.low:g}, {column.high:g}]"
        problems.append(_cells(column, values[outside], len(values), span))
    whole = numbers.notna().all() and not infinite.any() and (numbers % 1 == 0).all()
    if column.kind == "integer" and whole:
        return numbers.astype(np.int64), problems
    return numbers, problems


def _cells(column: Column, bad: pd.Series, n_rows: int, what: str) -> str:
    """How many cells are wrong, how, and a few of them."""
    examples = ", ".join(repr(v) for v in bad.unique()[:_N_EXAMPLES].tolist())
    return (
        f"column {column.name!r} ({column.kind}): {len(bad)} of {n_rows} values are "
        f"{what}, such as {examples}"
    )


def _unlabelled_rows(checked: dict[str, pd.Series], schema: Schema) -> list[str]:
    """A complaint about labels with gaps; a table without any label column is fine."""
    if schema.target is None or schema.target.name not in checked:
        return []
    gaps = int(checked[schema.target.name].isna().sum())
    if gaps == 0:
        return []
    return [
        f"column {schema.target.name!r} has no label in {gaps} rows: drop those rows, "
        "or the whole column to read the customers without labels"
    ]


AUTOMOBILE = Schema(
    table="an automobile customer table",
    filename="auto_train.csv",
    identifier=Column("ID", "identifier", required=False),
    features=(
        Column("Gender", "category"),
        Column("Ever_Married", "category"),
        Column("Age", "integer", low=0, high=130),
        Column("Graduated", "category"),
        Column("Profession", "category"),
        Column("Work_Experience", "number", low=0, high=100),
        Column("Spending_Score", "category"),
        Column("Family_Size", "number", low=0, high=100),
        Column("Var_1", "category"),
    ),
    target=Column("Segmentation", "category", required=False),
)

BANK = Schema(
    table="a bank campaign table",
    filename="bank.csv",
    identifier=Column("id", "identifier", required=False),
    features=(
        Column("customer_age", "number", low=0, high=130),
        Column("job_type", "category"),
        Column("marital", "category"),
        Column("education", "category"),
        Column("default", "category"),
        Column("balance", "number"),
        Column("housing_loan", "category"),
        Column("personal_loan", "category"),
        Column("communication_type", "category"),
        Column("day_of_month", "integer", low=1, high=31),
        Column("month", "category"),
        Column("last_contact_duration", "number", low=0),
        Column("num_contacts_in_campaign", "number", low=0),
        Column("days_since_prev_campaign_contact", "number", low=-1),
        Column("num_contacts_prev_campaign", "integer", low=0),
        Column("prev_campaign_outcome", "category"),
    ),
    target=Column("term_deposit_subscribed", "integer", False, low=0, high=1),
)

MALL = Schema(
    table="a mall customer table",
    filename="mall.csv",
    identifier=Column("CustomerID", "identifier", required=False),
    features=(
        Column("Gender", "category"),
        Column("Age", "integer", low=0, high=130),
        Column("Annual Income (k$)", "integer", low=0),
        Column("Spending Score (1-100)", "integer", low=0, high=100),
    ),
)
