"""A fit on workers is the fit on one machine of the same partitions."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn import (
    Autoencoder,
    AutoencoderClusterer,
    SegmentClassifier,
    fit_scan,
)
from segmentlearn.distributed import fit
from segmentlearn.exceptions import SchemaError

dd = pytest.importorskip("dask.dataframe", reason="Dask is an extra: dask")


@pytest.fixture
def folder(table, tmp_path):
    """Three Parquet files, which are three partitions."""
    for at in range(3):
        rows = table.iloc[100 * at : 100 * (at + 1)]
        rows.to_parquet(tmp_path / f"part-{at}.parquet", index=False)
    return tmp_path


@pytest.mark.slow
def test_a_classifier_is_that_of_one_machine(client, folder, table, net):
    """Statistics, shards and nets of the same partitions: the same probabilities."""
    settings = {"n_members": 2, "n_inner_folds": 2, "hidden_layer_sizes": (8,)}
    settings |= {"max_epochs": 2, "random_state": 0}
    alone = fit_scan(SegmentClassifier(**settings), folder, "segment", drop=["ID"])
    customers = dd.read_parquet(folder)
    on_workers = SegmentClassifier(**settings)
    fit(on_workers, customers, "segment", drop=["ID"], client=client)
    X = table[list(net.feature_names_in_)]
    np.testing.assert_array_equal(on_workers.predict_proba(X), alone.predict_proba(X))


@pytest.mark.slow
def test_an_autoencoder_is_that_of_one_machine(client, folder, table):
    """It learns without a target."""
    settings = {"hidden_layer_sizes": (4,), "max_epochs": 2, "random_state": 0}
    drop = ["ID", "segment"]
    alone = fit_scan(Autoencoder(**settings), folder, drop=drop)
    on_workers = fit(Autoencoder(**settings), dd.read_parquet(folder), drop=drop)
    X = table.drop(columns=drop)
    np.testing.assert_array_equal(on_workers.transform(X), alone.transform(X))


@pytest.mark.slow
def test_a_clusterer_is_that_of_one_machine(client, folder, table):
    """Segments of drawn rows, measured on all; sums differ in their last digits."""
    drop = ["ID", "segment"]
    settings = {"n_clusters": 3, "random_state": 0}
    alone = fit_scan(AutoencoderClusterer(**settings), folder, drop=drop)
    on_workers = AutoencoderClusterer(**settings)
    fit(on_workers, dd.read_parquet(folder), drop=drop, client=client)
    X = table.drop(columns=drop)
    np.testing.assert_array_equal(on_workers.predict(X), alone.predict(X))
    assert on_workers.inertia_ == pytest.approx(alone.inertia_)


@pytest.mark.slow
def test_rows_without_a_segment_and_empty_partitions_are_left_out(client, customers):
    """They are counted; whole numbers stay whole beside missing ones."""
    number = customers["segment"].map({"A": 0.0, "B": 1.0}, meta=("segment", float))
    parts = customers.assign(segment=number)
    parts = dd.concat([parts[parts["Age"] > 1_000], parts])
    clf = SegmentClassifier.from_preset("best-practices", max_epochs=2, random_state=0)
    with pytest.warns(UserWarning, match="rows have no 'segment'"):
        fit(clf, parts, "segment", drop=["ID"], client=client)
    assert clf.classes_.tolist() == [0, 1]
    assert clf.class_count_.sum() == number.notnull().sum().compute()


def test_columns_that_are_not_there_are_named(client, customers):
    """Before any partition is computed; the estimator stays as it was."""
    clf = SegmentClassifier()
    with pytest.raises(SchemaError, match=r"no column 'Segment'.*'segment'"):
        fit(clf, customers, "Segment")
    with pytest.raises(TypeError, match="must be a Dask DataFrame"):
        fit(clf, pd.DataFrame(), "segment")
    with pytest.raises(ValueError, match="target must name"):
        fit(clf, customers)
    assert not hasattr(clf, "classes_")
