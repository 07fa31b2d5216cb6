"""The bridge to Keras Tuner: oracles, cross-validation, the last fit."""

import pickle
import sys

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from segmentlearn import SegmentClassifier, TabularPreprocessor, make_customers
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.model_selection import KerasTunerSearchCV, search_space

keras_tuner = pytest.importorskip("keras_tuner", reason="an extra: tune")

LEAVES = {"min_samples_leaf": stats.randint(1, 60)}


@pytest.fixture(scope="module")
def numbers():
    """300 customers of a mall, their numbers alone, and five segments."""
    X, y = make_customers("mall", 300, random_state=0)
    return X.select_dtypes("number"), y


def search_tree(**parameters):
    """Return a search over a quick estimator."""
    settings = {"n_trials": 6, "cv": 3, "random_state": 0, **parameters}
    return KerasTunerSearchCV(
        DecisionTreeClassifier(random_state=0), LEAVES, **settings
    )


@pytest.mark.slow
def test_classifier_is_searched_and_refitted():
    """Raw customers go in; the best net, fitted to all of them, comes out."""
    X, y = make_customers("automobile", 300, random_state=0)
    net = SegmentClassifier.from_preset("best-practices", max_epochs=2, random_state=0)
    space = search_space(net, kind="distributions")
    search = KerasTunerSearchCV(
        net, space, n_trials=3, cv=2, random_state=0, error_score="raise"
    ).fit(X, y)
    assert list(search.classes_) == ["A", "B", "C", "D"]
    best = clone(net).set_params(**search.best_params_)
    assert search.best_score_ == cross_val_score(best, X, y, cv=2).mean()
    np.testing.assert_array_equal(
        search.predict_proba(X), best.fit(X, y).predict_proba(X)
    )


@pytest.mark.slow
def test_pipeline_is_searched_with_hyperband():
    """The resource has the prefix of its step, and all of it is used in the end."""
    X, y = make_customers("automobile", 300, random_state=0)
    net = SegmentClassifier.from_preset("best-practices", max_epochs=3, random_state=0)
    pipeline = make_pipeline(TabularPreprocessor(), net)
    search = KerasTunerSearchCV(
        pipeline,
        search_space(pipeline, kind="distributions"),
        oracle="hyperband",
        resource="segmentclassifier__max_epochs",
        cv=2,
        random_state=0,
        error_score="raise",
    ).fit(X, y)
    epochs = [
        params["segmentclassifier__max_epochs"]
        for params in search.cv_results_["params"]
    ]
    assert {1, 3} == set(epochs)
    assert search.best_estimator_[-1].n_iter_ <= max(epochs)


@pytest.mark.slow
@pytest.mark.parametrize("oracle", ["random", "bayesian"])
def test_number_of_trials(numbers, oracle):
    """As many candidates as asked for, each with a score for each fold."""
    search = search_tree(oracle=oracle).fit(*numbers)
    assert len(search.cv_results_["params"]) == 6
    assert len(search.cv_results_["split2_test_score"]) == 6
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()


@pytest.mark.slow
@pytest.mark.parametrize("oracle", ["random", "bayesian"])
def test_same_seed_same_search(numbers, oracle):
    """An integer decides what is proposed; zero is a seed as any other."""
    first, second = (
        search_tree(oracle=oracle, n_trials=4).fit(*numbers).cv_results_["params"]
        for _ in "ab"
    )
    other = search_tree(oracle=oracle, n_trials=3, random_state=1).fit(*numbers)
    assert first == second
    assert first[:3] != other.cv_results_["params"]


def test_global_random_numbers_are_left_alone(numbers):
    """Neither Python's nor NumPy's global generator is touched."""
    import random

    def read_states():
        return random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002

    before = read_states()
    search_tree().fit(*numbers)
    assert read_states() == before


@pytest.mark.slow
def test_bayesian_search_looks_near_the_best(numbers):
    """After its first random trials it prefers small leaves, which are better."""
    search = search_tree(oracle="bayesian", n_trials=9).fit(*numbers)
    leaves = [params["min_samples_leaf"] for params in search.cv_results_["params"]]
    assert np.mean(leaves[3:]) < 30


@pytest.mark.slow
def test_proposed_numbers_are_pythons_own(numbers):
    """So that ``best_params_`` reads well and can be stored as JSON."""
    search = KerasTunerSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"ccp_alpha": lambda hp: hp.Float("alpha", 0.0, 0.1)},
        oracle="bayesian",
        n_trials=4,
        cv=3,
        random_state=0,
    ).fit(*numbers)
    tried = search.cv_results_["params"]
    assert [type(params["ccp_alpha"]) for params in tried] == [float] * 4


@pytest.mark.slow
@pytest.mark.parametrize(("name", "direction"), [("score", "max"), ("val_loss", "min")])
def test_oracle_objects_are_told_what_they_want(numbers, name, direction):
    """One that minimises gets the negative score, so both find the same."""
    oracle = keras_tuner.oracles.BayesianOptimizationOracle(
        objective=keras_tuner.Objective(name, direction), max_trials=4, seed=1
    )
    search = search_tree(oracle=oracle).fit(*numbers)
    reference = keras_tuner.oracles.BayesianOptimizationOracle(
        objective=keras_tuner.Objective("accuracy", "max"), max_trials=4, seed=1
    )
    expected = search_tree(oracle=reference).fit(*numbers)
    assert search.cv_results_["params"] == expected.cv_results_["params"]


def test_oracle_objects_are_left_as_they_were(numbers):
    """A second fit begins anew, since the first worked on a copy."""
    oracle = keras_tuner.oracles.RandomSearchOracle(
        objective=keras_tuner.Objective("score", "max"), max_trials=3, seed=1
    )
    search = search_tree(oracle=oracle).fit(*numbers)
    assert not oracle.trials
    first = search.cv_results_["params"]
    assert clone(search).fit(*numbers).cv_results_["params"] == first


def test_oracle_objects_may_bring_their_space(numbers):
    """Names are then those of the estimator's parameters."""
    space = keras_tuner.HyperParameters()
    space.Int("max_depth", 1, 5)
    oracle = keras_tuner.oracles.GridSearchOracle(
        objective=keras_tuner.Objective("score", "max"), hyperparameters=space
    )
    search = KerasTunerSearchCV(DecisionTreeClassifier(), {}, oracle=oracle, cv=3)
    search.fit(*numbers)
    tried = [params["max_depth"] for params in search.cv_results_["params"]]
    assert sorted(tried) == [1, 2, 3, 4, 5]


def test_conditions_within_functions(numbers):
    """One parameter's function may look at what another has got."""
    search = KerasTunerSearchCV(
        LogisticRegression(solver="liblinear"),
        {
            "C": lambda hp: hp.Choice("C", [0.1, 1.0]),
            "tol": lambda hp: 1e-3 if hp.get("C") == 1.0 else 1e-2,
        },
        cv=3,
        random_state=0,
    ).fit(numbers[0], numbers[1] == numbers[1].iloc[0])
    found = {(params["C"], params["tol"]) for params in search.cv_results_["params"]}
    assert found == {(0.1, 1e-2), (1.0, 1e-3)}


def test_a_small_space_ends_the_search(numbers):
    """No candidate is tried twice."""
    search = KerasTunerSearchCV(
        DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=3, random_state=0
    ).fit(*numbers)
    tried = [params["max_depth"] for params in search.cv_results_["params"]]
    assert sorted(tried) == [1, 2]


def test_a_space_too_small_for_hyperband_is_warned_of(numbers):
    """Its rounds would never be filled, and nothing would get the whole resource."""
    search = KerasTunerSearchCV(
        DecisionTreeClassifier(),
        {"min_samples_leaf": [1, 2]},
        oracle="hyperband",
        resource="max_depth",
        max_resources=9,
        cv=3,
        random_state=0,
    )
    with pytest.warns(SegmentLearnWarning, match="max_depth=1 of 9"):
        search.fit(*numbers)


@pytest.mark.slow
def test_folds_in_parallel_give_the_same(numbers):
    """How many fits run at once changes nothing but the time."""
    alone = search_tree().fit(*numbers)
    together = search_tree(n_jobs=2).fit(*numbers)
    assert together.best_params_ == alone.best_params_
    np.testing.assert_array_equal(
        together.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


def test_several_scores(numbers):
    """`refit` names the score that leads."""
    scoring = ["accuracy", "neg_log_loss"]
    search = search_tree(scoring=scoring, refit="neg_log_loss").fit(*numbers)
    assert search.best_score_ == search.cv_results_["mean_test_neg_log_loss"].max()
    with pytest.raises(ValueError, match="which of several scores"):
        search_tree(scoring=scoring, refit=False).fit(*numbers)


def test_failed_trials_do_not_end_the_search(numbers):
    """A score that is not a number loses, and the others go on."""
    search = KerasTunerSearchCV(
        LogisticRegression(solver="liblinear"),
        {"C": [1.0, -1.0, -2.0, -3.0, -4.0, -5.0]},
        cv=3,
        random_state=0,
    )
    with pytest.warns(Warning, match="fits failed|non-finite"):
        search.fit(numbers[0], numbers[1] == numbers[1].iloc[0])
    assert search.best_params_ == {"C": 1.0}


def test_nothing_is_left_in_the_working_directory(numbers, tmp_path, monkeypatch):
    """Keras Tuner's files live and die in a temporary folder."""
    temporary, working = tmp_path / "temporary", tmp_path / "working"
    for folder in (temporary, working):
        folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.chdir(working)
    search_tree().fit(*numbers)
    assert not list(temporary.iterdir())
    assert not list(working.iterdir())


def test_nothing_is_printed(numbers, capsys):
    """Keras Tuner's tables stay off the screen."""
    search_tree(n_trials=2).fit(*numbers)
    assert capsys.readouterr().out == ""


def test_a_fitted_search_can_be_pickled(numbers):
    """It predicts the same afterwards, and is a classifier as its estimator is."""
    search = search_tree().fit(*numbers)
    assert is_classifier(search)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(numbers[0]), search.predict(numbers[0]))


def test_unknown_parameters_are_refused(numbers):
    """The error names them."""
    search = KerasTunerSearchCV(DecisionTreeClassifier(), {"leafs": [1, 2]})
    with pytest.raises(ValueError, match=r"\['leafs'\].*get_params"):
        search.fit(*numbers)


@pytest.mark.parametrize(
    ("resource", "message"),
    [("epochs", "must be a parameter"), ("max_depth", "max_resources to a whole")],
)
def test_resources_that_cannot_be_raised(numbers, resource, message):
    """Hyperband needs a whole number that the estimator has."""
    with pytest.raises(ValueError, match=message):
        search_tree(oracle="hyperband", resource=resource).fit(*numbers)


def test_several_objectives_are_refused(numbers):
    """A search has one score to report."""
    oracle = keras_tuner.oracles.RandomSearchOracle(
        objective=[keras_tuner.Objective(name, "max") for name in "ab"], max_trials=2
    )
    with pytest.raises(ValueError, match="several objectives"):
        search_tree(oracle=oracle).fit(*numbers)


def test_without_keras_tuner_the_extra_is_named(numbers, monkeypatch):
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "keras_tuner", None)
    with pytest.raises(ImportError, match=r"pip install 'segmentlearn\[tune\]'"):
        search_tree().fit(*numbers)
