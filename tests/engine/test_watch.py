"""What keeps a training by Keras' own ``fit`` to the plan."""

import numpy as np
import pytest

from segmentlearn.engine import SCHEDULES, EarlyStopping
from segmentlearn.engine._backend import keras
from segmentlearn.engine._keras_fit_monitor import Watch
from segmentlearn.engine._program._epoch_program import Recipe
from segmentlearn.engine._trainer import Plan
from segmentlearn.exceptions import SegmentLearnError


@pytest.fixture
def watch():
    """A function that watches a compiled net under a plan of four epochs."""

    def build(rate=0.5, **changes):
        plan = Plan(
            **{
                "train_rows": np.arange(20),
                "validation_rows": np.arange(0),
                "epochs": 4,
                "schedule": SCHEDULES["constant"],
                "stopping": None,
                "shuffle": False,
                "seed": 0,
                "verbose": 0,
                **changes,
            }
        )
        optimizer = keras.optimizers.SGD(rate)
        recipe = Recipe("mse", optimizer, ("mae",), (), None, 10, None, True)
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile(optimizer, "mse")
        hook = Watch(recipe, plan)
        hook.set_model(model)
        hook.on_train_begin()
        return hook

    return build


def follow(hook, *losses):
    """Tell a watch of some epochs."""
    for epoch, loss in enumerate(losses):
        hook.on_epoch_begin(epoch)
        hook.on_train_batch_begin(0)
        hook.on_epoch_end(epoch, {"loss": loss, "mae": 2.0, "val_loss": 3.0})


def test_the_history_is_that_of_a_compiled_training(watch):
    """Losses, metrics and the rate, a value an epoch."""
    hook = watch()
    follow(hook, 1.0, 0.5)
    assert hook.n_epochs == 2
    assert hook.history == {
        "loss": [1.0, 0.5],
        "mae": [2.0, 2.0],
        "val_loss": [3.0, 3.0],
        "learning_rate": [0.5, 0.5],
    }


def test_the_first_of_several_outputs_has_the_metrics(watch):
    """Keras puts the output's name before the metric's; a part's loss is left out."""
    hook = watch()
    hook.on_epoch_end(0, {"loss": 1.0, "first_loss": 4.0, "first_mae": 2.0})
    assert hook.history["mae"] == [2.0]
    assert hook.history["loss"] == [1.0]


def test_the_schedule_is_followed_by_epochs(watch):
    """Four epochs of two steps along a cosine, on the optimizer's own rate."""
    hook = watch(schedule=SCHEDULES["cosine"])
    follow(hook, 1.0, 1.0, 1.0)
    expected = [0.25 * (1 + np.cos(np.pi * step / 7)) for step in (0, 2, 4)]
    assert hook.history["learning_rate"] == pytest.approx(expected)


def test_a_constant_schedule_leaves_the_rate_to_others(watch):
    """A callback may have set it."""
    hook = watch()
    hook.model.optimizer.learning_rate = 0.125
    follow(hook, 1.0)
    assert hook.history["learning_rate"] == [0.125]


def test_a_schedule_object_is_left_alone(watch):
    """Keras does not let its rate be set."""
    decay = keras.optimizers.schedules.ExponentialDecay(0.25, 1, 0.5)
    hook = watch(rate=decay, schedule=SCHEDULES["cosine"])
    follow(hook, 1.0)
    assert hook.history["learning_rate"] == [0.25]


def test_a_loss_that_is_no_number_ends_the_training(watch):
    """The weights before it are kept."""
    hook = watch()
    follow(hook, 1.0)
    weights = hook.model.get_weights()
    hook.model.set_weights([np.full_like(weight, np.nan) for weight in weights])
    follow(hook, np.nan)
    assert hook.diverged
    assert hook.model.stop_training
    for kept, before in zip(hook.kept_weights, weights, strict=True):
        np.testing.assert_array_equal(kept, before)


def test_a_first_epoch_without_a_number_is_an_error(watch):
    """There is nothing to keep."""
    hook = watch()
    follow(hook, np.inf)
    with pytest.raises(SegmentLearnError, match="loss is inf in the first epoch"):
        hook.check_first_epoch()


def test_the_rule_ends_the_training(watch):
    """The epoch that was best is known, and its weights are kept."""
    hook = watch(stopping=EarlyStopping(patience=1, monitor="loss"))
    for epoch, loss in enumerate([2.0, 1.0, 1.5]):
        assert not hook.model.stop_training
        hook.model.layers[-1].bias.assign([float(epoch)])
        hook.on_epoch_end(epoch, {"loss": loss})
    assert hook.model.stop_training
    assert hook.best_epoch == 1
    assert hook.kept_weights[1].tolist() == [1.0]


def test_without_a_rule_no_epoch_is_best(watch):
    """The last epoch's weights are kept."""
    hook = watch()
    follow(hook, 1.0)
    assert hook.best_epoch is None
    assert len(hook.kept_weights) == 2
