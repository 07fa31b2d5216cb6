"""Effect sizes: known values, bounds, and intervals that cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from scipy import stats

from segmentlearn.metrics import (
    cohen_d,
    cohen_d_from_stats,
    cohen_h,
    cramers_v,
    difference_of_shares,
)

groups = st.lists(st.integers(-50, 50), min_size=3, max_size=20)
tables = st_numpy.arrays(
    np.int64,
    st.tuples(st.integers(2, 4), st.integers(2, 5)),
    elements=st.integers(0, 30),
)


def test_d_by_hand():
    """Means 4 and 2, pooled variance 2: d is the square root of 2, then Hedges."""
    effect = cohen_d([3.0, 5.0, 4.0, 2.0, 6.0], [1.0, 3.0, 2.0], bias_correction=False)
    pooled = (4 * 2.5 + 2 * 1.0) / 6
    assert effect.estimate == pytest.approx(2 / np.sqrt(pooled))
    corrected = cohen_d([3.0, 5.0, 4.0, 2.0, 6.0], [1.0, 3.0, 2.0])
    ratio = corrected.estimate / effect.estimate
    assert ratio == pytest.approx(1 - 3 / (4 * 6 - 1), abs=2e-3)


def test_correction_has_no_step_where_its_formula_changes():
    """The exact factor and its series agree at a thousand degrees of freedom."""
    sizes = np.array([500, 501, 502])
    d = cohen_d_from_stats(1.0, 1.0, sizes, 0.0, 1.0, sizes).estimate
    assert np.diff(d) == pytest.approx(0, abs=1e-5)
    assert (np.diff(d) > 0).all()


@given(groups, groups)
def test_d_changes_its_sign_with_the_groups(a, b):
    """And the interval is turned around."""
    one, other = cohen_d(a, b), cohen_d(b, a)
    for left, right in zip(one, (other[0], other[2], other[1]), strict=True):
        np.testing.assert_allclose(left, -right, atol=1e-9)


@pytest.mark.slow
@given(groups, groups, st.floats(0.1, 100), st.integers(-1000, 1000))
def test_d_has_no_unit(a, b, factor, shift):
    """Euros or cents, Celsius or Kelvin: the same d."""
    moved = [factor * np.array(values) + shift for values in (a, b)]
    if np.ptp(a) > 0 or np.ptp(b) > 0:
        np.testing.assert_allclose(cohen_d(*moved), cohen_d(a, b), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("n_a", "n_b", "sd_a", "d"),
    [(5, 100, 1.0, 1.5), (10, 500, 0.4, 1.5), (40, 60, 2, 0)],
)
def test_d_interval_covers(n_a, n_b, sd_a, d):
    """95 percent intervals hold the truth in about 95 percent of samples."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, sd_a, (3_000, n_a)), rng.normal(0, 1, (3_000, n_b))
    pooled = np.sqrt(((n_a - 1) * sd_a**2 + n_b - 1) / (n_a + n_b - 2))
    effect = cohen_d_from_stats(
        a.mean(axis=1) + d * pooled,
        a.std(axis=1, ddof=1),
        n_a,
        b.mean(axis=1),
        b.std(axis=1, ddof=1),
        n_b,
    )
    covered = np.mean((effect.low <= d) & (d <= effect.high))
    assert 0.94 <= covered <= 0.98


def test_d_of_degenerate_groups():
    """Nobody: unknown. Groups that never vary: nothing, or everything."""
    assert np.isnan(cohen_d([], [1.0, 2.0]).estimate)
    assert np.isnan(cohen_d([1.0], [2.0]).estimate)
    assert cohen_d([1.0, 1.0], [1.0, 1.0]).estimate == 0
    assert cohen_d([2.0, 2.0], [1.0, 1.0]).estimate == np.inf


def test_d_of_one_customer_has_a_wide_interval():
    """The standard deviation of the others stands in for its own."""
    effect = cohen_d([3.0], np.random.default_rng(0).normal(size=200))
    assert effect.high - effect.low > 10


def test_missing_values_are_left_out():
    """They are no zeros."""
    assert cohen_d([1.0, np.nan, 3.0], [0.0, 2.0]) == cohen_d([1.0, 3.0], [0.0, 2.0])


def test_h_is_antisymmetric_and_bounded():
    """From nobody to everybody it is π."""
    assert cohen_h(1.0, 0.0) == pytest.approx(np.pi)
    assert cohen_h(0.2, 0.6) == pytest.approx(-cohen_h(0.6, 0.2))


def test_difference_of_shares_as_newcombe_published_it():
    """Case (b) of table II: 9 of 10 against 3 of 10, method 10."""
    effect = difference_of_shares(9, 10, 3, 10)
    np.testing.assert_allclose(effect, [0.6, 0.1705, 0.8090], atol=5e-5)


@given(st.integers(0, 40), st.integers(0, 40))
def test_difference_of_shares_stays_in_bounds(count_a, count_b):
    """Between minus one and one, the estimate inside."""
    effect = difference_of_shares(count_a, 40, count_b, 40)
    assert -1 <= effect.low <= effect.estimate <= effect.high <= 1


def test_v_without_correction_is_scipys():
    """Pearson's statistic by rows and width."""
    table = [[20, 15, 5], [10, 20, 30]]
    expected = stats.contingency.association(table, method="cramer")
    assert cramers_v(table, bias_correction=False).estimate == pytest.approx(expected)


@given(tables)
def test_v_lies_between_zero_and_one(table):
    """So do its ends, which hold it; a table with a single line has none."""
    effect = cramers_v(table)
    if min((table.sum(axis=0) > 0).sum(), (table.sum(axis=1) > 0).sum()) < 2:
        assert np.isnan(effect.estimate)
    else:
        assert 0 <= effect.low <= effect.estimate <= effect.high <= 1


def test_v_of_full_association_is_one():
    """Whatever the correction takes off."""
    assert cramers_v([[500, 0], [0, 500]]).estimate == pytest.approx(1)


def test_correction_takes_off_what_chance_brings():
    """Without association V is large for many levels, and small when corrected."""
    rng = np.random.default_rng(0)
    found = [
        [
            cramers_v(table, bias_correction=correct).estimate
            for correct in (False, True)
        ]
        for table in rng.multinomial(60, [1 / 20] * 20, size=300).reshape(300, 2, 10)
    ]
    raw, corrected = np.mean(found, axis=0)
    assert raw > 0.35
    assert corrected < 0.15


@pytest.mark.parametrize("chi2", [4_990.0, 5_010.0])
def test_v_interval_has_no_step_where_its_law_changes(chi2):
    """The normal law takes over where it agrees with the noncentral one."""
    share = np.sqrt(chi2 / 40_000)
    table = 10_000 * np.array([[1 + share, 1 - share], [1 - share, 1 + share]])
    effect = cramers_v(table)
    low, high = (np.sqrt((np.sqrt(chi2) + z) ** 2 / 40_000) for z in (-1.96, 1.96))
    assert effect.low == pytest.approx(low, rel=2e-3)
    assert effect.high == pytest.approx(high, rel=2e-3)


def test_counts_are_checked():
    """A table of counts has two dimensions and nothing negative."""
    with pytest.raises(ValueError, match="counts"):
        cramers_v([1, 2])
    with pytest.raises(ValueError, match="counts"):
        cramers_v([[1, -2], [1, 1]])
