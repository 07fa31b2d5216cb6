"""Inner folds of a fitted classifier: who learns from what, and what is kept."""

import keras
import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss

from segmentlearn import engine
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.networks import packed_nets
from segmentlearn.neural_network import fit_calibration


def net_probabilities(clf, X):
    """Return what each net says alone, calibrated like the whole."""
    kernel, bias = clf.model_.get_layer("calibration").get_weights()
    X = np.asarray(X, np.float32)
    return [
        softmax(np.asarray(net(X)).mean(axis=1) @ kernel + bias, axis=1)
        for net in packed_nets(clf.model_)
    ]


@pytest.fixture
def seen(monkeypatch):
    """Keywords of each call of the engine's fit."""
    calls = []
    fit = engine.fit

    def spy(*arguments, **settings):
        calls.append(settings)
        return fit(*arguments, **settings)

    monkeypatch.setattr(engine, "fit", spy)
    return calls


@pytest.fixture
def interrupt(monkeypatch):
    """A function that lets the engine's fit with this number meet Ctrl-C."""

    def interrupt_call(number):
        calls = []
        fit = engine.fit

        def interrupted(*arguments, **settings):
            calls.append(1)
            if len(calls) == number:
                raise KeyboardInterrupt
            return fit(*arguments, **settings)

        monkeypatch.setattr(engine, "fit", interrupted)

    return interrupt_call


def test_out_of_fold_rows_come_from_the_net_that_held_them_out(
    make_packed, numbers, seen
):
    """Each row's probabilities are those of one net, and of the right one."""
    X, y = numbers
    clf = make_packed().fit(X, y)
    for predicted, call in zip(net_probabilities(clf, X), seen, strict=True):
        held_out = call["validation_rows"]
        np.testing.assert_allclose(
            clf.oof_proba_[held_out], predicted[held_out], rtol=1e-4
        )


@pytest.mark.slow
def test_out_of_fold_probabilities_are_calibrated(make_packed, two_groups, seen):
    """By what was found for a net alone; the average of all nets is surer."""
    X, y = np.tile(two_groups[0], (2, 1)), np.tile(two_groups[1], 2)
    clf = make_packed(calibration="affine", max_epochs=2).fit(X, y)
    logits = np.empty((len(X), 2))
    for net, call in zip(packed_nets(clf.model_), seen, strict=True):
        rows = call["validation_rows"]
        logits[rows] = np.asarray(net(X[rows].astype(np.float32))).mean(axis=1)
    y_encoded = np.searchsorted(clf.classes_, y)
    slope, shift = fit_calibration(logits, y_encoded, None, "affine")
    assert shift.any()
    predicted = softmax(slope * logits + shift, axis=1)
    np.testing.assert_allclose(clf.oof_proba_, predicted, rtol=1e-4)
    kernel, _ = clf.model_.get_layer("calibration").get_weights()
    assert kernel[0, 0] > slope


@pytest.mark.slow
def test_each_net_has_rows_and_a_seed_of_its_own(make_packed, numbers, seen):
    """Three nets hold different thirds out, and draw differently."""
    make_packed(max_epochs=1).fit(*numbers)
    held_out = np.concatenate([call["validation_rows"] for call in seen])
    assert sorted(held_out) == list(range(60))
    assert len({call["seed"] for call in seen}) == 3


@pytest.mark.slow
def test_best_epoch_is_that_of_the_average(make_packed, numbers):
    """Training stops on the users' rows, by the loss of the members' average."""
    X, y = numbers
    settings = {"learning_rate": 0.2, "max_epochs": 150, "n_iter_no_change": 3}
    clf = make_packed(calibration=None, **settings)
    clf.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    losses = clf.history_["val_log_loss"]
    assert clf.best_epoch_ == 1 + int(np.argmin(losses))
    assert clf.n_iter_ == clf.best_epoch_ + 3 < 150
    found = log_loss(y[40:], clf.predict_proba(X[40:]), labels=clf.classes_)
    assert found == pytest.approx(min(losses), rel=1e-3)


@pytest.mark.slow
def test_the_longest_net_gives_the_number_of_epochs(make_packed, numbers):
    """Histories are as long, and each net's best epoch is one of them."""
    clf = make_packed(learning_rate=0.2, max_epochs=60, n_iter_no_change=3)
    clf.fit(*numbers)
    assert {len(values) for values in clf.history_.values()} == {clf.n_iter_}
    assert max(clf.best_epoch_) + 3 == clf.n_iter_ < 60
    assert min(clf.best_epoch_) >= 1


@pytest.mark.slow
def test_callbacks_see_every_net(make_packed, numbers):
    """Each training begins and ends once."""
    began, ended = [], []
    callback = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: began.append(1),
        on_train_end=lambda logs: ended.append(1),
    )
    make_packed(callbacks=[callback], max_epochs=1).fit(*numbers)
    assert (len(began), len(ended)) == (3, 3)


@pytest.mark.slow
@pytest.mark.parametrize("labels", [(False, True), (0, 1), ("no", "yes")])
def test_two_classes(make_packed, two_groups, labels):
    """Two columns; predictions come in the labels given."""
    X, y = two_groups
    given = np.where(y == "rare", labels[1], labels[0])
    clf = make_packed(max_epochs=1).fit(X, given)
    assert clf.predict_proba(X).shape == clf.oof_proba_.shape == (200, 2)
    assert clf.classes_.tolist() == list(labels)
    assert clf.predict(X).dtype == given.dtype


def test_clone_fits_the_same(packed, numbers):
    """A clone is unfitted, and its fit repeats the original's."""
    copy = clone(packed)
    with pytest.raises(NotFittedError):
        copy.predict(numbers[0])
    copy.fit(*numbers)
    np.testing.assert_array_equal(copy.oof_proba_, packed.oof_proba_)


def test_refit_starts_anew(packed, make_packed, numbers):
    """Nothing of an earlier fit is left, in no net."""
    X, y = numbers
    again = make_packed().fit(X[:40], y[:40]).fit(X, y)
    np.testing.assert_array_equal(packed.predict_proba(X), again.predict_proba(X))
    assert again.best_epoch_ == packed.best_epoch_


def test_sample_weights_pull(packed, make_packed, numbers):
    """A segment whose rows weigh more is expected more often."""
    X, y = numbers
    clf = make_packed().fit(X, y, sample_weight=np.where(y == "C", 20.0, 1.0))
    pulled = clf.predict_proba(X)[:, 2].mean()
    assert pulled > packed.predict_proba(X)[:, 2].mean() + 0.1


@pytest.mark.slow
def test_only_the_ratios_of_weights_matter(make_packed, numbers):
    """Weights that sum to a population train the same nets."""
    X, y = numbers
    weights = np.linspace(0.5, 2, 60)
    one = make_packed().fit(X, y, sample_weight=weights).predict_proba(X)
    other = make_packed().fit(X, y, sample_weight=weights * 1e5).predict_proba(X)
    np.testing.assert_allclose(one, other, rtol=1e-3)


@pytest.mark.slow
def test_rows_of_weight_zero_are_in_no_fold(make_packed, numbers, seen):
    """No net learns from them or stops on them."""
    weights = (np.arange(60) % 6 > 0).astype(float)
    make_packed(max_epochs=1).fit(*numbers, sample_weight=weights)
    for call in seen:
        rows = np.concatenate([call["train_rows"], call["validation_rows"]])
        assert sorted(rows) == np.flatnonzero(weights).tolist()


def test_one_row_of_a_class_is_named(make_packed, numbers):
    """A class that cannot be on both sides is an error with its cures."""
    X, y = numbers
    lonely = np.where(np.arange(60) == 7, "Z", y)
    with pytest.raises(ValueError, match=r"\['Z'\] have 1 row each.*X_val"):
        make_packed(n_inner_folds="auto").fit(X, lonely)


def test_too_many_folds_for_a_class(make_packed, numbers):
    """Rows of weight 0 do not count towards the rarest class."""
    X, y = numbers
    weights = np.ones(60)
    weights[np.flatnonzero(y == "A")[2:]] = 0
    with pytest.raises(ValueError, match=r"n_inner_folds=3 .* 'A', has 2"):
        make_packed().fit(X, y, sample_weight=weights)


@pytest.mark.slow
def test_auto_folds_give_way_to_a_rare_class(make_packed, numbers):
    """Two rows of a class are two folds."""
    X, y = numbers
    rare = np.where(np.isin(np.arange(60), [7, 8]), "Z", y)
    clf = make_packed(n_inner_folds="auto", max_epochs=1).fit(X, rare)
    assert len(packed_nets(clf.model_)) == 2
    assert np.isfinite(clf.oof_proba_).all()


def test_unknown_numeric_features_are_named(make_packed, raw):
    """The error lists what the net gets from a raw frame."""
    with pytest.raises(ValueError, match=r"\['height'\].*'income'"):
        make_packed(numeric_features=["height"]).fit(*raw)


@pytest.mark.slow
def test_indicators_alone(make_packed, numbers):
    """A table without numbers has nothing to embed, and is learnt all the same."""
    X, y = (numbers[0] > 0).astype(float), numbers[1]
    clf = make_packed().fit(X, y)
    names = {layer.name for layer in packed_nets(clf.model_)[0].layers}
    assert not names & {"pieces", "waves", "numbers"}
    assert clf.score(X, y) > np.mean(y == clf.classes_[0]) + 0.2


@pytest.mark.slow
def test_one_member_in_each_fold(make_packed, numbers):
    """Nets of one member are averaged over the folds like larger ones."""
    X, y = numbers
    clf = make_packed(n_members=1, numeric_embedding=None, max_epochs=1).fit(X, y)
    assert [net.output_shape for net in packed_nets(clf.model_)] == [(None, 1, 3)] * 3
    assert clf.oof_proba_.shape == (60, 3)


def test_ctrl_c_before_anything_is_learnt(make_packed, numbers, interrupt):
    """It passes on, and leaves an estimator that is not fitted."""
    interrupt(1)
    clf = make_packed()
    with pytest.raises(KeyboardInterrupt):
        clf.fit(*numbers)
    with pytest.raises(NotFittedError):
        clf.predict(numbers[0])


@pytest.mark.slow
def test_ctrl_c_leaves_the_earlier_fit(packed, make_packed, numbers, interrupt):
    """A classifier that was fitted before predicts what it did."""
    X, y = numbers
    clf = make_packed().fit(X, y)
    interrupt(1)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X[:40], y[:40])
    np.testing.assert_array_equal(clf.predict_proba(X), packed.predict_proba(X))
    np.testing.assert_array_equal(clf.oof_proba_, packed.oof_proba_)


@pytest.mark.slow
def test_ctrl_c_before_the_last_net_is_passed_on(make_packed, numbers, interrupt):
    """Part of an ensemble does not look like a whole one."""
    interrupt(2)
    clf = make_packed()
    with pytest.raises(KeyboardInterrupt):
        clf.fit(*numbers)
    with pytest.raises(NotFittedError):
        clf.predict(numbers[0])


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 3])
def test_ctrl_c_within_a_net(make_packed, numbers, number):
    """The last net is kept as it is then; an earlier one is no end."""
    began = []

    def stop(epoch, logs):
        if len(began) == number and epoch == 1:
            raise KeyboardInterrupt

    callback = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: began.append(1), on_epoch_end=stop
    )
    clf = make_packed(callbacks=[callback])
    if number == 2:
        with pytest.raises(KeyboardInterrupt):
            clf.fit(*numbers)
        return
    with pytest.warns(SegmentLearnWarning, match="interrupted after 2 of 8 epochs"):
        clf.fit(*numbers)
    assert len(packed_nets(clf.model_)) == 3
    assert len(clf.fold_histories_[2]["loss"]) == 2


@pytest.mark.slow
def test_partial_fit_trains_each_net_on_all_rows(make_packed, numbers, seen):
    """There are no folds any more; each net draws differently."""
    clf = make_packed(max_epochs=1).fit(*numbers)
    seen.clear()
    clf.partial_fit(*numbers)
    assert [len(call["train_rows"]) for call in seen] == [60] * 3
    assert len({call["seed"] for call in seen}) == 3
    assert not any("validation_rows" in call for call in seen)


@pytest.mark.slow
def test_partial_fit_keeps_the_momentum_of_every_net(make_packed, numbers):
    """The second call goes on with the optimizer's states of the first."""
    X, y = numbers
    kept = make_packed(max_epochs=1).fit(X, y).partial_fit(X, y)
    lost = make_packed(max_epochs=1).fit(X, y).partial_fit(X, y)
    lost._optimizer_states = None
    pairs = zip(
        net_probabilities(kept.partial_fit(X, y), X),
        net_probabilities(lost.partial_fit(X, y), X),
        strict=True,
    )
    assert all(np.abs(one - other).max() > 1e-4 for one, other in pairs)


@pytest.mark.slow
def test_partial_fit_first_has_nothing_out_of_fold(make_packed, numbers):
    """The attribute is there, and None."""
    clf = make_packed().partial_fit(*numbers)
    assert clf.oof_proba_ is clf.oof_scores_ is None
    once = clf.class_count_
    assert once.sum() == len(numbers[1])
    np.testing.assert_array_equal(clf.partial_fit(*numbers).class_count_, 2 * once)


@pytest.mark.slow
def test_validation_frame_is_prepared(make_packed, raw):
    """X_val goes through the preprocessor, whatever the order of its columns."""
    X, y = raw
    clf = make_packed(max_epochs=1)
    clf.fit(X, y, X_val=X[["married", "income", "age"]], y_val=y)
    same = make_packed(max_epochs=1).fit(X, y, X_val=X, y_val=y)
    assert clf.history_ == same.history_
    assert clf.oof_proba_ is None
