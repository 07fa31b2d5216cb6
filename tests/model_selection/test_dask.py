"""The same search on a Dask cluster of two worker processes."""

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from segmentlearn import SegmentClassifier, make_customers

distributed = pytest.importorskip("distributed", reason="Dask is an extra: dask")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A client of a local cluster, which is closed whatever happens."""
    with (
        distributed.LocalCluster(
            n_workers=2,
            processes=True,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=str(tmp_path_factory.mktemp("dask")),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_cluster_finds_what_one_process_finds(client):
    """Every fit runs on a worker, and the results are those of ``n_jobs=1``."""

    def tensorflow_is_loaded():
        import sys

        return "tensorflow" in sys.modules

    X, y = make_customers("automobile", 300, random_state=0)
    net = SegmentClassifier.from_preset("best-practices", max_epochs=3, random_state=0)
    search = GridSearchCV(
        net, {"learning_rate": [1e-3, 1e-2]}, cv=2, error_score="raise"
    )
    with joblib.parallel_config("dask"):
        search.fit(X, y)
    assert any(client.run(tensorflow_is_loaded).values())
    alone = GridSearchCV(net, search.param_grid, cv=2, error_score="raise").fit(X, y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
    np.testing.assert_array_equal(search.predict_proba(X), alone.predict_proba(X))


def test_a_worker_takes_one_thread(client):
    """Dask gives its workers one thread for OpenMP, which holds for TensorFlow."""

    def load_and_read():
        import os

        names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
        return tuple(os.environ.get(name) for name in names)

    assert set(client.run(load_and_read).values()) == {("1", "1")}
