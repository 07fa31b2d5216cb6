"""Rules in SQL: the same segment in every row, whatever stands in it."""

import sys

import hypothesis
import numpy as np
import pandas as pd
import pytest
import sqlglot
from hypothesis import strategies
from sqlglot import exp

from segmentlearn import segment_rules
from segmentlearn.exceptions import SchemaError
from tests.export.customers import (
    INCOME,
    JOB,
    JOBS,
    by_duckdb,
    by_python,
    by_sqlite,
    new_rows,
)

pytest.importorskip("duckdb")
DIALECTS = (
    *("duckdb", "sqlite", "postgres", "bigquery", "snowflake", "redshift"),
    *("databricks", "spark", "tsql", "oracle", "mysql"),
)
every_dialect = pytest.mark.parametrize("dialect", DIALECTS)


def test_awkward_rows_get_the_same_segment_everywhere(rules):
    """NULL, NaN, infinities, unseen levels, blanks, quotes and umlauts."""
    X = new_rows()
    expected = list(rules.predict(X))
    assert len(set(expected)) > 4
    assert by_python(rules, X) == expected
    assert by_duckdb(rules, X) == expected
    assert by_sqlite(rules, X) == expected


def test_training_rows_get_the_same_segment_everywhere(rules, awkward):
    """The rows that the rules were made from."""
    X, _ = awkward
    expected = list(rules.predict(X))
    assert by_python(rules, X) == expected
    assert by_duckdb(rules, X) == expected
    assert by_sqlite(rules, X) == expected


NUMBERS = strategies.one_of(
    strategies.floats(width=64), strategies.integers(-10, 100_000).map(float)
)
TEXTS = strategies.one_of(
    strategies.none(),
    strategies.sampled_from([*JOBS, "", " "]),
    strategies.text(
        strategies.characters(exclude_characters="\x00", exclude_categories=["Cs"]),
        max_size=6,
    ),
)
MOMENTS = strategies.integers(-2_000_000_000, 4_000_000_000)


@pytest.mark.slow
@hypothesis.settings(max_examples=15, deadline=None, derandomize=True)
@hypothesis.given(
    strategies.lists(
        strategies.tuples(
            NUMBERS, TEXTS, strategies.booleans(), MOMENTS, strategies.integers(0, 99)
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_rows_get_the_same_segment_everywhere(rules, rows):
    """Rows that hypothesis makes up."""
    X = pd.DataFrame(rows, columns=[INCOME, JOB, "member", "since", "age"])
    X[JOB] = pd.Series([row[1] for row in rows], dtype=object)
    X["since"] = pd.to_datetime(X["since"], unit="s")
    expected = list(rules.predict(X))
    assert by_python(rules, X) == expected
    assert by_duckdb(rules, X) == expected
    assert by_sqlite(rules, X) == expected


def test_nan_is_missing_in_duckdb():
    """DuckDB sorts NaN above all numbers; the rules take it for missing."""
    import duckdb

    X = pd.DataFrame({"x": np.r_[np.arange(90) * 0.75, np.full(30, np.nan)]})
    y = np.where(X["x"].isna(), "none", np.where(X["x"] > 40, "high", "low"))
    rules = segment_rules(y, X)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE customers (x DOUBLE)")
        connection.execute("INSERT INTO customers VALUES ('NaN'), (NULL), ('inf')")
        found = connection.execute(rules.to_sql("duckdb")).fetchall()
    assert [segment for _, segment in found] == ["none", "none", "high"]


@pytest.mark.parametrize("kind", ["FLOAT", "DOUBLE", "DECIMAL(9, 4)", "INTEGER"])
def test_columns_of_any_number_type_are_compared_in_double_precision(kind):
    """Single precision, decimals and whole numbers give the same segments."""
    import duckdb

    X = pd.DataFrame({"x": np.tile(np.arange(0, 2, 0.01).round(2), 2)})
    rules = segment_rules((X["x"] > 0.94).astype(int), X)
    cells = [0, 1, 2] if kind == "INTEGER" else [0.93, 0.94, 0.945, 0.95]
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE customers (x {kind})")
        connection.executemany("INSERT INTO customers VALUES (?)", [[c] for c in cells])
        found = connection.execute(rules.to_sql("duckdb")).fetchall()
    held = pd.DataFrame({"x": [float(cell) for cell, _ in found]})
    assert [segment for _, segment in found] == list(rules.predict(held))


@every_dialect
def test_statement_parses_and_names_stay_names(rules, dialect):
    """Hostile names and levels are one identifier and one text each."""
    table, key = ['sch"ema', "customers]; DROP TABLE x; --"], "id`'\\"
    sql = rules.to_sql(dialect, table, key)
    (tree,) = sqlglot.parse(sql, read=dialect)
    assert isinstance(tree, exp.Select)
    assert {column.name for column in tree.find_all(exp.Column)} == {
        *rules.columns_,
        key,
    } | ({"BINARY_DOUBLE_NAN"} if dialect == "oracle" else set())
    assert {one.name for one in tree.find_all(exp.Table)} == {table[1]}
    texts = {one.this for one in tree.find_all(exp.Literal) if one.is_string}
    texts |= {one.this for one in tree.find_all(exp.National)}
    assert "ümlaut's" in texts
    assert texts & set(JOBS)
    assert not list(tree.find_all(exp.Drop))


@every_dialect
def test_missing_cells_are_looked_at_first(rules, dialect):
    """In a condition with NULL, the test for NULL comes before the others."""
    tree = sqlglot.parse_one(rules.to_sql(dialect), read=dialect)
    found = [one for one in tree.find_all(exp.Or) if not isinstance(one.parent, exp.Or)]
    assert found
    for condition in found:
        first = next(iter(condition.flatten()))
        assert isinstance(first, exp.Is)
        assert isinstance(first.expression, exp.Null)


def test_case_matters_where_the_database_ignores_it():
    """MySQL and SQL Server compare with a binary collation."""
    X = pd.DataFrame({"job": np.tile(["a", "A"], 40)})
    rules = segment_rules(np.tile([0, 1], 40), X)
    assert "COLLATE utf8mb4_bin" in rules.to_sql("mysql")
    assert "COLLATE Latin1_General_100_BIN2" in rules.to_sql("tsql")


def test_oracle_has_no_empty_text():
    """A NULL among excluded texts would make the condition unknown."""
    X = pd.DataFrame({"job": np.tile(["a", "b", None], 40)})
    rules = segment_rules(np.tile([0, 1, 2], 40), X)
    tree = sqlglot.parse_one(rules.to_sql("oracle"), read="oracle")
    assert "" not in {one.this for one in tree.find_all(exp.Literal)}


def test_an_unknown_column_is_an_error_in_sqlite(rules, awkward):
    """SQLite would take a quoted name that is no column for a text."""
    import sqlite3

    X, _ = awkward
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        by_sqlite(rules, X.drop(columns=JOB))


def test_key_none_selects_all_columns(rules):
    """A star of the table stands before the segment."""
    tree = sqlglot.parse_one(rules.to_sql("duckdb"), read="duckdb")
    assert tree.selects[0].is_star
    assert tree.selects[1].alias == "segment"


def amounts():
    """A column of amounts that are written with currency and thousands marks."""
    spend = np.arange(1000, 61_000, 300)
    X = pd.DataFrame({"spend": [f"${one:,.2f}" for one in spend]})
    return X, np.where(spend > 30_000, "high", "low"), spend


def test_amounts_in_notation_are_refused_by_name():
    """SQL would compare the text; the error names the column and the cure."""
    X, y, _ = amounts()
    rules = segment_rules(y, X)
    np.testing.assert_array_equal(rules.predict(X), y)
    with pytest.raises(SchemaError, match=r"'spend'.*typed_columns"):
        rules.to_sql("duckdb")
    with pytest.raises(SchemaError, match=r"'spend'.*typed_columns"):
        rules.to_python()


def test_amounts_that_the_database_holds_as_numbers_are_compared():
    """The user says that the column has a type there."""
    X, y, spend = amounts()
    rules = segment_rules(y, X)
    typed = pd.DataFrame({"spend": spend.astype(float)})
    how = {"typed_columns": ["spend"]}
    assert by_duckdb(rules, typed, **how) == list(y)
    assert by_python(rules, typed, **how) == list(y)
    assert list(rules.predict(typed)) == list(y)


def test_labels_of_several_types_are_texts():
    """A CASE has one type."""
    X = pd.DataFrame({"x": np.arange(80) / 4})
    y = np.array([1] * 40 + ["b"] * 40, dtype=object)
    rules = segment_rules(y, X)
    assert "'1'" in rules.to_sql("duckdb")


def test_one_rule_for_all_is_a_literal():
    """Without a condition there is no CASE."""
    X = pd.DataFrame({"x": np.arange(30)})
    rules = segment_rules(np.full(30, "all"), X)
    assert by_duckdb(rules, X) == ["all"] * 30
    assert by_python(rules, X) == ["all"] * 30


def test_unknown_dialect_is_refused(rules):
    """The error lists what there is."""
    with pytest.raises(ValueError, match="duckdb"):
        rules.to_sql("access")


def test_missing_sqlglot_is_named(rules, monkeypatch):
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    with pytest.raises(ImportError, match=r"segmentlearn\[export\]"):
        rules.to_sql("duckdb")


def test_truth_values_and_numbered_levels_are_compared_as_they_are():
    """Objects of True, False and None, and a category of whole numbers."""
    rng = np.random.default_rng(0)
    member = pd.Series(rng.choice([True, False, None], 240), dtype=object)
    store = pd.Series(rng.integers(1, 5, 240)).astype("category")
    y = np.select(
        [member.isna(), (member == True) & store.isin([1, 3])],  # noqa: E712
        ["unknown", "member"],
        "other",
    )
    X = pd.DataFrame({"member": member, "store": store})
    rules = segment_rules(y, X)
    expected = list(rules.predict(X))
    assert expected == list(y)
    assert by_python(rules, X) == expected
    assert (
        by_duckdb(
            rules,
            X.astype({"store": int}),
        )
        == expected
    )
    assert by_sqlite(rules, X.astype({"store": int})) == expected
    assert "TRUE" not in rules.to_sql("oracle")
