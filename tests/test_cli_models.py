"""The commands ``rename`` and ``compare``, and options that all commands share."""

import io
import os
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from segmentlearn import (
    BoostedTreesClassifier,
    InductiveClusterer,
    inspect,
    load,
    make_customers,
    save,
)
from tests.command_line import COMMANDS, assert_one_line_error, run

SPENT = np.repeat([1.0, 50.0, 99.0], [30, 20, 10])
CUSTOMERS = pd.DataFrame({"spent": SPENT + np.arange(60) % 5, "visits": SPENT / 2})


def clusterer(**how):
    return InductiveClusterer(KMeans(3, n_init=3, random_state=0), **how)


@pytest.fixture
def archive(tmp_path):
    """Three segments, of which two have a name, and a card that a person wrote."""
    model = clusterer().fit(CUSTOMERS)
    model.segment_names_ = {0: "seldom", 1: "often"}
    facts = {"segment_names": {"0": "seldom", "1": "often"}, "by": "me"}
    card = {"owner": "marketing", "units": {"spent": "EUR"}, "metrics": {"x": 1.0}}
    save(model, tmp_path / "m.seg", metadata=facts, card=card)
    return tmp_path / "m.seg"


def names_file(folder, text):
    (folder / "names.csv").write_text(text)
    return folder / "names.csv"


def test_segments_are_renamed(archive, tmp_path):
    """Those that are not named keep their name, and all else in the archive stays."""
    before = load(archive).predict_proba(CUSTOMERS)
    names = names_file(tmp_path, "segment;name\n1;Stammkäufer\n2;  big  spenders \n")
    result = run("rename", archive, names)
    assert result.exit_code == 0, result.stderr
    expected = {0: "seldom", 1: "Stammkäufer", 2: "big spenders"}
    model, info = load(archive), inspect(archive)
    assert model.segment_names_ == expected
    assert [entry["name"] for entry in info.segments] == list(expected.values())
    assert info.metadata["segment_names"]["2"] == "big spenders"
    assert info.metadata["by"] == "me"
    assert info.card["texts"] == {"owner": "marketing"}
    assert info.columns()[0]["unit"] == "EUR"
    assert info.card["metrics"]["x"] == 1.0
    np.testing.assert_array_equal(model.predict_proba(CUSTOMERS), before)


def test_names_live_on_in_a_later_fit(archive, tmp_path):
    """A fit with the renamed archive as its baseline has its names."""
    out = tmp_path / "named.seg"
    names = names_file(tmp_path, "segment_id,name\n2,big spenders\n")
    assert run("rename", archive, names, "--out", out).exit_code == 0
    assert load(archive).segment_names_ == {0: "seldom", 1: "often"}
    later = clusterer(baseline=load(out)).fit(CUSTOMERS)
    assert later.segment_names_ == {0: "seldom", 1: "often", 2: "big spenders"}


def test_names_are_written_edited_and_read(archive, tmp_path):
    """Without names they are shown, or written in the format of the file's name."""
    table = tmp_path / "names.xlsx"
    assert "often" in run("rename", archive).stdout
    assert run("rename", archive, "--out", table).exit_code == 0
    found = pd.read_excel(table, engine="calamine")
    assert found["segment"].tolist() == found["segment_id"].tolist() == [0, 1, 2]
    found.assign(name=["a", "b", "c"]).to_excel(table, index=False)
    assert run("rename", archive, table).exit_code == 0
    assert load(archive).segment_names_ == {0: "a", 1: "b", 2: "c"}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a,b\n1,x\n", "segment (or segment_id) and name"),
        ("segment,name\n7,x\n", "segment '7' is none of 0, 1, 2"),
        ("segment,name\n1,x\n1,y\n", "row 2"),
        ("segment,name\n1,x\n2,\n", "segment 2 has no name"),
        ("segment,name\n1,seldom\n", "two segments would be named 'seldom'"),
    ],
)
def test_names_that_cannot_be_given(archive, tmp_path, text, part):
    """The archive stays as it was."""
    before = archive.read_bytes()
    assert_one_line_error(run("rename", archive, names_file(tmp_path, text)), part)
    assert archive.read_bytes() == before


@pytest.mark.slow
def test_labels_of_a_target_are_no_names(tmp_path):
    """A classifier's segments are called what its target calls them."""
    model = BoostedTreesClassifier(max_iter=2, random_state=0)
    save(model.fit(CUSTOMERS, SPENT > 1), tmp_path / "c.seg")
    assert_one_line_error(run("rename", tmp_path / "c.seg"), "labels of its target")


@pytest.mark.slow
def test_compare_writes_all_models(tmp_path):
    """The table that is shown is in the file, the best model first."""
    X, y = make_customers("automobile", 150, random_state=0)
    X.assign(S=y).to_csv(tmp_path / "train.csv", index=False)
    out = tmp_path / "models.csv"
    result = run(
        *("compare", tmp_path / "train.csv", "--target", "S", "--model", "trees"),
        *("--cv", "2", "--scoring", "accuracy", "--out", out, "--drop", "Var_1"),
    )
    assert result.exit_code == 0, result.stderr
    found = pd.read_csv(out)
    assert "BoostedTreesClassifier" in found["model"].tolist()
    assert len(found) == 5
    assert found["accuracy"].is_monotonic_decreasing
    assert "The intervals hold together" in result.stdout


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--scoring", "f1"), "--scoring 'f1'"),
        (("--model", "trees", "--effort", "fast"), "--effort are of a net"),
        (("--effort", "huge"), "must be one of fast, default, thorough"),
        (("--out", "x.pdf"), ".pdf files are not written"),
    ],
)
def test_compare_refuses_options_first(options, part):
    """Before the table is read."""
    assert_one_line_error(run("compare", "none.csv", "--target", "S", *options), part)


def test_findings_are_a_table_of_any_format(tmp_path):
    """The name of the file decides; a dropped column is not looked at."""
    table = CUSTOMERS.assign(id=np.arange(60), amount=-1.0)
    table.to_csv(tmp_path / "a.csv", index=False)
    for name in ("f.parquet", "f.tsv"):
        result = run("audit", tmp_path / "a.csv", "--out", tmp_path / name)
        assert result.exit_code in (0, 1)
    found = pd.read_parquet(tmp_path / "f.parquet")
    assert found["columns"].tolist() == (
        pd.read_csv(tmp_path / "f.tsv", sep="\t")["columns"].fillna("").tolist()
    )
    assert "id" in found["columns"].tolist()
    shown = run("audit", tmp_path / "a.csv", "--drop", "id", "--format", "csv").stdout
    assert "id" not in pd.read_csv(io.StringIO(shown))["columns"].tolist()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_what_an_option_takes(command):
    """Choices and columns, not lists of Python."""
    shown = run(command, "--help").stdout
    assert not re.search(r"--[\w-]+ <list", shown)
    assert "Show this message" in shown


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "none.csv", "--target", "S", "--out"),
        ("cluster", "none.csv", "--out"),
        ("cluster", "none.csv", "--scored"),
        ("audit", "none.csv", "--out"),
        ("report", "none.seg", "none.csv", "--out"),
        ("predict", "none.seg", "none.csv", "--out"),
    ],
)
def test_an_output_that_is_read_only_is_named_first(arguments, tmp_path, archive):
    """Before anything is read or trained."""
    out = tmp_path / "kept.csv"
    out.write_text("")
    out.chmod(0o444)
    given = [archive if one == "none.seg" else one for one in arguments]
    if arguments[0] == "predict":  # which looks at its table first
        CUSTOMERS.to_csv(tmp_path / "new.csv", index=False)
        given[2] = tmp_path / "new.csv"
    assert_one_line_error(
        run(*given, out), arguments[-1], out, "cannot be written: the file is read-only"
    )
