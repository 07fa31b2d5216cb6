"""Fits of tables that are read in parts."""

import functools
import os
import sqlite3
import types

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from segmentlearn import (
    Autoencoder,
    AutoencoderClusterer,
    BoostedTreesClassifier,
    SegmentClassifier,
    fit_scan,
    load,
    make_customers,
    out_of_core,
    save,
    scan_table,
)
from segmentlearn.exceptions import SchemaError, SegmentLearnError, TableError
from segmentlearn.neural_network import ShardedClassifierFit, _settings
from segmentlearn.preprocessing import TableStatistics

N_FILES, SIZE = 3, 400
SMALL = {"hidden_layer_sizes": (16,), "n_members": 2, "numeric_embedding": None}


def classifier(**settings):
    """Return a classifier of a small packed net."""
    quick = {"n_inner_folds": 0, "max_epochs": 4, "random_state": 0}
    return SegmentClassifier(**{**SMALL, **quick, **settings})


@pytest.fixture(scope="module")
def table():
    """Customers and their tier."""
    X, y = make_customers("automobile", N_FILES * SIZE, random_state=0)
    return X.assign(tier=y.to_numpy(object))


@pytest.fixture(scope="module")
def files(table, tmp_path_factory):
    """A folder with the customers in files."""
    folder = tmp_path_factory.mktemp("customers")
    for number in range(N_FILES):
        rows = table.iloc[number * SIZE : (number + 1) * SIZE]
        rows.to_parquet(folder / f"{number}.parquet", row_group_size=150)
    return folder


@pytest.fixture(scope="module")
def fitted(files, tmp_path_factory):
    """A classifier of the files."""
    return fit_scan(classifier(), files, "tier")


def proba(model, table):
    """Return the probabilities of the customers."""
    return model.predict_proba(table.drop(columns="tier"))


def test_fitted_attributes(fitted, table):
    counts = table["tier"].value_counts().sort_index()
    assert fitted.classes_.tolist() == counts.index.tolist()
    assert fitted.class_count_.tolist() == counts.tolist()
    assert fitted.oof_proba_ is None
    assert 100 < fitted.oof_scores_["n_samples"] < 260  # 15 % of 1,200
    assert list(fitted.feature_names_in_) == list(table.columns[:-1])
    assert fitted.predict_set(table.drop(columns="tier")).shape == (len(table), 4)


def test_same_result_whatever_the_batches(fitted, files, table):
    scan = scan_table(str(files / "*.parquet"), batch_size=97)
    again = fit_scan(classifier(), scan, "tier")
    np.testing.assert_array_equal(proba(again, table), proba(fitted, table))


def test_same_result_whoever_writes_the_partitions(fitted, table, tmp_path):
    job = ShardedClassifierFit(classifier())
    merged, X = job.statistics(), table.drop(columns="tier")
    y = table["tier"].to_numpy()
    parts = [slice(at, at + SIZE) for at in range(0, len(X), SIZE)]
    for number in (2, 0, 1):
        part = job.statistics()
        part.update(X[parts[number]], y[parts[number]], partition=number)
        merged.merge(part)
    plan = job.plan(merged)
    job.take(
        plan.write(tmp_path, number, [(X[parts[number]], y[parts[number]])])
        for number in (1, 2, 0)
    )
    model = job.finish([job.train_net(0)])
    np.testing.assert_array_equal(proba(model, table), proba(fitted, table))


@pytest.mark.slow
def test_about_as_good_as_in_memory(files, table):
    X, y = make_customers("automobile", 4000, random_state=1)
    settings = {"max_epochs": 40, "n_inner_folds": 3}
    streamed = fit_scan(classifier(**settings), files, "tier")
    in_memory = classifier(**settings).fit(table.drop(columns="tier"), table["tier"])
    losses = [log_loss(y, model.predict_proba(X)) for model in (streamed, in_memory)]
    assert losses[0] == pytest.approx(losses[1], abs=0.02)
    assert len(streamed.best_epoch_) == 3
    assert streamed.oof_scores_["n_samples"] == len(table)


def test_archive(fitted, table, tmp_path):
    save(fitted, tmp_path / "m.seg")
    again = load(tmp_path / "m.seg")
    np.testing.assert_array_equal(proba(again, table), proba(fitted, table))


def test_many_rows_get_few_epochs_at_a_falling_rate(files, monkeypatch):
    monkeypatch.setattr(_settings, "_MANY_ROWS", 100)
    monkeypatch.setattr(_settings, "_EPOCHS_ROWS", 60)
    model = fit_scan(classifier(), files, "tier")
    assert model.n_iter_ == 2
    assert model.history_["learning_rate"][1] < model.history_["learning_rate"][0]


@pytest.mark.slow
def test_class_weights_and_rows_of_weight_zero(files, table):
    weights = {"A": 0.0, "B": 5.0}
    model = fit_scan(classifier(class_weight=weights), files, "tier")
    shares = proba(model, table).mean(axis=0)
    assert shares[0] < 0.05
    assert shares[1] > 0.3


def test_whole_numbers_as_labels_and_columns_left_out(table, tmp_path):
    y = table["tier"].map({"A": 1, "B": 2, "C": 10, "D": 20})
    table.assign(tier=y, seen=1.0).to_csv(tmp_path / "a.csv", index=False)
    model = fit_scan(classifier(), tmp_path / "a.csv", "tier", drop=["seen"])
    assert model.classes_.tolist() == [1, 2, 10, 20]
    assert "seen" not in model.feature_names_in_


@pytest.mark.slow
def test_rows_without_a_segment_are_left_out(table, tmp_path):
    table = table.copy()
    table.loc[::4, "tier"] = None
    table.to_parquet(tmp_path / "a.parquet")
    with pytest.warns(UserWarning, match="300 of 1,200 rows have no 'tier'"):
        model = fit_scan(classifier(), tmp_path, "tier")
    assert model.class_count_.sum() == 900


def test_query_of_a_database(table, tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as database:
        table.to_sql("customers", database, index_label="row")
    query = "SELECT * FROM customers WHERE Age > 30 ORDER BY row"
    scan = scan_table(tmp_path / "shop.db", query=query)
    model = fit_scan(classifier(), scan, "tier", drop=["row"])
    assert model.class_count_.sum() == (table["Age"] > 30).sum()


@pytest.mark.slow
def test_autoencoder(files, table):
    quick = {"hidden_layer_sizes": (8,), "n_components": 2, "random_state": 0}
    coder = Autoencoder(max_epochs=12, **quick)
    assert fit_scan(coder, files, drop=["tier"]) is coder
    X = table.drop(columns="tier")
    in_memory = Autoencoder(max_epochs=12, **quick).fit(X)
    assert coder.transform(X).shape == (len(X), 2)
    assert coder.score(X) == pytest.approx(in_memory.score(X), abs=0.15)


def test_disk_use_is_reported_before_and_shards_are_gone_after(files, tmp_path):
    steps = []

    def progress(step):
        steps.append((step.stage, step.n_bytes, len(os.listdir(tmp_path))))

    fit_scan(classifier(), files, "tier", folder=tmp_path, progress=progress)
    first = next(step for step in steps if step[0] == "writing")
    assert first[1] > 1000
    assert [stage for stage, *_ in steps][-1] == "training"
    assert max(n_folders for *_, n_folders in steps) == 1
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("stage", ["reading", "writing", "training"])
def test_nothing_is_left_after_a_failure(files, tmp_path, table, error, stage):
    model = classifier()

    def progress(step):
        if step.stage == stage and (step.fraction or stage == "training"):
            raise error

    with pytest.raises(error):
        fit_scan(model, files, "tier", folder=tmp_path, progress=progress)
    assert not os.listdir(tmp_path)
    assert not hasattr(model, "classes_")


def test_a_failure_leaves_a_fitted_estimator_as_it_was(fitted, files, table):
    before = proba(fitted, table)
    with pytest.raises(SchemaError, match=r"'teir'; it has .* Did you mean 'tier'"):
        fit_scan(fitted, files, "teir")
    np.testing.assert_array_equal(proba(fitted, table), before)


def test_a_full_disk_is_told_before_anything_is_written(files, tmp_path, monkeypatch):
    usage = types.SimpleNamespace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    with pytest.raises(SegmentLearnError, match=r"MB, and .* has 0.0 MB left"):
        fit_scan(classifier(), files, "tier", folder=tmp_path)
    assert not os.listdir(tmp_path)


def test_what_cannot_be_fitted_is_refused(files, tmp_path):
    with pytest.raises(TypeError, match="not BoostedTreesClassifier"):
        fit_scan(BoostedTreesClassifier(), files, "tier")
    with pytest.raises(ValueError, match="target must name"):
        fit_scan(classifier(), files)
    with pytest.raises(ValueError, match="learns without a target"):
        fit_scan(Autoencoder(), files, "tier")
    with pytest.raises(TypeError, match="fit_scan"):
        classifier().fit(scan_table(files), "tier")
    with pytest.raises(ValueError, match="warm_start"):
        fit_scan(classifier(warm_start=True), files, "tier")
    one = pd.DataFrame({"x": np.arange(50.0), "tier": "A"})
    one.to_csv(tmp_path / "one.csv", index=False)
    with pytest.raises(ValueError, match="one class only"):
        fit_scan(classifier(), tmp_path / "one.csv", "tier")
    many = pd.DataFrame({"x": 1.0, "tier": np.arange(1001)})
    many.to_csv(tmp_path / "many.csv", index=False)
    with pytest.raises(SchemaError, match="more than 1,000 different values"):
        fit_scan(classifier(), tmp_path / "many.csv", "tier")
    with (
        open(tmp_path / "one.csv", "rb") as stream,
        pytest.raises(TableError, match="read once only"),
    ):
        fit_scan(classifier(), scan_table(stream), "tier")


@pytest.mark.slow
def test_clusterer_is_measured_on_all_rows(monkeypatch, tmp_path):
    X, _ = make_customers("latent", 900, random_state=0)
    for number in range(3):
        X.iloc[number * 300 : (number + 1) * 300].to_parquet(
            tmp_path / f"{number}.parquet"
        )
    few = functools.partial(TableStatistics, most_sampled=300)
    monkeypatch.setattr(out_of_core, "TableStatistics", few)
    segmenter = AutoencoderClusterer(
        Autoencoder(hidden_layer_sizes=(8,), max_epochs=2),
        n_clusters=3,
        n_seeds=1,
        compare_baselines=False,
        random_state=0,
    )
    assert fit_scan(segmenter, tmp_path) is segmenter
    labels = segmenter.predict(X)
    sizes = np.bincount(labels)
    assert len(segmenter.labels_) == 300
    assert sizes.tolist() == sorted(sizes, reverse=True)
    assert [entry["sizes"]["1"] for entry in segmenter.passport_] == sizes.tolist()
    prepared, codes = segmenter.prepare(X), segmenter.transform(X)
    means = [prepared[labels == label].mean(axis=0) for label in range(3)]
    np.testing.assert_allclose(segmenter.cluster_centers_, means, atol=1e-4)
    offsets = prepared - np.array(means)[labels]
    assert segmenter.inertia_ == pytest.approx((offsets**2).sum(), rel=1e-4)
    assert segmenter.selected_ == "kmeans on codes"
    centers = segmenter.clusterer_.clusterer_.cluster_centers_
    moved = [codes[labels == label].mean(axis=0) for label in range(3)]
    distances = np.linalg.norm(centers[:, None] - np.array(moved), axis=2)
    radius = np.linalg.norm(codes - codes.mean(axis=0), axis=1).mean()
    assert distances.min(axis=0).max() < 0.1 * radius
