"""The loaders: what they read, in which dtypes, and what they refuse."""

import io
import os

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

from segmentlearn.datasets import load_automobile, load_bank, load_mall, make_customers
from segmentlearn.exceptions import SchemaError, SegmentLearnWarning

LOADERS = {"automobile": load_automobile, "bank": load_bank, "mall": load_mall}
FILES = {"automobile": "auto_train.csv", "bank": "bank.csv", "mall": "mall.csv"}
MALL_HEADER = "CustomerID,Gender,Age,Annual Income (k$),Spending Score (1-100)\n"


def mall(text):
    """An open file with the mall's header and these rows."""
    return io.StringIO(MALL_HEADER + text)


@pytest.fixture
def automobile():
    """Thirty generated automobile customers with their label, as one table."""
    X, y = make_customers("automobile", 30, keep_id=True, random_state=0)
    return X.assign(Segmentation=y)


def as_file(frame):
    """A table as an open CSV file."""
    return io.StringIO(frame.to_csv(index=False))


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.parametrize("options", [{}, {"missing_scale": 0}, {"drift": 1.0}])
def test_generated_tables_make_a_round_trip(tmp_path, kind, options):
    """A generated table written to CSV comes back equal, dtypes included."""
    X, y = make_customers(kind, 400, keep_id=True, random_state=0, **options)
    table = X if kind == "mall" else X.assign(**{y.name: y})
    table.to_csv(tmp_path / "table.csv", index=False)
    X_read, y_read = LOADERS[kind](tmp_path / "table.csv", keep_id=True)
    assert_frame_equal(X_read, X)
    if kind == "mall":
        assert y_read is None
    else:
        assert_series_equal(y_read, y)


@pytest.mark.parametrize("kind", LOADERS)
def test_identifier_is_dropped_unless_kept(tmp_path, kind):
    """By default the identifier is no column of X."""
    X, _ = make_customers(kind, 20, keep_id=True, random_state=0)
    X.to_csv(tmp_path / "table.csv", index=False)
    X_read, _ = LOADERS[kind](tmp_path / "table.csv")
    assert X_read.columns.tolist() == X.columns[1:].tolist()


@pytest.mark.parametrize("kind", ["automobile", "bank"])
def test_a_table_without_labels_gives_none(tmp_path, kind):
    """New customers have no label column: y is None."""
    X, _ = make_customers(kind, 20, random_state=0)
    X.to_csv(tmp_path / "new.csv", index=False)
    assert LOADERS[kind](tmp_path / "new.csv")[1] is None


def test_str_path_folder_and_open_files_are_all_read(tmp_path):
    """The same table by name, by path, by folder, as text and as bytes."""
    text = MALL_HEADER + "1,Male,19,15,39\n2,Female,20,16,6\n"
    (tmp_path / "mall.csv").write_text(text)
    sources = [
        str(tmp_path / "mall.csv"),
        tmp_path / "mall.csv",
        tmp_path,
        io.StringIO(text),
        io.BytesIO(text.encode()),
    ]
    for source in sources:
        X, _ = load_mall(source)
        assert X["Age"].tolist() == [19, 20]


@pytest.mark.parametrize("kind", LOADERS)
def test_no_path_means_the_folder_of_the_variable(tmp_path, monkeypatch, kind):
    """SEGMENTLEARN_DATA names the folder; the file has its conventional name."""
    X, _ = make_customers(kind, 15, random_state=0)
    X.to_csv(tmp_path / FILES[kind], index=False)
    monkeypatch.setenv("SEGMENTLEARN_DATA", str(tmp_path))
    assert len(LOADERS[kind]()[0]) == 15


@pytest.mark.parametrize("load", LOADERS.values())
def test_an_unset_variable_is_named(monkeypatch, load):
    """Without a path and without the variable the error says what to set."""
    monkeypatch.delenv("SEGMENTLEARN_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="SEGMENTLEARN_DATA is not set"):
        load()


def test_an_absent_file_in_the_folder_is_named(tmp_path, monkeypatch):
    """The error names the file, the folder and the variable."""
    monkeypatch.setenv("SEGMENTLEARN_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"'bank\.csv' in .*SEGMENTLEARN_DATA"):
        load_bank()


def test_an_absent_path_is_named(tmp_path):
    """The error names the path as it was resolved."""
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        load_mall(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("path", [5, ["mall.csv"], pd.DataFrame()])
def test_a_path_of_another_type_is_refused(path):
    """Only paths and open files can be read."""
    with pytest.raises(TypeError, match="path must be a str"):
        load_mall(path)


def test_every_difference_is_listed_at_once(automobile):
    """One error reports the missing, the text, the infinite and the impossible."""
    broken = automobile.drop(columns="Profession").rename(columns={"Gender": "gender"})
    broken["Age"] = broken["Age"].astype(object)
    broken.loc[[3, 4], "Age"] = ["old", "42 years"]
    broken.loc[5, "Work_Experience"] = np.inf
    broken.loc[6, "Family_Size"] = -2.0
    with pytest.raises(SchemaError) as caught:
        load_automobile(as_file(broken))
    message = str(caught.value)
    for part in [
        "for 5 reason(s)",
        "column 'Profession' is missing",
        "column 'Gender' is missing (is it the column 'gender'? Rename it)",
        "'Age' (integer): 2 of 30 values are text, not numbers, such as 'old', '42 ye",
        "'Work_Experience' (number): 1 of 30 values are infinite, such as inf",
        "'Family_Size' (number): 1 of 30 values are outside [0, 100], such as -2.0",
    ]:
        assert part in message


def test_a_column_of_only_text_names_a_few_examples():
    """Three examples are enough, whatever the number of wrong cells."""
    rows = "".join(f"{i},Male,age{i},15,39\n" for i in range(9))
    with pytest.raises(SchemaError, match=r"9 of 9 .* such as 'age0', 'age1', 'age2'$"):
        load_mall(mall(rows))


def test_booleans_are_no_numbers():
    """True and False in a numeric column are refused."""
    with pytest.raises(SchemaError, match="'Age' must hold numbers, not booleans"):
        load_mall(mall("1,Male,True,15,39\n2,Male,False,15,39\n"))


@pytest.mark.parametrize("score", ["101", "-1"])
def test_scores_out_of_range_are_refused(score):
    """A spending score lies within 0 and 100."""
    with pytest.raises(SchemaError, match=r"outside \[0, 100\]"):
        load_mall(mall(f"1,Male,19,15,{score}\n"))


def test_bank_labels_are_zero_and_one():
    """A label of 2 or of text is no label of the bank."""
    X, y = make_customers("bank", 20, random_state=0)
    with pytest.raises(SchemaError, match=r"term_deposit_subscribed.*outside \[0, 1\]"):
        load_bank(as_file(X.assign(term_deposit_subscribed=y + 1)))
    text = y.map({0: "no", 1: "yes"})
    with pytest.raises(SchemaError, match=r"term_deposit_subscribed.*text"):
        load_bank(as_file(X.assign(term_deposit_subscribed=text)))


def test_rows_without_a_label_are_refused(automobile):
    """A label column with missing cells is reported, with the number of rows."""
    automobile.loc[[1, 2, 3], "Segmentation"] = None
    with pytest.raises(SchemaError, match="'Segmentation' has no label in 3 rows"):
        load_automobile(as_file(automobile))


def test_extra_columns_are_ignored_with_a_warning(automobile):
    """The warning names them; X has the schema's columns only."""
    with pytest.warns(SegmentLearnWarning, match=r"\['Shoe_Size', 'Hat'\]") as caught:
        X, _ = load_automobile(as_file(automobile.assign(Shoe_Size=42, Hat="x")))
    assert X.shape == (30, 9)
    assert caught[0].filename == __file__


def test_columns_in_another_order_are_put_in_order(automobile):
    """The order of the file doesn't matter, nor do spaces around the names."""
    reversed_table = automobile[automobile.columns[::-1]]
    expected, y = load_automobile(as_file(automobile))
    X, y_read = load_automobile(as_file(reversed_table.add_prefix(" ").add_suffix(" ")))
    assert X.columns.tolist() == expected.columns.tolist()
    assert_series_equal(y_read, y)


def test_an_identifier_that_is_asked_for_must_exist(automobile):
    """keep_id=True needs the column; without it the column is optional."""
    file = as_file(automobile.drop(columns="ID"))
    with pytest.raises(SchemaError, match="column 'ID' is missing"):
        load_automobile(file, keep_id=True)
    file.seek(0)
    assert load_automobile(file)[0].shape == (30, 9)


def test_categories_that_look_like_numbers_stay_text(automobile):
    """A category coded 1, 2, … with a missing cell is read as text, not as floats."""
    automobile["Var_1"] = ["1", None, "2"] * 10
    X, _ = load_automobile(as_file(automobile))
    assert X["Var_1"].dropna().unique().tolist() == ["1", "2"]


def test_integers_with_gaps_become_floats():
    """A missing cell in an integer column is kept as NaN in a float column."""
    X, _ = load_mall(mall("1,Male,19,,39\n2,Female,20,16,6\n"))
    assert X["Annual Income (k$)"].dtype == np.float64
    assert X["Age"].dtype == np.int64


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a CSV table"),
        (MALL_HEADER.encode(), "the table has no rows"),
        (MALL_HEADER.replace(",", ";").encode(), "separated by ';'"),
        (b"\xff\xfe\x00bad", "not a CSV table"),
        (MALL_HEADER.encode() + b"1,Male,19,15,39,7\n", "not a CSV table"),
        (MALL_HEADER.encode() + b'1,"Male,19,15\n', "not a CSV table"),
    ],
    ids=["empty", "header only", "semicolons", "binary", "long rows", "open quote"],
)
def test_files_that_are_no_table_are_refused(tmp_path, content, message):
    """Whatever the file holds, the error is a SchemaError."""
    (tmp_path / "mall.csv").write_bytes(content)
    with pytest.raises(SchemaError, match=message):
        load_mall(tmp_path)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    """Spreadsheets write one; the first column is found all the same."""
    text = MALL_HEADER + "1,Male,19,15,39\n"
    (tmp_path / "mall.csv").write_text(text, encoding="utf-8-sig")
    assert "CustomerID" in load_mall(tmp_path, keep_id=True)[0]


def test_reading_leaves_an_open_file_open():
    """The file belongs to the caller."""
    file = mall("1,Male,19,15,39\n")
    load_mall(file)
    assert not file.closed


def test_any_path_like_is_read(tmp_path):
    """Whatever has a file system path is one."""

    class Folder:
        def __fspath__(self):
            return os.fspath(tmp_path)

    (tmp_path / "mall.csv").write_text(MALL_HEADER + "1,Male,19,15,39\n")
    assert len(load_mall(Folder())[0]) == 1


@pytest.mark.realdata
def test_the_real_automobile_tables(data_dir):
    """Both files of the automobile company: with labels and without."""
    X, y = load_automobile(data_dir / "auto_train.csv")
    assert X.shape == (8068, 9)
    assert y.value_counts().sort_index().tolist() == [1972, 1858, 1970, 2268]
    X, y = load_automobile(data_dir / "auto_new.csv", keep_id=True)
    assert X.shape == (2627, 10)
    assert y is None


@pytest.mark.realdata
def test_the_real_bank_table(data_dir):
    """The bank's table, with its 3,394 subscribers and its empty column."""
    X, y = load_bank(data_dir)
    assert X.shape == (31_647, 16)
    assert y.sum() == 3394
    assert X["days_since_prev_campaign_contact"].isna().sum() == 25_831


@pytest.mark.realdata
def test_the_real_mall_table(data_dir):
    """The mall's table has whole numbers only, and no label."""
    X, y = load_mall(data_dir)
    assert X.shape == (200, 4)
    assert X.dtypes.iloc[1:].tolist() == [np.dtype("int64")] * 3
    assert y is None
