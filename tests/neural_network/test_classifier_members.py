"""Classifiers trained side by side end as if `fit` had been called on each."""

import numpy as np
import pytest

from segmentlearn import SegmentClassifier, make_customers
from segmentlearn.neural_network import (
    TrainingTable,
    prepare_fit,
    reason_to_train_alone,
    train_side_by_side,
)
from segmentlearn.neural_network._segment_classifier import (
    _classifier_members as classifier_members,
)


def net(**parameters):
    """Return a small ordinary net."""
    small = {"hidden_layer_sizes": (4,), "max_epochs": 3, "random_state": 0}
    return SegmentClassifier.from_preset("best-practices", **{**small, **parameters})


@pytest.fixture(scope="module")
def customers():
    """Return a raw table, and the segments of its rows."""
    return make_customers("automobile", 120, random_state=0)


@pytest.mark.slow
def test_fitted_attributes_are_those_of_fit(customers):
    """Classes, history, epochs, held-out and other probabilities are equal."""
    X, y = customers
    table = TrainingTable(X, y)
    fits = [prepare_fit(net(learning_rate=rate), table) for rate in (0.01, 0.05)]
    (batch,), left = train_side_by_side(fits)
    assert left == []
    for prepared, result in zip(*batch[:2], strict=True):
        fitted = prepared.finish(result)
        alone = net(learning_rate=fitted.learning_rate).fit(X, y)
        assert vars(fitted).keys() == vars(alone).keys()
        assert fitted.history_ == alone.history_
        assert (fitted.n_iter_, fitted.best_epoch_) == (
            alone.n_iter_,
            alone.best_epoch_,
        )
        np.testing.assert_array_equal(fitted.oof_proba_, alone.oof_proba_)
        np.testing.assert_array_equal(fitted.predict_proba(X), alone.predict_proba(X))


def test_program_that_rounds_differently_is_not_used(customers, monkeypatch):
    """Where the trial fails, the nets are left to be trained alone."""
    monkeypatch.setattr(classifier_members, "_is_as_alone", lambda *arguments: False)
    monkeypatch.setattr(classifier_members, "_TRIALS", {})
    table = TrainingTable(*customers)
    fits = [prepare_fit(net(learning_rate=rate), table) for rate in (0.01, 0.05)]
    assert train_side_by_side(fits) == ([], fits)


def test_large_net_is_left_alone(customers):
    """A net that keeps the processor busy gains nothing from company."""
    table = TrainingTable(*customers)
    large = {"hidden_layer_sizes": (256, 256), "batch_size": 64}
    fits = [prepare_fit(net(**large), table) for _ in range(2)]
    assert train_side_by_side(fits) == ([], fits)


@pytest.mark.slow
def test_tables_too_large_for_one_program_are_split(customers, monkeypatch):
    """Nets of another table go into another batch, within the bytes allowed."""
    monkeypatch.setattr(classifier_members, "_MOST_BYTES", 1)
    tables = [TrainingTable(*customers) for _ in range(2)]
    fits = [prepare_fit(net(), table) for table in tables for _ in range(2)]
    batches, left = train_side_by_side(fits)
    assert [len(fits) for fits, _, _ in batches] == [2, 2]
    assert left == []


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"calibration": "temperature"}, "calibrated net"),
        ({"callbacks": [object()]}, "callbacks"),
        ({"verbose": 1}, "progress of a net is shown"),
        ({"optimizer": "lamb"}, "optimizer that looks"),
        ({"n_inner_folds": 3}, "ensemble of packed nets"),
    ],
)
def test_reason_is_given(parameters, reason):
    """What cannot be batched says why."""
    assert reason_to_train_alone(net(**parameters)).startswith(reason)
