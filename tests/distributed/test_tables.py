"""Samples, profiles, audits and Parquet folders of Dask DataFrames."""

import warnings

import numpy as np
import pandas as pd
import pytest

import segmentlearn as sl
from segmentlearn import distributed
from segmentlearn.distributed import DistributedModel, sample_rows, write_parquet
from segmentlearn.exceptions import SampledRowsWarning, TableError

dd = pytest.importorskip("dask.dataframe", reason="Dask is an extra: dask")

pytestmark = pytest.mark.usefixtures("client")


def test_a_sample_is_a_part_of_the_rows_in_their_order(customers, table):
    """As many as asked for, the same each time; all where there are fewer."""
    found = sample_rows(customers, 50, random_state=1)
    assert len(found) == 50
    assert found.index.is_monotonic_increasing
    np.testing.assert_array_equal(found["ID"], table.loc[found.index, "ID"])
    again = sample_rows(customers, 50, random_state=1)
    pd.testing.assert_frame_equal(found, again)
    assert len(sample_rows(customers, 1_000)) == len(table)
    assert not found.index.equals(sample_rows(customers, 50).index)
    with pytest.raises(ValueError, match="n_rows=0"):
        sample_rows(customers, 0)


def test_every_row_is_as_likely_as_any_other():
    """Whatever the size of its partition."""
    X = dd.from_pandas(pd.DataFrame({"a": np.arange(100)}), npartitions=2)
    X = dd.concat([X, X.partitions[[0]].assign(a=-1), X.partitions[[0]].assign(a=-1)])
    drawn = [sample_rows(X, 20, random_state=seed)["a"] for seed in range(12)]
    share = np.mean([np.mean(part < 0) for part in drawn])
    assert share == pytest.approx(0.5, abs=0.1)  # 3 standard errors


def test_a_profile_is_that_of_one_table(customers, table):
    """By a column of segments, while all rows are drawn."""
    X = table.drop(columns="segment")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone = sl.segment_profile(table["segment"], X, value="Age")
        found = distributed.segment_profile("segment", customers, value="Age")
    assert str(found) == str(alone)
    np.testing.assert_array_equal(found.value_sums, alone.value_sums)


@pytest.mark.filterwarnings("ignore:The column.s. .'ID'")
def test_sizes_of_a_profile_count_all_rows(customers, table):
    """Also where columns are compared on a sample, and of a series of segments."""
    X, y = customers.drop(columns="segment"), customers["segment"]
    found = distributed.segment_profile(y, X, value="Age", n_rows=100)
    counts = table.groupby("segment")["Age"].agg(["size", "sum"])
    np.testing.assert_array_equal(found.sizes, counts["size"])
    np.testing.assert_allclose(found.value_sums, counts["sum"])


@pytest.mark.filterwarnings("ignore:The column.s. .'ID'")
def test_a_profile_takes_a_model(archive, customers, table, net):
    """It predicts the segments partition by partition."""
    X = table.drop(columns="segment")
    with DistributedModel(archive) as model:
        found = distributed.segment_profile(model, customers.drop(columns="segment"))
    segments = net.predict(X[list(net.feature_names_in_)])
    np.testing.assert_array_equal(
        found.sizes, np.unique(segments, return_counts=True)[1]
    )


def test_a_profile_needs_a_label_for_each_row(customers):
    """Missing ones are counted; unknown columns are named."""
    lacking = customers.assign(
        segment=customers["segment"].where(customers["Age"] > 30)
    )
    with pytest.raises(ValueError, match=r"label.s. of partition . are missing"):
        distributed.segment_profile("segment", lacking)
    with pytest.raises(ValueError, match="value='age' is not a column"):
        distributed.segment_profile("segment", customers, value="age")


def test_a_segment_that_was_not_drawn_is_warned_about(customers):
    """Its size alone says nothing of it."""
    rare = customers.assign(
        segment=(customers["ID"] == customers["ID"].max()).compute()
    )
    with pytest.warns(UserWarning, match=r"No row of the segment.s. \[True\]"):
        distributed.segment_profile("segment", rare.drop(columns="ID"), n_rows=20)


def test_an_audit_is_that_of_one_table(customers, table):
    """With the target as a column or a series, and with new customers."""
    alone = sl.audit(table, "segment", table.iloc[:120])
    new = customers.partitions[[0, 1]]
    assert str(distributed.audit(customers, "segment", new)) == str(alone)
    X, y = customers.drop(columns="segment"), customers["segment"]
    found = distributed.audit(X, y)
    assert str(found) == str(sl.audit(table, "segment"))


def test_an_audit_says_how_many_rows_it_is_about(customers):
    """Where rows were drawn."""
    with pytest.warns(SampledRowsWarning, match="100 of 300 rows of X"):
        report = distributed.audit(customers, "segment", n_rows=100)
    assert report.n_rows == 100


def test_a_folder_is_whole_or_not_there(customers, table, tmp_path):
    """A partition that fails leaves nothing; what is there is not overwritten."""
    folder = tmp_path / "scored"

    def fail(frame, partition_info=None):
        if partition_info["number"] == 4:
            raise ValueError("this partition cannot be computed")
        return frame

    broken = customers.map_partitions(fail, meta=customers._meta)
    with pytest.raises(ValueError, match="cannot be computed"):
        write_parquet(broken, folder)
    assert list(tmp_path.iterdir()) == []
    assert write_parquet(customers, folder) == len(table)
    with pytest.raises(FileExistsError, match="not empty"):
        write_parquet(customers, folder)


def test_columns_have_the_types_of_the_table_in_all_files(tmp_path):
    """A partition without a value, or without a row, has the same schema."""
    frame = pd.DataFrame({"a": [1.0, 2.0, np.nan, np.nan], "b": ["x", "y", None, None]})
    X = dd.from_pandas(frame, npartitions=2)
    X = dd.concat([X, X[X["a"] > 5]])
    assert write_parquet(X, tmp_path / "out") == 4
    found = pd.read_parquet(tmp_path / "out")
    pd.testing.assert_frame_equal(found, frame, check_dtype=False)


def test_files_are_counted_before_they_appear(tmp_path):
    """Half a file, or none, is an error; what a lost worker left is removed."""
    from segmentlearn.distributed import check_written

    pd.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "part-00000.parquet")
    left = tmp_path / ".part-00000.parquet.1234.part"
    left.touch()
    check_written(tmp_path, {"part-00000.parquet": 2})
    assert not left.exists()
    with pytest.raises(TableError, match="2 rows in place of 3"):
        check_written(tmp_path, {"part-00000.parquet": 3})
    with pytest.raises(TableError, match="file system of the client"):
        check_written(tmp_path, {"part-00001.parquet": 2})
