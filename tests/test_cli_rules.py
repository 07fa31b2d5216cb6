"""The command ``rules``."""

import functools

import pytest
import sqlglot
from sklearn.cluster import KMeans

from segmentlearn import SegmentRules, make_customers, save
from tests import command_line
from tests.command_line import assert_one_line_error

NUMBERS = ["Age", "Annual Income (k$)", "Spending Score (1-100)"]

run = functools.partial(command_line.run, "rules")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Customers, and an archive of their segments."""
    folder = tmp_path_factory.mktemp("rules")
    X, _ = make_customers("mall", 120, random_state=0)
    X[NUMBERS].to_csv(folder / "mall.csv", index=False)
    X[NUMBERS[1:]].to_csv(folder / "short.csv", index=False)
    save(KMeans(3, n_init=2, random_state=0).fit(X[NUMBERS]), folder / "mall.seg")
    return folder


def test_rules_and_fidelity_are_shown(folder):
    """Without a file the rules are on the screen alone."""
    result = run(folder / "mall.seg", folder / "mall.csv", "--max-rules", 4)
    assert result.exit_code == 0
    assert "Fidelity on held-out customers" in result.stdout
    assert "customers, " in result.stdout
    assert "name a file with --out" in result.stderr


def test_sql_is_written(folder):
    """The statement has the table and the key that were asked for."""
    out = folder / "rules.sql"
    options = ("--dialect", "bigquery", "--sql-table", "crm", "--key", "no")
    result = run(folder / "mall.seg", folder / "mall.csv", "--out", out, *options)
    assert result.exit_code == 0
    tree = sqlglot.parse_one(out.read_text(encoding="utf-8"), read="bigquery")
    assert tree.selects[0].name == "no"
    assert tree.find(sqlglot.exp.Table).name == "crm"


@pytest.mark.parametrize(
    ("ending", "start"), [("py", "def segment_of("), ("md", "# Segment rules")]
)
def test_other_files_are_written(folder, ending, start):
    """The ending of the file's name says what it holds."""
    out = folder / f"rules.{ending}"
    assert run(folder / "mall.seg", folder / "mall.csv", "--out", out).exit_code == 0
    assert out.read_text(encoding="utf-8").startswith(start)


def test_json_can_be_read_again(folder):
    """A file of rules needs no pickle."""
    out = folder / "rules.json"
    result = run(
        folder / "mall.seg", folder / "mall.csv", "--out", out, "--min-customers", 20
    )
    assert result.exit_code == 0
    rules = SegmentRules.from_json(out.read_text(encoding="utf-8"))
    assert rules.rules_["customers"].min() >= 20


def test_columns_of_rules_are_chosen(folder):
    """A column that is not named decides nothing."""
    result = run(folder / "mall.seg", folder / "mall.csv", "--columns", "Age")
    assert result.exit_code == 0
    assert "Spending Score" not in result.stdout


def test_notation_of_the_table_is_noted(folder):
    """Amounts are compared as numbers, which a warehouse has to hold."""
    X, _ = make_customers("mall", 120, random_state=0)
    written = X[NUMBERS].assign(**{"Age": X["Age"].map("{} years".format)})
    written.to_csv(folder / "written.csv", index=False)
    save(KMeans(2, n_init=2, random_state=0).fit(X[["Age"]]), folder / "age.seg")
    result = run(folder / "age.seg", folder / "written.csv")
    assert "'years' behind" in result.stderr


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--out", "rules.txt"], ["--out rules.txt", ".sql, .py, .json, .md"]),
        (["--out", "r.sql", "--dialect", "access"], ["--dialect 'access'", "duckdb"]),
        (["--dialect", "duckdb"], ["--dialect is for a .sql file"]),
        (["--max-rules", "none"], ["--max-rules 'none'"]),
        (["--columns", "Aeg"], ["--columns 'Aeg'", "Did you mean 'Age'?"]),
        (["--value", "Aeg"], ["--value 'Aeg'", "Did you mean 'Age'?"]),
        (["--min-customers", 121], ["120 customers", "--min-customers 121"]),
    ],
)
def test_errors_speak_of_options(folder, options, parts, monkeypatch):
    """One line, with exit code 2."""
    monkeypatch.chdir(folder)
    assert_one_line_error(run("mall.seg", "mall.csv", *options), *parts)


def test_missing_column(folder):
    """The error names the file and the column."""
    result = run(folder / "mall.seg", folder / "short.csv")
    assert_one_line_error(result, "lacks 1 column", "Age")
