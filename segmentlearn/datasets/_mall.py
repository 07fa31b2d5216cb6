"""The planted segments of the generated mall customers.

The first five stand where the segments of the public table of a mall's customers stand:
careful and careless customers, poor and rich, and a crowd in the middle. Any further
segment is put where it is farthest from those before it, and all of them get narrower
as they come closer together, so that they stay separate whatever their number.
"""

from typing import Any

import numpy as np
from scipy.spatial.distance import cdist, pdist

MAX_SEGMENTS = 20
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


def mall_segments(n_segments: int) -> tuple[list[str], dict[str, Any]]:
    """Names and values of segments behind ``make_customers("mall")``."""
    segments = list(_FIRST_SEGMENTS[:n_segments])
    incomes, scores = np.meshgrid(range(22, 131, 2), range(10, 91, 2), indexing="ij")
    free = np.column_stack([incomes.ravel(), scores.ravel()]).astype(float)
    while len(segments) < n_segments:
        distances = cdist(free, np.array(segments)[:, :2]).min(axis=1)
        age = _FURTHER_AGES[len(segments) % len(_FURTHER_AGES)]
        segments.append((*free[distances.argmax()], age, 50.0, _FURTHER_SHARE))
    income, score, age, women, share = np.transpose(segments)
    centers = np.column_stack([income, score])
    deviation = min(_WIDEST, float(pdist(centers).min()) / _ROOM)
    values = {"income": income, "score": score, "age": age, "male": 100 - women}
    values |= {"share": share, "deviation": deviation, "labels": np.eye(n_segments)}
    return [f"income {round(i)}, score {round(s)}" for i, s in centers], values
