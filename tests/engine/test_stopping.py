"""When training stops, and which weights are kept."""

import numpy as np
import pytest

from segmentlearn.engine import EarlyStopping
from segmentlearn.engine._stopping import BestEpoch


def follow(losses, n_members=None, **rule):
    """Feed an epoch's losses at a time; return the best and the epochs run."""
    best = BestEpoch(EarlyStopping(**rule), n_members)
    for epoch, loss in enumerate(losses):
        best.update(epoch, np.asarray(loss), [np.array([epoch])])
        if best.is_exhausted(epoch):
            return best, epoch + 1
    return best, len(losses)


@pytest.mark.parametrize(
    ("patience", "n_epochs"), [(0, 3), (1, 3), (2, 6), (3, 7), (10, 7)]
)
def test_patience(patience, n_epochs):
    """That many epochs without an improvement, as Keras counts them."""
    losses = [3.0, 2.0, 2.5, 1.0, 1.5, 1.6, 1.7]
    assert follow(losses, patience=patience)[1] == n_epochs


def test_the_best_epoch_is_the_first_of_equals():
    """An equal loss is no improvement."""
    best, _ = follow([3.0, 1.0, 1.0, 2.0], patience=10)
    assert best.epoch.tolist() == [1]
    assert best.weights[0].tolist() == [1]


def test_min_delta():
    """A smaller step down does not count."""
    best, n_epochs = follow([3.0, 2.9, 2.8, 2.7], patience=2, min_delta=0.5)
    assert best.epoch.tolist() == [0]
    assert n_epochs == 3


def test_a_loss_that_is_no_number_is_no_improvement():
    """The epochs before and after it count."""
    best, _ = follow([np.nan, 2.0, np.nan, 1.0], patience=10)
    assert best.epoch.tolist() == [3]


def test_weights_are_not_kept_where_they_are_not_wanted():
    """restore_best=False takes no memory."""
    best, _ = follow([3.0, 2.0], patience=10, restore_best=False)
    assert best.weights is None


def test_members_keep_their_own_best():
    """Each member's slice comes from its own epoch."""
    best = BestEpoch(EarlyStopping(patience=2), 2)
    losses = [[1.0, 5.0], [2.0, 4.0], [3.0, 6.0]]
    for epoch, loss in enumerate(losses):
        weights = np.full((2, 3), epoch)
        best.update(epoch, np.array(loss), [weights])
    assert best.epoch.tolist() == [0, 1]
    assert best.weights[0].tolist() == [[0, 0, 0], [1, 1, 1]]


def test_members_stop_together():
    """The last one's patience ends the training."""
    losses = [[1.0, 5.0], [2.0, 4.0], [3.0, 3.0], [4.0, 2.0], [5.0, 3.0], [6.0, 4.0]]
    assert follow(losses, n_members=2, patience=2)[1] == 6


@pytest.mark.parametrize("monitor", ["loss", "accuracy"])
def test_measures_of_the_training_need_no_validation_rows(monitor):
    """They are known after every epoch."""
    assert EarlyStopping(monitor=monitor).check(["accuracy"], validates=False) is None


def test_measures_of_validation_need_its_rows():
    """The error names what could be monitored instead."""
    rule = EarlyStopping(monitor="val_accuracy")
    rule.check(["accuracy"], validates=True)
    with pytest.raises(ValueError, match=r"validation rows.*monitor='accuracy'"):
        rule.check(["accuracy"], validates=False)
    with pytest.raises(ValueError, match="'val_accuracy' is not measured"):
        rule.check([], validates=False)
