"""A cluster of worker processes: what is loaded in them, and one that is killed."""

import os
import sys

import numpy as np
import pandas as pd
import pytest

from segmentlearn.distributed import DistributedModel, write_parquet

dd = pytest.importorskip("dask.dataframe", reason="Dask is an extra: dask")
distributed = pytest.importorskip("distributed", reason="Dask is an extra: dask")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """A client of two worker processes."""
    with (
        distributed.LocalCluster(
            n_workers=2,
            processes=True,
            threads_per_worker=1,
            dashboard_address=":0",
            local_directory=str(tmp_path_factory.mktemp("dask")),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_worker_is_killed_half_way(processes, archive, table, net, tmp_path):
    """The rows are those of one process, each once, and no worker loads TensorFlow."""
    parts = [table.iloc[start : start + 30] for start in range(0, len(table), 30)]
    mark = tmp_path / "killed"

    def read(at):
        if at == 5 and not mark.exists():
            mark.touch()
            os._exit(1)
        return parts[at]

    customers = dd.from_map(read, range(len(parts)), meta=table.iloc[:0])
    with DistributedModel(archive, processes) as model:
        scored = model.add_scores(customers)
        n_rows = write_parquet(scored, tmp_path / "scored", client=processes)
    assert mark.exists()
    assert n_rows == len(table)
    assert len(list((tmp_path / "scored").iterdir())) == len(parts)
    found = pd.read_parquet(tmp_path / "scored")
    np.testing.assert_array_equal(found["ID"], table["ID"])
    expected = net.predict_proba(table[list(net.feature_names_in_)])
    np.testing.assert_array_equal(found.iloc[:, -4:], expected)

    def tensorflow_is_loaded():
        return "tensorflow" in sys.modules

    assert set(processes.run(tensorflow_is_loaded).values()) == {False}
