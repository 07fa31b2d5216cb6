"""Inner folds and what their nets say."""

import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentlearn.neural_network._segment_classifier._ensemble import (
    Fold,
    inner_folds,
    mean_history,
    net_seed,
    train_nets,
)


def split(codes, rows, n_folds, seed=0):
    """Split rows of a table with classes 0, 1, ... and no early names."""
    rng = np.random.RandomState(seed)
    return inner_folds(codes, rows, n_folds, 0.25, rng, np.arange(codes.max() + 1))


def result(**values):
    """Return what stands for a training's result."""
    return types.SimpleNamespace(interrupted=False, **values)


@settings(max_examples=30, deadline=None)
@given(
    n_rows=st.integers(12, 80),
    n_folds=st.integers(2, 6),
    seed=st.integers(0, 2**31 - 1),
)
def test_every_row_is_held_out_once(n_rows, n_folds, seed):
    """Folds hold the rows that count out once each, and train on the others."""
    codes = np.arange(n_rows) % 2
    rows = np.arange(0, n_rows)[codes + np.arange(n_rows) % 5 > 0]
    folds = split(codes, rows, n_folds, seed)
    assert len(folds) == n_folds
    assert sorted(np.concatenate([fold.held_out for fold in folds])) == rows.tolist()
    for fold in folds:
        both = np.concatenate([fold.train_rows, fold.held_out])
        assert sorted(both) == rows.tolist()


def test_folds_are_stratified():
    """A class of one row in five has a fifth of each fold."""
    codes = (np.arange(100) % 5 == 0).astype(int)
    for fold in split(codes, np.arange(100), 5):
        assert codes[fold.held_out].sum() == 4


def test_no_folds_hold_out_once():
    """A quarter of the rows is held out, class by class."""
    (fold,) = split(np.arange(40) % 2, np.arange(40), 0)
    assert (len(fold.train_rows), len(fold.held_out)) == (30, 10)


def test_rows_of_a_fold_as_arguments():
    """Validation rows are named only where there are any."""
    rows, nothing = np.arange(3), np.arange(0)
    assert set(Fold(rows, nothing).arguments) == {"train_rows"}
    assert set(Fold(rows, rows).arguments) == {"train_rows", "validation_rows"}
    given_rows = Fold(rows, nothing, ("X", "y", "w")).arguments
    assert set(given_rows) == {"train_rows", "validation_data"}


def test_seeds_of_nets_are_different():
    """The first net has the classifier's own seed; all are valid seeds."""
    seeds = [net_seed(2**31 - 2, number) for number in range(20)]
    assert seeds[0] == 2**31 - 2
    assert len(set(seeds)) == 20
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_ctrl_c_keeps_the_nets_that_are_trained():
    """An interrupt before a net has learnt anything ends the row of nets."""

    def train(net, seed, **rows):
        if net == "third":
            raise KeyboardInterrupt
        return result(net=net)

    folds = [Fold(np.arange(3), np.arange(0))] * 3
    done = train_nets(["first", "second", "third"], folds, train, seed=0)
    assert [one.net for one in done] == ["first", "second"]


def test_ctrl_c_within_a_net_is_the_last_of_it():
    """A net that was interrupted is kept, and no other is begun."""

    def train(net, seed, **rows):
        return types.SimpleNamespace(interrupted=True)

    folds = [Fold(np.arange(3), np.arange(0))] * 2
    assert len(train_nets(["first", "second"], folds, train, seed=0)) == 1


def test_ctrl_c_before_anything_passes_on():
    """There is nothing to keep."""

    def train(net, seed, **rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_nets(["first"], [Fold(np.arange(3), np.arange(0))], train, seed=0)


def test_history_is_a_mean_over_those_still_training():
    """The longest net decides how long the history is."""
    histories = [{"loss": [3.0, 1.0, 0.5]}, {"loss": [1.0]}, {"loss": [2.0, 2.0]}]
    assert mean_history(histories) == {"loss": [2.0, 1.5, 0.5]}
