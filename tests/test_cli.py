"""The command line: what it writes, what it says, and what it answers to bad input."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

import segmentlearn
from segmentlearn import inspect, load, make_customers, save
from tests.command_line import COMMANDS, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table of customers, and one of customers to score."""
    folder = tmp_path_factory.mktemp("cli")
    X, y = make_customers("automobile", 240, random_state=0)
    X.insert(0, "ID", np.arange(4000, 4240))
    X.assign(Segmentation=y).to_csv(folder / "train.csv", index=False)
    new, _ = make_customers("automobile", 30, random_state=1)
    new.insert(0, "ID", np.arange(30))
    new.to_csv(folder / "new.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def fitted(folder):
    """What ``fit`` printed, after it has written an archive."""
    before = (folder / "train.csv").read_bytes()
    result = run(
        *("fit", folder / "train.csv", "--target", "Segmentation", "--drop", "ID"),
        *("--out", folder / "auto.seg", "--max-epochs", 3),
    )
    assert result.exit_code == 0, result.stderr
    assert (folder / "train.csv").read_bytes() == before
    return result


@pytest.fixture(scope="module")
def archive(fitted, folder):
    """The archive that ``fit`` wrote."""
    return folder / "auto.seg"


@pytest.fixture
def write(tmp_path):
    """A function that writes a small file and returns its path."""

    def write(text, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def assert_one_line_error(result, *parts):
    """Check for exit code 2, and one line on stderr that says all the parts."""
    assert result.exit_code == 2
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert lines == result.stderr.splitlines()[-1:]
    for part in parts:
        assert str(part) in lines[0]
    assert "Traceback" not in result.output


def test_fit_reports_on_held_out_rows(fitted):
    """A fifth of the rows is result: report, baseline, labelled matrix, curves."""
    out = fitted.stdout
    assert "48 customers that took no part in training (192 did)" in out
    assert "always naming the largest segment gives 0." in out
    assert "precision    recall  f1-score   support" in out
    assert "confusion matrix (rows: true segment, columns: predicted)" in out
    assert "Learning curves over 3 epochs" in out
    assert "val_accuracy" in out
    assert fitted.stderr == ""


@pytest.mark.slow
def test_fit_writes_an_archive_that_python_reads(archive):
    """The columns are the table's, without target and dropped ones."""
    classifier = load(archive)
    assert classifier.classes_.tolist() == ["A", "B", "C", "D"]
    assert "ID" not in classifier.feature_names_in_
    assert "Segmentation" not in classifier.feature_names_in_
    assert classifier.n_iter_ == 3
    assert inspect(archive).metadata["target"] == "Segmentation"


def test_reported_model_is_the_saved_one(fitted, folder, archive):
    """The accuracy in the report is what the archive gives on the held-out rows."""
    shown = float(fitted.stdout.partition("accuracy ")[2].partition(";")[0])
    facts = inspect(archive).metadata
    assert facts["held_out_rows"] == 48
    assert round(facts["held_out_accuracy"], 3) == shown


@pytest.mark.slow
def test_same_seed_writes_the_same_model(folder, archive, tmp_path):
    """Two runs give the same probabilities."""
    again = tmp_path / "again.seg"
    result = run(
        *("fit", folder / "train.csv", "--target", "Segmentation", "--drop", "ID"),
        *("--out", again, "--max-epochs", 3, "--quiet"),
    )
    assert (result.exit_code, result.output) == (0, "")
    rows = pd.read_csv(folder / "new.csv")[load(archive).feature_names_in_]
    np.testing.assert_array_equal(
        load(again).predict_proba(rows), load(archive).predict_proba(rows)
    )


@pytest.mark.slow
def test_refit_uses_all_rows_and_says_so(folder, archive, tmp_path):
    """The saved model is another one than the result."""
    out = tmp_path / "all.seg"
    result = run(
        *("fit", folder / "train.csv", "--target", "Segmentation", "--drop", "ID"),
        *("--out", out, "--max-epochs", 3, "--refit"),
    )
    assert "a model fitted again to all 240 rows" in result.stdout
    rows = pd.read_csv(folder / "new.csv")[load(archive).feature_names_in_]
    assert not np.array_equal(
        load(out).predict_proba(rows), load(archive).predict_proba(rows)
    )


@pytest.mark.slow
def test_identifiers_are_left_out_with_a_line(folder):
    """Without --drop the identifier is found; without --out nothing is saved."""
    result = run(
        *("fit", folder / "train.csv", "--target", "Segmentation"),
        *("--max-epochs", 1, "--quiet"),
    )
    assert result.exit_code == 0
    warning, hint = result.stderr.splitlines()
    assert warning.startswith("Warning: ")
    assert "'ID'" in warning
    assert hint.startswith("Nothing was saved")


@pytest.mark.slow
def test_predict_adds_columns_and_keeps_the_others(archive, folder, tmp_path):
    """All columns as they stand in the file, then segment and probabilities."""
    out = tmp_path / "scored.csv"
    result = run("predict", archive, folder / "new.csv", "--out", out)
    assert result.exit_code == 0
    old, new = (folder / "new.csv").read_text(), out.read_text()
    for before, after in zip(old.splitlines(), new.splitlines(), strict=True):
        assert after.startswith(before + ",")
    scored = pd.read_csv(out)
    assert list(scored.columns[-5:]) == [
        "segment",
        *(f"probability_{label}" for label in "ABCD"),
    ]
    expected = load(archive).predict_proba(scored[load(archive).feature_names_in_])
    np.testing.assert_allclose(scored.iloc[:, -4:], expected, atol=1e-6)
    assert "30 customers scored: " in result.stderr
    assert result.stdout == ""


@pytest.mark.slow
def test_predict_without_out_writes_to_stdout(archive, folder):
    """The rows can be piped on; everything else goes to stderr."""
    result = run("predict", archive, folder / "new.csv")
    assert result.stdout.splitlines()[0].endswith(",probability_D")
    assert len(result.stdout.splitlines()) == 31


@pytest.mark.slow
def test_predict_keeps_text_as_it_is(archive, folder, write):
    """Zeros, decimals, blanks and quotes of other columns are not touched."""
    head, row = (folder / "new.csv").read_text().splitlines()[:2]
    path = write(f'{head},note,segment\n{row}," 007, ""x""",1.50\n')
    result = run("predict", archive, path)
    names, cells = result.stdout.splitlines()
    assert cells.startswith(f'{row}," 007, ""x""",1.50,')
    assert names.startswith(f"{head},note,segment,segment_2,probability_A")
    assert "the new one is 'segment_2'" in result.stderr


@pytest.mark.slow
def test_predict_finds_columns_by_name(archive, folder, write):
    """Another order of columns gives the same segments."""
    rows = pd.read_csv(folder / "new.csv", dtype=str, keep_default_na=False)
    turned = write(rows[rows.columns[::-1]].to_csv(index=False))
    first = pd.read_csv(_stream(run("predict", archive, folder / "new.csv")))
    second = pd.read_csv(_stream(run("predict", archive, turned)))
    assert first["segment"].tolist() == second["segment"].tolist()


@pytest.mark.slow
def test_predict_reports_what_is_new_in_the_rows(archive, folder, write):
    """Unseen levels and new missing values are counted, a line each."""
    rows = pd.read_csv(folder / "new.csv", dtype=str, keep_default_na=False)
    rows.loc[:2, "Profession"] = "Astronaut"
    rows.loc[:4, "Age"] = ""
    result = run("predict", archive, write(rows.to_csv(index=False)))
    assert result.exit_code == 0
    warnings = [line for line in result.stderr.splitlines() if "Warning: " in line]
    assert any("'Profession': 'Astronaut' (3 rows)" in line for line in warnings)
    assert any("'Age' (5 rows)" in line for line in warnings)


@pytest.mark.slow
def test_predict_compares_with_known_segments(archive, folder, tmp_path):
    """Where the target is in the file too, the share found is shown."""
    out = tmp_path / "scored.csv"
    result = run("predict", archive, folder / "train.csv", "--out", out)
    assert "'Segmentation' of 240 customers is in the file; 0." in result.stderr


@pytest.mark.slow
def test_predict_reads_text_columns_as_text(tmp_path, write):
    """A category of digits means the same where all of a file's cells are digits."""
    rng = np.random.default_rng(0)
    plan = rng.choice(["1", "2", "x"], 90)
    age = rng.integers(20, 70, 90)
    segment = np.where(plan == "1", "cheap", "dear")
    table = pd.DataFrame({"plan": plan, "age": age, "segment": segment})
    path, model = write(table.to_csv(index=False)), tmp_path / "m.seg"
    options = ("--target", "segment", "--max-epochs", 20, "--quiet")
    assert run("fit", path, "--out", model, *options).exit_code == 0
    result = run("predict", model, write("plan,age\n1,30\n2,30\n", "new.csv"))
    assert "Warning" not in result.stderr
    scored = pd.read_csv(_stream(result))
    assert scored["segment"].tolist() == ["cheap", "dear"]


@pytest.mark.slow
def test_saved_index_is_kept_and_left_out(tmp_path, write):
    """A column without a name, as pandas writes its index, is an identifier."""
    lines = [f"{row},{20 + row % 40},{'ab'[row % 2]}" for row in range(60)]
    path, model = write("\n".join([",age,kind", *lines])), tmp_path / "m.seg"
    result = run("fit", path, "--target", "kind", "--out", model, "--max-epochs", 1)
    assert "['Unnamed: 0'] look like identifiers" in result.stderr
    result = run("predict", model, path)
    assert result.stdout.startswith(
        ",age,kind,segment,probability_a,probability_b\n0,20,"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("separator", "option"), [(";", ";"), ("\t", "tab"), ("\t", "\\t"), ("|", "|")]
)
def test_separators_and_byte_order_mark(separator, option, archive, folder, write):
    """Files from a spreadsheet are read, and written with their own separator."""
    rows = pd.read_csv(folder / "new.csv", dtype=str, keep_default_na=False)
    path = write(rows.to_csv(index=False, sep=separator), encoding="utf-8-sig")
    result = run("predict", archive, path, "--sep", option)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"\ufeffID{separator}Gender{separator}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["0", "1"], [0, 1]),
        (["01", "02"], ["01", "02"]),
        (["True", "False"], ["False", "True"]),
        (["1.5", "2.5"], ["1.5", "2.5"]),
    ],
)
def test_labels_are_whole_numbers_or_text(labels, classes, tmp_path, write):
    """Labels come back as they stand in the file."""
    ages = range(20, 60)
    lines = [f"{age},{labels[age % 2]}" for age in ages]
    path, model = write("\n".join(["age,kind", *lines])), tmp_path / "m.seg"
    result = run(
        "fit", path, "--target", "kind", "--out", model, "--max-epochs", 1, "--quiet"
    )
    assert result.exit_code == 0, result.stderr
    assert load(model).classes_.tolist() == classes


@pytest.mark.slow
def test_rows_without_a_label_are_left_out(write):
    """They are counted; numbers stay whole though a gap makes them floats."""
    lines = [f"{age},{age % 2}" for age in range(20, 60)]
    path = write("\n".join(["age,kind", *lines, "33,", "34, "]))
    result = run("fit", path, "--target", "kind", "--max-epochs", 1)
    assert result.exit_code == 0
    assert "Note: 2 of 42 rows have no 'kind'" in result.stderr
    assert "8 customers that took no part in training (32 did)" in result.stdout


@pytest.mark.slow
def test_drop_takes_lists_and_repetition(folder, tmp_path):
    """Commas and several options may be mixed."""
    out = tmp_path / "m.seg"
    result = run(
        *("fit", folder / "train.csv", "--target", "Segmentation", "--out", out),
        *("--drop", "ID, Age", "--drop", "Gender", "--max-epochs", 1, "--quiet"),
    )
    assert result.exit_code == 0, result.stderr
    assert not {"ID", "Age", "Gender"} & set(load(out).feature_names_in_)


@pytest.mark.slow
def test_preset_and_class_weight(folder, tmp_path):
    """The options reach the classifier."""
    out = tmp_path / "m.seg"
    result = run(
        *("fit", folder / "train.csv", "--target", "Segmentation", "--out", out),
        *("--preset", "best-practices", "--class-weight", "balanced"),
        *("--max-epochs", 1, "--quiet", "--drop", "ID"),
    )
    assert result.exit_code == 0, result.stderr
    assert load(out).hidden_layer_sizes == (32, 16, 8)
    assert load(out).class_weight == "balanced"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["is empty"]),
        ("age,kind\n", ["no rows"]),
        ("age,age,kind\n1,2,a\n", ["'age'", "more than once"]),
        ("age,kind\n1,a\n2,b,3\n", ["line 3"]),
        ("age,kind\n1,\n2,\n", ["no label at all"]),
        ("age,kind\n1,a\n2,a\n3,a\n", ["one label only, 'a'"]),
        ("age,kind\n1,a\n2,a\n3,a\n4,b\n", ["fewer than 3 rows: b"]),
        ("kind\na\nb\na\nb\na\nb\n", ["no column is left"]),
        ("age,kind\n" + "".join(f"{n},{n}.5\n" for n in range(200)), ["200 different"]),
        ("age,kind\ninf,a\n" + "1,a\n2,b\n" * 10, ["age", "inf"]),
    ],
)
def test_bad_tables(text, parts, write):
    """Each is exit code 2 and one line that names the cure or the place."""
    path = write(text)
    result = run("fit", path, "--target", "kind", "--max-epochs", 1, "--quiet")
    assert_one_line_error(result, *parts)


def test_file_that_is_no_text(write, tmp_path):
    """A spreadsheet or a picture is no table of text."""
    path = tmp_path / "table.xlsx"
    path.write_bytes(b"PK\x03\x04\x14\x00\xff\xfe\x00\x80")
    assert_one_line_error(run("fit", path, "--target", "kind"), "table.xlsx")


def test_missing_file_and_folder(tmp_path):
    """The path is named."""
    absent = tmp_path / "absent.csv"
    assert_one_line_error(run("fit", absent, "--target", "kind"), absent)
    assert_one_line_error(run("fit", tmp_path, "--target", "kind"), "is a folder")


def test_target_that_is_not_there(folder):
    """The columns that are there are listed, and the likely one."""
    result = run("fit", folder / "train.csv", "--target", "Segmentatoin")
    assert_one_line_error(result, "Gender", "Did you mean 'Segmentation'?")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--drop", "Nonsense"], "--drop 'Nonsense'"),
        (["--drop", "Segmentation"], "is the --target"),
        (["--test-size", "1.5"], "--test-size 1.5"),
        (["--class-weight", "even"], "--class-weight 'even'"),
        (["--preset", "best"], "preset 'best' is not one of"),
        (["--sep", ",,"], "--sep ',,'"),
        (["--out", "/nonexistent/m.seg"], "/nonexistent is not a folder"),
        (["--out", "."], "is a folder"),
    ],
)
def test_bad_options(options, part, folder):
    """The option and its value are named."""
    path = folder / "train.csv"
    result = run("fit", path, "--target", "Segmentation", "--quiet", *options)
    assert result.exit_code == 2
    assert part in result.stderr.splitlines()[-1]


def test_input_files_are_never_overwritten(archive, folder, tmp_path):
    """Under no name: a link to the input is the input."""
    train, new = folder / "train.csv", folder / "new.csv"
    before = train.read_bytes(), new.read_bytes(), archive.read_bytes()
    link = tmp_path / "link.csv"
    link.symlink_to(new)
    for result in (
        run("fit", train, "--target", "Segmentation", "--out", train),
        run("predict", archive, new, "--out", new),
        run("predict", archive, new, "--out", link),
        run("predict", archive, new, "--out", archive),
    ):
        assert_one_line_error(result, "is the input file")
    assert (train.read_bytes(), new.read_bytes(), archive.read_bytes()) == before


@pytest.mark.slow
def test_predict_lists_all_missing_columns(archive, folder, write):
    """One line names every difference."""
    rows = pd.read_csv(folder / "new.csv")
    rows = rows.rename(columns={"Age": "age", "Profession": "Job"})
    result = run("predict", archive, write(rows.to_csv(index=False)))
    assert_one_line_error(result, "lacks 2 column(s)", "Age, Profession", "age, Job")


@pytest.mark.slow
def test_predict_names_a_numeric_column_full_of_text(archive, folder, write):
    """A column that held numbers is not taken for categories."""
    rows = pd.read_csv(folder / "new.csv").assign(Age="old")
    result = run("predict", archive, write(rows.to_csv(index=False)))
    assert_one_line_error(result, "'Age'", "'old'")


def test_damaged_archive(archive, folder, tmp_path):
    """A truncated archive is refused by predict and by inspect."""
    damaged = tmp_path / "damaged.seg"
    damaged.write_bytes(archive.read_bytes()[:500])
    assert_one_line_error(run("predict", damaged, folder / "new.csv"), "truncated")
    assert_one_line_error(run("inspect", damaged), "truncated")


def test_archive_that_predicts_nothing(folder, tmp_path):
    """An archive of a transformer cannot score."""
    path = tmp_path / "scaler.seg"
    save(StandardScaler().fit([[1.0], [2.0]]), path)
    result = run("predict", path, folder / "new.csv")
    assert_one_line_error(result, "StandardScaler, which predicts nothing")


def test_inspect_shows_the_archive(archive):
    """The page of segmentlearn.inspect."""
    assert run("inspect", archive).stdout == f"{inspect(archive)}\n"


def test_inspect_shows_card_and_schema(archive):
    """Markdown, and JSON that programs can read; one of them at a time."""
    info = inspect(archive)
    assert run("inspect", archive, "--markdown").stdout == f"{info.to_markdown()}\n"
    assert json.loads(run("inspect", archive, "--schema").stdout) == info.row_schema()
    assert json.loads(run("inspect", archive, "--json").stdout)["card"] == info.card
    assert info.card["metrics"]["held-out rows"] == info.metadata["held_out_rows"]
    assert_one_line_error(run("inspect", archive, "--json", "--schema"), "choose one")


@pytest.mark.slow
def test_demo_does_the_whole_job():
    """Report, archive and scored rows, without a file."""
    result = run("demo", "--n-samples", 300)
    assert result.exit_code == 0, result.stderr
    assert "60 customers that took no part in training (240 did)" in result.stdout
    assert "identical to those before saving" in result.stdout
    assert "probability" in result.stdout


def test_version():
    """The package's own."""
    assert run("--version").stdout == f"segmentlearn {segmentlearn.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command):
    """Each command tells what it takes, whichever Typer and Click are installed."""
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Usage: " in result.stdout


@pytest.mark.slow
def test_help_imports_nothing_heavy():
    """Help is quick: neither TensorFlow nor scikit-learn nor pandas is needed."""
    code = (
        "import sys; sys.argv = ['segmentlearn', 'fit', '--help']\n"
        "from segmentlearn.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = ('tensorflow', 'keras', 'sklearn', 'pandas', 'skops')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_python_dash_m_exits_with_2_and_one_line(tmp_path):
    """The process itself: exit code 2, one line on stderr, nothing on stdout."""
    result = subprocess.run(
        [sys.executable, "-m", "segmentlearn", "inspect", tmp_path / "absent.seg"],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1


def test_curves_are_short_and_may_be_flat(folder, monkeypatch):
    """400 epochs are forty marks, and a value that never changes the lowest one."""
    history = {"loss": list(range(400, 0, -1)), "val_loss": [1.0] * 400}
    kept = property(lambda net: history, lambda net, value: None)
    monkeypatch.setattr(segmentlearn.SegmentClassifier, "history_", kept, raising=False)
    result = run(
        *("fit", folder / "train.csv", "--target", "Segmentation", "--drop", "ID"),
        *("--max-epochs", 1),
    )
    text = result.stdout[result.stdout.index("Learning curves over 400 epochs") :]
    falling, flat = (line.split() for line in text.splitlines()[1:3])
    assert (len(falling[1]), falling[1][0], falling[1][-1]) == (40, "█", "▁")
    assert falling[2:] == ["400.000", "to", "1.000"]
    assert flat[1] == "▁" * 40


def _stream(result):
    return io.StringIO(result.stdout)


@pytest.mark.slow
def test_demo_leaves_files_to_go_on_with(tmp_path):
    """Tables, the archive, the scored customers, a later month and a campaign."""
    run("demo", "--n-samples", 300, "--out", tmp_path / "demo")
    files = {path.name for path in (tmp_path / "demo").iterdir()}
    assert files == {
        *("customers.csv", "new_customers.csv", "auto.seg", "scored.csv"),
        *("next_month.csv", "campaign.csv", "campaign_new.csv", "contacted.csv"),
    }


def test_demo_writes_over_nothing(tmp_path):
    """A file of the same name in --out is an error, and stays as it is."""
    (tmp_path / "customers.csv").write_text("mine")
    result = run("demo", "--out", tmp_path)
    assert result.exit_code == 2
    assert "customers.csv" in result.stderr
    assert (tmp_path / "customers.csv").read_text() == "mine"


@pytest.mark.slow
def test_columns_that_fit_left_out_may_be_absent(tmp_path):
    """A new file without the identifier is scored."""
    X, y = make_customers("automobile", 300, keep_id=True, random_state=0)
    X.assign(Segmentation=y).to_csv(tmp_path / "train.csv", index=False)
    X.drop(columns="ID").to_csv(tmp_path / "new.csv", index=False)
    model = tmp_path / "model.seg"
    options = ("--preset", "best-practices", "--max-epochs", 1)
    run(
        *("fit", tmp_path / "train.csv", "--target", "Segmentation"),
        *("--out", model, *options),
    )
    result = run("predict", model, tmp_path / "new.csv", "--out", tmp_path / "out.csv")
    assert result.exit_code == 0, result.stderr
    assert len(pd.read_csv(tmp_path / "out.csv")) == 300


def test_archive_and_table_the_wrong_way_round(archive, folder):
    """The order is named."""
    result = run("predict", folder / "new.csv", archive)
    assert_one_line_error(result, "the archive comes first, then the table")


@pytest.mark.slow
def test_a_table_of_something_else(archive, tmp_path):
    """Where most columns are missing, no column is suggested."""
    make_customers("mall", 20, random_state=0)[0].to_csv(
        tmp_path / "mall.csv", index=False
    )
    result = run("predict", archive, tmp_path / "mall.csv")
    assert_one_line_error(result, "was probably fitted to another table")
    assert "meant to be" not in result.stderr


@pytest.mark.slow
def test_an_amount_as_target_is_told(tmp_path):
    """Numbers with many values are learnt as segments, and a note says so."""
    X, _ = make_customers("automobile", 300, random_state=0)
    X["Age"] = np.arange(len(X)) % 25
    X.to_csv(tmp_path / "train.csv", index=False)
    options = ("--preset", "best-practices", "--max-epochs", 1)
    result = run("fit", tmp_path / "train.csv", "--target", "Age", *options)
    assert "each learnt as a segment" in result.stderr
    assert "--bins 4" in result.stderr


@pytest.mark.slow
def test_a_reader_that_stops_is_no_error(tmp_path):
    """As ``segmentlearn ... | head -1``, which closes the pipe."""
    path = tmp_path / "wide.csv"
    names = [f"column_{at}_{'x' * 90}" for at in range(2000)]
    path.write_text(f"{','.join(names)}\n{'1,' * 1999}1\n")
    command = [sys.executable, "-m", "segmentlearn", "describe", str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert "Error" not in process.stderr.read()


@pytest.mark.slow
def test_fit_of_trees_has_no_curves(folder, tmp_path):
    """They have no epochs, and take no options of a net."""
    call = "fit", folder / "train.csv", "--target", "Segmentation", "--drop", "ID"
    result = run(*call, "--model", "trees", "--out", tmp_path / "trees.seg")
    assert "48 customers that took no part in training" in result.stdout
    assert "Learning curves" not in result.stdout
    assert type(load(tmp_path / "trees.seg")).__name__ == "BoostedTreesClassifier"
    assert_one_line_error(run(*call, "--model", "trees", "--max-epochs", 3), "a net")
    assert_one_line_error(run(*call, "--model", "forest"), "'forest'", "net, trees")


@pytest.mark.slow
def test_fit_in_parts(folder, tmp_path):
    """Several files, without holding them in memory; the archive scores as any."""
    train = pd.read_csv(folder / "train.csv", dtype={"ID": str})
    train["tier"] = np.where(np.arange(240) % 30 == 0, "", train.pop("Segmentation"))
    for number in range(2):
        train[number::2].to_csv(tmp_path / f"{number}.csv", index=False)
    call = "fit", f"{tmp_path}/*.csv", "--target", "tier", "--drop", "ID"
    call = *call, "--out-of-core", "--max-epochs", 2, "--categorical", "Family_Size"
    result = run(*call, "--out", tmp_path / "m.seg")
    assert result.exit_code == 0, result.stderr
    assert "8 of 240 rows have no 'tier' and were left out" in result.stderr
    assert "Prepared rows take 0.00 GB in " in result.stderr
    assert "Held-out report: 232 of 232 customers" in result.stdout
    model = load(tmp_path / "m.seg")
    assert model.preprocessor_.column_roles_["Family_Size"] == "categorical"
    assert inspect(tmp_path / "m.seg").metadata["held_out_rows"] == 232
    scored = run("predict", tmp_path / "m.seg", folder / "new.csv")
    assert len(scored.stdout.splitlines()) == 31
    assert_one_line_error(run(*call, "--refit"), "--out-of-core and --refit")
    assert_one_line_error(run(*call, "--model", "blend"), "--model blend")


@pytest.mark.slow
def test_fit_of_a_blend_says_what_it_is_made_of(folder, tmp_path):
    """Weights and losses on held-out rows, and the net's curves."""
    result = run(
        *("fit", folder / "train.csv", "--target", "Segmentation", "--drop", "ID"),
        *("--model", "blend", "--max-epochs", 3, "--out", tmp_path / "blend.seg"),
    )
    assert "weight  log-loss  accuracy" in result.stdout
    assert "Learning curves over 3 epochs" in result.stdout
    assert "  blend     net " in run("inspect", tmp_path / "blend.seg").stdout


def test_leak_is_reported_and_kept(tmp_path):
    """A column that is known after the call alone predicts too well."""
    X, y = make_customers("bank", 1500, random_state=0)
    X.assign(answer=y).to_csv(tmp_path / "calls.csv", index=False)
    options = "--target", "answer", "--model", "trees", "--out", tmp_path / "c.seg"
    result = run("fit", tmp_path / "calls.csv", *options)
    assert result.exit_code == 0, result.stderr
    assert "leave it out: --drop last_contact_duration" in result.stderr
    assert inspect(tmp_path / "c.seg").metadata["suspects"] == ["last_contact_duration"]
