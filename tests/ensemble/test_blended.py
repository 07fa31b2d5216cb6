"""BlendedClassifier: shared folds, weights, scores, and where it can be used."""

import io
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit, TimeSeriesSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from segmentlearn import (
    AutoSMOTE,
    BlendedClassifier,
    BoostedTreesClassifier,
    SegmentClassifier,
    TabularPreprocessor,
    compare_models,
    inspect,
    load,
    make_customers,
    save,
    tune_threshold,
)
from segmentlearn.inspection import used_columns
from segmentlearn.sampling import make_pipeline as make_sampling_pipeline
from tests.estimators import ENSEMBLE, TREES

PARTS = [("linear", LogisticRegression()), ("bayes", GaussianNB())]


@pytest.fixture(scope="module")
def numbers():
    """A table of 300 rows and two classes, one of them rare."""
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 4))
    y = (X[:, 0] + X[:, 1] * X[:, 2] + random.normal(size=300) > 1.2).astype(int)
    return X, np.array(["no", "yes"])[y]


@pytest.fixture(scope="module")
def blend(numbers):
    """A blend of two quick classifiers, fitted."""
    return BlendedClassifier(PARTS, cv=3, random_state=0).fit(*numbers)


def test_weights_are_shares(blend):
    """One weight for each estimator, of sum 1."""
    assert blend.weights_.shape == (2,)
    assert blend.weights_.min() >= 0
    assert blend.weights_.sum() == pytest.approx(1)
    assert list(blend.named_estimators_) == ["linear", "bayes"]


def test_scores_are_those_of_held_out_rows(blend, numbers):
    """The blend is scored by its out-of-fold probabilities."""
    expected = log_loss(numbers[1], blend.oof_proba_)
    assert blend.scores_["blend"]["log_loss"] == pytest.approx(expected)
    assert set(blend.scores_) == {"linear", "bayes", "blend"}
    assert 0.5 < blend.scores_["linear"]["roc_auc"] < 1


def test_useless_estimator_is_not_asked(numbers):
    """One of weight 0 may even fail."""
    parts = [*PARTS, ("chance", DummyClassifier(strategy="stratified", random_state=0))]
    found = BlendedClassifier(parts, cv=3, random_state=0).fit(*numbers)
    assert found.weights_[2] == 0
    found.estimators_[2] = None
    assert found.predict(numbers[0]).shape == (300,)


def test_uncalibrated_estimator_is_calibrated(numbers):
    """A tree that is always sure gives probabilities of some use."""
    X, y = (np.concatenate([part, part]) for part in numbers)
    X += np.random.default_rng(1).normal(size=X.shape) / 2
    parts = [("tree", DecisionTreeClassifier())]
    losses = [
        BlendedClassifier(parts, calibration=how, random_state=0)
        .fit(X, y)
        .scores_["blend"]["log_loss"]
        for how in (None, "auto")
    ]
    assert losses[1] < losses[0] / 2


class Spy(LogisticRegression):
    """A regression that tells which rows each copy has learnt from."""

    seen: list = []

    def fit(self, X, y, sample_weight=None):
        """Fit, and note the rows by their first column."""
        Spy.seen.append(set(np.asarray(X)[:, 0]))
        return super().fit(X, y, sample_weight)


def test_rows_of_a_group_are_held_out_together(numbers):
    """No copy has seen one of a group that it is scored on."""
    X, y = numbers
    Spy.seen.clear()
    groups = np.arange(300) // 3
    BlendedClassifier([("spy", Spy())], random_state=0).fit(X, y, groups=groups)
    assert len(Spy.seen) == 5
    for seen in Spy.seen:
        learnt = np.isin(X[:, 0], list(seen))
        assert not set(groups[learnt]) & set(groups[~learnt])


def test_rows_of_the_past_are_never_held_out(numbers):
    """With folds in time the first rows have no out-of-fold probabilities."""
    found = BlendedClassifier(PARTS, cv=TimeSeriesSplit(3)).fit(*numbers)
    is_known = np.isfinite(found.oof_proba_).all(axis=1)
    assert not is_known[:75].any()
    assert is_known[75:].all()


def test_overlapping_folds_are_refused(numbers):
    """The error says which folds to take."""
    with pytest.raises(ValueError, match="holds rows out more than once"):
        BlendedClassifier(PARTS, cv=ShuffleSplit(3)).fit(*numbers)


def test_class_that_a_fold_lacks_has_no_probability_there():
    """Folds by class leave each copy without one; the average knows all three."""
    X = np.random.default_rng(0).normal(size=(90, 2))
    y = np.repeat(["a", "b", "c"], 30)
    found = BlendedClassifier(PARTS, cv=KFold(3)).fit(X, y)
    assert found.predict_proba(X).shape == (90, 3)
    assert found.oof_proba_[:30, 0].max() < 1e-6


def test_rows_of_weight_zero_take_no_part(numbers):
    """They change nothing, and are held out of nothing."""
    X, y = numbers
    weights = np.repeat([1.0, 0.0], [250, 50])
    changed = X.copy()
    changed[250:] = 99
    first, second = (
        BlendedClassifier(PARTS, cv=3, random_state=0).fit(table, y, weights)
        for table in (X, changed)
    )
    assert np.array_equal(first.predict_proba(X), second.predict_proba(X))
    assert np.isnan(first.oof_proba_[250:]).all()


def test_weights_reach_the_last_step_of_a_pipeline(numbers):
    """Both ways to weigh are the same."""
    X, y = numbers
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    found = BlendedClassifier([("p", pipeline)], class_weight="balanced", cv=3)
    plain = clone(found).set_params(class_weight=None)
    share = [one.fit(X, y).predict_proba(X)[:, 1].mean() for one in (found, plain)]
    assert share[0] > share[1] + 0.1


def test_estimator_without_weights_is_named(numbers):
    """Where there are weights."""
    found = BlendedClassifier([("near", KNeighborsClassifier())])
    with pytest.raises(ValueError, match=r"'near' .* takes no sample_weight"):
        found.fit(*numbers, sample_weight=np.ones(300))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([], "must be a list of"),
        ([LogisticRegression()], "must be a list of"),
        ([("blend", LogisticRegression())], "choose another name"),
        ([("a", LogisticRegression()), ("a", GaussianNB())], "not unique"),
        ([("r", StandardScaler())], "gives no probabilities"),
    ],
)
def test_list_that_cannot_be_blended_is_refused(numbers, parts, words):
    """The error says what is wrong with it."""
    with pytest.raises(ValueError, match=words):
        BlendedClassifier(parts).fit(*numbers)


def test_search_reaches_the_estimators(numbers):
    """By their names."""
    search = GridSearchCV(BlendedClassifier(PARTS, cv=2), {"linear__C": [0.1, 1]}, cv=2)
    search.fit(*numbers)
    assert search.best_estimator_.estimators[0][1].C in (0.1, 1)


def test_threshold_is_tuned_on_out_of_fold_probabilities(blend, numbers):
    """Nothing is fitted again."""
    assert 0 < tune_threshold(blend, numbers[1], pos_label="yes").threshold < 1


def test_blend_ends_a_pipeline_with_new_rows(numbers):
    """Of the rare class."""
    X, y = numbers
    blend = BlendedClassifier(PARTS, cv=2, random_state=0)
    found = make_sampling_pipeline(AutoSMOTE(random_state=0), blend).fit(X, y)
    assert found[-1].predict_proba(X).shape == (300, 2)


def test_comparison_shows_the_estimators_alone(numbers):
    """Beside the default baselines."""
    X, y = numbers
    found = compare_models(BlendedClassifier(PARTS, cv=2), X, y, cv=2, random_state=0)
    assert {"BlendedClassifier", "linear", "bayes", "majority"} <= {
        *found.to_frame()["model"]
    }


def test_pickle_and_archive_predict_the_same(blend, numbers):
    """To the last bit; an archive tells the weights without being loaded."""
    file = io.BytesIO()
    save(blend, file)
    expected = blend.predict_proba(numbers[0])
    for copy in (load(file), pickle.loads(pickle.dumps(blend))):
        assert np.array_equal(copy.predict_proba(numbers[0]), expected)
    assert inspect(file).weights == dict(
        zip(["linear", "bayes"], blend.weights_, strict=True)
    )
    assert "  blend     linear" in str(inspect(file))


def test_columns_that_all_leave_out_are_not_used():
    """An identifier is; a column that one estimator uses is not."""
    X, y = make_customers("bank", 200, random_state=0)
    X.insert(0, "customer_id", np.arange(1000, 1200))
    first = make_pipeline(TabularPreprocessor(), LogisticRegression(max_iter=500))
    parts = [("linear", first), ("trees", TREES)]
    with pytest.warns(UserWarning, match="customer_id"):
        found = BlendedClassifier(parts, cv=2, random_state=0).fit(X, y)
    assert used_columns(found.estimators_[1], list(X)) == list(X.columns[1:])


@pytest.mark.slow
def test_net_is_trained_once_for_each_fold():
    """Its folds are those of the blend, and its predictions its own."""
    X, y = make_customers("automobile", 150, random_state=0)
    X["one level"], X["nothing"] = "same", None
    parts = [("net", ENSEMBLE), ("trees", TREES)]
    found = BlendedClassifier(parts, cv=3, random_state=0)
    with pytest.warns(UserWarning, match="nothing"):
        found.fit(X, y)
    net = found.named_estimators_.net
    assert isinstance(net, SegmentClassifier)
    assert len(net.fold_histories_) == 3
    assert np.isfinite(net.oof_proba_).all()
    assert found.scores_["net"]["log_loss"] == pytest.approx(
        log_loss(y, net.oof_proba_), abs=1e-6
    )
    file = io.BytesIO()
    save(found, file)
    assert np.array_equal(load(file).predict_proba(X), found.predict_proba(X))


def test_auto_is_a_net_and_trees():
    """And "auto" takes raw tables."""
    names, parts = BlendedClassifier()._unfitted(np.random.RandomState(0))
    assert names == ["net", "trees"]
    assert list(map(type, parts)) == [SegmentClassifier, BoostedTreesClassifier]
    assert BlendedClassifier().__sklearn_tags__().input_tags.string


def test_class_of_one_row_is_named(numbers):
    """It cannot be both learnt from and held out."""
    X, y = numbers
    y = np.array(["single", *y[1:]])
    with pytest.raises(ValueError, match=r"\['single'\] have 1 row each"):
        BlendedClassifier(PARTS).fit(X, y)
