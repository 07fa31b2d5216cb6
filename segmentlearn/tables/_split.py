"""A table in two parts: its numbers as one block, its categories as factors."""

from segmentlearn.tables._columns import NUMERIC_KINDS, factorize
from segmentlearn.tables._schema import (
    infinite_problems,
    kind_problems,
    raise_schema_error,
)


def split_table(estimator, table, kinds, problems=()):
    """Split a table after checking that its columns hold what they must."""
    wrong = kind_problems(table.names, table.columns, kinds)
    numeric = [
        at
        for at, (name, kind) in enumerate(zip(table.names, kinds, strict=True))
        if kind in NUMERIC_KINDS and name not in wrong
    ]
    numbers = table.numbers(numeric)
    infinite = infinite_problems([table.names[at] for at in numeric], numbers)
    raise_schema_error(estimator, [*problems, *wrong.values(), *infinite])
    factors = {
        name: factorize(column)
        for name, column, kind in zip(table.names, table.columns, kinds, strict=True)
        if kind not in NUMERIC_KINDS
    }
    return numbers, factors
