"""Uploads: what is no table is refused in a sentence, and nothing of it is run."""

import gzip
import io
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest

from segmentlearn.app import AppOptions
from segmentlearn.exceptions import TableError

MOST = 2**20
CSV = b"age,plan\n31,Gold\n45,Silver\n"


class Evil:
    """What a pickle would run."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('a pickle was opened')",))


def zipped(name, data):
    """Return a zip file of one member."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_not_opened(protocol, upload):
    """Whatever its name says, and in whichever protocol it is written."""
    data = pickle.dumps(Evil(), protocol=protocol)
    with pytest.raises(TableError, match=r"customers\.csv is no table.*pickle"):
        upload(data, "customers.csv")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7 ...", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"SQLite format 3\x00", "a database"),
        (b"<!doctype html><p>no</p>", "a web page"),
        (b"a,b\n\x00\x01\x02", "a file of bytes"),
    ],
)
def test_other_files_are_called_what_they_are(data, what, upload):
    """The sentence says what the file is."""
    with pytest.raises(TableError, match=f"no table of customers: it is {what}"):
        upload(data, "customers.csv")


@pytest.mark.parametrize(
    "data",
    [
        zipped("a.csv", b"0" * (2 * MOST)),
        zipped("xl/workbook.xml", b"0" * (2 * MOST)),
        gzip.compress(b"0" * (2 * MOST)),
    ],
    ids=["zip", "xlsx", "gzip"],
)
def test_a_file_that_unpacks_to_too_much_is_refused(data, upload):
    """Before it is unpacked in memory."""
    assert len(data) < 10_000
    with pytest.raises(TableError, match="unpacks to more than 1 MB"):
        upload(data, "bomb.xlsx")


@pytest.mark.slow
def test_a_parquet_file_of_many_equal_cells_is_refused(upload):
    """Lengths of runs pack them into nothing."""
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    values = pa.array(np.zeros(3_000_000, dtype=np.int8)).dictionary_encode()
    file = io.BytesIO()
    names = [f"c{at}" for at in range(80)]
    parquet.write_table(pa.table([values] * 80, names=names), file)
    with pytest.raises(TableError, match="unpacks to more than"):
        upload(file.getvalue(), "bomb.parquet", 2**28)


def test_too_many_columns_are_a_sentence(upload):
    """Ten thousand columns describe no customer."""
    header = ",".join(f"c{at}" for at in range(10_000))
    data = f"{header}\n{','.join('1' * 10_000)}\n".encode()
    with pytest.raises(TableError, match="10,000 columns"):
        upload(data, "wide.csv")


def test_size_and_emptiness_are_told(upload):
    """Of what is too large, and of what is nothing."""
    with pytest.raises(TableError, match="1 MB is the most"):
        upload(b"x" * (MOST + 1), "large.csv")
    with pytest.raises(TableError, match=r"none\.csv is empty"):
        upload(b"", "none.csv")


def test_an_archive_is_no_table(upload):
    """The page that takes it is named."""
    data = zipped("manifest.json", b"{}")
    with pytest.raises(TableError, match="page Score"):
        upload(data, "model.csv")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda d: zipped("a.csv", d)])
def test_tables_are_read(pack, upload):
    """Plain and packed."""
    loaded = upload(pack(CSV), "customers.csv")
    assert loaded.table.columns == ["age", "plan"]
    assert loaded.statement == "read_table('customers.csv')"


def test_files_of_the_server_are_those_in_the_folder(
    tmp_path, upload, visitor, monkeypatch
):
    """A link that leads out of it is not offered."""
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "secret.csv").write_bytes(CSV)
    (folder / "open.csv").write_bytes(CSV)
    (folder / "note.md").write_text("no table")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    for name, value in AppOptions(data_dir=str(folder)).to_environment().items():
        monkeypatch.setenv(name, value)
    visitor.go("data")
    assert visitor.widget("selectbox", "A table on the server").options == ["open.csv"]
    visitor.click("Read it")
    pd.testing.assert_frame_equal(
        visitor.session.customers.loaded.table.frame,
        upload(CSV, "open.csv").table.frame,
    )
