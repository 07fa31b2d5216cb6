"""Grid search in one program: the results of one fit after the other."""

import pickle
from importlib.metadata import version

import numpy as np
import pytest
from packaging.version import Version
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, ShuffleSplit
from sklearn.pipeline import make_pipeline

from segmentlearn import (
    BatchedGridSearchCV,
    SegmentClassifier,
    TabularPreprocessor,
    make_customers,
)

_IS_OLD_XLA = Version(version("tensorflow")) < Version("2.21")
RATES = {"learning_rate": [0.002, 0.02]}


@pytest.fixture(scope="module")
def customers():
    """Return a raw table with missing values, and the segments of its rows."""
    return make_customers("automobile", 203, random_state=0)


def net(**parameters):
    """Return a small ordinary net."""
    small = {"hidden_layer_sizes": (6,), "max_epochs": 6, "n_iter_no_change": 2}
    return SegmentClassifier.from_preset(
        "best-practices", **{**small, "random_state": 0, **parameters}
    )


def both(estimator, grid, X, y, params=(), **settings):
    """Search in one program and one by one."""
    settings = {"cv": 2, "refit": False, **settings}
    return [
        kind(clone(estimator), grid, **settings).fit(X, y, **dict(params))
        for kind in (BatchedGridSearchCV, GridSearchCV)
    ]


def assert_same_scores(batched, plain):
    """Every score of both searches is the same number."""
    assert list(batched.cv_results_) == list(plain.cv_results_)
    assert batched.cv_results_["params"] == plain.cv_results_["params"]
    for name, values in plain.cv_results_.items():
        if "test" in name or "train" in name:
            np.testing.assert_array_equal(batched.cv_results_[name], values, name)


@pytest.mark.slow
@pytest.mark.floors
@pytest.mark.parametrize(
    "grid",
    [
        {"learning_rate": [0.002, 0.02], "max_epochs": [2, 5]},
        {"dropout": [0.1, 0.4], "l2": [0.001, 0.01]},
        {"optimizer": ["adamw", "sgd"], "weight_decay": [0.001, 0.1]},
        {"learning_rate_schedule": ["cosine", "constant"], "random_state": [0, 1]},
        {"hidden_layer_sizes": [(6,), (4, 3)], "n_iter_no_change": [1, 3]},
        {"class_weight": ["balanced", None], "early_stopping": [True, False]},
    ],
    ids=lambda grid: "-".join(grid),
)
def test_scores_are_those_of_one_fit_after_the_other(customers, grid):
    """Accuracy and log-loss are equal to the last bit, whatever the grid varies."""
    X, y = customers
    batched, plain = both(
        net(), grid, X, y, scoring=["accuracy", "neg_log_loss"], return_train_score=True
    )
    assert_same_scores(batched, plain)
    n_alone = sum(batched.one_by_one_.values())
    assert sum(batched.batches_) + n_alone == 8
    # XLA of TensorFlow 2.20 rounds a batch of the second shape in a way of its own
    assert n_alone == 0 or ("hidden_layer_sizes" in grid and _IS_OLD_XLA)


@pytest.mark.slow
def test_more_fits_than_places_are_trained_in_turn(customers):
    """A net that has stopped leaves its place to the next one that waits."""
    X, y = customers
    grid = {"learning_rate": [0.001, 0.003, 0.01, 0.03, 0.1]}
    batched, plain = both(net(), grid, X, y, scoring="neg_log_loss", cv=4)
    assert_same_scores(batched, plain)
    assert sum(batched.batches_) == 20
    assert max(batched.batches_) > 8


@pytest.mark.slow
@pytest.mark.floors
def test_refit_gives_the_same_best_candidate(customers):
    """Best parameters, score and predictions are those of the plain search."""
    X, y = customers
    batched, plain = both(
        net(), RATES, X, y, scoring=["accuracy", "neg_log_loss"], refit="neg_log_loss"
    )
    for name in ("best_index_", "best_params_", "best_score_", "n_splits_"):
        assert getattr(batched, name) == getattr(plain, name)
    assert batched.multimetric_
    np.testing.assert_array_equal(batched.predict_proba(X), plain.predict_proba(X))
    assert type(batched.best_estimator_) is SegmentClassifier
    assert "fit" not in vars(batched.best_estimator_)


@pytest.mark.slow
def test_refit_may_be_a_function(customers):
    """A callable chooses the candidate that is fitted to all rows."""
    X, y = customers
    search = BatchedGridSearchCV(net(), RATES, cv=2, refit=lambda results: 1)
    assert search.fit(X, y).best_params_ == {"learning_rate": 0.02}
    assert search.best_index_ == 1


@pytest.mark.slow
def test_pipeline_is_prepared_once_for_each_fold(customers):
    """Steps before the net are fitted for each fold and setting, not for each net."""
    X, y = customers
    counted = CountedPreprocessor()
    estimator = make_pipeline(counted, net())
    grid = {
        "segmentclassifier__learning_rate": RATES["learning_rate"],
        "countedpreprocessor__min_frequency": [None, 20],
    }
    CountedPreprocessor.n_fits = 0
    batched = BatchedGridSearchCV(estimator, grid, cv=2, refit=False).fit(X, y)
    assert CountedPreprocessor.n_fits == 4
    plain = GridSearchCV(estimator, grid, cv=2, refit=False).fit(X, y)
    assert_same_scores(batched, plain)


class CountedPreprocessor(TabularPreprocessor):
    """A preprocessor that counts how often it is fitted."""

    n_fits = 0

    def fit(self, X, y=None):
        """Count, and fit."""
        type(self).n_fits += 1
        return super().fit(X, y)

    def fit_transform(self, X, y=None):
        """Count, fit and transform."""
        type(self).n_fits += 1
        return super().fit_transform(X, y)


@pytest.mark.slow
@pytest.mark.floors
def test_sample_weight_reaches_the_nets(customers):
    """Weights are split with the rows, and change what is learnt."""
    X, y = customers
    weights = np.random.default_rng(0).uniform(0, 3, len(X))
    batched, plain = both(net(), RATES, X, y, params={"sample_weight": weights})
    assert_same_scores(batched, plain)
    assert sum(batched.batches_) == 4


@pytest.mark.slow
def test_groups_reach_the_folds(customers):
    """No group is on both sides of a fold."""
    X, y = customers
    groups = np.arange(len(X)) % 5
    batched, plain = both(
        net(), RATES, X, y, params={"groups": groups}, cv=GroupKFold(2)
    )
    assert_same_scores(batched, plain)


@pytest.mark.slow
def test_folds_are_drawn_once(customers):
    """Random folds without a seed are the ones that are scored."""
    X, y = customers
    search = BatchedGridSearchCV(
        net(random_state=None), RATES, cv=ShuffleSplit(2), refit=False
    ).fit(X, y)
    assert sum(search.batches_) + sum(search.one_by_one_.values()) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.slow
def test_user_function_sees_nets_that_stay(customers):
    """Estimators that a scorer keeps go on to predict what they did."""
    X, y = customers
    kept = []

    def scoring(estimator, X, y):
        kept.append((estimator, X, estimator.predict_proba(X)))
        return estimator.score(X, y)

    BatchedGridSearchCV(net(), RATES, cv=2, scoring=scoring, refit=False).fit(X, y)
    for estimator, rows, proba in kept:
        np.testing.assert_array_equal(estimator.predict_proba(rows), proba)
    assert all(estimator.oof_proba_ is not None for estimator, _, _ in kept)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "grid", "reason"),
    [
        (net(batch_normalization=True), RATES, "batch normalization"),
        (net(warm_start=True), RATES, "warm start"),
        (
            net(n_members=2, hidden_layer_sizes=(4,), max_epochs=2),
            RATES,
            "ensemble of packed nets",
        ),
    ],
    ids=["normalized", "warm", "packed"],
)
def test_the_rest_is_trained_one_by_one(customers, estimator, grid, reason):
    """What no program can batch is fitted as ever, and the reason is reported."""
    X, y = customers
    batched, plain = both(estimator, grid, X, y, cv=2)
    assert_same_scores(batched, plain)
    assert batched.batches_ == []
    assert batched.one_by_one_ == {reason: 4}


def test_other_estimators_are_searched_as_ever():
    """A search over a model without a net is GridSearchCV's."""
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(int)
    batched, plain = both(LogisticRegression(), {"C": [0.1, 1.0]}, X, y, refit=True)
    assert_same_scores(batched, plain)
    assert batched.one_by_one_ == {"LogisticRegression is not a SegmentClassifier": 4}


@pytest.mark.slow
@pytest.mark.floors
def test_failing_candidate_gets_the_error_score(customers):
    """An invalid value costs its own fits only."""
    X, y = customers
    grid = {"learning_rate": [0.01, -1.0, 0.02]}
    with pytest.warns(UserWarning, match="fits failed|non-finite"):
        search = BatchedGridSearchCV(net(), grid, cv=2, refit=False).fit(X, y)
    is_finite = np.isfinite(search.cv_results_["mean_test_score"])
    assert is_finite.tolist() == [True, False, True]
    assert search.one_by_one_ == {"error before the training": 2}


def test_failing_candidate_raises_where_asked_to(customers):
    """error_score="raise" passes the error of the fit on."""
    X, y = customers
    grid = {"learning_rate": [0.01, -1.0, 0.02]}
    search = BatchedGridSearchCV(net(), grid, cv=2, error_score="raise")
    with pytest.raises(ValueError, match="learning_rate"):
        search.fit(X, y)
    assert not hasattr(search, "cv_results_")


@pytest.mark.slow
@pytest.mark.floors
def test_interruption_leaves_nothing_behind(customers):
    """After Ctrl-C the search is as it was, and can be run again."""
    X, y = customers
    search = BatchedGridSearchCV(net(), RATES, cv=2).fit(X, y)
    before = search.cv_results_

    def interrupted(estimator, X, y):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search.set_params(scoring=interrupted).fit(X, y)
    assert search.cv_results_ is before
    assert type(search.estimator) is SegmentClassifier
    again = search.set_params(scoring=None).fit(X, y)
    assert_same_scores(again, GridSearchCV(net(), RATES, cv=2).fit(X, y))


def test_search_can_be_cloned_and_pickled(customers):
    """A fitted search survives a pickle; a clone is not fitted."""
    X, y = customers
    search = BatchedGridSearchCV(net(), RATES, cv=2).fit(X, y)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))
    assert again.batches_ == search.batches_
    copy = clone(search)
    assert copy.get_params()["param_grid"] == RATES
    assert not hasattr(copy, "batches_")
    assert search.score(X, y) == pytest.approx(np.mean(search.predict(X) == y))


def test_times_include_the_share_of_a_batch(customers):
    """The time of a fit is more than that of looking its result up."""
    X, y = customers
    search = BatchedGridSearchCV(net(), RATES, cv=2, refit=False).fit(X, y)
    assert search.cv_results_["mean_fit_time"].shape == (2,)
    assert (search.cv_results_["mean_fit_time"] > 1e-3).all()


def test_each_fit_has_a_log_of_its_own(customers, tmp_path):
    """As many folders as a search in turn makes, with a histogram an epoch."""
    accumulators = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    X, y = customers
    logged = net(max_epochs=3, log_dir=tmp_path / "batched")
    batched = BatchedGridSearchCV(logged, RATES, cv=2, refit=False).fit(X, y)
    GridSearchCV(
        clone(logged).set_params(log_dir=tmp_path / "plain"), RATES, cv=2, refit=False
    ).fit(X, y)
    assert batched.one_by_one_ == {}
    read = {}
    for kind in ("batched", "plain"):
        for path in sorted((tmp_path / kind).iterdir()):
            events = accumulators.EventAccumulator(
                str(path / "train"), {"scalars": 0, "histograms": 0}
            ).Reload()
            read.setdefault(path.name, []).append(
                (
                    [event.value for event in events.Scalars("epoch_loss")],
                    [
                        event.histogram_value
                        for event in events.Histograms("hidden_1/kernel/histogram")
                    ],
                )
            )
    assert len(read) == 4
    for one, other in read.values():
        assert len(one[1]) == 3
        assert one == other
