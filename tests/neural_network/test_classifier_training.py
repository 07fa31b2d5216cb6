"""How a classifier is trained: when it stops, what rows weigh, how it goes on."""

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss, recall_score

from segmentlearn import engine
from segmentlearn.exceptions import SegmentLearnWarning


def test_best_epoch_is_restored(make, numbers):
    """The loss on the validation rows is the lowest of the history, not the last."""
    X, y = numbers
    clf = make(learning_rate=0.1, max_epochs=100, n_iter_no_change=4)
    clf.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    losses = clf.history_["val_loss"]
    assert clf.best_epoch_ == 1 + int(np.argmin(losses))
    assert clf.n_iter_ == clf.best_epoch_ + 4 < 100
    found = log_loss(y[40:], clf.predict_proba(X[40:]), labels=clf.classes_)
    assert found == pytest.approx(min(losses), rel=1e-4)


def test_tol_counts_only_clear_improvements(make, numbers):
    """With a tol that no epoch reaches, the first epoch stays the best."""
    clf = make(max_epochs=50, n_iter_no_change=3, tol=10.0).fit(*numbers)
    assert (clf.best_epoch_, clf.n_iter_) == (1, 4)


def test_all_epochs_without_early_stopping(make, numbers):
    """Every row is trained on, to the last epoch; nothing is held out."""
    clf = make(early_stopping=False, learning_rate=0.1, max_epochs=30).fit(*numbers)
    assert clf.n_iter_ == 30
    assert clf.best_epoch_ is None
    assert set(clf.history_) == {"loss", "accuracy", "learning_rate"}


def test_held_out_rows_are_stratified(make, numbers, monkeypatch):
    """Rows held out of a sorted table come from every class, not from its end."""
    X, y = numbers
    order = np.argsort(y)
    seen = {}
    fit = engine.fit

    def spy(*arguments, **settings):
        seen.update(settings)
        return fit(*arguments, **settings)

    monkeypatch.setattr(engine, "fit", spy)
    make(validation_fraction=0.2, max_epochs=1).fit(X[order], y[order])
    train, held_out = seen["train_rows"], seen["validation_rows"]
    assert sorted([*train, *held_out]) == list(range(60))
    share = pd.Series(y[order][held_out]).value_counts()
    for label, count in pd.Series(y).value_counts().items():
        assert share[label] == round(0.2 * count)


def test_validation_rows_without_early_stopping(make, numbers):
    """X_val then only appears in the history; training does not depend on it."""
    X, y = numbers
    clf = make(early_stopping=False).fit(X, y, X_val=X[:9], y_val=y[:9])
    alone = make(early_stopping=False).fit(X, y)
    assert len(clf.history_["val_loss"]) == 5
    np.testing.assert_array_equal(clf.predict_proba(X), alone.predict_proba(X))


def test_validation_frame_is_prepared(make, raw):
    """X_val goes through the preprocessor that was fitted to X."""
    X, y = raw
    clf = make().fit(X, y, X_val=X[["married", "income", "age"]][:20], y_val=y[:20])
    assert clf.best_epoch_ >= 1
    assert clf.feature_names_in_.tolist() == ["age", "income", "married"]


@pytest.mark.slow
@pytest.mark.parametrize("class_weight", [{"rare": 10}, "balanced"])
def test_class_weight_raises_the_recall_of_a_rare_class(make, two_groups, class_weight):
    """A segment that is too rare to be predicted is found once it weighs more."""
    X, y = two_groups
    plain = make(max_epochs=40, early_stopping=False)
    weighted = clone(plain).set_params(class_weight=class_weight)

    def recall(clf):
        return recall_score(y, clf.fit(X, y).predict(X), pos_label="rare")

    assert recall(weighted) > recall(plain) + 0.3


@pytest.mark.slow
def test_class_weight_counts_in_the_validation_loss(make, two_groups):
    """Training stops on the same weighted loss that it lowers."""
    X, y = two_groups
    clf = make(class_weight={"rare": 5, "usual": 1}, max_epochs=2)
    clf.fit(X, y, X_val=X, y_val=y)
    weights = np.where(y == "rare", 5, 1)
    by_row = -np.log(clf.predict_proba(X)[np.arange(200), (y == "usual").astype(int)])
    found = min(clf.history_["val_loss"])
    assert found == pytest.approx((weights * by_row).mean(), rel=1e-4)


def test_weight_zero_is_as_good_as_absent(make, numbers):
    """Rows of weight 0 are neither trained on nor held out."""
    X, y = numbers
    keep = np.arange(60) % 4 > 0
    weighted = make().fit(X, y, sample_weight=keep.astype(float))
    without = make().fit(X[keep], y[keep])
    np.testing.assert_array_equal(weighted.predict_proba(X), without.predict_proba(X))


@pytest.mark.parametrize("scale", [1e-6, 4.0, 1e6])
def test_only_the_ratios_of_weights_matter(make, numbers, scale):
    """Weights that sum to one, or to a population, train the same net."""
    X, y = numbers
    weights = np.linspace(0.5, 2, 60)
    one = make().fit(X, y, sample_weight=weights).predict_proba(X)
    other = make().fit(X, y, sample_weight=weights * scale).predict_proba(X)
    np.testing.assert_allclose(one, other, rtol=1e-3)


@pytest.mark.slow
def test_weights_repeat_rows(make, numbers):
    """Where a step takes all rows, a row of weight 2 is a row that stands twice."""
    X, y = numbers
    settings = {"dropout": 0.0, "early_stopping": False, "batch_size": 256}
    weights = np.where(y == "A", 2, 1)
    twice = np.repeat(np.arange(60), weights)
    weighted = make(**settings).fit(X, y, sample_weight=weights)
    repeated = make(**settings).fit(X[twice], y[twice])
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-3
    )
    uneven = make(**settings).fit(X, y)
    difference = uneven.predict_proba(X) - weighted.predict_proba(X)
    assert np.abs(difference).max() > 0.01


@pytest.mark.slow
def test_free_numbers_count_in_a_shared_program(make, numbers):
    """Learning rate, dropout, L2 and weight decay hold though nothing is compiled."""
    X, y = numbers
    base = make(l2=0.01, early_stopping=False)

    def fit(**changes):
        return clone(base).set_params(**changes).fit(X, y).predict_proba(X)

    first = fit()
    compiled = engine.cache_info().compilations
    for changes in (
        {"learning_rate": 0.05},
        {"dropout": 0.6},
        {"l2": 0.5},
        {"weight_decay": 0.9},
        {"learning_rate_schedule": "cosine"},
    ):
        assert np.abs(fit(**changes) - first).max() > 1e-3, changes
    np.testing.assert_array_equal(fit(), first)
    assert engine.cache_info().compilations == compiled


def test_learning_rate_schedule(make, numbers):
    """The rate of each epoch is written down; a function gives factors."""
    plain = make(early_stopping=False)
    falling = clone(plain).set_params(learning_rate_schedule="cosine").fit(*numbers)
    rates = falling.history_["learning_rate"]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(0.01, rel=1e-3)
    half = clone(plain).set_params(learning_rate_schedule=lambda t: 0.5 + 0 * t)
    assert half.fit(*numbers).history_["learning_rate"] == pytest.approx([0.005] * 5)


def test_optimizer_object(make, numbers):
    """An object brings its own rate, and is left as it was."""
    optimizer = keras.optimizers.AdamW(learning_rate=0.03, weight_decay=0.2)
    clf = make(optimizer=optimizer).fit(*numbers)
    assert clf.history_["learning_rate"] == pytest.approx([0.03] * 5)
    assert not optimizer.built
    named = make(learning_rate=0.03, weight_decay=0.2).fit(*numbers)
    X = numbers[0]
    np.testing.assert_array_equal(clf.predict_proba(X), named.predict_proba(X))


def test_partial_fit_goes_on(make, numbers):
    """Each call is an epoch: the loss falls, and the epochs are counted."""
    X, y = numbers
    clf = make()
    for _ in range(15):
        clf.partial_fit(X, y, classes=["C", "B", "A"])
    assert clf.n_iter_ == 15
    assert len(clf.history_["loss"]) == 15
    assert clf.history_["loss"][-1] < 0.8 * clf.history_["loss"][0]
    assert clf.best_epoch_ is None


def test_partial_fit_may_see_the_classes_one_after_the_other(make, numbers):
    """Named in the first call, a class may come later; a new one never."""
    X, y = numbers
    clf = make(class_weight={"A": 1, "B": 2, "C": 3})
    clf.partial_fit(X[y == "A"], y[y == "A"], classes=["A", "B", "C"])
    clf.partial_fit(X[y == "C"], y[y == "C"])
    assert clf.classes_.tolist() == ["A", "B", "C"]
    with pytest.raises(ValueError, match=r"y holds classes \['Z'\]"):
        clf.partial_fit(X[:2], ["A", "Z"])
    assert clf.n_iter_ == 2


def test_partial_fit_needs_all_classes_first(make, numbers):
    """One class alone, and none named, is no classifier."""
    X, _ = numbers
    with pytest.raises(ValueError, match="one class only"):
        make().partial_fit(X[:5], ["A"] * 5)


def test_partial_fit_keeps_the_momentum(make, numbers):
    """The second call goes on with the optimizer's state of the first."""
    X, y = numbers
    kept, lost = make().partial_fit(X, y), make().partial_fit(X, y)
    lost._optimizer_states = None
    difference = kept.partial_fit(X, y).predict_proba(X) - lost.partial_fit(
        X, y
    ).predict_proba(X)
    assert np.abs(difference).max() > 1e-3


def test_partial_fit_draws_anew_each_time(make, numbers, monkeypatch):
    """Every call has rows and dropout in an order of its own, fixed by the seed."""
    seeds = []
    fit = engine.fit

    def spy(*arguments, **settings):
        seeds.append(settings["seed"])
        return fit(*arguments, **settings)

    monkeypatch.setattr(engine, "fit", spy)
    for _ in range(2):
        make().partial_fit(*numbers).partial_fit(*numbers)
    assert seeds[:2] == seeds[2:]
    assert seeds[0] != seeds[1]


def test_partial_fit_prepares_every_part_alike(make, raw):
    """The first part decides the columns; later ones may lack levels, or cells."""
    X, y = raw
    clf = make().partial_fit(X[:30], y[:30], classes=["A", "B", "D"])
    clf.partial_fit(
        X[30:][X["married"][30:] == "yes"], y[30:][X["married"][30:] == "yes"]
    )
    assert clf.model_.input_shape == (None, 5)


def test_partial_fit_after_fit_and_fit_after_partial_fit(make, numbers):
    """partial_fit adds an epoch to a fit; fit starts anew."""
    X, y = numbers
    clf = make().fit(X, y).partial_fit(X, y)
    assert clf.n_iter_ == 6
    assert np.isnan(clf.history_["val_loss"]).tolist() == [False] * 5 + [True]
    assert clf.best_epoch_ is None
    again = clf.fit(X, y)
    assert again.n_iter_ == 5
    expected = make().fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(again.predict_proba(X), expected)


def test_partial_fit_ignores_the_schedule(make, numbers):
    """One epoch is no course to plan a rate over."""
    clf = make(learning_rate_schedule="cosine")
    clf.partial_fit(*numbers).partial_fit(*numbers)
    assert clf.history_["learning_rate"] == pytest.approx([0.01, 0.01])


def test_warm_start_goes_on(make, numbers):
    """A second fit starts where the first one ended, and counts on."""
    X, y = numbers
    clf = make(warm_start=True, early_stopping=False, max_epochs=20).fit(X, y)
    clf.set_params(max_epochs=3).fit(X, y)
    assert clf.n_iter_ == 23
    assert len(clf.history_["loss"]) == 23
    assert clf.history_["loss"][20] < 0.8 * clf.history_["loss"][0]


def test_warm_start_counts_the_best_epoch_on(make, numbers):
    """The best epoch is a place in the whole history."""
    clf = make(warm_start=True).fit(*numbers).fit(*numbers)
    assert clf.n_iter_ == 10
    assert 6 <= clf.best_epoch_ <= 10


@pytest.mark.slow
@pytest.mark.parametrize("change", ["classes", "columns", "net"])
def test_warm_start_from_something_else_starts_anew(make, numbers, change):
    """Weights are not carried over to other classes, columns or layers."""
    X, y = numbers
    frame = pd.DataFrame(X, columns=list("abcde"))
    clf = make(warm_start=True, max_epochs=2).fit(frame, y)
    if change == "classes":
        y = np.char.add("new ", y.astype(str))
    elif change == "columns":
        frame = frame.rename(columns={"a": "z"})
    else:
        clf.set_params(hidden_layer_sizes=())
    with pytest.warns(SegmentLearnWarning, match="starts from fresh weights"):
        clf.fit(frame, y)
    assert clf.n_iter_ == 2


def test_refit_starts_anew(make, numbers):
    """Without warm_start nothing of an earlier fit is left."""
    X, y = numbers
    clf = make().fit(X[:30], y[:30]).fit(X, y)
    expected = make().fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)
    assert clf.n_iter_ == 5
