"""The classifier under scikit-learn's thresholds and calibration, and under ours."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    check_cv,
)
from sklearn.pipeline import make_pipeline

from segmentlearn import TabularPreprocessor, load, save, tune_threshold
from segmentlearn.metrics import make_cost_scorer

COSTS = {("yes", "no"): 8.0, ("no", "yes"): 1.0}
pytestmark = pytest.mark.filterwarnings(
    "ignore::segmentlearn.exceptions.SegmentLearnWarning"  # a fold lacks a missing cell
)


@pytest.fixture(scope="module")
def bank():
    """120 raw customers with missing cells; the older ones rather say yes."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, 120).astype(float)
    y = np.where(age + rng.normal(0, 12, 120) > 62, "yes", "no")
    X = pd.DataFrame({"age": age, "job": rng.choice(["a", "b", None], 120)})
    X.loc[::9, "age"] = np.nan
    return X, y


@pytest.fixture(scope="module")
def on_bank(make_packed, bank):
    """An ensemble fitted to the raw customers."""
    return make_packed().fit(*bank)


def pipeline(classifier):
    """Put the preparation into a step of its own."""
    return make_pipeline(
        TabularPreprocessor(), classifier.set_params(preprocessor=None)
    )


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [lambda clf: clf, pipeline], ids=["raw", "pipeline"])
@pytest.mark.parametrize(
    "scoring",
    [make_scorer(f1_score, pos_label="yes"), make_cost_scorer(COSTS)],
    ids=["f1", "cost"],
)
def test_tuned_threshold_decides(make_packed, bank, wrap, scoring):
    """scikit-learn's search takes raw frames and text labels."""
    X, y = bank
    tuned = TunedThresholdClassifierCV(wrap(make_packed()), scoring=scoring, cv=2)
    tuned.fit(X, y)
    says_yes = tuned.predict_proba(X)[:, 1] >= tuned.best_threshold_
    np.testing.assert_array_equal(tuned.predict(X) == "yes", says_yes)
    assert 0 < tuned.best_threshold_ < 1


@pytest.mark.slow
def test_weights_are_routed_to_the_costs(make_packed, bank):
    """Labels of rows of weight 0 do not count in them."""
    X, y = bank
    weights = np.where(np.arange(len(y)) % 4 == 0, 0.0, 1.0)
    damaged = np.where(weights == 0, "no", y)
    found = []
    with sklearn.config_context(enable_metadata_routing=True):
        for weighed in (True, False):
            tuned = TunedThresholdClassifierCV(
                FrozenEstimator(make_packed().fit(X, y)),
                scoring=make_cost_scorer(COSTS).set_score_request(
                    sample_weight=weighed
                ),
                cv="prefit",
                refit=False,
                store_cv_results=True,
                thresholds=np.array([0.1, 0.3, 0.9]),
            )
            found.append(
                [
                    tuned.fit(
                        X, labels, **({"sample_weight": weights} if weighed else {})
                    ).cv_results_["scores"]
                    for labels in (y, damaged)
                ]
            )
    np.testing.assert_array_equal(*found[0])
    assert (found[1][0] != found[1][1]).any()


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_frozen_classifier_is_calibrated(on_bank, bank, method):
    """Without fitting it again; ranks stay."""
    X, y = bank
    calibrated = CalibratedClassifierCV(FrozenEstimator(on_bank), method=method)
    proba = calibrated.fit(X, y).predict_proba(X)[:, 1]
    order = np.argsort(on_bank.predict_proba(X)[:, 1])
    assert (np.diff(proba[order]) >= -1e-9).all()
    assert proba.mean() == pytest.approx((y == "yes").mean(), abs=0.05)


def test_fixed_threshold_of_a_frozen_classifier(on_bank, bank):
    """Decides by the probability of the class that is asked for."""
    X, _ = bank
    fixed = FixedThresholdClassifier(
        FrozenEstimator(on_bank), threshold=0.9, pos_label="no"
    )
    says_no = on_bank.predict_proba(X)[:, 0] >= 0.9
    np.testing.assert_array_equal(fixed.predict(X) == "no", says_no)


def test_tags_pass_through(make_packed):
    """A pipeline and a frozen one are classifiers, and integer cv stratifies."""
    y = ["yes", "no"] * 10
    for one in (make_packed(), pipeline(make_packed())):
        assert is_classifier(one)
        assert isinstance(
            check_cv(2, y, classifier=is_classifier(one)), StratifiedKFold
        )


def test_threshold_from_its_own_probabilities(on_bank, bank):
    """The best F1 of the out-of-fold probabilities, on no row fitted to."""
    X, y = bank
    tuned = tune_threshold(on_bank, y, n_bootstraps=0)
    says_yes = np.where(on_bank.oof_proba_[:, 1] >= tuned.threshold, "yes", "no")
    assert tuned.best_score_ == pytest.approx(f1_score(y, says_yes, pos_label="yes"))
    assert tuned.best_score_ >= f1_score(
        y, on_bank.classes_[on_bank.oof_proba_.argmax(axis=1)], pos_label="yes"
    )
    assert set(tuned.predict(X)) == {"yes", "no"}


def test_threshold_of_a_pipeline(make_packed, bank):
    """Its last step keeps the probabilities."""
    X, y = bank
    fitted = pipeline(make_packed()).fit(X, y)
    tuned = tune_threshold(fitted, y, cost_matrix=COSTS)
    says_yes = fitted.predict_proba(X)[:, 1] >= tuned.threshold
    np.testing.assert_array_equal(tuned.predict(X) == "yes", says_yes)


def test_few_held_out_rows_are_enough(make, bank):
    """One net that stopped on a seventh of the rows tunes on those."""
    X, y = bank
    clf = make(validation_fraction=0.3).fit(X, y)
    held_out = np.isfinite(clf.oof_proba_[:, 1])
    assert 0 < held_out.mean() < 0.5
    tuned = tune_threshold(clf, y, budget=0.5)
    share = (clf.oof_proba_[held_out, 1] >= tuned.threshold).mean()
    assert share == pytest.approx(0.5, abs=0.03)


def test_no_held_out_rows_is_told(make, bank):
    """With what to do instead."""
    X, y = bank
    clf = make(early_stopping=False).fit(X, y)
    with pytest.raises(ValueError, match="cross_val_predict"):
        tune_threshold(clf, y)


@pytest.mark.slow
def test_tuned_classifier_is_saved(on_bank, bank, tmp_path):
    """With its threshold and curve."""
    X, y = bank
    tuned = tune_threshold(on_bank, y)
    save(tuned, tmp_path / "tuned.seg")
    loaded = load(tmp_path / "tuned.seg")
    np.testing.assert_array_equal(loaded.predict(X), tuned.predict(X))
    np.testing.assert_array_equal(
        loaded.threshold_curve_["scores"], tuned.threshold_curve_["scores"]
    )
