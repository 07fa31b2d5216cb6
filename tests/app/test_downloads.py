"""Downloads: all columns as they were, and no cell that a spreadsheet would run."""

import io

import numpy as np
import openpyxl
import pandas as pd
import pytest

from segmentlearn.app._downloads import customers_file, download_name
from segmentlearn.app._uploads import read_upload

HOSTILE = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", " =A1"]
HARMLESS = ["-12,5", "+3 %", "a=b", "1e-5", "-1.234,50 €", "x"]


@pytest.fixture
def loaded():
    """Cells that begin formulas beside numbers with a sign, under a hostile name."""
    frame = pd.DataFrame({"=name": HOSTILE, "shown": HARMLESS, "balance": [-5] * 6})
    return read_upload(frame.to_csv(index=False).encode(), "c.csv", 2**20)


def test_formulas_are_defused_in_csv(loaded):
    """An apostrophe stands before them, and before nothing else."""
    segment = np.array([0, 1, 0, 1, 0, 1])
    data, names = customers_file(loaded.table, {"segment": segment}, "out.csv")
    read = pd.read_csv(io.BytesIO(data), dtype=str)
    assert read.columns.tolist() == ["'=name", "shown", "balance", "segment"]
    assert read["'=name"].tolist() == [f"'{cell}" for cell in HOSTILE]
    assert read["shown"].tolist() == HARMLESS
    assert read["balance"].tolist() == ["-5"] * 6
    assert names == {"segment": "segment"}


def test_formulas_are_defused_in_excel(loaded):
    """Numbers stay numbers there."""
    pytest.importorskip("xlsxwriter")
    name = np.array(["=HYPERLINK(1)"] * 6, dtype=object)
    data, _ = customers_file(loaded.table, {"segment_name": name}, "out.xlsx")
    rows = list(openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows())
    assert rows[1][0].value == "'=1+1"
    assert rows[1][2].value == -5
    assert rows[1][3].value == "'=HYPERLINK(1)"
    assert all(cell.data_type != "f" for row in rows for cell in row)


def test_parquet_keeps_cells_as_they_are(loaded):
    """No spreadsheet opens it."""
    data, _ = customers_file(loaded.table, {"segment": np.zeros(6, int)}, "o.parquet")
    cells = pd.read_parquet(io.BytesIO(data))["=name"]
    assert cells.tolist() == [cell.strip() for cell in HOSTILE]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv.gz", "a-segments.csv"),
        ("../../etc/x.xlsx", "x-segments.csv"),
        (".csv", ".csv-segments.csv"),
    ],
)
def test_names_of_downloads(name, expected):
    """Those of the files, without folders and endings."""
    assert download_name(name, ".csv") == expected
