"""The commands ``score`` and ``predict --sets --novelty``, and splits of ``fit``."""

import functools
import io
import json

import numpy as np
import pandas as pd
import pytest

from segmentlearn import inspect, make_customers
from segmentlearn.monitoring import read_history
from tests import command_line
from tests.command_line import assert_one_line_error

score = functools.partial(command_line.run, "score")
predict = functools.partial(command_line.run, "predict")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An archive of May's customers, and files of later months; July has drifted."""
    folder = tmp_path_factory.mktemp("score")
    for seed, month in enumerate(("may", "june", "july")):
        X, y = make_customers("automobile", 600, keep_id=True, random_state=seed)
        X["ID"] = np.arange(600) + seed
        X["Age"] += 15 * (month == "july")
        X.assign(Segmentation=y).to_csv(folder / f"{month}.csv", index=False)
    result = command_line.run(
        *("fit", folder / "may.csv", "--target", "Segmentation", "--id", "ID"),
        *("--preset", "best-practices", "--max-epochs", "3", "--quiet"),
        *("--out", folder / "may.seg"),
    )
    assert result.exit_code == 0, result.stderr
    return folder


@pytest.mark.slow
def test_an_unchanged_month_is_kept(folder, tmp_path):
    """Exit code 0, rows as predict writes them, a history and a report."""
    arguments = (folder / "may.seg", folder / "june.csv", "--key", "ID")
    history, report = tmp_path / "history.parquet", tmp_path / "gates.json"
    result = score(
        *arguments,
        *("--history", history, "--out", tmp_path / "scored.csv", "--report", report),
    )
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("KEEP: 600 customers compared with")
    assert predict(*arguments).stdout == (tmp_path / "scored.csv").read_text()
    found = read_history(history)
    assert found["period"].unique() == ["june"]
    assert found["ID"].tolist() == [str(number) for number in range(1, 601)]
    scored = pd.read_csv(tmp_path / "scored.csv")
    assert found["segment"].tolist() == scored["segment"].tolist()
    assert json.loads(report.read_text())["verdict"] == "keep"


@pytest.mark.slow
def test_a_drifted_month_hits_a_gate(folder, tmp_path):
    """Exit code 1 unless --fail-on says otherwise; the history is written."""
    arguments = (folder / "may.seg", folder / "july.csv", "--key", "ID")
    options = ("--history", tmp_path / "h", "--period", "2026-07")
    result = score(*arguments, *options)
    assert result.exit_code == 1
    assert "REFIT column-drift: Age" in result.stdout
    again = score(*arguments, *options, "--fail-on", "never")
    assert again.exit_code == 0
    assert len(read_history(tmp_path / "h")) == 600


@pytest.mark.slow
def test_a_changed_table_of_the_same_period_is_refused(folder, tmp_path):
    """Its customers are there already, and the output is not written."""
    options = ("--key", "ID", "--history", tmp_path / "h", "--period", "6")
    assert score(folder / "may.seg", folder / "june.csv", *options).exit_code == 0
    result = score(
        folder / "may.seg", folder / "july.csv", *options, "--out", tmp_path / "x.csv"
    )
    assert_one_line_error(result, "599 customer(s), such as 2, are in period '6'")
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--history", "h"), "--history needs --key"),
        (("--period", "6"), "--period names a period of a --history"),
        (("--fail-on", "error"), "must be watch or refit or never"),
        (("--report", "x.txt"), "must end in .md, .html, .json"),
        (("--out", "-"), "--out - is no file"),
    ],
)
def test_options_that_do_not_go_together(folder, options, part):
    """They are refused before any work."""
    result = score(folder / "may.seg", folder / "june.csv", *options)
    assert_one_line_error(result, part)


@pytest.mark.slow
def test_an_archive_without_reference_needs_one(folder, tmp_path):
    """The error names the option; with it the report is that of the archive's own."""
    from segmentlearn import load, save

    old = tmp_path / "old.seg"
    facts = inspect(folder / "may.seg").metadata
    schema = {"schema": facts["schema"]}
    save(load(folder / "may.seg"), old, metadata=schema)
    assert_one_line_error(score(old, folder / "june.csv"), "--reference")
    result = score(old, folder / "july.csv", "--reference", folder / "may.csv")
    assert result.exit_code == 1
    assert "column-drift: Age" in result.stdout


@pytest.mark.slow
def test_sets_and_novelty_are_columns(folder, tmp_path):
    """Sets hold the segment, novel customers have small p-values."""
    out = tmp_path / "scored.csv"
    result = predict(
        *(folder / "may.seg", folder / "june.csv", "--key", "ID", "--out", out),
        *("--sets", "--coverage", "0.8", "--novelty", "--fdr", "0.2"),
    )
    assert result.exit_code == 0, result.stderr
    assert "sets hold the true one with a probability of 0.8" in result.stderr
    scored = pd.read_csv(out)
    labels = scored["segment_set"].str.split(" or ")
    assert labels.explode().isin([*"ABCD", "none"]).all()
    assert scored["novelty_p_value"].between(0, 1).all()
    limit = scored.loc[scored["is_novel"], "novelty_p_value"].max()
    assert (scored["novelty_p_value"] <= limit).sum() == scored["is_novel"].sum()


@pytest.mark.slow
def test_reasons_are_columns(folder, tmp_path):
    """The same from stdin and for one customer; a table to compare with is taken."""
    archive, lines = folder / "may.seg", (folder / "june.csv").read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join(lines[:9]))
    options = ("--key", "ID", "--reasons", "2")
    result = predict(archive, tmp_path / "few.csv", *options)
    assert result.exit_code == 0, result.stderr
    scored = pd.read_csv(io.StringIO(result.stdout))
    assert scored.columns[-2:].tolist() == ["reason_1", "reason_2"]
    assert (
        scored["reason_1"].str.fullmatch(r"\w+ (= .+|is missing) \([+-]0\.\d\d\)").all()
    )
    (tmp_path / "one.csv").write_text("\n".join(lines[:2]))
    alone = predict(archive, tmp_path / "one.csv", *options).stdout
    assert alone == "".join(result.stdout.splitlines(keepends=True)[:2])
    others = ("--background", folder / "may.csv", "--out", tmp_path / "o.parquet")
    assert predict(archive, tmp_path / "few.csv", *options, *others).exit_code == 0
    assert (pd.read_parquet(tmp_path / "o.parquet")["reason_1"] != "").all()
    assert_one_line_error(
        predict(archive, tmp_path / "few.csv", "--background", "x.csv"), "--reasons"
    )


@pytest.mark.slow
def test_novelty_judges_a_table_as_a_whole(folder):
    """It is read twice, which stdin cannot be."""
    result = predict(folder / "may.seg", "-", "--novelty")
    assert_one_line_error(result, "--novelty", "stdin")
    result = predict(folder / "may.seg", folder / "june.csv", "--novelty", "--fdr", "1")
    assert_one_line_error(result, "--fdr 1.0")


@pytest.mark.slow
def test_fit_holds_out_the_latest_or_whole_groups(folder, tmp_path):
    """The column is no feature, and the archive says by what was held out."""
    table = pd.read_csv(folder / "may.csv")
    table["joined"] = pd.date_range("2026-01-01", periods=600).strftime("%Y-%m-%d")
    table["household"] = np.arange(600) // 3
    table.to_csv(tmp_path / "may.csv", index=False)
    fit = functools.partial(
        command_line.run,
        *("fit", tmp_path / "may.csv", "--target", "Segmentation", "--id", "ID"),
        *("--drop", "household", "--preset", "best-practices", "--max-epochs", "3"),
    )
    result = fit("--time-column", "joined", "--out", tmp_path / "a.seg")
    assert result.exit_code == 0, result.stderr
    assert "120 customers that took no part" in result.stdout
    info = inspect(tmp_path / "a.seg")
    assert info.metadata["held_out_by"] == "joined"
    assert "joined" not in info.feature_names
    result = fit("--group-column", "household", "--drop", "joined")
    assert "Held out are whole groups of 'household'" in result.stderr
    for options, part in (
        (("--time-column", "Gender"), "holds neither dates nor numbers"),
        (("--time-column", "joined", "--group-column", "ID"), "name one of them"),
        (("--group-column", "Segmentation"), "is the --target"),
    ):
        assert_one_line_error(fit(*options), part)


@pytest.mark.slow
def test_a_date_in_another_format_can_hold_out(folder, tmp_path):
    """--date tells how it is written, although it is no feature."""
    table = pd.read_csv(folder / "may.csv")
    days = pd.date_range("2026-01-01", periods=600)
    table["joined"] = days.strftime("%d~%m~%Y")
    table.to_csv(tmp_path / "may.csv", index=False)
    result = command_line.run(
        *("fit", tmp_path / "may.csv", "--target", "Segmentation", "--id", "ID"),
        *("--preset", "best-practices", "--max-epochs", "3", "--drop", "Var_1"),
        *("--time-column", "joined", "--date", "joined=%d~%m~%Y", "--quiet"),
    )
    assert result.exit_code == 0, result.stderr


@pytest.mark.slow
def test_warnings_count_rows_once(folder, tmp_path):
    """A level in three rows is one of three rows, though three things look at it."""
    table = pd.read_csv(folder / "june.csv")
    table.loc[:2, "Profession"] = "Pilot"
    table.to_csv(tmp_path / "june.csv", index=False)
    for run, options in ((predict, ("--novelty",)), (score, ())):
        result = run(folder / "may.seg", tmp_path / "june.csv", *options)
        assert "'Profession': 'Pilot' (3 rows)" in result.stderr
