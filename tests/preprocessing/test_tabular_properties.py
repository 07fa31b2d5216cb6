"""What holds of TabularPreprocessor for any frame."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from segmentlearn.preprocessing import TabularPreprocessor

NUMBERS = st.one_of(st.none(), st.floats(allow_infinity=False, allow_nan=True))
LEVELS = st.one_of(st.none(), st.text("abß", max_size=3))
TRUTHS = st.sampled_from([True, False, None])
WHOLES = st.one_of(st.none(), st.integers(-(2**70), 2**70))


@st.composite
def frames(draw):
    """Frames of one to nine rows with a column of every kind."""
    n_rows = draw(st.integers(1, 9))
    kinds = {"number": NUMBERS, "level": LEVELS, "truth": TRUTHS, "whole": WHOLES}
    columns = {
        name: np.array(
            draw(st.lists(cells, min_size=n_rows, max_size=n_rows)), dtype=object
        )
        for name, cells in kinds.items()
    }
    return pd.DataFrame(columns).assign(anchor=1.0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::segmentlearn.exceptions.SegmentLearnWarning")
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(frames(), st.booleans())
def test_any_finite_or_missing_frame_gives_finite_numbers(X, clipped):
    """No NaN and no infinity, whatever the values; and nothing is dropped."""
    Xt = TabularPreprocessor(clip=3.0 if clipped else None).fit_transform(X)
    assert Xt.shape[0] == len(X)
    assert np.isfinite(Xt).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::segmentlearn.exceptions.SegmentLearnWarning")
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(frames(), frames())
def test_rows_are_transformed_one_by_one(X, new):
    """The row of a table is the row of a table of one row."""
    preprocessor = TabularPreprocessor().fit(X)
    one_by_one = [preprocessor.transform(new[at : at + 1]) for at in range(len(new))]
    np.testing.assert_array_equal(np.vstack(one_by_one), preprocessor.transform(new))


@pytest.mark.filterwarnings("ignore::segmentlearn.exceptions.SegmentLearnWarning")
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(frames(), st.permutations(["number", "level", "truth", "whole", "anchor"]))
def test_the_order_of_columns_does_not_matter(X, order):
    """Neither in transform nor, names considered, in fit."""
    preprocessor = TabularPreprocessor().set_output(transform="pandas").fit(X)
    Xt = preprocessor.transform(X)
    assert_frame_equal(preprocessor.transform(X[order]), Xt)
    other = TabularPreprocessor().set_output(transform="pandas").fit_transform(X[order])
    assert_frame_equal(other[Xt.columns], Xt)
