"""Weights of a blend: where the loss is lowest, and what few rows may decide."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold

from segmentlearn import BlendedClassifier

LABELS = np.tile(np.arange(3), 200)


class Stored(ClassifierMixin, BaseEstimator):
    """A classifier whose logits are three columns of the table."""

    def __init__(self, first=0):
        self.first = first

    def fit(self, X, y, sample_weight=None):
        """Learn nothing."""
        self.classes_ = np.arange(3)
        return self

    def predict_proba(self, X):
        """Return the probabilities that the table holds."""
        return softmax(X[:, self.first : self.first + 3], axis=1)


def logits(noise, seed):
    """Return logits that know the label, and noise."""
    random = np.random.default_rng(seed)
    return np.eye(3)[LABELS] * 1.5 + noise * random.normal(size=(600, 3))


def blend(X, y=LABELS, sample_weight=None, n_parts=2, **parameters):
    """Weigh the classifiers that a table holds side by side."""
    parts = [(f"of {at}", Stored(3 * at)) for at in range(n_parts)]
    found = BlendedClassifier(parts, cv=KFold(3), **{"calibration": None, **parameters})
    return found.fit(X, y, sample_weight)


@pytest.fixture(scope="module")
def two():
    """What a good classifier says, and a worse one."""
    return np.hstack([logits(0.8, 1), logits(1.4, 2)])


def test_weights_are_where_the_loss_is_lowest(two):
    """No weights on a fine grid are better."""
    losses = [
        log_loss(LABELS, softmax(w * two[:, :3] + (1 - w) * two[:, 3:], axis=1))
        for w in np.linspace(0, 1, 201)
    ]
    assert blend(two).weights_[0] == pytest.approx(np.argmin(losses) / 200, abs=0.02)


def test_equal_estimators_weigh_the_same(two):
    """What two copies weigh together is shared."""
    weights = blend(np.hstack([two, two[:, :3]]), n_parts=3).weights_
    assert weights[0] == pytest.approx(weights[2], abs=1e-3)


def test_noise_weighs_nothing():
    """An estimator that knows nothing, and is sure of it, gets 0, not a little."""
    noise = np.random.default_rng(3).normal(size=(600, 3)) * 4
    X = np.hstack([logits(0.3, 1), noise])
    assert blend(X).weights_.tolist() == [1.0, 0.0]


def test_few_rows_leave_the_best_estimator_alone(two):
    """With three rows the prior decides."""
    losses = [
        log_loss(LABELS[:3], softmax(logs[:3], axis=1), labels=range(3))
        for logs in (two[:, :3], two[:, 3:])
    ]
    assert blend(two[:3], LABELS[:3]).weights_[np.argmin(losses)] > 0.85


def test_weighted_rows_decide(two):
    """Rows of weight 0 do not count."""
    swapped = np.hstack([two[:, 3:], two[:, :3]])
    X = np.concatenate([two[:300], swapped[300:]])
    weights = np.repeat([1.0, 1e-9], 300)
    assert blend(X, sample_weight=weights).weights_[0] > 0.6
    assert blend(X, sample_weight=weights[::-1]).weights_[0] < 0.4


def test_rows_take_no_part_in_their_own_probabilities(two):
    """Labels of a fold change those of other folds alone."""
    changed = LABELS.copy()
    changed[:200] = (changed[:200] + 1) % 3
    before, after = (
        blend(two, y, calibration="temperature").oof_proba_ for y in (LABELS, changed)
    )
    assert np.array_equal(before[:200], after[:200])
    assert not np.array_equal(before[200:400], after[200:400])
