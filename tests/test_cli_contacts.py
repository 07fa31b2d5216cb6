"""A target of two classes on the command line: from ``fit`` to the list of contacts."""

import functools
import html

import numpy as np
import pandas as pd
import pytest

from segmentlearn import inspect
from tests import command_line
from tests.command_line import assert_one_line_error

fit = functools.partial(command_line.run, "fit")
predict = functools.partial(command_line.run, "predict")
N_ROWS = 600


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Customers of whom some leave, as text; the new ones in two files."""
    folder = tmp_path_factory.mktemp("contacts")
    rng = np.random.default_rng(0)
    age, city = rng.integers(18, 80, N_ROWS), rng.choice(["Bonn", "Ulm"], N_ROWS)
    leaves = rng.random(N_ROWS) < 1 / (1 + np.exp(3.5 - 0.06 * age))
    table = pd.DataFrame(
        {
            "customer": [f"{at:04d}" for at in range(N_ROWS)],
            "age": age,
            "city": city,
            "spend": np.exp(rng.normal(3 + age / 50, 0.5)).round(2),
            "status": np.where(leaves, "Churned", "Stayed"),
        }
    )
    table.drop(columns="spend").to_csv(folder / "train.csv", index=False, sep=";")
    table.drop(columns="status").to_csv(folder / "spend.csv", index=False)
    table = table.drop(columns=["status", "spend"])
    table.to_csv(folder / "new.csv", index=False, sep=";")
    table.astype({"customer": int}).to_parquet(folder / "new.parquet")
    table[["customer"]].iloc[:100].to_csv(folder / "called.csv", index=False)
    (folder / "parts").mkdir()
    for part, rows in enumerate(np.array_split(np.arange(N_ROWS), 2)):
        table.iloc[rows].to_csv(folder / "parts" / f"{part}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def fitted(folder):
    """What ``fit`` printed."""
    result = fit(
        *(folder / "train.csv", "--target", "status", "--id", "customer"),
        *("--model", "trees", "--out", folder / "churn.seg"),
        *("--cost-per-contact", 5, "--value-per-response", 20),
    )
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def scored(fitted, folder):
    """All new customers and their probabilities, as ``predict`` writes them."""
    result = predict(
        *(folder / "churn.seg", folder / "new.csv", "--out", folder / "scored.csv")
    )
    assert result.exit_code == 0, result.stderr
    return pd.read_csv(folder / "scored.csv", sep=";", dtype={"customer": str})


def test_fit_speaks_of_responders(fitted):
    """Rate, AUC, gain, profit and threshold, and nothing of a largest segment."""
    assert "Responders: status = Churned" in fitted
    assert "average precision" in fitted
    assert "of all responders  lift  profit" in fitted
    assert "a contact pays from a probability of" in " ".join(fitted.split())
    assert "taking everybody for Stayed" in fitted
    assert "largest segment" not in fitted
    assert "--top 500" in fitted


def test_card_has_the_figures(fitted, folder):
    """Under the target's name."""
    metrics = inspect(folder / "churn.seg").card["metrics"]
    assert 0.5 < metrics["held-out AUC of status = Churned"] < 1
    amounts = "5 a contact, 20 a response"
    assert 0 < metrics[f"probability from which a contact pays ({amounts})"] < 1
    assert metrics[f"held-out profit from the 20% most probable ({amounts})"] > 0
    assert any("share of all status = Churned" in name for name in metrics)


def test_top_lists_the_most_probable(scored, folder, tmp_path):
    """All columns as they were, by falling probability, a control group among them."""
    out = tmp_path / "list.csv"
    result = predict(
        folder / "churn.seg", folder / "new.csv", "--top", 40, "--out", out
    )
    assert result.exit_code == 0, result.stderr
    found = pd.read_csv(out, sep=";", dtype={"customer": str})
    assert list(found) == [*scored, "rank", "group"]
    assert found["rank"].tolist() == list(range(1, 41))
    assert found["group"].value_counts().to_dict() == {"contact": 38, "control": 2}
    best = scored["probability_Churned"].sort_values(ascending=False).iloc[:40]
    assert found["probability_Churned"].tolist() == best.tolist()
    merged = found.merge(scored, on=list(scored))
    assert len(merged) == 40
    assert "38 contacts" in result.stderr
    assert "Control group: 2 customers" in result.stderr
    assert "a propensity is not an uplift" in result.stderr


def test_excluded_customers_are_matched_by_key(scored, folder, tmp_path):
    """Columns stay; numbers and text of the same digits differ, and it is reported."""
    how = ("--top", 50, "--exclude", folder / "called.csv", "--key", "customer")
    out = tmp_path / "list.csv"
    result = predict(folder / "churn.seg", folder / "new.csv", *how, "--out", out)
    found = pd.read_csv(out, sep=";", dtype={"customer": str})
    assert "names 100 customers; 100 rows" in result.stderr
    assert not set(found["customer"]) & set(scored["customer"][:100])
    assert "age" in found
    result = predict(folder / "churn.seg", folder / "new.parquet", *how)
    assert "none of them is in the table" in result.stderr


def test_budget_and_profit_end_a_list(fitted, folder, tmp_path):
    """Money for 60 contacts; a contact that brings nothing is not made."""
    amounts = ("--cost-per-contact", 5, "--value-per-response", 20)
    out = tmp_path / "list.parquet"
    result = predict(
        *(folder / "churn.seg", folder / "new.parquet", "--budget", 300, *amounts),
        *("--control-share", 0.2, "--out", out),
    )
    found = pd.read_parquet(out)
    assert found["group"].value_counts().to_dict() == {"contact": 60, "control": 15}
    assert found["customer"].dtype == np.int64
    assert "Cost 300, expected profit" in result.stderr
    result = predict(folder / "churn.seg", folder / "new.csv", *amounts)
    assert "Further contacts would cost more" in result.stderr


def test_a_folder_of_files_is_one_list(scored, folder):
    """As if they were one file."""
    result = predict(
        folder / "churn.seg", folder / "parts", "--top", 30, "--control-share", 0
    )
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    best = scored.sort_values("probability_Churned", ascending=False, kind="stable")
    listed = [float(line.split(",")[4]) for line in lines[1:]]
    assert listed == best["probability_Churned"].iloc[:30].tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--control-share", 0.1), "--control-share is about a list"),
        (("--budget", 100), "--budget needs --cost-per-contact"),
        (("--top", 5, "--exclude", "x.csv"), "--exclude needs --key"),
        (("--top", 5, "--positive", "Left"), "--positive 'Left' is none of"),
        (("--min-probability", 0.999), "no customer is on the list"),
        (("--value-per-response", 5), "--value-per-response needs"),
        (("--top", 5, "--control-share", 1), "--control-share 1"),
    ],
)
def test_options_that_do_not_fit_are_refused(fitted, folder, options, message):
    """In one line."""
    result = predict(folder / "churn.seg", folder / "new.parquet", *options)
    assert_one_line_error(result, message)


def test_amounts_are_offered_classes(folder, tmp_path):
    """And learnt as these; scoring knows them again."""
    how = (folder / "spend.csv", "--target", "spend", "--id", "customer")
    how = (*how, "--model", "trees")
    assert_one_line_error(fit(*how), "is an amount", "--bins 4 learns 4 classes")
    out = tmp_path / "spend.seg"
    result = fit(*how, "--bins", 2, "--out", out)
    assert "Responders: spend = 2: " in result.stdout
    result = predict(out, folder / "spend.csv", "--top", 20, "--positive", 1)
    assert "List for spend = 1: below" in result.stderr
    assert "'spend' of 19 contacts is in the file" in result.stderr


@pytest.mark.slow
def test_report_is_about_responders(fitted, folder, tmp_path):
    """Gain and profit, the expected number, and no largest segment."""
    out = tmp_path / "page.html"
    archive = folder / "churn.seg"
    result = command_line.run("report", archive, folder / "new.csv", "--out", out)
    assert result.exit_code == 0, result.stderr
    page = html.unescape(out.read_text(encoding="utf-8"))
    assert "Finding customers with “status = Churned”" in page
    assert "of customers with the highest probabilities hold" in page
    assert "contacting pays from a probability of" in page
    assert "are expected to have “status = Churned”" in page
    assert "The largest segment is" not in page
    assert "Share of all with “status = Churned” among" in page  # the picture's text
