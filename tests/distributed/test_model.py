"""A model on Dask DataFrames does what it does in one process."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import SegmentMonitor
from segmentlearn.distributed import DistributedModel, connect
from segmentlearn.exceptions import SchemaError, SegmentLearnError

dd = pytest.importorskip("dask.dataframe", reason="Dask is an extra: dask")


@pytest.fixture
def model(archive, client):
    """The model of the archive on the cluster."""
    with DistributedModel(archive, client) as model:
        yield model


def test_segments_and_probabilities_are_those_of_one_process(
    model, net, table, customers
):
    """Partition by partition, with the index of the table."""
    X = table[list(net.feature_names_in_)]
    segments = model.predict(customers)
    assert segments.dtype == pd.Series(["A"]).dtype
    found = segments.compute()
    np.testing.assert_array_equal(found, net.predict(X))
    pd.testing.assert_index_equal(found.index, table.index)
    proba = model.predict_proba(customers)
    assert list(proba.columns) == list(net.classes_)
    np.testing.assert_array_equal(proba.compute(), net.predict_proba(X))


def test_scores_stand_behind_the_columns(model, customers, table):
    """The columns of predict, with a suffix where the table has the name."""
    scored = model.add_scores(customers)
    found = scored.compute()
    assert list(found.columns) == list(scored.columns)
    pd.testing.assert_series_equal(found.dtypes, scored.dtypes)
    pd.testing.assert_frame_equal(found[list(table.columns)], customers.compute())
    labels = [name.removeprefix("probability_") for name in found.columns[-4:]]
    best = found.iloc[:, -4:].to_numpy().argmax(axis=1)
    new = found[found.columns[-5]]
    np.testing.assert_array_equal(new, np.array(labels)[best])


def test_columns_may_be_left_out(model, customers):
    """What is kept may be what the model does not use, and the other way round."""
    scored = model.add_scores(customers, keep=["ID"])
    assert scored.columns[0] == "ID"
    assert len(scored.columns) == 6
    with pytest.raises(SchemaError, match="keep lists \\['id'\\]"):
        model.add_scores(customers, keep=["id"])


def test_kept_categories_stay_what_they_are(model, customers):
    """Also where Dask does not know them before it computes."""
    typed = customers.assign(Gender=customers["Gender"].astype("category"))
    found = model.add_scores(typed, keep=["Gender"]).compute()
    assert set(found["Gender"].astype(str)) == {"Female", "Male"}


def test_empty_partitions_have_the_same_columns(model, customers):
    """As a filter leaves them."""
    nobody = customers[customers["Age"] > 1_000]
    found = model.add_scores(nobody).compute()
    assert len(found) == 0
    assert found["probability_A"].dtype == np.float64
    assert len(model.predict(nobody).compute()) == 0


def test_numbers_of_any_transformer(client):
    """A pipeline without segments: columns by the names that it gives."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    scaler = make_pipeline(StandardScaler(), PCA(2)).fit(X)
    with DistributedModel(scaler, client) as model:
        found = model.transform(dd.from_pandas(X, npartitions=3))
        assert list(found.columns) == ["pca0", "pca1"]
        np.testing.assert_allclose(found.compute(), scaler.transform(X), atol=1e-12)
        with pytest.raises(AttributeError, match="no predict_proba"):
            model.predict_proba(dd.from_pandas(X, npartitions=3))


def test_estimators_that_take_no_missing_cells(table, client):
    """The types of results are found without one."""
    X = table[["Age", "Work_Experience"]]
    trees = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=1_000)).fit(
        X, table["segment"]
    )
    plain = LogisticRegression(max_iter=1_000).fit(X[["Age"]], table["segment"])
    for estimator, columns in ((trees, list(X)), (plain, ["Age"])):
        with DistributedModel(estimator, client) as model:
            found = model.predict(dd.from_pandas(X, npartitions=2)).compute()
        np.testing.assert_array_equal(found, estimator.predict(X[columns]))


def test_the_archive_is_in_no_task(model, archive, customers):
    """Tasks name it; the plugin brings it."""
    graph = model.add_scores(customers.partitions[:1]).optimize().__dask_graph__()
    size = len(pickle.dumps(dict(graph)))
    alone = len(pickle.dumps(dict(customers.partitions[:1].__dask_graph__())))
    assert size - alone < len(archive.read_bytes()) / 4


def test_a_worker_that_joins_later_has_the_model(archive, customers, net, client):
    """The scheduler hands the plugin to it."""
    with DistributedModel(archive, client) as model:
        cluster = client.cluster
        cluster.scale(3)
        client.wait_for_workers(3)
        latest = [worker.address for worker in cluster.workers.values()][-1]
        lazy = model.predict(customers)
        found = client.compute(lazy, workers=[latest]).result()
        cluster.scale(2)
    assert len(found) == len(customers)
    assert set(found) <= set(net.classes_)


def test_a_closed_model_says_so(archive, customers, client):
    """Workers have given the archive back."""
    with DistributedModel(archive, client) as model:
        segments = model.predict(customers)
    model.close()  # once more does no harm
    with pytest.raises(SegmentLearnError, match="was closed"):
        segments.compute()


def test_others_keep_the_same_archive(archive, customers, client):
    """Who is done first does not take it from them."""
    with DistributedModel(archive, client) as model:
        with DistributedModel(archive, client):
            pass
        assert len(model.predict(customers).compute()) == len(customers)


def test_what_the_monitor_finds_is_what_it_finds_in_one_table(
    model, archive, net, table
):
    """Counts of partitions are added, also of one without a row."""
    older = table.assign(Age=table["Age"] + 10)
    parts = dd.from_pandas(older, npartitions=4)
    parts = dd.concat([parts[parts["Age"] > 1_000], parts])
    stored = SegmentMonitor.from_model(net, table[list(net.feature_names_in_)])
    alone = stored.check(older[list(net.feature_names_in_)])
    assert str(model.check(parts)) == str(alone)
    assert str(model.check(parts, stored)) == str(alone)


def test_without_a_monitor_one_is_asked_for(net, customers, client):
    """An archive need not have one."""
    with (
        DistributedModel(net, client) as model,
        pytest.raises(ValueError, match="pass monitor="),
    ):
        model.check(customers)


def test_wrong_tables_are_refused_before_any_work(model, table, customers):
    """By what they lack."""
    with pytest.raises(TypeError, match="must be a Dask DataFrame"):
        model.predict(table)
    with pytest.raises(SchemaError, match=r"lacks 1 column.*Age"):
        model.predict(customers.drop(columns="Age"))


def test_without_a_cluster_threads_compute(net, table, archive, client):
    """An open file is read like a path; items come in the order in which they end."""
    del client  # the current one is not asked for
    stream = io.BytesIO(archive.read_bytes())
    model = DistributedModel(stream)
    assert sorted(item for item, _ in model.map(_size, [1, 2])) == [1, 2]
    model.close()


def _size(model, item):
    return item * len(model.classes_)


def test_no_scheduler_at_an_address():
    """The error says how to get one."""
    with (
        pytest.raises(SegmentLearnError, match="no Dask scheduler at"),
        connect("not an address"),
    ):
        pass


def test_a_model_is_an_estimator_or_an_archive(client):
    """Anything else is refused with what would be right."""
    with pytest.raises(TypeError, match="model=3 must be a fitted estimator"):
        DistributedModel(3, client)
