"""The command ``report``."""

import functools

import pandas as pd
import pytest
from sklearn.cluster import KMeans

from segmentlearn import make_customers, save
from tests import command_line
from tests.command_line import assert_one_line_error

NUMBERS = ["Age", "Annual Income (k$)", "Spending Score (1-100)"]


run = functools.partial(command_line.run, "report")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Customers, and an archive of their segments."""
    folder = tmp_path_factory.mktemp("report")
    X, _ = make_customers("mall", 120, random_state=0)
    X[NUMBERS].to_csv(folder / "mall.csv", index=False)
    X[NUMBERS[1:]].to_csv(folder / "short.csv", index=False)
    save(KMeans(3, n_init=2, random_state=0).fit(X[NUMBERS]), folder / "mall.seg")
    return folder


def test_report_is_written(folder):
    """The page has the title, and the command that makes it again."""
    out = folder / "report.html"
    result = run(
        folder / "mall.seg", folder / "mall.csv", "--out", out, "--title", "My mall"
    )
    assert result.exit_code == 0
    assert f"Report on 120 customers written to {out}" in result.stderr
    page = out.read_text(encoding="utf-8")
    assert "<h1>My mall</h1>" in page
    assert "segmentlearn report mall.seg mall.csv --out report.html" in page


def test_history_shows_who_moved(folder):
    """Of the last period of a history, and the one before."""
    months = [pd.DataFrame({"no": range(40), "period": m}) for m in ("04", "05")]
    history = pd.concat(months).assign(segment=[0] * 20 + [1] * 20 + [1] * 40)
    history.to_parquet(folder / "history.parquet")
    out = folder / "moved.html"
    options = "--out", out, "--history", folder / "history.parquet"
    result = run(folder / "mall.seg", folder / "mall.csv", *options)
    assert result.exit_code == 0, result.output
    assert "40 customers are in both periods" in out.read_text(encoding="utf-8")


def test_missing_column(folder):
    """The error names the file and the column."""
    table = folder / "short.csv"
    result = run(folder / "mall.seg", table, "--out", folder / "a.html")
    assert_one_line_error(result, table, "lacks 1 column", "Age")


def test_unknown_target(folder):
    """The error names the option and what the file has."""
    table, out = folder / "mall.csv", folder / "a.html"
    result = run(folder / "mall.seg", table, "--out", out, "--target", "Aeg")
    assert_one_line_error(result, "--target 'Aeg'", table, "Did you mean 'Age'?")


def test_target_that_the_model_uses(folder):
    """A feature of the model is no target."""
    table, out = folder / "mall.csv", folder / "a.html"
    result = run(folder / "mall.seg", table, "--out", out, "--target", "Age")
    assert_one_line_error(result, "--target 'Age'", "learnt from")


def test_output_is_not_the_archive(folder):
    """Inputs are never overwritten."""
    archive = folder / "mall.seg"
    result = run(archive, folder / "mall.csv", "--out", archive)
    assert_one_line_error(result, archive, "input file")
