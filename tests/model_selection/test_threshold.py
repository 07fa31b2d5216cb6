"""A threshold from stored probabilities is the one scikit-learn's search finds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    TunedThresholdClassifierCV,
    cross_val_predict,
)

from segmentlearn import tune_threshold
from segmentlearn.metrics import make_cost_scorer

COSTS = {("yes", "no"): 8.0, ("no", "yes"): 1.0}


@pytest.fixture(scope="module")
def fitted():
    """A classifier of 300 rows, their labels, and out-of-fold probabilities."""
    X, y = make_classification(300, weights=[0.85], flip_y=0.1, random_state=0)
    y = np.where(y == 1, "yes", "no")
    classifier = LogisticRegression().fit(X, y)
    proba = cross_val_predict(classifier, X, y, method="predict_proba")
    return classifier, X, y, proba


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "scoring"),
    [
        ({}, make_scorer(f1_score, pos_label="yes")),
        ({"metric": f1_score}, make_scorer(f1_score, pos_label="yes")),
        ({"metric": "balanced_accuracy"}, "balanced_accuracy"),
        ({"cost_matrix": COSTS}, make_cost_scorer(COSTS)),
        ({"cost_matrix": [[0, 1], [8, 0]]}, make_cost_scorer(COSTS)),
    ],
    ids=["f1", "function", "name", "dict", "array"],
)
def test_same_probabilities_same_threshold(fitted, how, scoring):
    """As scikit-learn's own search on a prefit classifier finds."""
    classifier, X, y, _ = fitted
    thresholds = np.linspace(0.05, 0.95, 31)
    peer = TunedThresholdClassifierCV(
        classifier, scoring=scoring, thresholds=thresholds, cv="prefit", refit=False,
        store_cv_results=True,
    ).fit(X, y)  # fmt: skip
    proba = classifier.predict_proba(X)
    tuned = tune_threshold(classifier, y, proba=proba, thresholds=thresholds, **how)
    assert tuned.threshold == peer.best_threshold_
    assert tuned.best_score_ == peer.best_score_
    np.testing.assert_array_equal(
        tuned.threshold_curve_["scores"], peer.cv_results_["scores"]
    )
    np.testing.assert_array_equal(tuned.predict(X), peer.predict(X))


def test_nothing_is_fitted_again(fitted):
    """The classifier within is the very one that was given."""
    classifier, _, y, proba = fitted
    tuned = tune_threshold(classifier, y, proba=proba)
    assert isinstance(tuned, FixedThresholdClassifier)
    assert tuned.estimator_.estimator is classifier


def test_budget_contacts_its_share(fitted):
    """A tenth of the rows, as a share and as a number."""
    classifier, _, y, proba = fitted
    for budget in (0.1, 30):
        tuned = tune_threshold(classifier, y, budget=budget, proba=proba)
        assert (proba[:, 1] >= tuned.threshold).sum() == 30


def test_rows_that_were_not_held_out_do_not_count(fitted):
    """Missing probabilities leave the search as it is without these rows."""
    classifier, _, y, proba = fitted
    partly = proba.copy()
    partly[100:] = np.nan
    found = tune_threshold(classifier, y, proba=partly)
    alone = tune_threshold(classifier, y[:100], proba=proba[:100])
    assert found.threshold == alone.threshold


def test_number_of_customers_is_scaled_to_held_out_rows(fitted):
    """30 of 300 are 10 of the 100 whose probabilities are known."""
    classifier, _, y, proba = fitted
    partly = proba.copy()
    partly[100:] = np.nan
    tuned = tune_threshold(classifier, y, budget=30, proba=partly)
    assert (proba[:100, 1] >= tuned.threshold).sum() == 10


def test_other_class_can_be_the_positive_one(fitted):
    """Its threshold is for its own probability."""
    classifier, X, y, proba = fitted
    tuned = tune_threshold(classifier, y, budget=0.2, proba=proba, pos_label="no")
    decided = np.where(
        classifier.predict_proba(X)[:, 0] >= tuned.threshold, "no", "yes"
    )
    np.testing.assert_array_equal(tuned.predict(X), decided)
    searched = tune_threshold(
        classifier, y, proba=proba, pos_label="no", n_bootstraps=0
    )
    assert searched.best_score_ == pytest.approx(
        f1_score(
            y, np.where(proba[:, 0] >= searched.threshold, "no", "yes"), pos_label="no"
        )
    )


@pytest.mark.parametrize("container", [list, pd.Series, pd.Categorical])
def test_labels_of_any_kind(fitted, container):
    """As fit takes them."""
    classifier, _, y, proba = fitted
    tuned = tune_threshold(classifier, container(y), proba=proba)
    assert tuned.threshold == tune_threshold(classifier, y, proba=proba).threshold


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({}, "oof_proba_"),
        ({"budget": 0.1, "cost_matrix": COSTS}, "exclude each other"),
        ({"proba": np.full((3, 2), 0.5)}, "300 labels"),
        ({"proba": np.full((300, 2), 0.5), "pos_label": "maybe"}, "'maybe'"),
        (
            {"proba": np.full((300, 2), 0.5), "metric": "roc_auc"},
            "balanced_accuracy",
        ),
    ],
)
def test_errors_name_the_cure(fitted, how, words):
    """And what is wrong."""
    classifier, _, y, _ = fitted
    with pytest.raises(ValueError, match=words):
        tune_threshold(classifier, y, **how)


def test_more_than_two_classes_have_no_threshold():
    """The error names the function that serves them."""
    X, y = make_classification(60, n_classes=3, n_informative=3, random_state=0)
    classifier = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="minimum_cost_labels"):
        tune_threshold(classifier, y)
