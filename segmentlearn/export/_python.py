"""Rules as the source of one Python function that needs no library."""

import math
from collections.abc import Sequence

from segmentlearn.export._conditions import (
    LEVEL,
    Condition,
    Rule,
    RuleColumn,
)

_HEAD = '''\
def {name}(customer):
    """Return the segment of a customer, a dict of columns; None asks the model."""
'''
_KNOWN = """
    def known(column):
        cell = customer.get(column)
        try:
            return None if cell is None or cell != cell else cell
        except TypeError:  # a missing value that cannot be compared
            return None
"""
_NUMBER = """
    def number(column):
        cell = known(column)
        return math.nan if cell is None else float(cell)
"""
_DAYS = """
    def days(column):
        cell = known(column)
        if cell is None:
            return math.nan
        if isinstance(cell, datetime.datetime):
            if cell.tzinfo is not None:
                cell = cell.astimezone(datetime.timezone.utc).replace(tzinfo=None)
            cell = cell - datetime.datetime(1970, 1, 1)
        elif isinstance(cell, datetime.date):
            cell = cell - datetime.date(1970, 1, 1)
        seconds = cell.days * 86_400 + cell.seconds
        return (seconds * 1_000_000 + cell.microseconds) / 86_400_000_000
"""
_TEXT = """
    def text(column, missing):
        cell = known(column)
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        cell = None if cell is None else str(cell).strip(" ")
        return None if cell in missing else cell
"""


def python_of(rules: Sequence[Rule], columns: Sequence[RuleColumn], name: str) -> str:
    """Return the source of a function that gives a customer its segment."""
    if not name.isidentifier():
        raise ValueError(f"name={name!r} is no name of a Python function.")
    kinds = {column.name: column for column in columns}
    cells = [f"        {column.name!r}: {_cell(column)}," for column in columns]
    lines = [_HEAD.format(name=name), *_helpers(columns)]
    if cells:
        lines.append("\n    cell = {\n" + "\n".join(cells) + "\n    }\n")
    for rule in rules:
        if rule.segment is None:
            continue
        if not rule.conditions:
            lines.append(f"    return {rule.segment!r}\n")
            return "".join(lines)
        tests = [_condition(c, kinds[c.column]) for c in rule.conditions]
        lines.append(f"    if {_joined(tests)}:\n        return {rule.segment!r}\n")
    return "".join([*lines, "    return None\n"])


def _helpers(columns: Sequence[RuleColumn]) -> list[str]:
    """Return the functions that the columns need."""
    kinds = {column.kind for column in columns}
    has_days = bool(kinds & {"datetime", "timedelta"})
    has_text = any(column.is_text for column in columns)
    wanted = [
        ("    import datetime\n", has_days),
        ("    import math\n", has_days or "number" in kinds),
        (_KNOWN, bool(columns)),
        (_NUMBER, "number" in kinds),
        (_DAYS, has_days),
        (_TEXT, has_text),
    ]
    return [source for source, is_wanted in wanted if is_wanted]


def _joined(tests: list[str]) -> str:
    if len(tests) == 1:
        return tests[0]
    inner = "\n        and ".join(tests)
    return f"(\n        {inner}\n    )"


def _cell(column: RuleColumn) -> str:
    if column.kind != LEVEL:
        function = "number" if column.kind == "number" else "days"
        return f"{function}({column.name!r})"
    if not column.is_text:
        return f"known({column.name!r})"
    return f"text({column.name!r}, {column.missing_texts!r})"


def _condition(condition: Condition, column: RuleColumn) -> str:
    """Return a condition as an expression; NaN and None are missing cells."""
    cell = f"cell[{column.name!r}]"
    if column.kind != LEVEL:
        missing, known = f"math.isnan({cell})", _bounds(condition, cell)
    else:
        missing, known = f"{cell} is None", _levels(condition, column, cell)
    if not condition.known:
        return missing
    return f"({missing} or {known})" if condition.missing else known


def _bounds(condition: Condition, cell: str) -> str:
    low, high = condition.low, condition.high
    if math.isinf(low) and math.isinf(high):
        return f"not math.isnan({cell})"
    text = cell if math.isinf(high) else f"{cell} <= {high!r}"
    if not math.isinf(low):
        text = f"{cell} > {low!r}" if math.isinf(high) else f"{low!r} < {text}"
    return text


def _levels(condition: Condition, column: RuleColumn, cell: str) -> str:
    texts = column.texts_of(condition.levels or ())
    if not texts:
        return f"{cell} is not None" if condition.excluded else "False"
    one = len(texts) == 1
    if not condition.excluded:
        return f"{cell} == {texts[0]!r}" if one else f"{cell} in {texts!r}"
    test = f"{cell} != {texts[0]!r}" if one else f"{cell} not in {texts!r}"
    return test if condition.missing else f"({cell} is not None and {test})"
