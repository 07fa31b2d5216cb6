"""A cluster of threads in this process, and a model with the customers it knows."""

import io

import pytest

from segmentlearn import SegmentClassifier, SegmentMonitor, make_customers, save

dd = pytest.importorskip("dask.dataframe", reason="Dask is an extra: dask")
distributed = pytest.importorskip("distributed", reason="Dask is an extra: dask")


@pytest.fixture(scope="session")
def client():
    """A client of a real scheduler whose two workers are threads of this process."""
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=False,
            dashboard_address=":0",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def table():
    """Customers with an identifier, missing cells and their segment."""
    X, y = make_customers("automobile", 300, keep_id=True, random_state=0)
    return X.assign(segment=y)


@pytest.fixture(scope="session")
def net(table):
    """A small net for these segments."""
    net = SegmentClassifier.from_preset("best-practices", max_epochs=3, random_state=0)
    return net.fit(table.drop(columns=["ID", "segment"]), table["segment"])


@pytest.fixture(scope="session")
def archive(net, table, tmp_path_factory):
    """The archive of the net, with the reference of its monitor."""
    stream = io.BytesIO()
    monitor = SegmentMonitor.from_model(net, table[list(net.feature_names_in_)])
    save(net, stream, metadata={"monitor": monitor.to_dict()})
    path = tmp_path_factory.mktemp("archive") / "net.seg"
    path.write_bytes(stream.getvalue())
    return path


@pytest.fixture
def customers(table):
    """The same as a Dask DataFrame of five partitions."""
    return dd.from_pandas(table, npartitions=5)
