"""How each column is understood and why, and what a person says instead."""

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd

from segmentlearn._formatting import count_text, names_text, number_text, percent
from segmentlearn.app._uploads import Loaded
from segmentlearn.exceptions import TableError
from segmentlearn.tables import TableFile, as_table, describe_columns

NUMBER, CATEGORY, DATE = "number", "category", "date"
IDENTIFIER, LEFT_OUT = "identifier", "leave out"
ROLES = (NUMBER, CATEGORY, DATE, IDENTIFIER, LEFT_OUT)
_ROLE_OF = {
    "nothing": LEFT_OUT,
    "boolean": CATEGORY,
    "date or text?": CATEGORY,
    "timedelta": NUMBER,
}
_DATE_FORMATS = (
    *("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y"),
    *("%Y/%m/%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%d %b %Y", "%d %B %Y"),
    *("%Y-%m", "%m/%Y", "%Y"),
)
_MOST_BARS = 20
_MOST_SHOWN = 12  # levels of a category; the rest is put together


@dataclasses.dataclass(frozen=True)
class ColumnRoles:
    """What each column is, and which of that a person has chosen.

    Parameters
    ----------
    roles : dict of str to str
        One of `ROLES` for each column.
    chosen : tuple of str
        Columns that are not what they were taken for.
    dates : dict of str to str
        Formats of the columns of text that are dates by choice.
    """

    roles: Mapping[str, str]
    chosen: tuple[str, ...] = ()
    dates: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def of(self, *roles: str) -> list[str]:
        """Return the columns that have one of these roles."""
        return [name for name, role in self.roles.items() if role in roles]

    @property
    def features(self) -> list[str]:
        """Columns that describe customers."""
        return self.of(NUMBER, CATEGORY, DATE)

    def types(self) -> dict[str, Any]:
        """Return the arguments of `TableFile.with_types`."""
        chosen = self.parameters(list(self.roles))
        return {name: value for name, value in chosen.items() if value}

    def parameters(self, columns: list[str]) -> dict[str, Any]:
        """Return the parameters of a preprocessor of these columns."""
        listed = {
            role: [name for name in self.chosen if self.roles[name] == role]
            for role in (NUMBER, CATEGORY)
        }
        found: dict[str, Any] = {
            "numeric": [name for name in listed[NUMBER] if name in columns],
            "categorical": [name for name in listed[CATEGORY] if name in columns],
            "dates": {n: form for n, form in self.dates.items() if n in columns},
        }
        return {name: value for name, value in found.items() if value}


@dataclasses.dataclass(frozen=True, eq=False)
class Customers:
    """A table of customers as a visitor sees it.

    Parameters
    ----------
    loaded : Loaded
        The table as it was read.
    description : DataFrame
        A row for each column: what it is read as, and why.
    table : TableFile
        The table with the types that a person has chosen.
    roles : ColumnRoles
        What each column is.
    """

    loaded: Loaded
    description: pd.DataFrame
    table: TableFile
    roles: ColumnRoles

    @classmethod
    def of(cls, loaded: Loaded) -> Self:
        """Return the customers of a file, whose columns are what they look like."""
        description = describe_columns(loaded.table)
        description["why"] = [_why(row) for _, row in description.iterrows()]
        return cls(loaded, description, loaded.table, ColumnRoles(_guess(description)))

    def with_roles(self, roles: Mapping[str, str]) -> Self:
        """Return them with the roles that a person has chosen."""
        guessed, table = _guess(self.description), self.loaded.table
        chosen = tuple(name for name in roles if roles[name] != guessed[name])
        dates = {
            name: _date_format(table, name)
            for name in chosen
            if roles[name] == DATE and table.frame[name].dtype.kind != "M"
        }
        found = ColumnRoles(dict(roles), chosen, dates)
        types = found.types()
        table = table.with_types(**types) if types else table
        return dataclasses.replace(self, table=table, roles=found)


def _guess(description: pd.DataFrame) -> dict[str, str]:
    """Return the role of each column as it was found."""
    return {
        row["column"]: _ROLE_OF.get(row["read as"], row["read as"])
        for _, row in description.iterrows()
    }


def missing_values(customers: Customers) -> pd.DataFrame:
    """Return the missing cells of each column, before and after preparation."""
    table, roles = customers.table, customers.roles
    names = roles.features
    n_missing = table.frame[names].isna().sum()
    return pd.DataFrame(
        {
            "column": names,
            "missing": n_missing.to_numpy(),
            "share": (n_missing / max(1, len(table.frame))).to_numpy(),
            "what becomes of them": [
                ""
                if not n_missing[name]
                else "a level of their own"
                if roles.roles[name] == CATEGORY
                else "the column's middle, and noted"
                for name in names
            ],
            "missing afterwards": 0,
        }
    )


def distribution(customers: Customers, name: str) -> pd.DataFrame:
    """Return the customers by the values of a column, in order."""
    role = customers.roles.roles[name]
    column = as_table(customers.table.frame[[name]], "app").columns[0]
    if role in (NUMBER, DATE) and column.is_numeric:
        values = column.numbers[np.isfinite(column.numbers)]
        if len(values) == 0:
            return pd.DataFrame({"value": [], "customers": []})
        distinct = np.unique(values)
        counts: Any
        if len(distinct) <= _MOST_BARS:
            counts = [int((values == value).sum()) for value in distinct]
            labels = [number_text(value, column.kind) for value in distinct]
        else:
            low, high = np.quantile(values, [0.005, 0.995])
            edges = np.linspace(low, max(high, low + 1e-12), _MOST_BARS + 1)
            edges[0], edges[-1] = distinct[0], distinct[-1]  # the first and last hold
            counts, edges = np.histogram(values, np.unique(edges))  # the tails, too
            texts = [number_text(edge, column.kind) for edge in edges]
            labels = [f"{a} to {b}" for a, b in itertools.pairwise(texts)]
        return pd.DataFrame({"value": labels, "customers": counts})
    factor, counts = column.factor, column.level_counts
    order = np.argsort(-counts, kind="stable")
    rows = [(str(factor.levels[at]), int(counts[at])) for at in order if counts[at]]
    shown, rest = rows[:_MOST_SHOWN], rows[_MOST_SHOWN:]
    if rest:
        others = f"{len(rest):,} other values"
        shown.append((others, sum(count for _, count in rest)))
    return pd.DataFrame(shown, columns=["value", "customers"])


def _why(row: pd.Series) -> str:
    """Return what speaks for the role of a column."""
    values = count_text(row["values"], "different value")
    written = f", written with {row['written']}" if row["written"] else ""
    reasons = {
        "nothing": "all cells are empty",
        "identifier": f"{values}, and its name or form is that of an identifier",
        "number": f"its cells are numbers{written}",
        "timedelta": "its cells are durations",
        "date": f"its cells are dates{written}",
        "date or text?": "its cells may be dates, whose day and month are not clear",
        "boolean": f"{values}, for yes and no",
        "mixed": f"numbers beside text, {values}",
    }
    return reasons.get(row["read as"], f"text, {values}{written}")


def _date_format(table: TableFile, name: str) -> str:
    """Return the format by which most cells of a column are dates."""
    texts = table.text(name).dropna()
    texts = texts[texts.str.strip() != ""]
    sample = texts.sample(min(len(texts), 10_000), random_state=0)
    shares = {
        form: float(pd.to_datetime(sample, format=form, errors="coerce").notna().mean())
        for form in (*_DATE_FORMATS, "%m/%d/%Y", "%m-%d-%Y")
    }
    best = max(shares, key=lambda form: shares[form])  # the first of equals
    if not shares[best] >= 0.5:
        examples = names_text(map(repr, texts.unique()[:3]))
        raise TableError(
            f"column {name!r} holds no dates that can be read ({examples}); "
            f"{percent(shares[best])} are dates in the format that fits best."
        )
    return best
