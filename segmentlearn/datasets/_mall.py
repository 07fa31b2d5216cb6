"""The planted segments of the generated mall customers.

The first five stand where the segments of the public table of a mall's customers stand:
careful and careless customers, poor and rich, and a crowd in the middle. Any further
segment is put where it is farthest from those before it, and all of them get narrower
as they come closer together, so that they stay apart whatever their number.
"""

import numpy as np

from segmentlearn.datasets._population import (
    Feature,
    Population,
    binary_feature,
    normal_shares,
)

MAX_SEGMENTS = 20
_INCOMES = np.arange(15, 138)  # thousand dollars a year
_SCORES = np.arange(1, 100)
_AGES = np.arange(18, 71)
# income, spending score, age, women in percent, share in percent
_FIRST_SEGMENTS = (
    (55.0, 50.0, 43.0, 59.0, 40.0),
    (88.0, 17.0, 41.0, 46.0, 17.5),
    (86.0, 82.0, 33.0, 54.0, 19.5),
    (26.0, 20.0, 46.0, 61.0, 11.5),
    (25.0, 80.0, 25.0, 59.0, 11.5),
)
_FURTHER_SHARE = 12.0
_FURTHER_AGES = (55.0, 27.0, 38.0, 62.0)
_WIDEST = 7.0  # standard deviation of income and score where there is room
_ROOM = 5.0  # how many standard deviations the nearest two centres stand apart
_AGE_SPREAD = 4.5


def mall_population(n_segments: int) -> Population:
    """The mixture behind ``make_customers("mall")``: a class is a segment."""
    places = _places(n_segments)
    income, score, age, women, share = places.T
    spread = np.full(n_segments, min(_WIDEST, _nearest(places[:, :2]) / _ROOM))
    features = (
        binary_feature("Gender", ("Female", "Male"), 100 - women, unseen="Diverse"),
        Feature(
            "Age", _AGES, normal_shares(_AGES, age, np.full(n_segments, _AGE_SPREAD))
        ),
        Feature(
            "Annual Income (k$)",
            _INCOMES,
            normal_shares(_INCOMES, income, spread),
            drift_missing=0.03,
        ),
        Feature(
            "Spending Score (1-100)",
            _SCORES,
            normal_shares(_SCORES, score, spread),
        ),
    )
    return Population(
        target="segment",
        classes=np.arange(n_segments),
        segments=tuple(
            f"income {round(i)}, score {round(s)}" for i, s in places[:, :2]
        ),
        joint=np.diag(share / share.sum()),
        features=features,
        identifier="CustomerID",
    )


def _places(n_segments: int) -> np.ndarray:
    """Where the segments stand: income, score, age, women, share, one row each."""
    places = list(_FIRST_SEGMENTS[:n_segments])
    free = np.array(
        [(i, s) for i in range(22, 131, 2) for s in range(10, 91, 2)], float
    )
    while len(places) < n_segments:
        taken = np.array(places)[:, :2]
        distances = np.linalg.norm(free[:, None] - taken[None], axis=2).min(axis=1)
        income, score = free[distances.argmax()]
        age = _FURTHER_AGES[len(places) % len(_FURTHER_AGES)]
        places.append((income, score, age, 50.0, _FURTHER_SHARE))
    return np.array(places)


def _nearest(centres: np.ndarray) -> float:
    """The distance between the two centres that are closest to each other."""
    distances = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    return float(distances[~np.eye(len(centres), dtype=bool)].min())
