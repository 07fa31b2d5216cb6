"""What "auto" means for a table and an effort."""

import numpy as np
import pytest

from segmentlearn import SegmentClassifier
from segmentlearn.neural_network import EFFORTS, check_layer_sizes
from segmentlearn.neural_network._settings import resolve_sizes


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
        "max_epochs": 13,
        "learning_rate_schedule": "flat_cosine",
    }
    sizes = resolve(8000, effort="thorough", **given)
    assert vars(sizes) == {**given, "hidden_layer_sizes": [7]}


def test_too_many_folds_name_the_rarest_class():
    """The label that has to be merged or left out."""
    X = np.arange(20, dtype=np.float32).reshape(-1, 1) / 10
    y = np.array(["often"] * 17 + ["seldom"] * 3)
    with pytest.raises(ValueError, match="the rarest class, 'seldom', has 3"):
        SegmentClassifier(n_inner_folds=5).fit(X, y)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("n_rows", [200, 8000, 60_000, 1_000_000])
def test_two_rows_of_a_class_are_two_folds_at_most(effort, n_rows):
    """Only the number of folds gives way to a rare class."""
    usual, rare = resolve(n_rows, effort=effort), resolve(n_rows, 2, effort=effort)
    assert rare.n_inner_folds == min(2, usual.n_inner_folds)
    assert rare.n_members == usual.n_members


@pytest.mark.parametrize("n_folds", [3, 5])
@pytest.mark.parametrize("n_rows", [200, 1_000_000])
def test_folds_asked_for_are_never_fewer(n_rows, n_folds):
    """They hold for a large table too, or are an error that names what is wrong."""
    assert resolve(n_rows, n_inner_folds=n_folds).n_inner_folds == n_folds
    message = rf"n_inner_folds={n_folds} needs .* has 2; use fewer folds"
    with pytest.raises(ValueError, match=message):
        resolve(n_rows, 2, n_inner_folds=n_folds)


def test_one_fold_is_none():
    """One fold would leave nothing to train on, so a share is held out once."""
    assert resolve(8000, n_inner_folds=1).n_inner_folds == 0


def test_auto_batch_grows_with_the_table():
    """Larger tables are trained in larger steps, and those need more rate."""
    sizes = [resolve(n_rows) for n_rows in (300, 3000, 30_000, 300_000)]
    batches = [size.batch_size for size in sizes]
    assert batches == sorted(set(batches))
    assert sizes[0].learning_rate < sizes[-1].learning_rate


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [(8, [8]), ((8, 4), [8, 4]), ([8], [8]), (np.array([8, 4]), [8, 4]), ((), [])],
)
def test_layer_sizes(sizes, expected):
    """One layer may be a number; no layer at all is a linear model."""
    assert check_layer_sizes(sizes) == expected


@pytest.mark.parametrize("sizes", [(8.0,), ("8",), (8, 0), (-1,), [[8]], (None,)])
def test_wrong_layer_sizes_are_named(sizes):
    """Only whole numbers above 0 are sizes."""
    with pytest.raises(ValueError, match="must be whole numbers above 0"):
        check_layer_sizes(sizes)


@pytest.mark.parametrize("callback", [print, int], ids=["function", "class"])
def test_callbacks_must_be_objects(callback, numbers):
    """A class, or a function, is named by its position."""
    classifier = SegmentClassifier(callbacks=[callback], max_epochs=1)
    with pytest.raises(ValueError, match=r"callbacks\[0\]=<.*not a Keras callback"):
        classifier.fit(*numbers)
