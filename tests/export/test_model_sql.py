"""Whole models in SQL: the same segments and shares as `predict`, in two databases."""

import math
import sqlite3

import hypothesis
import numpy as np
import pandas as pd
import pytest
import sqlglot
from hypothesis import strategies
from sklearn.cluster import DBSCAN, KMeans
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline

from segmentlearn import (
    DistancePreprocessor,
    InductiveClusterer,
    LatentClassMixture,
    SegmentClassifier,
    TabularPreprocessor,
    model_to_sql,
    networks,
)
from segmentlearn.export import sql_size
from tests.export.customers import INCOME, JOB, awkward_customers, new_rows
from tests.export.test_sql import MOMENTS, NUMBERS, TEXTS, every_dialect

pytest.importorskip("duckdb")
pytestmark = pytest.mark.filterwarnings(
    "ignore::segmentlearn.exceptions.SegmentLearnWarning"
)


def by_duckdb(model, X):
    """The segment and the shares of each row."""
    import duckdb

    with duckdb.connect() as connection:
        connection.register("frame", X.assign(row=np.arange(len(X))))
        connection.execute("CREATE TABLE customers AS SELECT * FROM frame")
        found = connection.execute(model_to_sql(model, "row", "duckdb")).fetchall()
    return _parts(found)


def by_sqlite(model, X):
    """The same by SQLite, which gets functions that some builds do not have."""
    frame = X.assign(row=np.arange(len(X)))
    for name in frame.select_dtypes("datetime"):
        frame[name] = frame[name].dt.strftime("%Y-%m-%d %H:%M:%S.%f")
    with sqlite3.connect(":memory:") as connection:
        for name in ("exp", "sqrt", "cos"):
            connection.create_function(name, 1, getattr(math, name))
        connection.create_function("ln", 1, math.log)
        frame.to_sql("customers", connection, index=False)
        found = connection.execute(model_to_sql(model, "row", "sqlite")).fetchall()
    return _parts(found)


def _parts(found):
    rows = sorted(found)
    shares = [row[2:] for row in rows]
    return [row[1] for row in rows], np.array(shares, np.float64)


def assert_scored_alike(model, X, *databases):
    """Check labels and shares of rows, infinite numbers as missing ones."""
    finite = X.replace([np.inf, -np.inf], np.nan)
    expected, proba = list(model.predict(finite)), model.predict_proba(finite)
    for scored in databases or (by_duckdb, by_sqlite):
        label, shares = scored(model, X)
        np.testing.assert_allclose(shares, proba, rtol=0, atol=1e-5)
        assert label == expected


def k_means():
    """Segments whose memberships tell small differences of features."""
    return InductiveClusterer(KMeans(3, n_init=2, random_state=0))


@pytest.fixture(scope="module")
def found():
    """Segments that were found in awkward customers."""
    X, _ = awkward_customers()
    return make_pipeline(TabularPreprocessor(), k_means()).fit(X)


@pytest.fixture(scope="module")
def classifier():
    """One small net."""
    how = {"hidden_layer_sizes": 6, "n_members": 1, "n_inner_folds": 0}
    how |= {"numeric_embedding": None, "max_epochs": 2, "random_state": 0}
    return SegmentClassifier(**how).fit(*awkward_customers())


def test_awkward_rows_are_scored_alike(found):
    """NULL, NaN, infinities, unseen levels, blanks, quotes and umlauts."""
    assert_scored_alike(found, new_rows())


@pytest.mark.slow
def test_a_net_scores_alike(classifier):
    """Layer by layer."""
    assert_scored_alike(classifier, new_rows())


@pytest.mark.slow
@hypothesis.settings(max_examples=10, deadline=None, derandomize=True)
@hypothesis.given(
    strategies.lists(
        strategies.tuples(
            NUMBERS, TEXTS, strategies.booleans(), MOMENTS, strategies.integers(0, 99)
        ),
        min_size=1,
        max_size=10,
    )
)
def test_any_rows_are_scored_alike(found, rows):
    """Rows that hypothesis makes up."""
    rows = [*rows, (0.0, "plain", True, 0, 1)]  # a text gives its column the type
    X = pd.DataFrame(rows, columns=[INCOME, JOB, "member", "since", "age"])
    X[JOB] = pd.Series([row[1] for row in rows], dtype=object)
    X[JOB] = X[JOB].map(lambda x: x if x is None else " ".join(x.split()))
    X["since"] = pd.to_datetime(X["since"], unit="s")
    assert_scored_alike(found, X)


@pytest.mark.parametrize(
    "how",
    [
        {"numeric_imputation": "iterative", "random_state": 0, "encoding": "target"},
        {
            "categorical_imputation": "most_frequent",
            "add_indicator": True,
            "encoding": "ordinal",
        },
        {"categorical": ["age"], "identifiers": "keep", "clip": None},
    ],
    ids=str,
)
def test_preprocessors(how):
    """Imputation, encodings, indicators, levels that are numbers."""
    X, y = awkward_customers(150)
    model = make_pipeline(TabularPreprocessor(**how), k_means()).fit(X, y)
    assert_scored_alike(model, awkward_customers(60, seed=1)[0])


@pytest.mark.parametrize(
    "clusterer",
    [
        GaussianMixture(3, reg_covar=1e-2, random_state=0),
        LatentClassMixture(3, random_state=0),
    ],
    ids=lambda one: type(one).__name__,
)
def test_mixtures(clusterer):
    """Probabilities in place of distances."""
    X, _ = awkward_customers(150)
    steps = DistancePreprocessor(), InductiveClusterer(clusterer)
    assert_scored_alike(make_pipeline(*steps).fit(X), X)


@pytest.mark.slow
@pytest.mark.parametrize(
    "activation",
    [
        *("relu", "relu6", "leaky_relu", "elu", "selu", "silu", "mish", "tanh"),
        *("sigmoid", "hard_sigmoid", "hard_silu", "softplus", "softsign"),
    ],
)
def test_activations(classifier, activation):
    """Each that SQL can compute."""
    X = awkward_customers(40)[0]
    names = classifier.preprocessor_.get_feature_names_out()
    shape, n_classes = len(names), len(classifier.classes_)
    how = {"hidden_layer_sizes": (4, 4), "activation": activation}
    spec = networks.ClassifierSpec(shape, n_classes, batch_normalization=True, **how)
    trained = classifier.model_
    classifier.model_ = networks.build_classifier(spec, seed=0)
    try:
        assert_scored_alike(classifier, X, by_duckdb)
    finally:
        classifier.model_ = trained


@every_dialect
def test_statement_parses_and_names_stay_names(found, dialect):
    """Hostile names are one identifier each."""
    table, key = ['sch"ema', "customers]; DROP TABLE x; --"], "id`'\\"
    sql = model_to_sql(found, key, dialect, table)
    (tree,) = sqlglot.parse(sql, read=dialect)
    assert isinstance(tree, sqlglot.exp.Select)
    names = {column.name for column in tree.find_all(sqlglot.exp.Column)}
    assert {INCOME, JOB, key} <= names
    assert table[1] in {one.name for one in tree.find_all(sqlglot.exp.Table)}
    assert not list(tree.find_all(sqlglot.exp.Drop))
    columns = [one.alias for one in tree.selects]
    assert columns == [key, "segment", *(f"membership_{n}" for n in range(3))]


def test_size_is_told_before(found):
    """Operations of a row, steps and characters."""
    size = sql_size(found, "duckdb")
    assert size.characters == len(model_to_sql(found, "key", "duckdb"))
    assert 100 < size.operations < 2_000
    assert 3 < size.steps < 30


def test_a_long_statement_is_refused(found):
    """The error tells the length and the cures."""
    with pytest.raises(ValueError, match=r"max_length=1,000.*segment_rules"):
        model_to_sql(found, "id", max_length=1_000)


@pytest.mark.slow
def test_a_large_net_is_refused_before_it_is_written(classifier):
    """More operations than any database should do for a row."""
    names = classifier.preprocessor_.get_feature_names_out()
    shape = len(names), len(classifier.classes_)
    spec = networks.ClassifierSpec(*shape, hidden_layer_sizes=(600, 600))
    trained = classifier.model_
    classifier.model_ = networks.build_classifier(spec, seed=0)
    try:
        with pytest.raises(ValueError, match=r"300,000 operations.*to_onnx"):
            sql_size(classifier)
    finally:
        classifier.model_ = trained


def test_what_sql_cannot_express_is_refused():
    """Nearest rows of a table that SQL does not have."""
    X = np.random.default_rng(0).normal(size=(40, 2))
    model = InductiveClusterer(DBSCAN(eps=2)).fit(X)
    with pytest.raises(TypeError, match="to_onnx"):
        model_to_sql(model, "id")


def test_unknown_dialect_is_refused(found):
    """The error lists what there is."""
    with pytest.raises(ValueError, match="duckdb"):
        model_to_sql(found, "id", "access")
