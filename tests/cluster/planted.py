"""Planted segments that every clusterer can find."""

import numpy as np

CENTERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 20.0]])
SIZES = (60, 40, 20)
TRUE = np.repeat([0, 1, 2], SIZES)


def draw(random_state):
    """Draw three separate segments of 60, 40 and 20 rows, in the order of TRUE."""
    rng = np.random.default_rng(random_state)
    return CENTERS[TRUE] + rng.normal(0, 1, (len(TRUE), 2))
