"""SoftRobustScaler: median, quartiles, smooth clip and the way back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.preprocessing import RobustScaler

from segmentlearn.exceptions import SchemaError
from segmentlearn.preprocessing import SoftRobustScaler

FINITE = st.floats(-1e6, 1e6, width=32)


def test_scale_is_one_over_the_quartile_distance():
    """The quartiles of 0..4 are 1 and 3, so the factor is 1/2 around 2."""
    scaler = SoftRobustScaler().fit(np.arange(5.0)[:, np.newaxis])
    assert scaler.center_.tolist() == [2.0]
    assert scaler.scale_.tolist() == [0.5]


def test_without_clip_it_is_scikit_learns_robust_scaler():
    """clip=None leaves the linear part, which scikit-learn has too."""
    X = np.random.default_rng(0).gamma(2.0, 3.0, (31, 3))
    np.testing.assert_allclose(
        SoftRobustScaler(clip=None).fit_transform(X), RobustScaler().fit_transform(X)
    )


def test_coinciding_quartiles_fall_back_to_the_range():
    """Four of five values are 0: the scale is 2 over the range."""
    scaler = SoftRobustScaler(clip=None).fit([[0.0], [0.0], [0.0], [0.0], [4.0]])
    assert scaler.scale_.tolist() == [0.5]
    assert scaler.transform([[4.0]]).tolist() == [[2.0]]


def test_a_constant_column_becomes_zero_and_stays_zero():
    """No other value of new rows may blow up a column that was constant."""
    scaler = SoftRobustScaler().fit([[7.0], [7.0]])
    assert scaler.transform([[7.0], [1e300], [-1e308]]).tolist() == [[0.0]] * 3


def test_the_clip_is_the_formula():
    """z = 4 with clip 3 gives 4 / sqrt(1 + 16/9) = 2.4."""
    scaler = SoftRobustScaler().fit([[-1.0], [-0.5], [0.0], [0.5], [1.0]])
    assert scaler.transform([[4.0]])[0, 0] == pytest.approx(2.4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_widest_floats_stay_within_the_clip(dtype):
    """Neither the range nor a distance to the median overflows."""
    largest = np.finfo(dtype).max
    X = np.array([[-largest], [0.0], [1.0], [largest]], dtype=dtype)
    Xt = SoftRobustScaler().fit_transform(X)
    assert np.abs(Xt).max() <= 3.0
    assert np.isfinite(SoftRobustScaler(clip=None).fit_transform(X)).all()


def test_missing_values_are_ignored_in_fit_and_pass_through():
    """NaN changes no statistic and stays NaN."""
    X = np.array([[0.0], [np.nan], [1.0], [2.0], [3.0], [4.0]])
    scaler = SoftRobustScaler().fit(X)
    assert scaler.center_.tolist() == [2.0]
    assert np.isnan(scaler.transform(X)).ravel().tolist() == [False, True] + [False] * 4


def test_an_all_missing_column_is_harmless():
    """Its centre and scale are 0 and its cells stay NaN."""
    scaler = SoftRobustScaler().fit([[np.nan, 1.0], [np.nan, 2.0]])
    assert (scaler.center_[0], scaler.scale_[0]) == (0.0, 0.0)
    assert np.isnan(scaler.transform([[np.nan, 1.0]])[0, 0])


@pytest.mark.parametrize("method", ["fit", "transform"])
def test_infinite_values_are_refused_by_name(method):
    """The error names the column, in fit and in transform."""
    good = pd.DataFrame({"age": [1.0, 2.0], "income": [1.0, 2.0]})
    bad = good.assign(income=[1.0, -np.inf])
    scaler = SoftRobustScaler().fit(good)
    with pytest.raises(SchemaError, match="'income' holds 1 infinite"):
        getattr(scaler, method)(bad)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_kept(dtype):
    """float32 in, float32 out; float64 likewise."""
    X = np.arange(6, dtype=dtype).reshape(3, 2)
    assert SoftRobustScaler().fit_transform(X).dtype == dtype


def test_inverse_brings_a_constant_back():
    """A constant column has no scale, but its value."""
    scaler = SoftRobustScaler().fit([[7.0], [7.0]])
    assert scaler.inverse_transform([[0.0]]).tolist() == [[7.0]]


def test_inverse_of_the_clip_itself_is_finite():
    """Values at the bound come back as large finite numbers."""
    scaler = SoftRobustScaler().fit([[-1e308], [0.0], [1.0], [1e308]])
    assert np.isfinite(scaler.inverse_transform([[3.0], [-3.0]])).all()


@settings(deadline=None)
@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2), elements=FINITE))
def test_inverse_undoes_transform(X):
    """Rows of the training table come back, as far as the clip leaves digits."""
    scaler = SoftRobustScaler().fit(X)
    z = scaler.scale_ * (X - scaler.center_)
    near = (np.abs(z) < 100) & (scaler.scale_ > 0)
    back = scaler.inverse_transform(scaler.transform(X))
    width = np.divide(
        1.0, scaler.scale_, out=np.ones_like(z[0]), where=scaler.scale_ > 0
    )
    error = np.abs(back - X) / np.maximum(width, np.abs(X) + 1e-300)
    assert error[near].max(initial=0.0) < 1e-6


@settings(deadline=None)
@given(
    arrays(np.float64, (7, 2), elements=FINITE),
    st.integers(1, 6),
)
def test_rows_are_transformed_one_by_one(X, cut):
    """Chunks of a table give the rows of the table."""
    scaler = SoftRobustScaler().fit(X)
    chunks = np.vstack([scaler.transform(X[:cut]), scaler.transform(X[cut:])])
    np.testing.assert_array_equal(chunks, scaler.transform(X))
