"""What "auto" means for a table and an effort."""

import numpy as np
import pytest

from segmentlearn import SegmentClassifier
from segmentlearn.neural_network._settings import EFFORTS, resolve_sizes


def resolve(n_rows, rarest=1000, may_hold_out=True, **parameters):
    """Return the sizes that a classifier's parameters come to."""
    classifier = SegmentClassifier(**parameters)
    classifier.classes_ = np.array(["often", "seldom"])
    y_encoded = (np.arange(n_rows) < min(rarest, n_rows // 2)).astype(int)
    return resolve_sizes(classifier, y_encoded, may_hold_out)


def test_defaults_of_a_usual_table():
    """Five small nets, each stopped on a fold of its own."""
    sizes = resolve(8000)
    assert (sizes.n_inner_folds, sizes.hidden_layer_sizes) == (5, [64, 64])
    assert (sizes.batch_size, sizes.learning_rate) == (256, 0.02)


def test_many_rows_are_held_out_once():
    """A large hold-out is precise, and one net is enough."""
    assert resolve(50_001).n_inner_folds == 0
    assert resolve(1_000_000).n_members < resolve(50_000).n_members


@pytest.mark.parametrize("n_rows", [200, 8000, 60_000, 1_000_000])
def test_more_effort_is_never_less(n_rows):
    """Nets times members grow with the effort, for every table."""
    work = [
        max(1, sizes.n_inner_folds) * sizes.n_members * sum(sizes.hidden_layer_sizes)
        for sizes in (resolve(n_rows, effort=effort) for effort in EFFORTS)
    ]
    assert work == sorted(work)


def test_a_rare_class_bounds_the_folds():
    """Each fold needs a row of each class."""
    assert resolve(8000, rarest=3).n_inner_folds == 3
    assert resolve(8000, rarest=1).n_inner_folds == 0
    with pytest.raises(ValueError, match=r"n_inner_folds=4 .*'seldom', has 3"):
        resolve(8000, rarest=3, n_inner_folds=4)


def test_nothing_is_held_out_twice():
    """Validation rows of the user's own, or no early stopping, leave one net."""
    assert resolve(8000, may_hold_out=False, n_inner_folds=5).n_inner_folds == 0


def test_short_epochs_are_waited_for_longer():
    """Patience is counted in steps where an epoch has few of them."""
    assert resolve(100).n_iter_no_change > resolve(10_000).n_iter_no_change == 3


def test_what_is_given_stays():
    """No parameter but "auto" is touched, whatever the effort."""
    given = {
        "hidden_layer_sizes": (7,),
        "n_members": 3,
        "n_inner_folds": 2,
        "batch_size": 11,
        "n_iter_no_change": 9,
        "learning_rate": np.float64(0.5),
    }
    sizes = resolve(8000, effort="thorough", **given)
    assert vars(sizes) == {**given, "hidden_layer_sizes": [7]}


def test_too_many_folds_name_the_rarest_class():
    """The label that has to be merged or left out."""
    X = np.arange(20, dtype=np.float32).reshape(-1, 1) / 10
    y = np.array(["often"] * 17 + ["seldom"] * 3)
    with pytest.raises(ValueError, match="the rarest class, 'seldom', has 3"):
        SegmentClassifier(n_inner_folds=5).fit(X, y)
