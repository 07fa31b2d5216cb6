"""Inner folds and what their nets say."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentlearn.neural_network._segment_classifier._ensemble import (
    extend_history,
    mean_history,
    net_seed,
)
from segmentlearn.neural_network._split import Split, stratified_splits


def split(y, rows, n_folds, seed=0):
    """Split rows of a table with classes 0, 1, ... and no early names."""
    rng = np.random.RandomState(seed)
    return stratified_splits(y, rows, n_folds, 0.25, rng, np.arange(y.max() + 1))


@settings(max_examples=30, deadline=None)
@given(
    n_rows=st.integers(12, 80),
    n_folds=st.integers(2, 6),
    seed=st.integers(0, 2**31 - 1),
)
def test_every_row_is_held_out_once(n_rows, n_folds, seed):
    """Folds hold the rows that count out once each, and train on the others."""
    y = np.arange(n_rows) % 2
    rows = np.arange(0, n_rows)[y + np.arange(n_rows) % 5 > 0]
    folds = split(y, rows, n_folds, seed)
    assert len(folds) == n_folds
    assert (
        sorted(np.concatenate([fold.validation_rows for fold in folds]))
        == rows.tolist()
    )
    for fold in folds:
        both = np.concatenate([fold.train_rows, fold.validation_rows])
        assert sorted(both) == rows.tolist()


def test_folds_are_stratified():
    """A class of one row in five has a fifth of each fold."""
    y = (np.arange(100) % 5 == 0).astype(int)
    for fold in split(y, np.arange(100), 5):
        assert y[fold.validation_rows].sum() == 4


def test_no_folds_hold_out_once():
    """A quarter of the rows is held out, class by class."""
    (fold,) = split(np.arange(40) % 2, np.arange(40), 0)
    assert (len(fold.train_rows), len(fold.validation_rows)) == (30, 10)


def test_rows_of_a_split_as_arguments():
    """Validation rows are named only where there are any."""
    rows = np.arange(3)
    assert set(Split(rows).fit_arguments()) == {"train_rows"}
    assert set(Split(rows, rows).fit_arguments()) == {"train_rows", "validation_rows"}
    given_rows = Split(rows, validation_data=("X", "y", "w")).fit_arguments()
    assert set(given_rows) == {"train_rows", "validation_data"}


def test_seeds_of_nets_are_different():
    """The first net has the classifier's own seed; all are valid seeds."""
    seeds = [net_seed(2**31 - 2, number) for number in range(20)]
    assert seeds[0] == 2**31 - 2
    assert len(set(seeds)) == 20
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_history_is_a_mean_over_those_still_training():
    """The longest net decides how long the history is."""
    histories = [{"loss": [3.0, 1.0, 0.5]}, {"loss": [1.0]}, {"loss": [2.0, 2.0]}]
    assert mean_history(histories) == {"loss": [2.0, 1.5, 0.5]}


def test_history_goes_on():
    """Later epochs follow earlier ones; neither history is changed."""
    earlier, later = {"loss": [3.0, 2.0]}, {"loss": [1.0]}
    assert extend_history(earlier, later) == {"loss": [3.0, 2.0, 1.0]}
    assert (earlier, later) == ({"loss": [3.0, 2.0]}, {"loss": [1.0]})


def test_measures_stay_one_value_an_epoch():
    """A measure that was not taken in some epochs is NaN there."""
    history = extend_history(
        {"loss": [3.0, 2.0], "val_loss": [4.0, 3.0]}, {"loss": [1.0], "accuracy": [0.5]}
    )
    np.testing.assert_array_equal(history["val_loss"], [4.0, 3.0, np.nan])
    np.testing.assert_array_equal(history["accuracy"], [np.nan, np.nan, 0.5])


@settings(max_examples=50, deadline=None)
@given(
    counts=st.lists(st.integers(4, 40), min_size=2, max_size=5),
    n_folds=st.integers(2, 4),
    seed=st.integers(0, 2**31 - 1),
)
def test_each_fold_has_its_share_of_each_class(counts, n_folds, seed):
    """No fold has more than one row of a class above any other fold."""
    y = np.repeat(np.arange(len(counts)), counts)
    rng = np.random.RandomState(seed)
    y = rng.permutation(y)
    names = np.arange(len(counts))
    folds = stratified_splits(y, np.arange(len(y)), n_folds, 0.2, rng, names)
    for number, count in enumerate(counts):
        held_out = [(y[fold.validation_rows] == number).sum() for fold in folds]
        assert sum(held_out) == count
        assert max(held_out) - min(held_out) <= 1


def test_folds_are_shuffled():
    """Of a sorted table no fold is a stretch of rows, and the seed decides which."""
    y = np.repeat([0, 1], 30)

    def first(seed):
        rng = np.random.RandomState(seed)
        names = np.arange(2)
        splits = stratified_splits(y, np.arange(60), 3, 0.2, rng, names)
        return splits[0].validation_rows

    assert np.diff(first(0)).max() > 1
    np.testing.assert_array_equal(first(0), first(0))
    assert not np.array_equal(first(0), first(1))


@given(
    values=st.lists(
        st.lists(st.floats(0, 10), min_size=1, max_size=6), min_size=1, max_size=4
    )
)
def test_mean_history_stays_between_the_nets(values):
    """Each epoch's mean lies among the nets that trained so long."""
    means = mean_history([{"loss": losses} for losses in values])["loss"]
    assert len(means) == max(map(len, values))
    for epoch, mean in enumerate(means):
        there = [losses[epoch] for losses in values if epoch < len(losses)]
        assert min(there) - 1e-9 <= mean <= max(there) + 1e-9


def test_mean_history_keeps_all_measures():
    """Each measure is averaged on its own."""
    histories = [{"loss": [1.0], "rate": [0.5]}, {"loss": [3.0], "rate": [0.5]}]
    assert mean_history(histories) == {"loss": [2.0], "rate": [0.5]}
