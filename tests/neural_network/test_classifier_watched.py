"""Callbacks, progress and interruptions of a classifier's training."""

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from segmentlearn.exceptions import SegmentLearnWarning


def interrupt_after(epoch):
    """Return a callback that presses Ctrl-C at the end of an epoch, from 1."""

    def on_epoch_end(number, logs):
        if number + 1 == epoch:
            raise KeyboardInterrupt

    return keras.callbacks.LambdaCallback(on_epoch_end=on_epoch_end)


def test_callbacks_see_every_epoch(make, numbers):
    """They are called with the epoch's number, losses and metrics."""
    seen = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append((epoch, sorted(logs)))
    )
    clf = make(callbacks=[watch]).fit(*numbers)
    names = ["accuracy", "learning_rate", "loss", "val_accuracy", "val_loss"]
    assert seen == [(epoch, names) for epoch in range(5)]
    plain = make().fit(*numbers)
    X = numbers[0]
    np.testing.assert_array_equal(clf.predict_proba(X), plain.predict_proba(X))


def test_callback_may_stop_the_training(make, numbers):
    """`stop_training` ends it after the epoch."""

    class StopAtTwo(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    assert make(callbacks=[StopAtTwo()]).fit(*numbers).n_iter_ == 2


def test_callback_may_change_the_rate(make, numbers):
    """Keras' own schedulers work."""
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch))
    clf = make(callbacks=[scheduler]).fit(*numbers)
    expected = [0.1, 0.05, 0.1 / 3, 0.025, 0.02]
    assert clf.history_["learning_rate"] == pytest.approx(expected)


@pytest.mark.slow
def test_callback_that_wants_batches_gets_them(make, numbers):
    """Keras' own fit then does the training, and a warning says so."""

    class CountsBatches(keras.callbacks.Callback):
        n_batches = 0

        def on_train_batch_end(self, batch, logs=None):
            self.n_batches += 1

    counter = CountsBatches()
    with pytest.warns(SegmentLearnWarning, match="CountsBatches wants to see batches"):
        clf = make(callbacks=[counter], max_epochs=2).fit(*numbers)
    assert counter.n_batches == 2 * 4  # 51 rows in steps of 16
    assert clf.n_iter_ == 2
    assert len(clf.history_["val_loss"]) == 2


def test_fitted_with_callbacks_can_be_cloned(make, numbers):
    """A callback that has met a net does not keep its estimator from cloning."""
    callbacks = [keras.callbacks.EarlyStopping("val_loss", patience=3)]
    clf = make(callbacks=callbacks, max_epochs=2).fit(*numbers)
    again = clone(clf).fit(*numbers)
    X = numbers[0]
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_silent_by_default(make, numbers, capfd):
    """verbose=0 writes nothing, to either stream."""
    make().fit(*numbers).predict(numbers[0])
    assert capfd.readouterr() == ("", "")


def test_progress_bar(make, numbers, capsys):
    """verbose=1 draws a bar on the error stream."""
    make(verbose=1).fit(*numbers)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "5/5" in captured.err
    assert "val_loss" in captured.err


def test_line_an_epoch(make, numbers, capsys):
    """verbose=2 writes a line for each epoch to the error stream."""
    make(verbose=2).fit(*numbers)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        f"epoch {epoch}/5" for epoch in range(1, 6)
    ]


def test_interrupted_training_is_usable(make, numbers):
    """After Ctrl-C the best weights so far are kept, and a warning says so."""
    X, y = numbers
    clf = make(callbacks=[interrupt_after(2)], max_epochs=50)
    with pytest.warns(SegmentLearnWarning, match="interrupted after 2 of 50 epochs"):
        clf.fit(X, y)
    assert clf.n_iter_ == 2
    expected = make(max_epochs=2).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)


def test_interrupted_before_anything_was_learnt(make, numbers):
    """Ctrl-C in the first epoch leaves the estimator as it was."""
    X, y = numbers

    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    callback = keras.callbacks.LambdaCallback(on_epoch_begin=interrupt)
    clf = make(callbacks=[callback])
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    with pytest.raises(NotFittedError):
        clf.predict(X)


def test_failed_refit_keeps_the_first(make, numbers, raw):
    """An error in a second fit loses nothing of the first one."""
    X, y = numbers
    clf = make().fit(X, y)
    before = clf.predict_proba(X)
    with pytest.raises(ValueError, match="infinite"):
        clf.fit(raw[0].assign(age=np.inf), raw[1])
    with pytest.raises(ValueError, match="infinite"):
        clf.partial_fit(np.full((2, 5), np.inf), ["A", "B"])
    np.testing.assert_array_equal(clf.predict_proba(X), before)
    assert clf.classes_.tolist() == ["A", "B", "C"]
    assert clf.n_features_in_ == 5
