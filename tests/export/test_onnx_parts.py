"""Preprocessors and clusterers in ONNX Runtime, without nets."""

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies
from sklearn.cluster import (
    DBSCAN,
    HDBSCAN,
    AgglomerativeClustering,
    Birch,
    BisectingKMeans,
    KMeans,
)
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from segmentlearn import (
    DistancePreprocessor,
    InductiveClusterer,
    LatentClassMixture,
    TabularPreprocessor,
    to_onnx,
)
from segmentlearn.cluster import ConsensusClusterer
from tests.export.customers import awkward_customers
from tests.export.onnx_rows import assert_scored_alike, inputs_of, session_of

pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings(
    "ignore::segmentlearn.exceptions.SegmentLearnWarning",
    "ignore::sklearn.exceptions.ConvergenceWarning",
)


def mixed_customers(n_rows=150):
    """Columns of every kind that a table can have."""
    X, y = awkward_customers(n_rows)
    rng = np.random.default_rng(1)
    X["city"] = [f"Ort {number}" for number in rng.integers(0, 60, n_rows)]
    X["stay"] = pd.to_timedelta(rng.integers(0, 10**6, n_rows), unit="s")
    X.loc[::9, "stay"] = pd.NaT
    X["store"] = rng.integers(1, 9, n_rows)
    X["flag"] = pd.Series(rng.choice([True, False, None], n_rows), dtype=object)
    X["tail"] = rng.normal(size=n_rows) * 10.0 ** rng.integers(-3, 6, n_rows)
    X["tail"] = X["tail"].mask(rng.random(n_rows) < 0.2)
    X["rank"] = pd.Categorical(rng.choice(["low", "high"], n_rows), ["low", "high"])
    X["count"] = pd.array(rng.choice([1, 2, pd.NA], n_rows), dtype="Int64")
    X["constant"] = 3.0
    return X, y


def k_means():
    """Segments whose memberships tell small differences of features."""
    return InductiveClusterer(KMeans(3, n_init=2, random_state=0))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {
            "numeric_imputation": "mean",
            "categorical_imputation": "most_frequent",
            "clip": None,
        },
        {"numeric_imputation": "iterative", "random_state": 0, "encoding": "ordinal"},
        {"numeric_imputation": "knn", "encoding": "target", "add_indicator": False},
        {"scale": False, "encoding": "onehot", "min_frequency": None},
        {"categorical": ["store", "count"], "numeric": ["member"]},
        {"min_frequency": 0.5},
    ],
    ids=str,
)
def test_tabular_preprocessor(how):
    """Imputation, scaling, encoding and indicators of new rows."""
    X, y = mixed_customers()
    model = make_pipeline(TabularPreprocessor(**how), k_means()).fit(X, y)
    new, _ = awkward_customers(60, seed=2)
    new = X.head(60).assign(**{name: new[name] for name in new})
    new.loc[:9, "city"] = [*(f"Ort {n}" for n in range(55, 63)), None, " Ort 1 "]
    assert_scored_alike(model, new)


@pytest.mark.parametrize("how", [{}, {"tails": "keep", "clip": None}], ids=str)
def test_distance_preprocessor(how):
    """Tails, scales, weights of categories."""
    X, _ = mixed_customers()
    assert_scored_alike(make_pipeline(DistancePreprocessor(**how), k_means()).fit(X), X)


@pytest.mark.parametrize(
    "scaler",
    [
        StandardScaler(),
        StandardScaler(with_mean=False),
        RobustScaler(),
        MinMaxScaler(clip=True),
        MaxAbsScaler(),
    ],
    ids=str,
)
def test_scalers_of_scikit_learn(scaler):
    """Shifted and scaled columns of numbers, before another preprocessor too."""
    X = np.random.default_rng(0).normal(5, 3, size=(80, 3))
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    steps = scaler.set_output(transform="pandas"), TabularPreprocessor(), k_means()
    assert_scored_alike(make_pipeline(*steps).fit(frame), 2 * frame)


@pytest.mark.parametrize(
    "clusterer",
    [
        KMeans(4, n_init=2, random_state=0),
        Birch(n_clusters=3, threshold=1.5),
        GaussianMixture(3, reg_covar=1e-2, random_state=0),
        GaussianMixture(2, covariance_type="tied", reg_covar=1e-2, random_state=0),
        GaussianMixture(3, covariance_type="diag", random_state=0),
        GaussianMixture(3, covariance_type="spherical", random_state=0),
        BayesianGaussianMixture(n_components=3, reg_covar=1e-2, random_state=0),
        LatentClassMixture(3, column_groups=[[3, 4]], random_state=0),
        DBSCAN(eps=0.9, min_samples=4),
        HDBSCAN(min_cluster_size=8, copy=True),
        AgglomerativeClustering(3),
        ConsensusClusterer(
            KMeans(3, n_init=2), views=[[0, 1, 2], [2, 3, 4]], random_state=0
        ),
    ],
    ids=lambda one: f"{type(one).__name__}-{getattr(one, 'covariance_type', '')}",
)
def test_clusterers(clusterer):
    """Their own prediction, nearest core rows, bounds, and votes of neighbours."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 5)) + 3 * rng.integers(0, 3, (120, 1))
    X[:, 3] = X[:, 0] > 3
    X[:, 4] = 1 - X[:, 3]
    model = InductiveClusterer(clusterer, random_state=0).fit(X)
    new = np.vstack([X, rng.normal(2, 4, size=(60, 5)), np.full((1, 5), 50.0)])
    session = session_of(model)
    names = [f"x{at}" for at in range(5)]
    feed = inputs_of(session, pd.DataFrame(new, columns=names))
    label, membership = session.run(None, feed)
    expected = model.predict_proba(new)
    np.testing.assert_allclose(membership, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(label, model.predict(new))


NAMES = strategies.text(
    strategies.characters(exclude_characters="\x00", exclude_categories=["Cs"]),
    max_size=8,
)
CELLS = strategies.one_of(
    strategies.lists(
        strategies.one_of(
            strategies.none(),
            strategies.floats(-1e12, 1e12).filter(lambda x: x == 0 or abs(x) > 1e-12),
        ),
        min_size=12,
        max_size=12,
    ),
    strategies.lists(
        strategies.one_of(strategies.none(), NAMES), min_size=12, max_size=12
    ),
    strategies.lists(
        strategies.sampled_from(["a", "b", " a", "n/a"]), min_size=12, max_size=12
    ),
    strategies.lists(strategies.booleans(), min_size=12, max_size=12),
)


@hypothesis.settings(max_examples=25, deadline=None, derandomize=True)
@hypothesis.given(
    strategies.dictionaries(
        strategies.one_of(strategies.just("label"), strategies.just("value_1"), NAMES),
        CELLS,
        min_size=1,
        max_size=4,
    )
)
def test_any_table_with_any_names(columns):
    """Tables that hypothesis makes up, with a column that varies."""
    X = pd.DataFrame({**columns, "varies": np.arange(12.0)})
    X = X.rename(columns={"": "empty"})
    hypothesis.assume(X.columns.is_unique)
    how = {"identifiers": "keep", "min_frequency": None}
    model = make_pipeline(TabularPreprocessor(**how), k_means()).fit(X[:8])
    session = session_of(model)
    label, membership = session.run(None, inputs_of(session, X))
    expected = model.predict_proba(X)
    np.testing.assert_allclose(membership, expected, rtol=0, atol=1e-5)
    best = np.sort(expected, axis=1)
    is_clear = best[:, -1] - best[:, -2] > 1e-5
    np.testing.assert_array_equal(label[is_clear], model.predict(X)[is_clear])


def test_a_column_without_a_name_gets_one():
    """An empty name would be no input."""
    X = pd.DataFrame({"": np.arange(20.0), "y": np.arange(20.0) % 3})
    model = to_onnx(make_pipeline(TabularPreprocessor(), k_means()).fit(X))
    assert [column.name for column in model.graph.input] == ["column_0", "y"]


def test_columns_that_are_numbered_keep_their_labels():
    """Those of a frame whose names are not text."""
    X = pd.DataFrame({7: np.arange(40.0), 3: ["a", "b"] * 20})
    model = make_pipeline(TabularPreprocessor(identifiers="keep"), k_means()).fit(X)
    assert_scored_alike(model, X)
    assert [column.name for column in to_onnx(model).graph.input] == ["7", "3"]


def test_moments_of_every_notation():
    """Days, minutes, fractions of seconds and time zones."""
    minutes = pd.Series(np.arange(0, 4000, 37))
    moments = pd.Timestamp("2024-02-28") + pd.to_timedelta(minutes, unit="min")
    X = pd.DataFrame({"at": moments.dt.strftime("%Y-%m-%d %H:%M")})
    how = TabularPreprocessor(clip=None, dates={"at": "ISO8601"})
    model = make_pipeline(how, k_means()).fit(X)
    new = pd.DataFrame(
        {
            "at": [
                *("2024-02-29", "2024-03-01T12:30:00.250Z", " 2024-03-01 12:30 "),
                *("2024-02-28T22:30:00-05:30", "2024-02-28 22:30:59+02:00"),
                *("1900-03-01", "2000-02-29T23:59:59.999999", "1969-12-31", None),
            ]
        }
    )
    assert_scored_alike(model, new)


@pytest.mark.parametrize(
    "text", ["2023-02-29", "1900-02-29", "2024-13-01", "29.02.2024", "2024-02-28 25:00"]
)
def test_dates_that_do_not_exist_are_missing(text):
    """A graph cannot warn of them."""
    X = pd.DataFrame({"at": pd.date_range("2024-01-01", periods=30)})
    X.loc[3, "at"] = pd.NaT
    model = make_pipeline(TabularPreprocessor(), k_means()).fit(X)
    session = session_of(model)
    _, found = session.run(None, {"at": np.array([[text], [""]], object)})
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize(
    ("clusterer", "how", "message"),
    [
        (BisectingKMeans(2), {}, r"BisectingKMeans.*assign='neighbors'"),
        (KMeans(2), {"assign": LogisticRegression()}, "LogisticRegression"),
    ],
)
def test_other_clusterers_are_refused_by_name(clusterer, how, message):
    """The error says what can be done."""
    X = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(TypeError, match=message):
        to_onnx(InductiveClusterer(clusterer, **how).fit(X))


def test_other_distances_are_refused():
    """Rows are compared by Euclidean ones."""
    X = np.random.default_rng(0).normal(size=(40, 2))
    model = InductiveClusterer(DBSCAN(eps=2, metric="manhattan")).fit(X)
    with pytest.raises(ValueError, match="manhattan"):
        to_onnx(model)


def test_a_clusterer_without_segments_is_refused():
    """All rows are noise."""
    X = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(ValueError, match="no segment"):
        to_onnx(InductiveClusterer(DBSCAN(eps=1e-6)).fit(X))
