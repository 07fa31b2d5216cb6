"""KerasClassifier and KerasRegressor: SciKeras' interface, trained by the engine."""

import copy
import pickle
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import KerasClassifier, KerasRegressor, engine, save
from segmentlearn.exceptions import ArchiveError
from tests.neural_network.nets import routed_net, sigmoid_net, small_net

SETTINGS = {"batch_size": 16, "epochs": 3, "verbose": 0, "random_state": 0}
ROUTED = {
    **SETTINGS,
    "loss": "sparse_categorical_crossentropy",
    "optimizer": "adam",
    "optimizer__learning_rate": 0.02,
}


@pytest.fixture
def routed():
    """A classifier whose net, optimizer and callbacks are set by routed parameters."""
    return KerasClassifier(routed_net, model__units=8, **ROUTED)


def probabilities(classifier, data):
    """Fit and return the probabilities of the training rows."""
    return classifier.fit(*data).predict_proba(data[0])


@pytest.mark.slow
@pytest.mark.floors
def test_a_fit_is_compiled(numbers, routed):
    """The training is the engine's program, and the next fit finds it again."""
    routed.fit(*numbers)
    before = engine.cache_info()
    clone(routed).fit(*numbers)
    after = engine.cache_info()
    assert after.hits == before.hits + 1
    assert after.compilations == before.compilations


def test_learning_rates_and_penalties_share_a_program(numbers, routed):
    """The candidates of a search trace nothing anew (SciKeras issue 257)."""
    routed.fit(*numbers)
    before = engine.cache_info().compilations
    for rate in (0.001, 0.1):
        clone(routed).set_params(optimizer__learning_rate=rate).fit(*numbers)
    assert engine.cache_info().compilations == before


def test_it_is_a_classifier_also_in_a_pipeline(routed):
    """scikit-learn's own searches stratify only what says that it is a classifier."""
    assert is_classifier(routed)
    assert is_classifier(make_pipeline(StandardScaler(), routed))
    assert is_regressor(KerasRegressor(small_net))


@pytest.mark.slow
def test_integer_cv_is_stratified_for_sorted_labels(two_groups, routed):
    """A table sorted by label has every label in each fold."""
    X, y = two_groups
    order = np.argsort(y)
    X, y = X[order], y[order]
    scores = cross_val_score(routed, X, y, cv=3)
    expected = cross_val_score(routed, X, y, cv=StratifiedKFold(3))
    np.testing.assert_array_equal(scores, expected)


def test_same_seed_same_net(numbers, routed):
    """An integer random_state decides the fit, and global seeds stay as they are."""
    np.random.seed(0)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = probabilities(clone(routed), numbers)
    np.testing.assert_array_equal(first, probabilities(clone(routed), numbers))
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_random_states_differ(numbers, routed):
    """Two RandomState objects of different seeds lead to different nets."""
    first, second = (
        probabilities(
            clone(routed).set_params(random_state=np.random.RandomState(seed)), numbers
        )
        for seed in (1, 2)
    )
    assert not np.allclose(first, second)


@pytest.mark.slow
@pytest.mark.floors
def test_routed_parameters_arrive(numbers, routed):
    """model__, optimizer__ and fit__ parameters go where SciKeras sends them."""
    routed.set_params(model__units=5, fit__epochs=2, optimizer__learning_rate=0.5)
    routed.fit(*numbers)
    assert routed.model_.layers[0].units == 5
    assert len(routed.history_["loss"]) == 2
    assert float(routed.model_.optimizer.learning_rate.numpy()) == 0.5


def test_unknown_parameter_is_told(routed):
    """A name that nothing takes is refused with SciKeras' hint."""
    with pytest.raises(ValueError, match="Invalid parameter width"):
        routed.set_params(width=3)


@pytest.mark.slow
def test_grid_search_of_a_pipeline_with_text_labels(numbers, routed):
    """Routed parameters are searched over, and labels stay text (Keras issue 20884)."""
    X, y = numbers
    routed.set_params(callbacks=keras.callbacks.EarlyStopping, validation_split=0.2)
    pipeline = make_pipeline(StandardScaler(), routed)
    grid = {
        "kerasclassifier__optimizer__learning_rate": [0.01, 0.05],
        "kerasclassifier__callbacks__patience": [1, 2],
    }
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert set(search.predict(X)) <= set(y)
    assert (search.cv_results_["mean_test_score"] > 0).all()


@pytest.mark.slow
def test_two_processes_score_as_one(numbers):
    """Build functions travel to worker processes (Keras issue 6600)."""

    def build(meta):
        import keras

        return keras.Sequential(
            [keras.Input((5,)), keras.layers.Dense(meta["n_classes_"], "softmax")]
        )

    X, y = numbers
    classifier = KerasClassifier(build, **ROUTED)
    alone = cross_val_score(classifier, X, y, cv=2, error_score="raise")
    together = cross_val_score(classifier, X, y, cv=2, n_jobs=2, error_score="raise")
    np.testing.assert_allclose(alone, together)


@pytest.mark.slow
@pytest.mark.parametrize(
    "travel",
    [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))],
    ids=["deepcopy", "pickle"],
)
def test_fitted_classifier_travels(numbers, routed, travel):
    """A copy predicts the same and can be trained on (Keras issue 9768)."""
    X, y = numbers
    routed.fit(X, y)
    there = travel(routed)
    np.testing.assert_array_equal(there.predict_proba(X), routed.predict_proba(X))
    there.partial_fit(X, y)
    routed.partial_fit(X, y)
    np.testing.assert_allclose(
        there.predict_proba(X), routed.predict_proba(X), rtol=1e-5
    )


@pytest.mark.slow
@pytest.mark.floors
def test_probabilities_of_one_sigmoid_output(two_groups):
    """A net of one output gives two columns, and a single row stays a row."""
    X, y = two_groups
    classifier = KerasClassifier(sigmoid_net, loss="binary_crossentropy", **SETTINGS)
    proba = probabilities(classifier, two_groups)
    assert proba.shape == (200, 2)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-6)
    assert classifier.predict_proba(X[:1]).shape == (1, 2)
    assert list(classifier.classes_) == sorted(set(y))


@pytest.mark.slow
def test_one_hot_targets_for_categorical_crossentropy(numbers, routed):
    """The labels are encoded for the loss, as SciKeras does."""
    routed.set_params(loss="categorical_crossentropy")
    assert probabilities(routed, numbers).shape == (60, 3)
    assert set(routed.predict(numbers[0])) <= set(numbers[1])


@pytest.mark.slow
def test_balanced_class_weight_finds_the_rare_class(two_groups):
    """The rare class is predicted more often where classes weigh the same."""
    X, y = two_groups

    def n_rare(class_weight):
        classifier = KerasClassifier(
            small_net, class_weight=class_weight, **{**SETTINGS, "epochs": 20}
        )
        return (classifier.fit(X, y).predict(X) == "rare").sum()

    assert n_rare("balanced") > n_rare(None)


@pytest.mark.slow
def test_class_weight_leaves_the_users_weights_alone(numbers, routed):
    """An array of sample weights is not written to."""
    weights = np.ones(60)
    routed.set_params(class_weight="balanced").fit(*numbers, sample_weight=weights)
    np.testing.assert_array_equal(weights, 1.0)


def test_rows_of_weight_zero_do_not_count(numbers, routed):
    """They lead to the fit without them."""
    X, y = numbers
    weights = np.arange(60) % 2
    kept = weights == 1
    routed.fit(X, y, sample_weight=weights)
    alone = clone(routed).fit(X[kept], y[kept])
    np.testing.assert_array_equal(routed.predict_proba(X), alone.predict_proba(X))


def test_score_takes_weights_beside_a_frame(numbers, routed):
    """A table with column names is scored with sample weights."""
    X, y = numbers
    frame = pd.DataFrame(X, columns=list("abcde"))
    routed.fit(frame, y)
    assert list(routed.feature_names_in_) == list("abcde")
    weights = np.arange(60) % 2
    expected = (routed.predict(frame) == y)[weights == 1].mean()
    assert routed.score(frame, y, sample_weight=weights) == pytest.approx(expected)


def test_partial_fit_goes_on(numbers, routed):
    """Each call is one epoch, from the weights and moments of the last."""
    X, y = numbers
    for _ in range(3):
        routed.partial_fit(X, y, classes=["A", "B", "C"])
    assert routed.current_epoch == 3
    assert routed.model_.optimizer.iterations == 3 * 4
    assert routed.history_["loss"][2] < routed.history_["loss"][0]


def test_warm_start_goes_on_and_keeps_the_classes(numbers, routed):
    """fit starts from the present weights; the history starts anew."""
    X, y = numbers
    routed.set_params(warm_start=True).fit(X, y)
    model, last = routed.model_, routed.history_["loss"][-1]
    routed.fit(X, y)
    assert routed.model_ is model
    assert len(routed.history_["loss"]) == 3
    assert routed.history_["loss"][-1] < last
    assert list(routed.classes_) == ["A", "B", "C"]


def test_initialize_predicts_without_training(numbers, routed):
    """A net can be used as it is built."""
    routed.initialize(*numbers)
    assert routed.predict_proba(numbers[0]).shape == (60, 3)
    assert routed.current_epoch == 0


@pytest.mark.slow
@pytest.mark.floors
def test_second_fit_with_an_optimizer_object(numbers):
    """An optimizer of an earlier fit is not in the way of the next."""
    classifier = KerasClassifier(
        routed_net,
        model__units=4,
        **{**SETTINGS, "epochs": 1},
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.Adam(0.01),
    )
    first = probabilities(classifier, numbers)
    np.testing.assert_array_equal(first, probabilities(classifier, numbers))


def test_missing_loss_is_told(numbers):
    """Neither the model nor the parameters have a loss."""
    with pytest.raises(ValueError, match="You must provide a loss"):
        KerasClassifier(routed_net, model__units=4, **SETTINGS).fit(*numbers)


@pytest.mark.slow
@pytest.mark.floors
def test_sample_weight_is_routed_as_metadata(numbers, routed):
    """With metadata routing a search hands the weights on to fit."""
    X, y = numbers
    with sklearn.config_context(enable_metadata_routing=True):
        routed.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(routed, {"model__units": [4]}, cv=2, error_score="raise")
        search.fit(X, y, sample_weight=np.ones(60))
    assert search.best_score_ > 0


@pytest.mark.slow
@pytest.mark.floors
def test_regressor_keeps_shape_and_dtype(numbers):
    """Predictions have the columns and the float type of the targets."""
    X, _ = numbers
    Y = np.column_stack([X[:, 0], X[:, 1] * 2])
    regressor = KerasRegressor(small_net, **{**SETTINGS, "epochs": 30})
    prediction = regressor.fit(X, Y).predict(X)
    assert prediction.shape == Y.shape
    assert prediction.dtype == Y.dtype
    assert regressor.score(X, Y) > 0.5


def test_it_prints_without_addresses(routed):
    """The same estimator prints the same in each process."""
    text = str(routed)
    assert text.startswith("KerasClassifier(model=routed_net, ")
    assert "0x" not in text
    assert "model__units=8" in text


def test_no_warning_where_nothing_is_wrong(numbers, routed):
    """An ordinary fit and prediction are silent."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        routed.fit(*numbers).predict(numbers[0])


def test_an_archive_refuses_it_and_names_the_cure(numbers, routed, tmp_path):
    """A build function is code, which a .seg archive never holds."""
    routed.fit(*numbers)
    with pytest.raises(ArchiveError, match="joblib"):
        save(routed, tmp_path / "own.seg")
    assert not list(tmp_path.iterdir())


def test_text_that_is_no_number_names_the_cure(routed):
    """A raw table is refused with the step that prepares it."""
    X = pd.DataFrame({"age": [20, 30, 40, 50], "job": ["a", "b", "a", "b"]})
    with pytest.raises(ValueError, match=r"'a'.*TabularPreprocessor"):
        routed.fit(X, [0, 1, 0, 1])
