"""What the published nets reach on the real customers."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold, cross_val_score

from segmentlearn import SegmentClassifier, load_automobile, load_bank

pytestmark = pytest.mark.realdata


def first_folds(y, n_folds):
    """The first of the five folds that published figures use."""
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
    return list(folds.split(np.zeros(len(y)), y))[:n_folds]


@pytest.mark.slow
def test_automobile_accuracy(data_dir):
    """The "best-practices" net reaches what is honestly reported of it, 0.523."""
    X, y = load_automobile(data_dir / "auto_train.csv")
    clf = SegmentClassifier.from_preset("best-practices", random_state=0)
    scores = cross_val_score(clf, X, y, cv=first_folds(y, 2))
    assert scores.mean() > 0.515


@pytest.mark.slow
def test_automobile_new_customers(data_dir):
    """A file with missing values and levels of its own is scored whole."""
    X, y = load_automobile(data_dir / "auto_train.csv")
    new, _ = load_automobile(data_dir / "auto_new.csv")
    clf = SegmentClassifier.from_preset("best-practices", max_epochs=2, random_state=0)
    probabilities = clf.fit(X, y).predict_proba(new)
    assert probabilities.shape == (2627, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.slow
def test_bank_ranking(data_dir):
    """Two epochs rank the bank's customers far better than chance."""
    X, y = load_bank(data_dir / "bank.csv")
    clf = SegmentClassifier.from_preset("campaign", max_epochs=2, random_state=0)
    scores = cross_val_score(clf, X, y, cv=first_folds(y, 1), scoring="roc_auc")
    assert scores[0] > 0.85
