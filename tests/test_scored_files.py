"""segmentlearn predict: files and folders in, scored files of every format out."""

import errno
import gzip
import os

import numpy as np
import pandas as pd
import pytest

from segmentlearn import SegmentClassifier, load, save
from tests.command_line import run

RNG = np.random.default_rng(0)
N = 90
CUSTOMERS = pd.DataFrame(
    {
        "customer": [f"00{number}" for number in range(N)],
        "plan": RNG.choice(["Gold", "Silver", "=1+1"], N),
        "spend": RNG.lognormal(5, 1, N).round(2),
        "visits": RNG.integers(0, 50, N),
    }
)
SEGMENT = np.where(CUSTOMERS["visits"] > 25, "often", "rarely")
PROBABILITIES = ["probability_often", "probability_rarely"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    classifier = SegmentClassifier(
        (8,), n_members=1, n_inner_folds=0, max_epochs=3, random_state=0
    )
    path = tmp_path_factory.mktemp("scored") / "model.seg"
    save(classifier.fit(CUSTOMERS.drop(columns="customer"), SEGMENT), path)
    return path


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "new.csv"
    CUSTOMERS.to_csv(path, index=False)
    return path


def predict(*arguments):
    result = run("predict", *arguments)
    assert result.exit_code == 0, result.stderr
    return result


READERS = {
    "scored.csv": lambda path: pd.read_csv(path, dtype={"customer": str}),
    "scored.csv.gz": lambda path: pd.read_csv(path, dtype={"customer": str}),
    "scored.tsv": lambda path: pd.read_csv(path, sep="\t", dtype={"customer": str}),
    "scored.txt": lambda path: pd.read_csv(path, dtype={"customer": str}),
    "scored.parquet": pd.read_parquet,
    "scored.feather": pd.read_feather,
    "scored.xlsx": lambda path: pd.read_excel(
        path, engine="calamine", dtype={"customer": str}
    ),
    "scored.jsonl": lambda path: pd.read_json(
        path, lines=True, dtype={"customer": str, "visits": int}
    ),
}


@pytest.mark.parametrize("source", ["csv", "parquet"])
@pytest.mark.parametrize("name", READERS)
def test_the_name_decides_on_the_format(archive, tmp_path, source, name):
    """The customers are there as they were, formulas and zeros before codes too."""
    path = tmp_path / f"new.{source}"
    write = CUSTOMERS.to_csv if source == "csv" else CUSTOMERS.to_parquet
    write(path, index=False)
    predict(archive, path, "--out", tmp_path / name)
    scored = READERS[name](tmp_path / name)
    pd.testing.assert_frame_equal(
        scored[CUSTOMERS.columns].astype(object),
        CUSTOMERS.astype(object),
        check_dtype=False,
    )
    model = load(archive)
    assert scored["segment"].tolist() == model.predict(CUSTOMERS).tolist()
    np.testing.assert_allclose(
        scored[PROBABILITIES], model.predict_proba(CUSTOMERS), atol=6e-7
    )


@pytest.mark.parametrize("name", ["scored.xls", "scored.zip", "scored.parquet.gz"])
def test_a_format_that_is_not_written_is_refused(archive, table, tmp_path, name):
    """Before any work, with those that are."""
    result = run("predict", archive, table, "--out", tmp_path / name)
    assert result.exit_code == 2
    assert f"--out {tmp_path / name}: " in result.stderr
    assert ".parquet" in result.stderr
    assert not (tmp_path / name).exists()


def test_a_folder_becomes_a_folder(archive, tmp_path):
    """A scored file of the same name and format for each."""
    (tmp_path / "in" / "may").mkdir(parents=True)
    CUSTOMERS[:50].to_parquet(tmp_path / "in" / "may" / "a.parquet")
    CUSTOMERS[50:].to_csv(tmp_path / "in" / "b.csv", index=False)
    result = predict(archive, tmp_path / "in", "--out", tmp_path / "scored")
    assert f"{N} customers scored" in result.stderr
    parts = [
        pd.read_parquet(tmp_path / "scored" / "may" / "a.parquet"),
        pd.read_csv(tmp_path / "scored" / "b.csv"),
    ]
    assert [len(part) for part in parts] == [50, 40]
    segments = [segment for part in parts for segment in part["segment"]]
    assert segments == load(archive).predict(CUSTOMERS).tolist()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "scored"]


def test_a_pattern_becomes_one_file(archive, tmp_path):
    """Where the output is a file, in the order of the names."""
    for at, rows in enumerate([slice(50, N), slice(0, 50)]):
        CUSTOMERS[rows].to_csv(tmp_path / f"{1 - at}.csv", index=False)
    predict(archive, f"{tmp_path}/?.csv", "--out", tmp_path / "all.parquet")
    scored = pd.read_parquet(tmp_path / "all.parquet")
    assert scored["customer"].tolist() == CUSTOMERS["customer"].tolist()


def test_files_of_other_columns_are_not_written_into_one(archive, tmp_path):
    """What stands below other names would be lost; nothing is written."""
    CUSTOMERS.to_csv(tmp_path / "a.csv", index=False)
    CUSTOMERS.assign(more=1).to_csv(tmp_path / "b.csv", index=False)
    result = run("predict", archive, f"{tmp_path}/?.csv", "--out", tmp_path / "c.csv")
    assert result.exit_code == 2
    assert "cannot be written below" in result.stderr
    assert not (tmp_path / "c.csv").exists()


def test_a_failure_leaves_the_folder_as_it_was(archive, tmp_path):
    """The files before the wrong one are not written either."""
    (tmp_path / "in").mkdir()
    CUSTOMERS.to_csv(tmp_path / "in" / "a.csv", index=False)
    (tmp_path / "in" / "b.csv").write_text("plan,visits\nGold\n")
    result = run("predict", archive, tmp_path / "in", "--out", tmp_path / "scored")
    assert result.exit_code == 2
    assert "b.csv, line 2" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_folder_is_not_written_into_itself(archive, tmp_path, table):
    """The customers would be replaced."""
    result = run("predict", archive, tmp_path, "--out", tmp_path)
    assert result.exit_code == 2
    assert "would replace" in result.stderr


@pytest.mark.parametrize("out", ["scored/", "scored.csv"])
def test_scored_files_do_not_lie_among_those_to_score(archive, table, out):
    """They would be read as customers the next time."""
    result = run("predict", archive, table.parent, "--out", f"{table.parent}/{out}")
    assert result.exit_code == 2
    assert "would be read the next time" in result.stderr


def test_workbook_on_a_full_disk_leaves_nothing(archive, table, tmp_path, monkeypatch):
    """Nor among the temporary files; the line names the file."""
    out, temporary = tmp_path / "scored.xlsx", tmp_path / "temporary"
    out.write_text("old")
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    def fail(self):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("xlsxwriter.packager.Packager._create_package", fail)
    result = run("predict", archive, table, "--out", out)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == f"Error: {out}: No space left on device"
    assert out.read_text() == "old"
    assert not list(temporary.iterdir())


def test_columns_to_keep_are_named(archive, table, tmp_path):
    """All others are left out; naming the key leaves none out."""
    out = tmp_path / "scored.csv"
    predict(archive, table, "--out", out, "--keep", "customer")
    assert list(pd.read_csv(out)) == ["customer", "segment", *PROBABILITIES]
    predict(archive, table, "--out", out, "--key", "customer")
    assert list(pd.read_csv(out))[: -1 - len(PROBABILITIES)] == list(pd.read_csv(table))
    result = run("predict", archive, table, "--out", out, "--key", "custmer")
    assert result.exit_code == 2
    assert "--key 'custmer' is not a column" in result.stderr
    assert "'customer'" in result.stderr


def test_equal_rows_give_equal_packed_bytes(archive, table, tmp_path):
    """No date is kept in the file."""
    for name in ("a.csv.gz", "b.csv.gz"):
        predict(archive, table, "--out", tmp_path / name)
    first, second = (tmp_path / name for name in ("a.csv.gz", "b.csv.gz"))
    assert first.read_bytes() == second.read_bytes()
    assert gzip.decompress(first.read_bytes()).startswith(b"customer,plan")


def test_bom_and_separator_of_the_input_are_kept(archive, tmp_path):
    """As in the input, to the byte, below a longer line of names."""
    text = "customer;plan;spend;visits\r\n007;Gold;1,5;3\r\n008;Gold;2,5;4\r\n"
    (tmp_path / "in.csv").write_bytes(text.encode("utf-8-sig"))
    predict(archive, tmp_path / "in.csv", "--out", tmp_path / "out.csv")
    scored = (tmp_path / "out.csv").read_bytes()
    assert scored.startswith("\ufeffcustomer;plan;spend;visits;segment;".encode())
    assert b"\r\n007;Gold;1,5;3;" in scored
    assert scored.endswith(b"\r\n")


def test_large_tables_are_scored_as_small_ones(archive, tmp_path):
    """Batch by batch: the same rows, and one warning with the counts of all."""
    many = pd.concat([CUSTOMERS] * 1600, ignore_index=True)
    many.loc[[5, 140_000], "plan"] = "Bronze"
    many.to_parquet(tmp_path / "many.parquet")
    result = predict(
        archive, tmp_path / "many.parquet", "--out", tmp_path / "scored.parquet"
    )
    scored = pd.read_parquet(tmp_path / "scored.parquet")
    expected = load(archive).predict_proba(many)
    np.testing.assert_array_equal(scored[PROBABILITIES], expected)
    assert result.stderr.count("'plan': 'Bronze' (2 rows)") == 1


@pytest.mark.slow
def test_other_commands_read_folders_too(tmp_path):
    """fit, describe and audit take the files of a folder as one table."""
    (tmp_path / "in").mkdir()
    labelled = CUSTOMERS.assign(segment=SEGMENT)
    labelled[:40].to_csv(tmp_path / "in" / "a.csv", index=False)
    labelled[40:].to_csv(tmp_path / "in" / "b.csv", index=False)
    described = run("describe", tmp_path / "in")
    assert f"{N} rows" in described.stdout
    audited = run("audit", tmp_path / "in", "--target", "segment", "--id", "customer")
    assert audited.exit_code in (0, 1), audited.stderr
    fitted = run(
        *("fit", tmp_path / "in", "--target", "segment", "--id", "customer"),
        *("--max-epochs", 1, "--out", tmp_path / "m.seg"),
    )
    assert fitted.exit_code == 0, fitted.stderr
    assert "customer" not in load(tmp_path / "m.seg").feature_names_in_


def test_options_of_columns_are_the_same_everywhere(archive, table, tmp_path):
    """What describe shows is what audit and report go by."""
    described = run("describe", table, "--categorical", "visits", "--id", "spend")
    lines = {line.split()[0]: line for line in described.stdout.splitlines() if line}
    assert "category" in lines["visits"]
    assert "identifier" in lines["spend"]
    result = run("audit", table, "--numeric", "plan")
    assert result.exit_code == 2
    assert "column 'plan' holds no number: its cells are" in result.stderr
    result = run("describe", table, "--numeric", "spend", "--id", "spend")
    assert result.exit_code == 2
    assert "named by two of" in result.stderr
    for option in ("--id", "--drop"):
        result = run("fit", table, "--target", "plan", option, "plan")
        assert f"{option} 'plan' is the --target" in result.stderr


def test_numbers_of_text_files_are_numbers_in_parquet(archive, tmp_path):
    """Whole ones too, but for those whose last digits a number would lose."""
    frame = CUSTOMERS.assign(
        account=np.arange(N) + 2 * 10**18, card=[f"{10**21 + row}" for row in range(N)]
    )
    frame.to_csv(tmp_path / "new.csv", index=False)
    predict(archive, tmp_path / "new.csv", "--out", tmp_path / "scored.parquet")
    scored = pd.read_parquet(tmp_path / "scored.parquet")
    assert (scored["visits"].dtype, scored["spend"].dtype) == (np.int64, np.float64)
    assert scored["account"].astype(int).tolist() == frame["account"].tolist()
    assert scored["card"].tolist() == frame["card"].tolist()


@pytest.mark.parametrize("name", ["scored.csv", "scored.parquet", "scored.jsonl"])
def test_missing_cells_of_a_workbook_stay_missing(archive, tmp_path, name):
    """Beside whole numbers, which are not written as fractions."""
    frame = CUSTOMERS.astype({"visits": "Int64"})
    frame.loc[3, ["visits", "plan"]] = None
    frame.to_excel(tmp_path / "new.xlsx", index=False)
    predict(archive, tmp_path / "new.xlsx", "--out", tmp_path / name)
    scored = READERS[name](tmp_path / name)
    assert scored[["visits", "plan"]].isna().sum().tolist() == [1, 1]
    if name == "scored.csv":
        lines = (tmp_path / name).read_text().splitlines()
        assert lines[1].split(",")[3] == str(CUSTOMERS["visits"][0])


def test_dates_are_written_with_no_more_than_they_say(archive, tmp_path):
    """Days as days, times to the second where that is all there is."""
    days = pd.date_range("2024-02-27", periods=N)
    frame = CUSTOMERS.assign(since=days, seen=days + pd.Timedelta("12:30:00"))
    frame.to_parquet(tmp_path / "new.parquet")
    predict(archive, tmp_path / "new.parquet", "--out", tmp_path / "scored.csv")
    scored = pd.read_csv(tmp_path / "scored.csv")
    assert scored.loc[2, ["since", "seen"]].tolist() == [
        "2024-02-29",
        "2024-02-29 12:30:00",
    ]


def test_out_can_be_stdout_or_a_device(archive, table, tmp_path):
    """Neither makes a file of that name, nor takes the device's place."""
    rows = predict(archive, table).stdout
    assert predict(archive, table, "--out", "-").stdout == rows
    predict(archive, table, "--out", os.devnull)
    assert not os.path.isfile(os.devnull)
    for command in (("cluster", table, "--scored"), ("audit", table, "--out")):
        for name in ("-", os.devnull):
            result = run(*command, name)
            assert result.exit_code == 2
            assert f"{command[-1]} {name} is" in result.stderr


def test_a_folder_with_one_file_becomes_a_folder(archive, tmp_path):
    """Files without rows have no scored file, rows below others their order."""
    (tmp_path / "in").mkdir()
    CUSTOMERS[:0].to_csv(tmp_path / "in" / "a.csv", index=False)
    CUSTOMERS.to_csv(tmp_path / "in" / "b.csv", index=False)
    result = predict(archive, tmp_path / "in" / "*.csv", "--out", tmp_path / "out")
    assert "a.csv has column names but no rows" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.csv"]


@pytest.mark.parametrize("name", ["scored.csv", "scored.parquet"])
def test_rows_of_another_order_of_columns_are_written_in_the_first(
    archive, tmp_path, name
):
    """Where files of a folder become one."""
    (tmp_path / "in").mkdir()
    CUSTOMERS.to_csv(tmp_path / "in" / "a.csv", index=False)
    CUSTOMERS[CUSTOMERS.columns[::-1]].to_csv(tmp_path / "in" / "b.csv", index=False)
    predict(archive, tmp_path / "in", "--out", tmp_path / name)
    scored = READERS[name](tmp_path / name)
    pd.testing.assert_frame_equal(
        scored[:N], scored[N:].reset_index(drop=True), check_dtype=False
    )


def test_keeping_a_column_without_a_name_is_refused(archive, table):
    """As an empty variable of a shell gives, which would drop all columns."""
    result = run("predict", archive, table, "--keep", "")
    assert result.exit_code == 2
    assert "--keep '' names no column" in result.stderr


def test_numbers_that_are_whole_in_the_first_batch_only(archive, tmp_path):
    """Columns of a file have one type, which the first batch alone cannot show."""
    many = pd.concat([CUSTOMERS] * 4000, ignore_index=True).sort_values("visits")
    many["bonus"] = np.where(many["visits"] > 25, many["spend"], 0).astype(object)
    many.loc[many["visits"] <= 25, "bonus"] = 0
    many.to_csv(tmp_path / "many.csv", index=False)
    predict(archive, tmp_path / "many.csv", "--out", tmp_path / "scored.parquet")
    scored = pd.read_parquet(tmp_path / "scored.parquet")
    assert (scored["visits"].dtype, scored["bonus"].dtype) == (np.int64, np.float64)
    np.testing.assert_allclose(scored["bonus"], many["bonus"].astype(float))
