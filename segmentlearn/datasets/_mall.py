"""The planted segments of the generated mall customers.

The first five stand where the segments of the public table of a mall's customers stand:
careful and careless customers, poor and rich, and a crowd in the middle. Any further
segment is put where it is farthest from those before it, and all of them get narrower
as they come closer together, so that they stay separate whatever their number.
"""

import numpy as np
from scipy.spatial.distance import cdist, pdist

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
_ROOM = 5.0  # standard deviations between the nearest two centres
_AGE_DEVIATION = 4.5


def mall_population(n_segments: int) -> Population:
    """The mixture behind ``make_customers("mall")``: a class is a segment."""
    segments = _segments(n_segments)
    income, score, age, women, share = segments.T
    centers = segments[:, :2]
    deviation = min(_WIDEST, float(pdist(centers).min()) / _ROOM)
    incomes = normal_shares(_INCOMES, income, deviation)
    scores = normal_shares(_SCORES, score, deviation)
    features = (
        binary_feature("Gender", ("Female", "Male"), 100 - women, unseen="Diverse"),
        Feature("Age", _AGES, normal_shares(_AGES, age, _AGE_DEVIATION)),
        Feature("Annual Income (k$)", _INCOMES, incomes, drift_missing=0.03),
        Feature("Spending Score (1-100)", _SCORES, scores),
    )
    return Population(
        target="segment",
        classes=np.arange(n_segments),
        segments=tuple(f"income {round(i)}, score {round(s)}" for i, s in centers),
        joint=np.diag(share / share.sum()),
        features=features,
        identifier="CustomerID",
    )


def _segments(n_segments: int) -> np.ndarray:
    """Income, score, age, share of women and share of each segment."""
    segments = list(_FIRST_SEGMENTS[:n_segments])
    free = np.array(
        [(i, s) for i in range(22, 131, 2) for s in range(10, 91, 2)], float
    )
    while len(segments) < n_segments:
        income, score = free[
            cdist(free, np.array(segments)[:, :2]).min(axis=1).argmax()
        ]
        age = _FURTHER_AGES[len(segments) % len(_FURTHER_AGES)]
        segments.append((income, score, age, 50.0, _FURTHER_SHARE))
    return np.array(segments)
