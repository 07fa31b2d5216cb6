"""The command ``migration``, and scored files with ids of segments."""

import functools
import json

import pandas as pd
import pytest
from sklearn.cluster import KMeans

from segmentlearn import InductiveClusterer, load, make_customer_panel, save
from segmentlearn.monitoring import read_history
from tests import command_line
from tests.command_line import assert_one_line_error

NUMBERS = ["Annual Income (k$)", "Spending Score (1-100)"]

run = functools.partial(command_line.run, "migration")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Customers of two months, scored and not, archives, and a history."""
    folder = tmp_path_factory.mktemp("migration")
    panel = make_customer_panel(
        n_samples=200, n_segments=3, transitions=["birth"], random_state=0
    )
    april = InductiveClusterer(KMeans(3, n_init=3), random_state=0, period="04")
    april.fit(panel.old[NUMBERS]).segment_names_ = {0: "savers"}
    may = InductiveClusterer(
        KMeans(4, n_init=3), random_state=0, baseline=april, period="05"
    ).fit(panel.new[NUMBERS])
    parts = []
    for name, table, model in (("04", panel.old, april), ("05", panel.new, may)):
        save(model, folder / f"{name}.seg")
        table.to_csv(folder / f"{name}.csv", index=False)
        segments = model.segment_ids_[model.predict(table[NUMBERS])]
        names = pd.Series(segments).map({0: "savers", 1: "others"})
        scored = table.assign(segment=segments, segment_name=names, worth=2)
        scored.to_csv(folder / f"scored_{name}.csv", index=False)
        part = scored[["CustomerID", "segment", "segment_name"]]
        parts.append(part.assign(period=name, segment=segments.astype(str)))
    pd.concat(parts).to_parquet(folder / "history.parquet")
    return folder


def test_history(folder):
    """Sentences, and the matrix with the names of segments, are on the screen."""
    result = run(folder / "history.parquet")
    assert result.exit_code == 0, result.stderr
    assert "customers are in both periods, 04 and 05" in result.stdout
    assert "\n0: savers " in result.stdout
    assert "\nentered " in result.stdout


def test_two_scored_files(folder):
    """They say the same as the history."""
    files = folder / "scored_04.csv", folder / "scored_05.csv"
    out, moved = folder / "moved.json", folder / "customers.csv"
    options = ("--key", "CustomerID", "--value", "worth", "--periods", "04,05")
    result = run(*files, *options, "--out", out, "--moved", moved)
    assert result.exit_code == 0, result.stderr
    of_history = run(folder / "history.parquet").stdout
    assert of_history.startswith(result.stdout)
    facts = json.loads(out.read_text(encoding="utf-8"))
    assert [0, "savers"] in facts["names"]
    assert facts["migration"][0]["value"] == 2 * facts["migration"][0]["customers"]
    table = pd.read_csv(moved)
    columns = ["CustomerID", "from_period", "to_period", "from", "to", "worth"]
    assert list(table) == columns
    outside = (table["from"] == "entered") | (table["to"] == "left")
    assert (~outside).sum() == facts["n_moved"]
    assert table["CustomerID"].is_unique


def test_two_files_and_their_models(folder):
    """With what the model of the new month makes of the old customers."""
    files = folder / "04.csv", folder / "05.csv"
    models = ("--old", folder / "04.seg", "--new", folder / "05.seg")
    out = folder / "moved.md"
    result = run(*files, "--key", "CustomerID", *models, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "The new model moves" in result.stdout
    text = out.read_text(encoding="utf-8")
    assert text.startswith("# Movement between segments")
    assert "0: savers" in text


@pytest.mark.parametrize(("ending", "start"), [("csv", "old,new"), ("html", "<!DOC")])
def test_other_files(folder, ending, start):
    """The ending of the file's name says what it holds."""
    out = folder / f"moved.{ending}"
    assert run(folder / "history.parquet", "--out", out).exit_code == 0
    assert out.read_text(encoding="utf-8").startswith(start)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("04.csv",), "is no history in Parquet"),
        (("scored_04.csv", "scored_05.csv"), "need --key"),
        (("04.csv", "05.csv", "--key", "CustomerID"), "no column 'segment'"),
        (("04.csv", "05.csv", "--key", "CustomerID", "--new", "05.seg"), "--old"),
        (("scored_04.csv", "scored_05.csv", "--key", "nobody"), "--key"),
        (("history.parquet", "--periods", "04"), "--periods '04' must be two names"),
        (("history.parquet", "--periods", "04,06"), "'06' is not in"),
        (("history.parquet", "--out", "moved.pdf"), ".pdf files are not written"),
    ],
)
def test_errors_name_the_option(folder, monkeypatch, arguments, part):
    """In one line."""
    monkeypatch.chdir(folder)
    assert_one_line_error(run(*arguments), part)


def test_scored_files_have_ids(folder):
    """Beside the labels, where the segments come from an earlier month."""
    out = folder / "again.csv"
    pd.read_csv(folder / "05.csv")[NUMBERS].to_csv(folder / "plain.csv", index=False)
    result = command_line.run(
        "predict", folder / "05.seg", folder / "plain.csv", "--out", out
    )
    assert result.exit_code == 0, result.stderr
    scored = pd.read_csv(out)
    assert scored["segment_id"].isin(range(4)).all()


def test_a_history_of_scores_has_ids(folder, tmp_path):
    """Both months by what their segments are called for good, though labels differ."""
    history = tmp_path / "history"
    for name in ("04", "05"):
        model = load(folder / f"{name}.seg")
        table = pd.read_csv(folder / f"{name}.csv")
        table[["CustomerID", *NUMBERS]].to_csv(tmp_path / f"{name}.csv", index=False)
        result = command_line.run(
            *("score", folder / f"{name}.seg", tmp_path / f"{name}.csv"),
            *("--reference", tmp_path / f"{name}.csv", "--key", "CustomerID"),
            *("--history", history, "--fail-on", "never"),
        )
        assert result.exit_code == 0, result.stderr
        found = read_history(history)
        ids = model.segment_ids_[model.predict(table[NUMBERS])].astype(str)
        assert found.loc[found["period"] == name, "segment"].tolist() == ids.tolist()
    assert "customers are in both periods, 04 and 05" in run(history).stdout
