"""Weights of a blend: where the loss is lowest, and what few rows may decide."""

import numpy as np
import pytest

from segmentlearn.ensemble._weights import (
    Blend,
    cross_apply,
    find_weights,
    log_probabilities,
    mean_log_loss,
)


@pytest.fixture(scope="module")
def labels():
    """Class numbers of 600 rows, of three classes."""
    return np.random.default_rng(0).integers(0, 3, 600)


def logs_of(labels, noise, seed):
    """Return logarithms of probabilities that know the label, and noise."""
    random = np.random.default_rng(seed)
    logits = np.eye(3)[labels] * 1.5 + noise * random.normal(size=(len(labels), 3))
    return log_probabilities(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))


def test_weights_are_where_the_loss_is_lowest(labels):
    """No weights on a fine grid are better."""
    logs = np.stack([logs_of(labels, 0.8, 1), logs_of(labels, 1.4, 2)])
    losses = [
        mean_log_loss(Blend(np.array([w, 1 - w]), 1.0, 0.0).apply(logs), labels, None)
        for w in np.linspace(0, 1, 201)
    ]
    found = find_weights(logs, labels, None)
    assert found[0] == pytest.approx(np.argmin(losses) / 200, abs=0.02)


def test_equal_estimators_weigh_the_same(labels):
    """What two copies weigh together is shared."""
    own, other = logs_of(labels, 0.8, 1), logs_of(labels, 1.4, 2)
    weights = find_weights(np.stack([own, other, own]), labels, None)
    assert weights[0] == pytest.approx(weights[2], abs=1e-3)


def test_noise_weighs_nothing(labels):
    """An estimator that knows nothing, and is sure of it, gets 0, not a little."""
    random = np.random.default_rng(3).normal(size=(600, 3)) * 4
    logs = np.stack([logs_of(labels, 0.3, 1), log_probabilities(np.exp(random))])
    assert find_weights(logs, labels, None).tolist() == [1.0, 0.0]


def test_few_rows_leave_the_best_estimator_alone(labels):
    """With four rows the prior decides."""
    logs = np.stack([logs_of(labels, 0.8, 1), logs_of(labels, 1.4, 2)])[:, :4]
    losses = [mean_log_loss(np.exp(one), labels[:4], None) for one in logs]
    assert find_weights(logs, labels[:4], None)[np.argmin(losses)] > 0.85


def test_weighted_rows_decide(labels):
    """Rows of weight 0 do not count."""
    logs = np.stack([logs_of(labels, 0.8, 1), logs_of(labels, 1.4, 2)])
    logs[:, 300:] = logs[::-1, 300:]
    weights = np.repeat([1.0, 0.0], 300)
    assert find_weights(logs, labels, weights)[0] > 0.6
    assert find_weights(logs, labels, weights[::-1])[0] < 0.4


def test_cross_applied_rows_took_no_part(labels):
    """Rows of a fold do not change their own probabilities."""
    logs = np.stack([logs_of(labels, 0.8, 1), logs_of(labels, 1.4, 2)])
    folds = np.array_split(np.arange(600), 3)
    before = cross_apply(logs, labels, None, folds, "auto")
    changed = labels.copy()
    changed[folds[0]] = (changed[folds[0]] + 1) % 3
    after = cross_apply(logs, changed, None, folds, "auto")
    assert np.array_equal(before[folds[0]], after[folds[0]])
    assert not np.array_equal(before[folds[1]], after[folds[1]])
