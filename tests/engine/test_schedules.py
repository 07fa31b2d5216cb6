"""Learning-rate schedules at the points that define them."""

import numpy as np
import pytest

from segmentlearn.engine import SCHEDULES


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("constant", {0.0: 1.0, 0.5: 1.0, 1.0: 1.0}),
        ("cosine", {0.0: 1.0, 0.5: 0.5, 1.0: 0.0}),
        ("flat_cosine", {0.0: 1.0, 0.5: 1.0, 0.75: 0.5, 1.0: 0.0}),
        # cycles end after 1, 3, 7 and 15 fifteenths
        ("coslog4", {0.0: 0.0, 1 / 15: 0.0, 3 / 15: 0.0, 7 / 15: 0.0, 1.0: 0.0}),
    ],
)
def test_points(name, points):
    """Each schedule has its known values."""
    progress = np.array(list(points))
    np.testing.assert_allclose(
        SCHEDULES[name](progress), list(points.values()), atol=1e-12
    )


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_factors_are_shares(name):
    """No schedule goes beyond the base rate, or below zero."""
    factors = SCHEDULES[name](np.linspace(0, 1, 201))
    assert factors.shape == (201,)
    assert factors.min() >= 0
    assert factors.max() == pytest.approx(1, abs=1e-3)
