"""Rules as one SELECT statement, built as a syntax tree and rendered by sqlglot."""

from collections.abc import Sequence
from typing import Any

from segmentlearn.exceptions import SchemaError
from segmentlearn.export._conditions import (
    LEVEL,
    Condition,
    Rule,
    RuleColumn,
    decimal_text,
    moment,
)

DIALECTS = (
    *("bigquery", "databricks", "duckdb", "mysql", "oracle", "postgres"),
    *("redshift", "snowflake", "spark", "sqlite", "tsql"),
)
_HAS_IS_NAN = {"bigquery", "databricks", "duckdb", "spark"}
_WITHOUT_NAN = {"mysql", "sqlite", "tsql"}
_WITHOUT_BOOLEANS = {"oracle", "tsql"}
_BINARY_COLLATION = {"tsql": "Latin1_General_100_BIN2", "mysql": "utf8mb4_bin"}


def sql_of(
    rules: Sequence[Rule],
    columns: Sequence[RuleColumn],
    dialect: str,
    table: str | Sequence[str],
    key: str | Sequence[str] | None,
    name: str,
) -> str:
    """Return the statement that gives each row of a table its segment."""
    writer = Writer(dialect, table, {column.name: column for column in columns})
    return writer.statement(rules, key, name)


def refuse_written(
    columns: Sequence[RuleColumn], typed_columns: Any, method: str
) -> None:
    """Refuse text that was read as numbers or dates, and durations, unless typed."""
    listed = [typed_columns] if isinstance(typed_columns, str) else list(typed_columns)
    found = [
        column.name
        for column in columns
        if (column.is_written or (column.kind == "timedelta" and method == "to_sql"))
        and column.name not in listed
    ]
    if found:
        raise SchemaError(
            f"{method}: the rules compare the column(s) {found} as numbers or dates, "
            f"but X holds them as text or durations, which cannot be compared as they "
            f"are. If they are numbers (durations in days), dates or timestamps where "
            f"the rules will run, pass typed_columns={found}; else convert them in X, "
            f"or leave them out with segment_rules(..., columns=...)."
        )


class Writer:
    """Writes rules in one dialect.

    Parameters
    ----------
    dialect : str
        Name of the dialect, one of `DIALECTS`.
    table : str or sequence of str
        The table, or database, schema and table.
    columns : dict of str to RuleColumn
        The columns of the rules.
    """

    def __init__(self, dialect: str, table: Any, columns: dict[str, Any]) -> None:
        try:
            from sqlglot import exp
        except ImportError as error:
            raise ImportError(
                "SQL needs the package sqlglot; install it with "
                "pip install 'segmentlearn[export]'."
            ) from error
        self.exp: Any = exp
        self.dialect, self.columns = dialect, columns
        self.table = (
            [table] if isinstance(table, str) else [str(name) for name in table]
        )
        if not 1 <= len(self.table) <= 3 or not all(self.table):
            raise ValueError(
                f"table={table!r} must be a name, or a list of database, schema and "
                f"name."
            )

    def statement(self, rules: Sequence[Rule], key: Any, name: str) -> str:
        """Return the whole statement."""
        exp = self.exp
        found = self._case(rules)
        if key is None:
            kept = [exp.Column(this=exp.Star(), table=self.quoted(self.table[-1]))]
        else:
            keys = [key] if isinstance(key, str) else [str(name) for name in key]
            kept = [self.column(name) for name in keys]
        aliased = exp.alias_(found, self.quoted(name))
        select = exp.Select(expressions=[*kept, aliased]).from_(self.source())
        text: str = select.sql(dialect=self.dialect, pretty=True)
        return text + "\n"

    def source(self) -> Any:
        """Return the table."""
        parts = [self.quoted(part) for part in self.table]
        places = zip(("this", "db", "catalog"), parts[::-1], strict=False)
        return self.exp.Table(**dict(places))

    def _case(self, rules: Sequence[Rule]) -> Any:
        """Return the segment by the first rule that holds; NULL asks the model."""
        exp = self.exp
        labels = [rule.segment for rule in rules if rule.segment is not None]
        as_text = len({type(label) for label in labels}) > 1
        case, n_branches = exp.Case(), 0
        for rule in rules:
            if rule.segment is None:
                continue
            label = self._label(rule.segment, as_text)
            if not rule.conditions:
                return label
            case = case.when(
                exp.and_(*(self._condition(c) for c in rule.conditions)), label
            )
            n_branches += 1
        return case.else_(exp.Null()) if n_branches else exp.Null()

    def _label(self, label: Any, as_text: bool) -> Any:
        return self.text(str(label)) if as_text else self.value(label)

    def _condition(self, condition: Condition) -> Any:
        """Return a condition; missing cells are looked at first."""
        exp = self.exp
        column = self.columns[condition.column]
        if column.kind == LEVEL:
            parts = self._level_parts(condition, column)
        else:
            parts = self._missing_parts(column) if condition.missing else []
            parts += [self._bounds(condition, column)] if condition.known else []
        return parts[0] if len(parts) == 1 else exp.Paren(this=exp.or_(*parts))

    def _bounds(self, condition: Condition, column: RuleColumn) -> Any:
        """Return between which numbers or moments a cell lies."""
        exp = self.exp
        parts = []
        if condition.low != float("-inf"):
            low = self._threshold(condition.low, column)
            parts.append(exp.GT(this=self.cell(column), expression=low))
        if condition.high != float("inf"):
            high = self._threshold(condition.high, column)
            parts.append(exp.LTE(this=self.cell(column), expression=high))
        elif not condition.missing:
            # NaN lies above all numbers in some databases
            if not parts:
                parts.append(exp.not_(self.is_null(column)))
            is_nan = self._is_nan(column)
            parts += [] if is_nan is None else [exp.not_(is_nan)]
        if not parts:  # every known number
            parts.append(exp.not_(self.is_null(column)))
        return exp.and_(*parts)

    def _level_parts(self, condition: Condition, column: RuleColumn) -> list:
        """Return the tests of a cell of levels, one of which has to hold."""
        exp = self.exp
        texts = [*column.texts_of(condition.levels or ())] if condition.known else []
        # cells that are not NULL but count as missing
        empty = [*column.missing_texts] if column.is_text else []
        if self.dialect == "oracle":  # its empty text is NULL
            empty = [text for text in empty if text]
        parts = [self.is_null(column)] if condition.missing else []
        if condition.known and condition.excluded:
            if not condition.missing:
                texts += empty
            if texts:
                parts.append(exp.not_(self.is_one_of(column, texts)))
            elif not condition.missing:
                parts.append(exp.not_(self.is_null(column)))
            return parts
        texts += empty if condition.missing else []
        return [*parts, self.is_one_of(column, texts)] if texts else parts

    def is_one_of(self, column: RuleColumn, levels: list) -> Any:
        """Return whether a cell holds one of some levels."""
        values = [self.value(level) for level in levels]
        if len(values) == 1:
            return self.exp.EQ(this=self.cell(column), expression=values[0])
        return self.exp.In(this=self.cell(column), expressions=values)

    def _missing_parts(self, column: RuleColumn) -> list:
        """Return the tests of a missing number or date: NULL, and NaN if there is."""
        is_nan = self._is_nan(column)
        return [self.is_null(column)] + ([] if is_nan is None else [is_nan])

    def is_null(self, column: RuleColumn) -> Any:
        """Return whether a cell is NULL."""
        return self.exp.Is(this=self.column(column.name), expression=self.exp.Null())

    def _is_nan(self, column: RuleColumn) -> Any:
        """Return whether a number is NaN; None where the database has none."""
        exp = self.exp
        if self.dialect in _WITHOUT_NAN or column.kind == "datetime":
            return None
        cell = self.cell(column)
        if self.dialect in _HAS_IS_NAN:
            return exp.IsNan(this=cell)
        if self.dialect == "oracle":
            return exp.EQ(this=cell, expression=exp.column("BINARY_DOUBLE_NAN"))
        nan = exp.cast(exp.Literal.string("NaN"), "double")
        return exp.EQ(this=cell, expression=nan)

    def cell(self, column: RuleColumn) -> Any:
        """Return a cell as it is compared: in double precision, without blanks."""
        exp = self.exp
        cell = self.column(column.name)
        if column.kind == "datetime":
            return self._moment_of(cell)
        if column.kind != LEVEL:
            if self.dialect == "oracle":
                return exp.Anonymous(this="TO_BINARY_DOUBLE", expressions=[cell])
            return exp.cast(cell, "double")
        if not column.is_text:
            return cell
        cell = exp.Trim(this=cell, expression=exp.Literal.string(" "))
        collation = _BINARY_COLLATION.get(self.dialect)
        if collation is None:
            return cell
        if self.dialect == "mysql":
            cell = exp.Cast(this=cell, to=self._utf8())
        return exp.Collate(this=cell, expression=exp.Var(this=collation))

    def days(self, name: str) -> Any:
        """Return the days from 1970-01-01 to a moment."""
        exp, moment = self.exp, self._moment_of(self.column(name))
        start, microseconds = exp.Literal.string("1970-01-01"), "8.64e10"
        match self.dialect:
            case "sqlite":
                day = exp.Anonymous(this="JULIANDAY", expressions=[self.column(name)])
                return exp.Sub(this=day, expression=exp.Literal.number("2440587.5"))
            case "bigquery" | "databricks" | "spark":
                count = exp.Anonymous(this="UNIX_MICROS", expressions=[moment])
            case "mysql" | "tsql":
                unit, start = exp.Var(this="MICROSECOND"), exp.cast(start, "datetime")
                is_mysql = self.dialect == "mysql"
                called = "TIMESTAMPDIFF" if is_mysql else "DATEDIFF_BIG"
                how = [unit, start, moment]
                count = exp.Anonymous(this=called, expressions=how)
            case "oracle":
                form = exp.Literal.string("%Y-%m-%d")
                start = exp.StrToTime(this=start, format=form)
                day = exp.cast(moment, "date")
                return exp.Paren(this=exp.Sub(this=day, expression=start))
            case "snowflake":
                unit = exp.Var(this="EPOCH_MICROSECOND")
                count = exp.Anonymous(this="DATE_PART", expressions=[unit, moment])
            case _:
                count = exp.Extract(this=exp.Var(this="EPOCH"), expression=moment)
                microseconds = "8.64e4"
        divisor = exp.Literal.number(microseconds)
        return exp.Div(this=exp.cast(count, "double"), expression=divisor)

    def _utf8(self) -> Any:
        """Return MySQL's type of text, of the class that this sqlglot has for it."""
        import sqlglot

        sql = "CAST(x AS CHAR CHARACTER SET utf8mb4)"
        return sqlglot.parse_one(sql, read="mysql").args["to"].copy()

    def _moment_of(self, cell: Any) -> Any:
        exp = self.exp
        if self.dialect == "sqlite":  # dates are text there
            form = exp.Literal.string("%Y-%m-%d %H:%M:%f")
            return exp.Anonymous(this="STRFTIME", expressions=[form, cell])
        if self.dialect == "mysql":  # a plain DATETIME has whole seconds
            return exp.cast(cell, exp.DataType.build("datetime(6)", dialect="mysql"))
        return exp.cast(cell, "timestamp")

    def _threshold(self, value: float, column: RuleColumn) -> Any:
        """Return a threshold as a literal that reads back exactly."""
        exp = self.exp
        if column.kind != "datetime":
            return self._number(value)
        at = moment(value)
        text = f"{at:%Y-%m-%d %H:%M:%S}"
        form = "%Y-%m-%d %H:%M:%S"
        if self.dialect == "sqlite":
            return exp.Literal.string(f"{text}.{at.microsecond // 1000:03d}")
        if at.microsecond:
            text, form = f"{text}.{at.microsecond:06d}", f"{form}.%f"
        if self.dialect == "oracle":  # casts go by the settings of the session
            literal = exp.Literal.string(text)
            return exp.StrToTime(this=literal, format=exp.Literal.string(form))
        return self._moment_of(exp.Literal.string(text))

    def value(self, value: Any) -> Any:
        """Return a level or label as a literal."""
        if isinstance(value, bool):
            if self.dialect in _WITHOUT_BOOLEANS:
                return self.exp.Literal.number(int(value))
            return self.exp.Boolean(this=value)
        if isinstance(value, int | float):
            return self._number(value)
        return self.text(str(value))

    def _number(self, value: float) -> Any:
        exp = self.exp
        text = str(value) if isinstance(value, int) else decimal_text(value)
        literal = exp.Literal.number(text.lstrip("-"))
        return exp.Neg(this=literal) if text.startswith("-") else literal

    def text(self, text: str) -> Any:
        """Return a text as a literal."""
        if "\x00" in text:
            raise SchemaError(f"to_sql cannot write {text!r}: SQL holds no NUL.")
        if self.dialect == "tsql":  # where a plain text has one byte a character
            return self.exp.National(this=text)
        return self.exp.Literal.string(text)

    def column(self, name: str) -> Any:
        """Return a column; SQLite takes an unknown bare name for a text."""
        table = self.quoted(self.table[-1]) if self.dialect == "sqlite" else None
        return self.exp.Column(this=self.quoted(name), table=table)

    def quoted(self, name: str) -> Any:
        """Return a name in quotes."""
        if "\x00" in name or not name:
            raise SchemaError(f"to_sql cannot write the name {name!r}.")
        return self.exp.to_identifier(name, quoted=True)
