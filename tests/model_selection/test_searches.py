"""Searches of other libraries over SegmentClassifier, as they come."""

import warnings

import joblib
import numpy as np
import pytest
import sklearn
from packaging.version import Version
from scipy.stats import loguniform, uniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
)
from sklearn.pipeline import make_pipeline

from segmentlearn import SegmentClassifier, TabularPreprocessor, make_customers
from segmentlearn.model_selection import search_space

RATES = {"learning_rate": [1e-3, 5e-3, 2e-2]}
NETS = {
    "preset": SegmentClassifier.from_preset(
        "best-practices", max_epochs=3, random_state=0
    ),
    "fast": SegmentClassifier(effort="fast", max_epochs=3, random_state=0),
}
every_net = pytest.mark.parametrize("net", NETS.values(), ids=NETS)
SETTINGS = {"cv": 2, "error_score": "raise"}


@pytest.fixture(scope="module")
def table():
    """300 raw customers with missing values, and segments A to D."""
    X, y = make_customers("automobile", 300, random_state=0)
    assert X.isna().to_numpy().any()
    return X, y


def check(search, table):
    """Fit a search, and look at what it says of the labels."""
    X, y = table
    search.fit(X, y)
    assert list(search.classes_) == ["A", "B", "C", "D"]
    assert search.predict_proba(X).shape == (300, 4)
    assert set(search.predict(X)) <= set("ABCD")
    assert 0 < search.best_score_ <= 1
    return search


@pytest.mark.slow
@every_net
def test_grid(net, table):
    """The best of a grid, fitted to all rows, is the classifier with its values."""
    search = check(GridSearchCV(net, RATES, **SETTINGS), table)
    assert search.best_params_["learning_rate"] in RATES["learning_rate"]
    assert search.best_estimator_.n_iter_ <= 3


@pytest.mark.slow
@every_net
def test_random_search(net, table):
    """Distributions of scipy give numbers of NumPy, which every parameter takes."""
    space = {
        "learning_rate": loguniform(1e-3, 1e-1),
        "dropout": uniform(0.05, 0.3),
        "weight_decay": loguniform(1e-4, 1e-1),
        "l2": loguniform(1e-6, 1e-3),
        "batch_size": [np.int64(16), np.int64(32)],
    }
    search = RandomizedSearchCV(net, space, n_iter=3, random_state=0, **SETTINGS)
    check(search, table)


@pytest.mark.slow
@every_net
def test_halving_over_rows(net, table):
    """By default the rows are the resource, and the last round sees most of them."""
    search = HalvingGridSearchCV(net, RATES, random_state=0, **SETTINGS)
    check(search, table)
    assert search.n_resources_ == [100, 300]


@pytest.mark.slow
@every_net
def test_halving_over_epochs(net, table):
    """Epochs are a resource like any other."""
    search = HalvingGridSearchCV(
        net,
        RATES,
        resource="max_epochs",
        min_resources=1,
        max_resources=3,
        random_state=0,
        **SETTINGS,
    )
    check(search, table)
    assert search.n_resources_ == [1, 3]
    assert search.best_params_["max_epochs"] == 3


@pytest.mark.slow
@every_net
def test_halving_over_random_candidates(net, table):
    """With enough rows of each segment in its first round."""
    search = HalvingRandomSearchCV(
        net,
        {"learning_rate": loguniform(1e-3, 1e-1)},
        n_candidates=3,
        min_resources=100,
        random_state=0,
        **SETTINGS,
    )
    check(search, table)
    assert search.n_resources_ == [100, 300]


def test_halving_with_too_few_rows_says_so(table):
    """Rounds of two rows for each segment and fold cannot hold any of them out."""
    net = NETS["preset"]
    search = HalvingRandomSearchCV(
        net, {"learning_rate": loguniform(1e-3, 1e-1)}, random_state=0, **SETTINGS
    )
    with pytest.raises(ValueError, match="have 1 row each"):
        search.fit(*table)


@pytest.mark.slow
@pytest.mark.parametrize("size", ["small", "medium"])
def test_ready_made_space(table, size):
    """What `search_space` proposes for a pipeline can be searched."""
    pipeline = make_pipeline(TabularPreprocessor(), NETS["preset"])
    pipeline.set_params(segmentclassifier__max_epochs=1)
    space = search_space(pipeline, size, kind="distributions")
    search = RandomizedSearchCV(pipeline, space, n_iter=2, random_state=0, **SETTINGS)
    check(search, table)


@pytest.fixture(scope="module")
def optuna_integration():
    """Optuna's search, quietly."""
    reason = "Optuna is an extra: tune"
    optuna = pytest.importorskip("optuna", reason=reason)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if Version(sklearn.__version__) < Version("1.7"):
        pytest.skip("a fitted OptunaSearchCV recurses for ever with scikit-learn 1.6")
    return pytest.importorskip("optuna_integration", reason=reason)


def optuna_search(optuna_integration, *arguments, **parameters):
    """Return an OptunaSearchCV without its warning of being experimental."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "OptunaSearchCV is experimental")
        return optuna_integration.OptunaSearchCV(
            *arguments, n_trials=3, random_state=0, **SETTINGS, **parameters
        )


@pytest.mark.slow
@every_net
def test_optuna(net, table, optuna_integration):
    """Optuna searches raw frames with text labels."""
    space = search_space(net, kind="optuna")
    search = check(optuna_search(optuna_integration, net, space), table)
    assert search.n_trials_ == 3


@pytest.mark.slow
def test_optuna_over_a_pipeline(table, optuna_integration):
    """Widths are choices; names have their step's prefix."""
    pipeline = make_pipeline(TabularPreprocessor(), NETS["preset"])
    space = search_space(pipeline, "medium", kind="optuna")
    search = check(optuna_search(optuna_integration, pipeline, space), table)
    widths = search.best_params_["segmentclassifier__hidden_layer_sizes"]
    assert search.best_estimator_[-1].hidden_layer_sizes == widths


@pytest.mark.slow
def test_optuna_with_pruning(table, optuna_integration):
    """Pruning trains by `partial_fit`, an epoch at a time."""
    space = search_space(NETS["preset"], kind="optuna")
    search = optuna_search(
        optuna_integration, NETS["preset"], space, enable_pruning=True, max_iter=3
    )
    check(search, table)


@pytest.fixture(scope="module")
def alone(table):
    """A search that does one fit after the other."""
    return GridSearchCV(NETS["preset"], RATES, **SETTINGS).fit(*table)


def assert_same_search(search, alone, table):
    """Scores and predictions are the same, bit for bit."""
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
    np.testing.assert_array_equal(
        search.predict_proba(table[0]), alone.predict_proba(table[0])
    )


def test_threads_give_the_same(table, alone):
    """Two fits at once in one process do not meet."""
    with joblib.parallel_config("threading"):
        search = GridSearchCV(NETS["preset"], RATES, n_jobs=2, **SETTINGS).fit(*table)
    assert_same_search(search, alone, table)


@pytest.mark.slow
def test_processes_give_the_same(table, alone):
    """Nor do two processes, each with a TensorFlow of its own."""
    search = GridSearchCV(NETS["preset"], RATES, n_jobs=2, **SETTINGS).fit(*table)
    assert_same_search(search, alone, table)


def read_threads_in_workers(net, table):
    """Fit in two workers; return the number of threads that TensorFlow was given."""
    # within a function, so that it goes to the workers as it is: they have no tests
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")

    def fit_and_read():
        import os

        net.fit(*table)
        return [os.environ.get(name) for name in names]

    return joblib.Parallel()(joblib.delayed(fit_and_read)() for _ in range(2))


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [None, 3])
def test_worker_processes_share_the_cores(table, chosen):
    """Each of two workers has half of the cores, or what joblib was given."""
    share = str(chosen or max(1, joblib.cpu_count() // 2))
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=chosen):
        found = read_threads_in_workers(NETS["preset"], table)
    assert found == [[share] * 3] * 2
