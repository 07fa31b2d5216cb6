"""Association of two columns: known values, symmetry, and nothing for chance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from segmentlearn.metrics import association, correlation_ratio, cramers_v

numbers = st.one_of(st.none(), st.integers(-20, 20), st.floats(-1e6, 1e6))
letters = st.one_of(st.none(), st.sampled_from("abcd"))
cells = st.one_of(
    st.lists(numbers, min_size=12, max_size=12).map(
        lambda column: np.array(column, dtype=float)
    ),
    st.lists(letters, min_size=12, max_size=12).map(
        lambda column: np.array(column, dtype=object)
    ),
)


def dependent(n=300, seed=0):
    """Two columns of numbers with ties, and one of four letters that goes with them."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 15, n).astype(float)
    b = np.exp(0.1 * a + rng.normal(size=n)).round(1)
    letter = np.array(list("abcd"))[
        np.clip((a + rng.normal(0, 4, n)) // 4, 0, 3).astype(int)
    ]
    return a, b, letter


@pytest.mark.parametrize(
    ("method", "reference"),
    [("spearman", stats.spearmanr), ("pearson", stats.pearsonr)],
)
def test_correlation_is_scipys(method, reference):
    """Value and p-value, with ties."""
    a, b, _ = dependent()
    found = association(a, b, method=method)
    assert found.measure == method
    np.testing.assert_allclose(found[:1], reference(a, b)[0])
    np.testing.assert_allclose(found.p_value, reference(a, b)[1], rtol=1e-8)


def test_missing_cells_are_left_out_in_pairs():
    """Ranks are taken among the rows that hold both."""
    a, b, _ = dependent()
    a[::3], b[1::4] = np.nan, np.nan
    rows = ~np.isnan(a) & ~np.isnan(b)
    found = association(a, b)
    assert found.n_rows == rows.sum()
    assert found.value == pytest.approx(stats.spearmanr(a[rows], b[rows])[0])


def test_correlation_ratio_by_hand():
    """Level means 1.5 and 4.5 around 3: 9 of 10 between; corrected 1 - 0.1 · 3 / 2."""
    categories, values = ["a", "a", "b", "b"], [1.0, 2.0, 4.0, 5.0]
    eta = correlation_ratio(categories, values, bias_correction=False)
    assert eta**2 == pytest.approx(0.9)
    assert correlation_ratio(categories, values) ** 2 == pytest.approx(0.85)


def test_correlation_ratio_of_two_levels_is_pearsons_r():
    """Its size, since levels have no order."""
    a, _, letter = dependent()
    flag = letter == "a"
    r = stats.pearsonr(flag, a)[0]
    assert correlation_ratio(flag, a, bias_correction=False) == pytest.approx(abs(r))


def test_p_value_of_numbers_is_that_of_the_f_test():
    """With method="pearson"."""
    _, b, letter = dependent()
    groups = [b[letter == level] for level in "abcd"]
    found = association(letter, b, method="pearson")
    assert found.measure == "correlation_ratio"
    np.testing.assert_allclose(found.p_value, stats.f_oneway(*groups)[1], rtol=1e-8)


def test_ranks_beside_categories_are_kruskal_and_wallis():
    """H, corrected for ties, is n - 1 times eta squared."""
    _, b, letter = dependent()
    groups = [b[letter == level] for level in "abcd"]
    statistic, p_value = stats.kruskal(*groups)
    found = association(letter, b, bias_correction=False)
    assert found.value**2 * (len(b) - 1) == pytest.approx(statistic)
    np.testing.assert_allclose(found.p_value, p_value, rtol=1e-8)


@pytest.mark.parametrize("bias_correction", [True, False])
def test_categories_have_cramers_v(bias_correction):
    """The same as from their table of counts, and scipy's p-value."""
    a, _, letter = dependent()
    half = np.where(a > 7, "high", "low")
    table = pd.crosstab(letter, half).to_numpy()
    found = association(letter, half, bias_correction=bias_correction)
    assert found.measure == "cramers_v"
    wanted = cramers_v(table, bias_correction=bias_correction).estimate
    assert found.value == pytest.approx(wanted)
    p_value = stats.chi2_contingency(table, correction=False)[1]
    np.testing.assert_allclose(found.p_value, p_value, rtol=1e-8)


def test_uncorrected_v_is_scipys():
    """scipy has it without Bergsma's correction."""
    a, _, letter = dependent()
    half = np.where(a > 7, "high", "low")
    table = pd.crosstab(letter, half).to_numpy()
    found = association(letter, half, bias_correction=False)
    assert found.value == pytest.approx(stats.contingency.association(table))


def test_bergsmas_correction_by_hand():
    """A table of 2 by 3, step by step after Bergsma's formulas."""
    table = np.array([[20, 10, 5], [5, 15, 25]])
    n, (r, c) = table.sum(), table.shape
    chi2 = stats.chi2_contingency(table, correction=False)[0]
    phi2 = chi2 / n - (r - 1) * (c - 1) / (n - 1)
    r, c = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    a = np.repeat(["x", "y"], table.sum(axis=1))
    b = np.repeat(["p", "q", "s", "p", "q", "s"], table.ravel())
    assert association(a, b).value == pytest.approx(np.sqrt(phi2 / (min(r, c) - 1)))


@pytest.mark.parametrize("kind", ["number", "category"])
def test_many_levels_do_not_look_like_an_association(kind):
    """Uncorrected, a hundred random levels in 300 rows seem associated."""
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 100, 300).astype(str)
    other = rng.normal(size=300)
    other = other if kind == "number" else np.where(other > 0, "high", "low")
    assert association(levels, other).value < 0.2
    assert association(levels, other, bias_correction=False).value > 0.5


@pytest.mark.parametrize("other", [np.arange(40.0), np.repeat(["x", "y"], 20)])
def test_a_level_of_its_own_for_every_row_tells_nothing(other):
    """Any column fits an identifier."""
    assert association([f"id {at}" for at in range(40)], other).value == 0


def test_levels_beyond_a_table_are_counted_by_sorting():
    """Two columns of a thousand levels each: the same V as from the full table."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 1000, 3000)
    b = np.where(rng.random(3000) < 0.5, a, rng.integers(0, 1000, 3000))
    wanted = cramers_v(pd.crosstab(a, b).to_numpy()).estimate
    assert association(a.astype(str), b.astype(str)).value == pytest.approx(wanted)


@pytest.mark.parametrize("column", [[1.0] * 6, ["a"] * 6, [None] * 6])
def test_a_column_of_one_value_has_no_association(column):
    """Neither with numbers nor with categories."""
    assert np.isnan(association(column, [1, 2, 3, 4, 5, 6]).value)
    assert np.isnan(association(column, list("aabbcc")).value)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_size_of_numbers_does_not_matter(scale):
    """Squares neither overflow nor vanish."""
    a, b, _ = dependent()
    wanted = association(a, b, method="pearson").value
    found = association(a * scale, b, method="pearson").value
    assert found == pytest.approx(wanted)


@pytest.mark.parametrize("dtype", ["Int64", "Float32", "object"])
def test_nullable_numbers_are_numbers(dtype):
    """So are numbers among objects."""
    column = pd.Series([1, 2, None, 4, 5], dtype=dtype)
    found = association(column, [2, 4, 6, 8, 9])
    assert (found.measure, found.n_rows) == ("spearman", 4)


@pytest.mark.parametrize("dtype", ["category", "str", "bool"])
def test_text_and_truth_values_are_categories(dtype):
    """Whatever pandas stores them as."""
    column = pd.Series([True, False, True, False]).astype(dtype)
    assert association(column, [1, 2, 3, 4]).measure == "correlation_ratio"


def test_infinite_numbers_are_named():
    """With the cure."""
    with pytest.raises(ValueError, match="b holds 1 infinite value"):
        association([1, 2], [1, np.inf])


def test_columns_of_two_lengths_are_refused():
    """They are not of one table."""
    with pytest.raises(ValueError, match="a has 2 rows and b 3"):
        association([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="categories has 2 rows"):
        correlation_ratio(["a", "b"], [1, 2, 3])


@given(cells, cells, st.sampled_from(["spearman", "pearson"]))
def test_association_is_symmetric_and_bounded(a, b, method):
    """Both directions have one value; p-values are probabilities."""
    one, other = association(a, b, method=method), association(b, a, method=method)
    np.testing.assert_allclose(one[0], other[0], atol=1e-9)
    lowest = -1 if one.measure == method else 0
    assert np.isnan(one.value) or lowest <= one.value <= 1
    assert np.isnan(one.p_value) or 0 <= one.p_value <= 1


@pytest.mark.slow
@given(cells, cells, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(a, b, random):
    """The value is that of the shuffled rows."""
    rows = list(range(12))
    random.shuffle(rows)
    # the correlation ratio is a square root: of 1e-16 where it would be none of 0
    np.testing.assert_allclose(
        association(a, b).value, association(a[rows], b[rows]).value, atol=1e-7
    )


@given(cells, cells)
def test_names_of_levels_do_not_matter(a, b):
    """Levels called otherwise, and in another order, have the same association."""
    names = {"a": "zz", "b": "y", "c": "x", "d": "a", None: None}
    renamed = [
        [names[cell] for cell in column] if column.dtype == object else column
        for column in (a, b)
    ]
    np.testing.assert_allclose(
        association(a, b).value, association(*renamed).value, atol=1e-9
    )


@given(st.permutations(range(12)))
def test_spearman_is_the_same_for_any_increasing_function(order):
    """Ranks are all it looks at, beside categories too."""
    a, letter = np.array(order, dtype=float), np.array(list("aabbccaabbcc"))
    for other in (np.arange(12.0), letter):
        assert association(np.exp(a), other) == association(a, other)
