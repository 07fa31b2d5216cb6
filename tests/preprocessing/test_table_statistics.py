"""A preprocessor learns from merged statistics what it learns from the whole table."""

import itertools

import numpy as np
import pandas as pd
import pytest

from segmentlearn.exceptions import SchemaError
from segmentlearn.preprocessing import (
    TableStatistics,
    TabularPreprocessor,
    fit_statistics,
    transform_folds,
)
from segmentlearn.preprocessing._statistics import _level_statistics as levels
from segmentlearn.preprocessing._statistics import _table_statistics as table_statistics

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
N, SIZE = 600, 200  # rows, and of a partition
CLASSES = ["A", "B", "C"]


def customers(seed=0):
    """Return columns of all kinds, some of them odd in one partition only."""
    rng = np.random.default_rng(seed)
    spend = rng.lognormal(3, 1, N)
    spend[rng.random(N) < 0.1] = np.nan
    visits = rng.poisson(3, N).astype(float)
    visits[:SIZE] = np.nan
    towns = np.array([f"t{i}" for i in rng.integers(0, 80, N)], dtype=object)
    towns[5] = "only here"
    job = rng.choice(["cook", " cook", "nurse", "judge"], N).astype(object)
    job[SIZE : SIZE + 30] = None
    price = np.array([f"{x:.2f} EUR" for x in rng.random(N) * 100], dtype=object)
    price[::50] = "n/a"
    frame = pd.DataFrame(
        {
            "spend": spend,
            "visits": visits,
            "town": towns,
            "job": job,
            "price": price,
            "member": rng.random(N) < 0.3,
            "grade": pd.Categorical(
                rng.choice(["low", "high"], N), ["low", "mid", "high"], ordered=True
            ),
            "born": pd.Timestamp("1990-01-01")
            + pd.to_timedelta(rng.integers(0, 9000, N), unit="D"),
            "flag": (np.arange(N) == 7) * 1.0,
            "code": rng.integers(1, 6, N),
            "nothing": np.nan,
            "customer_id": np.arange(N) + 10_000,
        }
    )
    return frame, rng.choice(CLASSES, N, p=[0.5, 0.3, 0.2]).astype(object)


def statistics_of(X, y, order=(0, 1, 2), chunk=SIZE, **settings):
    """Return the merged statistics of three partitions."""
    merged = TableStatistics(3, **settings).merge(TableStatistics(3, **settings))
    for number in order:
        part = TableStatistics(3, **settings)
        for start in range(0, SIZE, chunk):
            rows = slice(
                number * SIZE + start, number * SIZE + min(start + chunk, SIZE)
            )
            labels = None if y is None else y[rows]
            part.update(X.iloc[rows], labels, partition=number, start=start)
        merged.merge(part)
    if y is not None:
        merged.order_classes(CLASSES, CLASSES)
    return merged


def new_rows():
    """Return rows with unseen levels, and missing cells where there were none."""
    X, _ = customers(seed=1)
    X["member"] = X["member"].astype(object)
    X.loc[:20, "member"] = None
    X.loc[10:30, "town"] = "never seen"
    X.loc[30:40, "job"] = None
    X.loc[40:50, ["spend", "code"]] = np.nan
    return X


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"encoding": "onehot", "min_frequency": 0.01},
        {"encoding": "target"},
        {"encoding": "ordinal", "categorical_imputation": "most_frequent"},
        {"categorical": ["code"], "add_indicator": True, "max_levels": 3},
        {"numeric_imputation": "mean", "scale": False, "identifiers": "keep"},
    ],
)
def test_same_as_in_memory_where_the_sample_holds_all_rows(settings):
    X, y = customers()
    whole = TabularPreprocessor(random_state=0, **settings).fit(X, y)
    merged = TabularPreprocessor(random_state=0, **settings)
    categorical = settings.get("categorical", "auto")
    statistics = statistics_of(X, y, categorical=categorical)
    fit_statistics(merged, statistics)
    assert merged.column_roles_ == whole.column_roles_
    assert merged.imputer_.n_missing_ == whole.imputer_.n_missing_
    assert merged.encoder_.levels_ == whole.encoder_.levels_
    assert merged.encoder_.merged_levels_ == whole.encoder_.merged_levels_
    assert list(merged.get_feature_names_out()) == list(whole.get_feature_names_out())
    new = new_rows()
    np.testing.assert_allclose(merged.transform(new), whole.transform(new), atol=1e-6)


def test_same_without_a_target():
    X, _ = customers()
    whole = TabularPreprocessor(random_state=0).fit(X)
    merged = TabularPreprocessor(random_state=0)
    fit_statistics(merged, statistics_of(X, None))
    np.testing.assert_array_equal(merged.transform(X), whole.transform(X))


def test_order_of_merging_and_chunks_change_nothing():
    X, y = customers()
    found = []
    for order in itertools.permutations(range(3)):
        statistics = statistics_of(X, y, order, chunk=70 + order[0], most_sampled=150)
        preprocessor = TabularPreprocessor(random_state=0)
        means = fit_statistics(preprocessor, statistics)
        folds = np.arange(N) % 5
        found.append(transform_folds(preprocessor, X, folds, means))
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_counts_are_those_of_the_table_where_quantiles_are_of_a_sample():
    X, y = customers()
    statistics = statistics_of(X, y, most_sampled=100)
    merged = TabularPreprocessor(encoding="target", random_state=0)
    fit_statistics(merged, statistics)
    whole = TabularPreprocessor(encoding="target", random_state=0).fit(X, y)
    assert len(statistics.sample.frame) == 100
    for name in ("spend", "visits", "job", "town"):
        assert merged.imputer_.n_missing_[name] == whole.imputer_.n_missing_[name]
    assert merged.encoder_.levels_ == whole.encoder_.levels_
    for name, table in whole.encoder_.tables_.items():
        np.testing.assert_allclose(merged.encoder_.tables_[name], table, atol=1e-6)
    assert merged.scaler_.scale_[list(merged._columns_of("numeric")).index("flag")] > 0


def test_target_means_of_a_fold_do_not_hold_its_rows():
    X, y = customers()
    X["own"] = [f"o{i % 60}" for i in range(N)]  # of ten rows each, in all folds
    statistics = statistics_of(X, y)
    preprocessor = TabularPreprocessor(encoding="target", random_state=0)
    means = fit_statistics(preprocessor, statistics)
    folds = statistics.sample.folds
    for fold in (0, 3):
        others = TabularPreprocessor(encoding="target", random_state=0)
        others.fit(X[folds != fold], y[folds != fold])
        place_of = preprocessor.encoder_.levels_["own"].index
        for place, level in enumerate(others.encoder_.levels_["own"]):
            found = means["own"][fold][place_of(level)]
            known = others.encoder_.tables_["own"][place]
            np.testing.assert_allclose(found, known, atol=1e-6)


def test_levels_of_a_sample_where_there_are_too_many(monkeypatch):
    monkeypatch.setattr(levels, "_MOST_LEVELS", 20)
    X, y = customers()
    statistics = statistics_of(X, y)
    assert not statistics.columns["town"].levels.is_complete
    merged = TabularPreprocessor(random_state=0)
    fit_statistics(merged, statistics)
    whole = TabularPreprocessor(random_state=0).fit(X, y)
    np.testing.assert_allclose(merged.transform(X), whole.transform(X), atol=1e-6)


def test_a_column_of_texts_of_its_own_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(levels, "MOST_COUNTS", 3000)
    monkeypatch.setattr(table_statistics, "MOST_COUNTS", 3000)
    X, y = customers()
    X["note"] = [f"note {i // 2}" for i in range(N)]
    y[0] = "rare"  # and not in the sample
    statistics = TableStatistics(3, most_sampled=500)
    statistics.update(X, y, partition=0)
    statistics.order_classes([*CLASSES, "rare"], [*CLASSES, "rare"])
    preprocessor = TabularPreprocessor(random_state=0, identifiers="keep")
    means = fit_statistics(preprocessor, statistics)
    assert 100 < means["note"].shape[1] < 200  # 3,000 / (5 folds of 4 classes)
    assert np.isfinite(transform_folds(preprocessor, X, np.arange(N) % 5, means)).all()


def test_number_of_distinct_levels_is_estimated():
    one, other = levels.DistinctSketch(), levels.DistinctSketch()
    one.add([f"level {i}" for i in range(30_000)])
    other.add([f"level {i}" for i in range(20_000, 50_000)])
    one.merge(other)
    assert one.estimate() == pytest.approx(50_000, rel=0.05)


def test_text_of_few_levels_in_a_sample_of_distinct_ones_is_no_identifier():
    rng = np.random.default_rng(0)
    shop = np.array([f"shop {i}" for i in rng.integers(0, 2000, 20_000)], dtype=object)
    X = pd.DataFrame({"shop": shop, "x": rng.normal(size=20_000)})
    statistics = TableStatistics(0, most_sampled=100)
    statistics.update(X, partition=0)
    preprocessor = TabularPreprocessor(random_state=0)
    fit_statistics(preprocessor, statistics)
    assert preprocessor.column_roles_["shop"] == "categorical"


def test_rows_without_a_label_are_left_out():
    X, y = customers()
    y[::10] = None
    statistics = TableStatistics(0)
    statistics.update(X, y, partition=0)
    assert (statistics.n_rows, statistics.n_unlabelled) == (540, 60)


def test_parts_of_other_columns_are_refused():
    X, y = customers()
    statistics = statistics_of(X, y)
    with pytest.raises(SchemaError, match="spend"):
        statistics.update(X.drop(columns="spend"), y, partition=4)
