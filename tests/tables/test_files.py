"""read_table: files as people have them, and errors that name the line and the cure."""

import contextlib
import gzip
import io
import json
import sqlite3
import zipfile

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentlearn.exceptions import TableError
from segmentlearn.tables import TableSchema, read_table

RNG = np.random.default_rng(0)
DAYS = RNG.integers(0, 999, 40)
CUSTOMERS = pd.DataFrame(
    {
        "name": [f"Kundin {at}" for at in range(40)],
        "city": RNG.choice(["Köln", "Zürich", "Łódź"], 40),
        "spend": RNG.lognormal(7, 1, 40).round(2),
        "visits": RNG.integers(0, 2000, 40),
        "since": pd.Timestamp("2019-01-01") + pd.to_timedelta(DAYS, "D"),
        "member": RNG.random(40) < 0.5,
    }
)


def read(content, **how):
    data = content.encode() if isinstance(content, str) else content
    return read_table(io.BytesIO(data), **how)


def assert_same(frame, expected):
    """Compare values, not how precise dates are kept."""
    dates = expected.select_dtypes("datetime").columns
    kept = dict.fromkeys(dates, "datetime64[us]")
    pd.testing.assert_frame_equal(
        frame.astype(kept), expected.astype(kept), check_dtype=False
    )


def written(table, separator, decimal, date, currency, missing):
    """Write customers in one of many ways, with two missing cells."""
    cells = table.copy()
    thousands = "." if decimal == "," else ","
    if thousands == separator:
        thousands = ""
    marks = str.maketrans({",": thousands, ".": decimal})
    cells["spend"] = [
        currency.format(f"{x:,.2f}".translate(marks)) for x in table["spend"]
    ]
    cells["since"] = table["since"].dt.strftime(date)
    cells.loc[3, "spend"] = cells.loc[5, "since"] = missing
    return cells


def packed(cells, container, separator, encoding):
    """Put cells into a file of a kind; only text has a separator and an encoding."""
    data = cells.to_csv(index=False, sep=separator).encode(encoding)
    file = io.BytesIO()
    if container == "gzip":
        return gzip.compress(data)
    if container == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("customers.csv", data)
    elif container == "excel":
        cells.to_excel(file, index=False)
    elif container == "parquet":
        cells.to_parquet(file)
    elif container == "feather":
        cells.to_feather(file)
    elif container == "json lines":
        return cells.to_json(orient="records", lines=True).encode()
    return file.getvalue() or data


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(
        ["text", "gzip", "zip", "excel", "parquet", "feather", "json lines"]
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    st.sampled_from([".", ","]),
    st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d-%b-%Y"]),
    st.sampled_from(["{}", "${}", "{} €", "CHF {}"]),
    st.sampled_from(["", "-", "n/a", "NULL", "$null$"]),
)
def test_one_table_written_in_many_ways(
    container, separator, encoding, decimal, date, currency, missing
):
    """It is the same typed frame."""
    cells = written(CUSTOMERS, separator, decimal, date, currency, missing)
    frame = read(packed(cells, container, separator, encoding)).frame
    expected = CUSTOMERS.copy()
    expected["spend"] = expected["spend"].mask(expected.index == 3)
    expected["since"] = expected["since"].mask(expected.index == 5)
    assert_same(frame, expected)


def test_western_europe_without_utf8():
    """As older versions of Excel write it."""
    table = read("name;city\nJosé;Málaga\nZoë;Köln\n".encode("cp1252"))
    assert table.frame["city"].tolist() == ["Málaga", "Köln"]
    assert table.dialect.encoding == "cp1252"


@pytest.mark.parametrize(
    "title", ["Export of 1 May,,\n", "Export\n\n", "Customers, all\nof 2024\n"]
)
def test_title_lines(title):
    """They are left out, with a note."""
    table = read(f"{title}id,spend,city\n1,2.5,a\n2,3.5,b\n")
    assert table.columns == ["id", "spend", "city"]
    assert "column names are taken from line" in table.notes[0]


def test_parquet_and_feather():
    """Typed cells stay what they are."""
    for write in (CUSTOMERS.to_parquet, CUSTOMERS.to_feather):
        file = io.BytesIO()
        write(file)
        frame = read(file.getvalue()).frame
        assert_same(frame, CUSTOMERS)


def test_json_lines():
    """One record a line."""
    lines = CUSTOMERS.to_json(orient="records", lines=True, date_format="iso")
    frame = read(lines).frame
    assert_same(frame, CUSTOMERS)


def test_json_lines_of_mixed_cells():
    """Numbers beside text are read as in a text file, long ones keep their digits."""
    lines = [{"spend": x, "number": 10**19 + x} for x in range(40)]
    lines[20]["spend"] = "n/a"
    frame = read("\n".join(map(json.dumps, lines))).frame
    assert frame["spend"].sum() == 40 * 39 / 2 - 20
    assert frame["number"].tolist() == [str(10**19 + x) for x in range(40)]


def test_a_damaged_line_of_json_is_named():
    """By its number, with what it holds."""
    with pytest.raises(TableError, match=r"line 2, .*'{\"a\": 2'"):
        read('{"a": 1}\n{"a": 2\n{"a": 3}\n')


def test_excel():
    """Whole numbers are whole; titles above the names are left out."""
    file = io.BytesIO()
    CUSTOMERS.to_excel(file, index=False, startrow=2)
    frame = read(file.getvalue()).frame
    assert_same(frame, CUSTOMERS)


def test_workbook_with_several_sheets():
    """The error names them, and the parameter."""
    file = io.BytesIO()
    with pd.ExcelWriter(file) as book:
        CUSTOMERS.to_excel(book, sheet_name="May", index=False)
        CUSTOMERS.head(3).to_excel(book, sheet_name="June", index=False)
    with pytest.raises(TableError, match=r"'May', 'June'.*sheet='May'"):
        read(file.getvalue())
    assert len(read(file.getvalue(), sheet="June").frame) == 3


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_databases(kind, tmp_path):
    """The only table, or a query."""
    path = tmp_path / "customers.db"
    customers = CUSTOMERS.drop(columns="member")
    if kind == "sqlite":
        connection = sqlite3.connect(path)
        customers.to_sql("customers", connection, index=False)
    else:
        connection = duckdb.connect(str(path))
        connection.register("given", customers)
        connection.execute("create table customers as select * from given")
    connection.close()
    frame = read_table(path).frame
    assert_same(frame, customers)
    some = read_table(path, query="select spend from customers where visits > 1000")
    assert len(some.frame) == (CUSTOMERS["visits"] > 1000).sum()
    with pytest.raises(TableError, match="nothing"):
        read_table(path, query="select * from nothing")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["is empty"]),
        ("a,b\n", ["no rows"]),
        ("a,a\n1,2\n", ["line 1", "'a'", "more than once"]),
        ("1.5,2,3\n1,2,3\n4,5,6\n", ["line 1", "numbers where column names"]),
        ("a,b\n1,2\n3\n5,6\n", ["line 3", "1 cell(s)", "'3'"]),
        ("a,b\n1,2\n3,4,5\n", ["line 3", "3 cell(s)"]),
        (b"a,b\n1,\0\0\0\n" * 9, ["zero bytes"]),
        (b"PK\x03\x04broken", ["damaged zip"]),
        (b"PAR1broken", ["damaged"]),
        (b"\x1f\x8bbroken", ["damaged gzip"]),
    ],
)
def test_errors_name_what_is_wrong(content, parts):
    """In words, with the line where there is one."""
    with pytest.raises(TableError) as caught:
        read(content)
    for part in parts:
        assert part in str(caught.value)


def test_a_type_that_no_cell_has_is_refused():
    """By the column and its cells."""
    table = read_table(io.BytesIO(b"job,age\nclerk,31\njudge,45\n"))
    with pytest.raises(TableError, match=r"'job' holds no date .*'%Y'.*'clerk'"):
        table.with_types(dates={"job": "%Y"})


def test_stray_quotes_lose_no_customer():
    """Where no cell needs quotes they are text."""
    notes = ['"5 inch' if at in (9, 30) else "ok" for at in range(60)]
    lines = [f"{at},{at}.5,{note}" for at, note in enumerate(notes)]
    table = read("\n".join(["id,spend,note", *lines]) + "\n")
    assert table.frame["note"].tolist() == notes


def test_stray_quotes_beside_quoted_cells_are_refused():
    """The lines that would be swallowed are shown."""
    notes = ['"5 inch' if at in (9, 30) else '"a, b"' for at in range(60)]
    lines = [f"{at},{at}.5,{note}" for at, note in enumerate(notes)]
    with pytest.raises(TableError, match=r"line 11.*5 inch.*quotes=no"):
        read("\n".join(["id,spend,note", *lines]) + "\n")


def test_line_breaks_within_quotes():
    """A cell of two lines is one cell."""
    assert read('a,b\n1,"two\nlines"\n2,"two\rlines"\n').frame["b"].tolist() == [
        "two\nlines",
        "two\rlines",
    ]


def test_empty_lines_of_a_single_column_are_customers():
    """With a missing value."""
    assert read("spend\n1\n\n3\n").frame["spend"].isna().tolist() == [
        False,
        True,
        False,
    ]


def test_what_is_said_overrules_what_is_found():
    """Separator, decimal mark, encoding, lines above the names."""
    table = read("x\na|b\n1,234|2\n", separator="|", skip_rows=1, decimal=",")
    assert table.frame["a"].tolist() == [1.234]
    with pytest.raises(TableError, match="encoding='nonsense'"):
        read("a\n1\n", encoding="nonsense")


def _files():
    small, files = CUSTOMERS.head(8), {"csv": CUSTOMERS.head(8).to_csv().encode()}
    for name, write in (("excel", small.to_excel), ("parquet", small.to_parquet)):
        file = io.BytesIO()
        write(file)
        files[name] = file.getvalue()
    return files


FILES = _files()


@pytest.mark.slow
@settings(deadline=None, max_examples=120)
@given(
    st.sampled_from(sorted(FILES)),
    st.lists(
        st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=3
    ),
)
def test_altered_bytes_are_an_error_in_words_or_a_table(kind, changes):
    """Of text, Excel and Parquet files; never another error."""
    content = bytearray(FILES[kind])
    for place, byte in changes:
        content[int(place * len(content))] = byte
    try:
        table = read(bytes(content))
    except TableError:
        return
    assert len(table.frame) > 0


def large_file():
    """More than a megabyte of cells that could be taken for plain numbers."""
    n_rows = 40_000
    return pd.DataFrame(
        {
            "whole": np.arange(n_rows),
            "fraction": np.arange(n_rows) / 8,
            "exponent": [f"{number}e-3" for number in range(n_rows)],
            "long": np.arange(n_rows) + 10**18,
            "blank": [None if row % 9 else row for row in range(n_rows)],
            "late mark": [
                "n/a" if row == 39_000 else str(row) for row in range(n_rows)
            ],
            "late text": ["x" if row > 30_000 else str(row) for row in range(n_rows)],
            "infinite": ["inf" if row == 39_999 else str(row) for row in range(n_rows)],
            "code": [f"{row:05d}" for row in range(n_rows)],
            "thousands": [f"{row:,}" for row in range(n_rows)],
        }
    )


def test_large_files_are_read_as_small_ones():
    """Numbers that are parsed as such are those that text would give."""
    table = read_table(io.BytesIO(large_file().to_csv(index=False).encode()))
    texts = {name: pa.array(table.text(name)) for name in table.columns}
    _, expected, _ = TableSchema.infer_and_read(texts)
    pd.testing.assert_frame_equal(table.frame, expected)
    kinds = table.frame.dtypes.map(str)
    assert kinds[["whole", "fraction", "exponent", "blank"]].eq("float64").all()
    assert table.text("code").tolist() == large_file()["code"].tolist()
    assert table.text("fraction").tolist()[:3] == ["0.0", "0.125", "0.25"]


def test_large_files_can_hold_lines_within_cells():
    """And quotes, wherever a sample begins."""
    frame = large_file()[["whole", "fraction"]].assign(note='a "b"\nc,1,2')
    data = frame.to_csv(index=False).encode()
    read = read_table(io.BytesIO(data)).frame
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)


def test_quotes_that_may_be_text_are_asked_about():
    """Lines that one pair of quotes happens to join are customers, or a note."""
    data = b'a,b,c\n1,2,x\n3,4,"pipe\n5,6,12"\n7,8,y\n'
    assert len(read_table(io.BytesIO(data)).frame) == 4
    cells = read_table(io.BytesIO(data), quotes=True).frame["c"]
    assert cells.tolist() == ["x", "pipe\n5,6,12", "y"]


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx", "db"])
def test_whole_numbers_beside_missing_cells_are_written_as_such(kind, tmp_path):
    """A missing cell is None, and 1 is not "1.0", whatever the file."""
    frame = pd.DataFrame({"n": pd.array([1, None, 3], "Int64"), "x": [0.5, 1, 2]})
    path = tmp_path / f"customers.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path)
    elif kind == "xlsx":
        frame.to_excel(path, index=False)
    else:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            frame.to_sql("customers", connection, index=False)
    table = read_table(path)
    assert table.text("n").tolist() == ["1", None, "3"]
    assert table.describe().endswith("3 rows, 2 columns") or kind == "csv"


def test_columns_that_a_schema_does_not_know_are_read_as_they_look():
    """The returned schema knows them, so that whole numbers stay whole."""
    schema = read("spend\n1.5\n").schema
    table = read("spend;account\n1,5;7\n2,5;8\n", schema=schema)
    assert table.schema.plain_numbers() == ["account"]
    assert table.frame.to_numpy().tolist() == [[1.5, 7], [2.5, 8]]


def test_a_sheet_needs_a_workbook():
    """It is not ignored in silence."""
    with pytest.raises(TableError, match="sheet='May' needs a workbook"):
        read("a,b\n1,2\n", sheet="May")


@pytest.mark.parametrize("n_bytes", range(4))
def test_a_letter_across_the_end_of_what_is_looked_at(n_bytes):
    """UTF-8 stays UTF-8, wherever a sample of the file ends."""
    line = "x" * (9 + n_bytes) + "\n"
    table = read(f"a\n{line}" + "\u00e4\u00f6\u00fc\n" * 30_000)
    assert table.dialect.encoding == "utf-8"
    assert table.frame["a"].iloc[-1] == "\u00e4\u00f6\u00fc"


def test_a_line_may_be_longer_than_a_block():
    """A note of three megabytes in the middle of the file."""
    notes = ["short"] * 5000 + ["long " * 600_000] + ["short"] * 5000
    data = "a,note\n" + "".join(f"{at},{note}\n" for at, note in enumerate(notes))
    table = read(data)
    assert table.frame["note"].str.len().max() == len("long " * 600_000) - 1
    assert len(table.frame) == len(notes)


def test_a_line_of_names_may_be_long():
    """Longer than what is looked at first."""
    names = [f"column_{at}_{'x' * 90}" for at in range(2000)]
    table = read(f"{','.join(names)}\n{'1,' * 1999}1\n")
    assert table.columns == names


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,x\n2,y\n\ufeffa,b\n3,z\n", "line 4, repeats the column names"),
        ('a,b\n"x \\"q\\" y",1\n"z",2\n', "line 2: a quote behind a backslash"),
        (b"a;b\nM\x81ller;1\n", "encoding=cp850"),
        (b"%PDF-1.4\n1 0 obj", "is a PDF"),
        ("| a | b |\n|---|:-:|\n| 1 | x |\n", "is a table in Markdown"),
        ("a | b\n--- | ---\n1 | x\n", "is a table in Markdown"),
        ("id   name   age\n1    Ada    33\n", "in columns by blanks"),
        (b"BZh91AY&SY", "packed by bzip2"),
        ('{"a": 1}\n'.encode("utf-16"), "JSON in another encoding"),
    ],
)
def test_what_would_be_misread_is_refused(text, problem):
    """With the cure, where a line or an option helps."""
    with pytest.raises(TableError, match=problem):
        read(text)


@pytest.mark.parametrize(
    ("encoding", "city"),
    [
        ("cp1251", "Москва"),
        ("shift_jis", "東京都"),
        ("gbk", "北京市"),
        ("mac_roman", "München"),
        ("cp1250", "Wrocław"),
    ],
)
def test_texts_of_another_encoding_are_noted(encoding, city):
    """They can be read in cp1252, and mean nothing there."""
    data = f"id,city\n1,{city}\n2,Rome\n".encode(encoding)
    (note,) = read(data).notes
    assert "--encoding cp1251" in note or "encoding=cp1251" in note
    assert read(data, encoding=encoding).frame["city"].tolist() == [city, "Rome"]
    path_notes = read(data, encoding=encoding).notes
    assert path_notes == []


def test_western_letters_are_not_noted():
    """As they stand in names, in capitals, in signs."""
    cities = "Köln|été|CITROËN|Île-de-France|50 m²|n°5|5 € Rabatt|«été»|Coop®|Añón"
    data = "\n".join(["city,N°Client", *(f"{city},1" for city in cities.split("|"))])
    assert read(data.encode("cp1252")).notes == []


def test_a_line_of_names_far_down_in_numbers():
    """Columns of a large file are parsed as numbers, which the names are none of."""
    lines = ["a,b", *["1,2"] * 300_000, "a,b", "3,4"]
    with pytest.raises(TableError, match="line 300002, repeats the column names"):
        read("\n".join(lines))


def test_columns_that_hold_numbers_down_to_the_last_line():
    """What else stands there is read as without a look at the first lines."""
    lines = [f"{at},{at},{at}" for at in range(200_000)]
    frame = read("\n".join(["a,b,c", *lines, "oops,inf,200000"])).frame
    assert frame["a"].isna().tolist() == [False] * 200_000 + [True]
    assert frame["b"].iloc[-1] == np.inf
    assert (frame["c"] == range(200_001)).all()


def test_a_line_that_names_the_separator():
    """As Excel takes it, above the names."""
    table = read("sep=;\nname;spend\nAda;1,5\nBob;2,5\n")
    assert table.frame["spend"].tolist() == [1.5, 2.5]


def test_points_between_thousands():
    """They are known where smaller numbers have no digits behind them."""
    table = read("k;spend\n" + "".join(f"a;{n}\n" for n in ("999", "1.250", "12.300")))
    assert table.frame["spend"].tolist() == [999, 1250, 12300]


def test_doubtful_numbers_and_totals_are_noted():
    """With the option that reads them in the other way."""
    table = read("city;spend\nUlm;1.254\nJena;2.318\nTotal;3.572\n")
    assert "decimal=','" in table.notes[0]
    assert "'Total', seems to hold totals" in table.notes[1]
