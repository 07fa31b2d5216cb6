"""predict --dask writes what predict writes."""

import pandas as pd
import pytest
from pyarrow import parquet

from tests.command_line import assert_one_line_error, run


@pytest.fixture
def folder(tmp_path, table):
    """A Parquet file of several row groups, another one, and text."""
    folder = tmp_path / "customers"
    folder.mkdir()
    table.iloc[:150].to_parquet(folder / "a.parquet", row_group_size=40)
    changed = table.iloc[150:250].assign(Var_1="Cat_99")
    changed.to_parquet(folder / "b.parquet")
    table.iloc[250:].to_csv(folder / "c.csv", sep=";", index=False)
    table.iloc[:0].to_parquet(folder / "nobody.parquet")
    return folder


def address(client):
    """The address of the scheduler in this process."""
    return client.scheduler.address


def test_files_are_those_of_one_process(client, archive, folder, tmp_path):
    """Byte by byte, with the same counts and warnings."""
    alone = run("predict", archive, folder, "--out", f"{tmp_path}/alone/")
    on_workers = run(
        *("predict", archive, folder, "--out", f"{tmp_path}/sets/", "--sets"),
        *("--key", "ID", "--dask", address(client)),
    )
    assert on_workers.exit_code == 0, on_workers.output
    assert "300 customers scored" in on_workers.stderr
    assert "have a single segment in their set" in on_workers.stderr
    on_workers = run(
        *("predict", archive, folder, "--out", f"{tmp_path}/same/"),
        *("--dask", address(client)),
    )
    lines = sorted(on_workers.stderr.splitlines())
    assert [line.replace("/same/", "/alone/") for line in lines] == sorted(
        line for line in alone.stderr.splitlines() if not line.startswith("Read ")
    )
    for name in ("a.parquet", "b.parquet", "c.csv"):
        own = (tmp_path / "alone" / name).read_bytes()
        assert (tmp_path / "same" / name).read_bytes() == own


def test_a_large_file_is_cut_at_its_row_groups(
    client, archive, folder, tmp_path, monkeypatch
):
    """Its parts have numbers, so that their order is that of the rows."""
    from segmentlearn.cli._scoring import _on_cluster

    monkeypatch.setattr(_on_cluster, "_ROWS_A_PART", 60)
    out = tmp_path / "scored"
    done = run(
        *("predict", archive, folder / "a.parquet", "--out", f"{out}/"),
        *("--dask", address(client)),
    )
    assert done.exit_code == 0, done.output
    assert [path.name for path in sorted(out.iterdir())] == [
        "a-00000.parquet",
        "a-00001.parquet",
    ]
    assert parquet.read_metadata(out / "a-00000.parquet").num_rows == 80
    found = pd.read_parquet(out)["ID"].tolist()
    assert found == pd.read_parquet(folder / "a.parquet")["ID"].tolist()


def test_what_a_cluster_cannot_do_is_refused(archive, folder, tmp_path):
    """Before any work."""
    table = folder / "b.parquet"
    given = ("predict", archive, table, "--dask", "local")
    assert_one_line_error(run(*given), "--dask", "--out scored/")
    assert_one_line_error(run(*given, "--out", tmp_path / "o.csv"), "--out scored/")
    out = ("--out", f"{tmp_path}/scored/")
    assert_one_line_error(run(*given, *out, "--novelty"), "--novelty", "--dask")
    wrong = ("predict", archive, table, "--dask", "no address")
    assert_one_line_error(run(*wrong, *out), "no Dask scheduler at 'no address'")


def test_a_table_that_lacks_a_column_leaves_nothing(client, archive, folder, tmp_path):
    """The error is that of the column, in one line."""
    pd.read_parquet(folder / "b.parquet").drop(columns="Age").to_parquet(
        folder / "b.parquet"
    )
    out = tmp_path / "scored"
    done = run(
        *("predict", archive, folder, "--out", f"{out}/", "--dask", address(client))
    )
    assert_one_line_error(done, "lacks 1 column", "Age")
    assert not out.exists()
