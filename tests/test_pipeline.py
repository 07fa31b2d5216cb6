"""The classifier among scikit-learn's own tools: pipelines, searches, calibration."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.inspection import permutation_importance
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    check_cv,
    cross_val_predict,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import (
    CategoryEncoder,
    MixedImputer,
    SegmentClassifier,
    SoftRobustScaler,
    TabularPreprocessor,
)


def small(**parameters):
    """Return a small classifier; those of one table share a program."""
    settings = {
        "hidden_layer_sizes": (8,),
        "batch_size": 16,
        "learning_rate": 0.02,
        "max_epochs": 10,
        "random_state": 0,
        **parameters,
    }
    return SegmentClassifier(**settings)


@pytest.fixture(scope="module")
def table():
    """120 raw customers with learnable segments A, B and D."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, 120).astype(float)
    X = pd.DataFrame(
        {
            "age": age,
            "income": rng.gamma(3.0, 10.0, 120),
            "married": rng.choice(["yes", "no"], 120),
        }
    )
    X.loc[::20, "age"] = np.nan
    return X, np.where(age > 60, "D", np.where(age > 40, "B", "A")).astype(object)


@pytest.fixture(scope="module")
def two_classes(table):
    """The same customers; who is over 60."""
    X, y = table
    return X, np.where(y == "D", "old", "young").astype(object)


@pytest.fixture(scope="module")
def pipeline(table):
    """A fitted pipeline of preprocessor and classifier."""
    return make_pipeline(TabularPreprocessor(), small()).fit(*table)


def test_pipeline_gives_labels_back(pipeline, table):
    """Text labels come out of the end of a pipeline."""
    X, _ = table
    assert set(pipeline.predict(X)) <= {"A", "B", "D"}
    assert pipeline[-1].preprocessor_ is None
    assert pipeline.classes_.tolist() == ["A", "B", "D"]


def test_pipeline_of_frames_uses_them_as_they_come(table):
    """set_output keeps the names of the columns, and nothing is prepared twice."""
    X, y = table
    steps = make_pipeline(TabularPreprocessor(), small(max_epochs=1))
    steps.set_output(transform="pandas").fit(X, y)
    assert not steps[-1].preprocessor_.scale
    assert steps[-1].feature_names_in_.tolist() == [
        "age",
        "income",
        "missingindicator_age",
        "married_no",
        "married_yes",
    ]
    assert steps.predict(X).shape == (120,)


@pytest.mark.parametrize(
    "send",
    [lambda one: pickle.loads(pickle.dumps(one)), copy.deepcopy],
    ids=["pickle", "deepcopy"],
)
def test_fitted_pipeline_travels(pipeline, table, send):
    """A pickle and a deep copy predict the same, bit for bit."""
    X, _ = table
    found = send(pipeline).predict_proba(X)
    np.testing.assert_array_equal(found, pipeline.predict_proba(X))


def test_clone_fits_to_the_same(pipeline, table):
    """A clone is not fitted, and its fit gives the same net."""
    X, y = table
    again = clone(pipeline)
    assert not hasattr(again[-1], "model_")
    found = again.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, pipeline.predict_proba(X))


def test_integer_cv_stratifies():
    """scikit-learn knows a classifier, alone and in a pipeline."""
    steps = make_pipeline(StandardScaler(), small())
    for estimator in (small(), steps):
        assert is_classifier(estimator)
        folds = check_cv(3, ["a", "b"] * 9, classifier=is_classifier(estimator))
        assert isinstance(folds, StratifiedKFold)


@pytest.mark.slow
@pytest.mark.floors
def test_cross_validate_with_text_labels(table):
    """Scores that need probabilities and such that need labels both work."""
    X, y = table
    scoring = ["accuracy", "neg_log_loss", "roc_auc_ovr", "f1_macro"]
    scores = cross_validate(small(), X, y, cv=3, scoring=scoring, error_score="raise")
    for name in scoring:
        assert np.isfinite(scores[f"test_{name}"]).all()
    assert scores["test_roc_auc_ovr"].mean() > 0.7


def test_cross_val_predict_gives_probabilities(table):
    """Each row's probabilities come from a fold that did not see it."""
    X, y = table
    found = cross_val_predict(small(), X, y, cv=3, method="predict_proba")
    np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.slow
@pytest.mark.floors
def test_grid_search_in_a_pipeline(table):
    """Parameters of the net and of the preprocessor are searched together."""
    X, y = table
    steps = Pipeline([("prepare", TabularPreprocessor()), ("net", small())])
    grid = {
        "net__learning_rate": [1e-6, 0.02],
        "prepare__numeric_imputation": ["median", "mean"],
    }
    search = GridSearchCV(steps, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_["net__learning_rate"] == 0.02
    assert set(search.predict(X)) <= {"A", "B", "D"}
    assert set(search.classes_) == {"A", "B", "D"}


@pytest.mark.slow
def test_grid_search_in_two_processes(table):
    """Two workers find what one finds, to the last digit."""
    X, y = table
    grid = {"segmentclassifier__learning_rate": [0.005, 0.02]}
    steps = make_pipeline(TabularPreprocessor(), small(max_epochs=3))
    one, two = (
        GridSearchCV(steps, grid, cv=2, n_jobs=n_jobs, scoring="neg_log_loss").fit(X, y)
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    with joblib.parallel_config("loky", n_jobs=2):
        send = joblib.delayed(two.best_estimator_.predict_proba)
        found = joblib.Parallel()(send(half) for half in (X[:60], X[60:]))
    np.testing.assert_array_equal(np.vstack(found), two.predict_proba(X))


@pytest.mark.slow
@pytest.mark.floors
def test_threads_train_side_by_side(table):
    """Fits in two threads give what they give one after the other."""
    X, y = table
    expected = [small(random_state=seed).fit(X, y).predict_proba(X) for seed in (0, 1)]
    with joblib.parallel_config("threading", n_jobs=2):
        fitted = joblib.Parallel()(
            joblib.delayed(small(random_state=seed).fit)(X, y) for seed in (0, 1)
        )
    for clf, probabilities in zip(fitted, expected, strict=True):
        np.testing.assert_array_equal(clf.predict_proba(X), probabilities)


def test_column_transformer_of_our_transformers(table):
    """Imputer, scaler and encoder each work on their own columns."""
    X, y = table
    numbers = make_pipeline(MixedImputer(), SoftRobustScaler())
    text = make_pipeline(MixedImputer(categorical="missing"), CategoryEncoder())
    columns = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("text", text, ["married"]),
        ]
    )
    steps = make_pipeline(columns, small(max_epochs=30)).fit(X, y)
    assert steps.score(X, y) > 0.7
    inside = small(preprocessor=columns, max_epochs=30).fit(X, y)
    np.testing.assert_allclose(
        inside.predict_proba(X), steps.predict_proba(X), rtol=1e-4
    )


def test_calibration(table):
    """Calibrated probabilities keep the labels."""
    X, y = table
    calibrated = CalibratedClassifierCV(small(), cv=2).fit(X, y)
    assert calibrated.predict_proba(X).shape == (120, 3)
    assert set(calibrated.predict(X)) <= {"A", "B", "D"}


@pytest.mark.slow
@pytest.mark.floors
def test_tuned_threshold(two_classes):
    """A threshold is tuned on the probability of a text label."""
    X, y = two_classes
    tuned = TunedThresholdClassifierCV(small(), cv=2, scoring="balanced_accuracy")
    tuned.fit(X, y)
    assert 0 <= tuned.best_threshold_ <= 1
    assert set(tuned.predict(X)) <= {"old", "young"}


def test_one_against_the_rest(table):
    """Multi-class wrappers clone and fit a net for each class."""
    X, y = table
    wrapper = OneVsRestClassifier(small(max_epochs=2)).fit(X, y)
    assert wrapper.predict_proba(X).shape == (120, 3)


def test_permutation_importance(table):
    """The column that decides the segment matters most."""
    X, y = table
    clf = small(max_epochs=40, early_stopping=False).fit(X, y)
    found = permutation_importance(clf, X, y, n_repeats=3, random_state=0)
    assert X.columns[found.importances_mean.argmax()] == "age"


@pytest.fixture
def routing():
    """Metadata routing switched on."""
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_sample_weight_is_routed(table):
    """Weights reach the net through a pipeline and a cross-validation."""
    X, y = table
    weights = np.where(y == "A", 1.0, 0.0)
    weights[y == "B"] = 1e-3
    net = small().set_fit_request(sample_weight=True)
    steps = make_pipeline(TabularPreprocessor(), net)
    steps.fit(X, y, sample_weight=weights)
    assert set(steps.predict(X)) == {"A"}
    scores = cross_validate(
        steps,
        X,
        y,
        cv=2,
        scoring=get_scorer("accuracy").set_score_request(sample_weight=True),
        params={"sample_weight": weights},
        error_score="raise",
    )
    assert (scores["test_score"] > 0.9).all()


@pytest.mark.usefixtures("routing")
def test_validation_rows_are_routed(table):
    """A pipeline prepares X_val as it prepares X, and hands it to the net."""
    X, y = table
    net = small().set_fit_request(X_val=True, y_val=True)
    steps = Pipeline(
        [("prepare", TabularPreprocessor()), ("net", net)], transform_input=["X_val"]
    )
    steps.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    prepared = clone(steps[0]).fit(X[:80])
    alone = small().fit(
        prepared.transform(X[:80]),
        y[:80],
        X_val=prepared.transform(X[80:]),
        y_val=y[80:],
    )
    np.testing.assert_array_equal(
        steps.predict_proba(X), alone.predict_proba(prepared.transform(X))
    )
    assert steps[-1].best_epoch_ == alone.best_epoch_


@pytest.mark.usefixtures("routing")
def test_validation_rows_that_nobody_asked_for(table):
    """Without a request scikit-learn says how to make one."""
    X, y = table
    steps = make_pipeline(TabularPreprocessor(), small())
    with pytest.raises(ValueError, match="set_fit_request"):
        steps.fit(X, y, X_val=X, y_val=y)
