"""The default: an average of packed nets over inner folds, calibrated."""

import io
import pickle

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss, recall_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from segmentlearn import SegmentClassifier, TabularPreprocessor, engine, load, save
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.networks import packed_nets


def calibration(clf):
    """Return the weights of the last layer."""
    return clf.model_.get_layer("calibration").get_weights()


def last_kernels(clf):
    """Return the kernel of each net's last layer."""
    nets = packed_nets(clf.model_)
    return [net.get_layer("logits").get_weights()[0] for net in nets]


def test_a_net_for_each_fold(packed, numbers):
    """The model averages the logits of three nets of two members."""
    X = numbers[0].astype(np.float32)
    nets = packed_nets(packed.model_)
    assert len(nets) == len(packed.best_epoch_) == 3
    logits = np.mean([np.asarray(net(X)).mean(axis=1) for net in nets], axis=0)
    kernel, bias = calibration(packed)
    expected = softmax(logits @ kernel + bias, axis=1)
    np.testing.assert_allclose(packed.predict_proba(numbers[0]), expected, rtol=1e-5)


def test_same_seed_same_probabilities(packed, make_packed, numbers):
    """Another fit repeats the first, bit for bit; another seed does not."""
    X, y = numbers
    again = make_packed().fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(packed.predict_proba(X), again)
    other = make_packed(random_state=1).fit(X, y).predict_proba(X)
    assert np.abs(again - other).max() > 1e-3


def test_folds_and_fits_share_a_program(packed, make_packed, numbers):
    """Nothing is compiled for other rows and another learning rate."""
    before = engine.cache_info().compilations
    make_packed(learning_rate=0.05).fit(numbers[0][5:], numbers[1][5:])
    assert engine.cache_info().compilations == before


def test_every_row_gets_a_probability_from_a_net_that_held_it_out(packed, numbers):
    """They are calibrated shares, and not those of the whole ensemble."""
    shares = packed.oof_proba_
    np.testing.assert_allclose(shares.sum(axis=1), np.ones(60))
    assert np.abs(shares - packed.predict_proba(numbers[0])).max() > 1e-3


@pytest.mark.slow
def test_held_out_rows_did_not_teach(make_packed):
    """Labels that are drawn at random cannot be predicted out of fold."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 5)), rng.integers(0, 2, 90)
    clf = make_packed(early_stopping=True, max_epochs=60, n_iter_no_change=60)
    clf.fit(X, y)
    assert log_loss(y, clf.oof_proba_) > 0.65


def test_one_hold_out_leaves_rows_without(make_packed, numbers):
    """Rows that trained the only net have NaN."""
    clf = make_packed(n_inner_folds=0, validation_fraction=0.25).fit(*numbers)
    known = np.isfinite(clf.oof_proba_).all(axis=1)
    assert known.sum() == 15
    assert isinstance(clf.best_epoch_, int)


def test_rows_of_weight_zero_are_not_held_out(make_packed, numbers):
    """They take no part in anything."""
    weights = np.ones(60)
    weights[::6] = 0
    clf = make_packed().fit(*numbers, sample_weight=weights)
    unknown = np.isnan(clf.oof_proba_).any(axis=1)
    assert np.flatnonzero(unknown).tolist() == list(range(0, 60, 6))


@pytest.mark.slow
def test_no_calibration_leaves_logits_alone(make_packed, two_groups):
    """The last layer is then the identity; otherwise it is not."""
    X, y = np.tile(two_groups[0], (2, 1)), np.tile(two_groups[1], 2)
    plain = make_packed(calibration=None, max_epochs=2).fit(X, y)
    np.testing.assert_array_equal(calibration(plain)[0], np.eye(2))
    calibrated = make_packed(calibration="affine", max_epochs=2).fit(X, y)
    assert np.abs(calibration(calibrated)[0] - np.eye(2)).max() > 0.01


def test_nothing_is_impossible(packed):
    """Even a row far from all others keeps a small share for each segment."""
    shares = packed.predict_proba(np.full((1, 5), 1e6))
    assert shares.min() > 0
    assert shares.sum() == pytest.approx(1)


def test_history_has_the_loss_that_is_stopped_on(packed):
    """Members' losses, the loss of their average, and accuracies."""
    assert set(packed.history_) == {
        "loss",
        "accuracy",
        "log_loss",
        "val_loss",
        "val_accuracy",
        "val_log_loss",
        "learning_rate",
    }
    pairs = zip(packed.history_["loss"], packed.history_["log_loss"], strict=True)
    assert all(mean <= members for members, mean in pairs)


def test_each_net_keeps_its_own_history(packed):
    """The curves of the folds, whose mean is the history of the whole."""
    losses = [history["loss"] for history in packed.fold_histories_]
    assert len(losses) == len(packed.best_epoch_)
    assert max(map(len, losses)) == packed.n_iter_
    first = np.mean([loss[0] for loss in losses])
    assert packed.history_["loss"][0] == pytest.approx(first)


def test_balanced_weights_find_the_rare_segment(make_packed, two_groups):
    """Training, stopping and calibration all see the weights."""
    X, y = two_groups
    plain = make_packed(max_epochs=30).fit(X, y)
    balanced = make_packed(max_epochs=30, class_weight="balanced").fit(X, y)

    def recall(clf):
        return recall_score(y, clf.predict(X), pos_label="rare")

    assert recall(balanced) > recall(plain) + 0.3


@pytest.mark.slow
def test_stopping_counts_rows_by_weight(make_packed, numbers):
    """The loss that is stopped on is that of the weighted rows."""
    X, y = numbers
    weights = np.where(y == "A", 10.0, 0.1)
    settings = {"calibration": None, "ema_momentum": None, "max_epochs": 1}
    clf = make_packed(**settings).fit(
        X, y, sample_weight=weights, X_val=X[:20], y_val=y[:20]
    )
    found = log_loss(y[:20], clf.predict_proba(X[:20]), labels=clf.classes_)
    assert clf.history_["val_log_loss"][0] == pytest.approx(found, rel=1e-4)


def test_rows_of_the_users_own_are_stopped_on(make_packed, numbers):
    """One net is trained on all of X, and no row of X is held out."""
    X, y = numbers
    clf = make_packed().fit(X, y, X_val=X[:20], y_val=y[:20])
    assert len(packed_nets(clf.model_)) == 1
    assert clf.oof_proba_ is None
    assert clf.best_epoch_ >= 1


def test_without_early_stopping_one_net_learns_all(make_packed, numbers):
    """There is nothing to hold out, and no out-of-fold probability."""
    clf = make_packed(early_stopping=False).fit(*numbers)
    assert len(packed_nets(clf.model_)) == 1
    assert (clf.n_iter_, clf.best_epoch_, clf.oof_proba_) == (8, None, None)


@pytest.mark.slow
def test_warm_start_goes_on(make_packed, numbers):
    """History and weights of all nets are taken up."""
    clf = make_packed(warm_start=True, ema_momentum=None).fit(*numbers)
    first, n_epochs = clf.history_["loss"][0], clf.n_iter_
    clf.fit(*numbers)
    assert clf.n_iter_ > n_epochs
    assert clf.history_["loss"][n_epochs] < first
    assert max(len(one["loss"]) for one in clf.fold_histories_) == clf.n_iter_


def test_warm_start_with_other_folds_starts_anew(make_packed, numbers):
    """Other nets have other weights, and a warning says so."""
    clf = make_packed(warm_start=True).fit(*numbers)
    clf.set_params(n_inner_folds=2)
    with pytest.warns(SegmentLearnWarning, match="fresh weights"):
        clf.fit(*numbers)
    assert len(packed_nets(clf.model_)) == 2


def test_partial_fit_goes_on_with_every_net(make_packed, numbers):
    """After it there are no out-of-fold probabilities any more."""
    X, y = numbers
    clf = make_packed().fit(X, y)
    before = [
        net.get_layer("logits").get_weights()[0] for net in packed_nets(clf.model_)
    ]
    n_epochs = clf.n_iter_
    clf.partial_fit(X, y)
    after = [
        net.get_layer("logits").get_weights()[0] for net in packed_nets(clf.model_)
    ]
    assert clf.n_iter_ == n_epochs + 1
    assert clf.oof_proba_ is None
    assert all(np.abs(a - b).max() > 0 for a, b in zip(before, after, strict=True))


def test_partial_fit_may_come_first(make_packed, numbers):
    """It makes one net and trains it on all rows."""
    X, y = numbers
    clf = make_packed().partial_fit(X[:30], y[:30], classes=["A", "B", "C"])
    clf.partial_fit(X[30:], y[30:])
    assert clf.n_iter_ == 2
    assert clf.predict_proba(X).shape == (60, 3)


@pytest.mark.slow
@pytest.mark.parametrize("embedding", ["piecewise", "periodic", None])
def test_other_embeddings(make_packed, numbers, embedding):
    """Each is a net that trains; only what it has is in it."""
    clf = make_packed(numeric_embedding=embedding, max_epochs=1).fit(*numbers)
    names = {layer.name for layer in packed_nets(clf.model_)[0].layers}
    assert ("pieces" in names) == (embedding == "piecewise")
    assert ("waves" in names) == (embedding == "periodic")


@pytest.mark.slow
def test_numeric_features_by_name(make_packed, raw):
    """The names are those of the net's inputs, after the preprocessor."""
    clf = make_packed(numeric_features=["income"], max_epochs=1).fit(*raw)
    selected = packed_nets(clf.model_)[0].get_layer("numbers").get_weights()[0]
    position = clf._feature_names().index("income")
    assert np.flatnonzero(selected).tolist() == [position]


@pytest.mark.slow
def test_presets_are_ordinary_nets(numbers):
    """A published net is what was published: one net, no average, no calibration."""
    clf = SegmentClassifier.from_preset("best-practices", max_epochs=1).fit(*numbers)
    assert packed_nets(clf.model_) == [clf.model_]
    kinds = [type(layer).__name__ for layer in clf.model_.layers]
    assert kinds == ["InputLayer", *["Dense"] * 4]


def test_it_travels(packed, numbers):
    """A pickle and an archive predict the same and keep out-of-fold probabilities."""
    file = io.BytesIO()
    save(packed, file)
    for copy in (pickle.loads(pickle.dumps(packed)), load(file)):
        np.testing.assert_array_equal(
            copy.predict_proba(numbers[0]), packed.predict_proba(numbers[0])
        )
        np.testing.assert_array_equal(copy.oof_proba_, packed.oof_proba_)


@pytest.mark.slow
def test_a_stored_ensemble_is_trained_further(packed, numbers):
    """partial_fit goes on with the nets that come out of an archive."""
    file = io.BytesIO()
    save(packed, file)
    copy = load(file).partial_fit(*numbers)
    assert copy.n_iter_ == packed.n_iter_ + 1


@pytest.mark.slow
def test_members_are_searched(make_packed, raw):
    """Its parameters are tuned behind a preprocessor, labels being text."""
    pipeline = make_pipeline(TabularPreprocessor(), make_packed(max_epochs=2))
    grid = {"segmentclassifier__n_members": [1, 2]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(*raw)
    assert set(search.predict(raw[0])) <= {"A", "B", "D"}


def test_ctrl_c_before_the_last_net_ends_the_fit(make_packed, numbers, monkeypatch):
    """An ensemble without some of its nets would not be what was asked for."""
    fit, calls = engine.fit, []

    def interrupted(*arguments, **settings):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return fit(*arguments, **settings)

    clf = make_packed()
    monkeypatch.setattr(engine, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(*numbers)
    assert not hasattr(clf, "model_")


def test_effort_is_one_of_three():
    """Anything else is an error that names the parameter."""
    with pytest.raises(ValueError, match="'effort' parameter"):
        SegmentClassifier(effort="huge").fit(np.zeros((4, 2)), [0, 1, 0, 1])
