"""What holds of sizes, folds, histories and calibration, whatever the table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from segmentlearn import SegmentClassifier
from segmentlearn.neural_network._segment_classifier._calibration import fit_calibration
from segmentlearn.neural_network._segment_classifier._construction import (
    numeric_positions,
)
from segmentlearn.neural_network._segment_classifier._ensemble import (
    mean_history,
    net_seed,
)
from segmentlearn.neural_network._settings import EFFORTS, resolve_sizes
from segmentlearn.neural_network._split import stratified_splits

# rows, batch size, learning rate and patience, which follow the rows alone
TABLES = [
    (200, 16, 0.008, 6),
    (8000, 256, 0.02, 3),
    (60_000, 512, 0.02, 3),
    (1_000_000, 1024, 0.02, 3),
]
# nets and members of each effort for these tables, were no class rare
PLANS = {
    "fast": [(0, 4), (0, 4), (0, 4), (0, 4)],
    "default": [(5, 6), (5, 6), (0, 6), (0, 4)],
    "thorough": [(10, 16), (10, 16), (10, 16), (0, 4)],
}


def resolve(n_rows, rarest=100, **parameters):
    """Return the sizes that a classifier's parameters come to."""
    classifier = SegmentClassifier(**parameters)
    classifier.classes_ = np.array(["often", "seldom"])
    y = (np.arange(n_rows) < min(rarest, n_rows // 2)).astype(int)
    return resolve_sizes(classifier, y, may_hold_out=True)


@pytest.mark.parametrize(("n_rows", "batch_size", "rate", "patience"), TABLES)
@pytest.mark.parametrize("effort", EFFORTS)
def test_steps_follow_the_rows(n_rows, batch_size, rate, patience, effort):
    """Larger tables have larger steps and need less patience, at every effort."""
    sizes = resolve(n_rows, effort=effort)
    found = sizes.batch_size, sizes.learning_rate, sizes.n_iter_no_change
    assert found == (batch_size, rate, patience)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("table", range(4))
def test_nets_and_members_follow_effort_and_rows(effort, table):
    """Large tables have one net; more effort has more of both."""
    sizes = resolve(TABLES[table][0], effort=effort)
    assert (sizes.n_inner_folds, sizes.n_members) == PLANS[effort][table]


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("table", range(4))
def test_two_rows_of_a_class_are_two_folds_at_most(effort, table):
    """Only the number of folds gives way to a rare class."""
    n_rows = TABLES[table][0]
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


@given(seed=st.integers(0, 2**31 - 1))
def test_nets_of_a_fit_have_seeds_of_their_own(seed):
    """No two of a thorough fit's nets are alike."""
    assert len({net_seed(seed, number) for number in range(10)}) == 10


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


@given(
    n_values=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    seed=st.integers(0, 99),
)
def test_three_values_make_a_number(n_values, seed):
    """Order and spacing of the values play no part."""
    rng = np.random.default_rng(seed)
    scales = rng.normal(size=len(n_values)) + 5
    columns = [rng.permutation(np.arange(30) % many) for many in n_values]
    features = np.column_stack(columns) * scales
    expected = tuple(i for i, many in enumerate(n_values) if many > 2)
    assert numeric_positions("auto", features, None) == expected


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_classes=st.integers(2, 4),
    n_rows=st.integers(400, 600),
    heavy=st.floats(100, 10**6),
)
def test_calibration_helps_the_rows_that_weigh(seed, n_classes, n_rows, heavy):
    """Many light rows that are right do not outvote a few heavy ones that are not."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=0.5, size=(n_rows, n_classes))
    is_heavy = np.arange(n_rows) % 4 == 0
    drawn = rng.integers(0, n_classes, n_rows)
    y = np.where(is_heavy, drawn, logits.argmax(axis=1))
    weights = np.where(is_heavy, heavy, rng.random(n_rows) > 0.3)
    slope, shift = fit_calibration(logits, y, weights, "auto")

    def loss(scaled):
        by_row = -log_softmax(scaled, axis=1)[np.arange(n_rows), y]
        return np.average(by_row, weights=weights)

    assert loss(slope * logits + shift) < loss(logits)


@pytest.mark.parametrize("factor", [1e-3, 1e4])
def test_only_the_ratios_of_weights_calibrate(factor):
    """Weights that sum to a population calibrate like those that sum to one."""
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(400, 3)) * 3, rng.integers(0, 3, 400)
    weights = rng.random(400)
    one, _ = fit_calibration(logits, y, weights, "temperature")
    other, _ = fit_calibration(logits, y, factor * weights, "temperature")
    assert other == pytest.approx(one, rel=1e-4)


def test_more_than_two_classes_have_no_shift():
    """Affine calibration of many classes is a slope alone."""
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(600, 3)) * 3, rng.integers(0, 3, 600)
    slope, shift = fit_calibration(logits, y, None, "affine")
    assert slope < 0.9
    np.testing.assert_array_equal(shift, np.zeros(3))
