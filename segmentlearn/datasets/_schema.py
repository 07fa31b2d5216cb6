"""What columns a table must have, and a check that lists every difference at once."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.tables import closest_name

_N_EXAMPLES = 3


@dataclass(frozen=True)
class ColumnSpec:
    """One column of a table: its kind, whether it must exist, what it may hold.

    An "integer" column becomes int64 where it is complete and float64 where it
    misses values; a "number" is always float64; a "category" is text; an
    "identifier" stays as it is.
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
    identifier: ColumnSpec
    features: tuple[ColumnSpec, ...]
    target: ColumnSpec | None = None

    def columns(self) -> tuple[ColumnSpec, ...]:
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
                near = closest_name(column.name, extra)
                hint = f" (is it the column {near!r}? Rename it)" if near else ""
                problems.append(f"column {column.name!r} is missing{hint}")
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


def _checked_values(
    values: pd.Series, column: ColumnSpec
) -> tuple[pd.Series, list[str]]:
    """A column in its dtype, and what is wrong with it."""
    if column.kind in ("identifier", "category"):
        return values, []
    numbers = pd.to_numeric(values, errors="coerce").astype(np.float64)
    if values.dtype == bool:
        return numbers, [f"column {column.name!r} must hold numbers, not booleans"]
    infinite = np.isinf(numbers)
    outside = ~infinite & ((numbers < column.low) | (numbers > column.high))
    wrong = {
        "text, not numbers": values.notna() & numbers.isna(),
        "infinite": infinite,
        f"outside [{column.low:g}, {column.high:g}]": outside,
    }
    problems = [
        _cells(column, values[bad], len(values), what)
        for what, bad in wrong.items()
        if bad.any()
    ]
    whole = numbers.notna().all() and not infinite.any() and (numbers % 1 == 0).all()
    if column.kind == "integer" and whole:
        return numbers.astype(np.int64), problems
    return numbers, problems


def _cells(column: ColumnSpec, bad: pd.Series, n_rows: int, what: str) -> str:
    """How many cells are wrong, how, and a few of them."""
    examples = ", ".join(repr(v) for v in bad.unique()[:_N_EXAMPLES].tolist())
    return (
        f"column {column.name!r} ({column.kind}): {len(bad)} of {n_rows} values are "
        f"{what}, such as {examples}"
    )


def _unlabelled_rows(checked: dict[str, pd.Series], schema: Schema) -> list[str]:
    """A complaint about missing labels; a table without any label column is fine."""
    if schema.target is None or schema.target.name not in checked:
        return []
    n_missing = int(checked[schema.target.name].isna().sum())
    if n_missing == 0:
        return []
    return [
        f"column {schema.target.name!r} has no label in {n_missing} rows: drop those "
        "rows, or the whole column to read the customers without labels"
    ]


AUTOMOBILE = Schema(
    table="an automobile customer table",
    filename="auto_train.csv",
    identifier=ColumnSpec("ID", "identifier", required=False),
    features=(
        ColumnSpec("Gender", "category"),
        ColumnSpec("Ever_Married", "category"),
        ColumnSpec("Age", "integer", low=0, high=130),
        ColumnSpec("Graduated", "category"),
        ColumnSpec("Profession", "category"),
        ColumnSpec("Work_Experience", "number", low=0, high=100),
        ColumnSpec("Spending_Score", "category"),
        ColumnSpec("Family_Size", "number", low=0, high=100),
        ColumnSpec("Var_1", "category"),
    ),
    target=ColumnSpec("Segmentation", "category", required=False),
)

BANK = Schema(
    table="a bank campaign table",
    filename="bank.csv",
    identifier=ColumnSpec("id", "identifier", required=False),
    features=(
        ColumnSpec("customer_age", "number", low=0, high=130),
        ColumnSpec("job_type", "category"),
        ColumnSpec("marital", "category"),
        ColumnSpec("education", "category"),
        ColumnSpec("default", "category"),
        ColumnSpec("balance", "number"),
        ColumnSpec("housing_loan", "category"),
        ColumnSpec("personal_loan", "category"),
        ColumnSpec("communication_type", "category"),
        ColumnSpec("day_of_month", "integer", low=1, high=31),
        ColumnSpec("month", "category"),
        ColumnSpec("last_contact_duration", "number", low=0),
        ColumnSpec("num_contacts_in_campaign", "number", low=0),
        ColumnSpec("days_since_prev_campaign_contact", "number", low=-1),
        ColumnSpec("num_contacts_prev_campaign", "integer", low=0),
        ColumnSpec("prev_campaign_outcome", "category"),
    ),
    target=ColumnSpec("term_deposit_subscribed", "integer", False, low=0, high=1),
)

MALL = Schema(
    table="a mall customer table",
    filename="mall.csv",
    identifier=ColumnSpec("CustomerID", "identifier", required=False),
    features=(
        ColumnSpec("Gender", "category"),
        ColumnSpec("Age", "integer", low=0, high=130),
        ColumnSpec("Annual Income (k$)", "integer", low=0),
        ColumnSpec("Spending Score (1-100)", "integer", low=0, high=100),
    ),
)
