"""SegmentRules: rules that stand in for a model, and what they are worth."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from segmentlearn._formatting import (
    count_text,
    escape_markdown,
    markdown_table,
    names_text,
    percent,
)
from segmentlearn._parameters import check_option
from segmentlearn.export._columns import check_columns, numbers_of_rows
from segmentlearn.export._conditions import ASK, LEVEL, Rule, RuleColumn
from segmentlearn.export._held_out import HeldOutFigures
from segmentlearn.export._json import facts_of, json_of
from segmentlearn.export._python import python_of
from segmentlearn.export._sql import DIALECTS, refuse_written, sql_of
from segmentlearn.tables import as_table, free_name

_COLUMNS = ["segment", "rule", "customers", "precision", "recall", "value_share"]


class SegmentRules:
    """Rules that stand in for a model, from `segment_rules`.

    Read more in the :doc:`user guide </user_guide/rules>`. Every customer meets exactly
    one rule. ``str(rules)`` is a summary.

    Attributes
    ----------
    rules_ : DataFrame
        A row for each rule. "segment" is None where the model has to be asked; "rule"
        has the conditions in words; "customers" counts those of X that meet it. Of
        these, "precision" is the share that the model puts in the segment; "recall" is
        the share of the segment's customers that the rule finds; "value_share" is the
        rule's share of the value of all customers, missing without ``value``.
    segments_ : list of int or str
        Labels of the segments, noise (-1) last.
    columns_ : list of str
        The raw columns that the rules look at.
    fidelity_ : dict of str to float or None
        Share of held-out customers, among those that the rules answer for, whom they
        put in the model's segment: "overall"; "balanced", the mean over segments; and
        "weighted" by the value, None without one.
    coverage_ : float
        Share of held-out customers that the rules answer for.
    per_segment_ : DataFrame
        "customers", "fidelity", "precision" and "coverage" of each segment on held-out
        customers.
    curve_ : DataFrame
        A row for each number of rules with "fidelity" and "coverage" on held-out
        customers; "agreement", the share of all customers whom the rules put in the
        model's segment, is their product, and has a "standard_error".
    recommended_ : int
        The fewest rules whose agreement is within one standard error of the best.

    See Also
    --------
    segmentlearn.segment_rules : Makes the rules.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        columns: Sequence[RuleColumn],
        segments: list,
        figures: HeldOutFigures,
        curve: pd.DataFrame,
        recommended: int,
    ) -> None:
        self._rules = list(rules)
        self._columns = list(columns)
        self.segments_ = list(segments)
        self.columns_ = [column.name for column in columns]
        self.fidelity_ = figures.fidelity
        self.coverage_ = figures.coverage
        self.per_segment_ = figures.per_segment
        self.curve_ = curve
        self.recommended_ = recommended
        kinds = {column.name: column for column in columns}
        rows = [
            (
                r.segment,
                r.text(kinds),
                r.customers,
                r.precision,
                r.recall,
                r.value_share,
            )
            for r in self._rules
        ]
        frame = pd.DataFrame(rows, columns=_COLUMNS)
        for name in _COLUMNS[3:]:
            frame[name] = frame[name].astype(np.float64)
        frame["segment"] = pd.Series([r.segment for r in self._rules], dtype=object)
        self.rules_ = frame

    def predict(self, X: Any) -> np.ndarray:
        """Return the segment of each customer by the rules.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
            Customers with the columns of the rules; others are ignored.

        Returns
        -------
        segments : ndarray of shape (n_samples,)
            Labels; None where the model has to be asked.

        Raises
        ------
        SchemaError
            If a column is missing, or holds something else than it did.
        """
        table = as_table(X, "predict")
        check_columns(table.names, self._columns)
        raw = table.by_name()
        numbers = numbers_of_rows(
            table.select([table.names.index(name) for name in self.columns_])
            if self.columns_
            else table,
            self._columns,
        )
        kinds = {column.name: column for column in self._columns}
        found = np.full(table.n_rows, None, dtype=object)
        for rule in self._rules:
            here = np.ones(table.n_rows, dtype=bool)
            for condition in rule.conditions:
                column = kinds[condition.column]
                if column.kind != LEVEL:
                    here &= condition.accepts_numbers(numbers[column.name])
                    continue
                factor = raw[column.name].factor
                accepted = [
                    condition.accepts_level(level, column)
                    for level in [*factor.levels, None]
                ]
                here &= np.array(accepted)[factor.codes]
            found[here] = rule.segment
        labels = {type(label) for label in self.segments_}
        asks = any(rule.segment is None for rule in self._rules)
        return found.astype(int) if labels == {int} and not asks else found

    def to_sql(
        self,
        dialect: str,
        table: str | Sequence[str] = "customers",
        key: str | Sequence[str] | None = None,
        *,
        typed_columns: str | Sequence[str] = (),
    ) -> str:
        """Return one SELECT statement that gives each row of a table its segment.

        The segment is NULL where the model has to be asked. Names are quoted, so that
        they have to be spelt as in the database, upper and lower case included.

        Parameters
        ----------
        dialect : str
            "bigquery", "databricks", "duckdb", "mysql", "oracle", "postgres",
            "redshift", "snowflake", "spark", "sqlite" or "tsql" (SQL Server).
        table : str or list of str, default="customers"
            Name of the table; a list for a database or schema and the name.
        key : str or list of str, default=None
            Columns that name a customer, to select beside the segment; None selects all
            columns.
        typed_columns : str or list of str, default=()
            Columns that hold text or durations in X but numbers (durations in days),
            dates or timestamps in the database.

        Returns
        -------
        sql : str
            The statement.

        Raises
        ------
        ImportError
            If sqlglot is not installed; ``segmentlearn[export]`` brings it.
        SchemaError
            If the rules look at text that was read as numbers or dates and is not in
            ``typed_columns``.
        ValueError
            If the dialect is not one of these.
        """
        check_option("dialect", dialect, DIALECTS)
        refuse_written(self._columns, typed_columns, "to_sql")
        keys = [key] if isinstance(key, str) else list(key or ())
        name = free_name("segment", {*self.columns_, *keys})
        return sql_of(self._rules, self._columns, dialect, table, key, name)

    def to_python(
        self,
        name: str = "segment_of",
        *,
        typed_columns: str | Sequence[str] = (),
    ) -> str:
        """Return the source of a function that needs nothing but Python.

        It takes one customer, a dict of raw columns, and returns the segment, or None
        where the model has to be asked.

        Parameters
        ----------
        name : str, default="segment_of"
            Name of the function.
        typed_columns : str or list of str, default=()
            Columns that hold text in X but numbers, dates or durations in the dicts.

        Returns
        -------
        source : str
            The function.

        Raises
        ------
        SchemaError
            If the rules look at text that was read as numbers or dates and is not in
            ``typed_columns``.
        ValueError
            If the name is not that of a function.
        """
        refuse_written(self._columns, typed_columns, "to_python")
        return python_of(self._rules, self._columns, name)

    def to_json(self) -> str:
        """Return the rules and their figures as JSON, which `from_json` reads.

        Returns
        -------
        text : str
            The JSON.
        """
        return json_of(
            {
                "segments": self.segments_,
                "columns": self._columns,
                "rules": self._rules,
                "fidelity": self.fidelity_,
                "coverage": self.coverage_,
                "per_segment": self.per_segment_,
                "curve": self.curve_,
                "recommended": self.recommended_,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the rules that `to_json` has written.

        Parameters
        ----------
        text : str
            The JSON; nothing in it is executed.

        Returns
        -------
        rules : SegmentRules
            The same rules.

        Raises
        ------
        ValueError
            If the text holds no rules, or damaged ones.
        """
        facts = facts_of(text)
        figures = HeldOutFigures(
            facts["fidelity"], facts["coverage"], facts["per_segment"]
        )
        return cls(
            facts["rules"],
            facts["columns"],
            facts["segments"],
            figures,
            facts["curve"],
            facts["recommended"],
        )

    def to_markdown(self) -> str:
        """Return the rules and their figures as a page to read and sign.

        Returns
        -------
        text : str
            Markdown.
        """
        shown = self.rules_.copy()
        shown["segment"] = [
            ASK if label is None else str(label) for label in shown["segment"]
        ]
        if shown["value_share"].isna().all():
            shown = shown.drop(columns="value_share")
        else:
            shown = shown.rename(columns={"value_share": "value share"})
        shown.insert(0, "no.", np.arange(1, len(shown) + 1))
        lines = [
            "# Segment rules",
            *(f"- {escape_markdown(sentence)}" for sentence in self._sentences()),
            markdown_table(shown),
            "## Held-out customers by segment",
            markdown_table(
                self.per_segment_.assign(segment=self.per_segment_["segment"].map(str))
            ),
            "## Fidelity by the number of rules",
            markdown_table(
                self.curve_.rename(columns={"standard_error": "standard error"})
            ),
        ]
        text = "\n\n".join(lines).replace("\n\n- ", "\n- ")
        return text.replace("rules\n- ", "rules\n\n- ", 1) + "\n"

    def _sentences(self) -> list[str]:
        """Return the figures in words."""
        overall = self.fidelity_["overall"]
        sentences = [
            f"{count_text(len(self._rules), 'rule')} on "
            f"{names_text(self.columns_) or 'no column'}; {self.recommended_} "
            f"recommended.",
            f"Fidelity on held-out customers: the rules put {_percent(overall)} of "
            f"them in the same segment as the model, and "
            f"{_percent(self.fidelity_['balanced'])} as a mean over the segments.",
        ]
        weighted = self.fidelity_["weighted"]
        if weighted is not None:
            sentences.append(f"Weighted by value: {_percent(weighted)}.")
        sentences.append(
            f"Coverage: the rules answer for {_percent(self.coverage_)}; the model is "
            f"asked for the others."
        )
        found = {rule.segment for rule in self._rules}
        without = [label for label in self.segments_ if label not in found]
        if without:
            sentences.append(f"Segments without a rule: {names_text(without)}.")
        return sentences

    def __str__(self) -> str:
        lines = self._sentences()
        for rule, text in zip(self._rules, self.rules_["rule"], strict=True):
            label = ASK if rule.segment is None else str(rule.segment)
            figures = f"{rule.customers:,} customers"
            if rule.precision is not None:
                figures += f", {percent(rule.precision)} right"
            lines.append(f"{label}: {text} ({figures})")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<SegmentRules: {len(self._rules)} rules>"


def _percent(share: float | None) -> str:
    return "unknown" if share is None else percent(share)
