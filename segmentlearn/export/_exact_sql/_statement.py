"""Scalars of a row as one statement of common table expressions.

What is used more than once becomes a column; a column's step follows those of the
columns that it is computed from.
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from segmentlearn.export._conditions import LEVEL, RuleColumn
from segmentlearn.export._exact_sql._scalars import Scalar
from segmentlearn.export._sql import Writer
from segmentlearn.tables import BOOLEAN, DATETIME, SURE_MARKS, free_name

_LARGEST = 1.7976931348623157e308
_CELLS = ("number", "level", "no level")
_TERMS_AT_ONCE = 100  # SQLite takes an expression of depth 1000
# elsewhere what a step computes might be computed again at each use
_MATERIALIZED = ("duckdb", "postgres", "sqlite")
_WITHOUT_TRUTHS = ("oracle", "tsql")
_EXTREMES_OF_SQLITE = {"greatest": "MAX", "least": "MIN"}


class Statement:
    """Writes one statement.

    Parameters
    ----------
    writer : Writer
        Of the dialect and table.
    keys : list of str
        Columns that name a customer.
    outputs : dict of str to Scalar or constant
        What is computed, by the names of the result's columns.
    """

    def __init__(
        self, writer: Writer, keys: Sequence[str], outputs: dict[str, Any]
    ) -> None:
        self._writer, self._exp = writer, writer.exp
        self._keys, self._outputs = keys, outputs
        self._columns: dict[int, str] = {}
        self._order = _in_order(outputs.values())
        uses = Counter(id(part) for node in self._order for part in node.parts())
        # which are written more than once
        uses.update(
            id(node.args[0]) for node in self._order if node.op in ("lookup", "missing")
        )
        for node in self._order:
            if node.op in _CELLS or uses[id(node)] > 1:
                self._columns[id(node)] = f"v{len(self._columns) + 1}"
        self._steps = self._make_steps() or [[]]
        self.n_steps = len(self._steps)

    def _make_steps(self) -> list[list[Scalar]]:
        """Return the columns of each step."""
        depth: dict[int, int] = {}
        steps: list[list[Scalar]] = []
        for node in self._order:
            below = max((depth[id(part)] for part in node.parts()), default=0)
            is_column = id(node) in self._columns
            depth[id(node)] = below + is_column
            if is_column:
                steps += [[] for _ in range(below + 1 - len(steps))]
                steps[below].append(node)
        return steps

    def _last_steps(self) -> dict[int, int]:
        """Return the last step that needs each column."""
        last: dict[int, int] = {}
        step_of = {id(node): at for at, own in enumerate(self._steps) for node in own}
        readers = [
            (list(node.parts()), at)
            for at, own in enumerate(self._steps)
            for node in own
        ]
        found = [node for node in self._outputs.values() if isinstance(node, Scalar)]
        for pending, at in [*readers, (found, len(self._steps))]:
            while pending:
                part = pending.pop()
                if id(part) in step_of:
                    last[id(part)] = max(last.get(id(part), 0), at)
                else:
                    pending += part.parts()
        return last

    def text(self) -> str:
        """Return the statement."""
        exp, writer = self._exp, self._writer
        last = self._last_steps()
        source: Any = writer.source()
        query = exp.Select()
        live: list[Scalar] = []
        taken = {*writer.table, *self._keys}
        names = [free_name(f"step_{at + 1}", taken) for at in range(len(self._steps))]
        keys = [f"k{at + 1}" for at in range(len(self._keys))]
        for at, own in enumerate(self._steps):
            if at == 0:
                kept = [
                    self._named(writer.column(name), alias)
                    for name, alias in zip(self._keys, keys, strict=True)
                ]
            else:
                live = [node for node in live if last[id(node)] >= at]
                kept = [exp.column(key) for key in keys]
                kept += [exp.column(self._columns[id(node)]) for node in live]
            new = [
                self._named(self._bound(node), self._columns[id(node)])
                for node in own
                if id(node) in last
            ]
            live = [*live, *(node for node in own if id(node) in last)]
            step = exp.Select(expressions=[*kept, *new]).from_(source, copy=False)
            how = {"materialized": writer.dialect in _MATERIALIZED or None}
            query = query.with_(names[at], as_=step, copy=False, **how)
            source = exp.to_table(names[at])
        found = [
            self._named(exp.column(key), name, quoted=True)
            for key, name in zip(keys, self._keys, strict=True)
        ]
        found += [
            self._named(self._write(node), name, quoted=True)
            for name, node in self._outputs.items()
        ]
        query = query.select(*found, copy=False).from_(source, copy=False)
        return str(query.sql(dialect=writer.dialect, copy=False)) + "\n"

    def _named(self, value: Any, name: str, quoted: bool = False) -> Any:
        if quoted:
            self._writer.quoted(name)  # refuses names that SQL cannot have
        identifier = self._exp.to_identifier(name, quoted=quoted)
        return self._exp.Alias(this=value, alias=identifier)

    def _bound(self, node: Scalar) -> Any:
        """Return what a column holds; truths are 1 and 0."""
        found = self._expression(node)
        if node.is_truth:
            return self._case([(found, self._constant(1))], self._constant(0))
        return found

    def _write(self, node: Any) -> Any:
        """Return a constant, a column of an earlier step, or an expression."""
        if not isinstance(node, Scalar):
            return self._constant(node)
        name = self._columns.get(id(node))
        if name is None:
            return self._expression(node)
        column = self._exp.column(name)
        if node.is_truth:
            return self._exp.EQ(this=column, expression=self._constant(1))
        return column

    def _expression(self, node: Scalar) -> Any:
        exp, args = self._exp, node.args
        is_sqlite = self._writer.dialect == "sqlite"
        if node.op in _CELLS:
            return self._cell(node)
        if node.op == "add":
            return self._sum([self._write(arg) for arg in args])
        if node.op == "lookup":
            index, pairs = args
            written = self._write(index)
            tests = [
                (
                    exp.EQ(this=written.copy(), expression=self._constant(place)),
                    self._constant(value),
                )
                for place, value in pairs[:-1]
            ]
            return self._case(tests, self._constant(pairs[-1][1]))
        if node.op == "case":
            condition, this, that = args
            tests = [(self._write(condition), self._write(this))]
            return self._case(tests, self._write(that))
        written = [self._write(arg) for arg in args]
        if node.op == "missing":
            return self._missing(written[0])
        if node.op in ("mul", "div"):
            kind = exp.Mul if node.op == "mul" else exp.Div
            a, b = map(self._in_brackets, written)
            return kind(this=a, expression=b)
        if node.op in ("greatest", "least"):
            called = _EXTREMES_OF_SQLITE[node.op] if is_sqlite else node.op.upper()
            return exp.Anonymous(this=called, expressions=written)
        if node.op in ("and", "or"):
            return exp.Paren(this=getattr(exp, f"{node.op}_")(*written, copy=False))
        if node.op == "not":
            return exp.Not(this=self._in_brackets(written[0]))
        if node.op in ("exp", "ln", "sqrt", "abs"):
            return getattr(exp, node.op.title())(this=written[0])
        if node.op == "cos":
            return exp.Anonymous(this="COS", expressions=written)
        kind = {"lt": "LT", "le": "LTE", "gt": "GT", "ge": "GTE", "eq": "EQ"}[node.op]
        a, b = map(self._in_brackets, written)
        return getattr(exp, kind)(this=a, expression=b)

    def _sum(self, terms: list) -> Any:
        """Return a sum; a long one in brackets of some terms each."""
        exp = self._exp
        if len(terms) > _TERMS_AT_ONCE:
            starts = range(0, len(terms), _TERMS_AT_ONCE)
            parts = [self._sum(terms[at : at + _TERMS_AT_ONCE]) for at in starts]
            return self._sum([exp.Paren(this=part) for part in parts])
        total = terms[0]
        for term in terms[1:]:
            total = exp.Add(this=total, expression=term)
        return total

    def _in_brackets(self, written: Any) -> Any:
        exp = self._exp
        plain = exp.Column, exp.Literal, exp.Func, exp.Paren, exp.Case, exp.Neg
        return written if isinstance(written, plain) else exp.Paren(this=written)

    def _case(self, tests: list, otherwise: Any) -> Any:
        exp = self._exp
        branches = [exp.If(this=condition, true=value) for condition, value in tests]
        return exp.Case(ifs=branches, default=otherwise)

    def _missing(self, number: Any) -> Any:
        """Return whether a number is NULL, NaN, which is no number, or infinite."""
        exp = self._exp
        size = exp.Abs(this=number.copy())
        fits = exp.LTE(this=size, expression=self._constant(_LARGEST))
        is_null = exp.Is(this=number, expression=exp.Null())
        not_fitting = exp.Not(this=exp.Paren(this=fits))
        return exp.Paren(this=exp.Or(this=is_null, expression=not_fitting))

    def _cell(self, node: Scalar) -> Any:
        """Return a cell of the table as a number, or as the number of its level."""
        exp, writer = self._exp, self._writer
        if node.op == "number":
            name, kind = node.args
            if kind == DATETIME:
                return writer.days(name)
            if kind == BOOLEAN:
                cell = writer.column(name)
                tests = [(cell, self._constant(1.0))]
                if writer.dialect in _WITHOUT_TRUTHS:
                    return exp.cast(cell, "double")
                tests.append((exp.Not(this=cell.copy()), self._constant(0.0)))
                return self._case(tests, exp.Null())
            return writer.cell(RuleColumn(name, "number"))
        name, known, *ends = node.args
        column = RuleColumn(name, LEVEL, is_text=True)
        by_code: dict[int, list[str]] = {}
        for text, code in known:
            by_code.setdefault(code, []).append(text)
        marks = ["", *SURE_MARKS]
        if writer.dialect == "oracle":  # its empty text is NULL
            marks = marks[1:]
        own = {text.lower() for text, _ in known}
        marks = [mark for mark in marks if mark not in own]
        lower = exp.Lower(this=writer.cell(column))
        is_missing = exp.or_(
            writer.is_null(column),
            exp.In(this=lower, expressions=[writer.text(mark) for mark in marks]),
        )
        if node.op == "no level":
            return exp.Paren(this=is_missing)
        tests = [
            (writer.is_one_of(column, texts), self._constant(code))
            for code, texts in by_code.items()
        ]
        missing, other = ends
        tests.append((is_missing, self._constant(missing)))
        return self._case(tests, self._constant(other))

    def _constant(self, value: Any) -> Any:
        exp = self._exp
        if isinstance(value, str):
            return self._writer.text(value)
        if isinstance(value, bool):
            return self._writer.value(value)
        text = str(abs(value)) if isinstance(value, int) else _double(abs(value))
        literal = exp.Literal.number(text)
        return exp.Neg(this=literal) if value < 0 else literal


def _double(value: float) -> str:
    """Write a number so that databases take it for a double."""
    _, digits, exponent = Decimal(repr(float(value))).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = int(exponent) + len(digits) - len(text) if text != "0" else 0
    return f"{text}e{power}"


def _in_order(outputs: Any) -> list[Scalar]:
    """Return all scalars, each behind those that it is computed from."""
    order: dict[int, Scalar] = {}
    pending = [(node, False) for node in outputs if isinstance(node, Scalar)][::-1]
    while pending:
        node, is_ready = pending.pop()
        if id(node) in order:
            continue
        if is_ready:
            order[id(node)] = node
            continue
        pending.append((node, True))
        pending += [(part, False) for part in node.parts() if id(part) not in order]
    return list(order.values())
