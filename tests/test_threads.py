"""Eight threads at once give what one after the other gives, to the last bit."""

import copy
import io
import pickle
import random
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from segmentlearn import (
    Autoencoder,
    AutoencoderClusterer,
    BatchedGridSearchCV,
    KerasRegressor,
    SegmentClassifier,
    engine,
    load,
    make_customers,
    save,
)
from segmentlearn.engine import _cache as cache

_LIMIT = 300  # seconds, which only a deadlock needs

pytestmark = pytest.mark.slow
N_THREADS = 8

X, Y = make_customers("automobile", 150, random_state=0)
NUMBERS = np.random.default_rng(0).normal(size=(120, 4)).astype(np.float32)


def single(units=4, **parameters):
    """A classifier of one small net."""
    defaults = {
        **{"n_members": 1, "n_inner_folds": 0, "numeric_embedding": None},
        **{"max_epochs": 2, "early_stopping": False, "random_state": 0},
    }
    return SegmentClassifier((units,), **{**defaults, **parameters})


def packed(random_state=0):
    return SegmentClassifier(n_inner_folds=2, max_epochs=2, random_state=random_state)


def net(units=4):
    """A net without seeds."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(units),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1),
        ]
    )


def regressor(random_state=0, **parameters):
    parameters = {"loss": "mse", "epochs": 2, "verbose": 0, **parameters}
    return KerasRegressor(net, random_state=random_state, **parameters)


def saved(estimator):
    file = io.BytesIO()
    save(estimator, file)
    return file


@pytest.fixture(scope="module")
def fitted():
    """An ensemble that all threads use."""
    return packed().fit(X, Y)


@pytest.fixture(scope="module")
def fitted_regressor():
    """A Keras wrapper that all threads use."""
    return regressor().fit(NUMBERS, NUMBERS[:, 0])


def assert_same_in_threads(job):
    """Run a job for 0 to 7, in turn and at once, from an empty cache, and compare."""
    expected = [job(number) for number in range(N_THREADS)]
    engine.clear_cache()
    pool = ThreadPoolExecutor(N_THREADS)
    try:
        running = [pool.submit(job, number) for number in range(N_THREADS)]
        found = [one.result(_LIMIT) for one in running]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_fits_of_one_architecture():
    """They share a program, one fit at a time."""
    assert_same_in_threads(
        lambda seed: single(random_state=seed).fit(X, Y).predict_proba(X)
    )


def test_fits_of_different_architectures_in_a_full_cache(monkeypatch):
    """A program that has to go while a fit uses it serves that fit to its end."""
    monkeypatch.setattr(cache.PROGRAMS, "_size", 2)
    monkeypatch.setattr(cache.PREDICTORS, "_size", 2)
    assert_same_in_threads(lambda number: single(4 + number).fit(X, Y).predict_proba(X))


def test_fits_while_the_cache_is_cleared():
    """Clearing it takes no program out of a fit's hands."""

    def fit(number):
        if number % 3 == 2:
            engine.clear_cache()
        return single(4 + number % 2).fit(X, Y).predict_proba(X)

    assert_same_in_threads(fit)


def test_fits_of_ensembles():
    """Nets, calibration and preprocessor of each thread are its own."""
    assert_same_in_threads(lambda seed: packed(seed).fit(X, Y).predict_proba(X))


def test_predictions_of_one_model_for_tables_of_different_sizes(fitted):
    """Its preprocessor and its net are only read."""
    assert_same_in_threads(
        lambda number: fitted.predict_proba(X.iloc[: 20 + 15 * number])
    )


@pytest.mark.parametrize(
    "copied",
    [
        lambda model: load(saved(model)),
        lambda model: pickle.loads(pickle.dumps(model)),
        copy.deepcopy,
    ],
    ids=["archive", "pickle", "deepcopy"],
)
def test_copies_of_one_model(fitted, copied):
    """A model is written and read as often as one likes."""
    assert_same_in_threads(lambda number: copied(fitted).predict_proba(X))


def test_keras_wrappers_of_one_architecture():
    """First weights are drawn from a global generator, and are those of the seed."""
    assert_same_in_threads(
        lambda seed: regressor(seed).fit(NUMBERS, NUMBERS[:, 0]).predict(NUMBERS)
    )


def test_keras_wrappers_of_different_architectures():
    """Compiling another program draws nothing from under a net that is built."""
    assert_same_in_threads(
        lambda number: (
            regressor(number, model__units=3 + number)
            .fit(NUMBERS, NUMBERS[:, 0])
            .predict(NUMBERS)
        )
    )


def test_keras_own_fit():
    """What is left to Keras is built from the seed, too."""
    assert_same_in_threads(
        lambda seed: (
            regressor(seed, run_eagerly=True)
            .fit(NUMBERS, NUMBERS[:, 0])
            .predict(NUMBERS)
        )
    )


def test_clusterers():
    """Autoencoders on a member axis and the candidate selection around them."""
    assert_same_in_threads(
        lambda seed: (
            AutoencoderClusterer(n_clusters=2, random_state=seed)
            .fit(NUMBERS[:60])
            .predict(NUMBERS)
        )
    )


def test_batched_searches():
    """Nets that are trained side by side in several threads."""
    assert_same_in_threads(
        lambda seed: (
            BatchedGridSearchCV(
                single(random_state=seed), {"learning_rate": [0.01, 0.02]}, cv=2
            )
            .fit(X, Y)
            .cv_results_["mean_test_score"]
        )
    )


def test_different_work_at_once(fitted, fitted_regressor):
    """Fits, predictions and copies of different estimators."""
    jobs = [
        lambda: single().fit(X, Y).predict_proba(X),
        lambda: fitted.predict_proba(X),
        lambda: regressor(1).fit(NUMBERS, NUMBERS[:, 0]).predict(NUMBERS),
        lambda: fitted_regressor.predict(NUMBERS),
        lambda: load(saved(fitted)).predict_proba(X),
        lambda: packed(3).fit(X, Y).predict_proba(X),
        lambda: single(7).fit(X, Y).predict_proba(X),
        lambda: Autoencoder(
            2, hidden_layer_sizes=(4,), max_epochs=2, random_state=0
        ).fit_transform(X),
    ]
    assert_same_in_threads(lambda number: jobs[number]())


def test_building_draws_nothing_from_pythons_generator(fitted):
    """Nets that are fitted and loaded leave the caller's own draws as they were."""
    random.seed(0)
    state = random.getstate()
    packed().fit(X, Y)
    load(saved(fitted))
    assert random.getstate() == state
