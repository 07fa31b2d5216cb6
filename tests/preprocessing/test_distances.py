"""DistancePreprocessor: columns that count the same, and the way back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import config_context
from sklearn.base import clone

from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.preprocessing import DistancePreprocessor


@pytest.fixture(scope="module")
def customers():
    """Two hundred customers: numbers, a heavy tail, missing cells, a category."""
    rng = np.random.default_rng(0)
    age = rng.normal(40, 10, 200)
    age[::10] = np.nan
    return pd.DataFrame(
        {
            "job": rng.choice(["Artist", "Judge", "Nurse"], 200, p=[0.6, 0.3, 0.1]),
            "age": age,
            "income": rng.lognormal(3, 1.2, 200),
        }
    )


def mean_squared_distance(block):
    """Return that of two rows drawn with replacement."""
    return 2.0 * float(block.var(axis=0, dtype=np.float64).sum())


def test_numbers_are_standardised(customers):
    """Those that are present have the mean 0 and the deviation 1."""
    out = DistancePreprocessor(clip=None).fit_transform(customers)
    present = out[customers["age"].notna(), 0].astype(float)
    assert present.mean() == pytest.approx(0, abs=1e-6)
    assert present.std() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("levels", [2, 3, 7])
def test_a_category_counts_as_much_as_a_number(levels):
    """Two random customers are as distant in its columns as in a number."""
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.full(levels, 5.0))
    X = pd.DataFrame(
        {"city": rng.choice(list("abcdefg")[:levels], 500, p=shares), "n": range(500)}
    )
    preprocessor = DistancePreprocessor(min_frequency=None, identifiers="keep")
    out = preprocessor.fit_transform(X)
    assert mean_squared_distance(out[:, :1]) == pytest.approx(2.0, rel=1e-3)
    assert mean_squared_distance(out[:, 1:]) == pytest.approx(2.0, rel=1e-3)


def test_a_rare_flag_is_bound():
    """The factor on a category is at most `largest_scale`."""
    flag = np.where(np.arange(1000) < 2, "yes", "no")
    X = pd.DataFrame({"flag": flag, "n": np.linspace(0, 1, 1000)})
    fitted = DistancePreprocessor(largest_scale=2.0, min_frequency=None).fit(X)
    assert fitted.block_scales_ == {"flag": 2.0}
    assert fitted.transform(X)[:, 1:].max() == 2.0


def test_a_category_of_one_level_is_finite():
    """It is constant, and its factor is the bound."""
    X = pd.DataFrame({"land": ["de"] * 20, "n": np.linspace(0, 1, 20)})
    fitted = DistancePreprocessor().fit(X)
    assert fitted.block_scales_ == {"land": 3.0}
    assert np.ptp(fitted.transform(X)[:, 1:]) == 0


def test_heavy_tails_are_tamed(customers):
    """The skewed column is found, and is far less skewed after."""
    fitted = DistancePreprocessor(clip=None).fit(customers)
    assert fitted.is_heavy_.tolist() == [False, True]
    tamed = fitted.transform(customers)[:, 1]
    kept = DistancePreprocessor("keep", clip=None).fit_transform(customers)[:, 1]
    assert tamed.max() < 4 < kept.max()


def test_taming_keeps_the_order(customers):
    """Who has more still has more."""
    out = DistancePreprocessor(clip=None).fit_transform(customers)[:, 1]
    order = customers["income"].argsort().to_numpy()
    assert (np.diff(out[order]) >= 0).all()


def test_heavy_tails_can_be_kept(customers):
    """Then no column is tamed."""
    assert not DistancePreprocessor("keep").fit(customers).is_heavy_.any()


@pytest.mark.parametrize("clip", [1.0, 3.0])
def test_numbers_are_cut_off(clip, customers):
    """At so many deviations, on both sides, for new rows too."""
    fitted = DistancePreprocessor(clip=clip).fit(customers)
    far = customers.iloc[:2].assign(age=[1e6, -1e6])
    np.testing.assert_allclose(fitted.transform(far)[:, 0], [clip, -clip])


def test_a_single_outlier_does_not_rule():
    """Half of the others are still about a deviation away."""
    X = np.append(np.random.default_rng(0).normal(size=200), 1e9)[:, None]
    out = DistancePreprocessor().fit_transform(X)[:-1, 0]
    assert 0.3 < out.std() < 1.5


def test_missing_numbers_lie_at_the_mean(customers):
    """They are not taken for the median, nor shown by a column."""
    out = DistancePreprocessor().fit_transform(customers)
    assert (out[customers["age"].isna(), 0] == 0).all()
    assert out.shape[1] == 2 + 3


def test_gaps_that_only_new_rows_have(customers):
    """They lie in the middle of the others."""
    fitted = DistancePreprocessor(clip=None).fit(customers)
    row = customers.iloc[[1]].assign(income=np.nan)
    with pytest.warns(SegmentLearnWarning, match="have some now"):
        prepared = fitted.transform(row)
    assert abs(prepared[0, 1]) < 0.5


def test_missing_categories_are_a_level():
    """It has a column of its own, and a customer without an entry stands in it."""
    job = np.array(["a", "b", None, "a", "b"] * 20, dtype=object)
    X = pd.DataFrame({"job": job, "n": np.linspace(0, 1, 100)})
    fitted = DistancePreprocessor().fit(X)
    out = fitted.transform(X)
    assert out.shape[1] == 4
    assert ((out[:, 1:] > 0).sum(axis=1) == 1).all()


def test_unseen_levels_are_no_level(customers):
    """The columns of such a row are those of no level seen, and finite."""
    fitted = DistancePreprocessor(min_frequency=None).fit(customers)
    with pytest.warns(SegmentLearnWarning, match="Pilot"):
        out = fitted.transform(customers.iloc[[0]].assign(job="Pilot"))
    assert (out[0, 2:] == 0).all()


def test_constant_columns_count_nothing():
    """They have the scale 0 and lie at 0, also where a new row differs."""
    X = pd.DataFrame({"one": [7.0] * 10, "n": np.linspace(0, 1, 10)})
    fitted = DistancePreprocessor().fit(X)
    assert fitted.scale_[0] == 0
    assert fitted.transform(X.assign(one=99.0))[:, 0].tolist() == [0.0] * 10


def test_names_say_what_comes_out(customers):
    """Numbers first, then the levels; no indicators."""
    names = DistancePreprocessor().fit(customers).get_feature_names_out().tolist()
    assert names == ["age", "income", "job_Artist", "job_Judge", "job_Nurse"]


def test_groups_are_the_blocks(customers):
    """Positions in the output of each category's columns."""
    fitted = DistancePreprocessor().fit(customers)
    assert fitted.output_groups_ == {"job": [2, 3, 4]}


def test_one_row_is_enough_to_transform(customers):
    """It comes out as it does among the others."""
    fitted = DistancePreprocessor().fit(customers)
    together = fitted.transform(customers)
    np.testing.assert_array_equal(fitted.transform(customers.iloc[[3]])[0], together[3])


def test_fit_transform_is_fit_and_transform(customers):
    """The same numbers, of single precision."""
    once = DistancePreprocessor().fit_transform(customers)
    assert once.dtype == np.float32
    np.testing.assert_array_equal(
        once, DistancePreprocessor().fit(customers).transform(customers)
    )


def test_the_order_of_the_columns_does_not_matter(customers):
    """Columns are found by their names."""
    fitted = DistancePreprocessor().fit(customers)
    turned = customers[["income", "job", "age"]]
    np.testing.assert_array_equal(fitted.transform(turned), fitted.transform(customers))


def test_customers_come_back(customers):
    """Without a cut every known cell returns; missing ones are filled with the mean."""
    fitted = DistancePreprocessor(clip=None).fit(customers)
    back = fitted.inverse_transform(fitted.transform(customers))
    assert list(back) == list(customers)
    assert (back["job"] == customers["job"]).all()
    known = customers["age"].notna()
    np.testing.assert_allclose(back["age"][known], customers["age"][known], rtol=1e-4)
    np.testing.assert_allclose(back["income"], customers["income"], rtol=1e-3)
    np.testing.assert_allclose(back["age"][~known], customers["age"].mean(), rtol=1e-4)


def test_a_frame_comes_back_in_any_order(customers):
    """Prepared columns are found by their names."""
    fitted = DistancePreprocessor(clip=None).set_output(transform="pandas")
    prepared = fitted.fit_transform(customers)
    turned = prepared[prepared.columns[::-1]]
    pd.testing.assert_frame_equal(
        fitted.inverse_transform(turned), fitted.inverse_transform(prepared)
    )


@settings(max_examples=25, deadline=None)
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(3, 30), st.integers(1, 3)),
        elements=st.integers(-100_000, 100_000).map(lambda n: n / 8),
    )
)
def test_arrays_come_back(X):
    """Any numbers return, to the precision of float32 for the column's size."""
    fitted = DistancePreprocessor(clip=None, identifiers="keep").fit(X)
    back = fitted.inverse_transform(fitted.transform(X))
    largest = np.abs(X).max(axis=0) + 1.0
    assert (np.abs(back.astype(float) - X) <= 2e-3 * largest).all()


def test_wrong_width_is_named(customers):
    """inverse_transform takes what transform gives."""
    fitted = DistancePreprocessor().fit(customers)
    with pytest.raises(ValueError, match="X has 4 columns; transform gives 5"):
        fitted.inverse_transform(np.zeros((2, 4)))


def test_infinities_are_refused(customers):
    """By the name of their column."""
    with pytest.raises(SchemaError, match="income"):
        DistancePreprocessor().fit(customers.assign(income=np.inf))


def test_identifiers_are_left_out(customers):
    """With one warning."""
    X = customers.assign(customer_id=np.arange(200) + 5000)
    with pytest.warns(SegmentLearnWarning, match="customer_id"):
        fitted = DistancePreprocessor().fit(X)
    assert "customer_id" not in fitted.get_feature_names_out()


def test_huge_numbers_stay_finite():
    """A column beyond single precision is scaled before it is stored."""
    X = pd.DataFrame({"n": np.random.default_rng(0).normal(size=50) * 1e300})
    out = DistancePreprocessor().fit_transform(X)
    assert np.isfinite(out).all()
    assert out.std() > 0.5


def test_scikit_learns_global_container(customers):
    """transform_output="pandas" gives a frame of the same numbers."""
    plain = DistancePreprocessor().fit_transform(customers)
    with config_context(transform_output="pandas"):
        frame = DistancePreprocessor().fit_transform(customers)
    assert frame.columns[0] == "age"
    np.testing.assert_array_equal(frame.to_numpy(), plain)


def test_a_clone_learns_the_same(customers):
    """Parameters are all that matters."""
    fitted = DistancePreprocessor("keep", clip=2.0).fit(customers)
    np.testing.assert_array_equal(
        clone(fitted).fit_transform(customers), fitted.transform(customers)
    )
