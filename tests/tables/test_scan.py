"""Tables read in batches: the same rows, types and errors as those read at once."""

import gzip
import io
import pathlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentlearn.exceptions import SchemaError, TableError
from segmentlearn.tables import read_table, scan_table

_N = 4000


def customers(n_rows=_N, seed=0):
    """Numbers, text, dates and missing cells."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "customer": np.arange(n_rows) + 10_000,
            "age": rng.integers(18, 90, n_rows),
            "spend": rng.gamma(2, 200, n_rows).round(2),
            "city": rng.choice(["Köln", "Paris, Texas", 'the "Hague"'], n_rows),
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, n_rows), unit="D"),
        }
    )
    frame.loc[rng.random(n_rows) < 0.1, ["spend", "city"]] = None
    return frame


def written(folder, kind, frame):
    """Write a frame as a file of a kind."""
    path = pathlib.Path(folder, f"customers.{kind}")
    if kind in ("csv", "csv.gz"):
        frame.to_csv(path, index=False)
    elif kind == "txt":
        frame.to_csv(path, index=False, sep=";", decimal=",", encoding="cp1252")
    elif kind == "tsv":
        frame.to_csv(path, index=False, sep="\t", encoding="utf-16")
    elif kind == "parquet":
        frame.to_parquet(path, row_group_size=1500)
    elif kind == "feather":
        pa.feather.write_feather(pa.Table.from_pandas(frame), path, chunksize=900)
    elif kind == "jsonl":
        frame.to_json(path, orient="records", lines=True, date_format="iso")
    elif kind == "duckdb":
        import duckdb

        with duckdb.connect(str(path)) as connection:
            connection.execute("create table customers as select * from frame")
    elif kind == "sqlite":
        import sqlite3

        with sqlite3.connect(path) as connection:
            frame.to_sql("customers", connection, index=False)
    return path


def joined(scan):
    """Return the rows of all batches, and their number."""
    frames = [batch.frame for batch in scan]
    return pd.concat(frames, ignore_index=True), len(frames)


@pytest.mark.parametrize(
    "kind",
    ["csv", "csv.gz", "txt", "tsv", "jsonl", "parquet", "feather", "duckdb", "sqlite"],
)
def test_batches_are_the_table(tmp_path, kind):
    """Cell by cell, whatever the file."""
    path = written(tmp_path, kind, customers())
    whole = read_table(path)
    found, n_batches = joined(scan_table(path, batch_size=300, schema=whole.schema))
    assert n_batches >= _N / 2048
    pd.testing.assert_frame_equal(
        found.astype(object), whole.frame.astype(object), check_dtype=False
    )


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_stdin_and_open_files_are_read_in_batches(tmp_path, kind):
    """What cannot be read twice is kept on the disk."""
    path = written(tmp_path, kind, customers())
    with path.open("rb") as file:
        found, n_batches = joined(scan_table(file, batch_size=300))
    assert (len(found), n_batches > 10) == (_N, True)


def test_cells_of_a_batch_are_those_of_the_file(tmp_path):
    """So that rows can be written as they were."""
    path = written(tmp_path, "txt", customers())
    cells = [
        text
        for batch in scan_table(path, batch_size=300)
        for text in batch.text("spend")
    ]
    assert cells == read_table(path).text("spend").tolist()


def test_folders_and_patterns_are_read_in_order(tmp_path):
    """Files of several kinds, hidden ones left out."""
    for at, kind in enumerate(["csv", "parquet"]):
        folder = tmp_path / str(at)
        folder.mkdir()
        written(folder, kind, customers(50, seed=at))
    (tmp_path / "1" / "_SUCCESS").touch()
    (tmp_path / ".hidden.csv").write_text("a\n1\n")
    scan = scan_table(tmp_path)
    assert [pathlib.Path(name).parent.name for name in scan.sources] == ["0", "1"]
    assert [len(batch.frame) for batch in scan] == [50, 50]
    assert scan_table(f"{tmp_path}/*/*.csv").sources == [scan.sources[0]]


def test_nothing_to_read_is_an_error(tmp_path):
    """A pattern that matches nothing, an empty folder."""
    with pytest.raises(TableError, match="no file matches"):
        scan_table(f"{tmp_path}/*.csv")
    with pytest.raises(TableError, match="without files"):
        scan_table(tmp_path)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_batch_size_must_be_positive(batch_size):
    """Before anything is read."""
    with pytest.raises(ValueError, match="batch_size"):
        scan_table(io.BytesIO(b"a\n1\n"), batch_size=batch_size)


def test_a_wrong_line_is_named_by_its_number(tmp_path):
    """However far down it stands."""
    lines = ["a,b", *("1,2" for _ in range(60_000)), "1,2,3"]
    path = tmp_path / "long.csv"
    path.write_text("\n".join(lines))
    with pytest.raises(TableError, match="line 60002: 3 cell"):
        joined(scan_table(path, batch_size=100))


def test_an_unclosed_quote_far_down_is_text(tmp_path):
    """As in a file that is read at once: no line is swallowed."""
    lines = ["a,b", *("1,x" for _ in range(50_000)), '2,5" pipe', '3,"open', "4,y"]
    path = tmp_path / "quotes.csv"
    path.write_text("\n".join(lines))
    found, _ = joined(scan_table(path, batch_size=100))
    pd.testing.assert_frame_equal(found, read_table(path).frame, check_dtype=False)
    assert len(found) == 50_003


@pytest.mark.slow
def test_text_that_turns_out_to_be_no_utf8(tmp_path):
    """The first other letter may lie behind what was looked at."""
    path = tmp_path / "late.csv"
    lines = ["a,b", *("1,x" for _ in range(100_000)), "2,Köln"]
    path.write_bytes("\n".join(lines).encode("cp1252"))
    found, _ = joined(scan_table(path, batch_size=100))
    assert found["b"].iloc[-1] == "Köln"
    with pytest.raises(TableError, match="encoding=cp1252"):
        joined(scan_table(path, batch_size=100, encoding="utf-8"))


def test_unreadable_cells_are_counted_over_all_batches(tmp_path):
    """Few count as missing; many say that the column holds something else."""
    frame = customers().astype({"spend": object})
    schema = read_table(written(tmp_path, "csv", frame)).schema
    frame.loc[5:7, "spend"] = "see note"
    scan = scan_table(written(tmp_path, "csv", frame), batch_size=300, schema=schema)
    found, _ = joined(scan)
    assert found["spend"].isna().sum() == frame["spend"].isna().sum() + 3
    assert f"3 of {_N:,} cells of column 'spend' hold no number" in scan.notes[0]
    scan.check_readable(["spend"])
    frame.loc[: _N // 2, "spend"] = "see note"
    scan = scan_table(written(tmp_path, "csv", frame), batch_size=300, schema=schema)
    joined(scan)
    scan.check_readable(["age"])
    with pytest.raises(SchemaError, match="'spend' holds a number"):
        scan.check_readable(["spend"])


def test_a_sample_is_drawn_from_all_rows(tmp_path):
    """Seeded, in the order of the file, and typed as the whole table."""
    path = written(tmp_path, "csv", customers())
    sample = scan_table(path, batch_size=300).sample(500, random_state=1)
    again = scan_table(path, batch_size=300).sample(500, random_state=1)
    pd.testing.assert_frame_equal(sample.frame, again.frame)
    numbers = sample.frame["customer"]
    assert numbers.is_monotonic_increasing
    assert numbers.max() - numbers.min() > 0.9 * _N
    assert sample.frame.dtypes.equals(read_table(path).frame.dtypes)


def test_progress_ends_at_one(tmp_path):
    """A share of the bytes, with the rows read so far."""
    scan = scan_table(written(tmp_path, "parquet", customers()), batch_size=300)
    shares = [scan.fraction for _ in scan]
    assert (np.diff(shares) > 0).all()
    assert (scan.fraction, scan.n_rows) == (1.0, _N)


def test_a_damaged_packed_file_is_an_error(tmp_path):
    """In words."""
    path = tmp_path / "customers.csv.gz"
    text = customers(200_000).to_csv(index=False).encode()
    path.write_bytes(gzip.compress(text, 1)[:-900])
    with pytest.raises(TableError, match="damaged"):
        joined(scan_table(path))


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(10**6), 10**6),
            st.text(
                st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=9
            ),
        ),
        min_size=1,
        max_size=30,
    ),
    st.integers(5, 50),
)
def test_any_text_is_the_same_in_batches(rows, batch_size):
    """Line breaks, quotes and separators within cells."""
    frame = pd.DataFrame(rows * 40, columns=["number", "text"])
    data = frame.to_csv(index=False).encode()
    whole = read_table(io.BytesIO(data))
    scan = scan_table(io.BytesIO(data), batch_size=batch_size, schema=whole.schema)
    texts = [text for batch in scan for text in batch.text("text")]
    assert texts == whole.text("text").tolist()


def _in_folder(folder, **tables):
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        (folder / name.replace("_", ".")).write_text(table)
    return folder


def test_a_sample_joins_files_of_all_kinds(tmp_path):
    """Text, Parquet, a workbook and a database, by what their cells mean."""
    frame = customers(400)
    written(tmp_path, "txt", frame[:100])  # with decimal commas
    written(tmp_path, "csv", frame[100:200])
    written(tmp_path, "parquet", frame[200:300])
    written(tmp_path, "sqlite", frame[300:])
    whole = scan_table(tmp_path).sample(1000).frame
    assert sorted(whole["customer"]) == frame["customer"].tolist()
    assert whole["spend"].sum() == pytest.approx(frame["spend"].sum())
    assert whole["since"].dtype.kind == "M"


def test_a_sample_keeps_cells_below_their_names(tmp_path):
    """Files may have the same columns in another order, but no others."""
    folder = _in_folder(tmp_path / "in", a_csv="n,m\n1,2\n", b_csv="m,n\n4,3\n")
    table = scan_table(folder).sample(10)
    assert (table.text("n").tolist(), table.dialect.header) == (["1", "3"], ("n", "m"))
    _in_folder(folder, c_csv="n,o\n1,2\n")
    with pytest.raises(TableError, match=r"c\.csv has other columns .* has m; .* o"):
        scan_table(folder).sample(10)


def test_files_without_rows_are_reported(tmp_path):
    """As some programs write them beside others; all of them empty is an error."""
    folder = _in_folder(tmp_path / "in", a_csv="n,m\n", b_csv="n,m\n1,2\n")
    pd.DataFrame({"n": [1], "m": [2]})[:0].to_parquet(folder / "c.parquet")
    scan = scan_table(folder)
    assert [len(batch.frame) for batch in scan] == [1]
    assert [note.split(" has")[0][-9:] for note in scan.notes] == [
        *("/in/a.csv", "c.parquet")
    ]
    assert len(scan_table(folder).sample(5).frame) == 1
    (folder / "b.csv").unlink()
    with pytest.raises(TableError, match="holds no rows"):
        list(scan_table(folder))
    with pytest.raises(TableError, match="holds no rows"):
        scan_table(folder).sample(5)


def test_another_way_to_write_numbers_is_found_in_batches_too(tmp_path):
    """Decimal commas where the training table had points, in each file its own."""
    frame = customers()
    schema = read_table(written(tmp_path, "csv", frame)).schema
    path = written(tmp_path, "txt", frame)
    scan = scan_table([path, tmp_path / "customers.csv"], schema=schema, batch_size=300)
    found, n_batches = joined(scan)
    scan.check_readable(["spend"])
    assert n_batches > 4
    np.testing.assert_array_equal(found["spend"], [*frame["spend"]] * 2)


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_copies_on_the_disk_are_removed(tmp_path, kind, monkeypatch):
    """After the last batch, and when reading is given up."""
    path = written(tmp_path, kind, customers())
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(copies))
    for n_batches in (1, 100):
        with path.open("rb") as file:
            batches = iter(scan_table(file, batch_size=300))
            for batch, _ in zip(batches, range(n_batches), strict=False):
                assert len(batch.frame)
            assert n_batches > 1 or list(copies.iterdir())
            batches.close()
        assert list(copies.iterdir()) == []


@pytest.mark.parametrize("address", ["ftp://h/a.csv", "file:///a.csv", "s3://b/a.csv"])
def test_addresses_of_stores_are_refused_in_words(address):
    """And not taken for those of databases."""
    with pytest.raises(TableError, match="download the file"):
        list(scan_table(address))


@pytest.mark.parametrize(
    ("text", "what"), [("<!DOCTYPE html><p>", "web page"), ('[{"a": 1}]', "JSON lines")]
)
def test_text_that_is_no_table_is_named(text, what):
    """Such as the page of an error that a download gave."""
    with pytest.raises(TableError, match=what):
        read_table(io.BytesIO(text.encode()))


@pytest.mark.parametrize("source", [".", "*"])
def test_a_file_of_a_strange_name_is_not_standard_input(tmp_path, source, monkeypatch):
    """In the folder that is read, or among those that match a pattern."""
    (tmp_path / "-").write_text("n,m\n1,2\n")
    monkeypatch.chdir(tmp_path)
    (batch,) = scan_table(source)
    assert batch.frame["n"].tolist() == [1]
